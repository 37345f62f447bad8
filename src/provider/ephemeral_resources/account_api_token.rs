//! `ephemeral "cloudflare_account_api_token"`: a token that lives as long as Terraform needs it.

use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::cloudflare::Owner;
use crate::model;
use crate::provider::blocks::{ConditionBlock, PolicyBlock, condition, timestamp};
use crate::provider::policies::resolve;
use crate::provider::session::{Session, owner};
use crate::provider::{checks, guardrails, wording};
use crate::tf_provider::framework::{
    Diagnostics, EphemeralResource, Opened, Raw, Renewed, Set, Validator, Value, computed, optional, required,
};
use crate::tokens::{Change, Fields, NewToken, Op, TokenService};

model! {
    /// An API token for the time of a run: made when Terraform opens it, prolonged while Terraform works, deleted when it is
    /// done. Nothing of it is in a plan or a state. What a crash leaves behind stops working by itself, with its `ttl`.
    ///
    /// Terraform opens it in every plan, apply and destroy whose configuration is known, so each of these makes a real token
    /// and deletes it: also `terraform plan` needs a credential that may write tokens, and the token counts against the
    /// account's quota while it lives.
    pub(crate) struct EphemeralTokenModel {
        /// The token's id.
        id: String = computed(),
        /// The account that owns the token. Default: the provider's.
        account_id: String = optional().or_computed().check(checks::id("an account")),
        /// What the token is called. Left out, a name is made: `tf-` and 20 random characters.
        name: String = optional().or_computed().check(checks::token_name()),
        /// What the token may do.
        policies: Set<PolicyBlock> = required()
            .check(Validator::not_empty("A token that lives for a run and may do nothing is of no use.")),
        /// From where the token may be used.
        condition: ConditionBlock = optional(),
        /// How long the token works if nobody prolongs it: from `1m` to `24h`. It is prolonged after half of that time, for as
        /// long as Terraform works.
        ttl: String = optional().or(Raw::string("1h")).check(checks::duration(false)).check(short()),
        /// The token itself.
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

/// What prolonging and deleting need.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Private {
    /// None where nothing was made, since the provider was not configured yet.
    living: Option<Living>,
}

/// A token that was made.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Living {
    account_id: String,
    id: String,
    ttl: Duration,
}

/// The ephemeral resource type.
pub(crate) struct EphemeralToken {
    pub(crate) session: Session,
}

#[async_trait]
impl EphemeralResource for EphemeralToken {
    type Model = EphemeralTokenModel;
    type Private = Private;

    const TYPE_NAME: &'static str = "cloudflare_account_api_token";

    async fn open(&self, mut config: EphemeralTokenModel) -> (Option<Opened<Self>>, Diagnostics) {
        let ttl = config.ttl.as_str().and_then(checks::parse_duration).unwrap_or(DEFAULT);
        if config.ttl.is_null() {
            config.ttl = "1h".to_owned().into();
        }
        let Some(tokens) = self.session.tokens() else {
            return (Some(unopened(config)), Diagnostics::none());
        };
        config.account_id = self.session.account_id(&config.account_id);
        let owner = match owner(&config.account_id) {
            Ok(owner) => owner,
            Err(diagnostic) => return (None, diagnostic.into()),
        };
        let refused = self.guard(&owner, &config, ttl).await;
        if refused.has_error() {
            return (None, refused);
        }
        match make(&tokens, &owner, config, ttl).await {
            Ok((opened, diagnostics)) => {
                self.session.opened(opened.result.id.as_str().unwrap_or_default(), &owner);
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
            Ok(tokens) => tokens,
            Err(diagnostic) => return (None, diagnostic.into()),
        };
        let expires_on = Some(expiry(living.ttl));
        let change = Change {
            by: format!("ephemeral {}", living.id),
            fields: Fields { expires_on: Some(expires_on), ..Fields::default() },
            ..Change::default()
        };
        match tokens.submit(&living.owner(), &living.id, Op::from(change)).await {
            Ok(outcome) => {
                let renew_at = Some(renewal(living.ttl));
                (Some(Renewed { private, renew_at }), wording::concerns(&outcome.concerns))
            }
            Err(error) => {
                let failed = format!("Could not prolong the ephemeral API token {}", living.id);
                (None, wording::write(&failed, &error).into())
            }
        }
    }

    async fn close(&self, private: Private) -> Diagnostics {
        let Some(living) = private.living else { return Diagnostics::none() };
        let tokens = match self.session.require() {
            Ok(tokens) => tokens,
            Err(diagnostic) => return diagnostic.into(),
        };
        match tokens.submit(&living.owner(), &living.id, Op::Discard).await {
            Ok(_) => {
                self.session.closed(&living.id);
                Diagnostics::none()
            }
            Err(error) => wording::write(&left(&living.id), &error).into(),
        }
    }
}

fn left(id: &str) -> String {
    format!("Could not delete the ephemeral API token {id}, which expires by itself")
}

impl EphemeralToken {
    /// Holds the token against the provider's guardrails.
    async fn guard(&self, owner: &Owner, config: &EphemeralTokenModel, ttl: Duration) -> Diagnostics {
        let guardrails = self.session.guardrails();
        let mut found = wording::breaches(guardrails.lifetime(&Value::Known(ttl)), "ttl");
        found.extend(wording::breaches(guardrails.condition(&config.condition), "condition"));
        found.extend(guardrails::check_policies(&self.session, owner, &config.policies).await);
        found
    }
}

impl Living {
    fn owner(&self) -> Owner {
        Owner::Account(self.account_id.clone())
    }
}

fn expiry(ttl: Duration) -> OffsetDateTime {
    let expiry = OffsetDateTime::now_utc() + ttl;
    // The API keeps whole seconds; a started one counts as a whole.
    expiry.replace_nanosecond(0).unwrap_or(expiry) + Duration::from_secs(1)
}

fn renewal(ttl: Duration) -> SystemTime {
    SystemTime::now() + ttl / 2
}

async fn make(
    tokens: &TokenService,
    owner: &Owner,
    config: EphemeralTokenModel,
    ttl: Duration,
) -> Result<(Opened<EphemeralToken>, Diagnostics), Diagnostics> {
    let new = NewToken {
        name: config.name.known().cloned(),
        policies: resolve(tokens, owner, &config.policies).await?,
        condition: condition(&config.condition),
        expires_on: Some(expiry(ttl)),
        ..NewToken::default()
    };
    let created = tokens.create(owner, new).await.map_err(|error| wording::create(&error))?;
    let mut found = wording::concerns(&created.concerns);
    found.extend(wording::left_behind(&created.left_behind));
    let token = &created.token;
    let living = Living {
        account_id: config.account_id.as_str().unwrap_or_default().to_owned(),
        id: token.id.clone(),
        ttl,
    };
    if found.has_error() {
        // A token that is not as it was asked is of no use, and Terraform would not close what failed to open.
        if let Err(error) = tokens.submit(owner, &token.id, Op::Discard).await {
            found.push(wording::write(&left(&token.id), &error));
        }
        return Err(found);
    }
    let result = EphemeralTokenModel {
        id: token.id.clone().into(),
        name: token.name.clone().into(),
        value: created.value.into(),
        expires_on: timestamp(&Value::Null, token.expires_on),
        ..config
    };
    Ok((Opened { result, private: Private { living: Some(living) }, renew_at: Some(renewal(ttl)) }, found))
}

/// The provider's configuration is not known yet: nothing is made, and what would be computed is unknown.
fn unopened(config: EphemeralTokenModel) -> Opened<EphemeralToken> {
    fn or_unknown(value: Value<String>) -> Value<String> {
        if value.is_null() { Value::Unknown } else { value }
    }
    let result = EphemeralTokenModel {
        id: Value::Unknown,
        account_id: or_unknown(config.account_id),
        name: or_unknown(config.name),
        value: Value::Unknown,
        expires_on: Value::Unknown,
        ..config
    };
    Opened { result, private: Private { living: None }, renew_at: None }
}
