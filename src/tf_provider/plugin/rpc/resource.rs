//! The RPCs of managed resources.

use tonic::Status;

use super::codec::{Reply, found, incoming, outgoing, reply, stored};
use crate::tf_provider::framework::{
    ApplyRequest, Diagnostics, MoveSource, PlanRequest, Raw, ReadRequest, Registry, ResourceHandle,
    ResourceId,
};
use crate::tf_provider::plugin::wire::proto::{
    ResourceIdentityData, apply_resource_change, generate_resource_config, import_resource_state,
    move_resource_state, plan_resource_change, read_resource, upgrade_resource_identity,
    upgrade_resource_state, validate_resource_config,
};
use crate::tf_provider::plugin::wire::{from_proto, to_proto};

fn resource<'a>(registry: &'a Registry, name: &str) -> Result<&'a ResourceHandle, Status> {
    found(registry.resource(name), name, "resource")
}

/// Reads an identity. `None` if the request or the type has none.
fn identity(data: Option<&ResourceIdentityData>, resource: &ResourceHandle) -> Result<Option<Raw>, Status> {
    match (data, resource.identity()) {
        (Some(data), Some((_, ty))) => incoming("identity", data.identity_data.as_ref(), ty).map(Some),
        _ => Ok(None),
    }
}

/// Writes an identity.
fn identified(
    raw: Option<Raw>,
    resource: &ResourceHandle,
    diagnostics: &mut Diagnostics,
) -> Option<ResourceIdentityData> {
    let (_, ty) = resource.identity()?;
    let data = outgoing("identity", raw, ty, diagnostics)?;
    Some(ResourceIdentityData { identity_data: Some(data) })
}

pub(super) async fn validate(
    registry: &Registry,
    request: validate_resource_config::Request,
) -> Reply<validate_resource_config::Response> {
    let resource = resource(registry, &request.type_name)?;
    let config = incoming("config", request.config.as_ref(), resource.ty())?;
    let client = from_proto::client(request.client_capabilities);
    let found = resource.validate(config, client).await;
    let diagnostics = to_proto::diagnostics(found, resource.schema());
    reply(validate_resource_config::Response { diagnostics })
}

pub(super) async fn upgrade_state(
    registry: &Registry,
    request: upgrade_resource_state::Request,
) -> Reply<upgrade_resource_state::Response> {
    let resource = resource(registry, &request.type_name)?;
    let json = stored(request.raw_state.as_ref())?;
    let mut upgraded = resource.upgrade(request.version, json).await;
    let upgraded_state = outgoing("state", upgraded.state, resource.ty(), &mut upgraded.diagnostics);
    let diagnostics = to_proto::diagnostics(upgraded.diagnostics, resource.schema());
    reply(upgrade_resource_state::Response { upgraded_state, diagnostics })
}

pub(super) fn upgrade_identity(
    registry: &Registry,
    request: &upgrade_resource_identity::Request,
) -> Reply<upgrade_resource_identity::Response> {
    let resource = resource(registry, &request.type_name)?;
    let json = stored(request.raw_identity.as_ref())?;
    let mut upgraded = resource.upgrade_identity(request.version, &json);
    let upgraded_identity = identified(upgraded.identity, resource, &mut upgraded.diagnostics);
    let diagnostics = to_proto::diagnostics(upgraded.diagnostics, resource.schema());
    reply(upgrade_resource_identity::Response { upgraded_identity, diagnostics })
}

pub(super) async fn read(
    registry: &Registry,
    request: read_resource::Request,
) -> Reply<read_resource::Response> {
    let resource = resource(registry, &request.type_name)?;
    let read = ReadRequest {
        state: incoming("current_state", request.current_state.as_ref(), resource.ty())?,
        private: request.private,
        identity: identity(request.current_identity.as_ref(), resource)?,
    };
    let mut read = resource.read(read).await;
    let new_identity = identified(read.identity, resource, &mut read.diagnostics);
    let new_state = outgoing("state", read.state, resource.ty(), &mut read.diagnostics);
    reply(read_resource::Response {
        new_identity,
        new_state,
        private: read.private,
        diagnostics: to_proto::diagnostics(read.diagnostics, resource.schema()),
        deferred: None,
    })
}

pub(super) async fn plan(
    registry: &Registry,
    request: plan_resource_change::Request,
) -> Reply<plan_resource_change::Response> {
    let resource = resource(registry, &request.type_name)?;
    let ty = resource.ty();
    let plan = PlanRequest {
        prior: incoming("prior_state", request.prior_state.as_ref(), ty)?,
        proposed: incoming("proposed_new_state", request.proposed_new_state.as_ref(), ty)?,
        config: incoming("config", request.config.as_ref(), ty)?,
        private: request.prior_private,
        identity: identity(request.prior_identity.as_ref(), resource)?,
        again: from_proto::client(request.client_capabilities).deferral,
    };
    let mut plan = resource.plan(plan).await;
    let planned_identity = identified(plan.identity, resource, &mut plan.diagnostics);
    let planned_state = outgoing("plan", plan.planned, ty, &mut plan.diagnostics);
    reply(plan_resource_change::Response {
        planned_identity,
        planned_state,
        requires_replace: plan.requires_replace.iter().map(to_proto::path).collect(),
        planned_private: plan.private,
        diagnostics: to_proto::diagnostics(plan.diagnostics, resource.schema()),
        ..Default::default()
    })
}

pub(super) async fn apply(
    registry: &Registry,
    request: apply_resource_change::Request,
) -> Reply<apply_resource_change::Response> {
    let resource = resource(registry, &request.type_name)?;
    let ty = resource.ty();
    let apply = ApplyRequest {
        prior: incoming("prior_state", request.prior_state.as_ref(), ty)?,
        planned: incoming("planned_state", request.planned_state.as_ref(), ty)?,
        config: incoming("config", request.config.as_ref(), ty)?,
        private: request.planned_private,
        identity: identity(request.planned_identity.as_ref(), resource)?,
    };
    let mut applied = resource.apply(apply).await;
    let new_identity = identified(applied.identity, resource, &mut applied.diagnostics);
    let new_state = outgoing("state", applied.state, ty, &mut applied.diagnostics);
    reply(apply_resource_change::Response {
        new_identity,
        new_state,
        private: applied.private,
        diagnostics: to_proto::diagnostics(applied.diagnostics, resource.schema()),
        ..Default::default()
    })
}

pub(super) async fn import(
    registry: &Registry,
    request: import_resource_state::Request,
) -> Reply<import_resource_state::Response> {
    let resource = resource(registry, &request.type_name)?;
    let id = match (&request.identity, identity(request.identity.as_ref(), resource)?) {
        (None, _) => ResourceId::Id(request.id),
        (Some(_), Some(identity)) => ResourceId::Identity(identity),
        (Some(_), None) => return Err(Status::invalid_argument("identity: the type has none")),
    };
    let mut imported = resource.import(id).await;
    let identity = identified(imported.identity, resource, &mut imported.diagnostics);
    let state = outgoing("state", imported.state, resource.ty(), &mut imported.diagnostics);
    let imported_resource = state.map(|state| import_resource_state::ImportedResource {
        type_name: request.type_name,
        state: Some(state),
        private: imported.private,
        identity,
    });
    reply(import_resource_state::Response {
        imported_resources: imported_resource.into_iter().collect(),
        diagnostics: to_proto::diagnostics(imported.diagnostics, resource.schema()),
        deferred: None,
    })
}

pub(super) async fn generate_config(
    registry: &Registry,
    request: generate_resource_config::Request,
) -> Reply<generate_resource_config::Response> {
    let resource = resource(registry, &request.type_name)?;
    let state = incoming("state", request.state.as_ref(), resource.ty())?;
    let mut generated = resource.generate_config(state).await;
    let config = outgoing("configuration", generated.config, resource.ty(), &mut generated.diagnostics);
    let diagnostics = to_proto::diagnostics(generated.diagnostics, resource.schema());
    reply(generate_resource_config::Response { config, diagnostics })
}

pub(super) async fn move_state(
    registry: &Registry,
    request: move_resource_state::Request,
) -> Reply<move_resource_state::Response> {
    let resource = resource(registry, &request.target_type_name)?;
    let source = MoveSource {
        provider_address: request.source_provider_address,
        type_name: request.source_type_name,
        schema_version: request.source_schema_version,
        json: stored(request.source_state.as_ref())?,
        private: request.source_private,
    };
    let mut moved = resource.move_from(source).await;
    let target_identity = identified(moved.identity, resource, &mut moved.diagnostics);
    let target_state = outgoing("state", moved.state, resource.ty(), &mut moved.diagnostics);
    reply(move_resource_state::Response {
        target_identity,
        target_state,
        target_private: moved.private,
        diagnostics: to_proto::diagnostics(moved.diagnostics, resource.schema()),
    })
}
