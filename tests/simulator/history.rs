//! The past of a token, for reads that lag behind the writes.

use std::time::{Duration, Instant};

use serde_json::Value;

/// How many versions are kept. No test lags further behind.
const KEPT: usize = 32;

/// How far a read lags behind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lag {
    /// Not at all.
    #[default]
    No,
    /// It shows each token as it was before its last write.
    LastWrite,
    /// It shows each token as it was this long ago.
    Time(Duration),
}

/// What a token looked like before each of its last writes.
#[derive(Clone, Default)]
pub struct History(Vec<Version>);

#[derive(Clone)]
struct Version {
    /// The write that ended it.
    until: Instant,
    /// `None`: the token did not exist.
    shown: Option<Value>,
}

/// What a read shows of a token.
#[derive(Debug, PartialEq)]
pub enum Seen<'a> {
    /// It as it is now.
    Present,
    /// It as it was.
    Past(&'a Value),
    /// Nothing: it did not exist yet.
    Nothing,
}

impl History {
    /// Notes a write that happened `now`; `shown` is what was there before it, `None` where there was no token.
    pub fn written(&mut self, now: Instant, shown: Option<Value>) {
        self.0.push(Version { until: now, shown });
        let surplus = self.0.len().saturating_sub(KEPT);
        self.0.drain(..surplus);
    }

    /// What a read shows that lags so far behind.
    pub fn seen(&self, now: Instant, lag: Lag) -> Seen<'_> {
        let version = match lag {
            Lag::No => None,
            Lag::LastWrite => self.0.last(),
            Lag::Time(lag) => self.0.iter().find(|version| version.until + lag > now),
        };
        match version {
            None => Seen::Present,
            Some(Version { shown: Some(shown), .. }) => Seen::Past(shown),
            Some(Version { shown: None, .. }) => Seen::Nothing,
        }
    }
}
