//! The attribute `grants`: what policies grant, one line for each right, in plans, states and data sources.

use std::collections::BTreeSet;

use super::blocks::{PolicyBlock, specs};
use crate::cloudflare::may_hold_credential;
use crate::owner::Owner;
use crate::policy::{Catalog, Names, PolicySpec};
use crate::tf_provider::framework::{Set, Value};

/// The rights of planned policies. The whole set is unknown if the rights of one policy are: because a part of the policy
/// is unknown, or because the permission groups are needed and could not be listed. A single unknown element would not do:
/// it may become several lines, and Terraform does not let a planned set grow.
pub(crate) fn planned(
    policies: &Value<Set<PolicyBlock>>,
    owner: Option<&Owner>,
    catalog: Option<&Catalog>,
) -> Value<Set<String>> {
    let (set, owner) = match (policies, owner) {
        (Value::Null, _) => return Value::Known(Set::default()),
        (Value::Known(set), Some(owner)) => (set, owner),
        (Value::Known(_), None) | (Value::Unknown, _) => return Value::Unknown,
    };
    let mut lines = BTreeSet::new();
    for block in &set.0 {
        let spec = block.known().filter(|block| !may_show_secret(block)).and_then(PolicyBlock::spec);
        let grants = spec.map(|spec| spec.grants(owner, catalog, &Names::new()));
        match grants.filter(|grants| grants.is_certain) {
            Some(grants) => lines.extend(grants.lines),
            None => return Value::Unknown,
        }
    }
    Value::Known(lines.into_iter().collect())
}

/// A policy with a credential as a permission group is refused later. It must not be shown before that.
fn may_show_secret(block: &PolicyBlock) -> bool {
    block.known_groups().iter().any(|group| may_hold_credential(group))
}

/// The rights of policies that are known.
pub(crate) fn shown<'a>(
    policies: impl IntoIterator<Item = &'a PolicySpec>,
    owner: &Owner,
    catalog: Option<&Catalog>,
    names: &Names,
) -> BTreeSet<String> {
    policies.into_iter().flat_map(|spec| spec.grants(owner, catalog, names).lines).collect()
}

/// The rights of the policies of a state that an older version wrote. Null if the permission groups would be needed.
pub(crate) fn of_old_state(policies: &Value<Set<PolicyBlock>>, owner: &Value<Owner>) -> Value<Set<String>> {
    let grants = planned(policies, owner.known(), None);
    let is_known = specs(policies).is_some() && grants.known().is_some_and(|set| set.all_known().is_some());
    if is_known { grants } else { Value::Null }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{Effect, PermissionGroup, Scope, Selection, Target};
    use crate::provider::blocks::policy_set;
    use crate::tf_provider::framework::{Element, Model};

    fn owner() -> Owner {
        Owner::Account("0123456789abcdef0123456789abcdef".to_owned())
    }

    fn spec(group: &str, target: Target) -> PolicySpec {
        PolicySpec { effect: Effect::Allow, permission_groups: [group.to_owned()].into(), target }
    }

    fn set(lines: &[&str]) -> Value<Set<String>> {
        Value::Known(lines.iter().map(|&line| line.to_owned()).collect())
    }

    #[test]
    fn one_policy_that_is_not_known_yet_makes_all_rights_unknown() {
        let known = PolicyBlock::from(&spec("A", Target::Account));
        let open = PolicyBlock { zones: Value::Unknown, ..PolicyBlock::from(&spec("B", Target::Account)) };
        let of = |blocks: &[&PolicyBlock]| {
            let set = blocks.iter().map(|&block| block.clone()).collect::<Set<_>>();
            planned(&Value::Known(set), Some(&owner()), None)
        };
        assert_eq!(of(&[&known]), set(&["allow \"A\" on the account"]));
        assert_eq!(of(&[&known, &open]), Value::Unknown);
        assert_eq!(of(&[&open]), Value::Unknown);
        assert_eq!(planned(&Value::Unknown, Some(&owner()), None), Value::Unknown);
        assert_eq!(planned(&Value::Null, None, None), set(&[]));
        let unnamed = Value::Known(Set(vec![Element::Known(PolicyBlock::null())]));
        assert_eq!(planned(&unnamed, None, None), Value::Unknown);
    }

    #[test]
    fn what_only_the_permission_groups_tell_waits_for_them() {
        let id = "a".repeat(32);
        let policies = policy_set([spec(&id, Target::Account)]);
        assert_eq!(planned(&policies, Some(&owner()), None), Value::Unknown);
        assert_eq!(of_old_state(&policies, &owner().into()), Value::Null);
        let group = PermissionGroup::new(id.parse().unwrap(), "A", vec![Scope::Account]);
        let named = planned(&policies, Some(&owner()), Some(&Catalog::new(vec![group])));
        assert_eq!(named, set(&["allow \"A\" on the account"]));
    }

    #[test]
    fn a_state_of_an_older_version_says_its_rights_itself() {
        let policies = policy_set([spec("A", Target::Zones(Selection::All))]);
        let grants = of_old_state(&policies, &owner().into());
        assert_eq!(grants, set(&["allow \"A\" on all zones of the account"]));
        assert_eq!(of_old_state(&Value::Null, &owner().into()), set(&[]));
        assert_eq!(of_old_state(&policies, &Value::Null), Value::Null);
    }

    #[test]
    fn what_may_be_a_credential_is_not_shown() {
        let secret = "cfat_0123456789abcdefghijklmnopqrstuvwxyzABCDabcd1234";
        assert!(may_hold_credential(secret));
        let policies = policy_set([spec(secret, Target::Account)]);
        assert_eq!(planned(&policies, Some(&owner()), None), Value::Unknown);
    }
}
