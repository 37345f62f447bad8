//! The provider's RPCs, one short function each: decode, call, encode.
//!
//! What the provider lacks (list resources, actions, configuration generation, state stores) is not here: the generated
//! trait answers UNIMPLEMENTED. Faults of the protocol are gRPC statuses; whatever the user can act on is a diagnostic.

use std::sync::{Arc, OnceLock};

use prost_types::Timestamp;
use tonic::{Request, Response, Status, async_trait};

use super::catalog::{Catalog, ResourceTypes};
use crate::tf_provider::framework::{
    ApplyRequest, ClientCapabilities, Diagnostic, Diagnostics, MoveSource, PlanRequest, Raw, ResourceId,
    Server, Signature, Type,
};
use crate::tf_provider::plugin::wire::convert;
use crate::tf_provider::plugin::wire::dynamic_value as value;
use crate::tf_provider::plugin::wire::proto::provider_server::Provider;
use crate::tf_provider::plugin::wire::proto::{
    DynamicValue, RawState, ResourceIdentityData, apply_resource_change, call_function,
    close_ephemeral_resource, configure_provider, get_functions, get_metadata, get_provider_schema,
    get_resource_identity_schemas, import_resource_state, move_resource_state, open_ephemeral_resource,
    plan_resource_change, read_data_source, read_resource, renew_ephemeral_resource, stop_provider,
    upgrade_resource_identity, upgrade_resource_state, validate_data_resource_config,
    validate_ephemeral_resource_config, validate_provider_config, validate_resource_config,
};

type Reply<T> = Result<Response<T>, Status>;

/// The provider's RPCs over a [`Server`].
pub(in crate::tf_provider::plugin) struct Service {
    server: Arc<Server>,
    catalog: OnceLock<Catalog>,
}

impl Service {
    pub(in crate::tf_provider::plugin) fn new(server: Arc<Server>) -> Service {
        Service { server, catalog: OnceLock::new() }
    }

    fn catalog(&self) -> &Catalog {
        self.catalog.get_or_init(|| Catalog::new(self.server.schemas()))
    }

    fn resource(&self, name: &str) -> Result<&ResourceTypes, Status> {
        self.catalog().resource(name)
    }
}

#[async_trait]
impl Provider for Service {
    async fn get_metadata(&self, _: Request<get_metadata::Request>) -> Reply<get_metadata::Response> {
        reply(self.catalog().metadata())
    }

    async fn get_provider_schema(
        &self,
        _: Request<get_provider_schema::Request>,
    ) -> Reply<get_provider_schema::Response> {
        reply(self.catalog().provider_schema())
    }

    async fn get_resource_identity_schemas(
        &self,
        _: Request<get_resource_identity_schemas::Request>,
    ) -> Reply<get_resource_identity_schemas::Response> {
        reply(self.catalog().identity_schemas())
    }

    async fn get_functions(&self, _: Request<get_functions::Request>) -> Reply<get_functions::Response> {
        reply(self.catalog().functions())
    }

    async fn validate_provider_config(
        &self,
        request: Request<validate_provider_config::Request>,
    ) -> Reply<validate_provider_config::Response> {
        let request = request.into_inner();
        let config = incoming("config", request.config.as_ref(), self.catalog().provider())?;
        // Provider configurations are never stored, so what the client can do with write-only attributes does not count.
        let client = ClientCapabilities { write_only_attributes: true };
        let diagnostics = convert::diagnostics(self.server.validate_provider(config, client).await);
        reply(validate_provider_config::Response { diagnostics })
    }

    async fn configure_provider(
        &self,
        request: Request<configure_provider::Request>,
    ) -> Reply<configure_provider::Response> {
        let request = request.into_inner();
        let config = incoming("config", request.config.as_ref(), self.catalog().provider())?;
        let diagnostics = convert::diagnostics(self.server.configure(config).await);
        reply(configure_provider::Response { diagnostics })
    }

    async fn stop_provider(&self, _: Request<stop_provider::Request>) -> Reply<stop_provider::Response> {
        self.server.stop().await;
        reply(stop_provider::Response::default())
    }

    async fn validate_resource_config(
        &self,
        request: Request<validate_resource_config::Request>,
    ) -> Reply<validate_resource_config::Response> {
        let request = request.into_inner();
        let types = self.resource(&request.type_name)?;
        let config = incoming("config", request.config.as_ref(), &types.object)?;
        let client = convert::client(request.client_capabilities);
        let diagnostics = self.server.validate_resource(&request.type_name, config, client).await;
        reply(validate_resource_config::Response { diagnostics: convert::diagnostics(diagnostics) })
    }

    async fn upgrade_resource_state(
        &self,
        request: Request<upgrade_resource_state::Request>,
    ) -> Reply<upgrade_resource_state::Response> {
        let request = request.into_inner();
        let types = self.resource(&request.type_name)?;
        let json = stored(request.raw_state.as_ref())?;
        let mut done = self.server.upgrade_resource(&request.type_name, request.version, json).await;
        let upgraded_state = outgoing("state", done.state, &types.object, &mut done.diagnostics);
        let diagnostics = convert::diagnostics(done.diagnostics);
        reply(upgrade_resource_state::Response { upgraded_state, diagnostics })
    }

    async fn upgrade_resource_identity(
        &self,
        request: Request<upgrade_resource_identity::Request>,
    ) -> Reply<upgrade_resource_identity::Response> {
        let request = request.into_inner();
        let types = self.resource(&request.type_name)?;
        let mut diagnostics = Diagnostics::none();
        // No identity has changed its layout yet; the first that does brings an upgrade into the framework.
        let raw = match (&types.identity, &request.raw_identity) {
            (Some((ty, version)), Some(raw)) if *version == request.version => {
                Some(value::read_json(&raw.json, ty).map_err(|e| malformed("raw_identity", &e))?)
            }
            _ => {
                let detail =
                    format!("Version {} is none that this provider has ever written.", request.version);
                let summary = format!("The identity of a {} is of an unknown version", request.type_name);
                diagnostics.push(Diagnostic::error(summary, detail));
                None
            }
        };
        let upgraded_identity = identity(raw, None, types, &mut diagnostics);
        let diagnostics = convert::diagnostics(diagnostics);
        reply(upgrade_resource_identity::Response { upgraded_identity, diagnostics })
    }

    async fn read_resource(
        &self,
        request: Request<read_resource::Request>,
    ) -> Reply<read_resource::Response> {
        let request = request.into_inner();
        let types = self.resource(&request.type_name)?;
        let state = incoming("current_state", request.current_state.as_ref(), &types.object)?;
        let mut done = self.server.read_resource(&request.type_name, state, request.private).await;
        // A lost object has no identity; after an error core keeps the old state, and so both stay as they were.
        let kept = request.current_identity.filter(|_| done.state.is_some() || done.diagnostics.has_error());
        let new_identity = identity(done.identity, kept, types, &mut done.diagnostics);
        let new_state = outgoing("state", done.state, &types.object, &mut done.diagnostics);
        reply(read_resource::Response {
            new_identity,
            new_state,
            private: done.private,
            diagnostics: convert::diagnostics(done.diagnostics),
            deferred: None,
        })
    }

    async fn plan_resource_change(
        &self,
        request: Request<plan_resource_change::Request>,
    ) -> Reply<plan_resource_change::Response> {
        let request = request.into_inner();
        let types = self.resource(&request.type_name)?;
        let plan = PlanRequest {
            prior: incoming("prior_state", request.prior_state.as_ref(), &types.object)?,
            proposed: incoming("proposed_new_state", request.proposed_new_state.as_ref(), &types.object)?,
            config: incoming("config", request.config.as_ref(), &types.object)?,
            private: request.prior_private,
        };
        let mut done = self.server.plan_resource(&request.type_name, plan).await;
        let planned_identity = identity(done.identity, request.prior_identity, types, &mut done.diagnostics);
        let planned_state = outgoing("plan", done.planned, &types.object, &mut done.diagnostics);
        reply(plan_resource_change::Response {
            planned_identity,
            planned_state,
            requires_replace: done.requires_replace.iter().map(convert::path).collect(),
            planned_private: done.private,
            diagnostics: convert::diagnostics(done.diagnostics),
            ..Default::default()
        })
    }

    async fn apply_resource_change(
        &self,
        request: Request<apply_resource_change::Request>,
    ) -> Reply<apply_resource_change::Response> {
        let request = request.into_inner();
        let types = self.resource(&request.type_name)?;
        let apply = ApplyRequest {
            prior: incoming("prior_state", request.prior_state.as_ref(), &types.object)?,
            planned: incoming("planned_state", request.planned_state.as_ref(), &types.object)?,
            config: incoming("config", request.config.as_ref(), &types.object)?,
            private: request.planned_private.clone(),
        };
        let mut done = self.server.apply_resource(&request.type_name, apply).await;
        // Where an error leaves no new state core keeps the prior one, and what belongs to it is kept with it.
        let failed = done.state.is_none() && done.diagnostics.has_error();
        let kept = request.planned_identity.filter(|_| done.state.is_some() || failed);
        let new_identity = identity(done.identity, kept, types, &mut done.diagnostics);
        let new_state = outgoing("state", done.state, &types.object, &mut done.diagnostics);
        reply(apply_resource_change::Response {
            new_identity,
            new_state,
            private: if failed { request.planned_private } else { done.private },
            diagnostics: convert::diagnostics(done.diagnostics),
            ..Default::default()
        })
    }

    async fn import_resource_state(
        &self,
        request: Request<import_resource_state::Request>,
    ) -> Reply<import_resource_state::Response> {
        let request = request.into_inner();
        let types = self.resource(&request.type_name)?;
        let id = match (request.identity, &types.identity) {
            (None, _) => ResourceId::Id(request.id),
            (Some(data), Some((ty, _))) => {
                ResourceId::Identity(incoming("identity", data.identity_data.as_ref(), ty)?)
            }
            (Some(_), None) => return Err(Status::invalid_argument("identity: the type has none")),
        };
        let mut done = self.server.import_resource(&request.type_name, id).await;
        let identity = identity(done.identity, None, types, &mut done.diagnostics);
        let state = outgoing("state", done.state, &types.object, &mut done.diagnostics);
        let imported = state.map(|state| import_resource_state::ImportedResource {
            type_name: request.type_name,
            state: Some(state),
            private: done.private,
            identity,
        });
        reply(import_resource_state::Response {
            imported_resources: imported.into_iter().collect(),
            diagnostics: convert::diagnostics(done.diagnostics),
            deferred: None,
        })
    }

    async fn move_resource_state(
        &self,
        request: Request<move_resource_state::Request>,
    ) -> Reply<move_resource_state::Response> {
        let request = request.into_inner();
        let types = self.resource(&request.target_type_name)?;
        let source = MoveSource {
            provider_address: request.source_provider_address,
            type_name: request.source_type_name,
            schema_version: request.source_schema_version,
            json: stored(request.source_state.as_ref())?,
        };
        let mut done = self.server.move_resource(&request.target_type_name, source).await;
        let target_identity = identity(done.identity, None, types, &mut done.diagnostics);
        let target_state = outgoing("state", done.state, &types.object, &mut done.diagnostics);
        reply(move_resource_state::Response {
            target_identity,
            target_state,
            target_private: done.private,
            diagnostics: convert::diagnostics(done.diagnostics),
        })
    }

    async fn validate_data_resource_config(
        &self,
        request: Request<validate_data_resource_config::Request>,
    ) -> Reply<validate_data_resource_config::Response> {
        let request = request.into_inner();
        let ty = self.catalog().data_source(&request.type_name)?;
        let config = incoming("config", request.config.as_ref(), ty)?;
        let client = ClientCapabilities::default();
        let diagnostics = self.server.validate_data_source(&request.type_name, config, client).await;
        reply(validate_data_resource_config::Response { diagnostics: convert::diagnostics(diagnostics) })
    }

    async fn read_data_source(
        &self,
        request: Request<read_data_source::Request>,
    ) -> Reply<read_data_source::Response> {
        let request = request.into_inner();
        let ty = self.catalog().data_source(&request.type_name)?;
        let config = incoming("config", request.config.as_ref(), ty)?;
        let (state, mut diagnostics) = self.server.read_data_source(&request.type_name, config).await;
        let state = outgoing("state", state, ty, &mut diagnostics);
        let diagnostics = convert::diagnostics(diagnostics);
        reply(read_data_source::Response { state, diagnostics, deferred: None })
    }

    async fn validate_ephemeral_resource_config(
        &self,
        request: Request<validate_ephemeral_resource_config::Request>,
    ) -> Reply<validate_ephemeral_resource_config::Response> {
        let request = request.into_inner();
        let ty = self.catalog().ephemeral_resource(&request.type_name)?;
        let config = incoming("config", request.config.as_ref(), ty)?;
        let client = ClientCapabilities::default();
        let diagnostics = self.server.validate_ephemeral(&request.type_name, config, client).await;
        reply(validate_ephemeral_resource_config::Response { diagnostics: convert::diagnostics(diagnostics) })
    }

    async fn open_ephemeral_resource(
        &self,
        request: Request<open_ephemeral_resource::Request>,
    ) -> Reply<open_ephemeral_resource::Response> {
        let request = request.into_inner();
        let ty = self.catalog().ephemeral_resource(&request.type_name)?;
        let config = incoming("config", request.config.as_ref(), ty)?;
        let mut done = self.server.open_ephemeral(&request.type_name, config).await;
        let result = outgoing("result", done.result, ty, &mut done.diagnostics);
        reply(open_ephemeral_resource::Response {
            result,
            private: Some(done.private),
            renew_at: done.renew_at.map(Timestamp::from),
            diagnostics: convert::diagnostics(done.diagnostics),
            deferred: None,
        })
    }

    async fn renew_ephemeral_resource(
        &self,
        request: Request<renew_ephemeral_resource::Request>,
    ) -> Reply<renew_ephemeral_resource::Response> {
        let request = request.into_inner();
        let private = request.private.unwrap_or_default();
        let done = self.server.renew_ephemeral(&request.type_name, private).await;
        reply(renew_ephemeral_resource::Response {
            private: Some(done.private),
            renew_at: done.renew_at.map(Timestamp::from),
            diagnostics: convert::diagnostics(done.diagnostics),
        })
    }

    async fn close_ephemeral_resource(
        &self,
        request: Request<close_ephemeral_resource::Request>,
    ) -> Reply<close_ephemeral_resource::Response> {
        let request = request.into_inner();
        let private = request.private.unwrap_or_default();
        let diagnostics = self.server.close_ephemeral(&request.type_name, private).await;
        reply(close_ephemeral_resource::Response { diagnostics: convert::diagnostics(diagnostics) })
    }

    async fn call_function(
        &self,
        request: Request<call_function::Request>,
    ) -> Reply<call_function::Response> {
        let request = request.into_inner();
        let signature = self.catalog().function(&request.name)?;
        let arguments = arguments(&request.arguments, signature)?;
        match self.server.call_function(&request.name, arguments).await {
            Ok(result) => {
                let result =
                    value::write(&result, &signature.result).map_err(|e| unwritable("result", &e))?;
                reply(call_function::Response { result: Some(result), error: None })
            }
            Err(error) => {
                let error = Some(convert::function_error(error));
                reply(call_function::Response { result: None, error })
            }
        }
    }
}

fn reply<T>(message: T) -> Reply<T> {
    Ok(Response::new(message))
}

/// Reads a part of a request.
fn incoming(field: &str, value: Option<&DynamicValue>, ty: &Type) -> Result<Raw, Status> {
    value::read(value, ty).map_err(|e| malformed(field, &e))
}

/// Writes a part of an answer. Where it does not fit the schema, the rest of the answer still counts.
fn outgoing(what: &str, raw: Option<Raw>, ty: &Type, diagnostics: &mut Diagnostics) -> Option<DynamicValue> {
    match value::write(&raw?, ty) {
        Ok(written) => Some(written),
        Err(fault) => {
            let detail =
                format!("The {what} that it made does not fit its own schema: {fault}. Please report this.");
            diagnostics.push(Diagnostic::error("The provider has a bug", detail));
            None
        }
    }
}

/// An identity for the answer: the new one, else the one that the request had, since the answer replaces what is stored.
/// Never one for a type without an identity schema: that crashes Terraform 1.15.
fn identity(
    raw: Option<Raw>,
    current: Option<ResourceIdentityData>,
    types: &ResourceTypes,
    diagnostics: &mut Diagnostics,
) -> Option<ResourceIdentityData> {
    let (ty, _) = types.identity.as_ref()?;
    match outgoing("identity", raw, ty, diagnostics) {
        Some(data) => Some(ResourceIdentityData { identity_data: Some(data) }),
        None => current,
    }
}

/// Stored state, as JSON; what is absent or of an old flat form is no state at all.
fn stored(state: Option<&RawState>) -> Result<serde_json::Value, Status> {
    let json = state.map_or(&[][..], |state| &state.json);
    serde_json::from_slice(json)
        .map_err(|e| Status::invalid_argument(format!("stored state: no JSON (column {})", e.column())))
}

fn arguments(values: &[DynamicValue], signature: &Signature) -> Result<Vec<Raw>, Status> {
    let fixed = signature.parameters.len();
    if values.len() < fixed || (values.len() > fixed && signature.variadic.is_none()) {
        return Err(Status::invalid_argument("arguments: not as many as the function has parameters"));
    }
    let parameters = signature.parameters.iter().chain(signature.variadic.iter().cycle());
    values.iter().zip(parameters).map(|(value, p)| incoming(p.name, Some(value), &p.ty)).collect()
}

fn malformed(field: &str, fault: &value::Malformed) -> Status {
    Status::invalid_argument(format!("{field}: {fault}"))
}

fn unwritable(field: &str, fault: &value::Malformed) -> Status {
    Status::internal(format!("{field}: {fault}"))
}
