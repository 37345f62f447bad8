//! What the parts of the domain decide by themselves: keys, shapes, words, and the problems of a spec.

use super::*;
use crate::policy::catalog::{Written, read_group};
use crate::policy::{keys, nesting};

const OTHER: &str = "22222222222222222222222222222222";
const BUCKET_READ: &str = "Workers R2 Storage Bucket Item Read";

fn user(id: &str) -> String {
    format!("{}{id}", keys::USER)
}

fn bucket(account: &str, name: &str) -> String {
    keys::r2_bucket(account, "default", name)
}

fn only_this(effect: Effect, key: &str, group: &str) -> Policy {
    let resources = BTreeMap::from([(key.to_owned(), Resource::every())]);
    Policy::new(effect, BTreeSet::from([group.repeat(32).parse().unwrap()]), resources, &owner())
}

fn nested(inner: &[(&str, &str)]) -> Resource {
    Resource::Nested(inner.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect())
}

#[test]
fn a_resource_contains_itself_and_what_is_within_it() {
    let (account, zone) = (keys::account(ACCOUNT), keys::zone(ZONE));
    for (whole, part) in [
        (account.as_str(), account.as_str()),
        (&account, &zone),
        (&account, &bucket(ACCOUNT, "photos")),
        (keys::EVERY_ZONE, &zone),
        (keys::EVERY_R2_BUCKET, &bucket(ACCOUNT, "photos")),
    ] {
        assert!(keys::covers(whole, part), "{whole} {part}");
    }
    for (whole, part) in [
        (account.as_str(), user(ZONE).as_str()),
        (&zone, &keys::zone(OTHER)),
        (keys::EVERY_ZONE, &bucket(ACCOUNT, "photos")),
        (keys::EVERY_R2_BUCKET, &zone),
        (&bucket(ACCOUNT, "photos"), &bucket(ACCOUNT, "other")),
        (&user(ZONE), &user(OTHER)),
    ] {
        assert!(!keys::covers(whole, part), "{whole} {part}");
    }
}

#[test]
fn only_a_deny_of_the_same_group_on_the_same_things_withholds() {
    let (zone, other) = (keys::zone(ZONE), keys::zone(OTHER));
    let allow = only_this(Effect::Allow, &zone, "a");
    assert!(only_this(Effect::Deny, &zone, "a").withholds(&allow));
    assert!(only_this(Effect::Deny, keys::EVERY_ZONE, "a").withholds(&allow));
    for no in [
        only_this(Effect::Allow, &zone, "a"),
        only_this(Effect::Deny, &zone, "b"),
        only_this(Effect::Deny, &other, "a"),
    ] {
        assert!(!no.withholds(&allow), "{no:?}");
    }
    assert!(!only_this(Effect::Deny, &zone, "a").withholds(&only_this(Effect::Deny, &zone, "a")));
}

#[test]
fn what_belongs_to_an_account_means_the_same_nested_and_flat() {
    for within in [keys::EVERY_ZONE, &keys::zone(ZONE), keys::EVERY_R2_BUCKET, &bucket(ACCOUNT, "photos")] {
        assert!(keys::is_within(within, ACCOUNT), "{within}");
    }
    for without in [&user(ZONE), &bucket(OTHER, "photos"), &keys::account(ACCOUNT)] {
        assert!(!keys::is_within(without, ACCOUNT), "{without}");
    }
}

#[test]
fn a_bucket_is_written_with_its_jurisdiction() {
    assert_eq!(keys::split_bucket("eu/photos"), Some(("eu", "photos")));
    for wrong in ["photos", "eu/ab", "EU/photos", "/photos"] {
        assert_eq!(keys::split_bucket(wrong), None, "{wrong}");
    }
}

#[test]
fn only_what_says_the_same_flat_leaves_the_account() {
    let (account, zone) = (keys::account(ACCOUNT), keys::zone(ZONE));
    let unknown = "com.cloudflare.api.account.new.x";
    let flat = |pairs: &[(&str, Resource)]| {
        let resources = pairs.iter().map(|(key, value)| (key.to_string(), value.clone())).collect();
        nesting::flatten(resources, &owner()).into_iter().collect::<Vec<_>>()
    };
    let every = || (zone.clone(), Resource::every());
    assert_eq!(flat(&[(&account, nested(&[(&zone, "*")]))]), [every()]);
    let rest = (account.clone(), nested(&[(unknown, "*")]));
    assert_eq!(flat(&[(&account, nested(&[(&zone, "*"), (unknown, "*")]))]), [rest.clone(), every()]);
    for stays in [nested(&[(&zone, "read")]), nested(&[(unknown, "*")]), nested(&[])] {
        assert_eq!(flat(&[(&account, stays.clone())]), [(account.clone(), stays)]);
    }
    // The same zone is there flat.
    let (both, read) = (nested(&[(&zone, "*")]), Resource::Flat("read".to_owned()));
    assert_eq!(flat(&[(&account, both.clone()), (&zone, Resource::every())]), [every()]);
    assert_eq!(flat(&[(&account, nested(&[])), (&zone, Resource::every())]), [every()]);
    assert_eq!(
        flat(&[(&account, both.clone()), (&zone, read.clone())]),
        [(account.clone(), both), (zone.clone(), read.clone())]
    );
    assert_eq!(
        flat(&[(&account, nested(&[])), (&zone, read.clone())]),
        [(account, nested(&[])), (zone, read)]
    );
}

#[test]
fn twenty_hexadecimal_digits_are_meant_to_be_an_id() {
    assert_eq!(read_group(&"a".repeat(20)), Written::BrokenId);
    assert_eq!(read_group(&"a".repeat(19)), Written::Name);
    assert!(matches!(read_group(&"a".repeat(32)), Written::Id(_)));
}

#[test]
fn the_nearest_name_fits_the_scope() {
    let group = |digit: &str, name: &str, scope| {
        PermissionGroup::new(digit.repeat(32).parse().unwrap(), name, vec![scope])
    };
    let known = Catalog::new(vec![
        group("a", "A Pages Write", Scope::Zone),
        group("b", "B Pages Write", Scope::R2Bucket),
    ]);
    let nearest = |scope: Scope| known.nearest("Pages Write", Some(&scope)).remove(0);
    assert_eq!(
        (nearest(Scope::Zone), nearest(Scope::R2Bucket)),
        ("A Pages Write".into(), "B Pages Write".into())
    );
}

#[test]
fn a_description_never_says_more_than_the_policy() {
    let described = |groups: &[&str], key: &str, catalog: Option<&Catalog>, names: &Names| {
        let groups = groups.iter().map(|id| id.parse().unwrap()).collect();
        let resources = BTreeMap::from([(key.to_owned(), Resource::every())]);
        describe(&Policy::new(Effect::Allow, groups, resources, &owner()), &owner(), catalog, names)
    };
    let editor = "f".repeat(32);
    let of_workers = PermissionGroup::new(editor.parse().unwrap(), "Editor", vec![Scope::WorkerScript]);
    let catalog = Catalog::new(catalog().iter().cloned().chain([of_workers]).collect());
    let (none, account) = (Names::new(), keys::account(ACCOUNT));
    // On the account, this group covers all its zones, which a policy without a target must not do silently.
    let target = |groups: &[&str]| described(groups, &account, Some(&catalog), &none).target;
    assert_eq!(target(&[DNS_WRITE]), on_the_account());
    assert_eq!(target(&[]), Target::Account);
    assert_eq!(target(&[&editor]), Target::Workers(Selection::All));
    assert_eq!(target(&[&editor, DNS_WRITE]), on_the_account());
    let buckets = described(&[], keys::EVERY_R2_BUCKET, Some(&catalog), &none);
    assert_eq!(buckets.target, Target::R2Buckets(Selection::All));
    // Without a catalog, only the answer's own names can be shown.
    let (a, b) = ("a".repeat(32), "b".repeat(32));
    let named = |first: &str, second: &str| {
        let names = [(&a, first), (&b, second)].map(|(id, name)| (id.parse().unwrap(), name.to_owned()));
        described(&[&a, &b], &account, None, &names.into()).permission_groups
    };
    assert_eq!(named("Logs Read", "Logs Write"), set(&["Logs Read", "Logs Write"]));
    let alone = Names::from([(a.parse().unwrap(), "Logs Read".to_owned())]);
    assert_eq!(described(&[&a], &account, None, &alone).permission_groups, set(&["Logs Read"]));
    assert_eq!(named("Logs Write", "Logs Write"), set(&[&a, &b]), "which one is meant is not said");
}

#[test]
fn a_group_that_cannot_be_granted_any_more_is_found_by_its_name_in_the_answer() {
    let gone: GroupId = "e".repeat(32).parse().unwrap();
    let zone = BTreeMap::from([(keys::zone(ZONE), Resource::every())]);
    let there = Policy::new(Effect::Allow, BTreeSet::from([gone.clone()]), zone, &owner());
    let written = spec(&["Retired Write"], Target::Zones(only(&[ZONE])));
    let names = Names::from([(gone, "Retired Write".to_owned())]);
    assert!(means(&written, &there, Some(&catalog()), &names));
    assert!(!means(&written, &there, Some(&catalog()), &Names::new()));
}

#[test]
fn a_fingerprint_has_only_its_own_prefixes() {
    let fingerprint = only_this(Effect::Allow, &keys::zone(ZONE), "a").fingerprint();
    let start = &fingerprint.to_string()[..FingerprintPrefix::SHORTEST];
    let matches = |text: &str| text.parse::<FingerprintPrefix>().unwrap().matches(&fingerprint);
    assert!(matches(start) && matches(&fingerprint.to_string()));
    let last = if start.ends_with('0') { '1' } else { '0' };
    assert!(!matches(&format!("{}{last}", &start[..start.len() - 1])));
}

#[test]
fn an_empty_part_is_named() {
    let empty = |target| spec(&["DNS Write"], target).resolve(&owner(), &catalog()).unwrap_err();
    for (target, part) in [
        (Target::Zones(only(&[])), Part::Zones(None)),
        (Target::R2Buckets(only(&[])), Part::R2Buckets(None)),
        (Target::Workers(only(&[])), Part::Workers(None)),
        (resources(&[]), Part::Resources(None)),
    ] {
        let nothing = Problem { part, fault: Fault::NothingSelected };
        assert!(empty(target.clone()).contains(&nothing), "{target:?}");
    }
    for target in [
        Target::Zones(only(&[ZONE])),
        Target::R2Buckets(only(&["eu/photos"])),
        Target::Workers(only(&["w"])),
        on_the_account(),
    ] {
        let problems = spec(&["DNS Write"], target).resolve(&owner(), &catalog()).err().unwrap_or_default();
        assert!(problems.iter().all(|problem| problem.fault != Fault::NothingSelected), "{problems:?}");
    }
}

#[test]
fn a_users_token_has_no_account_and_no_workers() {
    let of_user =
        |groups: &[&str], target| spec(groups, target).resolve(&Owner::User, &catalog()).unwrap_err();
    let no_account = |part| vec![Problem { part, fault: Fault::NoAccount }];
    assert_eq!(of_user(&["DNS Write"], Target::Account), no_account(Part::PermissionGroups));
    let buckets = of_user(&[BUCKET_READ], Target::R2Buckets(Selection::All));
    assert_eq!(buckets, no_account(Part::R2Buckets(None)));
    let workers = of_user(&["Individual Workers Editor"], Target::Workers(only(&["edge"])));
    let of_workers: Vec<_> = workers.iter().filter(|problem| problem.part == Part::Workers(None)).collect();
    assert_eq!(of_workers, [&Problem { part: Part::Workers(None), fault: Fault::WorkersOfUser }]);
    let named = |problem: &Problem| matches!(problem.fault, Fault::NoWorker { .. });
    assert!(!workers.iter().any(named), "a user has no Workers to look for");
}

#[test]
fn names_of_workers_must_have_become_tags() {
    let edge = || spec(&["Individual Workers Editor"], Target::Workers(only(&["edge"])));
    let problems = edge().resolve(&owner(), &catalog()).unwrap_err();
    let missing = Fault::NoWorker { name: "edge".to_owned(), nearest: vec![] };
    assert!(problems.iter().any(|problem| problem.fault == missing), "{problems:?}");
    assert!(!problems.iter().any(|problem| problem.fault == Fault::WorkersOfUser));
    assert_eq!(edge().policy_count(&owner()), 1);
}

#[test]
fn one_group_in_two_spellings_is_a_problem() {
    let target = || Target::Zones(only(&[ZONE]));
    let (part, fault) = only_problem(&["DNS Write", DNS_WRITE], target());
    assert_eq!(part, Part::PermissionGroup("DNS Write".to_owned()));
    let (group, other) = ("DNS Write".to_owned(), DNS_WRITE.to_owned());
    assert_eq!(fault, Fault::SameGroup { group, other });
}

#[test]
fn groups_of_other_scopes_are_told_one_by_one_or_as_a_mixture() {
    let zones = || Target::Zones(only(&[ZONE]));
    let same = problems(&["Workers Scripts Write", "Workers KV Storage Write"], zones());
    assert!(same.len() == 2 && same.iter().all(|p| matches!(p.fault, Fault::WrongScope { .. })), "{same:?}");
    let (part, fault) = only_problem(&["Workers Scripts Write", BUCKET_READ], zones());
    assert!(part == Part::PermissionGroups && matches!(fault, Fault::MixedGroups { .. }), "{fault:?}");
    // The id of a group of zones means nothing on buckets.
    let (_, fault) = only_problem(&[DNS_WRITE], Target::R2Buckets(Selection::All));
    let (group, has) = (DNS_WRITE.to_owned(), vec![Scope::Zone]);
    assert_eq!(fault, Fault::WrongScope { group, has, target: Scope::R2Bucket });
}

#[test]
fn a_resource_that_is_neither_everything_nor_json_is_a_problem() {
    let key = keys::zone(ZONE);
    for value in ["", "{", "{\"x\": 1}"] {
        let problems = problems(&["DNS Write"], resources(&[(&key, value)]));
        let fault = Fault::BadResource { key: key.clone() };
        assert!(problems.contains(&Problem { part: Part::Resources(Some(key.clone())), fault }), "{value}");
    }
}

#[test]
fn an_account_without_anything_in_it_is_still_the_account() {
    let scope = |value: &str| resources(&[(&keys::account(ACCOUNT), value)]).scope();
    assert_eq!(scope("{}"), Some(Scope::Account));
    assert_eq!(scope(&format!("{{\"{}\": \"*\"}}", keys::EVERY_ZONE)), Some(Scope::Zone));
}

#[test]
fn warnings_come_with_the_number_of_their_policy() {
    let zones = |group: &str| spec(&[group], Target::Zones(only(&[ZONE])));
    let resolved = resolve_all(&[zones("DNS Write"), zones("Zaraz Edit")], &owner(), &catalog()).unwrap();
    let [(1, Problem { fault: Fault::Deprecated { group }, .. })] = &resolved.warnings[..] else {
        panic!("{:?}", resolved.warnings)
    };
    assert_eq!((group.as_str(), resolved.policies.len()), ("Zaraz Edit", 2));
}

#[test]
fn a_catalog_knows_the_workers_that_it_was_given() {
    let workers: Workers = [("edge".to_owned(), "t1".to_owned())].into_iter().collect();
    assert!(catalog().workers().is_empty() && !workers.is_empty());
    let with = catalog().with_workers(workers.clone());
    assert!(*with.workers() == workers && with.named("DNS Write").count() == 1);
}
