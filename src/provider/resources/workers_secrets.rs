//! `cloudflare_workers_secrets`: secrets of a Worker that are written together. Its other secrets and its script stay
//! as they are.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::cloudflare::WorkerSecret;
use crate::model;
use crate::path;
use crate::provider::owner::Account;
use crate::provider::secret::bulk::{Edited, Facts, SecretsFields, added, after, decide, edits};
use crate::provider::secret::{Held, Origins, Worker, WorkerFields, no_look};
use crate::provider::session::{Api, Begun, Session};
use crate::provider::{checks, import, wording};
use crate::random;
use crate::tf_provider::framework::{
    Applied, Diagnostics, Imported, Model as _, Planning, Raw, ReadBack, Resource, ResourceId, Updating,
    Value, Written,
};

model! {
    /// Secrets of a Worker, which its script reads as bindings. However many of them change, an apply deploys one new version of
    /// the Worker. With `cloudflare_workers_secret` each secret deploys one.
    ///
    /// Only the names that are configured are managed: the Worker's script, its other secrets and its other bindings stay as they
    /// are. A name that is taken out of the configuration is removed. The API never tells a secret's value: a secret that was
    /// removed outside is put again, but a value that was changed outside is not seen.
    pub(crate) struct Model {
        ..account: Account,
        ..secrets: SecretsFields,
    }
}

/// The private state.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Private {
    /// Which of the secrets may be foreign.
    #[serde(default)]
    origins: Origins,
    /// The time of the last write that the state knows of, in Unix milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sent_on: Option<i64>,
}

/// The resource type.
pub(crate) struct WorkersSecrets {
    session: Session,
}

impl Model {
    fn worker<'a>(&'a self, api: &'a Api) -> Option<Worker<'a>> {
        let account = self.account.account_id.as_str()?;
        Some(Worker { client: &api.client, account, script: self.script()? })
    }

    fn script(&self) -> Option<&str> {
        self.secrets.worker.script_name.as_str()
    }

    fn failed(&self, what: &str) -> String {
        wording::workers_secrets_failed(what, self.script().unwrap_or_default())
    }

    /// The diagnostics of the writes.
    fn not_edited(&self, edited: &Edited) -> Diagnostics {
        match edited {
            Edited::Done => Diagnostics::none(),
            Edited::Failed { error, .. } => wording::workers_secrets(&self.failed("write"), error).into(),
            Edited::Left { names, error } => {
                wording::secrets_not_removed(&self.failed("remove some of"), names, error.as_ref()).into()
            }
            Edited::Missing(names) => wording::secrets_not_put(&self.failed("put some of"), names).into(),
        }
    }
}

#[async_trait]
impl Resource for WorkersSecrets {
    type Model = Model;
    type Private = Private;

    const TYPE_NAME: &'static str = "cloudflare_workers_secrets";

    async fn validate(&self, config: Model) -> Diagnostics {
        config.secrets.validate()
    }

    async fn plan(&self, planning: &mut Planning<Self>) -> Diagnostics {
        let Begun { api, unreachable, mut found } = self.session.begin(planning);
        if planning.prior.is_none() {
            planning.private = Private::default();
        }
        let prior = planning.prior.as_ref().map(|prior| &prior.secrets);
        let facts = Facts { prior, planned: &planning.planned.secrets, config: &planning.config.secrets };
        let (secrets, decided) = decide(&facts);
        planning.planned.secrets = secrets;
        found.extend(decided);
        let added = added(prior, &planning.planned.secrets);
        // On a replacement, Terraform also plans the new object as a create. That plan looks at the new Worker.
        if let (Some(api), false, true) = (&api, added.is_empty(), planning.requires_replace.is_empty())
            && let Some(worker) = planning.planned.worker(api)
        {
            let (there, warnings) = look(&worker, &added).await;
            found.extend(warnings);
            let free =
                added.iter().filter(|name| there.as_ref().is_some_and(|there| !there.contains(**name)));
            planning.private.origins.found_free(free.map(|name| (*name).to_owned()));
        }
        // A plan without changes needs no access to the API.
        if planning.prior.as_ref().is_none_or(|prior| *prior != planning.planned) {
            found.extend(Diagnostics(unreachable.into_iter().collect()));
        }
        found
    }

    async fn create(&self, config: Model, planned: Model, private: Private) -> Written<Self> {
        self.write(&config, None, planned, &private).await
    }

    async fn read(&self, current: Applied<Self>) -> ReadBack<Self> {
        let api = match self.session.way() {
            Ok(api) => api,
            Err(unreachable) => return (Some(current), unreachable.into()),
        };
        let state = &current.state;
        let worker = api.as_ref().and_then(|api| state.worker(api));
        let (Some(worker), false) = (worker, state.secrets.managed().is_empty()) else {
            return (Some(current), Diagnostics::none());
        };
        let there = match worker.find(&state.secrets.managed()).await {
            Ok(there) => there,
            Err(error) => {
                let found = wording::workers_secrets(&state.failed("read"), &error).into();
                return (Some(current), found);
            }
        };
        // An earlier run on this host ended before Terraform could save what it wrote.
        let by = state.secrets.worker.id.as_str().unwrap_or_default();
        let unheard = api.iter().flat_map(|api| {
            let (since, managed) = (current.private.sent_on, state.secrets.managed());
            api.secrets.unheard_of_worker(worker.account, worker.script, by, since, &managed)
        });
        let unheard: BTreeMap<String, bool> = unheard.collect();
        let mut private = current.private.clone();
        private.origins = private.origins.unheard(&unheard, &state.secrets.managed(), &there);
        let refreshed = state.secrets.in_doubt_of(unheard.keys()).refreshed(&there);
        let account = state.account.clone();
        let refreshed = refreshed.map(|secrets| Applied { state: Model { account, secrets }, private });
        (refreshed, Diagnostics::none())
    }

    async fn update(&self, updating: Updating<Self>) -> Written<Self> {
        let Updating { config, prior, planned, private } = updating;
        self.write(&config, Some(prior), planned, &private).await
    }

    async fn delete(&self, prior: Applied<Self>) -> Diagnostics {
        let state = &prior.state;
        // Terraform passes no private state to the delete of a tainted object.
        let origins = &prior.private.origins.with_foreign(state.secrets.doubt.foreign());
        let api = match self.session.require() {
            Ok(api) => api,
            Err(diagnostic) => return diagnostic.into(),
        };
        let Some(worker) = state.worker(&api) else { return Diagnostics::none() };
        let mut held = match api.secrets.worker(worker.account, worker.script).await {
            Ok(held) => held,
            Err(error) => return wording::secret_lock(&state.failed("remove"), &error).into(),
        };
        let managed = state.secrets.managed();
        let others = of_others(&held, &state.secrets);
        let own: BTreeSet<&str> = managed.difference(&others).copied().collect();
        let certain = own.iter().filter(|name| !origins.is_perhaps_foreign(name));
        let removals = certain.map(|name| (*name, None)).collect();
        let by = state.secrets.worker.id.as_str().unwrap_or_default();
        held.begin(own.iter().copied(), by, prior.private.sent_on, |_| false);
        let edited = match worker.edit(&removals).await {
            // A deleted Worker has no secrets left to remove.
            Edited::Failed { error, may_have_effect: false } if error.is_worker_not_found() => {
                match worker.find(&own).await {
                    Ok(there) if there.is_empty() => Edited::Done,
                    _ => Edited::Failed { error, may_have_effect: false },
                }
            }
            edited => edited,
        };
        let mut found = state.not_edited(&edited);
        if !found.has_error() {
            own.iter().for_each(|name| held.deleted(name));
            found.extend(left_behind(&worker, &own, origins).await);
        } else {
            held.heard(by, false);
        }
        found
    }

    async fn generate_config(&self, state: &Model, _: &mut Model) -> Diagnostics {
        let names: Vec<_> = state.secrets.managed().into_iter().collect();
        wording::generated_without_values(&names).at(path!(SecretsFields.secrets)).into()
    }

    async fn import(&self, id: ResourceId) -> Imported<Self> {
        let by_id = |rest: &str| {
            let (script, names) = rest.split_once('/')?;
            Some((script.to_owned(), names.split(',').map(str::to_owned).collect()))
        };
        let by_identity = |identity: &Raw| {
            let Raw::List(names) = identity.get("names") else { return None };
            let names = names.iter().map(|name| name.as_str().map(str::to_owned)).collect::<Option<_>>()?;
            Some((identity.get("script_name").as_str()?.to_owned(), names))
        };
        let named: Option<(Account, (String, BTreeSet<String>))> =
            import::read(&id, &self.session.account_id(), by_id, by_identity);
        let whole = named.filter(|(account, (script, names))| {
            let known = account.account_id.as_str().is_some_and(checks::is_id) && !script.is_empty();
            known && !names.is_empty() && names.iter().all(|name| !name.trim().is_empty())
        });
        let Some((account, (script, names))) = whole else { return Err(wording::wrong_secrets_id().into()) };
        let worker = WorkerFields { script_name: script.into(), ..WorkerFields::null() };
        let names = names.into_iter().collect();
        let secrets = SecretsFields { worker, names: Value::Known(names), ..SecretsFields::null() };
        Ok(Applied { state: Model { account, secrets }, private: Private::default() })
    }
}

/// Looks for secrets that would be put for the first time. Returns the names of the Worker's secrets. A missing Worker
/// has none. `None` if they cannot be read.
async fn look(worker: &Worker<'_>, added: &BTreeSet<&str>) -> (Option<BTreeSet<String>>, Diagnostics) {
    match worker.secrets().await {
        Ok(there) => {
            let taken: Vec<&WorkerSecret> =
                there.iter().filter(|secret| added.contains(secret.name.as_str())).collect();
            let found = match taken.as_slice() {
                [] => Diagnostics::none(),
                taken => {
                    let warning = wording::secrets_exist(worker.account, worker.script, taken);
                    warning.at(path!(SecretsFields.secrets)).into()
                }
            };
            (Some(there.into_iter().map(|secret| secret.name).collect()), found)
        }
        Err(error) => {
            let free = error.is_worker_not_found().then(BTreeSet::new);
            (
                free,
                Diagnostics(no_look(&error, worker.account, worker.script, "secrets").into_iter().collect()),
            )
        }
    }
}

/// The object's names that another object has put later. This object must not remove them.
fn of_others<'a>(held: &Held, secrets: &'a SecretsFields) -> BTreeSet<&'a str> {
    let own = secrets.worker.id.as_str();
    secrets.managed().into_iter().filter(|name| held.is_of_another(name, own)).collect()
}

/// Names the secrets that were not removed because they may be foreign.
async fn left_behind(worker: &Worker<'_>, names: &BTreeSet<&str>, origins: &Origins) -> Diagnostics {
    let foreign: Vec<&str> = names.iter().copied().filter(|name| origins.is_perhaps_foreign(name)).collect();
    if foreign.is_empty() {
        return Diagnostics::none();
    }
    let left: Vec<&str> = match worker.find(&foreign.iter().copied().collect()).await {
        Ok(there) => {
            foreign.into_iter().filter(|name| there.iter().any(|secret| secret.name == **name)).collect()
        }
        Err(_) => foreign,
    };
    if left.is_empty() { Diagnostics::none() } else { wording::secrets_left(worker.script, &left).into() }
}

impl WorkersSecrets {
    /// Makes the resource for a session.
    pub(crate) fn new(session: Session) -> Self {
        Self { session }
    }

    /// Writes the differences between the prior object and the plan.
    async fn write(
        &self,
        config: &Model,
        prior: Option<Model>,
        mut planned: Model,
        Private { origins, sent_on: since }: &Private,
    ) -> Written<Self> {
        let api = match self.session.require() {
            Ok(api) => api,
            Err(diagnostic) => return (None, diagnostic.into()),
        };
        if planned.secrets.worker.id.known().is_none() {
            let Ok(id) = random::name("put-") else { return (None, wording::no_random_id().into()) };
            planned.secrets.worker.id = id.into();
        }
        let Some(worker) = planned.worker(&api) else { return (None, wording::no_account().into()) };
        let before = prior.as_ref().map(|prior| &prior.secrets);
        for value in config.secrets.values() {
            self.session.settle(value).await;
        }
        let mut held = match api.secrets.worker(worker.account, worker.script).await {
            Ok(held) => held,
            Err(error) => return (None, wording::secret_lock(&planned.failed("write"), &error).into()),
        };
        let others = before.map(|before| of_others(&held, before)).unwrap_or_default();
        let by = planned.secrets.worker.id.as_str().unwrap_or_default();
        let is_of_this = |name: &str| held.has_put(name, by) || !held.is_claimed(name);
        let is_ours =
            |name: &str| !others.contains(name) && !origins.is_perhaps_foreign(name) && is_of_this(name);
        let Some(edits) = edits(before, &planned.secrets, &config.secrets, is_ours) else {
            return (None, wording::secret_names_changed(&planned.failed("write")).into());
        };
        let first = added(before, &planned.secrets);
        let own: BTreeSet<&str> = first.iter().copied().filter(|name| held.is_claimed(name)).collect();
        let put_before: BTreeSet<&str> =
            edits.keys().copied().filter(|name| held.has_put(name, by)).collect();
        let sent_on = held.begin(edits.keys().copied(), by, *since, |name| {
            put_before.contains(name) || origins.is_free(name)
        });
        let edited = worker.edit(&edits).await;
        let mut found = planned.not_edited(&edited);
        let mut secrets = after(&edited, before.cloned(), planned.secrets.clone());
        let mut kept = Origins::default();
        if let Some(secrets) = &mut secrets {
            edits.iter().filter(|(_, value)| value.is_some()).for_each(|(name, _)| held.put(name, by));
            if secrets.doubt.is_noted() {
                let there = worker.secrets().await.unwrap_or_default();
                let there = there.into_iter().map(|secret| secret.name).collect();
                kept = origins.doubted(first, |name| own.contains(name), &there);
                if !kept.foreign().is_empty() {
                    secrets.doubt.note_foreign(kept.foreign());
                }
            } else {
                let managed = secrets.managed();
                let let_go = before.map(SecretsFields::managed).unwrap_or_default();
                let let_go =
                    let_go.into_iter().filter(|name| !managed.contains(name) && !others.contains(name));
                let let_go: BTreeSet<&str> = let_go.collect();
                let_go.iter().for_each(|name| held.deleted(name));
                found.extend(left_behind(&worker, &let_go, origins).await);
            }
        }
        if !api.tokens.is_leaving() {
            held.heard(by, secrets.is_some());
        }
        let account = planned.account.clone();
        let applied = secrets.map(|secrets| {
            let sent_on = if secrets.doubt.is_noted() { before.and(*since) } else { Some(sent_on) };
            Applied { state: Model { account, secrets }, private: Private { origins: kept, sent_on } }
        });
        (applied, found)
    }
}
