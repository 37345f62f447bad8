//! A token for the time of a run, the implementation of the ephemeral resources for all owners.

use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use parking_lot::{Mutex, MutexGuard};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::cloudflare::host_time;
use crate::model;
use crate::owner::Owner;
use crate::path;
use crate::provider::blocks::{ConditionBlock, PolicyBlock, condition, timestamp};
use crate::provider::owner::{Owned, Ownership};
use crate::provider::policies;
use crate::provider::session::{SETTLES_WITHIN, Session};
use crate::provider::{checks, wording};
use crate::tf_provider::framework::{
    Diagnostics, EphemeralResource, Opened, Raw, Renewed, Set, Validator, Value, computed, optional, required,
};
use crate::tokens::{Change, Fields, NewToken, Op, TokenService};

model! {
    /// A token for the time of a run.
    pub(crate) struct LentFields {
        /// The token's id.
        id: String = computed(),
        /// The token's name. Default: a generated name, `tf-` and 20 random characters.
        name: String = optional().or_computed().check(checks::token_name()),
        /// The policies of the token.
        policies: Set<PolicyBlock> = required()
            .check(Validator::not_empty("A token that lives for a run and may do nothing is of no use.")),
        /// Limits where the token can be used from.
        condition: ConditionBlock = optional(),
        /// How long the token works if it is not prolonged: from `1m` to `24h`. The provider prolongs it after half of that
        /// time, as long as Terraform runs.
        ttl: String = optional().or(Raw::string("1h")).check(checks::duration(false)).check(short()),
        /// The token's value.
        value: SecretString = computed(),
        /// When the token stops working, if it is not prolonged.
        expires_on: String = computed(),
    }
}

fn short() -> Validator {
    Validator::string("from a minute to a day", |text| match checks::parse_duration(text) {
        Some(ttl) if ttl < SHORTEST => {
            Err("is too short: within less than a minute a slow answer of the API could outlast the token."
                .to_owned())
        }
        Some(ttl) if ttl > LONGEST => {
            Err("is too long: what a crash leaves behind lives that long. At most 24h are taken.".to_owned())
        }
        _ => Ok(()),
    })
}

const SHORTEST: Duration = Duration::from_secs(60);
const LONGEST: Duration = Duration::from_secs(24 * 3600);
const DEFAULT: Duration = Duration::from_secs(3600);

/// What is needed to prolong and to delete the token.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Private {
    /// `None` if nothing was made because the provider was not configured yet.
    living: Option<Living>,
}

/// A token that was made.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Living {
    /// The account that owns it. `None` if the user does.
    account_id: Option<String>,
    id: String,
    ttl: Duration,
}

impl Living {
    fn owner(&self) -> Owner {
        self.account_id.clone().map_or(Owner::User, Owner::Account)
    }
}

/// The tokens that this process has made and not deleted yet. Clones share them.
#[derive(Clone, Default)]
pub(crate) struct Open(Arc<Mutex<BTreeMap<String, Owner>>>);

impl Open {
    fn all(&self) -> MutexGuard<'_, BTreeMap<String, Owner>> {
        self.0.lock()
    }

    /// Deletes the tokens that Terraform never closed, as happens when their consumer fails. It waits for creates that are
    /// under way: if Terraform was killed, their tokens are deleted too.
    pub(crate) async fn close_all(&self, tokens: &TokenService) {
        let close = |(id, owner): (String, Owner)| async move {
            match tokens.submit(&owner, &id, Op::Discard).await {
                Ok(_) => tracing::info!(id, "deleted an ephemeral API token that was not closed"),
                Err(error) => {
                    tracing::warn!(id, %error, "an ephemeral API token is left, and expires by itself")
                }
            }
        };
        let close_left = async {
            let left = std::mem::take(&mut *self.all());
            if !left.is_empty() {
                // The log comes before the attempt, because there may be no time afterwards.
                let ids: Vec<_> = left.keys().collect();
                tracing::warn!(
                    ?ids,
                    "ephemeral API tokens were not closed; they are deleted, or expire by themselves"
                );
            }
            futures_util::future::join_all(left.into_iter().map(close)).await;
        };
        // The service knows that the process leaves before the tokens are taken, so that none is recorded afterwards.
        futures_util::future::join(tokens.leave(), close_left).await;
    }
}

/// The ephemeral resource of one owner's type.
pub(crate) struct LentToken<T> {
    session: Session,
    open: Open,
    of: PhantomData<fn() -> T>,
}

impl<T: Owned<LentFields>> LentToken<T> {
    /// Makes the ephemeral resource for a session. It records its tokens in `open`.
    pub(crate) fn new(session: Session, open: Open) -> Self {
        Self { session, open, of: PhantomData }
    }

    /// Checks the token against the provider's guardrails.
    async fn guard(&self, owner: &Owner, config: &LentFields, ttl: Duration) -> Diagnostics {
        let guardrails = self.session.guardrails();
        let mut found = wording::breaches(guardrails.lifetime(&Value::Known(ttl)), &path!(LentFields.ttl));
        found
            .extend(wording::breaches(guardrails.condition(&config.condition), &path!(LentFields.condition)));
        found.extend(policies::guarded(&self.session, owner, &config.policies).await);
        found
    }
}

#[async_trait]
impl<T: Owned<LentFields>> EphemeralResource for LentToken<T> {
    type Model = T::Model;
    type Private = Private;

    const TYPE_NAME: &'static str = T::NAME;

    async fn open(&self, config: T::Model) -> (Option<Opened<Self>>, Diagnostics) {
        let (named, mut config) = (T::owner(&config).clone(), T::body(&config).clone());
        let ttl = config.ttl.as_str().and_then(checks::parse_duration).unwrap_or(DEFAULT);
        if config.ttl.is_null() {
            config.ttl = "1h".to_owned().into();
        }
        let named = named.or_of_provider(&self.session.account_id());
        let way = match self.session.way() {
            Ok(way) => way,
            Err(unreachable) => return (None, unreachable.into()),
        };
        if way.is_none() || named.owner().is_unknown() {
            let opened = Opened {
                result: T::with(named, not_made(config)),
                private: Private { living: None },
                renew_at: None,
            };
            return (Some(opened), Diagnostics::none());
        }
        let (tokens, owner) = match self.session.reach(&named) {
            Ok(place) => place,
            Err(diagnostic) => return (None, diagnostic.into()),
        };
        let refused = self.guard(&owner, &config, ttl).await;
        if refused.has_error() {
            return (None, refused);
        }
        match make(&tokens, &self.open, &owner, config, ttl).await {
            Ok((living, made, diagnostics)) => {
                let opened = Opened {
                    result: T::with(named, made),
                    private: Private { living: Some(living) },
                    renew_at: Some(renewal(ttl)),
                };
                (Some(opened), diagnostics)
            }
            Err(diagnostics) => (None, diagnostics),
        }
    }

    async fn renew(&self, private: Private) -> (Option<Renewed<Self>>, Diagnostics) {
        let Some(living) = &private.living else {
            return (Some(Renewed { private, renew_at: None }), Diagnostics::none());
        };
        let tokens = match self.session.require() {
            Ok(api) => api.tokens,
            Err(diagnostic) => return (None, diagnostic.into()),
        };
        let expires_on = Some(expiry(tokens.now(), living.ttl));
        let change = Change {
            by: format!("ephemeral {}", living.id),
            fields: Fields { expires_on: Some(expires_on), ..Fields::default() },
            ..Change::default()
        };
        let owner = living.owner();
        match tokens.submit(&owner, &living.id, Op::from(change)).await {
            Ok(outcome) => {
                let renew_at = Some(renewal(living.ttl));
                (Some(Renewed { private, renew_at }), wording::concerns(&outcome.concerns))
            }
            Err(error) => {
                let failed = wording::ephemeral_not_prolonged(&living.id);
                (None, wording::write(&failed, &error, &owner, ENDS_ANYWAY).into())
            }
        }
    }

    async fn close(&self, private: Private) -> Diagnostics {
        let Some(living) = private.living else { return Diagnostics::none() };
        let tokens = match self.session.require() {
            Ok(api) => api.tokens,
            Err(diagnostic) => return diagnostic.into(),
        };
        let owner = living.owner();
        match tokens.submit(&owner, &living.id, Op::Discard).await {
            Ok(_) => {
                self.open.all().remove(&living.id);
                Diagnostics::none()
            }
            Err(error) => {
                let failed = wording::ephemeral_not_deleted(&living.id);
                wording::write(&failed, &error, &owner, ENDS_ANYWAY).into()
            }
        }
    }
}

/// No state has an ephemeral token.
const ENDS_ANYWAY: wording::IfInDoubt =
    wording::IfInDoubt::Else("If it was not made, the token ends when its `ttl` is over.");

fn expiry(now: OffsetDateTime, ttl: Duration) -> OffsetDateTime {
    let expiry = now + ttl;
    // The API keeps whole seconds. A started second counts as a whole one.
    expiry.replace_nanosecond(0).unwrap_or(expiry) + Duration::from_secs(1)
}

fn renewal(ttl: Duration) -> SystemTime {
    SystemTime::from(host_time()) + ttl / 2
}

async fn make(
    tokens: &TokenService,
    open: &Open,
    owner: &Owner,
    config: LentFields,
    ttl: Duration,
) -> Result<(Living, LentFields, Diagnostics), Diagnostics> {
    let new = NewToken {
        name: config.name.known().cloned(),
        policies: policies::resolve(tokens, owner, &config.policies).await?,
        condition: condition(&config.condition),
        expires_on: Some(expiry(tokens.now(), ttl)),
        ..NewToken::default()
    };
    let created = tokens
        .create(owner, new)
        .await
        .map_err(|error| wording::at_lifetime(wording::create(&error, owner), &path!(LentFields.ttl)))?;
    let mut found = wording::concerns(&created.concerns);
    found.extend(wording::left_behind(&created.left_behind, owner));
    let token = &created.token;
    // Before anything else: Terraform may end while the value settles.
    open.all().insert(token.id.clone(), owner.clone());
    if found.has_error() || tokens.is_leaving() {
        // A token that differs from the request is of no use, and Terraform does not close what failed to open.
        open.all().remove(&token.id);
        if let Err(error) = tokens.submit(owner, &token.id, Op::Discard).await {
            let failed = wording::ephemeral_not_deleted(&token.id);
            found.push(wording::write(&failed, &error, owner, ENDS_ANYWAY));
        }
        return Err(found);
    }
    if !tokens.is_taken(owner, &token.id, &created.value, SETTLES_WITHIN).await {
        found.push(wording::not_taken_yet(&token.id));
    }
    let account_id = match owner {
        Owner::Account(id) => Some(id.clone()),
        Owner::User => None,
    };
    let living = Living { account_id, id: token.id.clone(), ttl };
    let made = LentFields {
        id: token.id.clone().into(),
        name: token.name.clone().into(),
        value: created.value.into(),
        expires_on: timestamp(&Value::Null, token.expires_on),
        ..config
    };
    Ok((living, made, found))
}

/// The result while the provider's configuration is not known: nothing is made, and computed attributes are unknown.
fn not_made(config: LentFields) -> LentFields {
    let name = if config.name.is_null() { Value::Unknown } else { config.name.clone() };
    LentFields { id: Value::Unknown, name, value: Value::Unknown, expires_on: Value::Unknown, ..config }
}
