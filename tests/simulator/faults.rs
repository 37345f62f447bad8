//! Faults that a test injects: the kind of fault, the requests that it hits, and how often.

use std::time::Duration;

use serde_json::Value;

use super::log::path_matches;

/// Whether a request takes effect although a fault hits it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The request fails before it takes effect.
    None,
    /// The request takes effect. Only the answer is lost.
    Done,
    /// The request takes effect this long after the answer, whatever has happened in between.
    Later(Duration),
}

/// The policies that an update keeps although it should remove them.
#[derive(Clone, Debug, Default)]
pub struct Sticky {
    /// Only policies with the permission group of this name are kept. `None` keeps all policies.
    pub group: Option<String>,
    /// If true, the answer claims that the policies are gone. If false, the answer shows them.
    pub lies: bool,
}

/// The kind of fault.
#[derive(Clone, Debug)]
pub enum FaultKind {
    /// The request waits before it takes effect.
    LatencyBefore(Duration),
    /// The answer waits after the effect.
    LatencyAfter(Duration),
    /// 429/971, with this `Retry-After` (seconds or an HTTP date) if given. The request takes no effect.
    RateLimited(Option<String>),
    /// An error in Cloudflare's envelope, such as a 500 or a temporary 403/10000.
    Api(u16, u32, &'static str, Effect),
    /// An HTML page of a proxy, with this status.
    Html(u16, Effect),
    /// The connection is reset.
    Reset(Effect),
    /// No answer arrives.
    Hang(Effect),
    /// The request takes effect, and half of the answer arrives.
    Truncated,
    /// The request takes effect, and `result` has another type than documented.
    WrongTypes,
    /// A read shows each token as it was before its last write. A new token is absent, and a token that was just
    /// deleted is still there.
    Stale,
    /// The update of a token reports success but keeps policies that it should remove.
    Sticky(Sticky),
    /// The request takes effect, and the answer's body is changed at this path (`/result/policies`). The value there
    /// is set, or removed if the second field is `None`. In a list, a segment selects an element by its index or
    /// `id`, and `*` selects all elements.
    Edited(String, Option<Value>),
    /// The answer has this status and body.
    Json(u16, Value, Effect),
}

impl FaultKind {
    /// An existing token is reported as not found.
    pub fn not_found() -> Self {
        Self::Api(404, 1003, "API token not found", Effect::None)
    }

    /// The answer lacks the value at this path.
    pub fn without(path: &str) -> Self {
        Self::Edited(path.to_owned(), None)
    }

    /// The answer has null at this path.
    pub fn null(path: &str) -> Self {
        Self::Edited(path.to_owned(), Some(Value::Null))
    }
}

/// A fault and the requests that it hits. [`Fault::new`] creates it, and the other methods restrict it.
#[derive(Clone, Debug)]
pub struct Fault {
    kind: FaultKind,
    method: Option<String>,
    path: String,
    skip: usize,
    times: usize,
}

impl Fault {
    /// Creates a fault that hits the next request, whatever it is.
    pub fn new(kind: FaultKind) -> Self {
        Self { kind, method: None, path: "**".to_owned(), skip: 0, times: 1 }
    }

    /// Hits only requests with this method.
    pub fn method(mut self, method: &str) -> Self {
        self.method = Some(method.to_owned());
        self
    }

    /// Hits only requests with this path below the base URL: `*` matches one segment, and a last `**` matches any
    /// number.
    pub fn path(mut self, pattern: &str) -> Self {
        pattern.clone_into(&mut self.path);
        self
    }

    /// Lets the first `count` matching requests pass.
    pub fn skip(mut self, count: usize) -> Self {
        self.skip = count;
        self
    }

    /// Hits this many matching requests. The default is one.
    pub fn times(mut self, count: usize) -> Self {
        self.times = count;
        self
    }

    /// Hits all matching requests until the faults are cleared.
    pub fn always(self) -> Self {
        self.times(usize::MAX)
    }
}

/// Identifies a fault, for its hit count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FaultId(usize);

struct Armed {
    fault: Fault,
    hits: usize,
    cleared: bool,
}

/// The faults of one simulator. A request gets the first fault that matches.
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

    /// Disarms all faults. Their hit counts stay.
    pub fn clear(&mut self) {
        self.armed.iter_mut().for_each(|armed| armed.cleared = true);
    }

    /// Counts an effect that is still to come.
    pub fn effect_awaited(&mut self) {
        self.late += 1;
    }

    /// Ends the wait for such an effect.
    pub fn effect_came(&mut self) {
        self.late -= 1;
    }

    /// Whether a fault has hit less often than its count, or an effect is still to come.
    pub fn pending(&self) -> bool {
        self.late > 0
            || self.armed.iter().any(|a| !a.cleared && a.fault.times != usize::MAX && a.hits < a.fault.times)
    }

    /// Returns the fault for this request, if any, and counts the hit.
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
