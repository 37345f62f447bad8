//! What the provider block configures, and how the types reach it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use time::OffsetDateTime;

use super::guardrails::Guardrails;
use super::owner::{self, Ownership};
use super::secret::Workers;
use super::wording;
use crate::cloudflare::Client;
use crate::owner::Owner;
use crate::tf_provider::framework::{Diagnostic, Value};
use crate::tokens::{OwnToken, TokenService};

/// The provider's configuration as the types see it. Cheap to clone; configured at most a few times.
#[derive(Clone, Default)]
pub(crate) struct Session(Arc<Inner>);

#[derive(Default)]
struct Inner {
    configured: RwLock<Configured>,
    modes: Mutex<BTreeMap<String, Mode>>,
}

/// The ways to the API.
#[derive(Clone)]
pub(crate) struct Api {
    /// The client, for what has no service of its own.
    pub(crate) client: Client,
    /// Everything about API tokens.
    pub(crate) tokens: TokenService,
    /// The writes of Workers' secrets.
    pub(crate) workers: Workers,
    /// What kind of credential the client has.
    pub(crate) credential: OwnToken,
}

/// What a provider block says.
#[derive(Clone)]
pub(super) struct Configured {
    /// `None` while a part of the configuration is unknown: nothing that needs the API can be planned then.
    pub(super) api: Option<Api>,
    /// The account of whatever names none itself.
    pub(super) account_id: Value<String>,
    /// What no plan may do.
    pub(super) guardrails: Arc<Guardrails>,
}

impl Default for Configured {
    fn default() -> Configured {
        Configured { api: None, account_id: Value::Unknown, guardrails: Arc::default() }
    }
}

/// What the resources of this run want of a token's policies.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Its resource manages them all: nobody else's may stay.
    Exclusive,
    /// A binding adds its own.
    Bound,
}

impl Session {
    /// Takes a configuration.
    pub(super) fn configure(&self, configured: Configured) {
        *self.0.configured.write().unwrap_or_else(PoisonError::into_inner) = configured;
        self.0.modes.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn configured(&self) -> Configured {
        self.0.configured.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes what a resource of this run wants of a token's policies; false where another one wants the opposite.
    pub(crate) fn agree(&self, token_id: &str, mode: Mode) -> bool {
        let mut modes = self.0.modes.lock().unwrap_or_else(PoisonError::into_inner);
        *modes.entry(token_id.to_owned()).or_insert(mode) == mode
    }

    /// The ways to the API, for planning: `None` where the provider's configuration is not known yet.
    pub(crate) fn api(&self) -> Option<Api> {
        self.configured().api
    }

    /// The ways to the API, for everything that cannot do without.
    pub(crate) fn require(&self) -> Result<Api, Diagnostic> {
        self.api().ok_or_else(wording::not_configured)
    }

    /// What time it is by the API's clock, as far as it has told it, in whole seconds: those the API keeps.
    pub(crate) fn now(&self) -> OffsetDateTime {
        let now = self.api().map_or_else(OffsetDateTime::now_utc, |api| api.client.now());
        now.replace_nanosecond(0).unwrap_or(now)
    }

    /// An owner's tokens, for planning: `None` where the provider's configuration or the owner is not known yet.
    pub(crate) fn look<O: Ownership>(&self, owner: &O) -> Result<Option<(TokenService, Owner)>, Diagnostic> {
        let (Some(api), Value::Known(owner)) = (self.api(), owner.owner()) else { return Ok(None) };
        api.may_own(&owner)?;
        Ok(Some((api.tokens, owner)))
    }

    /// An owner's tokens, for everything that cannot do without.
    pub(crate) fn reach<O: Ownership>(&self, owner: &O) -> Result<(TokenService, Owner), Diagnostic> {
        let (api, owner) = (self.require()?, owner::known(owner.owner())?);
        api.may_own(&owner)?;
        Ok((api.tokens, owner))
    }

    /// What no plan may do.
    pub(crate) fn guardrails(&self) -> Arc<Guardrails> {
        self.configured().guardrails
    }

    /// The account of whatever names none itself. Unknown where that is not known yet, null where there is none.
    pub(crate) fn account_id(&self) -> Value<String> {
        self.configured().account_id
    }
}

impl Api {
    /// Refuses an owner whose tokens the credential can never reach: an account's token has no user.
    fn may_own(&self, owner: &Owner) -> Result<(), Diagnostic> {
        match (self.credential, owner) {
            (OwnToken::OfAccount, Owner::User) => Err(wording::no_user()),
            _ => Ok(()),
        }
    }
}
