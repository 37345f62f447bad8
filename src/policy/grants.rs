//! What a policy grants, a line for each right: so that a change of one right is a change of one line in a plan.

use std::collections::BTreeSet;

use super::canonical::{GroupId, Policy};
use super::catalog::{Catalog, Names};
use super::keys;
use super::resource::Resource;
use super::scope::Scope;
use crate::owner::Owner;

/// The rights of a policy, such as `allow "Logs Write" on the account`: a line for each permission group on each resource.
///
/// A group is called as the catalog has it, else as the API's answer does (`names`), else by its id. What a group of a scope
/// within the account reaches on the account is said too. The text is for people: its form may change.
pub fn grants(policy: &Policy, owner: &Owner, catalog: Option<&Catalog>, names: &Names) -> BTreeSet<String> {
    let places: Vec<Place> =
        policy.resources().iter().flat_map(|(key, value)| places(key, value, owner)).collect();
    let right = |id: &GroupId, place: &Place| {
        let group = catalog.and_then(|catalog| catalog.get(id));
        let name = group.map(|group| group.name.as_str()).or_else(|| names.get(id).map(String::as_str));
        let name = name.map_or_else(|| id.to_string(), |name| format!("\"{name}\""));
        let reach = match group.and_then(|group| group.narrower()).filter(|_| place.is_account) {
            Some(scope) => format!(" and all of its {}", things(scope)),
            None => String::new(),
        };
        format!("{} {name} on {}{reach}", policy.effect(), place.words)
    };
    policy.groups().iter().flat_map(|id| places.iter().map(move |place| right(id, place))).collect()
}

/// A resource in words.
struct Place {
    words: String,
    is_account: bool,
}

fn places(key: &str, resource: &Resource, owner: &Owner) -> Vec<Place> {
    let place = |words: String, value: &str| Place {
        words: if value == "*" { words } else { format!("{words} ({value})") },
        is_account: keys::scope(key) == Some(Scope::Account),
    };
    match resource {
        Resource::Flat(value) => vec![place(words(key, owner), value)],
        Resource::Nested(inner) => inner
            .iter()
            .map(|(below, value)| {
                let words = format!("{} of {}", words(below, &Owner::User), words(key, owner));
                Place { is_account: false, ..place(words, value) }
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
