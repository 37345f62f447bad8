//! The nested attributes that resources share, `policies` and `condition`, and their mapping to the policy domain and the
//! API.

use std::collections::BTreeSet;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::checks;
use crate::cloudflare::{Condition, RequestIp};
use crate::model;
use crate::policy::{Effect, PolicySpec, Selection, Target, cidr};
use crate::tf_provider::framework::{Map, Model, Raw, Set, Validator, Value, optional, required};
use crate::tokens;

/// The name of the attribute that has policies. It is the same in every type.
pub(crate) const POLICIES: &str = "policies";

model! {
    /// Rights that go together: permission groups, and what they apply to.
    pub(crate) struct PolicyBlock {
        /// `allow` grants the rights. `deny` withholds them, even if another policy of the token allows them.
        effect: String = optional().or(Raw::string("allow")).check(Validator::one_of(&["allow", "deny"])),
        /// Permission groups: names as the API lists them (what the dashboard calls *Edit* is *Write* here), or ids of 32
        /// hexadecimal digits. Several groups can share one name: the policy's target decides which one is meant. Without
        /// `zones`, `r2_buckets`, `workers` and `resources` the target is the token's own account. Then only groups that
        /// exist for accounts alone can be used.
        permission_groups: Set<String> = required().check(Validator::not_empty("Name at least one permission group.")),
        /// For zone-scoped permission groups: the ids of the zones, or `["*"]` for all zones of the account.
        zones: Set<String> = optional()
            .check(Validator::not_empty("Name the zones, write [\"*\"] for all, or leave the policy out."))
            .check(checks::star_stands_alone())
            .check(checks::zone_or_star())
            .conflicts_with(&["r2_buckets", "workers", "resources"]),
        /// For bucket-scoped permission groups: R2 buckets as `jurisdiction/bucket` (`default/logs`), or `["*"]` for all
        /// buckets of the account.
        r2_buckets: Set<String> = optional()
            .check(Validator::not_empty("Name the buckets, write [\"*\"] for all, or leave the policy out."))
            .check(checks::star_stands_alone())
            .conflicts_with(&["workers", "resources"]),
        /// For the permission groups *Individual Workers …*: names of Workers (`edge-api`), or `["*"]` for all Workers of
        /// the account. The provider turns a name into the Worker's tag: at plan if the Worker exists, at apply if the same
        /// run creates it. It compares tags. So a renamed Worker is no change, but another Worker with the same name is. To
        /// read the tags, the provider's credential needs *Workers Scripts Read*.
        workers: Set<String> = optional()
            .check(Validator::not_empty("Name the Workers, write [\"*\"] for all, or leave the policy out."))
            .check(checks::star_stands_alone())
            .check(checks::not_blank())
            .conflicts_with(&["resources"]),
        /// What the groups apply to, in the API's own keys, such as `{ "com.cloudflare.api.account.zone.<id>" = "*" }`.
        /// Write the keys flat: the provider nests those that the API wants nested under the account. On the key of an
        /// account (`com.cloudflare.api.account.<id>`) a zone-, bucket- or Worker-scoped group covers all zones, buckets or
        /// Workers of the account.
        resources: Map<String> = optional()
            .check(Validator::not_empty("Name a resource, or leave `resources` out to mean the token's account."))
            .check(checks::resource_keys()),
    }
}

model! {
    /// Limits where the token can be used from.
    pub(crate) struct ConditionBlock {
        /// Limits by the address that a request comes from.
        request_ip: RequestIpBlock = required(),
    }
}

model! {
    /// Addresses and CIDR ranges. The provider compares which addresses they contain, not how they are written.
    pub(crate) struct RequestIpBlock {
        /// The token works only from these addresses.
        r#in: Set<String> = optional().check(no_side()).check(checks::ip_range()),
        /// The token does not work from these addresses, even if `in` contains them.
        not_in: Set<String> = optional().check(no_side()).check(checks::ip_range()),
    }
}

fn no_side() -> Validator {
    Validator::not_empty("An empty list would lock the token out everywhere: leave it out to ask nothing.")
}

impl PolicyBlock {
    /// The policy that the user means. `None` while a part of it is unknown.
    pub(crate) fn spec(&self) -> Option<PolicySpec> {
        Some(PolicySpec {
            effect: self.effect()?,
            permission_groups: self.permission_groups.known()?.all_known()?.into_iter().cloned().collect(),
            target: self.target()?,
        })
    }

    /// The permission groups that are known so far.
    pub(crate) fn known_groups(&self) -> BTreeSet<String> {
        self.permission_groups
            .known()
            .map(|groups| groups.known_so_far().cloned().collect())
            .unwrap_or_default()
    }

    /// What the policy applies to. `None` while a part of it is unknown.
    pub(crate) fn target(&self) -> Option<Target> {
        let unknown = self.zones.is_unknown()
            || self.r2_buckets.is_unknown()
            || self.workers.is_unknown()
            || self.resources.is_unknown();
        if unknown {
            return None;
        }
        let selection = |set: &Set<String>| {
            let known: BTreeSet<String> = set.all_known()?.into_iter().cloned().collect();
            Some(if known.contains("*") { Selection::All } else { Selection::Only(known) })
        };
        if let Some(zones) = self.zones.known() {
            return selection(zones).map(Target::Zones);
        }
        if let Some(buckets) = self.r2_buckets.known() {
            return selection(buckets).map(Target::R2Buckets);
        }
        if let Some(workers) = self.workers.known() {
            return selection(workers).map(Target::Workers);
        }
        match self.resources.known() {
            Some(map) => {
                let known = map.all_known()?.into_iter().map(|(key, value)| (key.to_owned(), value.clone()));
                Some(Target::Resources(known.collect()))
            }
            None => Some(Target::Account),
        }
    }

    /// Whether the policy allows or denies. `None` while that is unknown.
    pub(crate) fn effect(&self) -> Option<Effect> {
        match &self.effect {
            Value::Null => Some(Effect::Allow),
            Value::Unknown => None,
            Value::Known(text) => text.parse().ok(),
        }
    }
}

impl From<&PolicySpec> for PolicyBlock {
    fn from(spec: &PolicySpec) -> Self {
        let mut block = Self {
            effect: spec.effect.as_str().to_owned().into(),
            permission_groups: Set::from_iter(spec.permission_groups.iter().cloned()).into(),
            ..Self::null()
        };
        let written = |selection: &Selection| match selection {
            Selection::All => Value::Known(Set::from_iter(["*".to_owned()])),
            Selection::Only(elements) => Value::Known(Set::from_iter(elements.iter().cloned())),
        };
        match &spec.target {
            Target::Account => {}
            Target::Zones(zones) => block.zones = written(zones),
            Target::R2Buckets(buckets) => block.r2_buckets = written(buckets),
            Target::Workers(workers) => block.workers = written(workers),
            Target::Resources(map) => block.resources = Map::from_iter(map.clone()).into(),
        }
        block
    }
}

/// The specs of a set of policies. `None` while a part of one is unknown. A null set gives no specs.
pub(crate) fn specs(policies: &Value<Set<PolicyBlock>>) -> Option<Vec<PolicySpec>> {
    match policies {
        Value::Null => Some(Vec::new()),
        Value::Unknown => None,
        Value::Known(set) => set.0.iter().map(|block| block.known()?.spec()).collect(),
    }
}

/// Specs as a set of policies. No specs give a null set.
pub(crate) fn policy_set(specs: impl IntoIterator<Item = PolicySpec>) -> Value<Set<PolicyBlock>> {
    let set: Set<PolicyBlock> = specs.into_iter().map(|spec| PolicyBlock::from(&spec)).collect();
    if set.0.is_empty() { Value::Null } else { Value::Known(set) }
}

/// The condition as the API takes it. `None` if the block sets nothing. The block must be completely known. The framework
/// checks that before anything is sent.
pub(crate) fn condition(block: &Value<ConditionBlock>) -> Option<Condition> {
    let ip = block.known()?.request_ip.known()?;
    // An element that is not an address is sent unchanged, and the API refuses it.
    let sent = |element: &String| cidr(element).unwrap_or_else(|| element.clone());
    let side = |set: &Value<Set<String>>| {
        set.known().map(|s| s.known_so_far().map(sent).collect()).unwrap_or_default()
    };
    let condition = Condition {
        request_ip: Some(RequestIp::new(side(&ip.r#in), side(&ip.not_in))),
        ..Condition::default()
    };
    (!condition.is_empty()).then_some(condition)
}

/// The block for a condition of the API. It is `current` if that means the same.
pub(crate) fn condition_block(
    current: &Value<ConditionBlock>,
    condition: Option<&Condition>,
) -> Value<ConditionBlock> {
    // A condition of an unknown kind has no attribute here. Every write keeps it.
    let known = condition.and_then(|c| c.request_ip.clone());
    let known = known.map(|ip| RequestIp { other: Default::default(), ..ip });
    let asked = known.clone().map(|ip| Condition { request_ip: Some(ip), ..Condition::default() });
    match known {
        _ if tokens::same_condition(self::condition(current).as_ref(), asked.as_ref()) => current.clone(),
        None => Value::Null,
        Some(theirs) => {
            let side = |list: &Option<Vec<String>>| list.clone().map(Set::from_iter).into();
            let request_ip = RequestIpBlock { r#in: side(&theirs.allowed), not_in: side(&theirs.denied) };
            Value::Known(ConditionBlock { request_ip: request_ip.into() })
        }
    }
}

/// Whether two values of `condition` mean the same.
pub(super) fn same_condition(a: &Raw, b: &Raw) -> bool {
    let read = |raw: &Raw| ConditionBlock::from_object(raw).ok().and_then(|block| condition(&block.into()));
    tokens::same_condition(read(a).as_ref(), read(b).as_ref())
}

/// A timestamp of the API for the state. It is `current` if that is the same instant.
pub(crate) fn timestamp(current: &Value<String>, at: Option<OffsetDateTime>) -> Value<String> {
    same_or(current, at.and_then(|at| at.format(&Rfc3339).ok()).into())
}

/// The new timestamp, or the current one if it is the same instant in another spelling.
pub(crate) fn same_or(current: &Value<String>, new: Value<String>) -> Value<String> {
    if checks::is_same_instant(current, &new) { current.clone() } else { new }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::tf_provider::framework::Element;

    fn set(elements: &[&str]) -> Value<Set<String>> {
        Value::Known(elements.iter().map(|&e| e.to_owned()).collect())
    }

    fn ip(allowed: &[&str]) -> Value<ConditionBlock> {
        let request_ip = RequestIpBlock { r#in: set(allowed), not_in: Value::Null };
        Value::Known(ConditionBlock { request_ip: request_ip.into() })
    }

    #[test]
    fn a_block_and_its_spec_say_the_same() {
        let targets = [
            Target::Account,
            Target::Zones(Selection::All),
            Target::Zones(Selection::Only(BTreeSet::from(["a".repeat(32)]))),
            Target::R2Buckets(Selection::Only(BTreeSet::from(["default/b".to_owned()]))),
            Target::Workers(Selection::All),
            Target::Workers(Selection::Only(BTreeSet::from(["edge-api".to_owned()]))),
            Target::Resources(BTreeMap::from([("k".to_owned(), "*".to_owned())])),
        ];
        for target in targets {
            let groups = BTreeSet::from(["DNS Write".to_owned()]);
            let spec = PolicySpec { effect: Effect::Deny, permission_groups: groups, target };
            assert_eq!(PolicyBlock::from(&spec).spec(), Some(spec));
        }
    }

    #[test]
    fn an_unknown_part_makes_the_spec_unknown_but_known_groups_stay_known() {
        let groups = Set(vec![Element::Known("DNS Write".to_owned()), Element::Unknown]);
        let block = PolicyBlock { permission_groups: groups.into(), ..PolicyBlock::null() };
        assert_eq!(block.spec(), None);
        assert_eq!(block.known_groups(), BTreeSet::from(["DNS Write".to_owned()]));
        assert_eq!(block.target(), Some(Target::Account));
        let block = PolicyBlock { zones: Value::Unknown, ..PolicyBlock::null() };
        assert_eq!(block.target(), None);
    }

    #[test]
    fn a_condition_keeps_the_users_spelling_while_it_means_the_same() {
        let theirs = |list: &[&str]| Condition {
            request_ip: Some(RequestIp::new(list.iter().map(|&s| s.to_owned()).collect(), vec![])),
            ..Condition::default()
        };
        let kept = condition_block(&ip(&["192.0.2.7/24"]), Some(&theirs(&["192.0.2.0/24"])));
        assert_eq!(kept, ip(&["192.0.2.7/24"]));
        let changed = condition_block(&ip(&["192.0.2.7/24"]), Some(&theirs(&["198.51.100.0/24"])));
        assert_eq!(changed, ip(&["198.51.100.0/24"]));
        assert!(condition_block(&ip(&["192.0.2.7/24"]), None).is_null());
        assert!(same_condition(&ip(&["192.0.2.7"]).to_raw(), &ip(&["192.0.2.7/32"]).to_raw()));
        assert!(!same_condition(&ip(&["192.0.2.7"]).to_raw(), &ip(&["192.0.2.8"]).to_raw()));
    }

    #[test]
    fn a_timestamp_keeps_the_users_spelling_while_it_is_the_same_instant() {
        let at = checks::instant("2027-01-31T00:00:00Z");
        let written = Value::Known("2027-01-31T01:00:00+01:00".to_owned());
        assert_eq!(timestamp(&written, at), written);
        assert_eq!(timestamp(&Value::Null, at), Value::Known("2027-01-31T00:00:00Z".to_owned()));
        assert_eq!(timestamp(&written, None), Value::Null);
    }
}
