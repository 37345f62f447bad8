//! Faults on demand: what goes wrong, for which requests, and how often.

use std::time::Duration;

use serde_json::Value;

use super::log::path_matches;

/// Whether the request had its effect when things went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It failed before anything happened.
    None,
    /// It was done; only the answer is lost.
    Done,
    /// It comes this long after the answer, whatever has happened meanwhile.
    Later(Duration),
}

/// Which policies the update of a token keeps though it should remove them.
#[derive(Clone, Debug, Default)]
pub struct Sticky {
    /// Only policies with this permission group, by name; `None`: all.
    pub group: Option<String>,
    /// The answer says that they are gone; otherwise it shows them.
    pub lies: bool,
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
    /// A read shows each token as it was before its last write: one that was just made is not there, one that was just
    /// deleted is.
    Stale,
    /// The update of a token answers success and keeps policies that it should remove.
    Sticky(Sticky),
    /// The effect happens, and the answer's body is changed at this path (`/result/policies`): set to a value, or, with
    /// `None`, removed. In a list, a segment names an element by its index or `id`, and `*` all of them.
    Edited(String, Option<Value>),
    /// This status and body.
    Json(u16, Value, Effect),
}

impl FaultKind {
    /// A token that is there is not found.
    pub fn not_found() -> Self {
        Self::Api(404, 1003, "API token not found", Effect::None)
    }

    /// The answer lacks what stands at this path.
    pub fn without(path: &str) -> Self {
        Self::Edited(path.to_owned(), None)
    }

    /// The answer has null at this path.
    pub fn null(path: &str) -> Self {
        Self::Edited(path.to_owned(), Some(Value::Null))
    }
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
    late: usize,
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

    /// An effect will come later.
    pub fn effect_awaited(&mut self) {
        self.late += 1;
    }

    /// It has come.
    pub fn effect_came(&mut self) {
        self.late -= 1;
    }

    /// Whether a counted fault has not hit as often as it should, or an effect is still to come.
    pub fn pending(&self) -> bool {
        self.late > 0
            || self.armed.iter().any(|a| !a.cleared && a.fault.times != usize::MAX && a.hits < a.fault.times)
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
