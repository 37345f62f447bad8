//! The provider's guardrails: rules that no plan may break. They are checked over planned values, so that every resource
//! that asks for rights keeps the same rules. Unknown values pass, and are checked once they are known, before anything is
//! sent.
//!
//! Pure. `wording/guardrails.rs` has the texts.

use std::collections::BTreeSet;
use std::time::Duration;

use super::blocks::{ConditionBlock, PolicyBlock};
use super::checks;
use crate::model;
use crate::policy::{Catalog, Effect, GroupId, IpSet};
use crate::tf_provider::framework::{Set, Validator, Value, optional};

model! {
    /// Rules that every plan of this provider configuration must keep. A plan that breaks one is refused.
    pub(crate) struct GuardrailsBlock {
        /// Permission groups that no token and no binding may grant, by name or id. A name forbids the groups of that name
        /// in every scope, and also forbids them by id. Policies with `effect = "deny"` are exempt.
        forbidden_permission_groups: Set<String> = optional()
            .check(Validator::not_empty("Name a permission group, or leave it out to forbid none."))
            .check(checks::not_blank()),
        /// Whether every token must expire.
        require_expiry: bool = optional(),
        /// The longest time that a token may live, such as `90d`, counted from now until it expires. It is checked when a
        /// token is made and when its expiry changes. A token without an expiry breaks this rule.
        max_lifetime: String = optional().check(checks::duration(false)),
        /// Whether every token must list in `condition.request_ip.in` the addresses that it can be used from. A range that
        /// contains every address, such as `0.0.0.0/0`, does not count.
        require_ip_condition: bool = optional(),
    }
}

/// A longest time, with the text in the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Limit {
    /// The time.
    pub(crate) length: Duration,
    /// The text in the configuration.
    pub(crate) written: String,
}

impl Limit {
    fn read(text: &str) -> Option<Self> {
        Some(Self { length: checks::parse_duration(text)?, written: text.to_owned() })
    }
}

/// The rules, as far as they are known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Guardrails {
    forbidden: BTreeSet<String>,
    require_expiry: bool,
    max_lifetime: Option<Limit>,
    require_ip_condition: bool,
}

impl From<&Value<GuardrailsBlock>> for Guardrails {
    fn from(block: &Value<GuardrailsBlock>) -> Self {
        let Some(block) = block.known() else { return Self::default() };
        let forbidden = block.forbidden_permission_groups.known();
        Self {
            forbidden: forbidden.map(|set| set.known_so_far().cloned().collect()).unwrap_or_default(),
            require_expiry: block.require_expiry == Value::Known(true),
            max_lifetime: block.max_lifetime.as_str().and_then(Limit::read),
            require_ip_condition: block.require_ip_condition == Value::Known(true),
        }
    }
}

/// A rule that is broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Breach {
    /// These permission groups, as written in the policies, are forbidden.
    Forbidden(BTreeSet<String>),
    /// The rule names a permission group that does not exist, so it forbids nothing. With the nearest names.
    NoSuchGroup(String, Vec<String>),
    /// The token has no end. With the longest time that it may live, if that is limited.
    Endless(Option<Limit>),
    /// The token would live longer than this.
    TooLong(Limit),
    /// The token may be used from everywhere.
    Everywhere,
}

impl Guardrails {
    /// Whether a rule is about permission groups, so that their list is needed.
    pub(crate) fn forbids_groups(&self) -> bool {
        !self.forbidden.is_empty()
    }

    /// Checks the lifetime. A null lifetime has no end. An unknown one passes, and so does an end that the token already
    /// had.
    pub(crate) fn lifetime(&self, lifetime: &Value<Duration>) -> Option<Breach> {
        match (lifetime, &self.max_lifetime) {
            (Value::Null, limit) if self.require_expiry || limit.is_some() => {
                Some(Breach::Endless(limit.clone()))
            }
            (Value::Known(lifetime), Some(limit)) if *lifetime > limit.length => {
                Some(Breach::TooLong(limit.clone()))
            }
            _ => None,
        }
    }

    /// Checks the IP condition.
    pub(crate) fn condition(&self, condition: &Value<ConditionBlock>) -> Option<Breach> {
        let request_ip = match condition {
            Value::Null => &Value::Null,
            Value::Unknown => return None,
            Value::Known(condition) => &condition.request_ip,
        };
        let everywhere = match request_ip {
            Value::Null => true,
            Value::Unknown => false,
            Value::Known(ip) => match &ip.r#in {
                Value::Null => true,
                Value::Unknown => false,
                Value::Known(ranges) => IpSet::parse(ranges.known_so_far().map(String::as_str))
                    .is_ok_and(|ranges| ranges.is_everywhere()),
            },
        };
        (self.require_ip_condition && everywhere).then_some(Breach::Everywhere)
    }

    /// Checks the rights that policies grant, as far as they are known. Permission groups are compared by id.
    pub(crate) fn policies(&self, policies: &Value<Set<PolicyBlock>>, catalog: &Catalog) -> Vec<Breach> {
        let mut breaches = Vec::new();
        let mut forbidden: BTreeSet<GroupId> = BTreeSet::new();
        for element in &self.forbidden {
            let ids = ids(element, catalog.named(element).map(|group| &group.id));
            if ids.is_empty() {
                breaches.push(Breach::NoSuchGroup(element.clone(), catalog.nearest(element, None)));
            }
            forbidden.extend(ids);
        }
        let forbidden = &forbidden;
        let granting = policies.known().into_iter().flat_map(Set::known_so_far);
        let granting = granting.filter(|policy| policy.effect() == Some(Effect::Allow));
        let broken = granting.flat_map(|policy| {
            let scope = policy.target().and_then(|target| target.scope());
            let groups = policy.known_groups().into_iter();
            groups.filter(move |element| {
                // A name may still mean several groups. It is forbidden only if all of them are.
                let meant = catalog.find(element, scope.as_ref());
                let meant = ids(element, meant.iter().map(|group| &group.id));
                !meant.is_empty() && meant.is_subset(forbidden)
            })
        });
        let broken: BTreeSet<String> = broken.collect();
        if !broken.is_empty() {
            breaches.push(Breach::Forbidden(broken));
        }
        breaches
    }
}

/// The ids that an element means: itself if it is an id, else those of the groups with that name.
fn ids<'a>(element: &str, named: impl Iterator<Item = &'a GroupId>) -> BTreeSet<GroupId> {
    element.parse().map_or_else(|_| named.cloned().collect(), |id| BTreeSet::from([id]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{PermissionGroup, Scope};
    use crate::provider::blocks::RequestIpBlock;
    use crate::tf_provider::framework::Model;

    const ZONE_LOGS: &str = "11111111111111111111111111111111";
    const ACCOUNT_LOGS: &str = "22222222222222222222222222222222";
    const DNS: &str = "33333333333333333333333333333333";

    fn catalog() -> Catalog {
        let group =
            |id: &str, name: &str, scope: Scope| PermissionGroup::new(id.parse().unwrap(), name, vec![scope]);
        Catalog::new(vec![
            group(ZONE_LOGS, "Logs Write", Scope::Zone),
            group(ACCOUNT_LOGS, "Logs Write", Scope::Account),
            group(DNS, "DNS Write", Scope::Zone),
        ])
    }

    fn set(elements: &[&str]) -> Value<Set<String>> {
        Value::Known(elements.iter().map(|&e| e.to_owned()).collect())
    }

    fn forbid(elements: &[&str]) -> Guardrails {
        let block = GuardrailsBlock { forbidden_permission_groups: set(elements), ..GuardrailsBlock::null() };
        Guardrails::from(&Value::Known(block))
    }

    fn policy(effect: &str, groups: &[&str], zones: Value<Set<String>>) -> Value<Set<PolicyBlock>> {
        let effect = effect.to_owned().into();
        let block = PolicyBlock { effect, permission_groups: set(groups), zones, ..PolicyBlock::null() };
        Value::Known(Set::from_iter([block]))
    }

    fn broken(guardrails: &Guardrails, policies: &Value<Set<PolicyBlock>>) -> Vec<String> {
        let breaches = guardrails.policies(policies, &catalog());
        breaches
            .into_iter()
            .flat_map(|breach| match breach {
                Breach::Forbidden(groups) => groups,
                other => panic!("{other:?}"),
            })
            .collect()
    }

    #[test]
    fn a_forbidden_name_forbids_the_groups_of_all_scopes_by_name_and_by_id() {
        let guardrails = forbid(&["Logs Write"]);
        for (written, zones) in [
            ("Logs Write", set(&["*"])),
            ("Logs Write", Value::Null),
            (ZONE_LOGS, set(&["*"])),
            (ACCOUNT_LOGS, Value::Null),
        ] {
            let policies = policy("allow", &[written, "DNS Write"], zones);
            assert_eq!(broken(&guardrails, &policies), [written]);
        }
        assert!(broken(&guardrails, &policy("allow", &["DNS Write"], set(&["*"]))).is_empty());
    }

    #[test]
    fn a_forbidden_id_forbids_the_name_in_its_scope_only() {
        let guardrails = forbid(&[ZONE_LOGS]);
        assert_eq!(broken(&guardrails, &policy("allow", &["Logs Write"], set(&["*"]))), ["Logs Write"]);
        assert!(broken(&guardrails, &policy("allow", &["Logs Write"], Value::Null)).is_empty());
        // It is not known yet which of the two groups is meant.
        assert!(broken(&guardrails, &policy("allow", &["Logs Write"], Value::Unknown)).is_empty());
        let both = forbid(&["Logs Write"]);
        assert_eq!(broken(&both, &policy("allow", &["Logs Write"], Value::Unknown)), ["Logs Write"]);
    }

    #[test]
    fn to_deny_what_is_forbidden_is_well() {
        assert!(broken(&forbid(&["DNS Write"]), &policy("deny", &["DNS Write"], set(&["*"]))).is_empty());
    }

    #[test]
    fn a_forbidden_group_that_does_not_exist_is_a_breach_by_itself() {
        let breaches = forbid(&["DNS Wirte"]).policies(&policy("allow", &[], Value::Null), &catalog());
        assert_eq!(breaches, [Breach::NoSuchGroup("DNS Wirte".into(), vec!["DNS Write".into()])]);
    }

    #[test]
    fn what_is_not_known_yet_passes() {
        let block = GuardrailsBlock {
            require_expiry: Value::Known(true),
            max_lifetime: "1h".to_owned().into(),
            require_ip_condition: Value::Known(true),
            ..GuardrailsBlock::null()
        };
        let guardrails = Guardrails::from(&Value::Known(block));
        assert_eq!(guardrails.lifetime(&Value::Unknown), None);
        assert_eq!(guardrails.condition(&Value::Unknown), None);
        assert!(broken(&forbid(&["DNS Write"]), &Value::Unknown).is_empty());
        assert_eq!(Guardrails::from(&Value::Unknown), Guardrails::default());
    }

    #[test]
    fn a_lifetime_is_held_against_the_longest_and_none_is_for_ever() {
        let hour = Duration::from_secs(3600);
        let limit = Limit::read("60m").unwrap();
        let limited = Guardrails { max_lifetime: Some(limit.clone()), ..Guardrails::default() };
        assert_eq!(limited.lifetime(&Value::Known(hour)), None);
        assert_eq!(limited.lifetime(&Value::Known(hour * 2)), Some(Breach::TooLong(limit.clone())));
        assert_eq!(limited.lifetime(&Value::Null), Some(Breach::Endless(Some(limit))));
        let ended = Guardrails { require_expiry: true, ..Guardrails::default() };
        assert_eq!(ended.lifetime(&Value::Null), Some(Breach::Endless(None)));
        assert_eq!(ended.lifetime(&Value::Known(hour * 10_000)), None);
        assert_eq!(Guardrails::default().lifetime(&Value::Null), None);
    }

    #[test]
    fn an_ip_condition_must_allow_something_less_than_everything() {
        let guardrails = Guardrails { require_ip_condition: true, ..Guardrails::default() };
        let condition = |allowed: Value<Set<String>>, denied| {
            let request_ip = RequestIpBlock { r#in: allowed, not_in: denied };
            Value::Known(ConditionBlock { request_ip: request_ip.into() })
        };
        assert_eq!(guardrails.condition(&condition(set(&["192.0.2.0/24"]), Value::Null)), None);
        for everywhere in [
            Value::Null,
            condition(Value::Null, set(&["192.0.2.0/24"])),
            condition(set(&["::/0", "192.0.2.1"]), Value::Null),
            condition(set(&["0.0.0.0/1", "128.0.0.0/1"]), Value::Null),
        ] {
            assert_eq!(guardrails.condition(&everywhere), Some(Breach::Everywhere));
            assert_eq!(Guardrails::default().condition(&everywhere), None);
        }
    }
}
