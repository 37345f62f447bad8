//! The state of a configured provider, and how the resource types reach it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Mutex, RwLock};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use time::OffsetDateTime;

use super::guardrails::Guardrails;
use super::owner::{self, Account, Ownership};
use super::secret::Holders;
use super::wording;
use crate::cloudflare::{Client, host_time};
use crate::owner::Owner;
use crate::tf_provider::framework::{Diagnostic, Diagnostics, Planning, Resource, Value};
use crate::tokens::{OwnToken, TokenService};

/// How long to wait until the API accepts a value that was just made.
pub(crate) const SETTLES_WITHIN: Duration = Duration::from_secs(20);

/// The provider's configuration as the resource types see it. It is cheap to clone, and is configured a few times at most.
#[derive(Clone, Default)]
pub(crate) struct Session(Arc<Inner>);

#[derive(Default)]
struct Inner {
    configured: RwLock<Configured>,
    modes: Mutex<BTreeMap<String, Mode>>,
    names: Mutex<BTreeMap<String, Value<String>>>,
    /// The hashes of the values that this run has made and that no one has waited for yet.
    minted: Mutex<BTreeMap<Hash, (Owner, String)>>,
    /// For each kind of owner, how the tokens that this run makes manage their policies.
    new: Mutex<BTreeMap<&'static str, BTreeSet<Mode>>>,
    /// The messages that are shown once in a run and have been shown.
    shown: Mutex<BTreeSet<&'static str>>,
}

/// The SHA-256 of a value.
type Hash = [u8; 32];

fn hash(value: &SecretString) -> Hash {
    Sha256::digest(value.expose_secret()).into()
}

/// Access to the API.
#[derive(Clone)]
pub(crate) struct Api {
    /// The client, for objects that have no service of their own.
    pub(crate) client: Client,
    /// Everything about API tokens.
    pub(crate) tokens: TokenService,
    /// The writes of secrets.
    pub(crate) secrets: Holders,
    /// What kind of credential the client has.
    pub(crate) credential: OwnToken,
    /// The argument or the variable that the credential comes from.
    pub(crate) credential_place: &'static str,
}

/// Whether the API can be reached.
#[derive(Clone)]
pub(super) enum Access {
    /// A part of the configuration is unknown. Nothing that needs the API can be planned.
    Unknown,
    /// There is no credential. Operations that need the API fail. The others succeed.
    Missing,
    /// It can.
    Open(Api),
}

/// What a provider block says.
#[derive(Clone)]
pub(super) struct Configured {
    /// Access to the API.
    pub(super) access: Access,
    /// The account of everything that does not set its own.
    pub(super) account_id: Value<String>,
    /// The rules that no plan may break.
    pub(super) guardrails: Arc<Guardrails>,
}

impl Default for Configured {
    fn default() -> Self {
        Self { access: Access::Unknown, account_id: Value::Unknown, guardrails: Arc::default() }
    }
}

/// The beginning of the plan of an object in an account.
pub(crate) struct Begun {
    /// Access to the API. `None` while the provider's configuration is not known, and without a credential.
    pub(crate) api: Option<Api>,
    /// Why there is no access. A plan without changes ignores it.
    pub(crate) unreachable: Option<Diagnostic>,
    /// The diagnostics about the account.
    pub(crate) found: Diagnostics,
}

/// How a resource of this run manages a token's policies.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Mode {
    /// The token's own resource manages all of them. It removes policies of others.
    Exclusive,
    /// A binding adds some.
    Bound,
}

impl Session {
    /// Takes a configuration.
    pub(super) fn configure(&self, configured: Configured) {
        *self.0.configured.write() = configured;
        self.0.modes.lock().clear();
        self.0.shown.lock().clear();
        self.0.new.lock().clear();
        self.0.names.lock().clear();
    }

    fn configured(&self) -> Configured {
        self.0.configured.read().clone()
    }

    /// Records how a resource of this run manages a token's policies. False if another resource does it in the opposite
    /// way.
    pub(crate) fn agree(&self, token_id: &str, mode: Mode) -> bool {
        *self.0.modes.lock().entry(token_id.to_owned()).or_insert(mode) == mode
    }

    /// Records how a token that this run makes manages its policies. `kind` is the kind of owner.
    pub(crate) fn makes(&self, kind: &'static str, mode: Mode) {
        self.0.new.lock().entry(kind).or_default().insert(mode);
    }

    /// Whether this run makes tokens of a kind and all of them are exclusive, as far as they are planned. Terraform plans
    /// the token of a binding before the binding.
    pub(crate) fn makes_exclusive_only(&self, kind: &str) -> bool {
        self.0.new.lock().get(kind).is_some_and(|modes| !modes.contains(&Mode::Bound))
    }

    /// Whether a message is shown for the first time in this run.
    pub(crate) fn is_first(&self, what: &'static str) -> bool {
        self.0.shown.lock().insert(what)
    }

    /// Records that this run has made a token's value.
    pub(crate) fn minted(&self, owner: &Owner, token_id: &str, value: &SecretString) {
        self.0.minted.lock().insert(hash(value), (owner.clone(), token_id.to_owned()));
    }

    /// Waits until the API accepts a value that this run has made and that is about to be used. It waits once for each
    /// value, and only for a short time.
    pub(crate) async fn settle(&self, value: &SecretString) {
        let minted = self.0.minted.lock().remove(&hash(value));
        if let (Some((owner, id)), Some(api)) = (minted, self.api())
            && !api.tokens.is_taken(&owner, &id, value, SETTLES_WITHIN).await
        {
            tracing::warn!(token = id, "the API does not take the token's new value yet");
        }
    }

    /// Access to the API, if it can be reached.
    pub(crate) fn api(&self) -> Option<Api> {
        match self.configured().access {
            Access::Open(api) => Some(api),
            Access::Unknown | Access::Missing => None,
        }
    }

    /// Records the name of a token of this run.
    pub(crate) fn note_name(&self, token_id: &str, name: Value<String>) {
        self.0.names.lock().insert(token_id.to_owned(), name);
    }

    /// The name that a token of this run has or will have. `None` if the run does not manage the token, or has not reached
    /// it yet.
    pub(crate) fn noted_name(&self, token_id: &str) -> Option<Value<String>> {
        self.0.names.lock().get(token_id).cloned()
    }

    /// Access to the API, for planning. `None` while the provider's configuration is not known.
    pub(crate) fn way(&self) -> Result<Option<Api>, Diagnostic> {
        match self.configured().access {
            Access::Open(api) => Ok(Some(api)),
            Access::Unknown => Ok(None),
            Access::Missing => Err(wording::no_credentials()),
        }
    }

    /// Begins the plan of an object in an account: plans the account, and looks for access to the API.
    pub(crate) fn begin<R: Resource>(&self, planning: &mut Planning<R>) -> Begun
    where
        R::Model: AsRef<Account> + AsMut<Account>,
    {
        let found = Account::plan(
            &self.account_id(),
            planning.config.as_ref(),
            planning.prior.as_ref().map(AsRef::as_ref),
            planning.planned.as_mut(),
            &mut planning.requires_replace,
            planning.again,
        );
        let (api, unreachable) = match self.way() {
            Ok(api) => (api, None),
            Err(diagnostic) => (None, Some(diagnostic)),
        };
        Begun { api, unreachable, found }
    }

    /// Access to the API, for operations that need it.
    pub(crate) fn require(&self) -> Result<Api, Diagnostic> {
        self.way()?.ok_or_else(wording::not_configured)
    }

    /// The time by the API's clock, as far as its answers have shown it.
    pub(crate) fn now(&self) -> OffsetDateTime {
        self.api().map_or_else(host_time, |api| api.client.now())
    }

    /// An owner's tokens, for planning. `None` while the provider's configuration or the owner is not known.
    pub(crate) fn look<O: Ownership>(&self, owner: &O) -> Result<Option<(TokenService, Owner)>, Diagnostic> {
        let (Some(api), Value::Known(owner)) = (self.way()?, owner.owner()) else { return Ok(None) };
        api.may_own(&owner)?;
        Ok(Some((api.tokens, owner)))
    }

    /// An owner's tokens, for operations that need them.
    pub(crate) fn reach<O: Ownership>(&self, owner: &O) -> Result<(TokenService, Owner), Diagnostic> {
        let (api, owner) = (self.require()?, owner::known(owner.owner())?);
        api.may_own(&owner)?;
        Ok((api.tokens, owner))
    }

    /// Whether the credential is a token whose kind is known from its value. Then one request verifies it.
    pub(crate) fn has_token(&self) -> bool {
        self.api().is_some_and(|api| matches!(api.credential, OwnToken::OfAccount | OwnToken::OfUser))
    }

    /// The rules that no plan may break.
    pub(crate) fn guardrails(&self) -> Arc<Guardrails> {
        self.configured().guardrails
    }

    /// The account of everything that does not set its own.
    pub(crate) fn account_id(&self) -> Value<String> {
        self.configured().account_id
    }
}

impl Api {
    /// Refuses an owner whose tokens the credential can never reach: an account-owned token has no user.
    fn may_own(&self, owner: &Owner) -> Result<(), Diagnostic> {
        match (self.credential, owner) {
            (OwnToken::OfAccount, Owner::User) => Err(wording::no_user(self.credential_place)),
            _ => Ok(()),
        }
    }
}
