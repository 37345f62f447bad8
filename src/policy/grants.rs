//! What a policy grants, one line for each right, so that a change of one right changes one line.
//!
//! The lines follow what is written. They use the catalog only for the name of a group that is written as an id, and for what
//! a group covers on an account. So the lines stay the same without a catalog, in another order, and when the API renames a
//! group.

use std::collections::BTreeSet;

use super::canonical::{GroupId, Policy};
use super::catalog::{Catalog, Names, Written, read_group};
use super::keys;
use super::resource::Resource;
use super::scope::Scope;
use super::spec::{PolicySpec, Selection, Target, resources};
use crate::owner::Owner;

/// The rights of a policy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grants {
    /// One line for each permission group on each resource, such as `allow "Logs Write" on the account`. The text is for
    /// people, and its form may change.
    pub lines: BTreeSet<String>,
    /// Whether a catalog would change no line.
    pub is_certain: bool,
}

impl PolicySpec {
    /// The rights of the policy in a token that `owner` owns. A group that is written as an id has the name of the catalog,
    /// else the name of the API's answer (`names`), else its id.
    pub fn grants(&self, owner: &Owner, catalog: Option<&Catalog>, names: &Names) -> Grants {
        let mut grants = Grants { is_certain: true, ..Grants::default() };
        let scope = self.target.scope();
        let places = self.places(owner);
        for element in &self.permission_groups {
            let group = catalog.and_then(|catalog| match read_group(element) {
                Written::Id(id) => catalog.get(&id),
                Written::Name => match catalog.find(element, scope.as_ref())[..] {
                    [group] => Some(group),
                    _ => None,
                },
                Written::BrokenId => None,
            });
            let name = match read_group(element) {
                Written::Id(id) => named(&id, group.map(|group| group.name.as_str()), names),
                Written::Name => Some(element.as_str()),
                Written::BrokenId => None,
            };
            grants.is_certain &= name.is_some() || catalog.is_some();
            let name = name.map_or_else(|| element.clone(), |name| format!("\"{name}\""));
            for place in &places {
                let narrower = group.and_then(|group| group.narrower()).filter(|_| place.is_account);
                let reach = narrower.map(|scope| format!(" and {} {}", place.all_of, things(scope)));
                grants.is_certain &= catalog.is_some() || !place.is_account;
                let reach = reach.unwrap_or_default();
                grants.lines.insert(format!("{} {name} on {}{reach}", self.effect, place.words));
            }
        }
        grants
    }

    /// What the policy applies to, in words.
    fn places(&self, owner: &Owner) -> Vec<Place> {
        let place = |words: String| Place { words, is_account: false, all_of: "" };
        match &self.target {
            // Only groups that exist for accounts alone can have this target.
            Target::Account => vec![place("the account".to_owned())],
            Target::Workers(Selection::All) => vec![place("all Workers of the account".to_owned())],
            Target::Workers(Selection::Only(names)) => {
                names.iter().map(|name| place(format!("the Worker {name}"))).collect()
            }
            target => {
                let resources = resources(target, owner).unwrap_or_default();
                let canonical = Policy::new(self.effect, BTreeSet::new(), resources, owner);
                canonical.resources().iter().flat_map(|(key, value)| places(key, value, owner)).collect()
            }
        }
    }
}

fn named<'a>(id: &GroupId, listed: Option<&'a str>, names: &'a Names) -> Option<&'a str> {
    listed.or_else(|| names.get(id).map(String::as_str))
}

/// A resource in words.
struct Place {
    words: String,
    /// Whether a group of a scope within an account covers more here than the words say.
    is_account: bool,
    /// The start of the words for that.
    all_of: &'static str,
}

fn places(key: &str, resource: &Resource, owner: &Owner) -> Vec<Place> {
    let place = |words: String, value: &str, is_account: bool| Place {
        words: if value == "*" { words } else { format!("{words} ({value})") },
        is_account,
        all_of: if key == keys::EVERY_ACCOUNT { "all of their" } else { "all of its" },
    };
    match resource {
        Resource::Flat(value) => {
            vec![place(words(key, owner), value, keys::scope(key) == Some(Scope::Account))]
        }
        Resource::Nested(inner) => inner
            .iter()
            .map(|(below, value)| {
                let words = format!("{} of {}", words(below, &Owner::User), words(key, owner));
                place(words, value, false)
            })
            .collect(),
    }
}

fn words(key: &str, owner: &Owner) -> String {
    let own = match owner {
        Owner::Account(id) => Some(id.as_str()),
        Owner::User => None,
    };
    let of_account = if own.is_some() { " of the account" } else { "" };
    if key == keys::EVERY_ACCOUNT {
        return "all accounts".into();
    }
    if key == keys::EVERY_ZONE {
        return format!("all zones{of_account}");
    }
    if key == keys::EVERY_R2_BUCKET {
        return format!("all R2 buckets{of_account}");
    }
    if let Some(zone) = key.strip_prefix(keys::ZONE) {
        return format!("the zone {zone}");
    }
    if let Some(bucket) = key.strip_prefix(keys::R2_BUCKET) {
        let bucket = own.and_then(|own| bucket.strip_prefix(own)?.strip_prefix('_')).unwrap_or(bucket);
        return format!("the R2 bucket {}", bucket.replacen('_', "/", 1));
    }
    if let Some(tag) = key.strip_prefix(keys::WORKER_SCRIPT) {
        return format!("the Worker {tag}");
    }
    if let Some(user) = key.strip_prefix(keys::USER) {
        return format!("the user {user}");
    }
    match key.strip_prefix(keys::ACCOUNT) {
        Some(account) if Some(account) == own => "the account".into(),
        Some(account) if !account.contains('.') => format!("the account {account}"),
        _ => key.to_owned(),
    }
}

fn things(scope: &Scope) -> &'static str {
    match scope {
        Scope::Zone => "zones",
        Scope::R2Bucket => "R2 buckets",
        Scope::WorkerScript => "Workers",
        _ => "resources",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::policy::{Effect, PermissionGroup};

    const ACCOUNT: &str = "0123456789abcdef0123456789abcdef";
    const ZONE: &str = "11111111111111111111111111111111";
    const DNS_WRITE: &str = "4755a26eedb94da69e1066d98aa820be";

    fn owner() -> Owner {
        Owner::Account(ACCOUNT.into())
    }

    fn catalog() -> Catalog {
        let group =
            |id: &str, name: &str, scope| PermissionGroup::new(id.parse().unwrap(), name, vec![scope]);
        Catalog::new(vec![
            group(DNS_WRITE, "DNS Write", Scope::Zone),
            group(&"a".repeat(32), "Logs Write", Scope::Account),
            group(&"b".repeat(32), "Logs Write", Scope::Zone),
            group(&"c".repeat(32), "Workers Scripts Write", Scope::Account),
            group(&"d".repeat(32), "Individual Workers Editor", Scope::WorkerScript),
        ])
    }

    fn only(elements: &[&str]) -> Selection {
        Selection::Only(elements.iter().map(ToString::to_string).collect())
    }

    fn keys(pairs: &[(&str, &str)]) -> Target {
        let pairs = pairs.iter().map(|(key, value)| (key.to_string(), value.to_string()));
        Target::Resources(BTreeMap::from_iter(pairs))
    }

    fn spec(groups: &[&str], target: Target) -> PolicySpec {
        let permission_groups = groups.iter().map(ToString::to_string).collect();
        PolicySpec { effect: Effect::Allow, permission_groups, target }
    }

    fn lines(spec: &PolicySpec) -> Vec<String> {
        let Grants { lines, is_certain } = spec.grants(&owner(), Some(&catalog()), &Names::new());
        assert!(is_certain);
        lines.into_iter().collect()
    }

    #[test]
    fn each_right_is_a_line() {
        let (other, own) = ("f".repeat(32), format!("com.cloudflare.api.account.{ACCOUNT}"));
        let every_zone = r#"{"com.cloudflare.api.account.zone.*": "*"}"#;
        let cases: Vec<(&[&str], Target, Vec<String>)> = vec![
            (
                &["Workers Scripts Write"],
                Target::Account,
                vec!["allow \"Workers Scripts Write\" on the account".into()],
            ),
            (&["Logs Write"], keys(&[(&own, "*")]), vec!["allow \"Logs Write\" on the account".into()]),
            (
                &["DNS Write"],
                keys(&[(&own, "*")]),
                vec!["allow \"DNS Write\" on the account and all of its zones".into()],
            ),
            (
                &["DNS Write"],
                Target::Zones(Selection::All),
                vec!["allow \"DNS Write\" on all zones of the account".into()],
            ),
            (
                &["DNS Write"],
                keys(&[(&own, every_zone)]),
                vec!["allow \"DNS Write\" on all zones of the account".into()],
            ),
            (
                &["DNS Write", "Logs Write"],
                Target::Zones(only(&[ZONE, &other])),
                vec![
                    format!("allow \"DNS Write\" on the zone {ZONE}"),
                    format!("allow \"DNS Write\" on the zone {other}"),
                    format!("allow \"Logs Write\" on the zone {ZONE}"),
                    format!("allow \"Logs Write\" on the zone {other}"),
                ],
            ),
            (
                &["X"],
                Target::R2Buckets(only(&["eu/photos"])),
                vec!["allow \"X\" on the R2 bucket eu/photos".into()],
            ),
            (
                &["X"],
                Target::R2Buckets(Selection::All),
                vec!["allow \"X\" on all R2 buckets of the account".into()],
            ),
            (
                &["Individual Workers Editor"],
                Target::Workers(only(&["edge"])),
                vec!["allow \"Individual Workers Editor\" on the Worker edge".into()],
            ),
            (
                &["Individual Workers Editor"],
                Target::Workers(Selection::All),
                vec!["allow \"Individual Workers Editor\" on all Workers of the account".into()],
            ),
            (
                &["DNS Write"],
                keys(&[(&format!("com.cloudflare.api.account.{other}"), every_zone)]),
                vec![format!("allow \"DNS Write\" on all zones of the account {other}")],
            ),
            (
                &["DNS Write"],
                keys(&[("com.cloudflare.api.account.*", "*")]),
                vec!["allow \"DNS Write\" on all accounts and all of their zones".into()],
            ),
            (
                &[DNS_WRITE],
                Target::Zones(only(&[ZONE])),
                vec![format!("allow \"DNS Write\" on the zone {ZONE}")],
            ),
        ];
        for (groups, target, expected) in cases {
            assert_eq!(lines(&spec(groups, target)), expected);
        }
        let deny = PolicySpec { effect: Effect::Deny, ..spec(&["Workers Scripts Write"], Target::Account) };
        assert_eq!(lines(&deny), ["deny \"Workers Scripts Write\" on the account"]);
    }

    #[test]
    fn a_right_without_a_name_is_called_by_its_id() {
        let spec = spec(&[DNS_WRITE], Target::Zones(only(&[ZONE])));
        let of = |catalog: Option<&Catalog>, names: &Names| spec.grants(&owner(), catalog, names);
        let by_id = of(None, &Names::new());
        assert!(by_id.lines.contains(&format!("allow {DNS_WRITE} on the zone {ZONE}")) && !by_id.is_certain);
        let names = Names::from([(DNS_WRITE.parse().unwrap(), "DNS Write".into())]);
        let named = of(None, &names);
        assert!(named.lines.contains(&format!("allow \"DNS Write\" on the zone {ZONE}")) && named.is_certain);
        assert_eq!(of(Some(&catalog()), &Names::new()), named);
    }

    #[test]
    fn what_is_certain_without_a_catalog_is_the_same_with_one() {
        let own = format!("com.cloudflare.api.account.{ACCOUNT}");
        for (target, is_certain) in [
            (Target::Account, true),
            (Target::Zones(Selection::All), true),
            (Target::Workers(only(&["edge"])), true),
            (keys(&[(&own, "*")]), false),
        ] {
            let spec = spec(&["Logs Write", "DNS Write"], target);
            let without = spec.grants(&owner(), None, &Names::new());
            assert_eq!(without.is_certain, is_certain, "{spec:?}");
            assert!(!is_certain || without == spec.grants(&owner(), Some(&catalog()), &Names::new()));
        }
    }

    #[test]
    fn each_kind_of_place_has_its_words() {
        let own = keys::account(ACCOUNT);
        for (key, place) in [
            (own.as_str(), "the account"),
            (&keys::account(ZONE), "the account 11111111111111111111111111111111"),
            (&keys::worker("t1"), "the Worker t1"),
            (&format!("{}{ZONE}", keys::USER), "the user 11111111111111111111111111111111"),
            (&format!("{own}.new.x"), &format!("{own}.new.x")),
        ] {
            assert_eq!(words(key, &owner()), place);
        }
        let scopes = [Scope::Zone, Scope::R2Bucket, Scope::WorkerScript, Scope::Account];
        assert_eq!(scopes.map(|scope| things(&scope)), ["zones", "R2 buckets", "Workers", "resources"]);
    }
}
