//! What reads, writes and creates of one configured provider share.

use std::collections::HashSet;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::RwLock;

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
    /// Held for reading by each create and each write that is under way.
    pub(super) under_way: Arc<RwLock<()>>,
}

impl Context {
    pub(super) fn new(client: Client, settings: Settings) -> Self {
        let reader = Reader::new(client.clone(), settings.clone());
        let (made, under_way) = Default::default();
        Context(Arc::new(Parts { client, settings, reader, made, under_way }))
    }
}

impl std::ops::Deref for Context {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}
