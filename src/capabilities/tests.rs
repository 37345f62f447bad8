//! The data against the catalogue of permission groups, and the answers that are read from it.

use std::collections::{BTreeMap, BTreeSet};

use super::terraform::{Access, Basis, ResourceType, Scope, Target};
use super::{Argument, Given, Grant, Kind, Problem, named, terraform};

/// Permission groups that the snapshot in `data/permission_groups.json` does not have: newer ones.
const NEWER: [(&str, &str); 5] = [
    ("Flagship Read", ACCOUNT),
    ("Flagship Write", ACCOUNT),
    ("Individual Workers Editor", WORKER),
    ("OAuth Client Read", ACCOUNT),
    ("OAuth Client Write", ACCOUNT),
];

const ACCOUNT: &str = "com.cloudflare.api.account";
const ZONE: &str = "com.cloudflare.api.account.zone";
const USER: &str = "com.cloudflare.api.user";
const BUCKET: &str = "com.cloudflare.edge.r2.bucket";
const WORKER: &str = "com.cloudflare.edge.worker.script";

/// The scopes of each permission group, by name.
fn catalogue() -> BTreeMap<String, BTreeSet<String>> {
    let text = include_str!("../../data/permission_groups.json");
    let groups: Vec<serde_json::Value> = serde_json::from_str(text).unwrap();
    let mut scopes = BTreeMap::<String, BTreeSet<String>>::new();
    for group in groups {
        let of = scopes.entry(group["name"].as_str().unwrap().to_owned()).or_default();
        of.extend(group["scopes"].as_array().unwrap().iter().map(|scope| scope.as_str().unwrap().to_owned()));
    }
    for (name, scope) in NEWER {
        scopes.entry(name.to_owned()).or_default().insert(scope.to_owned());
    }
    scopes
}

fn given(kinds: &[Kind]) -> Given {
    Given::Kinds(kinds.iter().copied().collect())
}

/// Grants as text, a line each.
fn lines(grants: Option<Vec<Grant>>) -> Vec<String> {
    let line = |grant: Grant| {
        format!("{}: {}", grant.on.as_str(), grant.groups.into_iter().collect::<Vec<_>>().join(", "))
    };
    grants.unwrap().into_iter().map(line).collect()
}

#[test]
fn every_group_of_a_capability_exists_in_the_scope_of_its_target() {
    let catalogue = catalogue();
    for (name, capability) in named::all() {
        assert!(capability.source.starts_with("https://"), "{name} has no source");
        assert!(!capability.title.is_empty() && !capability.grants.is_empty(), "{name}");
        for (kind, groups) in capability.grants.iter().flatten() {
            let scope = match kind {
                Kind::Account => ACCOUNT,
                Kind::Zones => ZONE,
                Kind::R2Buckets => BUCKET,
                Kind::Workers => WORKER,
            };
            for (group, why) in groups {
                let exists = catalogue.get(group).is_some_and(|scopes| scopes.contains(scope));
                assert!(exists, "{name}: no permission group \"{group}\" for {scope}");
                assert!(why.ends_with('.'), "{name}: {group} has no reason");
            }
        }
    }
}

#[test]
fn the_alternatives_of_a_capability_take_different_targets() {
    for (name, capability) in named::all() {
        let kinds: Vec<BTreeSet<_>> = capability
            .grants
            .iter()
            .map(|groups| groups.keys().filter(|kind| **kind != Kind::Account).collect())
            .collect();
        let different: BTreeSet<_> = kinds.iter().collect();
        assert_eq!(different.len(), kinds.len(), "{name}");
    }
}

#[test]
fn every_group_of_a_resource_type_exists_in_the_scopes_that_the_data_says() {
    let catalogue = catalogue();
    for (name, of) in terraform::official().iter().chain(terraform::own()) {
        for group in of.read.iter().chain(&of.write) {
            let word = |scope: &Scope| match scope {
                Scope::Account => ACCOUNT,
                Scope::Zone => ZONE,
                Scope::User => USER,
            };
            let said: BTreeSet<_> = of.scopes.iter().map(|scope| word(scope).to_owned()).collect();
            assert_eq!(catalogue.get(group), Some(&said), "{name}: {group}");
        }
        let nothing = of.read.is_none() && of.write.is_none();
        assert_eq!(nothing, of.basis == Basis::Unpublished, "{name}");
        assert_eq!(nothing, of.scopes.is_empty(), "{name}");
    }
}

#[test]
fn no_type_is_in_both_lists_under_different_groups() {
    for (name, own) in terraform::own() {
        if let Some(official) = terraform::official().get(name) {
            assert_eq!((&own.read, &own.write), (&official.read, &official.write), "{name}");
        }
    }
}

#[test]
fn a_capability_is_granted_on_the_targets_that_are_given() {
    let grants = |name, kinds: &[Kind]| lines(named::grants(name, &given(kinds)).unwrap());
    assert_eq!(grants("external-dns", &[Kind::Zones]), ["zones: DNS Write, Zone Read"]);
    let both = ["account: Cloudflare Tunnel Write", "zones: DNS Write, Zone Read"];
    assert_eq!(grants("tunnel-ingress-controller", &[Kind::Zones]), both);
    assert_eq!(
        grants("tunnel-read-write", &[]),
        ["account: Cloudflare Tunnel Read, Cloudflare Tunnel Write"]
    );
}

#[test]
fn the_targets_that_are_given_choose_between_alternatives() {
    let grants = |kinds: &[Kind]| lines(named::grants("r2-read", &given(kinds)).unwrap());
    assert_eq!(grants(&[Kind::R2Buckets]), ["r2_buckets: Workers R2 Storage Bucket Item Read"]);
    assert_eq!(grants(&[]), ["account: Workers R2 Storage Read"]);
}

#[test]
fn unknown_targets_leave_unknown_only_what_depends_on_them() {
    let one = named::grants("external-dns", &Given::Unknown).unwrap();
    assert_eq!(lines(one), ["zones: DNS Write, Zone Read"]);
    assert_eq!(named::grants("r2-read", &Given::Unknown).unwrap(), None);
    let of =
        |types: &[&str]| terraform::grants(types.iter().copied(), Access::Read, &Given::Unknown).unwrap();
    let known = of(&["cloudflare_dns_record", "cloudflare_queue"]);
    assert_eq!(lines(known), ["account: Queues Read", "zones: DNS Read"]);
    assert_eq!(of(&["cloudflare_zero_trust_access_application"]), None);
}

#[test]
fn missing_and_useless_targets_are_named() {
    let problem = |name, kinds: &[Kind]| named::grants(name, &given(kinds)).unwrap_err();
    let missing = problem("external-dns", &[]);
    assert_eq!(missing.argument(), Argument::Targets);
    let text = "the capability \"external-dns\" needs zones, which targets does not have. It takes zones.";
    assert_eq!(missing.to_string(), text);
    let unused = problem("kv-read", &[Kind::Zones]);
    let text = "the capability \"kv-read\" cannot use zones. It takes no targets, for the whole account.";
    assert_eq!(unused.to_string(), text);
    let unused = problem("r2-read", &[Kind::R2Buckets, Kind::Workers]);
    let text = "the capability \"r2-read\" cannot use workers. It takes r2_buckets, or no targets, for the whole account.";
    assert_eq!(unused.to_string(), text);
}

#[test]
fn an_unknown_capability_is_answered_with_the_nearest() {
    let problem = |name| named::grants(name, &given(&[])).unwrap_err().to_string();
    assert!(problem("external_dns").contains("Did you mean \"external-dns\"?"));
    assert!(problem("tunnel").contains("Did you mean \"tunnel-run\", \"tunnel-read\" or \"tunnel-write\"?"));
    assert_eq!(problem("zaraz"), "there is no capability \"zaraz\". The function's page lists all of them.");
}

/// The grants of types, with zones.
fn types(access: Access, names: &[&str], kinds: &[Kind]) -> Result<Vec<String>, Problem> {
    terraform::grants(names.iter().copied(), access, &given(kinds)).map(lines)
}

#[test]
fn types_need_one_policy_for_the_account_and_one_for_the_zones() {
    let names = [
        "cloudflare_dns_record",
        "cloudflare_r2_bucket",
        "cloudflare_workers_script",
        "cloudflare_zone_dnssec",
    ];
    let expected = [
        "account: Workers R2 Storage Write, Workers Scripts Read, Workers Scripts Write",
        "zones: DNS Read, DNS Write",
    ];
    assert_eq!(types(Access::Write, &names, &[Kind::Zones]).unwrap(), expected);
    let names = ["cloudflare_dns_record", "cloudflare_workers_script"];
    let expected = ["account: Workers Scripts Read", "zones: DNS Read"];
    assert_eq!(types(Access::Read, &names, &[Kind::Zones]).unwrap(), expected);
}

#[test]
fn a_data_source_is_read_whatever_the_access_is() {
    for (name, expected) in [
        ("data.cloudflare_zone", "zones: Zone Read"),
        ("data.cloudflare_zones", "zones: Zone Read"),
        ("data.cloudflare_dns_records", "zones: DNS Read"),
        ("data.cloudflare_zero_trust_access_policies", "account: Access: Apps and Policies Read"),
    ] {
        let kinds: &[Kind] = if expected.starts_with("zones") { &[Kind::Zones] } else { &[] };
        assert_eq!(types(Access::Write, &[name], kinds).unwrap(), [expected], "{name}");
    }
}

#[test]
fn the_scope_of_the_groups_decides_and_then_the_targets() {
    let on = |name: &str, zones| terraform::official()[name].on(zones);
    assert_eq!(on("cloudflare_zone_subscription", true), Some(Kind::Account), "Billing is an account's");
    assert_eq!(on("cloudflare_logpull_retention", false), Some(Kind::Zones), "it hangs on a zone");
    for (zones, expected) in [(true, Kind::Zones), (false, Kind::Account)] {
        assert_eq!(on("cloudflare_logpush_job", zones), Some(expected));
    }
    let application = "cloudflare_zero_trust_access_application";
    let expected = ["zones: Access: Apps and Policies Read"];
    assert_eq!(types(Access::Read, &[application], &[Kind::Zones]).unwrap(), expected);
    let expected = ["account: Access: Apps and Policies Read"];
    assert_eq!(types(Access::Read, &[application], &[]).unwrap(), expected);
}

#[test]
fn every_published_type_has_an_answer() {
    for (name, of) in terraform::official().iter().chain(terraform::own()) {
        let user = of.scopes.contains(&Scope::User);
        for (access, group) in [(Access::Read, &of.read), (Access::Write, &of.write)] {
            for zones in [true, false] {
                let kinds = BTreeSet::from_iter((of.on(zones) == Some(Kind::Zones)).then_some(Kind::Zones));
                let found = terraform::grants([name.as_str()], access, &Given::Kinds(kinds));
                match group {
                    Some(_) if user => assert!(matches!(found, Err(Problem::NeedsUser(_))), "{name}"),
                    Some(group) => {
                        assert!(found.unwrap().unwrap()[0].groups.contains(group.as_str()), "{name}")
                    }
                    None => assert!(access == Access::Write || found.is_err(), "{name}"),
                }
            }
        }
    }
}

#[test]
fn what_is_not_published_is_named_with_the_way_out() {
    let names = ["cloudflare_share", "cloudflare_dns_record", "cloudflare_ruleset"];
    let text = types(Access::Write, &names, &[Kind::Zones]).unwrap_err().to_string();
    assert!(text.contains("cloudflare_ruleset, cloudflare_share") && text.contains("concat("), "{text}");
    assert!(!text.contains("cloudflare_dns_record"), "{text}");
    let text = types(Access::Read, &["cloudflare_r2_bucket"], &[]).unwrap_err().to_string();
    assert!(text.contains("cloudflare_r2_bucket (\"Workers R2 Storage Write\")"), "{text}");
    let text = types(Access::Read, &["cloudflare_api_token"], &[]).unwrap_err().to_string();
    assert!(text.contains("rights of a user") && text.contains("\"API Tokens Read\""), "{text}");
}

#[test]
fn an_unknown_type_is_answered_with_the_nearest() {
    let problem = |name| types(Access::Read, &[name], &[]).unwrap_err().to_string();
    for (name, nearest) in [
        ("cloudflare_record", "\"cloudflare_dns_record\""),
        ("cloudflare_worker_script", "\"cloudflare_workers_script\""),
        ("cloudflare_tunnel", "\"cloudflare_zero_trust_tunnel_cloudflared\""),
        ("data.cloudflare_zoness", "\"data.cloudflare_zone\""),
    ] {
        assert!(problem(name).contains(nearest), "{name}: {}", problem(name));
    }
    let both = types(Access::Read, &["cloudflare_record", "cloudflare_ruleset"], &[]).unwrap_err();
    assert!(matches!(&both, Problem::Several(all) if all.len() == 2), "{both}");
    assert_eq!(both.argument(), Argument::Subject);
}

#[test]
fn types_name_the_targets_that_are_missing_or_of_no_use() {
    let text =
        types(Access::Read, &["cloudflare_dns_record", "cloudflare_queue"], &[]).unwrap_err().to_string();
    assert_eq!(text, "cloudflare_dns_record needs zones, which targets does not have. It takes zones.");
    let text = types(Access::Read, &["cloudflare_queue"], &[Kind::Zones]).unwrap_err().to_string();
    let expected = "a token for these types cannot use zones. It takes no targets, for the whole account.";
    assert_eq!(text, expected);
}

#[test]
fn kinds_have_one_name_in_the_data_and_in_policies() {
    for kind in Kind::NAMED.into_iter().chain([Kind::Account]) {
        let read: Kind = serde_json::from_value(kind.as_str().into()).unwrap();
        assert_eq!(read, kind);
    }
}

#[test]
fn a_type_that_hangs_on_nothing_takes_the_scope_of_its_groups() {
    let of = |scopes: &[Scope]| ResourceType {
        target: Target::UserOrNone,
        read: None,
        write: None,
        scopes: scopes.iter().copied().collect(),
        basis: Basis::Published,
    };
    assert_eq!(of(&[Scope::Zone]).on(false), Some(Kind::Zones));
    assert_eq!(of(&[Scope::Account]).on(true), Some(Kind::Account));
    assert_eq!(of(&[Scope::User]).on(true), None);
}
