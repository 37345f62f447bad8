//! The RPCs of list resources.

use std::sync::Arc;

use futures_util::StreamExt;
use tonic::{Response, Status};

use super::codec::{Reply, found, incoming, outgoing, reply};
use crate::tf_provider::framework::{
    ClientCapabilities, ListEvent, ListRequest, ListResourceHandle, Registry, ResourceHandle, Schema,
};
use crate::tf_provider::plugin::wire::proto::{
    ResourceIdentityData, list_resource, validate_list_resource_config,
};
use crate::tf_provider::plugin::wire::to_proto;

/// A stream of events, with the type that the generated service expects.
pub(super) type Events = tonic::codegen::BoxStream<list_resource::Event>;

fn list<'a>(registry: &'a Registry, name: &str) -> Result<&'a ListResourceHandle, Status> {
    found(registry.list_resource(name), name, "list resource")
}

/// Checks a configuration. Core sends neither the limit nor whether it wants whole objects.
pub(super) async fn validate(
    registry: &Registry,
    request: validate_list_resource_config::Request,
) -> Reply<validate_list_resource_config::Response> {
    let list = list(registry, &request.type_name)?;
    let config = incoming("config", request.config.as_ref(), list.ty())?;
    let found = list.validate(config, ClientCapabilities::default()).await;
    let diagnostics = to_proto::diagnostics(found, list.schema());
    reply(validate_list_resource_config::Response { diagnostics })
}

pub(super) fn events(
    registry: &Arc<Registry>,
    request: &list_resource::Request,
) -> Result<Response<Events>, Status> {
    let name = request.type_name.clone();
    let list = list(registry, &name)?;
    let asked = ListRequest {
        config: incoming("config", request.config.as_ref(), list.ty())?,
        include_resource: request.include_resource_object,
        limit: usize::try_from(request.limit).ok().filter(|limit| *limit > 0),
    };
    let (events, registry) = (list.list(asked), registry.clone());
    let encode = move |event| match (registry.resource(&name), registry.list_resource(&name)) {
        (Some(resource), Some(list)) => Ok(encoded(event, resource, list.schema())),
        _ => Err(Status::internal(format!("\"{name}\" lists no resource of the provider"))),
    };
    Ok(Response::new(Box::pin(events.map(encode))))
}

fn encoded(event: ListEvent, resource: &ResourceHandle, config: &Schema) -> list_resource::Event {
    let ListEvent { identity, display_name, object, mut diagnostics } = event;
    let identity =
        resource.identity().and_then(|(_, ty)| outgoing("identity", identity, ty, &mut diagnostics));
    let resource_object = outgoing("object", object, resource.ty(), &mut diagnostics);
    list_resource::Event {
        identity: identity.map(|data| ResourceIdentityData { identity_data: Some(data) }),
        display_name,
        resource_object,
        diagnostic: to_proto::diagnostics(diagnostics, config),
    }
}
