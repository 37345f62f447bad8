//! The service's front: one per configured provider.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use time::OffsetDateTime;
use tokio::sync::{OnceCell, RwLock};

use super::op::{Op, OpError, Outcome};
use super::own::{self, OwnToken};
use super::reads::Reader;
use super::stop::Stop;
use super::writer::Writers;
use crate::cloudflare::{Client, Error, Owner, Token, permission_groups};
use crate::policy::{Catalog, PermissionGroup, Scope};

/// How the service works. The defaults are right for Cloudflare's API; tests shorten the waits.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where the lock files are: the same directory for all processes of a user on a host, and nobody else's.
    pub lock_dir: PathBuf,
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
    /// How long a write without an answer is looked for before it is written again.
    pub ambiguity_horizon: Duration,
    /// How old a read may be when the write that is based on it starts.
    pub read_to_write: Duration,
    /// The unit of the waits between attempts where others write the same token.
    pub contention_pause: Duration,
    /// Tells when to end soon.
    pub stop: Stop,
}

impl Settings {
    /// The defaults.
    pub fn new(lock_dir: PathBuf, base_url: impl Into<String>) -> Self {
        Settings {
            lock_dir,
            base_url: base_url.into(),
            own_token: OwnToken::Unknown,
            lock_wait: Duration::from_secs(120),
            concurrent_writers_window: Duration::ZERO,
            gather_reads: Duration::from_millis(15),
            gather_writes: Duration::from_millis(25),
            snapshot_age: Duration::from_secs(30),
            ambiguity_horizon: Duration::from_secs(4),
            read_to_write: Duration::from_secs(2),
            contention_pause: Duration::from_millis(250),
            stop: Stop::default(),
        }
    }
}

/// Reads and writes API tokens. Clones are cheap and share everything.
#[derive(Clone)]
pub struct TokenService(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) client: Client,
    pub(super) settings: Settings,
    pub(super) reader: Reader,
    pub(super) writers: Writers,
    catalogs: Mutex<HashMap<Owner, Arc<OnceCell<Arc<Catalog>>>>>,
    /// The id of the client's own token. That it is not told is not kept: it may be refused only for a while, or here.
    own: OnceCell<String>,
    /// The ids of the tokens that this service has made.
    pub(super) made: Mutex<HashSet<String>>,
    /// Held for reading by each create that is under way.
    pub(super) creates: Arc<RwLock<()>>,
    /// Nobody can be answered any more.
    pub(super) leaving: AtomicBool,
}

/// Locks a mutex whose data no panic leaves half changed.
pub(super) fn guard<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl TokenService {
    /// A service over this client. It sends nothing before it is asked something.
    pub fn new(client: Client, settings: Settings) -> Self {
        TokenService(Arc::new(Inner {
            reader: Reader::new(client.clone(), settings.gather_reads, settings.snapshot_age),
            client,
            settings,
            writers: Writers::default(),
            catalogs: Mutex::default(),
            own: OnceCell::new(),
            made: Mutex::default(),
            creates: Arc::default(),
            leaving: AtomicBool::new(false),
        }))
    }

    /// The process leaves, and can answer nobody any more: waits until no create is under way. What one has made meanwhile is
    /// deleted by then.
    pub async fn leave(&self) {
        self.0.leaving.store(true, Ordering::Release);
        drop(self.0.creates.write().await);
    }

    /// The client underneath, for what is no token.
    pub fn client(&self) -> &Client {
        &self.0.client
    }

    /// A token, at most [`Settings::snapshot_age`] old and never older than a write of this service; none if it does not
    /// exist. Concurrent reads share requests.
    ///
    /// # Errors
    /// Those of the client.
    pub async fn get(&self, owner: &Owner, id: &str) -> Result<Option<Arc<Token>>, Error> {
        self.0.reader.get(owner, id).await
    }

    /// A token as it is now.
    ///
    /// # Errors
    /// Those of the client.
    pub async fn get_fresh(&self, owner: &Owner, id: &str) -> Result<Option<Arc<Token>>, Error> {
        self.0.reader.get_fresh(owner, id).await
    }

    /// All tokens of an owner that the credential may see.
    ///
    /// # Errors
    /// Those of the client.
    pub async fn list(&self, owner: &Owner) -> Result<Vec<Arc<Token>>, Error> {
        self.0.reader.list(owner).await
    }

    /// The permission groups that the owner's tokens can have. Asked once; a failure is not kept.
    ///
    /// # Errors
    /// Those of the client.
    pub async fn catalog(&self, owner: &Owner) -> Result<Arc<Catalog>, Error> {
        let cell = guard(&self.0.catalogs).entry(owner.clone()).or_default().clone();
        let fetch = || async {
            let groups = self.0.client.send(permission_groups::list(owner, None, None)).await?;
            let group = |group: crate::cloudflare::PermissionGroup| {
                let scopes = group.scopes.iter().map(|scope| Scope::from(scope.as_str())).collect();
                // An id of another form could not be used in a policy.
                let id = group.id.parse().ok()?;
                let deprecated = group.is_deprecated();
                Some(PermissionGroup { id, name: group.name, scopes, deprecated })
            };
            Ok(Arc::new(Catalog::new(groups.into_iter().filter_map(group).collect())))
        };
        cell.get_or_try_init(fetch).await.cloned()
    }

    /// Writes a token. Waits until the outcome is known; a caller that is dropped withdraws what has not begun, and what
    /// has begun is finished without it.
    ///
    /// # Errors
    /// [`OpError`]; [`OpError::OwnToken`] for what would cut the provider off.
    pub async fn submit(&self, owner: &Owner, id: &str, op: Op) -> Result<Outcome, OpError> {
        let cuts_off = own::cuts_off(&op, OffsetDateTime::now_utc());
        if cuts_off && self.own_token_id(owner).await.map_err(OpError::Api)?.as_deref() == Some(id) {
            return Err(OpError::OwnToken);
        }
        self.0.writers.submit(&self.0, owner, id, op).await
    }

    /// The id of the token that the provider authenticates with; none for a global key, or where the API does not tell.
    /// `owner` is whose tokens are about to be written: a token may be that owner's.
    ///
    /// # Errors
    /// Those of the client, where the API could not be asked or did not answer the question.
    pub async fn own_token_id(&self, owner: &Owner) -> Result<Option<String>, Error> {
        let ask = || async {
            let told = own::ask(&self.0.client, self.0.settings.own_token, owner).await;
            told.map_err(Some)?.ok_or(None)
        };
        match self.0.own.get_or_try_init(ask).await {
            Ok(id) => Ok(Some(id.clone())),
            Err(error) => error.map_or(Ok(None), Err),
        }
    }
}
