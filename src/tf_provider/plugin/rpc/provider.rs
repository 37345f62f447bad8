//! The RPCs of the provider itself.

use super::codec::{Reply, incoming, reply};
use crate::tf_provider::framework::{ClientCapabilities, Registry};
use crate::tf_provider::plugin::wire::proto::{configure_provider, stop_provider, validate_provider_config};
use crate::tf_provider::plugin::wire::to_proto;

pub(super) async fn validate(
    registry: &Registry,
    request: validate_provider_config::Request,
) -> Reply<validate_provider_config::Response> {
    let provider = registry.provider();
    let config = incoming("config", request.config.as_ref(), provider.ty())?;
    // Provider configurations are never stored, so it does not matter whether the client supports write-only
    // attributes.
    let client = ClientCapabilities { write_only_attributes: true, deferral: false };
    let found = provider.validate(config, client).await;
    let diagnostics = to_proto::diagnostics(found, provider.schema());
    reply(validate_provider_config::Response { diagnostics })
}

pub(super) async fn configure(
    registry: &Registry,
    request: configure_provider::Request,
) -> Reply<configure_provider::Response> {
    let provider = registry.provider();
    let config = incoming("config", request.config.as_ref(), provider.ty())?;
    let found = provider.configure(config).await;
    let diagnostics = to_proto::diagnostics(found, provider.schema());
    reply(configure_provider::Response { diagnostics })
}

pub(super) async fn stop(registry: &Registry) -> Reply<stop_provider::Response> {
    registry.provider().stop().await;
    reply(stop_provider::Response::default())
}
