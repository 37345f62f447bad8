//! What the provider block configures, and how the types reach it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Mutex, RwLock};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use time::OffsetDateTime;

use super::guardrails::Guardrails;
use super::owner::{self, Ownership};
use super::secret::Holders;
use super::wording;
use crate::cloudflare::{Client, host_time};
use crate::owner::Owner;
use crate::tf_provider::framework::{Diagnostic, Value};
use crate::tokens::{OwnToken, TokenService};

/// How long a value that was just made is waited for, until the API takes it.
pub(crate) const SETTLES_WITHIN: Duration = Duration::from_secs(20);

/// The provider's configuration as the types see it. Cheap to clone; configured at most a few times.
#[derive(Clone, Default)]
pub(crate) struct Session(Arc<Inner>);

#[derive(Default)]
struct Inner {
    configured: RwLock<Configured>,
    modes: Mutex<BTreeMap<String, Mode>>,
    names: Mutex<BTreeMap<String, Value<String>>>,
    /// The values that this run has made and that nobody has waited for yet, by their hashes.
    minted: Mutex<BTreeMap<Hash, (Owner, String)>>,
    /// What the tokens that this run makes want of their policies, by whose tokens they are.
    new: Mutex<BTreeMap<&'static str, BTreeSet<Mode>>>,
    /// What the user was told, of what is to be told once in a run.
    told: Mutex<BTreeSet<&'static str>>,
}

/// The SHA-256 of a value.
type Hash = [u8; 32];

fn hash(value: &SecretString) -> Hash {
    Sha256::digest(value.expose_secret()).into()
}

/// The ways to the API.
#[derive(Clone)]
pub(crate) struct Api {
    /// The client, for what has no service of its own.
    pub(crate) client: Client,
    /// Everything about API tokens.
    pub(crate) tokens: TokenService,
    /// The writes of secrets.
    pub(crate) secrets: Holders,
    /// What kind of credential the client has.
    pub(crate) credential: OwnToken,
    /// Where the credential is from: the argument or the variable.
    pub(crate) credential_place: &'static str,
}

/// Whether there is a way to the API.
#[derive(Clone)]
pub(super) enum Access {
    /// A part of the configuration is unknown: nothing that needs the API can be planned.
    Unknown,
    /// There is no credential. What needs the API fails; what needs none passes.
    Missing,
    /// There is.
    Open(Api),
}

/// What a provider block says.
#[derive(Clone)]
pub(super) struct Configured {
    /// The way to the API.
    pub(super) access: Access,
    /// The account of whatever names none itself.
    pub(super) account_id: Value<String>,
    /// What no plan may do.
    pub(super) guardrails: Arc<Guardrails>,
}

impl Default for Configured {
    fn default() -> Configured {
        Configured { access: Access::Unknown, account_id: Value::Unknown, guardrails: Arc::default() }
    }
}

/// What the resources of this run want of a token's policies.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Mode {
    /// Its resource manages them all: nobody else's may stay.
    Exclusive,
    /// A binding adds its own.
    Bound,
}

impl Session {
    /// Takes a configuration.
    pub(super) fn configure(&self, configured: Configured) {
        *self.0.configured.write() = configured;
        self.0.modes.lock().clear();
        self.0.told.lock().clear();
        self.0.new.lock().clear();
        self.0.names.lock().clear();
    }

    fn configured(&self) -> Configured {
        self.0.configured.read().clone()
    }

    /// Notes what a resource of this run wants of a token's policies; false where another one wants the opposite.
    pub(crate) fn agree(&self, token_id: &str, mode: Mode) -> bool {
        *self.0.modes.lock().entry(token_id.to_owned()).or_insert(mode) == mode
    }

    /// Notes what a token that this run makes wants of its policies. `kind`: whose token it is.
    pub(crate) fn makes(&self, kind: &'static str, mode: Mode) {
        self.0.new.lock().entry(kind).or_default().insert(mode);
    }

    /// Whether all tokens of a kind that this run makes, as far as they are planned, are exclusive, and there are some. The token
    /// of a binding is planned before the binding.
    pub(crate) fn makes_exclusive_only(&self, kind: &str) -> bool {
        self.0.new.lock().get(kind).is_some_and(|modes| !modes.contains(&Mode::Bound))
    }

    /// Whether this is the first time in the run that something is to be told.
    pub(crate) fn is_first(&self, what: &'static str) -> bool {
        self.0.told.lock().insert(what)
    }

    /// Notes that this run has made a token's value.
    pub(crate) fn minted(&self, owner: &Owner, token_id: &str, value: &SecretString) {
        self.0.minted.lock().insert(hash(value), (owner.clone(), token_id.to_owned()));
    }

    /// Waits until the API takes a value, where this run has made it: somebody is about to use it. Once for each value, and not
    /// for long.
    pub(crate) async fn settle(&self, value: &SecretString) {
        let minted = self.0.minted.lock().remove(&hash(value));
        if let (Some((owner, id)), Some(api)) = (minted, self.api())
            && !api.tokens.is_taken(&owner, &id, value, SETTLES_WITHIN).await
        {
            tracing::warn!(token = id, "the API does not take the token's new value yet");
        }
    }

    /// The ways to the API, where there is one.
    pub(crate) fn api(&self) -> Option<Api> {
        match self.configured().access {
            Access::Open(api) => Some(api),
            Access::Unknown | Access::Missing => None,
        }
    }

    /// Notes what a token of this run is called, or will be.
    pub(crate) fn note_name(&self, token_id: &str, name: Value<String>) {
        self.0.names.lock().insert(token_id.to_owned(), name);
    }

    /// What a token of this run is called, or will be; `None` where the run does not manage it, or has not come to it.
    pub(crate) fn noted_name(&self, token_id: &str) -> Option<Value<String>> {
        self.0.names.lock().get(token_id).cloned()
    }

    /// The ways to the API, for planning: `None` where the provider's configuration is not known yet.
    pub(crate) fn way(&self) -> Result<Option<Api>, Diagnostic> {
        match self.configured().access {
            Access::Open(api) => Ok(Some(api)),
            Access::Unknown => Ok(None),
            Access::Missing => Err(wording::no_credentials()),
        }
    }

    /// The ways to the API, for everything that cannot do without.
    pub(crate) fn require(&self) -> Result<Api, Diagnostic> {
        self.way()?.ok_or_else(wording::not_configured)
    }

    /// What time it is by the API's clock, as far as it has told it.
    pub(crate) fn now(&self) -> OffsetDateTime {
        self.api().map_or_else(host_time, |api| api.client.now())
    }

    /// An owner's tokens, for planning: `None` where the provider's configuration or the owner is not known yet.
    pub(crate) fn look<O: Ownership>(&self, owner: &O) -> Result<Option<(TokenService, Owner)>, Diagnostic> {
        let (Some(api), Value::Known(owner)) = (self.way()?, owner.owner()) else { return Ok(None) };
        api.may_own(&owner)?;
        Ok(Some((api.tokens, owner)))
    }

    /// An owner's tokens, for everything that cannot do without.
    pub(crate) fn reach<O: Ownership>(&self, owner: &O) -> Result<(TokenService, Owner), Diagnostic> {
        let (api, owner) = (self.require()?, owner::known(owner.owner())?);
        api.may_own(&owner)?;
        Ok((api.tokens, owner))
    }

    /// Whether the credential is a token whose kind its value tells: it can be asked for itself with one request.
    pub(crate) fn has_token(&self) -> bool {
        self.api().is_some_and(|api| matches!(api.credential, OwnToken::OfAccount | OwnToken::OfUser))
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
            (OwnToken::OfAccount, Owner::User) => Err(wording::no_user(self.credential_place)),
            _ => Ok(()),
        }
    }
}
