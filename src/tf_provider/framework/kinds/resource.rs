//! Managed resources: what implements them.

use async_trait::async_trait;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value as Json;

use crate::tf_provider::framework::diagnostics::{Diagnostic, Diagnostics};
use crate::tf_provider::framework::path::Path;
use crate::tf_provider::framework::schema::Model;
use crate::tf_provider::framework::value::Raw;

/// A plan in the making. The framework has planned what the declarations say; the resource may change `planned`,
/// within core's rules: what the configuration sets is planned as configured or as it was.
pub struct Planning<R: Resource + ?Sized> {
    /// The configuration; write-only values are here only.
    pub config: R::Model,
    /// What it was; none on create.
    pub prior: Option<R::Model>,
    /// What it will be. Computed values still hold what they held: if anything differs in the end, the framework
    /// makes unknown those that do not outlive an update, unless the resource changed them itself.
    pub planned: R::Model,
    /// Attributes whose change makes a new object.
    pub requires_replace: Vec<Path>,
    /// Private state, carried on to apply.
    pub private: R::Private,
    /// Core asks again, at apply: the first plan has looked for what is worth a warning. Not every client tells.
    pub again: bool,
}

/// A change of an existing object.
pub struct Updating<R: Resource + ?Sized> {
    /// The configuration, wholly known; write-only values are here only.
    pub config: R::Model,
    /// What it was.
    pub prior: R::Model,
    /// What it shall be.
    pub planned: R::Model,
    /// Private state of the plan.
    pub private: R::Private,
}

/// An object as it now is, in Terraform's state.
pub struct Applied<R: Resource + ?Sized> {
    /// The state.
    pub state: R::Model,
    /// Private state.
    pub private: R::Private,
}

impl<R: Resource + ?Sized> Clone for Applied<R> {
    fn clone(&self) -> Applied<R> {
        Applied { state: self.state.clone(), private: self.private.clone() }
    }
}

/// The outcome of a create or an update. Whatever was made must be in it, also beside an error: on create it is then
/// saved as tainted; without it nobody would know of it. On update, none keeps the prior state.
pub type Created<R> = (Option<Applied<R>>, Diagnostics);

/// The outcome of a read: none where the object is gone. On errors the old state is kept.
pub type ReadBack<R> = (Option<Applied<R>>, Diagnostics);

/// What an import is given.
pub enum ResourceId {
    /// The id that the user wrote.
    Id(String),
    /// The identity that the user wrote, or that a list found.
    Identity(Raw),
}

/// The outcome of an import; what it leaves null is read right after.
pub type Imported<R> = Result<Applied<R>, Diagnostics>;

/// State of an older version of the schema, as JSON.
pub struct PriorState {
    /// The version that wrote it.
    pub version: i64,
    /// The state. May hold secrets.
    pub json: Json,
}

/// State of another resource type, or of another provider's, that a `moved` block hands over.
pub struct MoveSource {
    /// Such as `registry.terraform.io/cloudflare/cloudflare`.
    pub provider_address: String,
    /// The other type's name.
    pub type_name: String,
    /// The version of its schema.
    pub schema_version: i64,
    /// Its state. May hold secrets.
    pub json: Json,
    /// Its private state, in a form that only the provider that wrote it knows.
    pub private: Vec<u8>,
}

impl MoveSource {
    /// The provider as `namespace/type`. The host does not count: registries and mirrors have the same provider.
    pub fn provider(&self) -> &str {
        without_host(&self.provider_address)
    }
}

/// A provider's address without the host.
pub(in crate::tf_provider::framework) fn without_host(address: &str) -> &str {
    address.split_once('/').map_or(address, |(_, rest)| rest)
}

/// A managed resource: a model, and what makes, reads, changes and deletes it.
#[async_trait]
pub trait Resource: Send + Sync + 'static {
    /// Configuration, plan and state.
    type Model: Model;
    /// What is kept beside the state for the provider alone. Not encrypted: never a secret.
    type Private: Serialize + DeserializeOwned + Default + Clone + Send + Sync + 'static;

    /// Its type's name.
    const TYPE_NAME: &'static str;
    /// The version of the state's layout.
    const VERSION: i64 = 0;

    /// Checks beyond those of the attributes. Values may be unknown.
    async fn validate(&self, config: Self::Model) -> Diagnostics {
        let _ = config;
        Diagnostics::none()
    }

    /// Refines a plan. Must come to the same outcome when it is called again at apply.
    async fn plan(&self, planning: &mut Planning<Self>) -> Diagnostics {
        let _ = planning;
        Diagnostics::none()
    }

    /// Says at plan whether a deletion will be refused.
    async fn plan_delete(&self, prior: Self::Model) -> Diagnostics {
        let _ = prior;
        Diagnostics::none()
    }

    /// Makes the object: `planned` with every unknown made known.
    async fn create(
        &self,
        config: Self::Model,
        planned: Self::Model,
        private: Self::Private,
    ) -> Created<Self>;

    /// Looks at the object.
    async fn read(&self, current: Applied<Self>) -> ReadBack<Self>;

    /// Changes the object in place.
    async fn update(&self, updating: Updating<Self>) -> Created<Self>;

    /// Deletes the object; on errors the state is kept.
    async fn delete(&self, prior: Applied<Self>) -> Diagnostics;

    /// Takes an existing object over.
    async fn import(&self, id: ResourceId) -> Imported<Self> {
        let _ = id;
        Err(Diagnostic::error(
            format!("{} cannot be imported", Self::TYPE_NAME),
            "It has nothing to read back.",
        )
        .into())
    }

    /// Refines the configuration that is generated for an existing object: `config` is what follows from the declarations,
    /// without what is computed, the defaults, and secrets. An import with it should plan no change.
    async fn generate_config(&self, state: &Self::Model, config: &mut Self::Model) -> Diagnostics {
        let (_, _) = (state, config);
        Diagnostics::none()
    }

    /// Brings the state of an older version up to date; only called for those.
    async fn upgrade(&self, state: PriorState) -> Result<Self::Model, Diagnostics> {
        let summary = format!("The state of a {} is of an unknown version", Self::TYPE_NAME);
        let detail = format!("Version {} is none that this provider has ever written.", state.version);
        Err(Diagnostic::error(summary, detail).into())
    }

    /// Fills in what a state lacks because an older version wrote it, as far as the rest of the state says it. Called for each
    /// state that is read in. What it fills in is no change: no plan shows it.
    fn complete(&self, state: Self::Model) -> Self::Model {
        state
    }

    /// Takes over the state of another type, or of another provider's type of the same name: `None` where it does not know
    /// that type. The state of this very type never comes here: the framework takes it over.
    async fn move_from(&self, source: MoveSource) -> Option<Result<Applied<Self>, Diagnostics>> {
        let _ = source;
        None
    }
}
