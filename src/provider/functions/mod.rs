//! The provider's functions. They are pure and run without a configured provider, also in `terraform validate`.
//! [`crate::policy::keys`] knows how the API writes its keys.

pub(crate) mod capability;
pub(crate) mod r2_secret_access_key;
pub(crate) mod resource_keys;
mod targets;
pub(crate) mod terraform_policies;

use crate::policy::keys;
use crate::tf_provider::framework::{Arguments, FunctionError, Parameter, Type};

fn parameter(name: &'static str, description: &'static str) -> Parameter {
    Parameter { name, ty: Type::String, allow_unknown: false, description }
}

/// The error about an argument. `what` names the argument and says what to write. It contains no secret.
fn wrong(index: usize, what: impl Into<String>) -> FunctionError {
    FunctionError { text: what.into(), argument: i64::try_from(index).ok() }
}

/// The argument `name`, an id of 32 hexadecimal digits. The error does not quote another text: users sometimes write a
/// token's value in the place of an id.
fn id<'a>(
    arguments: &'a Arguments,
    index: usize,
    name: &str,
    of: &str,
    way_out: &str,
) -> Result<&'a str, FunctionError> {
    let text = arguments.string(index)?;
    if keys::is_hex32(text) {
        return Ok(text);
    }
    Err(wrong(
        index,
        format!("{name} is not the id of {of}: that has 32 hexadecimal digits, in lower case. {way_out}"),
    ))
}
