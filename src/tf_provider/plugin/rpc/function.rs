//! The RPC of provider functions.

use tonic::Status;

use super::codec::{Reply, found, incoming, reply};
use crate::tf_provider::framework::{Raw, Registry, Signature};
use crate::tf_provider::plugin::wire::proto::{DynamicValue, call_function};
use crate::tf_provider::plugin::wire::{dynamic_value, to_proto};

pub(super) async fn call(
    registry: &Registry,
    request: call_function::Request,
) -> Reply<call_function::Response> {
    let function = found(registry.function(&request.name), &request.name, "function")?;
    let arguments = arguments(&request.arguments, function.signature())?;
    match function.call(arguments).await {
        Ok(result) => {
            let result = dynamic_value::write(&result, &function.signature().result)
                .map_err(|fault| Status::internal(format!("result: {fault}")))?;
            reply(call_function::Response { result: Some(result), error: None })
        }
        Err(error) => {
            let error = Some(to_proto::function_error(error));
            reply(call_function::Response { result: None, error })
        }
    }
}

fn arguments(values: &[DynamicValue], signature: &Signature) -> Result<Vec<Raw>, Status> {
    let fixed = signature.parameters.len();
    if values.len() < fixed || (values.len() > fixed && signature.variadic.is_none()) {
        return Err(Status::invalid_argument("arguments: not as many as the function has parameters"));
    }
    let parameters = signature.parameters.iter().chain(signature.variadic.iter().cycle());
    values.iter().zip(parameters).map(|(value, p)| incoming(p.name, Some(value), &p.ty)).collect()
}
