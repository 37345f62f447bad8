//! The function `terraform_policies`: the policies of a token that plans or applies resource types.

use super::targets::{self, Targets, policies_type};
use super::{parameter, wrong};
use crate::capabilities::terraform::{self, Access};
use crate::tf_provider::framework::{Arguments, Function, FunctionError, Parameter, Raw, Signature, Type};

const TYPES: usize = 0;
const ACCESS: usize = 1;
const TARGETS: usize = 2;

/// `terraform_policies`
pub(crate) struct TerraformPolicies;

impl Function for TerraformPolicies {
    const NAME: &'static str = "terraform_policies";

    fn signature(&self) -> Signature {
        Signature {
            summary: "The policies of a token that plans or applies resource types",
            description: "Returns what a token needs to run Terraform over resource types of the official provider and of \
                          this one, for the `policies` of a token or a binding: at most one policy for the account and \
                          one for the zones. `concat` joins it with other policies. The function needs no credential and \
                          asks no API.",
            parameters: vec![
                Parameter {
                    name: "resource_types",
                    ty: Type::set(Type::String),
                    allow_unknown: false,
                    description: "Names of resource types, such as `cloudflare_dns_record`, and of data sources, such as \
                                  `data.cloudflare_zone`.",
                },
                parameter(
                    "access",
                    "`read` for what `terraform plan` needs; `write` for what `terraform apply` needs, which includes it.",
                ),
                targets::parameter(),
            ],
            variadic: None,
            result: policies_type(),
        }
    }

    fn call(&self, arguments: &Arguments) -> Result<Raw, FunctionError> {
        let types = names(arguments)?;
        let access = Access::parse(arguments.string(ACCESS)?)
            .ok_or_else(|| wrong(ACCESS, "access is \"read\" or \"write\"."))?;
        let targets = Targets::read(arguments, TARGETS)?;
        let grants = terraform::grants(types, access, &targets.given());
        targets.policies(grants.map_err(|problem| targets::error(&problem, TYPES, TARGETS))?, TARGETS)
    }
}

/// The names of the types: at least one.
fn names(arguments: &Arguments) -> Result<Vec<&str>, FunctionError> {
    let elements = match arguments.0.first() {
        Some(Raw::Set(elements)) if !elements.is_empty() => elements,
        _ => return Err(wrong(TYPES, "resource_types is empty: name at least one type.")),
    };
    let names = elements.iter().map(|element| {
        element.as_str().ok_or_else(|| wrong(TYPES, "resource_types has an element that is not a string."))
    });
    names.collect()
}
