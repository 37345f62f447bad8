//! The provider's RPCs. Each call goes to the file of its kind.
//!
//! The generated trait answers UNIMPLEMENTED for RPCs that the provider lacks (state stores). A fault of the protocol
//! is a gRPC status. A problem that the user can solve is a diagnostic.

use std::sync::Arc;

use tonic::{Request, async_trait};

use super::codec::Reply;
use super::{
    action, data_source, ephemeral_resource, function, list_resource as lists, provider, resource, schemas,
};
use crate::tf_provider::framework::Registry;
use crate::tf_provider::plugin::wire::proto::provider_server::Provider;
use crate::tf_provider::plugin::wire::proto::{
    apply_resource_change, call_function, close_ephemeral_resource, configure_provider,
    generate_resource_config, get_functions, get_metadata, get_provider_schema,
    get_resource_identity_schemas, import_resource_state, invoke_action, list_resource, move_resource_state,
    open_ephemeral_resource, plan_action, plan_resource_change, read_data_source, read_resource,
    renew_ephemeral_resource, stop_provider, upgrade_resource_identity, upgrade_resource_state,
    validate_action_config, validate_data_resource_config, validate_ephemeral_resource_config,
    validate_list_resource_config, validate_provider_config, validate_resource_config,
};

/// The provider's RPCs over a [`Registry`].
pub(in crate::tf_provider::plugin) struct Service {
    registry: Arc<Registry>,
}

impl Service {
    pub(in crate::tf_provider::plugin) fn new(registry: Arc<Registry>) -> Self {
        Self { registry }
    }
}

#[async_trait]
impl Provider for Service {
    async fn get_metadata(&self, _: Request<get_metadata::Request>) -> Reply<get_metadata::Response> {
        schemas::metadata(&self.registry)
    }

    async fn get_provider_schema(
        &self,
        _: Request<get_provider_schema::Request>,
    ) -> Reply<get_provider_schema::Response> {
        schemas::provider_schema(&self.registry)
    }

    async fn get_resource_identity_schemas(
        &self,
        _: Request<get_resource_identity_schemas::Request>,
    ) -> Reply<get_resource_identity_schemas::Response> {
        schemas::identity_schemas(&self.registry)
    }

    async fn get_functions(&self, _: Request<get_functions::Request>) -> Reply<get_functions::Response> {
        schemas::functions(&self.registry)
    }

    async fn validate_provider_config(
        &self,
        request: Request<validate_provider_config::Request>,
    ) -> Reply<validate_provider_config::Response> {
        provider::validate(&self.registry, request.into_inner()).await
    }

    async fn configure_provider(
        &self,
        request: Request<configure_provider::Request>,
    ) -> Reply<configure_provider::Response> {
        provider::configure(&self.registry, request.into_inner()).await
    }

    async fn stop_provider(&self, _: Request<stop_provider::Request>) -> Reply<stop_provider::Response> {
        provider::stop(&self.registry).await
    }

    async fn validate_resource_config(
        &self,
        request: Request<validate_resource_config::Request>,
    ) -> Reply<validate_resource_config::Response> {
        resource::validate(&self.registry, request.into_inner()).await
    }

    async fn upgrade_resource_state(
        &self,
        request: Request<upgrade_resource_state::Request>,
    ) -> Reply<upgrade_resource_state::Response> {
        resource::upgrade_state(&self.registry, request.into_inner()).await
    }

    async fn upgrade_resource_identity(
        &self,
        request: Request<upgrade_resource_identity::Request>,
    ) -> Reply<upgrade_resource_identity::Response> {
        resource::upgrade_identity(&self.registry, &request.into_inner())
    }

    async fn read_resource(
        &self,
        request: Request<read_resource::Request>,
    ) -> Reply<read_resource::Response> {
        resource::read(&self.registry, request.into_inner()).await
    }

    async fn plan_resource_change(
        &self,
        request: Request<plan_resource_change::Request>,
    ) -> Reply<plan_resource_change::Response> {
        resource::plan(&self.registry, request.into_inner()).await
    }

    async fn apply_resource_change(
        &self,
        request: Request<apply_resource_change::Request>,
    ) -> Reply<apply_resource_change::Response> {
        resource::apply(&self.registry, request.into_inner()).await
    }

    async fn import_resource_state(
        &self,
        request: Request<import_resource_state::Request>,
    ) -> Reply<import_resource_state::Response> {
        resource::import(&self.registry, request.into_inner()).await
    }

    async fn move_resource_state(
        &self,
        request: Request<move_resource_state::Request>,
    ) -> Reply<move_resource_state::Response> {
        resource::move_state(&self.registry, request.into_inner()).await
    }

    async fn validate_data_resource_config(
        &self,
        request: Request<validate_data_resource_config::Request>,
    ) -> Reply<validate_data_resource_config::Response> {
        data_source::validate(&self.registry, request.into_inner()).await
    }

    async fn read_data_source(
        &self,
        request: Request<read_data_source::Request>,
    ) -> Reply<read_data_source::Response> {
        data_source::read(&self.registry, request.into_inner()).await
    }

    async fn validate_ephemeral_resource_config(
        &self,
        request: Request<validate_ephemeral_resource_config::Request>,
    ) -> Reply<validate_ephemeral_resource_config::Response> {
        ephemeral_resource::validate(&self.registry, request.into_inner()).await
    }

    async fn open_ephemeral_resource(
        &self,
        request: Request<open_ephemeral_resource::Request>,
    ) -> Reply<open_ephemeral_resource::Response> {
        ephemeral_resource::open(&self.registry, request.into_inner()).await
    }

    async fn renew_ephemeral_resource(
        &self,
        request: Request<renew_ephemeral_resource::Request>,
    ) -> Reply<renew_ephemeral_resource::Response> {
        ephemeral_resource::renew(&self.registry, request.into_inner()).await
    }

    async fn close_ephemeral_resource(
        &self,
        request: Request<close_ephemeral_resource::Request>,
    ) -> Reply<close_ephemeral_resource::Response> {
        ephemeral_resource::close(&self.registry, request.into_inner()).await
    }

    async fn generate_resource_config(
        &self,
        request: Request<generate_resource_config::Request>,
    ) -> Reply<generate_resource_config::Response> {
        resource::generate_config(&self.registry, request.into_inner()).await
    }

    async fn validate_list_resource_config(
        &self,
        request: Request<validate_list_resource_config::Request>,
    ) -> Reply<validate_list_resource_config::Response> {
        lists::validate(&self.registry, request.into_inner()).await
    }

    async fn list_resource(&self, request: Request<list_resource::Request>) -> Reply<lists::Events> {
        lists::events(&self.registry, request.get_ref())
    }

    async fn validate_action_config(
        &self,
        request: Request<validate_action_config::Request>,
    ) -> Reply<validate_action_config::Response> {
        action::validate(&self.registry, request.into_inner()).await
    }

    async fn plan_action(&self, request: Request<plan_action::Request>) -> Reply<plan_action::Response> {
        action::plan(&self.registry, request.into_inner()).await
    }

    async fn invoke_action(&self, request: Request<invoke_action::Request>) -> Reply<action::Events> {
        action::invoke(&self.registry, request.get_ref())
    }

    async fn call_function(
        &self,
        request: Request<call_function::Request>,
    ) -> Reply<call_function::Response> {
        function::call(&self.registry, request.into_inner()).await
    }
}
