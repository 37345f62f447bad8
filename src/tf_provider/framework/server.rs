//! The registry of everything that a provider has, and the operations that the wire serves.
//!
//! Each operation runs in a task of its own, so that one that the client has given up on still ends, and a panic in it
//! is a diagnostic.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

use serde_json::Value as Json;
use tracing::Instrument;

use super::catch::catch;
use super::diagnostics::{Diagnostic, Diagnostics};
use super::erased::{
    self, ErasedDataSource, ErasedEphemeral, ErasedFunction, ErasedProvider, ErasedResource,
};
use super::kinds::{
    Arguments, ClientCapabilities, DataSource, EphemeralResource, Function, FunctionError, MoveSource,
    PriorState, Provider, Resource, ResourceId,
};
use super::path::Path;
use super::schema::Schemas;
use super::value::Raw;

/// A request to plan one resource. `prior` is null on create, `proposed` and `config` on destroy.
pub struct PlanRequest {
    /// What it was.
    pub prior: Raw,
    /// Core's proposal; only whether it is null counts, the framework plans from the configuration.
    pub proposed: Raw,
    /// The configuration.
    pub config: Raw,
    /// Private state.
    pub private: Vec<u8>,
}

/// A plan. `planned` is absent on errors.
#[derive(Default)]
pub struct PlanResponse {
    /// What it will be.
    pub planned: Option<Raw>,
    /// Attributes whose change makes a new object.
    pub requires_replace: Vec<Path>,
    /// Private state, carried on to apply.
    pub private: Vec<u8>,
    /// The identity, where it is known.
    pub identity: Option<Raw>,
    /// What there is to say.
    pub diagnostics: Diagnostics,
}

/// A request to apply a plan. `prior` is null on create, `planned` and `config` on destroy.
pub struct ApplyRequest {
    /// What it was.
    pub prior: Raw,
    /// What it shall be.
    pub planned: Raw,
    /// The configuration.
    pub config: Raw,
    /// Private state of the plan; on destroy that of the state.
    pub private: Vec<u8>,
}

/// What apply came to. Without `state` core keeps the prior one on errors, and takes the object for gone otherwise.
#[derive(Default)]
pub struct ApplyResponse {
    /// The state.
    pub state: Option<Raw>,
    /// Private state.
    pub private: Vec<u8>,
    /// The identity.
    pub identity: Option<Raw>,
    /// What there is to say.
    pub diagnostics: Diagnostics,
}

/// What a read found; the same shape as an apply's.
pub type ReadResponse = ApplyResponse;
/// What an import found; the same shape as an apply's.
pub type ImportResponse = ApplyResponse;
/// What a move or an upgrade came to; the same shape as an apply's.
pub type StateResponse = ApplyResponse;

/// An opened ephemeral resource.
#[derive(Default)]
pub struct OpenResponse {
    /// The configuration, and what was computed; absent on errors.
    pub result: Option<Raw>,
    /// For renew and close.
    pub private: Vec<u8>,
    /// When it has to be renewed.
    pub renew_at: Option<SystemTime>,
    /// What there is to say.
    pub diagnostics: Diagnostics,
}

/// A renewed ephemeral resource.
#[derive(Default)]
pub struct RenewResponse {
    /// For the next renewal.
    pub private: Vec<u8>,
    /// When that is due.
    pub renew_at: Option<SystemTime>,
    /// What there is to say.
    pub diagnostics: Diagnostics,
}

/// A provider with everything that it has, built once.
pub struct Server {
    provider: Arc<dyn ErasedProvider>,
    resources: BTreeMap<&'static str, Arc<dyn ErasedResource>>,
    data_sources: BTreeMap<&'static str, Arc<dyn ErasedDataSource>>,
    ephemeral_resources: BTreeMap<&'static str, Arc<dyn ErasedEphemeral>>,
    functions: BTreeMap<&'static str, Arc<dyn ErasedFunction>>,
}

/// Builds a [`Server`]: one line per resource, data source, ephemeral resource and function.
pub struct ServerBuilder(Server);

impl ServerBuilder {
    /// Adds a resource type.
    #[must_use]
    pub fn resource<R: Resource>(mut self, resource: R) -> ServerBuilder {
        self.0.resources.insert(R::TYPE_NAME, Arc::new(erased::Typed(resource)));
        self
    }

    /// Adds a data source.
    #[must_use]
    pub fn data_source<D: DataSource>(mut self, data_source: D) -> ServerBuilder {
        self.0.data_sources.insert(D::TYPE_NAME, Arc::new(erased::Typed(data_source)));
        self
    }

    /// Adds an ephemeral resource type.
    #[must_use]
    pub fn ephemeral_resource<E: EphemeralResource>(mut self, ephemeral: E) -> ServerBuilder {
        self.0.ephemeral_resources.insert(E::TYPE_NAME, Arc::new(erased::Typed(ephemeral)));
        self
    }

    /// Adds a function.
    #[must_use]
    pub fn function<F: Function>(mut self, function: F) -> ServerBuilder {
        self.0.functions.insert(F::NAME, Arc::new(erased::Typed(function)));
        self
    }

    /// The server.
    pub fn build(self) -> Server {
        self.0
    }
}

impl Server {
    /// A server of this provider, so far without anything in it.
    pub fn builder<P: Provider>(provider: P) -> ServerBuilder {
        ServerBuilder(Server {
            provider: Arc::new(erased::Typed(provider)),
            resources: BTreeMap::new(),
            data_sources: BTreeMap::new(),
            ephemeral_resources: BTreeMap::new(),
            functions: BTreeMap::new(),
        })
    }

    /// The schemas of everything.
    pub fn schemas(&self) -> Schemas {
        let identity = |(name, resource): (&&'static str, &Arc<dyn ErasedResource>)| {
            Some((*name, resource.identity_schema()?))
        };
        Schemas {
            provider: self.provider.schema(),
            resources: self.resources.iter().map(|(name, r)| (*name, r.schema())).collect(),
            identities: self.resources.iter().filter_map(identity).collect(),
            data_sources: self.data_sources.iter().map(|(name, d)| (*name, d.schema())).collect(),
            ephemeral_resources: self
                .ephemeral_resources
                .iter()
                .map(|(name, e)| (*name, e.schema()))
                .collect(),
            functions: self.functions.iter().map(|(name, f)| (*name, f.signature())).collect(),
        }
    }

    /// Checks a provider block.
    pub async fn validate_provider(&self, config: Raw, client: ClientCapabilities) -> Diagnostics {
        let provider = self.provider.clone();
        run(async move { provider.validate(config, client).await }).await
    }

    /// Takes a provider block. Values may be unknown.
    pub async fn configure(&self, config: Raw) -> Diagnostics {
        let provider = self.provider.clone();
        run(async move { provider.configure(config).await }).await
    }

    /// The user has asked Terraform to stop.
    pub async fn stop(&self) {
        self.provider.stop().await;
    }

    /// The process is about to leave.
    pub async fn close(&self) {
        self.provider.close().await;
    }

    /// Checks a resource's configuration.
    pub async fn validate_resource(
        &self,
        name: &str,
        config: Raw,
        client: ClientCapabilities,
    ) -> Diagnostics {
        match self.resource(name) {
            Ok(resource) => run(async move { resource.validate(config, client).await }).await,
            Err(unknown) => unknown.into(),
        }
    }

    /// Reads a resource's state back from JSON, bringing it up to date if an older version wrote it.
    pub async fn upgrade_resource(&self, name: &str, version: i64, json: Json) -> StateResponse {
        match self.resource(name) {
            Ok(resource) => run(async move { resource.upgrade(PriorState { version, json }).await }).await,
            Err(unknown) => ApplyResponse::failed(unknown.into()),
        }
    }

    /// Looks at a resource's object.
    pub async fn read_resource(&self, name: &str, state: Raw, private: Vec<u8>) -> ReadResponse {
        match self.resource(name) {
            Ok(resource) => run(async move { resource.read(state, private).await }).await,
            Err(unknown) => ApplyResponse::failed(unknown.into()),
        }
    }

    /// Plans a resource.
    pub async fn plan_resource(&self, name: &str, request: PlanRequest) -> PlanResponse {
        match self.resource(name) {
            Ok(resource) => run(async move { resource.plan(request).await }).await,
            Err(unknown) => PlanResponse::failed(unknown.into()),
        }
    }

    /// Applies a resource's plan.
    pub async fn apply_resource(&self, name: &str, request: ApplyRequest) -> ApplyResponse {
        match self.resource(name) {
            Ok(resource) => run(async move { resource.apply(request).await }).await,
            Err(unknown) => ApplyResponse::failed(unknown.into()),
        }
    }

    /// Takes an existing object over.
    pub async fn import_resource(&self, name: &str, id: ResourceId) -> ImportResponse {
        match self.resource(name) {
            Ok(resource) => run(async move { resource.import(id).await }).await,
            Err(unknown) => ApplyResponse::failed(unknown.into()),
        }
    }

    /// Takes over the state of another resource type.
    pub async fn move_resource(&self, target: &str, source: MoveSource) -> StateResponse {
        match self.resource(target) {
            Ok(resource) => run(async move { resource.move_from(source).await }).await,
            Err(unknown) => ApplyResponse::failed(unknown.into()),
        }
    }

    /// Checks a data source's configuration.
    pub async fn validate_data_source(
        &self,
        name: &str,
        config: Raw,
        client: ClientCapabilities,
    ) -> Diagnostics {
        match find(&self.data_sources, name, "data source") {
            Ok(data_source) => run(async move { data_source.validate(config, client).await }).await,
            Err(unknown) => unknown.into(),
        }
    }

    /// Reads a data source.
    pub async fn read_data_source(&self, name: &str, config: Raw) -> (Option<Raw>, Diagnostics) {
        match find(&self.data_sources, name, "data source") {
            Ok(data_source) => run(async move { data_source.read(config).await }).await,
            Err(unknown) => (None, unknown.into()),
        }
    }

    /// Checks an ephemeral resource's configuration.
    pub async fn validate_ephemeral(
        &self,
        name: &str,
        config: Raw,
        client: ClientCapabilities,
    ) -> Diagnostics {
        match find(&self.ephemeral_resources, name, "ephemeral resource") {
            Ok(ephemeral) => run(async move { ephemeral.validate(config, client).await }).await,
            Err(unknown) => unknown.into(),
        }
    }

    /// Opens an ephemeral resource.
    pub async fn open_ephemeral(&self, name: &str, config: Raw) -> OpenResponse {
        match find(&self.ephemeral_resources, name, "ephemeral resource") {
            Ok(ephemeral) => run(async move { ephemeral.open(config).await }).await,
            Err(unknown) => OpenResponse { diagnostics: unknown.into(), ..OpenResponse::default() },
        }
    }

    /// Renews an ephemeral resource.
    pub async fn renew_ephemeral(&self, name: &str, private: Vec<u8>) -> RenewResponse {
        match find(&self.ephemeral_resources, name, "ephemeral resource") {
            Ok(ephemeral) => run(async move { ephemeral.renew(private).await }).await,
            Err(unknown) => RenewResponse { diagnostics: unknown.into(), ..RenewResponse::default() },
        }
    }

    /// Closes an ephemeral resource.
    pub async fn close_ephemeral(&self, name: &str, private: Vec<u8>) -> Diagnostics {
        match find(&self.ephemeral_resources, name, "ephemeral resource") {
            Ok(ephemeral) => run(async move { ephemeral.close(private).await }).await,
            Err(unknown) => unknown.into(),
        }
    }

    /// Calls a function.
    pub async fn call_function(&self, name: &str, arguments: Vec<Raw>) -> Result<Raw, FunctionError> {
        match find(&self.functions, name, "function") {
            Ok(function) => run(async move { function.call(&Arguments(arguments)) }).await,
            Err(unknown) => Failed::failed(unknown.into()),
        }
    }

    fn resource(&self, name: &str) -> Result<Arc<dyn ErasedResource>, Diagnostic> {
        find(&self.resources, name, "resource")
    }
}

fn find<T: ?Sized>(
    all: &BTreeMap<&'static str, Arc<T>>,
    name: &str,
    what: &str,
) -> Result<Arc<T>, Diagnostic> {
    all.get(name).cloned().ok_or_else(|| {
        let detail = format!("This version of the provider has no {what} of the name \"{name}\".");
        Diagnostic::error(format!("Unknown {what}"), detail)
    })
}

/// An outcome that can say that its operation failed.
pub(super) trait Failed {
    fn failed(why: Diagnostics) -> Self;
}

impl Failed for Diagnostics {
    fn failed(why: Diagnostics) -> Diagnostics {
        why
    }
}

impl Failed for (Option<Raw>, Diagnostics) {
    fn failed(why: Diagnostics) -> (Option<Raw>, Diagnostics) {
        (None, why)
    }
}

impl Failed for Result<Raw, FunctionError> {
    fn failed(why: Diagnostics) -> Result<Raw, FunctionError> {
        Err(FunctionError::from(why))
    }
}

impl From<Diagnostics> for FunctionError {
    fn from(why: Diagnostics) -> FunctionError {
        let texts: Vec<_> = why.0.into_iter().map(|d| format!("{}: {}", d.summary, d.detail)).collect();
        FunctionError { text: texts.join("\n"), argument: None }
    }
}

macro_rules! failed {
    ($($response:ty),*) => {$(
        impl Failed for $response {
            fn failed(why: Diagnostics) -> $response {
                Self { diagnostics: why, ..Self::default() }
            }
        }
    )*};
}
failed!(PlanResponse, ApplyResponse, OpenResponse, RenewResponse);

/// Runs an operation in a task of its own, which logs as part of the caller's span.
async fn run<T: Failed + Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> T {
    match tokio::spawn(catch(work).in_current_span()).await {
        Ok(Ok(done)) => done,
        Ok(Err(panicked)) => T::failed(panicked.into()),
        Err(_) => {
            T::failed(Diagnostic::error("The provider is stopping", "The request was not finished.").into())
        }
    }
}
