//! The provider's functions. They run without a configured provider, in `terraform validate` too, and are pure: how the
//! API writes its keys is [`crate::policy::keys`]' knowledge.

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

/// An argument that is at fault. `what` names it and says what would be right; it holds no secret.
fn wrong(index: usize, what: impl Into<String>) -> FunctionError {
    FunctionError { text: what.into(), argument: i64::try_from(index).ok() }
}

/// The argument `name`, an id of 32 hexadecimal digits. What else was given is not quoted: a token's value in the place
/// of an id is a mistake that users make.
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
