//! Describes a canonical policy as a user would write it, for imports and for drift.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::canonical::{GroupId, Policy};
use super::catalog::{Catalog, Names, Written, read_group};
use super::keys;
use super::resolve::needs_no_target;
use super::resource::Resource;
use super::scope::Scope;
use super::spec::{PolicySpec, Selection, Target};
use crate::owner::Owner;

/// Describes a policy. Groups have names if the name means only one group in the scope. The target has the shortest form
/// with the same meaning. The description resolves to the same policy with the catalog.
pub fn describe(policy: &Policy, owner: &Owner, catalog: Option<&Catalog>, names: &Names) -> PolicySpec {
    let target = target(policy, owner);
    let scope = target.scope();
    let group =
        |id: &GroupId| name(id, scope.as_ref(), policy, catalog, names).unwrap_or(id.as_str()).to_owned();
    let permission_groups: BTreeSet<String> = policy.groups().iter().map(group).collect();
    let unsaid = || catalog.is_some_and(|catalog| needs_no_target(&permission_groups, catalog));
    let of_workers = |id: &GroupId| {
        let group = catalog.and_then(|catalog| catalog.get(id));
        group.is_some_and(|group| group.narrower() == Some(&Scope::WorkerScript))
    };
    let target = match target {
        Target::Account if !policy.groups().is_empty() && policy.groups().iter().all(of_workers) => {
            Target::Workers(Selection::All)
        }
        Target::Account if !unsaid() => Target::Resources(written(policy.resources())),
        target => target,
    };
    PolicySpec { effect: policy.effect(), permission_groups, target }
}

fn name<'a>(
    id: &GroupId,
    scope: Option<&Scope>,
    policy: &Policy,
    catalog: Option<&'a Catalog>,
    names: &'a Names,
) -> Option<&'a str> {
    let name = match catalog {
        // The catalog resolves the name later.
        Some(catalog) => {
            let name = catalog.get(id)?.name.as_str();
            let [only] = catalog.find(name, scope)[..] else { return None };
            (only.id == *id).then_some(name)?
        }
        None => {
            let name = names.get(id)?;
            let same = policy.groups().iter().filter(|id| names.get(id) == Some(name)).count();
            (same == 1).then_some(name.as_str())?
        }
    };
    // A name that looks like an id cannot be used.
    (read_group(name) == Written::Name).then_some(name)
}

fn target(policy: &Policy, owner: &Owner) -> Target {
    typed(policy, owner).unwrap_or_else(|| Target::Resources(written(policy.resources())))
}

/// The target in one of the typed forms, if one says exactly this.
fn typed(policy: &Policy, owner: &Owner) -> Option<Target> {
    let resources = policy.resources();
    let everything = resources.values().all(|value| matches!(value, Resource::Flat(text) if text == "*"));
    let (first, only) = (resources.keys().next().filter(|_| everything)?, resources.len() == 1);
    if only && first == keys::EVERY_ZONE {
        return Some(Target::Zones(Selection::All));
    }
    let zones = resources.keys().map(|key| key.strip_prefix(keys::ZONE).filter(|id| keys::is_hex32(id)));
    if let Some(zones) = zones.map(|id| id.map(str::to_owned)).collect::<Option<BTreeSet<_>>>() {
        return Some(Target::Zones(Selection::Only(zones)));
    }
    let Owner::Account(account) = owner else { return None };
    if only && *first == keys::account(account) {
        return Some(Target::Account);
    }
    if only && first == keys::EVERY_R2_BUCKET {
        return Some(Target::R2Buckets(Selection::All));
    }
    let own = format!("{}{account}_", keys::R2_BUCKET);
    let bucket = |key: &String| {
        let element = key.strip_prefix(&own)?.replacen('_', "/", 1);
        keys::split_bucket(&element).is_some().then_some(element)
    };
    resources.keys().map(bucket).collect::<Option<_>>().map(|set| Target::R2Buckets(Selection::Only(set)))
}

/// The keys unchanged, with nested resources as compact JSON, because the attribute is a map of strings.
fn written(resources: &BTreeMap<String, Resource>) -> BTreeMap<String, String> {
    let text = |resource: &Resource| match resource {
        Resource::Flat(text) => text.clone(),
        Resource::Nested(inner) => inner
            .iter()
            .map(|(key, text)| (key.clone(), Value::from(text.as_str())))
            .collect::<Value>()
            .to_string(),
    };
    resources.iter().map(|(key, resource)| (key.clone(), text(resource))).collect()
}
