//! The data source `cloudflare_secrets_store`: the Secrets Stores of an account and their secrets.

use async_trait::async_trait;

use crate::cloudflare::{Store, StoreSecret};
use crate::model;
use crate::owner::Owner;
use crate::provider::owner::{Account, Ownership, known};
use crate::provider::secret::store;
use crate::provider::session::Session;
use crate::provider::wording;
use crate::tf_provider::framework::{DataSource, Diagnostic, Diagnostics, List, Set, Value, computed};

model! {
    /// The Secrets Stores of an account and their secrets, without the values, which the API never returns. An account has
    /// one store.
    pub(crate) struct StoresData {
        ..account: Account,
        /// The stores.
        stores: List<StoreView> = computed(),
    }
}

model! {
    /// A store.
    pub(crate) struct StoreView {
        /// Its id.
        id: String = computed(),
        /// Its name.
        name: String = computed(),
        /// Its secrets, sorted by name.
        secrets: List<StoreSecretView> = computed(),
    }
}

model! {
    /// A secret.
    pub(crate) struct StoreSecretView {
        /// Its id.
        id: String = computed(),
        /// Its name, unique in its store.
        name: String = computed(),
        /// The services that can use it: `workers`, `ai_gateway`, `dex`, `access`.
        scopes: Set<String> = computed(),
        /// The comment on it.
        comment: String = computed(),
        /// `pending`, `active` or `deleted`.
        status: String = computed(),
        /// When it was made.
        created: String = computed(),
        /// When it was last changed.
        modified: String = computed(),
    }
}

/// The data source.
pub(crate) struct SecretsStores {
    pub(crate) session: Session,
}

#[async_trait]
impl DataSource for SecretsStores {
    type Model = StoresData;

    const TYPE_NAME: &'static str = "cloudflare_secrets_store";

    async fn read(&self, config: StoresData) -> (Option<StoresData>, Diagnostics) {
        let account = config.account.or_of_provider(&self.session.account_id());
        match self.stores(&account).await {
            Ok(stores) => {
                let stores = Value::Known(stores.into_iter().collect());
                (Some(StoresData { account, stores }), Diagnostics::none())
            }
            Err(diagnostic) => (None, diagnostic.into()),
        }
    }
}

impl SecretsStores {
    async fn stores(&self, account: &Account) -> Result<Vec<StoreView>, Diagnostic> {
        let (api, owner) = (self.session.require()?, known(account.owner())?);
        let Owner::Account(account) = owner else { return Ok(Vec::new()) };
        let failed = |error| wording::store_secret(&wording::stores_unreadable(), &error);
        let mut views = Vec::new();
        for found in store::stores(&api.client, &account).await.map_err(failed)? {
            let mut secrets = store::secrets(&api.client, &account, &found.id).await.map_err(failed)?;
            secrets.sort_by(|a, b| a.name.cmp(&b.name));
            views.push(view(found, secrets));
        }
        Ok(views)
    }
}

fn view(store: Store, secrets: Vec<StoreSecret>) -> StoreView {
    let or_null = |text: String| Value::from(Some(text).filter(|text| !text.is_empty()));
    let secret = |secret: StoreSecret| StoreSecretView {
        id: secret.id.into(),
        name: secret.name.into(),
        scopes: Value::Known(secret.scopes.into_iter().collect()),
        comment: or_null(secret.comment),
        status: or_null(secret.status),
        created: or_null(secret.created),
        modified: or_null(secret.modified),
    };
    StoreView {
        id: store.id.into(),
        name: store.name.into(),
        secrets: Value::Known(secrets.into_iter().map(secret).collect()),
    }
}
