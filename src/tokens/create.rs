//! Creates tokens. Only the answer has the value, there is no idempotency key, and names are not unique. So a create
//! without an answer may have made a token that is of no use. The create is repeated, and [`Search`] looks for the lost
//! token.

use std::sync::Arc;

use secrecy::SecretString;
use time::OffsetDateTime;
use tokio::sync::oneshot;

use super::belief::Floor;
use super::context::Context;
use super::maker::Maker;
use super::op::{Change, Concern, Field, Fields, Op, OpError};
use super::orphans::{Asked, Orphan, Search};
use super::promise::granted;
use super::reads::shared;
use super::record::Record;
use super::view::{same_condition, write};
use super::writer::Writers;
use crate::cloudflare::{self, Condition, Error, Owner, Token, TokenPolicy, host_time, milliseconds, tokens};
use crate::host::LockError;
use crate::policy::Policy;
use crate::random;

/// How often a create is sent, if no answer comes.
const ATTEMPTS: u32 = 3;

/// The token to make.
#[derive(Clone, Debug, Default)]
pub struct NewToken {
    /// 1 to 120 characters. `None` means `tf-` and 20 random ones.
    pub name: Option<String>,
    /// If there are none, the token gets the inert policy.
    pub policies: Vec<Policy>,
    /// Where it can be used from.
    pub condition: Option<Condition>,
    /// When it stops working.
    pub expires_on: Option<OffsetDateTime>,
    /// When it begins to work.
    pub not_before: Option<OffsetDateTime>,
    /// Disable it right after its creation, which takes a second request.
    pub disabled: bool,
}

/// A create, with options that only this crate may use.
#[derive(Debug, Default)]
pub(super) struct Order {
    pub(super) new: NewToken,
    /// Policies without a canonical form, copied from another token.
    pub(super) carried: Vec<TokenPolicy>,
    /// Only this process can have made a token of this name. So a token that a lost create has made is deleted.
    pub(super) ours: bool,
}

impl From<NewToken> for Order {
    fn from(new: NewToken) -> Self {
        let ours = new.name.is_none();
        Self { new, carried: Vec::new(), ours }
    }
}

/// A token that was made. Nothing else has its value.
#[derive(Debug)]
pub struct Created {
    /// The token, without its value.
    pub token: Arc<Token>,
    /// Its value.
    pub value: SecretString,
    /// The differences from the request.
    pub concerns: Vec<Concern>,
    /// The tokens that requests without an answer have made, or may have made.
    pub left_behind: Vec<Orphan>,
    /// The error, if the token should be disabled and is not.
    pub not_disabled: Option<OpError>,
    /// When it was made, by the API's clock, in Unix milliseconds: as [`Outcome::sent_on`](super::Outcome::sent_on).
    pub sent_on: i64,
}

/// Why no token was made.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CreateError {
    /// The API refused, or could not be reached. Nothing was made.
    #[error(transparent)]
    Api(Error),
    /// No answer came, or none with a value.
    #[error("{}", unknown(error.as_ref()))]
    Unknown {
        /// The last error. `None` if the answer had no value.
        error: Option<Error>,
        /// The tokens that have been made, or may have been.
        left_behind: Vec<Orphan>,
    },
    /// The directory of the lock files cannot be used, so that no later change could take the lock.
    #[error(transparent)]
    Lock(LockError),
    /// The run was stopped before anything was sent.
    #[error("stopped before the token was made")]
    Stopped,
    /// No random name could be made, or the task ended without an answer.
    #[error("the provider could not make the token; this is a bug")]
    Internal,
}

fn unknown(error: Option<&Error>) -> String {
    match error {
        Some(error) => format!("whether a token was made is not known: {error}"),
        None => "the API made a token but did not tell its value".to_owned(),
    }
}

/// Makes a token. If the caller goes away before it has the value, the token is deleted. The same happens if the process
/// leaves.
pub(super) async fn create(
    context: &Context,
    writers: &Writers,
    owner: &Owner,
    new: NewToken,
) -> Result<Created, CreateError> {
    let (reply, answer) = oneshot::channel();
    let maker = Maker::new(context, writers, owner);
    context.under_way.spawn(async move {
        let made = maker.make(new.into()).await;
        let unheard = if maker.context.is_leaving() { Err(made) } else { reply.send(made) };
        let left_behind = match unheard {
            Err(Ok(created)) => {
                let _ = maker.discard(&created.token.id).await;
                created.left_behind
            }
            Err(Err(CreateError::Unknown { left_behind, .. })) => left_behind,
            Ok(()) | Err(Err(_)) => Vec::new(),
        };
        for orphan in left_behind {
            tracing::error!(?orphan, "a token may be left behind, and there is nobody else to tell");
        }
    });
    answer.await.unwrap_or(Err(CreateError::Internal))
}

impl Maker {
    pub(super) async fn make(&self, order: Order) -> Result<Created, CreateError> {
        let Some(body) = body(&self.owner, &order) else { return Err(CreateError::Internal) };
        let mut search = Search::new(self, order.ours);
        let mut last = None;
        for _ in 0..ATTEMPTS {
            if self.context.settings.stop.is_stopped() {
                break;
            }
            let asked = Asked::now(&body);
            match self.context.client.send(tokens::create(&self.owner, &body)).await {
                Ok(token) => {
                    self.context.made.lock().insert(token.id.clone());
                    self.hand_on(&token).await;
                    let left_behind = search.end().await;
                    return self.made(&order.new, &body, token, left_behind).await;
                }
                Err(error) if error.is_ambiguous() => {
                    tracing::warn!(%error, "a create had no answer: the token that it may have made is looked for");
                    last = Some(error);
                    // If the tokens cannot be listed, each attempt may leave another unknown token.
                    if !search.lost(asked).await {
                        break;
                    }
                }
                Err(error) if last.is_none() => return Err(CreateError::Api(error)),
                Err(error) => {
                    last = Some(error);
                    break;
                }
            }
        }
        match last {
            None => Err(CreateError::Stopped),
            error => Err(CreateError::Unknown { error, left_behind: search.end().await }),
        }
    }

    /// Records the new token, so that a process that reads it next knows that it exists even if reads lag.
    async fn hand_on(&self, token: &Token) {
        let (settings, id) = (&self.context.settings, token.id.as_str());
        let floor = Floor::of(token, &self.owner, host_time());
        self.context.reader.raise(&self.owner, id, &floor);
        // No other process knows the id yet, so the lock is free.
        match settings.files.lock(&settings.key(id), settings.pause, || settings.stop.is_stopped()).await {
            Ok(lock) => lock.save(&Record { floor: Some(floor), ..Record::default() }),
            Err(error) => {
                tracing::warn!(token = id, %error, "the new token could not be recorded on this host")
            }
        }
    }

    async fn made(
        &self,
        new: &NewToken,
        body: &cloudflare::NewToken,
        mut token: Token,
        mut left_behind: Vec<Orphan>,
    ) -> Result<Created, CreateError> {
        let Some(value) = token.value.take() else {
            if self.discard(&token.id).await.is_err() {
                left_behind.push(Orphan::Left { id: token.id });
            }
            return Err(CreateError::Unknown { error: None, left_behind });
        };
        let mut created = Created {
            concerns: concerns(&self.owner, new, body, &token),
            token: shared(token),
            value,
            left_behind,
            not_disabled: None,
            sent_on: milliseconds(self.context.client.now()),
        };
        if new.disabled {
            let fields = Fields { status: Some("disabled".into()), ..Fields::default() };
            let change = Op::from(Change { fields, ..Change::default() });
            match self.writers.submit(&self.context, &self.owner, &created.token.id, change).await {
                Ok(outcome) => {
                    created.token = outcome.token.unwrap_or(created.token);
                    created.concerns.extend(outcome.concerns);
                }
                Err(error) => created.not_disabled = Some(error),
            }
        }
        Ok(created)
    }
}

/// The request, which every attempt repeats with the same name: the search for lost tokens looks for this name.
fn body(owner: &Owner, order: &Order) -> Option<cloudflare::NewToken> {
    let Order { new, carried, .. } = order;
    let inert = [Policy::inert(owner)];
    let policies = if new.policies.is_empty() && carried.is_empty() { &inert[..] } else { &new.policies };
    // The API refuses the ids of policies in a create.
    let carried = carried.iter().map(|wire| TokenPolicy { id: None, ..wire.clone() });
    Some(cloudflare::NewToken {
        name: match &new.name {
            Some(name) => name.clone(),
            None => random::name("tf-").ok()?,
        },
        policies: policies.iter().map(|policy| write(policy, owner)).chain(carried).collect(),
        condition: Condition::default().replaced_by(new.condition.clone()),
        expires_on: new.expires_on,
        not_before: new.not_before,
    })
}

fn concerns(owner: &Owner, new: &NewToken, body: &cloudflare::NewToken, token: &Token) -> Vec<Concern> {
    let second = |at: Option<OffsetDateTime>| at.map(OffsetDateTime::unix_timestamp);
    let fields = [
        (Field::Name, token.name == body.name),
        (Field::Condition, same_condition(token.condition.as_ref(), body.condition.as_ref())),
        (Field::ExpiresOn, second(token.expires_on) == second(body.expires_on)),
        (Field::NotBefore, second(token.not_before) == second(body.not_before)),
    ];
    let fields = fields.into_iter().filter(|(_, same)| !same).map(|(field, _)| Concern::NotApplied(field));
    granted(&new.policies, token, owner).into_iter().chain(fields).collect()
}
