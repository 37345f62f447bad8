//! The argument `targets` of the functions that return policies, and the policies that they return.
//!
//! `targets` has no fixed type, because an object type would require every attribute in each call. Its attributes follow
//! the same rules as those of a policy, so [`PolicyBlock`] checks them.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::wrong;
use crate::capabilities::{Argument, Given, Grant, Kind, Problem};
use crate::provider::blocks::PolicyBlock;
use crate::provider::credentials::secret_likeness;
use crate::tf_provider::framework::{
    Arguments, Attribute, FunctionError, Model, Parameter, Raw, Type, Value, object, validate,
};

/// The parameter `targets`.
pub(super) fn parameter() -> Parameter {
    Parameter {
        name: "targets",
        ty: Type::Dynamic,
        allow_unknown: true,
        description: "What the policies apply to: an object with any of `zones` (ids of zones, or `[\"*\"]`), `r2_buckets` \
                      (`jurisdiction/bucket`, or `[\"*\"]`) and `workers` (names, or `[\"*\"]`). `{}` where the account is \
                      all that is needed. What is not needed may not be given.",
    }
}

/// The attributes of a policy. They are made once, because a plan may call the functions a hundred times.
static ATTRIBUTES: LazyLock<Vec<Attribute>> = LazyLock::new(PolicyBlock::attributes);

/// The type of the result. It is a list, so that `concat` accepts it, of what the attribute `policies` accepts.
pub(super) fn policies_type() -> Type {
    Type::list(object(&ATTRIBUTES))
}

/// The given targets, by kind. A value may be unknown, or have unknown elements.
pub(super) enum Targets {
    Unknown,
    Known(BTreeMap<Kind, Raw>),
}

impl Targets {
    /// Reads the argument at `index`.
    pub(super) fn read(arguments: &Arguments, index: usize) -> Result<Self, FunctionError> {
        let attributes = match arguments.0.get(index).unwrap_or(&Raw::Null) {
            Raw::Unknown => return Ok(Self::Unknown),
            Raw::Dynamic(typed) if typed.1.is_unknown() => return Ok(Self::Unknown),
            Raw::Dynamic(typed) => typed.1.as_map(),
            other => other.as_map(),
        };
        let attributes = attributes.ok_or_else(|| {
            wrong(index, "targets is not an object: write {} or, for example, { zones = [var.zone_id] }.")
        })?;
        let known = attributes.iter().map(|(name, value)| {
            let kind = Kind::NAMED.into_iter().find(|kind| kind.as_str() == name);
            let kind = kind.ok_or_else(|| wrong(index, unknown_attribute(name)))?;
            elements(value)
                .map(|set| (kind, set))
                .map_err(|fault| wrong(index, format!("targets.{name} {fault}")))
        });
        known.collect::<Result<_, _>>().map(Targets::Known)
    }

    /// The kinds of the given targets.
    pub(super) fn given(&self) -> Given {
        match self {
            Self::Unknown => Given::Unknown,
            Self::Known(targets) => Given::Kinds(targets.keys().copied().collect()),
        }
    }

    fn of(&self, kind: Kind) -> Raw {
        match self {
            Self::Unknown => Raw::Unknown,
            Self::Known(targets) => targets.get(&kind).cloned().unwrap_or(Raw::Null),
        }
    }

    /// The grants as policies on these targets. Unknown if the grants are.
    pub(super) fn policies(&self, grants: Option<Vec<Grant>>, index: usize) -> Result<Raw, FunctionError> {
        let Some(grants) = grants else { return Ok(Raw::Unknown) };
        grants.iter().map(|grant| self.policy(grant, index)).collect::<Result<_, _>>().map(Raw::List)
    }

    fn policy(&self, grant: &Grant, index: usize) -> Result<Raw, FunctionError> {
        let block = PolicyBlock {
            effect: Value::Known("allow".to_owned()),
            permission_groups: Value::Known(
                grant.groups.iter().map(|group| written(group, grant.on)).collect(),
            ),
            ..PolicyBlock::null()
        };
        let Raw::Map(mut policy) = block.to_object() else { return Ok(Raw::Null) };
        if grant.on != Kind::Account {
            // A policy without its target would grant the rights on the whole account.
            let Some(target) = policy.get_mut(grant.on.as_str()) else {
                return Err(wrong(index, format!("a policy cannot name {} yet.", grant.on.as_str())));
            };
            *target = self.of(grant.on);
        }
        let policy = Raw::Map(policy);
        let found = validate(&ATTRIBUTES, &policy, true, secret_likeness);
        match found.0.first() {
            Some(fault) => Err(wrong(index, format!("targets: {}: {}", fault.summary, fault.detail))),
            None => Ok(policy),
        }
    }
}

/// Names that groups of zones have too, with the ids of the account's groups. A policy for the account has no target, and
/// must use the id: the name could mean the group for zones.
const SHARED_WITH_ZONES: [(&str, &str); 7] = [
    ("Access: Apps and Policies Read", "7ea222f6d5064cfa89ea366d7c1fee89"),
    ("Access: Apps and Policies Revoke", "6c9d1cfcfc6840a987d1b5bfb880a841"),
    ("Access: Apps and Policies Write", "1e13c5124ca64b72b1969a67e8829049"),
    ("Disable ESC Read", "29eefa0805f94fdfae2b058b5b52f319"),
    ("Disable ESC Write", "18555e39c5ba40d284dde87eda845a90"),
    ("Logs Read", "6a315a56f18441e59ed03352369ae956"),
    ("Logs Write", "96163bd1b0784f62b3e44ed8c2ab1eb6"),
];

/// A permission group as a policy on this kind of target writes it.
fn written(group: &str, on: Kind) -> String {
    let id =
        SHARED_WITH_ZONES.iter().find(|(name, _)| on == Kind::Account && *name == group).map(|(_, id)| *id);
    id.unwrap_or(group).to_owned()
}

/// The problem as the function's error. `subject` and `targets` are the indices of the arguments.
pub(super) fn error(problem: &Problem, subject: usize, targets: usize) -> FunctionError {
    let index = match problem.argument() {
        Argument::Subject => subject,
        Argument::Targets => targets,
    };
    wrong(index, problem.to_string())
}

fn unknown_attribute(name: &str) -> String {
    let known: Vec<_> = Kind::NAMED.iter().map(|kind| kind.as_str()).collect();
    format!("targets has an attribute \"{name}\": it takes {} only.", known.join(", "))
}

/// A set of strings from any collection. A null is refused: it may stand for forgotten targets, and must not widen a grant.
/// The framework refuses null elements itself.
fn elements(value: &Raw) -> Result<Raw, String> {
    let elements = match value {
        Raw::Unknown => return Ok(Raw::Unknown),
        Raw::Null => return Err("is null: leave the attribute out where it is not needed.".to_owned()),
        Raw::List(elements) | Raw::Set(elements) => elements,
        _ => return Err("is not a list or set of strings.".to_owned()),
    };
    match elements.iter().all(|element| matches!(element, Raw::String(_) | Raw::Unknown)) {
        true => Ok(Raw::set(elements.iter().cloned())),
        false => Err("has an element that is not a string.".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::capability::Capability;
    use super::super::terraform_policies::TerraformPolicies;
    use super::*;
    use crate::tf_provider::framework::Function;

    const ZONE: &str = "eb78d65290b24279ba6f44721b3ea3c4";

    fn dynamic(value: Raw) -> Raw {
        Raw::Dynamic(Box::new((Type::Dynamic, value)))
    }

    fn targets(attributes: &[(&str, Raw)]) -> Raw {
        dynamic(Raw::Map(
            attributes.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
        ))
    }

    fn zones(elements: &[Raw]) -> Raw {
        targets(&[("zones", Raw::List(elements.to_vec()))])
    }

    fn capability(name: &str, targets: Raw) -> Result<Raw, FunctionError> {
        Capability.call(&Arguments(vec![Raw::string(name), targets]))
    }

    fn terraform(types: &[&str], access: &str, targets: Raw) -> Result<Raw, FunctionError> {
        let types = Raw::set(types.iter().map(|&name| Raw::string(name)));
        TerraformPolicies.call(&Arguments(vec![types, Raw::string(access), targets]))
    }

    /// The policies of a result.
    fn policies(result: &Raw) -> &[Raw] {
        let Raw::List(policies) = result else { panic!("not a list: {result:?}") };
        policies
    }

    #[test]
    fn a_policy_has_every_attribute_and_names_its_targets() {
        let result = capability("external-dns", zones(&[Raw::string(ZONE)])).unwrap();
        let [policy] = policies(&result) else { panic!("{result:?}") };
        let names: Vec<_> = policy.as_map().unwrap().keys().map(String::as_str).collect();
        let declared: std::collections::BTreeSet<_> =
            PolicyBlock::attributes().iter().map(|a| a.name).collect();
        assert_eq!(names, Vec::from_iter(declared));
        assert_eq!(policy.get("effect").as_str(), Some("allow"));
        let groups = ["DNS Write", "Zone Read"].map(Raw::string);
        assert_eq!(policy.get("permission_groups"), &Raw::set(groups));
        assert_eq!(policy.get("zones"), &Raw::set([Raw::string(ZONE)]));
        assert!(policy.get("r2_buckets").is_null() && policy.get("resources").is_null());
    }

    #[test]
    fn a_policy_for_the_account_names_no_target() {
        let result = terraform(&["cloudflare_queue"], "read", targets(&[])).unwrap();
        let [policy] = policies(&result) else { panic!("{result:?}") };
        assert!(["zones", "r2_buckets", "resources"].iter().all(|name| policy.get(name).is_null()));
    }

    #[test]
    fn a_name_that_zones_have_too_is_an_id_where_the_account_is_meant() {
        let groups: Vec<serde_json::Value> =
            serde_json::from_str(include_str!("../../../data/permission_groups.json")).unwrap();
        let account = serde_json::json!(["com.cloudflare.api.account"]);
        let shared = groups.iter().filter(|group| {
            let namesake =
                |other: &&serde_json::Value| other["name"] == group["name"] && other["id"] != group["id"];
            group["scopes"] == account && groups.iter().any(|other| namesake(&other))
        });
        let mut shared: Vec<_> =
            shared.map(|g| (g["name"].as_str().unwrap(), g["id"].as_str().unwrap())).collect();
        shared.sort_unstable();
        assert_eq!(shared, SHARED_WITH_ZONES);

        let types = ["cloudflare_zero_trust_access_policy"];
        let result = terraform(&types, "read", targets(&[])).unwrap();
        let [policy] = policies(&result) else { panic!("{result:?}") };
        let id = written("Access: Apps and Policies Read", Kind::Account);
        assert_eq!(policy.get("permission_groups"), &Raw::set([Raw::string(id)]));
        assert_eq!(written("Access: Apps and Policies Read", Kind::Zones), "Access: Apps and Policies Read");
    }

    #[test]
    fn unknown_targets_leave_the_groups_known() {
        let partly = zones(&[Raw::string(ZONE), Raw::Unknown]);
        for (targets, expected) in [
            (Raw::Unknown, Raw::Unknown),
            (dynamic(Raw::Unknown), Raw::Unknown),
            (targets(&[("zones", Raw::Unknown)]), Raw::Unknown),
            (partly, Raw::set([Raw::string(ZONE), Raw::Unknown])),
        ] {
            let result = capability("tunnel-ingress-controller", targets).unwrap();
            let [account, zone] = policies(&result) else { panic!("{result:?}") };
            assert!(account.is_wholly_known());
            assert_eq!(zone.get("zones"), &expected);
            assert!(zone.get("permission_groups").is_wholly_known());
        }
        assert_eq!(capability("r2-read", Raw::Unknown), Ok(Raw::Unknown), "the groups depend on them");
    }

    #[test]
    fn what_is_no_target_is_refused_with_its_place() {
        let wrong = |targets: Raw, expected: &str| {
            let error = capability("external-dns", targets).unwrap_err();
            assert_eq!(error.argument, Some(1));
            assert!(error.text.contains(expected), "{}", error.text);
        };
        wrong(dynamic(Raw::string(ZONE)), "targets is not an object");
        wrong(
            targets(&[("zone", Raw::Null)]),
            "an attribute \"zone\": it takes zones, r2_buckets, workers only",
        );
        wrong(targets(&[("zones", Raw::Null)]), "targets.zones is null");
        wrong(targets(&[("zones", Raw::string(ZONE))]), "targets.zones is not a list or set of strings");
        wrong(zones(&[Raw::Null]), "targets.zones has an element that is not a string");
        wrong(zones(&[Raw::Bool(true)]), "targets.zones has an element that is not a string");
        wrong(zones(&[]), "`zones` is empty");
        wrong(zones(&[Raw::string("example.com")]), "\"example.com\" is not the id of a zone");
        wrong(zones(&[Raw::string("*"), Raw::string(ZONE)]), "\"*\" beside other elements");
        wrong(targets(&[]), "needs zones");
    }

    #[test]
    fn a_null_never_widens_a_grant_to_the_account() {
        let error = capability("r2-read", targets(&[("r2_buckets", Raw::Null)])).unwrap_err();
        assert!(error.text.starts_with("targets.r2_buckets is null"), "{}", error.text);
        let types = ["cloudflare_zero_trust_access_application"];
        assert!(terraform(&types, "write", targets(&[("zones", Raw::Null)])).is_err());
    }

    #[test]
    fn the_other_arguments_are_checked_each_at_its_place() {
        let none = || targets(&[]);
        let at = |result: Result<Raw, FunctionError>| result.unwrap_err().argument;
        assert_eq!(at(capability("external_dns", none())), Some(0));
        assert_eq!(at(terraform(&[], "read", none())), Some(0));
        assert_eq!(at(terraform(&["cloudflare_record"], "read", none())), Some(0));
        assert_eq!(at(terraform(&["cloudflare_queue"], "admin", none())), Some(1));
        assert_eq!(at(terraform(&["cloudflare_dns_record"], "read", none())), Some(2));
    }
}
