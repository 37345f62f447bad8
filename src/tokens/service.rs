//! The public side of the service. Each configured provider has one.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::stream::BoxStream;
use parking_lot::Mutex;
use secrecy::SecretString;
use time::OffsetDateTime;
use tokio::sync::OnceCell;
use tokio::time::Instant;

use super::context::Context;
use super::create::{CreateError, Created, NewToken, create};
use super::maker::Maker;
use super::op::{Cause, Op, OpError, Outcome};
use super::own;
use super::reads::Listed;
use super::settings::Settings;
use super::standing::Standing;
use super::succession::{Succeeded, Succession, SuccessionError, clear_unheard, succeed};
use super::writer::Writers;
use crate::cloudflare::{
    Client, Error, Owner, Token, Verification, permission_groups, tokens, workers, zones,
};
use crate::policy::{Catalog, Fingerprint, PermissionGroup, Scope, Workers};

/// Reads and writes API tokens. Clones are cheap and share everything.
#[derive(Clone)]
pub struct TokenService(Arc<Inner>);

struct Inner {
    context: Context,
    writers: Writers,
    catalogs: Mutex<HashMap<Owner, Arc<OnceCell<Arc<Catalog>>>>>,
    /// By account. Locked during a request, so that they are requested once.
    workers: tokio::sync::Mutex<HashMap<String, Arc<Workers>>>,
    /// The zones of each account, if they could be listed in one request.
    zones: Mutex<HashMap<String, Arc<Zones>>>,
    /// The API's verification of the client's own token.
    own: OnceCell<Verification>,
}

/// The zones of an account, requested once. `None` if they could not be listed in one request.
type Zones = OnceCell<Option<BTreeSet<String>>>;

/// The shortest time for which an unknown value is verified again.
const SECOND_LOOK: Duration = Duration::from_secs(1);

impl TokenService {
    /// A service over this client. It sends nothing before it is asked something.
    pub fn new(client: Client, settings: Settings) -> Self {
        let (writers, catalogs, workers, zones, own) = Default::default();
        let context = Context::new(client, settings);
        Self(Arc::new(Inner { context, writers, catalogs, workers, zones, own }))
    }

    /// Waits, when the process leaves, until no create and no write is under way. Tokens that a create has made meanwhile
    /// are deleted by then.
    pub async fn leave(&self) {
        self.0.context.leaving.store(true, Ordering::Release);
        let under_way = &self.0.context.under_way;
        under_way.close();
        under_way.wait().await;
    }

    /// Whether answers cannot be delivered any more, because the process is leaving.
    pub fn is_leaving(&self) -> bool {
        self.0.context.is_leaving()
    }

    /// The client, for objects that are not tokens.
    pub fn client(&self) -> &Client {
        &self.0.context.client
    }

    /// The time by the API's clock, as far as its answers have shown it. It decides when tokens end and how old they are.
    pub fn now(&self) -> OffsetDateTime {
        self.client().now()
    }

    /// A token, at most [`Settings::snapshot_age`] old and never older than a write of this service. `None` if it does not
    /// exist. Concurrent reads share requests.
    ///
    /// # Errors
    /// Those of the client.
    pub async fn get(&self, owner: &Owner, id: &str) -> Result<Option<Arc<Token>>, Error> {
        self.0.context.reader.get(owner, id).await
    }

    /// A token as it is now.
    ///
    /// # Errors
    /// Those of the client.
    pub async fn get_fresh(&self, owner: &Owner, id: &str) -> Result<Option<Arc<Token>>, Error> {
        self.0.context.reader.get_fresh(owner, id).await
    }

    /// All tokens of an owner that the credential can see.
    ///
    /// # Errors
    /// Those of the client.
    pub async fn list(&self, owner: &Owner) -> Result<Listed, Error> {
        self.0.context.reader.list(owner).await
    }

    /// The tokens of this name that the credential can see, and those that cannot be read.
    ///
    /// # Errors
    /// Those of the client.
    pub async fn named(&self, owner: &Owner, name: &str) -> Result<Listed, Error> {
        self.0.context.reader.named(owner, name).await
    }

    /// The same, page by page. A page is requested when it is needed. An error ends the stream.
    pub fn pages(&self, owner: &Owner) -> BoxStream<'static, Result<Listed, Error>> {
        self.0.context.reader.pages(owner)
    }

    /// The permission groups that the owner's tokens can have. Requested once. A failure is not cached.
    ///
    /// # Errors
    /// Those of the client.
    pub async fn catalog(&self, owner: &Owner) -> Result<Arc<Catalog>, Error> {
        let cell = self.0.catalogs.lock().entry(owner.clone()).or_default().clone();
        let fetch = || async {
            let groups = self.0.context.client.send(permission_groups::list(owner, None, None)).await?;
            let group = |group: crate::cloudflare::PermissionGroup| {
                let scopes = group.scopes.iter().map(|scope| Scope::from(scope.as_str())).collect();
                // An id of another form could not be used in a policy.
                let id = group.id.parse().ok()?;
                let deprecated = group.is_deprecated();
                let crate::cloudflare::PermissionGroup { name, description, category, is_selectable, .. } =
                    group;
                Some(PermissionGroup {
                    id,
                    name,
                    scopes,
                    deprecated,
                    selectable: is_selectable,
                    description,
                    category,
                })
            };
            Ok(Arc::new(Catalog::new(groups.into_iter().filter_map(group).collect())))
        };
        cell.get_or_try_init(fetch).await.cloned()
    }

    /// The Workers of an account. Requested once, and again if the last answer lacks a `wanted` name, which may belong to a
    /// new Worker.
    ///
    /// # Errors
    /// Those of the client.
    pub async fn workers(&self, account: &str, wanted: &[&str]) -> Result<Arc<Workers>, Error> {
        let mut known = self.0.workers.lock().await;
        if let Some(workers) =
            known.get(account).filter(|workers| wanted.iter().all(|name| workers.tag(name).is_some()))
        {
            return Ok(workers.clone());
        }
        let listed = self.client().send(workers::list(account)).await?;
        let pair = |worker: crate::cloudflare::Worker| Some((worker.id, worker.tag?));
        let workers: Arc<Workers> = Arc::new(listed.into_iter().filter_map(pair).collect());
        known.insert(account.to_owned(), workers.clone());
        Ok(workers)
    }

    /// Whether the client's own token is already verified, so that asking for it costs no request.
    pub fn knows_own_token(&self) -> bool {
        self.0.own.initialized()
    }

    /// Whether the zones of an account are already known, so that asking for them costs no request.
    pub fn knows_zones(&self, account: &str) -> bool {
        self.0.zones.lock().get(account).is_some_and(|cell| cell.initialized())
    }

    /// All zones of an account that the credential can see. `None` if they do not fit on a single page, or cannot be
    /// listed.
    pub async fn zones(&self, account: &str) -> Option<BTreeSet<String>> {
        let cell = self.0.zones.lock().entry(account.to_owned()).or_default().clone();
        let list = || async {
            let page = self.client().send(zones::first_page(account)).await.ok()?;
            let is_whole = page.unreadable.is_empty() && !page.has_next(1);
            let own = page.items.into_iter().filter(|zone| zone.account.id == account).map(|zone| zone.id);
            let own: BTreeSet<String> = own.collect();
            (is_whole && !own.is_empty()).then_some(own)
        };
        cell.get_or_init(list).await.clone()
    }

    /// Writes a token and waits until the outcome is known. If the caller is dropped, a write that has not begun is
    /// withdrawn, and one that has begun is finished without it.
    ///
    /// # Errors
    /// [`OpError`], with [`Cause::OwnToken`] if the write would end the client's own access.
    pub async fn submit(&self, owner: &Owner, id: &str, op: Op) -> Result<Outcome, OpError> {
        let refused = |error| OpError::without_effect(Cause::Api(error));
        let cuts_off = own::cuts_off(&op, self.now());
        if cuts_off && self.own_token_id(owner).await.map_err(refused)?.as_deref() == Some(id) {
            return Err(OpError::without_effect(Cause::OwnToken));
        }
        self.0.writers.submit(&self.0.context, owner, id, op).await
    }

    /// Makes a token. If the caller goes away before it has the value, the token is deleted.
    ///
    /// # Errors
    /// [`CreateError`].
    pub async fn create(&self, owner: &Owner, new: NewToken) -> Result<Created, CreateError> {
        // A token that cannot be locked later must not be made.
        self.0.context.settings.files.directory().map_err(CreateError::Lock)?;
        create(&self.0.context, &self.0.writers, owner, new).await
    }

    /// Makes a token that takes another one's place, with its rights, its condition and its name. The old one ends when the
    /// overlap does. If the caller goes away before it has the value, the new token is deleted.
    ///
    /// # Errors
    /// [`SuccessionError`]: there is no new token, and the old one is as it was.
    pub async fn succeed(
        &self,
        owner: &Owner,
        id: &str,
        succession: Succession,
    ) -> Result<Succeeded, SuccessionError> {
        self.0
            .context
            .settings
            .files
            .directory()
            .map_err(|error| SuccessionError::Create(CreateError::Lock(error)))?;
        succeed(&self.0.context, &self.0.writers, owner, id, succession).await
    }

    /// Deletes tokens that earlier runs have made in a token's place and could not hand over.
    ///
    /// # Errors
    /// [`OpError`] if one of them may still be there.
    pub async fn clear_unheard(&self, owner: &Owner, id: &str) -> Result<(), OpError> {
        let maker = Maker::new(&self.0.context, &self.0.writers, owner);
        clear_unheard(&maker, id).await.map(drop)
    }

    /// The tokens that have taken this one's place, one after the other, as far as this host knows.
    pub fn successors(&self, token_id: &str) -> Vec<String> {
        let (mut last, mut all) = (token_id.to_owned(), Vec::new());
        while let Some(successor) = self.0.context.settings.record(&last).and_then(|record| record.successor)
            && !all.contains(&successor.id)
        {
            last.clone_from(&successor.id);
            all.push(successor.id);
        }
        all
    }

    /// The token whose place this one has taken and that has not ended yet, as far as this host knows.
    pub fn predecessor(&self, token_id: &str) -> Option<String> {
        let predecessor = self.0.context.settings.record(token_id)?.predecessor?;
        (predecessor.ends > self.now().unix_timestamp()).then_some(predecessor.id)
    }

    /// The policies that an object may have added to a token without learning it, because an earlier run on this host, or
    /// Terraform, ended first. `since` is the time of its last change that its state knows of,
    /// and `has` are its policies there. `None` if the state is complete.
    pub fn unheard(
        &self,
        token_id: &str,
        by: &str,
        since: Option<i64>,
        has: &BTreeSet<Fingerprint>,
    ) -> Option<BTreeSet<Fingerprint>> {
        self.0.context.settings.record(token_id)?.unknown(by, since, has).cloned()
    }

    /// The time of an object's last change of a token on this host, in Unix milliseconds.
    pub fn sent_on(&self, token_id: &str, by: &str) -> Option<i64> {
        self.0.context.settings.record(token_id)?.sent_on(by)
    }

    /// Whether a roll by this host may have taken effect whose value nobody received: the run that rolled the token, or
    /// Terraform, ended first. `issued` is when the value that the caller has was issued, in Unix seconds. If that was later,
    /// the roll does not matter any more.
    pub fn has_lost_a_roll(&self, token_id: &str, issued: i64) -> bool {
        self.0.context.settings.record(token_id).is_some_and(|record| record.has_lost_a_roll(issued))
    }

    /// Whether something else on this host has rolled the token after this version, which is a `modified_on` in Unix seconds.
    pub fn has_rolled_since(&self, token_id: &str, version: i64) -> bool {
        self.0.context.settings.record(token_id).is_some_and(|record| record.has_rolled_since(version))
    }

    /// Whether only this host has written the token between two versions. They are `modified_on` in Unix seconds.
    pub fn has_written_alone(&self, token_id: &str, since: i64, up_to: i64) -> bool {
        let record = self.0.context.settings.record(token_id);
        record.and_then(|record| record.own).is_some_and(|own| own.are_all(since, up_to))
    }

    /// The API's verdict on a token's value. If the API does not know the value, it is asked again for `patience`, and at
    /// least once: right after its issue a value is not known everywhere.
    pub async fn standing(
        &self,
        owner: &Owner,
        id: &str,
        value: &SecretString,
        patience: Duration,
    ) -> Standing {
        let unknown = |standing: &Standing| *standing == Standing::NotKnown;
        self.ask_of(owner, id, value, [patience.max(SECOND_LOOK), SECOND_LOOK / 2], unknown).await
    }

    /// Waits until the API accepts a value that was made a moment ago, for at most `patience`. False if it still does not.
    pub async fn is_taken(&self, owner: &Owner, id: &str, value: &SecretString, patience: Duration) -> bool {
        let not_yet =
            |standing: &Standing| matches!(standing, Standing::NotKnown | Standing::Dead | Standing::Refused);
        let pause = self.0.context.settings.pause;
        !not_yet(&self.ask_of(owner, id, value, [patience, pause], not_yet).await)
    }

    /// Verifies a value: repeatedly during the first time, with pauses from the second attempt on.
    async fn ask_of(
        &self,
        owner: &Owner,
        id: &str,
        value: &SecretString,
        [patience, mut pause]: [Duration; 2],
        again: impl Fn(&Standing) -> bool,
    ) -> Standing {
        let Ok(client) = self.client().authenticated_by(value.clone()) else { return Standing::Unclear };
        let (began, settings) = (Instant::now(), &self.0.context.settings);
        loop {
            let standing = Standing::of(&client.send(tokens::verify(owner)).await, id);
            let rest = patience.saturating_sub(began.elapsed());
            if !again(&standing) || rest.is_zero() || settings.stop.is_stopped() {
                return standing;
            }
            settings.stop.sleep(pause.min(rest)).await;
            pause = (pause * 2).min(Duration::from_secs(2));
        }
    }

    /// The id of the token that the client authenticates with. `None` for a global key, or if the API does not say. `owner`
    /// is the owner whose tokens are about to be written, who may own it.
    ///
    /// # Errors
    /// Those of the client, if the API could not be reached or did not answer the question.
    pub async fn own_token_id(&self, owner: &Owner) -> Result<Option<String>, Error> {
        Ok(self.own_token(owner).await?.map(|own| own.id))
    }

    /// The API's verification of the token that the client authenticates with. `None` as for
    /// [`TokenService::own_token_id`].
    ///
    /// # Errors
    /// As [`TokenService::own_token_id`].
    pub async fn own_token(&self, owner: &Owner) -> Result<Option<Verification>, Error> {
        let ask = || async {
            let told = own::ask(&self.0.context.client, self.0.context.settings.own_token, owner).await;
            told.map_err(Some)?.ok_or(None)
        };
        match self.0.own.get_or_try_init(ask).await {
            Ok(own) => Ok(Some(own.clone())),
            Err(error) => error.map_or(Ok(None), Err),
        }
    }
}
