//! The RPCs of actions.

use std::sync::Arc;

use futures_util::StreamExt;
use tonic::{Response, Status};

use super::codec::{Reply, found, incoming, reply};
use crate::tf_provider::framework::{ActionEvent, ActionHandle, ClientCapabilities, Registry, Schema};
use crate::tf_provider::plugin::wire::proto::{invoke_action, plan_action, validate_action_config};
use crate::tf_provider::plugin::wire::to_proto;

/// A stream of events, with the type that the generated service expects.
pub(super) type Events = tonic::codegen::BoxStream<invoke_action::Event>;

fn action<'a>(registry: &'a Registry, name: &str) -> Result<&'a ActionHandle, Status> {
    found(registry.action(name), name, "action")
}

pub(super) async fn validate(
    registry: &Registry,
    request: validate_action_config::Request,
) -> Reply<validate_action_config::Response> {
    let action = action(registry, &request.type_name)?;
    let config = incoming("config", request.config.as_ref(), action.ty())?;
    let found = action.validate(config, ClientCapabilities::default()).await;
    reply(validate_action_config::Response { diagnostics: to_proto::diagnostics(found, action.schema()) })
}

pub(super) async fn plan(registry: &Registry, request: plan_action::Request) -> Reply<plan_action::Response> {
    let action = action(registry, &request.action_type)?;
    let config = incoming("config", request.config.as_ref(), action.ty())?;
    let found = action.plan(config).await;
    let diagnostics = to_proto::diagnostics(found, action.schema());
    reply(plan_action::Response { diagnostics, deferred: None })
}

pub(super) fn invoke(
    registry: &Arc<Registry>,
    request: &invoke_action::Request,
) -> Result<Response<Events>, Status> {
    let action = action(registry, &request.action_type)?;
    let config = incoming("config", request.config.as_ref(), action.ty())?;
    let schema = action.schema().clone();
    Ok(Response::new(Box::pin(action.invoke(config).map(move |event| Ok(encoded(event, &schema))))))
}

/// Every event has a type: core crashes on an event without one.
fn encoded(event: ActionEvent, schema: &Schema) -> invoke_action::Event {
    use invoke_action::event::{Completed, Progress, Type};
    let event = match event {
        ActionEvent::Progress(message) => Type::Progress(Progress { message }),
        ActionEvent::Completed(found) => {
            Type::Completed(Completed { diagnostics: to_proto::diagnostics(found, schema) })
        }
    };
    invoke_action::Event { r#type: Some(event) }
}
