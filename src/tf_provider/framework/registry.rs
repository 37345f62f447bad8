//! The contents of a provider, by name. Each RPC looks up its type once, and then works with the handle, which has the
//! schema, the types of values and the operations.

use std::collections::BTreeMap;

use tokio_util::task::TaskTracker;

use super::kinds::{
    Action, ActionHandle, DataSource, DataSourceHandle, EphemeralResource, EphemeralResourceHandle, Function,
    FunctionHandle, ListResource, ListResourceHandle, Provider, ProviderHandle, Resource, ResourceHandle,
};
use super::schema::{Schemas, SecretTest};

/// A provider with everything that it has, built once.
pub struct Registry {
    provider: ProviderHandle,
    address: &'static str,
    secret: SecretTest,
    /// The operations under way that may write.
    writes: TaskTracker,
    resources: BTreeMap<&'static str, ResourceHandle>,
    data_sources: BTreeMap<&'static str, DataSourceHandle>,
    ephemeral_resources: BTreeMap<&'static str, EphemeralResourceHandle>,
    list_resources: BTreeMap<&'static str, ListResourceHandle>,
    actions: BTreeMap<&'static str, ActionHandle>,
    functions: BTreeMap<&'static str, FunctionHandle>,
}

/// Builds a [`Registry`]: one line per resource, data source, ephemeral resource, list resource, action and
/// function.
pub struct RegistryBuilder(Registry);

impl RegistryBuilder {
    /// Adds a resource type.
    #[must_use]
    pub fn resource<R: Resource>(mut self, resource: R) -> Self {
        let (address, secret, writes) = (self.0.address, self.0.secret, self.0.writes.clone());
        self.0.resources.insert(R::TYPE_NAME, ResourceHandle::new(resource, address, secret, writes));
        self
    }

    /// Adds a data source.
    #[must_use]
    pub fn data_source<D: DataSource>(mut self, data_source: D) -> Self {
        self.0.data_sources.insert(D::TYPE_NAME, DataSourceHandle::new(data_source, self.0.secret));
        self
    }

    /// Adds an ephemeral resource type.
    #[must_use]
    pub fn ephemeral_resource<E: EphemeralResource>(mut self, ephemeral: E) -> Self {
        let handle = EphemeralResourceHandle::new(ephemeral, self.0.secret, self.0.writes.clone());
        self.0.ephemeral_resources.insert(E::TYPE_NAME, handle);
        self
    }

    /// Adds a list of a resource type's objects.
    #[must_use]
    pub fn list_resource<L: ListResource>(mut self, list: L) -> Self {
        self.0
            .list_resources
            .insert(<L::Of as Resource>::TYPE_NAME, ListResourceHandle::new(list, self.0.secret));
        self
    }

    /// Adds an action.
    #[must_use]
    pub fn action<A: Action>(mut self, action: A) -> Self {
        let handle = ActionHandle::new(action, self.0.secret, self.0.writes.clone());
        self.0.actions.insert(A::TYPE_NAME, handle);
        self
    }

    /// Adds a function.
    #[must_use]
    pub fn function<F: Function>(mut self, function: F) -> Self {
        self.0.functions.insert(F::NAME, FunctionHandle::new(function));
        self
    }

    /// The registry.
    pub fn build(self) -> Registry {
        self.0
    }
}

impl Registry {
    /// An empty registry of this provider.
    pub fn builder<P: Provider>(provider: P) -> RegistryBuilder {
        RegistryBuilder(Self {
            provider: ProviderHandle::new(provider, P::secret_likeness),
            address: P::ADDRESS,
            secret: P::secret_likeness,
            writes: TaskTracker::new(),
            resources: BTreeMap::new(),
            data_sources: BTreeMap::new(),
            ephemeral_resources: BTreeMap::new(),
            list_resources: BTreeMap::new(),
            actions: BTreeMap::new(),
            functions: BTreeMap::new(),
        })
    }

    /// Waits, when the process leaves, until no operation is under way that may write, and closes the provider.
    pub async fn leave(&self) {
        self.writes.close();
        tokio::join!(self.writes.wait(), self.provider.close());
    }

    /// The provider itself.
    pub fn provider(&self) -> &ProviderHandle {
        &self.provider
    }

    /// A resource type.
    pub fn resource(&self, name: &str) -> Option<&ResourceHandle> {
        self.resources.get(name)
    }

    /// A data source.
    pub fn data_source(&self, name: &str) -> Option<&DataSourceHandle> {
        self.data_sources.get(name)
    }

    /// An ephemeral resource type.
    pub fn ephemeral_resource(&self, name: &str) -> Option<&EphemeralResourceHandle> {
        self.ephemeral_resources.get(name)
    }

    /// A list of a resource type's objects.
    pub fn list_resource(&self, name: &str) -> Option<&ListResourceHandle> {
        self.list_resources.get(name)
    }

    /// An action.
    pub fn action(&self, name: &str) -> Option<&ActionHandle> {
        self.actions.get(name)
    }

    /// A function.
    pub fn function(&self, name: &str) -> Option<&FunctionHandle> {
        self.functions.get(name)
    }

    /// The schemas of everything.
    pub fn schemas(&self) -> Schemas {
        let identity = |(name, r): (&&'static str, &ResourceHandle)| Some((*name, r.identity()?.0.clone()));
        Schemas {
            provider: self.provider.schema().clone(),
            resources: self.resources.iter().map(|(name, r)| (*name, r.schema().clone())).collect(),
            identities: self.resources.iter().filter_map(identity).collect(),
            data_sources: self.data_sources.iter().map(|(name, d)| (*name, d.schema().clone())).collect(),
            ephemeral_resources: self
                .ephemeral_resources
                .iter()
                .map(|(name, e)| (*name, e.schema().clone()))
                .collect(),
            list_resources: self.list_resources.iter().map(|(name, l)| (*name, l.schema().clone())).collect(),
            actions: self.actions.iter().map(|(name, a)| (*name, a.schema().clone())).collect(),
            functions: self.functions.iter().map(|(name, f)| (*name, f.signature().clone())).collect(),
        }
    }
}
