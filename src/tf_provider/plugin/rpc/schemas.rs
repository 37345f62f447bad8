//! The RPCs that describe the provider.

use std::collections::BTreeMap;

use super::codec::{Reply, reply};
use crate::tf_provider::framework::{Registry, Schemas};
use crate::tf_provider::plugin::wire::proto::{
    ActionSchema, ServerCapabilities, get_functions, get_metadata, get_provider_schema,
    get_resource_identity_schemas,
};
use crate::tf_provider::plugin::wire::to_proto;

pub(super) fn provider_schema(registry: &Registry) -> Reply<get_provider_schema::Response> {
    let schemas = registry.schemas();
    reply(get_provider_schema::Response {
        provider: Some(to_proto::schema(&schemas.provider)),
        resource_schemas: each(&schemas.resources, to_proto::resource_schema),
        data_source_schemas: each(&schemas.data_sources, to_proto::schema),
        ephemeral_resource_schemas: each(&schemas.ephemeral_resources, to_proto::schema),
        list_resource_schemas: each(&schemas.list_resources, to_proto::schema),
        action_schemas: each(&schemas.actions, |schema| ActionSchema {
            schema: Some(to_proto::schema(schema)),
        }),
        functions: each(&schemas.functions, to_proto::function),
        server_capabilities: Some(CAPABILITIES),
        ..Default::default()
    })
}

pub(super) fn identity_schemas(registry: &Registry) -> Reply<get_resource_identity_schemas::Response> {
    let identity_schemas = each(&registry.schemas().identities, to_proto::identity_schema);
    reply(get_resource_identity_schemas::Response { identity_schemas, ..Default::default() })
}

pub(super) fn functions(registry: &Registry) -> Reply<get_functions::Response> {
    let functions = each(&registry.schemas().functions, to_proto::function);
    reply(get_functions::Response { functions, ..Default::default() })
}

pub(super) fn metadata(registry: &Registry) -> Reply<get_metadata::Response> {
    use get_metadata::{
        ActionMetadata, DataSourceMetadata, EphemeralMetadata, FunctionMetadata, ListResourceMetadata,
        ResourceMetadata,
    };
    let Schemas { resources, data_sources, ephemeral_resources, list_resources, actions, functions, .. } =
        registry.schemas();
    reply(get_metadata::Response {
        server_capabilities: Some(CAPABILITIES),
        resources: names(&resources, |type_name| ResourceMetadata { type_name }),
        data_sources: names(&data_sources, |type_name| DataSourceMetadata { type_name }),
        ephemeral_resources: names(&ephemeral_resources, |type_name| EphemeralMetadata { type_name }),
        list_resources: names(&list_resources, |type_name| ListResourceMetadata { type_name }),
        actions: names(&actions, |type_name| ActionMetadata { type_name }),
        functions: names(&functions, |name| FunctionMetadata { name }),
        ..Default::default()
    })
}

/// The capabilities of the plugin layer, which are the same for every provider.
const CAPABILITIES: ServerCapabilities = ServerCapabilities {
    plan_destroy: true,
    get_provider_schema_optional: true,
    move_resource_state: true,
    generate_resource_config: true,
};

fn each<T, U>(all: &BTreeMap<&'static str, T>, convert: impl Fn(&T) -> U) -> BTreeMap<String, U> {
    all.iter().map(|(name, value)| ((*name).to_owned(), convert(value))).collect()
}

fn names<T, U>(all: &BTreeMap<&'static str, T>, name: impl Fn(String) -> U) -> Vec<U> {
    all.keys().map(|key| name((*key).to_owned())).collect()
}
