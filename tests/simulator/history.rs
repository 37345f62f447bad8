//! The history of a token, for reads that lag behind the writes.

use std::time::{Duration, Instant};

use serde_json::Value;

/// How many versions are kept. This is enough for every test.
const KEPT: usize = 32;

/// How far a read lags behind the writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lag {
    /// The read does not lag.
    #[default]
    No,
    /// The read shows each token as it was before its last write.
    LastWrite,
    /// The read shows each token as it was this long ago.
    Time(Duration),
}

/// The versions of a token before each of its last writes.
#[derive(Clone, Default)]
pub struct History(Vec<Version>);

#[derive(Clone)]
struct Version {
    /// When a write replaced this version.
    until: Instant,
    /// The token as the API showed it. `None` if the token did not exist.
    shown: Option<Value>,
}

/// What a read shows of a token.
#[derive(Debug, PartialEq)]
pub enum Seen<'a> {
    /// The current version.
    Present,
    /// An earlier version.
    Past(&'a Value),
    /// Nothing, because the token did not exist at that time.
    Nothing,
}

impl History {
    /// Records a write at the time `now`. `shown` is the version before the write, or `None` if there was no token.
    pub fn written(&mut self, now: Instant, shown: Option<Value>) {
        self.0.push(Version { until: now, shown });
        let surplus = self.0.len().saturating_sub(KEPT);
        self.0.drain(..surplus);
    }

    /// The version that a read with this lag shows.
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
