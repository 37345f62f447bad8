//! `cloudflare_workers_secret`: the secrets of a Worker.

use async_trait::async_trait;
use futures_util::stream::{self, StreamExt};

use crate::model;
use crate::provider::owner::{Account, Ownership, known};
use crate::provider::resources::workers_secret::{self, WorkersSecret};
use crate::provider::secret::{SecretFilter, listed};
use crate::provider::session::Session;
use crate::tf_provider::framework::{Diagnostic, Diagnostics, ListResource, Listed, Listing};

model! {
    /// The names of a Worker's secrets. The API never returns their values.
    pub(crate) struct Model {
        ..owner: Account,
        ..filter: SecretFilter,
    }
}

/// The list.
pub(crate) struct WorkersSecretList {
    /// The ways to the API.
    pub(crate) session: Session,
}

#[async_trait]
impl ListResource for WorkersSecretList {
    type Of = WorkersSecret;
    type Config = Model;

    fn list(&self, config: Model, _: bool) -> Listing<WorkersSecret> {
        let session = self.session.clone();
        let secrets = async move {
            let account = config.owner.or_of_provider(&session.account_id());
            let (api, owner) = (session.require()?, known(account.owner())?);
            let listed = listed(&api.client, &owner, &config.filter).await?;
            Ok::<_, Diagnostic>(listed.into_iter().map(move |(display_name, secret)| {
                let object = workers_secret::Model { account: account.clone(), secret };
                (Some(Listed { display_name, object }), Diagnostics::none())
            }))
        };
        let events = |found: Result<_, Diagnostic>| match found {
            Ok(secrets) => stream::iter(secrets).boxed(),
            Err(why) => stream::iter([(None, why.into())]).boxed(),
        };
        stream::once(secrets).flat_map(events).boxed()
    }
}
