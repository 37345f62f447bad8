//! The provider block: the credential, the default account, and how to reach the API.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::{Mutex, MutexGuard};
use secrecy::{ExposeSecret, SecretString};

use super::checks;
use super::credentials::{self, Kind, flaw};
use super::guardrails::{Guardrails, GuardrailsBlock};
use super::secret::Holders;
use super::session::{Access, Api, Configured, Session};
use super::token::lent::Open;
use super::wording;
use crate::cloudflare::{Client, ClientConfig, Credentials, DEFAULT_BASE_URL};
use crate::host::{self, HostFiles};
use crate::model;
use crate::path;
use crate::tf_provider::framework::{
    Diagnostic, Diagnostics, Fault, Number, Path, Provider, Raw, SecretLikeness, Validator, Value, block,
    optional,
};
use crate::tokens::{OwnToken, Settings, Stopper, TokenService};

model! {
    /// Creates Cloudflare API tokens with exactly the rights that they need, hands their values to the programs that use
    /// them, and rotates them.
    pub(crate) struct ProviderModel {
        /// The API token that the provider authenticates with. It needs *Account API Tokens Write*. Set either this, or
        /// `api_key` and `email`. Default: the environment variable `CLOUDFLARE_API_TOKEN`.
        api_token: SecretString = optional().check(checks::not_blank()).conflicts_with(&["api_key"]),
        /// The global API key. It needs `email`. Default: the environment variable `CLOUDFLARE_API_KEY`.
        api_key: SecretString = optional().check(checks::not_blank()),
        /// The e-mail address of the global API key's user. Default: the environment variable `CLOUDFLARE_EMAIL`.
        email: String = optional().check(checks::not_blank()),
        /// The account of every resource that does not set its own. Default: the environment variable
        /// `CLOUDFLARE_ACCOUNT_ID`.
        account_id: String = optional().check(checks::id("an account")),
        /// The address of the API. Plain `http` is allowed only for a loopback host. Default: the environment variable
        /// `CLOUDFLARE_BASE_URL`, else `https://api.cloudflare.com/client/v4`.
        base_url: String = optional().check(checks::not_blank()),
        /// How often the provider repeats a request that failed for a temporary reason and is safe to repeat. Default: `4`.
        max_retries: i64 = optional().check(retries()),
        /// How long a single request may take. Default: `30s`.
        request_timeout: String = optional().check(checks::duration(false)),
        /// How long the provider watches, after it has removed a policy, whether a write from another host brings the
        /// policy back. Set it if other hosts write the same tokens at the same time. It must be longer than their slowest
        /// write takes from its read on: some seconds, such as `10s`. Default: `0s`, which does not watch.
        concurrent_writers_window: String = optional().check(checks::duration(true)),
        /// The directory for lock files and for records that runs share. The provider uses the directory
        /// `terraform-provider-cloudflare-tokens` in it, which only this user can access. Runs that write the same tokens
        /// on one host must share it. No credential is written there. Default: the first of these that can be written: the
        /// environment variable `CLOUDFLARE_LOCK_DIRECTORY`, `XDG_CACHE_HOME`, `.cache` in `HOME`, the system's temporary
        /// directory. On Windows: `CLOUDFLARE_LOCK_DIRECTORY`, `LOCALAPPDATA`.
        lock_directory: String = optional().check(checks::absolute_path()),
        /// Rules that every token and binding of this provider configuration must keep, whatever a module asks for. A plan
        /// that breaks one is refused. The rules belong to this provider block: another block, such as one with an alias,
        /// has its own.
        guardrails: GuardrailsBlock = block(),
    }
}

fn retries() -> Validator {
    Validator::new("a whole number from 0 to 20", |raw| match raw {
        Raw::Number(n) if n.as_i64().is_some_and(|n| (0..=20).contains(&n)) => Ok(()),
        Raw::Number(n) => Err(Fault::new(
            "is out of range: a whole number from 0 to 20 is taken.",
            Some(Number::as_text(n).to_owned()),
        )),
        _ => Ok(()),
    })
}

const LOCKS: &str = "terraform-provider-cloudflare-tokens";

/// The part of the configuration that comes from the environment. It is read once at start.
#[derive(Clone, Debug)]
pub struct Environment {
    /// `CLOUDFLARE_API_TOKEN`
    pub api_token: Option<SecretString>,
    /// `CLOUDFLARE_API_KEY`
    pub api_key: Option<SecretString>,
    /// `CLOUDFLARE_EMAIL`
    pub email: Option<String>,
    /// `CLOUDFLARE_ACCOUNT_ID`
    pub account_id: Option<String>,
    /// `CLOUDFLARE_BASE_URL`
    pub base_url: Option<String>,
    /// The directories that can have the lock files, in order of preference. All processes of this user on a host use the
    /// first one that they can write. `CLOUDFLARE_LOCK_DIRECTORY` names one. `XDG_CACHE_HOME` and `HOME` come next.
    pub lock_dirs: Vec<PathBuf>,
}

impl Environment {
    /// Reads the process's environment. An empty variable counts as unset.
    #[allow(clippy::disallowed_methods, reason = "this is where the provider's environment is read")]
    pub fn from_process() -> Self {
        let read = |name: &str| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
        Self {
            api_token: read("CLOUDFLARE_API_TOKEN").map(SecretString::from),
            api_key: read("CLOUDFLARE_API_KEY").map(SecretString::from),
            email: read("CLOUDFLARE_EMAIL"),
            account_id: read("CLOUDFLARE_ACCOUNT_ID"),
            base_url: read("CLOUDFLARE_BASE_URL"),
            lock_dirs: match read("CLOUDFLARE_LOCK_DIRECTORY") {
                Some(named) => vec![PathBuf::from(named).join(LOCKS)],
                None => host::directories(LOCKS, read, &std::env::temp_dir()),
            },
        }
    }
}

/// A part of the configuration.
enum Given<T> {
    /// It is known only at apply.
    Unknown,
    /// It is not configured.
    Missing,
    /// Its value.
    Known(T),
}

/// The place that a credential comes from.
struct Place {
    kind: Kind,
    in_block: bool,
    path: Path,
    variable: &'static str,
}

impl Place {
    fn name(&self) -> &'static str {
        match (self.in_block, self.kind) {
            (false, _) => self.variable,
            (true, Kind::Token) => "`api_token`",
            (true, Kind::Key) => "`api_key`",
            (true, Kind::Email) => "`email`",
        }
    }

    /// Refuses a credential whose form cannot work.
    fn check(&self, text: &str) -> Result<(), Diagnostic> {
        let Some(flaw) = flaw(self.kind, text) else { return Ok(()) };
        let error = wording::flawed_credential(self.kind, flaw, self.name());
        Err(if self.in_block { error.at(self.path.clone()) } else { error })
    }
}

/// The provider. It reads its block and makes the API client from it.
pub(crate) struct CloudflareProvider {
    environment: Environment,
    session: Session,
    open: Open,
    /// The stopper of the present configuration. A later run in the same process has its own.
    stopper: Mutex<Stopper>,
}

impl CloudflareProvider {
    pub(super) fn new(environment: Environment, session: Session, open: Open) -> Self {
        Self { environment, session, open, stopper: Mutex::default() }
    }

    fn stopper(&self) -> MutexGuard<'_, Stopper> {
        self.stopper.lock()
    }

    /// The client's configuration, and the place that the credential comes from.
    fn client_config(
        &self,
        config: &ProviderModel,
    ) -> Result<Given<(ClientConfig, &'static str)>, Diagnostic> {
        let (credentials, place) = match self.credentials(config)? {
            Given::Known(known) => known,
            Given::Unknown => return Ok(Given::Unknown),
            Given::Missing => return Ok(Given::Missing),
        };
        let unknown = config.base_url.is_unknown()
            || config.max_retries.is_unknown()
            || config.request_timeout.is_unknown()
            || config.concurrent_writers_window.is_unknown()
            || config.lock_directory.is_unknown();
        if unknown {
            return Ok(Given::Unknown);
        }
        let mut client = ClientConfig::new(credentials);
        let base_url = config.base_url.as_str().or(self.environment.base_url.as_deref());
        client.base_url = base_url.unwrap_or(DEFAULT_BASE_URL).to_owned();
        if let Some(retries) = config.max_retries.known() {
            client.max_retries = u32::try_from(*retries).unwrap_or_default();
        }
        if let Some(limit) = config.request_timeout.as_str().and_then(checks::parse_duration) {
            client.request_timeout = limit;
        }
        Ok(Given::Known((client, place)))
    }

    /// The credential of the block, or of the environment if the block has none, with the place that it comes from.
    fn credentials(&self, config: &ProviderModel) -> Result<Given<(Credentials, &'static str)>, Diagnostic> {
        if config.api_token.is_unknown() || config.api_key.is_unknown() || config.email.is_unknown() {
            return Ok(Given::Unknown);
        }
        let environment = &self.environment;
        let in_block = config.api_token.known().is_some() || config.api_key.known().is_some();
        let (token, key) = if in_block {
            (config.api_token.known(), config.api_key.known())
        } else {
            (environment.api_token.as_ref(), environment.api_key.as_ref())
        };
        let (email, email_in_block) = match config.email.known() {
            Some(email) => (Some(email), true),
            None => (environment.email.as_ref(), false),
        };
        let token_place = Place {
            kind: Kind::Token,
            in_block,
            path: path!(ProviderModel.api_token),
            variable: "CLOUDFLARE_API_TOKEN",
        };
        let key_place = Place {
            kind: Kind::Key,
            in_block,
            path: path!(ProviderModel.api_key),
            variable: "CLOUDFLARE_API_KEY",
        };
        let email_place = Place {
            kind: Kind::Email,
            in_block: email_in_block,
            path: path!(ProviderModel.email),
            variable: "CLOUDFLARE_EMAIL",
        };
        match (token, key, email) {
            (Some(_), Some(_), _) => Err(wording::two_credentials().at(path!(ProviderModel.api_token))),
            (Some(token), None, _) => {
                token_place.check(token.expose_secret())?;
                Ok(Given::Known((Credentials::Token(token.clone()), token_place.name())))
            }
            (None, Some(key), email) => {
                key_place.check(key.expose_secret())?;
                let Some(email) = email else {
                    return Err(wording::no_email().at(path!(ProviderModel.email)));
                };
                email_place.check(email)?;
                let credentials = Credentials::Key { key: key.clone(), email: email.clone() };
                Ok(Given::Known((credentials, key_place.name())))
            }
            (None, None, _) => Ok(Given::Missing),
        }
    }

    /// The directories that can have the lock files. A configured one is the only one.
    fn lock_dirs(&self, config: &ProviderModel) -> Result<Vec<PathBuf>, Diagnostic> {
        match config.lock_directory.as_str() {
            Some(named) => Ok(vec![PathBuf::from(named).join(LOCKS)]),
            None if self.environment.lock_dirs.iter().any(|dir| dir.is_relative()) => {
                Err(wording::relative_lock_directory().at(path!(ProviderModel.lock_directory)))
            }
            None => Ok(self.environment.lock_dirs.clone()),
        }
    }

    fn account_id(&self, config: &ProviderModel) -> Result<Value<String>, Diagnostic> {
        match (&config.account_id, &self.environment.account_id) {
            (Value::Null, Some(id)) if !checks::is_id(id) => {
                Err(wording::invalid_account().at(path!(ProviderModel.account_id)))
            }
            (Value::Null, id) => Ok(id.clone().into()),
            (own, _) => Ok(own.clone()),
        }
    }
}

#[async_trait]
impl Provider for CloudflareProvider {
    type Config = ProviderModel;

    const ADDRESS: &'static str = super::ADDRESS;

    fn secret_likeness(text: &str) -> SecretLikeness {
        credentials::secret_likeness(text)
    }

    async fn configure(&self, config: ProviderModel) -> Diagnostics {
        let stopper = Stopper::default();
        let stop = stopper.handle();
        *self.stopper() = stopper;
        let configured = || {
            let account_id = self.account_id(&config)?;
            let access = match self.client_config(&config)? {
                Given::Unknown => Access::Unknown,
                Given::Missing => Access::Missing,
                Given::Known((mut client, credential_place)) => {
                    client.stop = stop.token();
                    let base_url = client.base_url.clone();
                    let own_token = OwnToken::of(&client.credentials);
                    let client = Client::new(client).map_err(|e| wording::invalid_configuration(&e))?;
                    let window = config.concurrent_writers_window.as_str().and_then(checks::parse_duration);
                    let files = HostFiles::new(self.lock_dirs(&config)?);
                    let secrets = Holders::new(files.clone(), &base_url, stop.clone());
                    let settings = Settings {
                        concurrent_writers_window: window.unwrap_or(Duration::ZERO),
                        own_token,
                        stop: stop.clone(),
                        ..Settings::new(files, base_url)
                    };
                    let tokens = TokenService::new(client.clone(), settings);
                    Access::Open(Api { client, tokens, secrets, credential: own_token, credential_place })
                }
            };
            let guardrails = Arc::new(Guardrails::from(&config.guardrails));
            Ok(Configured { access, account_id, guardrails })
        };
        match configured() {
            Ok(configured) => {
                self.session.configure(configured);
                Diagnostics::none()
            }
            Err(diagnostic) => Diagnostic::into(diagnostic),
        }
    }

    async fn stop(&self) {
        self.stopper().stop();
    }

    async fn close(&self) {
        if let Some(api) = self.session.api() {
            self.open.close_all(&api.tokens).await;
        }
    }
}
