//! `cloudflare_workers_secret`: one secret of a Worker, put beside the others without touching the script.
//!
//! The API never returns a secret's value. So the provider sees as drift only that the secret is gone or has another kind.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::cloudflare::workers;
use crate::model;
use crate::path;
use crate::provider::owner::Account;
use crate::provider::secret::absence::{self, Removed};
use crate::provider::secret::{
    self, Facts, Origins, Put, SecretFields, SecretValue, WorkerFields, is_text, no_look,
};
use crate::provider::session::{Begun, Session};
use crate::provider::{checks, import, wording};
use crate::random;
use crate::tf_provider::framework::{
    Applied, Diagnostics, Imported, Model as _, MoveSource, Planning, Raw, ReadBack, Resource, ResourceId,
    Updating, Written,
};

model! {
    /// A secret of a Worker, which its script reads as a binding. The resource manages only this secret: the Worker's
    /// script, its other secrets and its other bindings stay as they are.
    ///
    /// Each write deploys a new version of the Worker, as `wrangler secret put` does. The API never returns a secret's
    /// value. The provider puts a secret again if something else removed it, but cannot see that something else changed its
    /// value.
    pub(crate) struct Model {
        ..account: Account,
        ..secret: SecretFields,
    }
}

/// The private state.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Private {
    /// The put that the state belongs to, in states of version 0.1.0. Later states have an `id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    put: Option<String>,
    /// Whether the secret may be somebody else's.
    #[serde(default, skip_serializing_if = "is_default")]
    origin: Origins,
    /// The time of the last write that the state knows of, in Unix milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sent_on: Option<i64>,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// The resource type.
pub(crate) struct WorkersSecret {
    session: Session,
}

/// A secret's place, completely known.
struct Place<'a> {
    account: &'a str,
    script: &'a str,
    name: &'a str,
}

impl Model {
    fn place(&self) -> Option<Place<'_>> {
        let (script, name) = self.secret.place()?;
        Some(Place { account: self.account.account_id.as_str()?, script, name })
    }
}

impl Place<'_> {
    fn failed(&self, what: &str) -> String {
        wording::workers_secret_failed(what, self.name, self.script)
    }
}

#[async_trait]
impl Resource for WorkersSecret {
    type Model = Model;
    type Private = Private;

    const TYPE_NAME: &'static str = "cloudflare_workers_secret";

    async fn validate(&self, config: Model) -> Diagnostics {
        config.secret.put.validate()
    }

    async fn plan(&self, planning: &mut Planning<Self>) -> Diagnostics {
        let Begun { api, unreachable, mut found } = self.session.begin(planning);
        let planned = planning.planned.clone();
        if planning.prior.is_none() {
            planning.private = Private::default();
        }
        let there = match (&planning.prior, api, planned.place()) {
            (None, Some(api), Some(Place { account, script, name })) => {
                match api.client.send(workers::get_secret(account, script, name)).await {
                    Ok(secret) => Some((account, secret)),
                    Err(error) if error.is_secret_not_found() => {
                        planning.private.origin.found_free([name.to_owned()]);
                        None
                    }
                    Err(error) => {
                        let what = format!("the secret {name}");
                        found.extend(Diagnostics(
                            no_look(&error, account, script, &what).into_iter().collect(),
                        ));
                        None
                    }
                }
            }
            _ => None,
        };
        let prior = planning.prior.as_ref().map(|prior| &prior.secret);
        let facts =
            Facts { prior, planned: &planned.secret, has_value: planning.config.secret.put.is_set(), there };
        let (secret, decided) = secret::decide(&facts);
        planning.planned.secret = secret;
        found.extend(decided);
        // A plan without changes needs no access to the API.
        if planning.prior.as_ref().is_none_or(|prior| *prior != planning.planned) {
            found.extend(Diagnostics(unreachable.into_iter().collect()));
        }
        found
    }

    async fn create(&self, config: Model, mut planned: Model, private: Private) -> Written<Self> {
        let Ok(id) = random::name("put-") else { return (None, wording::no_random_id().into()) };
        planned.secret.worker.id = id.into();
        self.put(&config, None, planned, private).await
    }

    async fn read(&self, current: Applied<Self>) -> ReadBack<Self> {
        let api = match self.session.way() {
            Ok(api) => api,
            Err(unreachable) => return (Some(current), unreachable.into()),
        };
        let (Some(api), Some(place)) = (api, current.state.place()) else {
            return (Some(current), Diagnostics::none());
        };
        let Place { account, script, name } = place;
        let look = || workers::get_secret(account, script, name);
        let there = absence::find(&api.client, look, |_| true).await;
        let mut state = current.state.clone();
        // An earlier run on this host ended before Terraform could save what it wrote.
        let by = state.secret.worker.id.as_str().unwrap_or_default();
        let since = current.private.sent_on;
        if api.secrets.unheard_of_worker(account, script, by, since, &[name].into()).contains_key(name) {
            state.secret.put.doubt.note();
        }
        match there {
            // One whose put is in doubt may come yet.
            Ok(None) if state.secret.put.doubt.is_noted() => {
                (Some(Applied { state, private: current.private }), Diagnostics::none())
            }
            Ok(None) => (None, Diagnostics::none()),
            Ok(Some(secret)) => {
                if !is_text(&secret) {
                    // Something has put another kind of secret in its place. The next apply puts this one again.
                    state.secret.put.forget();
                }
                (Some(Applied { state, private: current.private }), Diagnostics::none())
            }
            Err(error) => {
                let found = wording::workers_secret(&place.failed("read"), &error).into();
                (Some(current.clone()), found)
            }
        }
    }

    async fn update(&self, updating: Updating<Self>) -> Written<Self> {
        let Updating { config, prior, mut planned, private } = updating;
        if planned.secret.worker.id.is_unknown() {
            let Ok(id) = random::name("put-") else { return (None, wording::no_random_id().into()) };
            planned.secret.worker.id = id.into();
        }
        self.put(&config, Some(prior), planned, private).await
    }

    async fn delete(&self, prior: Applied<Self>) -> Diagnostics {
        let api = match self.session.require() {
            Ok(api) => api,
            Err(diagnostic) => return diagnostic.into(),
        };
        let Some(place) = prior.state.place() else { return Diagnostics::none() };
        let mut worker = match api.secrets.worker(place.account, place.script).await {
            Ok(worker) => worker,
            Err(error) => return wording::secret_lock(&place.failed("delete"), &error).into(),
        };
        let own = prior.state.secret.worker.id.as_str().or(prior.private.put.as_deref());
        // With `create_before_destroy` the new secret has taken the old one's place: what is there is not the old one.
        if worker.is_of_another(place.name, own) {
            return Diagnostics::none();
        }
        let look = || workers::get_secret(place.account, place.script, place.name);
        let is_foreign = prior.private.origin.is_perhaps_foreign(place.name);
        if is_foreign || prior.state.secret.put.doubt.foreign().contains(place.name) {
            let left = match absence::find(&api.client, look, |_| true).await {
                Ok(Some(_)) => wording::secrets_left(place.script, &[place.name]).into(),
                Ok(None) => Diagnostics::none(),
                Err(error) => return wording::workers_secret(&place.failed("delete"), &error).into(),
            };
            worker.deleted(place.name);
            return left;
        }
        let delete = || workers::delete_secret(place.account, place.script, place.name);
        worker.begin([place.name], own.unwrap_or_default(), prior.private.sent_on, |_| false);
        let removed = absence::remove(&api.client, delete, look, |_| true).await;
        if matches!(removed, Removed::Done) {
            worker.deleted(place.name);
        } else {
            worker.heard(own.unwrap_or_default(), false);
        }
        match removed {
            // A secret that is gone already, or went with its Worker, counts too.
            Removed::Done => Diagnostics::none(),
            Removed::Kept => wording::secret_kept(&place.failed("delete")).into(),
            Removed::Failed(error) => wording::workers_secret(&place.failed("delete"), &error).into(),
        }
    }

    async fn generate_config(&self, state: &Model, _: &mut Model) -> Diagnostics {
        let name = state.secret.name.as_str().unwrap_or_default();
        wording::generated_without_value(name).at(path!(SecretValue.value)).into()
    }

    async fn import(&self, id: ResourceId) -> Imported<Self> {
        let by_id = |rest: &str| {
            let (script, name) = rest.split_once('/')?;
            let worker = WorkerFields { script_name: script.to_owned().into(), ..WorkerFields::null() };
            Some(SecretFields { worker, name: name.to_owned().into(), ..SecretFields::null() })
        };
        let by_identity = |identity: &Raw| SecretFields::from_object(identity).ok();
        let named = import::read(&id, &self.session.account_id(), by_id, by_identity);
        let state = named.map(|(account, secret)| Model { account, secret });
        let whole = state.filter(|state| {
            state.place().is_some_and(|Place { account, script, name }| {
                checks::is_id(account) && !script.is_empty() && !name.is_empty()
            })
        });
        match whole {
            Some(state) => Ok(Applied { state, private: Private::default() }),
            None => Err(wording::wrong_secret_id().into()),
        }
    }

    async fn move_from(&self, source: MoveSource) -> Option<Imported<Self>> {
        let moved = secret::moved::read(&source)?;
        let applied =
            |(account, secret)| Applied { state: Model { account, secret }, private: Private::default() };
        Some(moved.map(applied).map_err(Diagnostics::from))
    }
}

impl WorkersSecret {
    /// Makes the resource for a session.
    pub(crate) fn new(session: Session) -> Self {
        Self { session }
    }

    /// Puts the secret: new or not, it is the same request, which may be repeated.
    async fn put(
        &self,
        config: &Model,
        prior: Option<Model>,
        planned: Model,
        Private { origin, sent_on: since, .. }: Private,
    ) -> Written<Self> {
        let api = match self.session.require() {
            Ok(api) => api,
            Err(diagnostic) => return (None, diagnostic.into()),
        };
        let text = SecretValue::chosen(&config.secret.put, &planned.secret.put);
        let (Some(place), Some(text)) = (planned.place(), text) else {
            return (None, wording::null_secret_value().at(path!(SecretValue.value)).into());
        };
        self.session.settle(text).await;
        let mut worker = match api.secrets.worker(place.account, place.script).await {
            Ok(worker) => worker,
            Err(error) => return (None, wording::secret_lock(&place.failed("put"), &error).into()),
        };
        let Place { account, script, name } = place;
        let is_own = worker.is_claimed(name);
        let by = planned.secret.worker.id.as_str().unwrap_or_default();
        let sent_on = worker.begin([name], by, since, |_| false);
        let before = prior.as_ref().and(since);
        let put = secret::put(&api.client, || workers::put_secret(account, script, name, text)).await;
        let (origin, found) = match &put {
            Put::Done(_) => (Origins::default(), Diagnostics::none()),
            Put::Failed { error, may_have_effect } => {
                let first = (prior.is_none() && *may_have_effect).then_some(name);
                let there = match first {
                    Some(_) => api.client.send_opt(workers::get_secret(account, script, name)).await,
                    None => Ok(None),
                };
                let there = there.ok().flatten().into_iter().map(|secret| secret.name).collect();
                let failed = wording::workers_secret(&place.failed("put"), error);
                (origin.doubted(first, |_| is_own, &there), failed.into())
            }
        };
        let mut secret = secret::after(&put, prior.map(|prior| prior.secret), planned.secret.clone());
        if let Some(secret) = &mut secret
            && origin.is_perhaps_foreign(name)
        {
            secret.put.doubt.note_foreign(&[name.to_owned()].into());
        }
        if let Some(by) = secret.as_ref().and_then(|secret| secret.worker.id.as_str()) {
            worker.put(place.name, by);
        }
        if !api.tokens.is_leaving() {
            worker.heard(by, secret.is_some());
        }
        let applied = secret.map(|secret| Applied {
            state: Model { account: planned.account.clone(), secret },
            private: Private {
                put: None,
                origin,
                sent_on: if put.is_done() { Some(sent_on) } else { before },
            },
        });
        (applied, found)
    }
}
