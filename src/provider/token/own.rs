//! The rights that the provider's own token must not lose. Pure.

use crate::policy::{Effect, PolicySpec};
use crate::provider::blocks::{PolicyBlock, specs};
use crate::tf_provider::framework::{Set, Value};

/// The permission groups that let a token manage tokens, by name and by id.
const MANAGES_TOKENS: [&str; 4] = [
    "Account API Tokens Write",
    "5bc3f8b21c554832afc660159ab75fa4",
    "API Tokens Write",
    "686d18d5ac6c441c867cbf6771e58a0a",
];

fn names_right(spec: &PolicySpec) -> bool {
    spec.permission_groups.iter().any(|group| MANAGES_TOKENS.contains(&group.as_str()))
}

/// Whether policies grant or deny the right to manage tokens.
pub(crate) fn grants_rights(policies: &Value<Set<PolicyBlock>>) -> bool {
    has(policies, Effect::Allow)
}

fn withholds_rights(policies: &Value<Set<PolicyBlock>>) -> bool {
    has(policies, Effect::Deny)
}

fn has(policies: &Value<Set<PolicyBlock>>, effect: Effect) -> bool {
    let specs = specs(policies).unwrap_or_default();
    specs.iter().any(|spec| spec.effect == effect && names_right(spec))
}

/// Whether a change of policies removes the right to manage tokens: it drops the policy that grants it, or adds one that
/// denies it. Unknown policies are judged at apply.
pub(crate) fn loses_rights(before: &Value<Set<PolicyBlock>>, after: &Value<Set<PolicyBlock>>) -> bool {
    if specs(after).is_none() {
        return false;
    }
    (grants_rights(before) && !grants_rights(after)) || (withholds_rights(after) && !withholds_rights(before))
}
