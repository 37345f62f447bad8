//! How the token service works: its waits, its files, its stop.

use std::time::Duration;

use super::own::OwnToken;
use super::record::Record;
use super::stop::Stop;
use crate::host::HostFiles;

/// How the service works. The defaults are right for Cloudflare's API; tests shorten the waits.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The lock files and records of the tokens that are written: the same for all processes of a user on a host.
    pub files: HostFiles,
    /// The API's base URL: the same token has the same lock only with the same API.
    pub base_url: String,
    /// What kind of credential the client has.
    pub own_token: OwnToken,
    /// How long another process may hold a token's lock.
    pub lock_wait: Duration,
    /// How long a removal is watched, where other hosts write the same token; zero: read back once, as additions are.
    pub concurrent_writers_window: Duration,
    /// How long concurrent reads are gathered.
    pub gather_reads: Duration,
    /// For how long nobody new may come before a token is written, while changes are gathered; later ones gather while it is
    /// under way too.
    pub gather_writes: Duration,
    /// How old an answer may be, counted from its request.
    pub snapshot_age: Duration,
    /// How long a write without an answer is looked for before it is written again, and how long it may still take effect.
    pub ambiguity_horizon: Duration,
    /// How old a read may be when the write that is based on it starts.
    pub read_to_write: Duration,
    /// The unit of the waits between attempts: of a write that somebody else undid, of a read that is older than a write.
    pub pause: Duration,
    /// Tells when to end soon.
    pub stop: Stop,
}

impl Settings {
    /// The defaults.
    pub fn new(files: HostFiles, base_url: impl Into<String>) -> Self {
        Settings {
            files,
            base_url: base_url.into(),
            own_token: OwnToken::Unknown,
            lock_wait: Duration::from_secs(120),
            concurrent_writers_window: Duration::ZERO,
            gather_reads: Duration::from_millis(15),
            gather_writes: Duration::from_millis(25),
            snapshot_age: Duration::from_secs(30),
            ambiguity_horizon: Duration::from_secs(4),
            read_to_write: Duration::from_secs(2),
            pause: Duration::from_millis(250),
            stop: Stop::default(),
        }
    }

    /// The key of a token's lock and record: the same for everybody who writes it.
    pub(super) fn key(&self, token_id: &str) -> String {
        format!("token {} {token_id}", self.base_url.trim_end_matches('/').to_ascii_lowercase())
    }

    /// What this host has recorded of a token, without its lock; `None` where there is nothing.
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
    /// How often a change is written before it is given up.
    pub(super) attempts: u32,
    /// How often a write without an answer is written again.
    pub(super) lost: u32,
    /// How often a write may come too late after its read, for want of quota.
    pub(super) late: u32,
    /// How often an answer may keep what was to go.
    pub(super) kept: u32,
    /// How long a write without an answer is looked for before it is written again, and how long it may still take effect.
    pub(super) horizon: Duration,
    /// How long a removal is watched, where other hosts write the same token.
    pub(super) window: Duration,
    /// The first wait of a kind; it doubles.
    pub(super) pause: Duration,
}
