//! The domain as a whole: what users write, the canonical form, the wire and the way back.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const ACCOUNT: &str = "0123456789abcdef0123456789abcdef";
const ZONE: &str = "11111111111111111111111111111111";
const DNS_WRITE: &str = "4755a26eedb94da69e1066d98aa820be";

fn home() -> Home {
    Home::Account(ACCOUNT.into())
}

fn catalog() -> Catalog {
    let groups: Vec<Value> = serde_json::from_str(include_str!("../../data/permission_groups.json")).unwrap();
    let scope = |scope: &Value| Scope::from(scope.as_str().unwrap());
    let group = |group: &Value| PermissionGroup {
        id: group["id"].as_str().unwrap().parse().unwrap(),
        name: group["name"].as_str().unwrap().into(),
        scopes: group["scopes"].as_array().unwrap().iter().map(scope).collect(),
        deprecated: group["name"] == "Zaraz Edit",
    };
    Catalog::new(groups.iter().map(group).collect())
}

fn set(elements: &[&str]) -> BTreeSet<String> {
    elements.iter().map(|element| element.to_string()).collect()
}

fn only(elements: &[&str]) -> Selection {
    Selection::Only(set(elements))
}

fn spec(groups: &[&str], target: Target) -> PolicySpec {
    PolicySpec { effect: Effect::Allow, permission_groups: set(groups), target }
}

fn resources(pairs: &[(&str, &str)]) -> Target {
    Target::Resources(pairs.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect())
}

fn problems(groups: &[&str], target: Target) -> Vec<Problem> {
    spec(groups, target).resolve(&home(), &catalog()).unwrap_err()
}

fn only_problem(groups: &[&str], target: Target) -> (Part, String) {
    let problems = problems(groups, target);
    assert_eq!(problems.len(), 1, "{problems:?}");
    (problems[0].part.clone(), problems[0].to_string())
}

fn policy(spec: &PolicySpec) -> Policy {
    spec.resolve(&home(), &catalog()).unwrap().policy
}

#[test]
fn one_name_is_another_group_in_another_scope() {
    let account = policy(&spec(&["Logs Write"], Target::Account));
    let zone = policy(&spec(&["Logs Write"], Target::Zones(Selection::All)));
    assert!(account.groups().contains(&"96163bd1b0784f62b3e44ed8c2ab1eb6".parse().unwrap()));
    assert!(zone.groups().contains(&"3e0b5820118e47f3922f7c989e673882".parse().unwrap()));
}

#[test]
fn a_name_and_its_id_are_one_policy() {
    let (named, by_id) = (
        spec(&["DNS Write"], Target::Zones(only(&[ZONE]))),
        spec(&[DNS_WRITE], resources(&[(&format!("com.cloudflare.api.account.zone.{ZONE}"), "*")])),
    );
    assert_eq!(policy(&named).fingerprint(), policy(&by_id).fingerprint());
    assert!(named.same_meaning(&by_id, &home(), Some(&catalog())));
    assert!(!named.same_meaning(&by_id, &home(), None));
    let twice = resolve_all(&[named, by_id], &home(), &catalog()).unwrap_err();
    assert_eq!(twice, [(1, Problem { part: Part::Whole, fault: Fault::Duplicate })]);
}

#[test]
fn an_unknown_name_is_answered_with_the_nearest() {
    let zones = || Target::Zones(Selection::All);
    let (part, said) = only_problem(&["dns write"], zones());
    assert_eq!(part, Part::PermissionGroup("dns write".into()));
    assert!(said.contains("Did you mean \"DNS Write\""), "{said}");
    let (_, said) = only_problem(&["DNS Edit"], zones());
    assert!(said.contains("mean \"DNS Write\"") && said.contains("dashboard calls Edit is Write"), "{said}");
    let (_, said) = only_problem(&["Worker Scripts Write"], Target::Account);
    assert!(said.contains("\"Workers Scripts Write\""), "{said}");
    let (_, said) = only_problem(&["qqqqqqqq"], Target::Account);
    assert!(!said.contains("Did you mean"), "{said}");
}

#[test]
fn a_group_of_another_scope_is_told_with_the_way_out() {
    let (part, said) = only_problem(&["DNS Write"], Target::Account);
    assert_eq!(part, Part::PermissionGroup("DNS Write".into()));
    assert!(said.contains("a zone-scoped permission group") && said.contains("Say which zones"), "{said}");
    let (_, said) = only_problem(&["Workers Scripts Write"], Target::Zones(only(&[ZONE])));
    assert!(said.contains("an account-scoped") && said.contains("Leave zones"), "{said}");
    let (part, said) = only_problem(&[DNS_WRITE], Target::Account);
    assert_eq!(part, Part::PermissionGroup(DNS_WRITE.into()));
    assert!(said.contains("Say which zones"), "{said}");
    let (_, said) = only_problem(&["Workers R2 Storage Bucket Item Read"], Target::Account);
    assert!(said.contains("an R2-bucket-scoped") && said.contains("r2_buckets = "), "{said}");
}

#[test]
fn groups_of_several_scopes_in_one_policy_are_listed_by_scope() {
    let (part, said) = only_problem(&["DNS Write", "Workers Scripts Write"], Target::Account);
    assert_eq!(part, Part::PermissionGroups);
    assert!(said.contains("account (\"Workers Scripts Write\"); zone (\"DNS Write\")"), "{said}");
    assert!(said.contains("one policy per scope"), "{said}");
}

#[test]
fn resources_of_several_scopes_in_one_policy_are_refused() {
    let account = format!("com.cloudflare.api.account.{ACCOUNT}");
    let zone = format!("com.cloudflare.api.account.zone.{ZONE}");
    let (part, said) = only_problem(&["DNS Write"], resources(&[(&account, "*"), (&zone, "*")]));
    assert_eq!(part, Part::Resources(None));
    assert!(said.contains(&format!("account (\"{account}\"); zone (\"{zone}\")")), "{said}");
}

#[test]
fn what_is_not_an_id_is_told_at_its_element() {
    let (part, said) = only_problem(&[&DNS_WRITE.to_uppercase()], Target::Zones(Selection::All));
    assert_eq!(part, Part::PermissionGroup(DNS_WRITE.to_uppercase()));
    assert!(said.contains("32 lower-case"), "{said}");
    let (_, said) = only_problem(&[ZONE], Target::Account);
    assert!(said.contains("no permission group with the id") && said.contains("/iam/"), "{said}");
    let (part, said) = only_problem(&["DNS Write"], Target::Zones(only(&["example.com"])));
    assert_eq!(part, Part::Zones(Some("example.com".into())));
    assert!(said.contains("not its name"), "{said}");
    let read = "Workers R2 Storage Bucket Item Read";
    let (part, said) = only_problem(&[read], Target::R2Buckets(only(&["photos"])));
    assert_eq!(part, Part::R2Buckets(Some("photos".into())));
    assert!(said.contains("\"default/photos\""), "{said}");
    let key = format!("com.cloudflare.api.account.{ACCOUNT}.zone.*");
    let (part, said) = only_problem(&["DNS Write"], resources(&[(&key, "*")]));
    assert_eq!(part, Part::Resources(Some(key)));
    assert!(said.contains("zones = [\"*\"]"), "{said}");
}

#[test]
fn an_empty_part_is_a_problem_only_once_all_is_known() {
    let catalog = catalog();
    let empty = Target::Zones(only(&[]));
    assert_eq!(check(&set(&[]), Some(&empty), Some(&home()), &catalog), []);
    let faults: Vec<_> = problems(&[], empty).into_iter().map(|problem| problem.fault).collect();
    assert_eq!(faults, [Fault::NoGroups, Fault::NothingSelected]);
}

#[test]
fn names_can_be_checked_before_what_they_apply_to_is_known() {
    let catalog = catalog();
    assert_eq!(check(&set(&["Logs Write", "DNS Write"]), None, None, &catalog), []);
    let found = check(&set(&["DNS Wirte"]), None, None, &catalog);
    assert!(matches!(&found[0].fault, Fault::UnknownName { nearest, .. } if nearest[0] == "DNS Write"));
}

#[test]
fn a_name_that_resources_of_an_unknown_kind_leave_open_is_ambiguous() {
    let (_, said) = only_problem(&["Logs Write"], resources(&[("com.cloudflare.edge.new", "*")]));
    assert!(said.contains("96163bd1b0784f62b3e44ed8c2ab1eb6 (account)"), "{said}");
    policy(&spec(&["DNS Write"], resources(&[("com.cloudflare.edge.new", "*")])));
}

#[test]
fn a_deprecated_group_works_and_warns() {
    let resolved = spec(&["Zaraz Edit"], Target::Zones(Selection::All)).resolve(&home(), &catalog()).unwrap();
    assert_eq!(resolved.warnings[0].severity(), Severity::Warning);
}

#[test]
fn the_inert_policy_is_not_the_users_to_write() {
    let mut spec = spec(&["Account API Tokens Write"], Target::Account);
    policy(&spec);
    spec.effect = Effect::Deny;
    let problems = spec.resolve(&home(), &catalog()).unwrap_err();
    assert_eq!(problems, [Problem { part: Part::Whole, fault: Fault::Reserved }]);
}

#[test]
fn a_users_token_has_no_account_of_its_own() {
    let problems = spec(&["DNS Write"], Target::Account).resolve(&Home::User, &catalog()).unwrap_err();
    assert!(problems.iter().any(|problem| problem.fault == Fault::NoAccount));
}

#[test]
fn all_zones_of_an_account_go_out_nested_and_come_in_flat() {
    let policy = policy(&spec(&["DNS Write"], Target::Zones(Selection::All)));
    let account = format!("com.cloudflare.api.account.{ACCOUNT}");
    let wire = policy.to_wire(&home());
    assert_eq!(wire.resources, json!({ &account: { "com.cloudflare.api.account.zone.*": "*" } }));
    assert_eq!(policy.to_wire(&Home::User).resources, json!({ "com.cloudflare.api.account.zone.*": "*" }));
    let back = Policy::from_wire("allow", [DNS_WRITE], &wire.resources, &home()).unwrap();
    assert_eq!(back, policy);
    let written =
        spec(&["DNS Write"], resources(&[(&account, r#"{ "com.cloudflare.api.account.zone.*": "*" }"#)]));
    assert_eq!(self::policy(&written), policy);
}

#[test]
fn another_nest_stays_and_is_described_as_json() {
    let nest = json!({ "com.cloudflare.api.account.ff": { "com.cloudflare.api.account.zone.*": "*" } });
    let policy = Policy::from_wire("allow", [DNS_WRITE], &nest, &home()).unwrap();
    assert_eq!(policy.to_wire(&home()).resources, nest);
    let described = describe(&policy, &home(), Some(&catalog()), &Names::new());
    let json = r#"{"com.cloudflare.api.account.zone.*":"*"}"#;
    assert_eq!(described, spec(&["DNS Write"], resources(&[("com.cloudflare.api.account.ff", json)])));
}

#[test]
fn the_fingerprint_is_fixed_for_states_that_hold_it() {
    let policy = policy(&spec(&["DNS Write"], Target::Zones(only(&[ZONE]))));
    let expected = "5d89c835825ebe468452ed31cc7d384efe07e7beaaafd4db85b51fbe7cf248c0";
    assert_eq!(policy.fingerprint().to_string(), expected);
    assert_eq!(expected.parse(), Ok(policy.fingerprint()));
    let prefix: FingerprintPrefix = expected[..12].parse().unwrap();
    assert!(prefix.matches(&policy.fingerprint()));
    assert!(expected[..11].parse::<FingerprintPrefix>().is_err());
    assert!("ABCDEFABCDEF".parse::<FingerprintPrefix>().is_err());
}

#[test]
fn what_cannot_be_read_is_told() {
    let read = |effect, group, resources: Value| Policy::from_wire(effect, [group], &resources, &home());
    let fine = || json!({ "a": "*" });
    assert_eq!(read("permit", DNS_WRITE, fine()), Err(MalformedPolicy::Effect("permit".into())));
    assert!(matches!(read("allow", "x", fine()), Err(MalformedPolicy::Group(_))));
    assert_eq!(read("allow", DNS_WRITE, json!([])), Err(MalformedPolicy::NotAnObject));
    assert_eq!(read("allow", DNS_WRITE, json!({ "a": 1 })), Err(MalformedPolicy::Resource("a".into())));
    assert_eq!(read("allow", DNS_WRITE, json!({ "a": "{}" })), Err(MalformedPolicy::Resource("a".into())));
}

fn any_group() -> impl Strategy<Value = GroupId> {
    let ids: Vec<GroupId> = catalog().iter().map(|group| group.id.clone()).collect();
    prop::sample::select(ids)
}

fn any_key() -> impl Strategy<Value = String> {
    let keys = [
        "com.cloudflare.api.account.0123456789abcdef0123456789abcdef",
        "com.cloudflare.api.account.ff",
        "com.cloudflare.api.account.*",
        "com.cloudflare.api.account.zone.*",
        "com.cloudflare.api.account.zone.11111111111111111111111111111111",
        "com.cloudflare.api.account.zone.odd",
        "com.cloudflare.api.user.ff",
        "com.cloudflare.edge.r2.bucket.*",
        "com.cloudflare.edge.r2.bucket.0123456789abcdef0123456789abcdef_eu_photos",
        "com.cloudflare.edge.worker.script.abc",
    ];
    prop::sample::select(keys.map(str::to_owned).to_vec())
}

fn any_resource() -> impl Strategy<Value = Resource> {
    let value = || prop_oneof![4 => Just("*".to_owned()), 1 => Just("read".to_owned())];
    prop_oneof![
        3 => value().prop_map(Resource::Flat),
        1 => prop::collection::btree_map(any_key(), value(), 0..3).prop_map(Resource::Nested),
    ]
}

fn any_policy() -> impl Strategy<Value = Policy> {
    let effect = prop_oneof![Just(Effect::Allow), Just(Effect::Deny)];
    let groups = prop::collection::btree_set(any_group(), 0..5);
    let resources = prop::collection::btree_map(any_key(), any_resource(), 0..4);
    (effect, groups, resources)
        .prop_map(|(effect, groups, resources)| Policy::new(effect, groups, resources, &home()))
}

/// Specs that resolve: groups of one scope, by name or by id, and a target of that scope.
fn any_spec() -> impl Strategy<Value = PolicySpec> {
    let zones = || prop::collection::btree_set("[0-9a-f]{32}", 1..4).prop_map(Selection::Only);
    let buckets = prop::collection::btree_set("(default|eu)/[a-z][a-z0-9-]{2,9}", 1..4);
    let flat = |prefix: &'static str| {
        prop::collection::btree_map(
            "[0-9a-f]{4}".prop_map(move |id| format!("{prefix}{id}")),
            Just("*".to_owned()),
            1..3,
        )
        .prop_map(Target::Resources)
    };
    let nest = |key: &'static str| {
        let value = format!(r#"{{"{key}":"*"}}"#);
        prop::collection::btree_map("com\\.cloudflare\\.api\\.account\\.[0-9a-f]{4}", Just(value), 1..3)
            .prop_map(Target::Resources)
    };
    let target = prop_oneof![
        Just(Target::Account),
        zones().prop_map(Target::Zones),
        Just(Target::Zones(Selection::All)),
        buckets.prop_map(|set| Target::R2Buckets(Selection::Only(set))),
        Just(Target::R2Buckets(Selection::All)),
        flat("com.cloudflare.api.account."),
        flat("com.cloudflare.api.account.zone."),
        nest("com.cloudflare.api.account.zone.*"),
        nest("com.cloudflare.edge.r2.bucket.*"),
    ];
    let effect = prop_oneof![Just(Effect::Allow), Just(Effect::Deny)];
    let picks = prop::collection::btree_map(
        any::<prop::sample::Index>().prop_map(|i| i.index(1000)),
        any::<bool>(),
        2..5,
    );
    (effect, target, picks).prop_map(|(effect, target, picks)| {
        let catalog = catalog();
        let scope = target.scope();
        let fitting: Vec<_> = catalog.iter().filter(|group| group.fits(scope.as_ref())).collect();
        let chosen: BTreeMap<_, bool> = picks.iter().map(|(i, named)| (i % fitting.len(), *named)).collect();
        let group = |(i, named): (&usize, &bool)| {
            if *named { fitting[*i].name.clone() } else { fitting[*i].id.to_string() }
        };
        PolicySpec { effect, permission_groups: chosen.iter().map(group).collect(), target }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn the_wire_and_back_is_the_same_policy(policy in any_policy(), reverse in any::<bool>()) {
        for home in [home(), Home::User] {
            let policy = Policy::new(policy.effect(), policy.groups().clone(), policy.resources().clone(), &home);
            let mut wire = policy.to_wire(&home);
            if reverse {
                wire.permission_groups.reverse();
            }
            // Groups named twice and in another order mean the same.
            wire.permission_groups.extend(wire.permission_groups.first().cloned());
            let groups = wire.permission_groups.iter().map(String::as_str);
            let back = Policy::from_wire(wire.effect.as_str(), groups, &wire.resources, &home).unwrap();
            prop_assert_eq!(back.fingerprint(), policy.fingerprint());
            prop_assert_eq!(back, policy);
        }
    }

    #[test]
    fn fingerprints_are_equal_exactly_where_policies_are(a in any_policy(), b in any_policy()) {
        prop_assert_eq!(a == b, a.fingerprint() == b.fingerprint());
        let regrouped = Policy::new(a.effect(), b.groups().clone(), a.resources().clone(), &home());
        prop_assert_eq!(a == regrouped, a.fingerprint() == regrouped.fingerprint());
        let moved = Policy::new(a.effect(), a.groups().clone(), b.resources().clone(), &home());
        prop_assert_eq!(a == moved, a.fingerprint() == moved.fingerprint());
    }

    #[test]
    fn a_description_resolves_to_the_policy_it_describes(spec in any_spec()) {
        let (home, catalog) = (home(), catalog());
        let policy = policy_unless_reserved(&spec)?;
        let names: Names = catalog.iter().map(|group| (group.id.clone(), group.name.clone())).collect();
        let described = describe(&policy, &home, Some(&catalog), &Names::new());
        prop_assert_eq!(&self::policy(&described), &policy);
        prop_assert_eq!(&self::policy(&describe(&policy, &home, None, &names)), &policy);
        prop_assert!(described.same_meaning(&spec, &home, Some(&catalog)));
        for spec in [&described, &spec] {
            prop_assert!(spec.means(&policy, &home, Some(&catalog), &Names::new()));
            prop_assert!(spec.means(&policy, &home, None, &names));
        }
    }

    #[test]
    fn a_spec_means_no_other_policy(spec in any_spec(), other in any_policy()) {
        let policy = policy_unless_reserved(&spec)?;
        let catalog = catalog();
        prop_assume!(policy != other);
        prop_assert!(!spec.means(&other, &home(), Some(&catalog), &Names::new()));
        let fewer = policy.clone().retain_groups(|id| Some(id) != policy.groups().first());
        prop_assert!(!spec.means(&fewer, &home(), Some(&catalog), &Names::new()));
    }
}

fn policy_unless_reserved(spec: &PolicySpec) -> Result<Policy, TestCaseError> {
    match spec.resolve(&home(), &catalog()) {
        Ok(resolved) => Ok(resolved.policy),
        Err(problems) if problems.iter().any(|problem| problem.fault == Fault::Reserved) => {
            Err(TestCaseError::reject("reserved"))
        }
        Err(problems) => Err(TestCaseError::fail(format!("{problems:?}"))),
    }
}
