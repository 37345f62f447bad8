//! What the reads, writes and creates of one configured provider share.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use tokio_util::task::TaskTracker;

use super::reads::Reader;
use super::settings::Settings;
use crate::cloudflare::Client;

/// The shared parts. Clones are cheap.
#[derive(Clone)]
pub(super) struct Context(Arc<Parts>);

pub(super) struct Parts {
    pub(super) client: Client,
    pub(super) settings: Settings,
    pub(super) reader: Reader,
    /// The ids of the tokens that this process has made.
    pub(super) made: Mutex<HashSet<String>>,
    /// The creates and writes that are under way. One may wait for others that start only after the process has begun to
    /// leave.
    pub(super) under_way: TaskTracker,
    /// Answers cannot be delivered any more, because the process is leaving.
    pub(super) leaving: AtomicBool,
}

impl Context {
    pub(super) fn new(client: Client, settings: Settings) -> Self {
        let reader = Reader::new(client.clone(), settings.clone());
        let (made, under_way, leaving) = Default::default();
        Self(Arc::new(Parts { client, settings, reader, made, under_way, leaving }))
    }
}

impl Parts {
    /// Whether answers cannot be delivered any more.
    pub(super) fn is_leaving(&self) -> bool {
        self.leaving.load(Ordering::Acquire)
    }
}

impl std::ops::Deref for Context {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}
