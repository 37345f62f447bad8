//! The domain as a whole: what users write, the canonical form, the wire and the way back.

mod parts;

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::owner::Owner;

const ACCOUNT: &str = "0123456789abcdef0123456789abcdef";
const ZONE: &str = "11111111111111111111111111111111";
const DNS_WRITE: &str = "4755a26eedb94da69e1066d98aa820be";

fn owner() -> Owner {
    Owner::Account(ACCOUNT.into())
}

fn catalog() -> Catalog {
    let groups: Vec<Value> = serde_json::from_str(include_str!("../../data/permission_groups.json")).unwrap();
    let scope = |scope: &Value| Scope::from(scope.as_str().unwrap());
    let group = |group: &Value| {
        let id = group["id"].as_str().unwrap().parse().unwrap();
        let scopes = group["scopes"].as_array().unwrap().iter().map(scope).collect();
        PermissionGroup {
            deprecated: group["name"] == "Zaraz Edit",
            selectable: (group["name"] == "Zaraz Admin").then_some(false),
            ..PermissionGroup::new(id, group["name"].as_str().unwrap(), scopes)
        }
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
    spec(groups, target).resolve(&owner(), &catalog()).unwrap_err()
}

fn only_problem(groups: &[&str], target: Target) -> (Part, Fault) {
    let problems = problems(groups, target);
    let [Problem { part, fault }] = problems.as_slice() else { panic!("{problems:?}") };
    (part.clone(), fault.clone())
}

fn policies(spec: &PolicySpec) -> Vec<Policy> {
    spec.resolve(&owner(), &catalog()).unwrap().policies
}

fn policy(spec: &PolicySpec) -> Policy {
    let [policy] = policies(spec).try_into().unwrap();
    policy
}

/// A token's policies, by their fingerprints.
fn held(policies: &[Policy]) -> BTreeMap<Fingerprint, Policy> {
    policies.iter().map(|policy| (policy.fingerprint(), policy.clone())).collect()
}

/// Does the spec mean this policy, and is it alone enough?
fn means(spec: &PolicySpec, policy: &Policy, catalog: Option<&Catalog>, names: &Names) -> bool {
    let found = spec.find(&held(std::slice::from_ref(policy)), &owner(), catalog, names);
    found == BTreeSet::from([policy.fingerprint()])
}

fn on_the_account() -> Target {
    resources(&[(&format!("com.cloudflare.api.account.{ACCOUNT}"), "*")])
}

#[test]
fn one_name_is_another_group_in_another_scope() {
    let account = policy(&spec(&["Logs Write"], on_the_account()));
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
    assert!(named.same_meaning(&by_id, &owner(), Some(&catalog())));
    assert!(!named.same_meaning(&by_id, &owner(), None));
    let twice = resolve_all(&[named, by_id], &owner(), &catalog()).unwrap_err();
    assert_eq!(twice, [(1, Problem { part: Part::Whole, fault: Fault::Duplicate })]);
}

#[test]
fn an_unknown_name_is_answered_with_the_nearest() {
    let nearest = |name: &str, target| match only_problem(&[name], target) {
        (Part::PermissionGroup(part), Fault::UnknownName { name: unknown, nearest }) => {
            assert_eq!((part.as_str(), unknown.as_str()), (name, name));
            nearest
        }
        other => panic!("{other:?}"),
    };
    let zones = || Target::Zones(Selection::All);
    assert_eq!(nearest("dns write", zones())[0], "DNS Write");
    assert_eq!(nearest("DNS Edit", zones())[0], "DNS Write");
    assert_eq!(nearest("Worker Scripts Write", Target::Account)[0], "Workers Scripts Write");
    assert!(nearest("qqqqqqqq", Target::Account).is_empty());
}

#[test]
fn a_group_of_another_scope_is_refused_with_its_scopes() {
    let wrong = |group: &str, target| only_problem(&[group], target).1;
    let scripts = "Workers Scripts Write";
    let (group, has, target) = (scripts.to_owned(), vec![Scope::Account], Scope::Zone);
    assert_eq!(wrong(scripts, Target::Zones(only(&[ZONE]))), Fault::WrongScope { group, has, target });
    let read = "Workers R2 Storage Bucket Item Read";
    let (group, has, target) = (read.to_owned(), vec![Scope::R2Bucket], Scope::Zone);
    assert_eq!(wrong(read, Target::Zones(Selection::All)), Fault::WrongScope { group, has, target });
    let name = "User Details Read".to_owned();
    assert_eq!(wrong(&name, Target::Account), Fault::ForUsersOnly { name: name.clone() });
}

#[test]
fn a_policy_without_a_target_never_reaches_into_the_account() {
    for (element, scope) in [
        ("DNS Write", Scope::Zone),
        (DNS_WRITE, Scope::Zone),
        ("Workers R2 Storage Bucket Item Read", Scope::R2Bucket),
    ] {
        let (group, account) = (element.to_owned(), Some(ACCOUNT.to_owned()));
        let fault = Fault::NoTarget { group, scopes: vec![scope], account };
        assert_eq!(only_problem(&[element], Target::Account), (Part::PermissionGroup(element.into()), fault));
    }
}

#[test]
fn a_name_of_the_account_and_of_zones_needs_a_target() {
    let fault = Fault::NoTarget {
        group: "Logs Write".into(),
        scopes: vec![Scope::Account, Scope::Zone],
        account: Some(ACCOUNT.into()),
    };
    let found = only_problem(&["Logs Write", "Workers Scripts Write"], Target::Account);
    assert_eq!(found, (Part::PermissionGroup("Logs Write".into()), fault));
    // The id says which group is meant, and the account's group is the account's alone.
    let by_id = policy(&spec(&["96163bd1b0784f62b3e44ed8c2ab1eb6"], Target::Account));
    assert_eq!(by_id, policy(&spec(&["Logs Write"], on_the_account())));
}

#[test]
fn a_narrower_group_on_the_account_works_and_warns_how_far_it_reaches() {
    let warnings =
        |groups: &[&str], target| spec(groups, target).resolve(&owner(), &catalog()).unwrap().warnings;
    let warning = |group: &str, scope| {
        let fault = Fault::WholeAccount { group: group.to_owned(), scope };
        Problem::new(Part::PermissionGroup(group.into()), fault)
    };
    let found = warnings(&["DNS Write", "Workers Scripts Write"], on_the_account());
    assert_eq!(found, [warning("DNS Write", Scope::Zone)]);
    assert_eq!(found[0].severity(), Severity::Warning);
    assert_eq!(warnings(&[DNS_WRITE], on_the_account()), []);
    let read = "Workers R2 Storage Bucket Item Read";
    assert_eq!(warnings(&[read], on_the_account()), [warning(read, Scope::R2Bucket)]);
}

#[test]
fn groups_of_several_scopes_in_one_policy_are_listed_by_scope() {
    let by_scope = BTreeMap::from([
        (Scope::Account, vec!["Workers Scripts Write".to_owned()]),
        (Scope::Zone, vec!["DNS Write".to_owned()]),
    ]);
    let found = only_problem(&["DNS Write", "Workers Scripts Write"], Target::Zones(Selection::All));
    assert_eq!(found, (Part::PermissionGroups, Fault::MixedGroups { by_scope }));
}

#[test]
fn a_description_says_the_account_where_saying_nothing_would_be_refused() {
    let catalog = catalog();
    let described = |groups: &[&str]| {
        let policy = policy(&spec(groups, on_the_account()));
        let described = describe(&policy, &owner(), Some(&catalog), &Names::new());
        assert_eq!(self::policy(&described), policy);
        described
    };
    assert_eq!(described(&["Workers Scripts Write"]).target, Target::Account);
    for explicit in [&["Logs Write"][..], &["DNS Write"], &["Logs Write", "Workers Scripts Write"]] {
        assert_eq!(described(explicit), spec(explicit, on_the_account()));
    }
    let zones_logs = "3e0b5820118e47f3922f7c989e673882";
    assert_eq!(described(&[zones_logs]), spec(&[zones_logs], on_the_account()));
}

#[test]
fn with_the_catalog_a_name_matches_the_group_of_its_own_scope_only() {
    let spec_of_account = spec(&["Logs Write"], on_the_account());
    let zones_group = policy(&spec(&["3e0b5820118e47f3922f7c989e673882"], on_the_account()));
    assert!(!means(&spec_of_account, &zones_group, Some(&catalog()), &Names::new()));
    assert!(means(&spec_of_account, &policy(&spec_of_account), Some(&catalog()), &Names::new()));
}

#[test]
fn resources_of_several_scopes_in_one_policy_are_refused() {
    let account = format!("com.cloudflare.api.account.{ACCOUNT}");
    let zone = format!("com.cloudflare.api.account.zone.{ZONE}");
    let found = only_problem(&["DNS Write"], resources(&[(&account, "*"), (&zone, "*")]));
    let by_scope = BTreeMap::from([(Scope::Account, vec![account]), (Scope::Zone, vec![zone])]);
    assert_eq!(found, (Part::Resources(None), Fault::MixedResources { by_scope }));
}

#[test]
fn an_element_that_is_not_an_id_is_the_place_of_the_problem() {
    let text = DNS_WRITE.to_uppercase();
    let found = only_problem(&[&text], Target::Zones(Selection::All));
    assert_eq!(found, (Part::PermissionGroup(text.clone()), Fault::BrokenId { text }));
    let found = only_problem(&[ZONE], Target::Account);
    assert_eq!(found, (Part::PermissionGroup(ZONE.into()), Fault::UnknownId { id: ZONE.into() }));
    let zone = "example.com".to_owned();
    let found = only_problem(&["DNS Write"], Target::Zones(only(&[&zone])));
    assert_eq!(found, (Part::Zones(Some(zone.clone())), Fault::BadZone { zone }));
    let (read, bucket) = ("Workers R2 Storage Bucket Item Read", "photos".to_owned());
    let found = only_problem(&[read], Target::R2Buckets(only(&[&bucket])));
    assert_eq!(found, (Part::R2Buckets(Some(bucket.clone())), Fault::BadBucket { bucket }));
    let key = format!("com.cloudflare.api.account.{ACCOUNT}.zone.*");
    let found = only_problem(&["DNS Write"], resources(&[(&key, "*")]));
    let fault = Fault::BadKey { key: key.clone(), fault: BadKey::BelowAccount };
    assert_eq!(found, (Part::Resources(Some(key)), fault));
}

#[test]
fn an_empty_part_is_a_problem_only_once_all_is_known() {
    let catalog = catalog();
    let empty = Target::Zones(only(&[]));
    assert_eq!(check(&set(&[]), Some(&empty), Some(&owner()), &catalog), []);
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
    let unknown = || resources(&[("com.cloudflare.edge.new", "*")]);
    let found = problems(&["Logs Write"], unknown());
    let Fault::Ambiguous { ids, .. } = &found[0].fault else { panic!("{found:?}") };
    assert!(ids.contains(&("96163bd1b0784f62b3e44ed8c2ab1eb6".into(), vec![Scope::Account])), "{ids:?}");
    let taken = spec(&["DNS Write"], unknown()).resolve(&owner(), &catalog()).unwrap();
    assert_eq!(taken.warnings[0].fault, Fault::UnknownKind { key: "com.cloudflare.edge.new".into() });
}

#[test]
fn a_deprecated_group_works_and_warns() {
    let resolved =
        spec(&["Zaraz Edit"], Target::Zones(Selection::All)).resolve(&owner(), &catalog()).unwrap();
    assert_eq!(resolved.warnings[0].severity(), Severity::Warning);
}

#[test]
fn a_group_that_the_credential_may_not_select_works_and_warns() {
    let resolved =
        spec(&["Zaraz Admin"], Target::Zones(Selection::All)).resolve(&owner(), &catalog()).unwrap();
    assert_eq!(resolved.warnings[0].severity(), Severity::Warning);
    assert_eq!(resolved.warnings[0].fault, Fault::NotSelectable { group: "Zaraz Admin".into() });
}

#[test]
fn a_users_group_is_not_for_an_accounts_token() {
    let of_account = Catalog::new(catalog().iter().filter(|g| g.scopes != [Scope::User]).cloned().collect());
    let problems = spec(&["User Details Read"], Target::Account).resolve(&owner(), &of_account).unwrap_err();
    assert_eq!(problems[0].fault, Fault::ForUsersOnly { name: "User Details Read".into() });
}

#[test]
fn the_inert_policy_is_not_the_users_to_write() {
    let mut spec = spec(&["Account API Tokens Write"], Target::Account);
    policy(&spec);
    spec.effect = Effect::Deny;
    let problems = spec.resolve(&owner(), &catalog()).unwrap_err();
    assert_eq!(problems, [Problem { part: Part::Whole, fault: Fault::Reserved }]);
}

#[test]
fn a_users_token_has_no_account_of_its_own() {
    let problems = spec(&["DNS Write"], Target::Account).resolve(&Owner::User, &catalog()).unwrap_err();
    assert!(problems.iter().any(|problem| problem.fault == Fault::NoAccount));
}

#[test]
fn all_zones_of_an_account_go_out_nested_and_come_in_flat() {
    let policy = policy(&spec(&["DNS Write"], Target::Zones(Selection::All)));
    let account = format!("com.cloudflare.api.account.{ACCOUNT}");
    let wire = policy.to_wire(&owner());
    assert_eq!(wire.resources, json!({ &account: { "com.cloudflare.api.account.zone.*": "*" } }));
    assert_eq!(policy.to_wire(&Owner::User).resources, json!({ "com.cloudflare.api.account.zone.*": "*" }));
    let back = Policy::from_wire("allow", [DNS_WRITE], &wire.resources, &owner()).unwrap();
    assert_eq!(back, policy);
    let written =
        spec(&["DNS Write"], resources(&[(&account, r#"{ "com.cloudflare.api.account.zone.*": "*" }"#)]));
    assert_eq!(self::policy(&written), policy);
}

fn zone_key(id: &str) -> String {
    format!("com.cloudflare.api.account.zone.{id}")
}

/// A policy of DNS Write that the API shows with these resources.
fn shown(resources: &Value) -> Policy {
    Policy::from_wire("allow", [DNS_WRITE], resources, &owner()).unwrap()
}

#[test]
fn zones_nested_under_the_own_account_mean_what_flat_keys_mean() {
    let account = format!("com.cloudflare.api.account.{ACCOUNT}");
    let (one, two) = ("1".repeat(32), "2".repeat(32));
    for zones in [vec![&one], vec![&one, &two]] {
        let flat: Value = zones.iter().map(|zone| (zone_key(zone), json!("*"))).collect();
        let nested = shown(&json!({ &account: flat }));
        assert_eq!(nested, shown(&flat));
        assert_eq!(nested.fingerprint(), shown(&flat).fingerprint());
        assert_eq!(nested.to_wire(&owner()).resources, flat);
        let described = describe(&nested, &owner(), Some(&catalog()), &Names::new());
        let ids: Vec<&str> = zones.iter().map(|zone| zone.as_str()).collect();
        assert_eq!(described, spec(&["DNS Write"], Target::Zones(only(&ids))));
        assert!(means(
            &described,
            &nested,
            None,
            &Names::from([(DNS_WRITE.parse().unwrap(), "DNS Write".into())])
        ));
    }
    let half = shown(&json!({ &account: { zone_key(&one): "*" }, zone_key(&two): "*" }));
    assert_eq!(half, shown(&json!({ zone_key(&one): "*", zone_key(&two): "*" })));
    // Of another account it says more than the flat key does, and of a user's token too.
    let other = json!({ "com.cloudflare.api.account.ff": { zone_key(&one): "*" } });
    assert_ne!(shown(&other), shown(&json!({ zone_key(&one): "*" })));
    let users =
        Policy::from_wire("allow", [DNS_WRITE], &json!({ &account: { zone_key(&one): "*" } }), &Owner::User);
    assert_ne!(users.unwrap(), shown(&json!({ zone_key(&one): "*" })));
}

#[test]
fn a_bucket_nested_under_the_own_account_is_described_as_a_bucket() {
    let account = format!("com.cloudflare.api.account.{ACCOUNT}");
    let key = format!("com.cloudflare.edge.r2.bucket.{ACCOUNT}_eu_photos");
    let policy = shown(&json!({ &account: { &key: "*" } }));
    assert_eq!(policy, shown(&json!({ &key: "*" })));
    let described = describe(&policy, &owner(), None, &Names::new());
    assert_eq!(described.target, Target::R2Buckets(only(&["eu/photos"])));
}

#[test]
fn what_the_first_version_called_a_nested_policy_is_known() {
    let account = format!("com.cloudflare.api.account.{ACCOUNT}");
    let nested = json!({ &account: { zone_key(ZONE): "*" } });
    let before = |resources: &Value| Policy::from_wire_before("allow", [DNS_WRITE], resources, &owner());
    let then = before(&nested).unwrap().fingerprint();
    // As version 0.1.0 computed it.
    assert_eq!(then.to_string(), "bf2de686cb64cb9ebed17340d361fe0f8095ae5d57fd9e263633af5b63125523");
    assert_ne!(then, shown(&nested).fingerprint());
    assert_eq!(before(&json!({ zone_key(ZONE): "*" })), None);
    assert_eq!(before(&json!({ &account: { "com.cloudflare.api.account.zone.*": "*" } })), None);
}

#[test]
fn a_policy_goes_out_all_flat_or_all_nested() {
    let bucket = format!("com.cloudflare.edge.r2.bucket.{ACCOUNT}_eu_photos");
    let every_bucket = "com.cloudflare.edge.r2.bucket.*";
    let mixed =
        spec(&["Workers R2 Storage Bucket Item Read"], resources(&[(&bucket, "*"), (every_bucket, "*")]));
    let parts = policies(&mixed);
    let wire: Vec<_> = parts.iter().map(|policy| policy.to_wire(&owner()).resources).collect();
    let account = format!("com.cloudflare.api.account.{ACCOUNT}");
    assert_eq!(wire, [json!({ &bucket: "*" }), json!({ &account: { every_bucket: "*" } })]);
    // On the way in they are one again, and each alone is not enough.
    let find = |there: &[Policy]| mixed.find(&held(there), &owner(), Some(&catalog()), &Names::new());
    assert_eq!(find(&parts), parts.iter().map(Policy::fingerprint).collect());
    assert_eq!(find(&parts[..1]), BTreeSet::new());
    assert_eq!(mixed.policy_count(&owner()), 2);
    // A zone goes along with the nest.
    let every = spec(
        &["DNS Write"],
        resources(&[(&zone_key(ZONE), "*"), ("com.cloudflare.api.account.zone.*", "*")]),
    );
    let nest = json!({ &account: { zone_key(ZONE): "*", "com.cloudflare.api.account.zone.*": "*" } });
    assert_eq!(policy(&every).to_wire(&owner()).resources, nest);
    // What the API shows mixed is one policy, and the spec of it finds it.
    let shown = json!({ &bucket: "*", &account: { every_bucket: "*" } });
    let group = mixed.permission_groups.first().unwrap();
    let id = catalog().find(group, Some(&Scope::R2Bucket))[0].id.clone();
    let one = Policy::from_wire("allow", [id.as_str()], &shown, &owner()).unwrap();
    assert_eq!(find(std::slice::from_ref(&one)), BTreeSet::from([one.fingerprint()]));
}

#[test]
fn two_specs_may_share_a_part_but_not_all() {
    let bucket = format!("com.cloudflare.edge.r2.bucket.{ACCOUNT}_eu_photos");
    let read = &["Workers R2 Storage Bucket Item Read"];
    let mixed = spec(read, resources(&[(&bucket, "*"), ("com.cloudflare.edge.r2.bucket.*", "*")]));
    let flat = spec(read, Target::R2Buckets(only(&["eu/photos"])));
    let both = resolve_all(&[mixed.clone(), flat.clone()], &owner(), &catalog()).unwrap_err();
    assert_eq!(both, [(1, Problem { part: Part::Whole, fault: Fault::Duplicate })]);
    let both = resolve_all(&[flat, mixed], &owner(), &catalog()).unwrap();
    assert_eq!(both.policies.len(), 2);
}

#[test]
fn a_policy_has_at_most_300_groups() {
    let ids: BTreeSet<String> = catalog().iter().map(|group| group.id.to_string()).collect();
    let many = |count| ids.iter().take(count).cloned().collect();
    let too_many = |count| {
        let found = check(&many(count), None, None, &catalog());
        found.iter().any(|problem| problem.fault == Fault::TooManyGroups { count })
    };
    assert!(!too_many(300) && too_many(301));
}

#[test]
fn every_kind_of_key_has_its_shape() {
    let id = "0123456789abcdef0123456789abcdef";
    let known = [
        format!("com.cloudflare.api.account.{id}"),
        "com.cloudflare.api.account.*".into(),
        format!("com.cloudflare.api.account.zone.{id}"),
        "com.cloudflare.api.account.zone.*".into(),
        format!("com.cloudflare.api.user.{id}"),
        format!("com.cloudflare.edge.r2.bucket.{id}_default_my-bucket"),
        "com.cloudflare.edge.r2.bucket.*".into(),
        "com.cloudflare.edge.worker.script.0a1B-c_2".into(),
        "com.cloudflare.edge.worker.script.*".into(),
    ];
    for key in known {
        assert_eq!(keys::check(&key), Ok(true), "{key}");
    }
    for kind in ["api.account", "api.account.zone", "api.user", "edge.r2.bucket", "edge.worker.script"] {
        let kind = format!("com.cloudflare.{kind}");
        for key in [kind.clone(), format!("{kind}."), format!("{kind}.example.com "), format!("{kind}.ABC!")]
        {
            let fault = keys::check(&key);
            let fine = key.contains(' ') && kind.ends_with("account");
            assert!(matches!(fault, Err(keys::BadKey::NoId { .. })) || fine, "{key}: {fault:?}");
        }
    }
    for bucket in ["photos", &format!("{id}_photos"), &format!("{id}_eu_x"), "short_eu_photos"] {
        let key = format!("com.cloudflare.edge.r2.bucket.{bucket}");
        assert!(matches!(keys::check(&key), Err(keys::BadKey::NoId { .. })), "{key}");
    }
    for unknown in
        ["com.cloudflare.edge.new", "com.cloudflare.api.account.widget.1", "com.cloudflare.api.accounts.x"]
    {
        assert_eq!(keys::check(unknown), Ok(false), "{unknown}");
    }
    assert_eq!(keys::check("example.com"), Err(keys::BadKey::NoKey));
    let below = format!("com.cloudflare.api.account.{id}.zone.*");
    assert_eq!(keys::check(&below), Err(keys::BadKey::BelowAccount));
}

#[test]
fn a_key_without_its_id_is_refused_in_a_nest_too() {
    let bad = |key: &str, form: &str| Fault::BadKey {
        key: key.to_owned(),
        fault: BadKey::NoId { form: form.to_owned() },
    };
    let key = "com.cloudflare.api.account.";
    let (_, fault) = only_problem(&["Workers Scripts Write"], resources(&[(key, "*")]));
    assert_eq!(fault, bad(key, "com.cloudflare.api.account.<account id>"));
    let nest = r#"{"com.cloudflare.api.account.zone.": "*"}"#;
    let account = format!("com.cloudflare.api.account.{ACCOUNT}");
    let (part, fault) = only_problem(&["DNS Write"], resources(&[(&account, nest)]));
    assert_eq!(part, Part::Resources(Some(account)));
    assert_eq!(fault, bad("com.cloudflare.api.account.zone.", "com.cloudflare.api.account.zone.<zone id>"));
}

#[test]
fn another_nest_stays_and_is_described_as_json() {
    let nest = json!({ "com.cloudflare.api.account.ff": { "com.cloudflare.api.account.zone.*": "*" } });
    let policy = Policy::from_wire("allow", [DNS_WRITE], &nest, &owner()).unwrap();
    assert_eq!(policy.to_wire(&owner()).resources, nest);
    let described = describe(&policy, &owner(), Some(&catalog()), &Names::new());
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
    let read = |effect, group, resources: Value| Policy::from_wire(effect, [group], &resources, &owner());
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
        .prop_map(|(effect, groups, resources)| Policy::new(effect, groups, resources, &owner()))
}

/// Specs that resolve: groups of one scope, by name or by id, and a target of that scope.
fn any_spec() -> impl Strategy<Value = PolicySpec> {
    let zones = || prop::collection::btree_set("[0-9a-f]{32}", 1..4).prop_map(Selection::Only);
    let buckets = prop::collection::btree_set("(default|eu)/[a-z][a-z0-9-]{2,9}", 1..4);
    let flat = |prefix: &'static str| {
        prop::collection::btree_map(
            "[0-9a-f]{32}".prop_map(move |id| format!("{prefix}{id}")),
            Just("*".to_owned()),
            1..3,
        )
        .prop_map(Target::Resources)
    };
    let nest = |key: &'static str| {
        let value = format!(r#"{{"{key}":"*"}}"#);
        prop::collection::btree_map("com\\.cloudflare\\.api\\.account\\.[0-9a-f]{32}", Just(value), 1..3)
            .prop_map(Target::Resources)
    };
    let target = prop_oneof![
        Just(Target::Account),
        Just(on_the_account()),
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
        let unsaid = |name: &String| resolve::needs_no_target([name], &catalog);
        let fitting: Vec<_> = catalog
            .iter()
            .filter(|group| group.fits(scope.as_ref()))
            .filter(|group| target != Target::Account || unsaid(&group.name))
            .collect();
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
        for owner in [owner(), Owner::User] {
            let policy = Policy::new(policy.effect(), policy.groups().clone(), policy.resources().clone(), &owner);
            let mut wire = policy.to_wire(&owner);
            if reverse {
                wire.permission_groups.reverse();
            }
            // Groups named twice and in another order mean the same.
            wire.permission_groups.extend(wire.permission_groups.first().cloned());
            let groups = wire.permission_groups.iter().map(String::as_str);
            let back = Policy::from_wire(wire.effect.as_str(), groups, &wire.resources, &owner).unwrap();
            prop_assert_eq!(back.fingerprint(), policy.fingerprint());
            prop_assert_eq!(back, policy);
        }
    }

    #[test]
    fn fingerprints_are_equal_exactly_where_policies_are(a in any_policy(), b in any_policy()) {
        prop_assert_eq!(a == b, a.fingerprint() == b.fingerprint());
        let regrouped = Policy::new(a.effect(), b.groups().clone(), a.resources().clone(), &owner());
        prop_assert_eq!(a == regrouped, a.fingerprint() == regrouped.fingerprint());
        let moved = Policy::new(a.effect(), a.groups().clone(), b.resources().clone(), &owner());
        prop_assert_eq!(a == moved, a.fingerprint() == moved.fingerprint());
    }

    #[test]
    fn a_description_resolves_to_the_policy_it_describes(spec in any_spec()) {
        let (owner, catalog) = (owner(), catalog());
        let policy = policy_unless_reserved(&spec)?;
        let names: Names = catalog.iter().map(|group| (group.id.clone(), group.name.clone())).collect();
        let described = describe(&policy, &owner, Some(&catalog), &Names::new());
        prop_assert_eq!(&self::policy(&described), &policy);
        prop_assert_eq!(&self::policy(&describe(&policy, &owner, None, &names)), &policy);
        prop_assert!(described.same_meaning(&spec, &owner, Some(&catalog)));
        for spec in [&described, &spec] {
            prop_assert!(means(spec, &policy, Some(&catalog), &Names::new()));
            prop_assert!(means(spec, &policy, None, &names));
        }
    }

    #[test]
    fn a_spec_means_no_other_policy(spec in any_spec(), other in any_policy()) {
        let policy = policy_unless_reserved(&spec)?;
        let catalog = catalog();
        prop_assume!(policy != other);
        prop_assert!(!means(&spec, &other, Some(&catalog), &Names::new()));
        let fewer = policy.clone().retain_groups(|id| Some(id) != policy.groups().first());
        prop_assert!(!means(&spec, &fewer, Some(&catalog), &Names::new()));
    }
}

fn policy_unless_reserved(spec: &PolicySpec) -> Result<Policy, TestCaseError> {
    match spec.resolve(&owner(), &catalog()) {
        Ok(resolved) => Ok(resolved.policies[0].clone()),
        Err(problems) if problems.iter().any(|problem| problem.fault == Fault::Reserved) => {
            Err(TestCaseError::reject("reserved"))
        }
        Err(problems) => Err(TestCaseError::fail(format!("{problems:?}"))),
    }
}
