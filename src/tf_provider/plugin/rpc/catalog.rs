//! What the provider has, by name, prepared for the wire: the types that values are read by, and the schema answers.

use std::collections::BTreeMap;

use tonic::Status;

use crate::tf_provider::framework::{IdentitySchema, Schema, Schemas, Signature, Type};
use crate::tf_provider::plugin::wire::convert;
use crate::tf_provider::plugin::wire::proto::{
    ServerCapabilities, get_functions, get_metadata, get_provider_schema, get_resource_identity_schemas,
};

/// The types of everything, and the answers that list it; built once per process.
pub(super) struct Catalog {
    schemas: Schemas,
    provider: Type,
    resources: BTreeMap<&'static str, ResourceTypes>,
    data_sources: BTreeMap<&'static str, Type>,
    ephemeral_resources: BTreeMap<&'static str, Type>,
}

/// The types of a resource's values.
pub(super) struct ResourceTypes {
    /// Of configuration, plan and state.
    pub(super) object: Type,
    /// Of the identity, with its version; none for types without one.
    pub(super) identity: Option<(Type, i64)>,
}

impl Catalog {
    pub(super) fn new(schemas: Schemas) -> Catalog {
        let types =
            |all: &BTreeMap<&'static str, Schema>| all.iter().map(|(name, s)| (*name, s.ty())).collect();
        let identity =
            |name: &str| schemas.identities.get(name).map(|s: &IdentitySchema| (s.ty(), s.version));
        let resource = |(name, s): (&&'static str, &Schema)| {
            (*name, ResourceTypes { object: s.ty(), identity: identity(name) })
        };
        Catalog {
            provider: schemas.provider.ty(),
            resources: schemas.resources.iter().map(resource).collect(),
            data_sources: types(&schemas.data_sources),
            ephemeral_resources: types(&schemas.ephemeral_resources),
            schemas,
        }
    }

    pub(super) fn provider(&self) -> &Type {
        &self.provider
    }

    pub(super) fn resource(&self, name: &str) -> Result<&ResourceTypes, Status> {
        find(&self.resources, name, "resource")
    }

    pub(super) fn data_source(&self, name: &str) -> Result<&Type, Status> {
        find(&self.data_sources, name, "data source")
    }

    pub(super) fn ephemeral_resource(&self, name: &str) -> Result<&Type, Status> {
        find(&self.ephemeral_resources, name, "ephemeral resource")
    }

    pub(super) fn function(&self, name: &str) -> Result<&Signature, Status> {
        find(&self.schemas.functions, name, "function")
    }

    /// The answer to GetProviderSchema.
    pub(super) fn provider_schema(&self) -> get_provider_schema::Response {
        get_provider_schema::Response {
            provider: Some(convert::schema(&self.schemas.provider)),
            resource_schemas: each(&self.schemas.resources, convert::schema),
            data_source_schemas: each(&self.schemas.data_sources, convert::schema),
            ephemeral_resource_schemas: each(&self.schemas.ephemeral_resources, convert::schema),
            functions: each(&self.schemas.functions, convert::function),
            server_capabilities: Some(CAPABILITIES),
            ..Default::default()
        }
    }

    /// The answer to GetResourceIdentitySchemas.
    pub(super) fn identity_schemas(&self) -> get_resource_identity_schemas::Response {
        get_resource_identity_schemas::Response {
            identity_schemas: each(&self.schemas.identities, convert::identity_schema),
            ..Default::default()
        }
    }

    /// The answer to GetFunctions.
    pub(super) fn functions(&self) -> get_functions::Response {
        let functions = each(&self.schemas.functions, convert::function);
        get_functions::Response { functions, ..Default::default() }
    }

    /// The answer to GetMetadata.
    pub(super) fn metadata(&self) -> get_metadata::Response {
        use get_metadata::{DataSourceMetadata, EphemeralMetadata, FunctionMetadata, ResourceMetadata};
        let Schemas { resources, data_sources, ephemeral_resources, functions, .. } = &self.schemas;
        get_metadata::Response {
            server_capabilities: Some(CAPABILITIES),
            resources: names(resources, |type_name| ResourceMetadata { type_name }),
            data_sources: names(data_sources, |type_name| DataSourceMetadata { type_name }),
            ephemeral_resources: names(ephemeral_resources, |type_name| EphemeralMetadata { type_name }),
            functions: names(functions, |name| FunctionMetadata { name }),
            ..Default::default()
        }
    }
}

/// What the plugin layer serves, whatever the provider has.
const CAPABILITIES: ServerCapabilities = ServerCapabilities {
    plan_destroy: true,
    get_provider_schema_optional: true,
    move_resource_state: true,
    generate_resource_config: false,
};

/// Looks a type up, and tells the log which one the call is about.
///
/// Core only asks for what the schema has, so this is a fault of the protocol and no diagnostic.
fn find<'a, T>(all: &'a BTreeMap<&'static str, T>, name: &str, what: &str) -> Result<&'a T, Status> {
    tracing::Span::current().record("tf_type", name);
    all.get(name).ok_or_else(|| Status::not_found(format!("the provider has no {what} \"{name}\"")))
}

fn each<T, U>(all: &BTreeMap<&'static str, T>, convert: impl Fn(&T) -> U) -> BTreeMap<String, U> {
    all.iter().map(|(name, value)| ((*name).to_owned(), convert(value))).collect()
}

fn names<T, U>(all: &BTreeMap<&'static str, T>, name: impl Fn(String) -> U) -> Vec<U> {
    all.keys().map(|key| name((*key).to_owned())).collect()
}
