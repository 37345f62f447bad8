//! The settings of the token service: waits, files, stop.

use std::time::Duration;

use super::own::OwnToken;
use super::record::Record;
use super::stop::Stop;
use crate::host::HostFiles;

/// How long a write without an answer may still take effect, unless the settings say otherwise.
pub const AMBIGUITY_HORIZON: Duration = Duration::from_secs(4);

/// The settings. The defaults are right for Cloudflare's API; tests shorten the waits.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The lock files and records of the tokens that are written: the same for all processes of a user on a host.
    pub files: HostFiles,
    /// The API's base URL. Tokens of different APIs have different locks.
    pub base_url: String,
    /// What kind of credential the client has.
    pub own_token: OwnToken,
    /// How long another process may hold a token's lock.
    pub lock_wait: Duration,
    /// How long a removal is watched, if other hosts write the same token. Zero: it is read once, as additions are.
    pub concurrent_writers_window: Duration,
    /// How long concurrent reads are gathered.
    pub gather_reads: Duration,
    /// How long no new change may come in before the token is written. Later changes also gather while a write is under
    /// way.
    pub gather_writes: Duration,
    /// How old an answer may be, counted from its request.
    pub snapshot_age: Duration,
    /// How long to look for the effect of a write without an answer before it is repeated, and how long it may still take
    /// effect.
    pub ambiguity_horizon: Duration,
    /// How old a read may be when the write that is based on it starts.
    pub read_to_write: Duration,
    /// The unit of the waits between attempts: after a write that another writer undid, or a read that is older than a
    /// write.
    pub pause: Duration,
    /// The signal to stop soon.
    pub stop: Stop,
}

impl Settings {
    /// The defaults.
    pub fn new(files: HostFiles, base_url: impl Into<String>) -> Self {
        Self {
            files,
            base_url: base_url.into(),
            own_token: OwnToken::Unknown,
            lock_wait: Duration::from_secs(120),
            concurrent_writers_window: Duration::ZERO,
            gather_reads: Duration::from_millis(15),
            gather_writes: Duration::from_millis(25),
            snapshot_age: Duration::from_secs(30),
            ambiguity_horizon: AMBIGUITY_HORIZON,
            read_to_write: Duration::from_secs(2),
            pause: Duration::from_millis(250),
            stop: Stop::default(),
        }
    }

    /// The key of a token's lock and record. All writers of the token use the same.
    pub(super) fn key(&self, token_id: &str) -> String {
        format!("token {} {token_id}", self.base_url.trim_end_matches('/').to_ascii_lowercase())
    }

    /// This host's record of a token, without its lock. `None` if there is none.
    pub(super) fn record(&self, token_id: &str) -> Option<Record> {
        self.files.peek(&self.key(token_id))
    }

    /// The waits and counts of writes.
    pub(super) fn rules(&self) -> Rules {
        Rules {
            attempts: 6,
            lost: 3,
            late: 20,
            kept: 2,
            horizon: self.ambiguity_horizon,
            window: self.concurrent_writers_window,
            pause: self.pause,
        }
    }
}

/// The waits and counts of writes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    /// How often a change is written at most.
    pub(super) attempts: u32,
    /// How often a write without an answer is repeated.
    pub(super) lost: u32,
    /// How often a write may come too late after its read, for want of quota.
    pub(super) late: u32,
    /// How often an answer may still have what should be removed.
    pub(super) kept: u32,
    /// How long to look for the effect of a write without an answer before it is repeated, and how long it may still take
    /// effect.
    pub(super) horizon: Duration,
    /// How long a removal is watched, if other hosts write the same token.
    pub(super) window: Duration,
    /// The first wait of a kind; it doubles.
    pub(super) pause: Duration,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spelling_of_the_base_url_makes_no_other_lock() {
        let key = |url: &str, id: &str| Settings::new(HostFiles::new([]), url).key(id);
        let one = key("https://api.example.com/v4", "a");
        assert_eq!(one, key("https://API.example.com/v4/", "a"));
        assert_ne!(one, key("https://api.example.com/v4", "b"));
        assert_ne!(one, key("https://other.example.com/v4", "a"));
    }
}
