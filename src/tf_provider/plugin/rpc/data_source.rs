//! The RPCs of data sources.

use tonic::Status;

use super::codec::{Reply, found, incoming, outgoing, reply};
use crate::tf_provider::framework::{ClientCapabilities, DataSourceHandle, Registry};
use crate::tf_provider::plugin::wire::proto::{read_data_source, validate_data_resource_config};
use crate::tf_provider::plugin::wire::to_proto;

fn data_source<'a>(registry: &'a Registry, name: &str) -> Result<&'a DataSourceHandle, Status> {
    found(registry.data_source(name), name, "data source")
}

pub(super) async fn validate(
    registry: &Registry,
    request: validate_data_resource_config::Request,
) -> Reply<validate_data_resource_config::Response> {
    let data_source = data_source(registry, &request.type_name)?;
    let config = incoming("config", request.config.as_ref(), data_source.ty())?;
    let found = data_source.validate(config, ClientCapabilities::default()).await;
    let diagnostics = to_proto::diagnostics(found, data_source.schema());
    reply(validate_data_resource_config::Response { diagnostics })
}

pub(super) async fn read(
    registry: &Registry,
    request: read_data_source::Request,
) -> Reply<read_data_source::Response> {
    let data_source = data_source(registry, &request.type_name)?;
    let config = incoming("config", request.config.as_ref(), data_source.ty())?;
    let mut read = data_source.read(config).await;
    let state = outgoing("state", read.state, data_source.ty(), &mut read.diagnostics);
    let diagnostics = to_proto::diagnostics(read.diagnostics, data_source.schema());
    reply(read_data_source::Response { state, diagnostics, deferred: None })
}
