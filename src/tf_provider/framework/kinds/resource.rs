//! Managed resources: what implements them.

use async_trait::async_trait;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value as Json;

use crate::tf_provider::framework::diagnostics::{Diagnostic, Diagnostics};
use crate::tf_provider::framework::path::Path;
use crate::tf_provider::framework::schema::Model;
use crate::tf_provider::framework::value::Raw;

/// A plan before it is final. The framework has planned from the declarations. The resource may change `planned` within
/// core's rules: a configured value is planned as configured or as it was.
pub struct Planning<R: Resource + ?Sized> {
    /// The configuration. Only it has write-only values.
    pub config: R::Model,
    /// The object before. `None` on create.
    pub prior: Option<R::Model>,
    /// The planned object.
    pub planned: R::Model,
    /// Attributes whose change makes a new object.
    pub requires_replace: Vec<Path>,
    /// Private state, passed on to apply.
    pub private: R::Private,
    /// Core plans again, at apply. The first plan has given the warnings. Not every client says so.
    pub again: bool,
}

/// A change of an existing object.
pub struct Updating<R: Resource + ?Sized> {
    /// The configuration, completely known. Only it has write-only values.
    pub config: R::Model,
    /// The object before.
    pub prior: R::Model,
    /// The planned object.
    pub planned: R::Model,
    /// Private state of the plan.
    pub private: R::Private,
}

/// An object for Terraform's state.
pub struct Applied<R: Resource + ?Sized> {
    /// The state.
    pub state: R::Model,
    /// Private state.
    pub private: R::Private,
}

impl<R: Resource + ?Sized> Clone for Applied<R> {
    fn clone(&self) -> Self {
        Self { state: self.state.clone(), private: self.private.clone() }
    }
}

/// The outcome of a create or an update. It must have everything that was made, even with an error: after a failed create
/// core saves it as tainted, and otherwise it would be lost. On update, `None` keeps the prior state.
pub type Written<R> = (Option<Applied<R>>, Diagnostics);

/// The outcome of a read. `None` if the object is gone.
pub type ReadBack<R> = (Option<Applied<R>>, Diagnostics);

/// What an import is given.
pub enum ResourceId {
    /// The id that the user wrote.
    Id(String),
    /// The identity that the user wrote, or that a list found.
    Identity(Raw),
}

/// The outcome of an import. What it leaves null is read right after.
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

/// A managed resource: a model, and the operations that make, read, change and delete the object.
#[async_trait]
pub trait Resource: Send + Sync + 'static {
    /// Configuration, plan and state.
    type Model: Model;
    /// The private state, which only the provider reads. Not encrypted: never a secret.
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

    /// Refines a plan. It must give the same result when it is called again at apply.
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
    ) -> Written<Self>;

    /// Reads the object.
    async fn read(&self, current: Applied<Self>) -> ReadBack<Self>;

    /// Changes the object in place.
    async fn update(&self, updating: Updating<Self>) -> Written<Self>;

    /// Deletes the object. On errors the state is kept.
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

    /// Refines the configuration that is generated for an existing object. `config` follows from the declarations, without
    /// computed values, defaults and secrets. An import with it should plan no change.
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

    /// Adds attributes that a state of an older version lacks, if they follow from the rest of the state. Called for each
    /// state that is read. The additions are no change: no plan shows them.
    fn complete(&self, state: Self::Model) -> Self::Model {
        state
    }

    /// Takes over the state of another type, or of another provider's type of the same name. `None` if it does not know
    /// that type. The framework itself takes over states of this type.
    async fn move_from(&self, source: MoveSource) -> Option<Result<Applied<Self>, Diagnostics>> {
        let _ = source;
        None
    }
}
