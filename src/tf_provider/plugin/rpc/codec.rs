//! The common parts of all RPCs: reading values from requests and writing them into answers.

use tonic::{Response, Status};

use crate::tf_provider::framework::{Diagnostic, Diagnostics, Raw, Type};
use crate::tf_provider::plugin::wire::dynamic_value::{self as value, Malformed};
use crate::tf_provider::plugin::wire::proto::{DynamicValue, RawState};

/// The answer of an RPC: a message, or a fault of the protocol.
pub(super) type Reply<T> = Result<Response<T>, Status>;

pub(super) fn reply<T>(message: T) -> Reply<T> {
    Ok(Response::new(message))
}

/// The result of a look-up by name. The name goes into the log.
///
/// Core only asks for names in the schema. So an unknown name is a fault of the protocol and not a diagnostic.
pub(super) fn found<'a, T>(handle: Option<&'a T>, name: &str, what: &str) -> Result<&'a T, Status> {
    tracing::Span::current().record("tf_type", name);
    handle.ok_or_else(|| Status::not_found(format!("the provider has no {what} \"{name}\"")))
}

/// Reads a part of a request.
pub(super) fn incoming(field: &str, value: Option<&DynamicValue>, ty: &Type) -> Result<Raw, Status> {
    value::read(value, ty).map_err(|fault| malformed(field, &fault))
}

/// Writes a part of an answer. If it does not fit the schema, a diagnostic says so, and the rest of the answer is still
/// sent.
pub(super) fn outgoing(
    what: &str,
    raw: Option<Raw>,
    ty: &Type,
    diagnostics: &mut Diagnostics,
) -> Option<DynamicValue> {
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

/// Stored state, as JSON. An absent state, or one in the old flat form, is a fault.
pub(super) fn stored(state: Option<&RawState>) -> Result<serde_json::Value, Status> {
    let json = state.map_or(&[][..], |state| &state.json);
    serde_json::from_slice(json)
        .map_err(|e| Status::invalid_argument(format!("stored state: no JSON (column {})", e.column())))
}

fn malformed(field: &str, fault: &Malformed) -> Status {
    Status::invalid_argument(format!("{field}: {fault}"))
}
