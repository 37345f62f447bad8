//! The function `capability`: the policies of a well-known tool or task, by its name.

use super::parameter;
use super::targets::{self, Targets, policies_type};
use crate::capabilities::named;
use crate::tf_provider::framework::{Arguments, Function, FunctionError, Raw, Signature};

const NAME: usize = 0;
const TARGETS: usize = 1;

/// `capability`
pub(crate) struct Capability;

impl Function for Capability {
    const NAME: &'static str = "capability";

    fn signature(&self) -> Signature {
        Signature {
            summary: "The policies that a well-known tool or task needs",
            description: "Returns the policies of a capability, such as `external-dns` or `r2-read`, for the `policies` of a \
                          token or a binding: the permission groups that the tool's own documentation asks for, on the \
                          targets that are given, and nothing else. `concat` joins it with other policies. The function \
                          needs no credential and asks no API.",
            parameters: vec![
                parameter("name", "What the capability is called. The table below has all of them."),
                targets::parameter(),
            ],
            variadic: None,
            result: policies_type(),
        }
    }

    fn call(&self, arguments: &Arguments) -> Result<Raw, FunctionError> {
        let (name, targets) = (arguments.string(NAME)?, Targets::read(arguments, TARGETS)?);
        let grants = named::grants(name, &targets.given());
        targets.policies(grants.map_err(|problem| targets::error(&problem, NAME, TARGETS))?, TARGETS)
    }
}
