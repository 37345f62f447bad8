//! `cloudflare_secrets_store_secret`: a secret of the account's Secrets Store, which several Workers share.

use async_trait::async_trait;

use crate::cloudflare::{StoreSecret, StoreSecretChange, secrets_store};
use crate::model;
use crate::path;
use crate::provider::owner::Account;
use crate::provider::secret::absence::{self, Removed};
use crate::provider::secret::store::{self, Made, Place, Private, StoreSecretFields, decide, refreshed};
use crate::provider::secret::{Put, SecretValue};
use crate::provider::session::{Api, Begun, Session};
use crate::provider::{checks, import, wording};
use crate::tf_provider::framework::{
    Applied, Diagnostic, Diagnostics, Imported, Model as _, Path, Planning, Raw, ReadBack, Resource,
    ResourceId, Updating, Value, Written,
};

model! {
    /// A secret of the account's Secrets Store. Several Workers can share it, each with a binding of the type
    /// `secrets_store_secret`. A new value takes effect without a new version of their scripts, so this is the best place
    /// for the value of a token that is rotated.
    ///
    /// The API never returns a secret's value. The provider puts a secret again if something else removed it. It also puts
    /// it again if something else changed it and Terraform manages its value.
    pub(crate) struct Model {
        ..account: Account,
        ..secret: StoreSecretFields,
    }
}

/// The resource type.
pub(crate) struct SecretsStoreSecret {
    session: Session,
}

impl Model {
    fn place<'a>(&'a self, api: &'a Api) -> Option<Place<'a>> {
        Some(Place {
            client: &api.client,
            account: self.account.account_id.as_str()?,
            store: self.secret.store_id.as_str()?,
            name: self.secret.name.as_str()?,
        })
    }

    fn failed(&self, what: &str) -> String {
        wording::store_secret_failed(what, self.secret.name.as_str().unwrap_or_default())
    }

    /// The import id of a secret in the same store.
    fn import_id(&self, secret: &StoreSecret) -> String {
        let part = |value: &Value<String>| value.as_str().unwrap_or_default().to_owned();
        format!("{}/{}/{}", part(&self.account.account_id), part(&self.secret.store_id), secret.id)
    }
}

#[async_trait]
impl Resource for SecretsStoreSecret {
    type Model = Model;
    type Private = Private;

    const TYPE_NAME: &'static str = "cloudflare_secrets_store_secret";

    async fn validate(&self, config: Model) -> Diagnostics {
        config.secret.validate()
    }

    async fn plan(&self, planning: &mut Planning<Self>) -> Diagnostics {
        let Begun { api, unreachable, mut found } = self.session.begin(planning);
        if let (Some(api), true) = (&api, planning.planned.secret.store_id.is_unknown())
            && planning.config.secret.store_id.is_null()
            && let Some(account) = planning.planned.account.account_id.as_str()
        {
            match only_store(api, account).await {
                Ok(store) => planning.planned.secret.store_id = store.into(),
                Err(diagnostic) => found.push(diagnostic),
            }
        }
        let planned = planning.planned.clone();
        let there = match (&planning.prior, &api) {
            (None, Some(api)) => match planned.place(api) {
                // An error of this read is ignored: the write gets the same error, or succeeds.
                Some(place) => place.find().await.ok().flatten(),
                None => None,
            },
            _ => None,
        };
        let import = there.map(|there| planned.import_id(&there));
        let prior = planning.prior.as_ref().map(|prior| &prior.secret);
        let has_value = planning.config.secret.put.is_set();
        let (secret, decided) = decide(prior, &planned.secret, has_value, import.as_deref());
        planning.planned.secret = secret;
        found.extend(decided);
        // A plan without changes needs no access to the API.
        if planning.prior.as_ref().is_none_or(|prior| *prior != planning.planned) {
            found.extend(Diagnostics(unreachable.into_iter().collect()));
        }
        found
    }

    async fn create(&self, config: Model, planned: Model, _private: Private) -> Written<Self> {
        self.write(&config, None, planned, None).await
    }

    async fn read(&self, current: Applied<Self>) -> ReadBack<Self> {
        let api = match self.session.way() {
            Ok(Some(api)) => api,
            Ok(None) => return (Some(current), Diagnostics::none()),
            Err(unreachable) => return (Some(current), unreachable.into()),
        };
        let state = &current.state;
        let Some(place) = state.place(&api) else { return (Some(current), Diagnostics::none()) };
        let seen = match state.secret.id.as_str() {
            Some(id) => {
                let look = || secrets_store::get(place.account, place.store, id);
                absence::find(&api.client, look, |seen| !seen.is_deleted()).await
            }
            // A create without an answer leaves no id in the state. The secret that has the name now may belong to
            // another object. The next write finds out.
            None => return (Some(current), Diagnostics::none()),
        };
        match seen {
            Ok(Some(seen)) => {
                let since = current.private.sent_on;
                let (mut secret, private) = refreshed(&state.secret, &current.private, &seen);
                // An earlier run on this host ended before Terraform could save what it wrote.
                if api.secrets.is_unheard_of_store(place.account, place.store, place.name, &seen.id, since) {
                    secret.put.doubt.note();
                }
                let state = Model { account: state.account.clone(), secret };
                (Some(Applied { state, private }), Diagnostics::none())
            }
            Ok(None) => (None, Diagnostics::none()),
            Err(error) => {
                let found = wording::store_secret(&state.failed("read"), &error).into();
                (Some(current), found)
            }
        }
    }

    async fn update(&self, updating: Updating<Self>) -> Written<Self> {
        let Updating { config, prior, planned, private } = updating;
        self.write(&config, Some(prior), planned, private.sent_on).await
    }

    async fn delete(&self, prior: Applied<Self>) -> Diagnostics {
        let state = &prior.state;
        let api = match self.session.require() {
            Ok(api) => api,
            Err(diagnostic) => return diagnostic.into(),
        };
        let Some(place) = state.place(&api) else { return Diagnostics::none() };
        let mut held = match api.secrets.store_secret(place.account, place.store, place.name).await {
            Ok(held) => held,
            Err(error) => return wording::secret_lock(&state.failed("delete"), &error).into(),
        };
        let failed = |error| Diagnostics::from(wording::store_secret(&state.failed("delete"), &error));
        let id = match state.secret.id.as_str() {
            Some(id) => id.to_owned(),
            // The secret with this name may be from the create without an answer, from another object, or from
            // something else.
            None => match place.find_twice().await {
                Ok(Some(there)) if !held.has_put(place.name, &there.id) => {
                    return wording::store_secret_left(place.name, &state.import_id(&there)).into();
                }
                Ok(_) => return Diagnostics::none(),
                Err(error) => return failed(error),
            },
        };
        let delete = || secrets_store::delete(place.account, place.store, &id);
        let look = || secrets_store::get(place.account, place.store, &id);
        held.begin([place.name], &id, prior.private.sent_on, |_| false);
        let removed = absence::remove(&api.client, delete, look, |seen| !seen.is_deleted()).await;
        if matches!(removed, Removed::Done) && !held.is_of_another(place.name, Some(&id)) {
            held.deleted(place.name);
        } else {
            held.heard(&id, false);
        }
        match removed {
            Removed::Done => Diagnostics::none(),
            Removed::Kept => wording::secret_kept(&state.failed("delete")).into(),
            Removed::Failed(error) => failed(error),
        }
    }

    async fn generate_config(&self, state: &Model, _: &mut Model) -> Diagnostics {
        let name = state.secret.name.as_str().unwrap_or_default();
        wording::generated_without_value(name).at(path!(SecretValue.value)).into()
    }

    async fn import(&self, id: ResourceId) -> Imported<Self> {
        let by_id = |rest: &str| {
            let (store, id) = rest.split_once('/')?;
            let (store_id, id) = (store.to_owned().into(), id.to_owned().into());
            Some(StoreSecretFields { store_id, id, ..StoreSecretFields::null() })
        };
        let by_identity = |identity: &Raw| StoreSecretFields::from_object(identity).ok();
        let named = import::read(&id, &self.session.account_id(), by_id, by_identity);
        let state = named.map(|(account, secret)| Model { account, secret });
        let parts = |state: &Model| {
            let Model { account, secret } = state;
            [&account.account_id, &secret.store_id, &secret.id]
                .iter()
                .all(|part| part.as_str().is_some_and(checks::is_id))
        };
        match state.filter(parts) {
            Some(mut state) => {
                // The first read fills in the name.
                state.secret.name = String::new().into();
                Ok(Applied { state, private: Private::default() })
            }
            None => Err(wording::wrong_store_secret_id().into()),
        }
    }
}

/// The account's only store.
async fn only_store(api: &Api, account: &str) -> Result<String, Diagnostic> {
    let failed = |error| wording::store_secret(&wording::stores_unlisted(), &error);
    let stores = store::stores(&api.client, account).await.map_err(failed)?;
    match stores.as_slice() {
        [only] => Ok(only.id.clone()),
        several => Err(wording::no_only_store(several).at(path!(StoreSecretFields.store_id))),
    }
}

impl SecretsStoreSecret {
    /// Makes the resource for a session.
    pub(crate) fn new(session: Session) -> Self {
        Self { session }
    }

    /// Makes or changes the secret.
    async fn write(
        &self,
        config: &Model,
        prior: Option<Model>,
        mut planned: Model,
        since: Option<i64>,
    ) -> Written<Self> {
        let api = match self.session.require() {
            Ok(api) => api,
            Err(diagnostic) => return (None, diagnostic.into()),
        };
        if let (true, Some(account)) =
            (planned.secret.store_id.is_unknown(), planned.account.account_id.as_str())
        {
            match only_store(&api, account).await {
                Ok(store) => planned.secret.store_id = store.into(),
                Err(diagnostic) => return (None, diagnostic.into()),
            }
        }
        let value = SecretValue::chosen(&config.secret.put, &planned.secret.put);
        let Some(place) = planned.place(&api) else { return (None, wording::no_account().into()) };
        let before = prior.as_ref().map(|prior| &prior.secret);
        let in_doubt = before.is_some_and(|before| before.put.doubt.is_noted());
        let same_value = before.is_some_and(|before| before.put.is_same(&planned.secret.put));
        if value.is_none() && !same_value {
            return (None, wording::null_secret_value().at(path!(SecretValue.value)).into());
        }
        if let Some(value) = value {
            self.session.settle(value).await;
        }
        let scopes = planned.secret.scopes();
        let change = StoreSecretChange {
            value: value.filter(|_| !same_value || in_doubt),
            scopes: &scopes,
            comment: planned.secret.comment.as_str().unwrap_or_default(),
        };
        let mut held = match api.secrets.store_secret(place.account, place.store, place.name).await {
            Ok(held) => held,
            Err(error) => return (None, wording::secret_lock(&planned.failed("put"), &error).into()),
        };
        let own = before.and_then(|before| before.id.as_str());
        let sent_on = own.map(|id| held.begin([place.name], id, since, |_| false));
        let made = match own {
            Some(id) => match place.change(id, change).await {
                Put::Done(secret) => Made::Done(secret),
                Put::Failed { error, may_have_effect } => Made::Failed { error, may_have_effect },
            },
            None => place.make(change, in_doubt).await,
        };
        // The id of a new secret is known only now.
        let (by, sent_on) = match &made {
            Made::Done(new) if own.is_none() => {
                (Some(new.id.as_str()), Some(held.begin([place.name], &new.id, None, |_| true)))
            }
            _ => (own, sent_on),
        };
        if let (Some(by), false) = (by, api.tokens.is_leaving()) {
            let changes = matches!(&made, Made::Done(_) | Made::Failed { may_have_effect: true, .. });
            held.heard(by, changes);
        }
        match made {
            Made::Done(written) => {
                held.put(place.name, &written.id);
                let seen = place.settled(written).await;
                let (state, found) = applied(&planned, &seen);
                (Some(Applied { state, private: Private { sent_on, ..Private::of(&seen) } }), found)
            }
            Made::Taken(there) => {
                let taken = wording::store_name_taken(&planned.failed("put"), &planned.import_id(&there));
                (None, taken.at(path!(StoreSecretFields.name)).into())
            }
            // Nothing is in the state, so that an import finds its place free.
            Made::Unsure { there, error } => {
                let import = planned.import_id(&there);
                (None, wording::store_create_unsure(&planned.failed("put"), &import, &error).into())
            }
            Made::Failed { error, may_have_effect } => {
                let found = wording::store_secret(&planned.failed("put"), &error).into();
                if !may_have_effect {
                    return (None, found);
                }
                let mut state = prior.unwrap_or_else(|| planned.clone());
                state.secret.store_id = planned.secret.store_id.clone();
                if state.secret.id.known().is_none() {
                    state.secret.id = Value::Null;
                }
                state.secret.put.doubt.note();
                (Some(Applied { state, private: Private { sent_on: since, ..Private::default() } }), found)
            }
        }
    }
}

/// The state after a successful write, compared with what was requested.
fn applied(planned: &Model, seen: &StoreSecret) -> (Model, Diagnostics) {
    let mut found = Diagnostics::none();
    let mut state = planned.clone();
    for attribute in planned.secret.not_applied(seen) {
        found.push(wording::store_not_applied(attribute).at(Path::of(attribute)));
    }
    if found.has_error() {
        state.secret.observe(seen);
    }
    state.secret.id = seen.id.clone().into();
    if seen.is_pending() {
        found.push(wording::store_secret_pending(&seen.name));
    }
    (state, found)
}
