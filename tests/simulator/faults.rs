//! Faults on demand: what goes wrong, for which requests, and how often.

use std::time::Duration;

use super::log::path_matches;

/// Whether the request had its effect when things went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It failed before anything happened.
    None,
    /// It was done; only the answer is lost.
    Done,
}

/// What goes wrong.
#[derive(Clone, Debug)]
pub enum FaultKind {
    /// The request waits before it has its effect.
    LatencyBefore(Duration),
    /// The answer waits after the effect.
    LatencyAfter(Duration),
    /// 429/971, with this `Retry-After` (seconds or an HTTP date) if given. No effect.
    RateLimited(Option<String>),
    /// An error in Cloudflare's envelope, such as a 500, or a passing 403/10000.
    Api(u16, u32, &'static str, Effect),
    /// An HTML page of a proxy, with this status.
    Html(u16, Effect),
    /// The connection is reset.
    Reset(Effect),
    /// No answer ever comes.
    Hang(Effect),
    /// The effect happens, and half of the answer arrives.
    Truncated,
    /// The effect happens, and `result` has another type than documented.
    WrongTypes,
    /// A read of a token returns what it was before its last change.
    Stale,
}

/// A fault and the requests that it hits. Made with [`Fault::new`] and narrowed with the other methods.
#[derive(Clone, Debug)]
pub struct Fault {
    kind: FaultKind,
    method: Option<String>,
    path: String,
    skip: usize,
    times: usize,
}

impl Fault {
    /// Hits the next request, whatever it is.
    pub fn new(kind: FaultKind) -> Self {
        Self { kind, method: None, path: "**".to_owned(), skip: 0, times: 1 }
    }

    /// Only requests of this method.
    pub fn method(mut self, method: &str) -> Self {
        self.method = Some(method.to_owned());
        self
    }

    /// Only requests of this path below the base URL: `*` stands for one segment, a last `**` for any number.
    pub fn path(mut self, pattern: &str) -> Self {
        pattern.clone_into(&mut self.path);
        self
    }

    /// Lets the first `count` matching requests pass.
    pub fn skip(mut self, count: usize) -> Self {
        self.skip = count;
        self
    }

    /// Hits this many matching requests; one if not called.
    pub fn times(mut self, count: usize) -> Self {
        self.times = count;
        self
    }

    /// Hits all matching requests until the faults are cleared.
    pub fn always(self) -> Self {
        self.times(usize::MAX)
    }
}

/// Names a fault for its hit count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FaultId(usize);

struct Armed {
    fault: Fault,
    hits: usize,
    cleared: bool,
}

/// The faults of one simulator. The first that matches a request is the one it gets.
#[derive(Default)]
pub struct Faults {
    armed: Vec<Armed>,
}

impl Faults {
    /// Arms a fault.
    pub fn add(&mut self, fault: Fault) -> FaultId {
        self.armed.push(Armed { fault, hits: 0, cleared: false });
        FaultId(self.armed.len() - 1)
    }

    /// How many requests a fault has hit.
    pub fn hits(&self, id: FaultId) -> usize {
        self.armed.get(id.0).map_or(0, |armed| armed.hits)
    }

    /// Disarms all; their hit counts stay.
    pub fn clear(&mut self) {
        self.armed.iter_mut().for_each(|armed| armed.cleared = true);
    }

    /// Whether a counted fault has not hit as often as it should.
    pub fn pending(&self) -> bool {
        self.armed.iter().any(|a| !a.cleared && a.fault.times != usize::MAX && a.hits < a.fault.times)
    }

    /// The fault for this request, if any; counts it.
    pub fn strike(&mut self, method: &str, path: &str) -> Option<FaultKind> {
        for armed in &mut self.armed {
            let fault = &mut armed.fault;
            let fits = fault.method.as_deref().is_none_or(|m| m == method) && path_matches(&fault.path, path);
            if armed.cleared || armed.hits >= fault.times || !fits {
                continue;
            }
            if fault.skip > 0 {
                fault.skip -= 1;
                continue;
            }
            armed.hits += 1;
            return Some(fault.kind.clone());
        }
        None
    }
}
