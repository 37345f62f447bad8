//! `cloudflare_workers_secret`: one secret of a Worker, put beside the others without touching the script.
//!
//! The API never tells a secret's value, so drift is seen only by what it does tell: that the secret is gone, or that it
//! is of another kind.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use crate::cloudflare::{WorkerSecret, workers};
use crate::model;
use crate::provider::session::Session;
use crate::provider::{account, checks, wording};
use crate::tf_provider::framework::{
    Applied, Created, Diagnostic, Diagnostics, IdentityAttribute, IdentitySchema, Imported, Model, Path,
    Planning, Raw, ReadBack, Resource, ResourceId, Updating, Value, optional, required,
};
use crate::tokens::random_name;

model! {
    /// A secret of a Worker, which its script reads as a binding. Only this one is managed: the Worker's script, its other
    /// secrets and its other bindings stay as they are.
    ///
    /// Each write deploys a new version of the Worker, as `wrangler secret put` does. The API never tells a secret's value:
    /// a secret that was removed outside is put again, but a value that was changed outside is not seen.
    pub(crate) struct WorkersSecretModel {
        /// The account that has the Worker. Default: the provider's.
        account_id: String = optional().or_computed().keep_prior().requires_replace().check(checks::id("an account")),
        /// The Worker's name. It must be deployed.
        script_name: String = required().requires_replace().check(checks::not_blank()),
        /// The name of the binding, by which the script reads the secret.
        name: String = required().requires_replace().check(checks::not_blank()),
        /// The secret. It is kept in Terraform's state: `value_wo` is not. One of the two is required.
        value: SecretString = optional().conflicts_with(&["value_wo", "value_wo_version"]),
        /// The secret, in neither plan nor state; it may come from an ephemeral resource. Terraform cannot see that it
        /// changes: change `value_wo_version` with it.
        value_wo: SecretString = optional().write_only(),
        /// Any whole number. When it changes, `value_wo` is put again. Required with `value_wo`.
        value_wo_version: i64 = optional(),
    }
}

/// The only kind of secret that this resource puts.
const SECRET_TEXT: &str = "secret_text";

/// The resource type.
pub(crate) struct WorkersSecret {
    session: Session,
    /// One lock for each Worker. A write makes a version of the whole script from the latest one: of two at the same time,
    /// one may lose.
    workers: Mutex<HashMap<String, Arc<tokio::sync::Mutex<Puts>>>>,
}

/// A secret's place, wholly known.
struct Place<'a> {
    account: &'a str,
    script: &'a str,
    name: &'a str,
}

/// The last put of this run, by the secret's name.
type Puts = HashMap<String, String>;

/// What is kept beside the state.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Private {
    /// Which put the state is of: it tells an object from a newer one in the same place.
    #[serde(default)]
    put: Option<String>,
}

impl WorkersSecretModel {
    fn place(&self) -> Option<Place<'_>> {
        let (account, script) = (self.account_id.as_str()?, self.script_name.as_str()?);
        Some(Place { account, script, name: self.name.as_str()? })
    }
}

#[async_trait]
impl Resource for WorkersSecret {
    type Model = WorkersSecretModel;
    type Private = Private;

    const TYPE_NAME: &'static str = "cloudflare_workers_secret";

    fn identity_schema(&self) -> Option<IdentitySchema> {
        Some(IdentitySchema {
            version: 0,
            attributes: vec![
                IdentityAttribute::optional(
                    "account_id",
                    "The account that has the Worker; the provider's if left out.",
                ),
                IdentityAttribute::required("script_name", "The Worker's name."),
                IdentityAttribute::required("name", "The secret's name."),
            ],
        })
    }

    fn identity(&self, state: &WorkersSecretModel) -> Option<Raw> {
        let Place { account, script, name } = state.place()?;
        let parts = [("account_id", account), ("script_name", script), ("name", name)];
        Some(Raw::Map(parts.into_iter().map(|(key, text)| (key.to_owned(), Raw::string(text))).collect()))
    }

    async fn validate(&self, config: WorkersSecretModel) -> Diagnostics {
        let WorkersSecretModel { value, value_wo, value_wo_version, .. } = config;
        let missing = |summary: &str, detail: &str, at| Diagnostic::error(summary, detail).at(Path::of(at));
        match (value.is_null(), value_wo.is_null(), value_wo_version.is_null()) {
            (true, true, true) => missing(
                "No value",
                "Set `value`, or `value_wo` with `value_wo_version`, which keeps the secret out of the state.",
                "value",
            )
            .into(),
            // Not known yet, it may turn out to be null.
            (_, false, true) if !value_wo.is_unknown() => missing(
                "`value_wo` needs `value_wo_version`",
                "Terraform keeps nothing of `value_wo` and cannot see that it changes. Set `value_wo_version` to 1, and \
                 raise it whenever the secret is to be put again.",
                "value_wo",
            )
            .into(),
            (true, true, false) => missing(
                "`value_wo_version` without `value_wo`",
                "The version says which `value_wo` was put. Set `value_wo`, or leave both out and set `value`.",
                "value_wo_version",
            )
            .into(),
            _ => Diagnostics::none(),
        }
    }

    async fn plan(&self, planning: &mut Planning<Self>) -> Diagnostics {
        let prior_account = planning.prior.as_ref().map(|prior| &prior.account_id);
        let mut found = account::plan(
            &self.session,
            &planning.config.account_id,
            prior_account,
            &mut planning.planned.account_id,
            &mut planning.requires_replace,
        );
        if planning.prior.is_none() {
            found.extend(self.taken_over(&planning.planned).await);
        }
        found
    }

    async fn create(
        &self,
        config: WorkersSecretModel,
        planned: WorkersSecretModel,
        _private: Private,
    ) -> Created<Self> {
        self.put(&config, planned, true).await
    }

    async fn read(&self, current: Applied<Self>) -> ReadBack<Self> {
        let Some(tokens) = self.session.tokens() else { return (Some(current), Diagnostics::none()) };
        let Applied { mut state, .. } = current.clone();
        let Some(Place { account, script, name }) = current.state.place() else {
            return (Some(current), Diagnostics::none());
        };
        match tokens.client().send_opt(workers::get_secret(account, script, name)).await {
            Ok(None) => (None, Diagnostics::none()),
            Ok(Some(secret)) => {
                if !is_text(&secret) {
                    // Somebody has put another kind of secret in its place: the next apply puts this one again.
                    state.value = Value::Null;
                    state.value_wo_version = Value::Null;
                }
                (Some(Applied { state, private: current.private }), Diagnostics::none())
            }
            Err(error) => {
                let failed = format!("Could not read the secret {name} of the Worker {script}");
                (Some(current), wording::workers_secret(&failed, &error).into())
            }
        }
    }

    async fn update(&self, updating: Updating<Self>) -> Created<Self> {
        self.put(&updating.config, updating.planned, false).await
    }

    async fn delete(&self, prior: Applied<Self>) -> Diagnostics {
        let tokens = match self.session.require() {
            Ok(tokens) => tokens,
            Err(diagnostic) => return diagnostic.into(),
        };
        let Some(Place { account, script, name }) = prior.state.place() else { return Diagnostics::none() };
        let worker = self.worker(account, script);
        let mut puts = worker.lock().await;
        // With `create_before_destroy` the new secret has taken the old one's place: what is there is not the old one.
        if puts.get(name).is_some_and(|last| prior.private.put.as_ref() != Some(last)) {
            return Diagnostics::none();
        }
        match tokens.client().send_opt(workers::delete_secret(account, script, name)).await {
            // Gone already, or with its Worker.
            Ok(_) => {
                puts.remove(name);
                Diagnostics::none()
            }
            Err(error) => {
                let failed = format!("Could not delete the secret {name} of the Worker {script}");
                wording::workers_secret(&failed, &error).into()
            }
        }
    }

    async fn import(&self, id: ResourceId) -> Imported<Self> {
        let own = |part: &str| Value::Known(part.to_owned());
        let state = match &id {
            ResourceId::Id(text) => match text.splitn(3, '/').collect::<Vec<_>>()[..] {
                [account, script, name] => Some((own(account), own(script), own(name))),
                _ => None,
            },
            ResourceId::Identity(identity) => {
                let part = |name| Value::from(identity.get(name).as_str().map(str::to_owned));
                Some((self.session.account_id(&part("account_id")), part("script_name"), part("name")))
            }
        };
        let named = |text: &Value<String>| text.as_str().is_some_and(|text| !text.is_empty());
        match state {
            Some((account_id, script_name, name))
                if account_id.as_str().is_some_and(checks::is_id) && named(&script_name) && named(&name) =>
            {
                let state = WorkersSecretModel { account_id, script_name, name, ..WorkersSecretModel::null() };
                Ok(Applied { state, private: Private::default() })
            }
            _ => Err(Diagnostic::error(
                "Invalid import id",
                "Write <account_id>/<script_name>/<name>: the account's id of 32 hexadecimal digits, the Worker's name and \
                 the secret's name. The API does not tell the secret's value: the next apply puts the configured one.",
            )
            .into()),
        }
    }
}

impl WorkersSecret {
    /// The resource type, over this session.
    pub(crate) fn new(session: Session) -> WorkersSecret {
        WorkersSecret { session, workers: Mutex::default() }
    }

    /// Puts the secret: new or not, it is the same request, which may be repeated.
    async fn put(
        &self,
        config: &WorkersSecretModel,
        planned: WorkersSecretModel,
        is_new: bool,
    ) -> Created<Self> {
        let tokens = match self.session.require() {
            Ok(tokens) => tokens,
            Err(diagnostic) => return (None, diagnostic.into()),
        };
        let text = config.value_wo.known().or(planned.value.known());
        let (Some(Place { account, script, name }), Some(text)) = (planned.place(), text) else {
            let detail =
                "Neither `value` nor `value_wo` is set to anything: what it refers to turned out to be null.";
            return (None, Diagnostic::error("No value", detail).at(Path::of("value")).into());
        };
        let worker = self.worker(account, script);
        let mut puts = worker.lock().await;
        match tokens.client().send(workers::put_secret(account, script, name, text)).await {
            Ok(_) => {
                let put = random_name("put-");
                puts.extend(put.clone().map(|put| (name.to_owned(), put)));
                (Some(Applied { state: planned, private: Private { put } }), Diagnostics::none())
            }
            Err(error) => {
                let failed = format!("Could not put the secret {name} of the Worker {script}");
                let found = wording::workers_secret(&failed, &error).into();
                // One that may be there all the same is kept in the state, so that a destroy removes it.
                let may_be = is_new && error.is_ambiguous();
                (may_be.then_some(Applied { state: planned, private: Private::default() }), found)
            }
        }
    }

    /// Says at plan that a secret of this name is there already: the API would overwrite it without a word. What stands
    /// in the way of a look stands in the way of the write too, or passes: it is told then.
    async fn taken_over(&self, planned: &WorkersSecretModel) -> Diagnostics {
        let (Some(tokens), Some(place)) = (self.session.tokens(), planned.place()) else {
            return Diagnostics::none();
        };
        let Place { account, script, name } = place;
        match tokens.client().send_opt(workers::get_secret(account, script, name)).await {
            Ok(Some(secret)) => wording::secret_exists(account, script, &secret, is_text(&secret)).into(),
            Ok(None) | Err(_) => Diagnostics::none(),
        }
    }

    fn worker(&self, account: &str, script: &str) -> Arc<tokio::sync::Mutex<Puts>> {
        let mut workers = self.workers.lock().unwrap_or_else(PoisonError::into_inner);
        workers.entry(format!("{account}/{script}")).or_default().clone()
    }
}

/// Whether it is of the kind that this resource puts; an answer that does not say is taken to be.
fn is_text(secret: &WorkerSecret) -> bool {
    secret.kind.is_empty() || secret.kind == SECRET_TEXT
}
