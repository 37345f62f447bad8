//! The RPCs of ephemeral resources.

use prost_types::Timestamp;
use tonic::Status;

use super::codec::{Reply, found, incoming, outgoing, reply};
use crate::tf_provider::framework::{ClientCapabilities, EphemeralResourceHandle, Registry};
use crate::tf_provider::plugin::wire::proto::{
    close_ephemeral_resource, open_ephemeral_resource, renew_ephemeral_resource,
    validate_ephemeral_resource_config,
};
use crate::tf_provider::plugin::wire::to_proto;

fn ephemeral<'a>(registry: &'a Registry, name: &str) -> Result<&'a EphemeralResourceHandle, Status> {
    found(registry.ephemeral_resource(name), name, "ephemeral resource")
}

pub(super) async fn validate(
    registry: &Registry,
    request: validate_ephemeral_resource_config::Request,
) -> Reply<validate_ephemeral_resource_config::Response> {
    let ephemeral = ephemeral(registry, &request.type_name)?;
    let config = incoming("config", request.config.as_ref(), ephemeral.ty())?;
    let found = ephemeral.validate(config, ClientCapabilities::default()).await;
    let diagnostics = to_proto::diagnostics(found, ephemeral.schema());
    reply(validate_ephemeral_resource_config::Response { diagnostics })
}

pub(super) async fn open(
    registry: &Registry,
    request: open_ephemeral_resource::Request,
) -> Reply<open_ephemeral_resource::Response> {
    let ephemeral = ephemeral(registry, &request.type_name)?;
    let config = incoming("config", request.config.as_ref(), ephemeral.ty())?;
    let mut opened = ephemeral.open(config).await;
    let result = outgoing("result", opened.result, ephemeral.ty(), &mut opened.diagnostics);
    reply(open_ephemeral_resource::Response {
        result,
        private: Some(opened.private),
        renew_at: opened.renew_at.map(Timestamp::from),
        diagnostics: to_proto::diagnostics(opened.diagnostics, ephemeral.schema()),
        deferred: None,
    })
}

pub(super) async fn renew(
    registry: &Registry,
    request: renew_ephemeral_resource::Request,
) -> Reply<renew_ephemeral_resource::Response> {
    let ephemeral = ephemeral(registry, &request.type_name)?;
    let renewed = ephemeral.renew(request.private.unwrap_or_default()).await;
    reply(renew_ephemeral_resource::Response {
        private: Some(renewed.private),
        renew_at: renewed.renew_at.map(Timestamp::from),
        diagnostics: to_proto::diagnostics(renewed.diagnostics, ephemeral.schema()),
    })
}

pub(super) async fn close(
    registry: &Registry,
    request: close_ephemeral_resource::Request,
) -> Reply<close_ephemeral_resource::Response> {
    let ephemeral = ephemeral(registry, &request.type_name)?;
    let found = ephemeral.close(request.private.unwrap_or_default()).await;
    let diagnostics = to_proto::diagnostics(found, ephemeral.schema());
    reply(close_ephemeral_resource::Response { diagnostics })
}
