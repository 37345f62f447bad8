//! The configuration that Terraform generates for an existing token. An import with it plans no change. Pure.

use super::model::TokenFields;
use super::plan::has_ended;
use crate::path;
use crate::provider::blocks::{ConditionBlock, RequestIpBlock};
use crate::provider::wording;
use crate::tf_provider::framework::{Diagnostics, Set, Value};

/// Refines the configuration that follows from the schema: removes defaults, and everything that validation would refuse.
pub(super) fn refine(state: &TokenFields, config: &mut TokenFields) -> Diagnostics {
    let mut found = Diagnostics::none();
    if state.exclusive_policies == Value::Known(!state.policies.is_null()) {
        config.exclusive_policies = Value::Null;
    }
    // A status that only the API can set is left out.
    if config.status.as_str() != Some("disabled") {
        config.status = Value::Null;
    }
    if !config.expires_in.is_null() {
        config.expires_on = Value::Null;
    }
    config.condition = config.condition.clone().map(without_empty_sides);
    if let Some(status) = state.status.as_str().filter(|status| has_ended(status)) {
        let name = state.name.as_str().unwrap_or_default();
        found.push(wording::generated_for_ended(name, status).at(path!(TokenFields.status)));
    }
    found
}

/// A configuration cannot have an empty side.
fn without_empty_sides(condition: ConditionBlock) -> ConditionBlock {
    let side = |side: Value<Set<String>>| match side {
        Value::Known(set) if set.0.is_empty() => Value::Null,
        side => side,
    };
    let request_ip =
        condition.request_ip.map(|ip| RequestIpBlock { r#in: side(ip.r#in), not_in: side(ip.not_in) });
    ConditionBlock { request_ip }
}
