//! The two shapes of a policy's resources: flat, as users write and see them, and nested under the token's own account, as
//! the API takes some of them. A policy is sent completely flat or completely nested.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::keys;
use super::resource::Resource;
use crate::owner::Owner;

/// Resources by their keys.
pub(super) type Resources = BTreeMap<String, Resource>;

/// Flattens resources that are nested under the token's own account and mean the same flat.
pub(super) fn flatten(resources: Resources, owner: &Owner) -> Resources {
    let Owner::Account(id) = owner else { return resources };
    flatten_where(resources, id, |key| keys::is_within(key, id))
}

/// The form that version 0.1.0 gave the same resources: it left single zones and buckets nested. Its states have
/// fingerprints of this form.
pub(super) fn flatten_as_before(resources: Resources, owner: &Owner) -> Resources {
    let Owner::Account(id) = owner else { return resources };
    flatten_where(resources, id, keys::needs_nesting)
}

fn flatten_where(mut resources: Resources, account_id: &str, flat_too: impl Fn(&str) -> bool) -> Resources {
    let account = keys::account(account_id);
    let Some(Resource::Nested(inner)) = resources.get(&account) else { return resources };
    let every = Resource::every();
    let (flat, nested): (BTreeMap<_, _>, BTreeMap<_, _>) =
        inner.clone().into_iter().partition(|(key, value)| {
            flat_too(key) && value == "*" && resources.get(key).is_none_or(|there| *there == every)
        });
    let any_flat = resources.iter().any(|(key, value)| flat_too(key) && *value == every);
    if nested.is_empty() && (any_flat || !flat.is_empty()) {
        resources.remove(&account);
    } else {
        resources.insert(account, Resource::Nested(nested));
    }
    resources.extend(flat.into_keys().map(|key| (key, every.clone())));
    resources
}

/// Whether this resource is always nested on the wire.
fn is_nested(key: &str, resource: &Resource, owner: &Owner) -> bool {
    match resource {
        Resource::Nested(_) => true,
        Resource::Flat(_) => {
            matches!(owner, Owner::Account(_)) && keys::needs_nesting(key) && *resource == Resource::every()
        }
    }
}

/// The parts that the API takes as separate policies. There is one, unless some resources must be flat and others nested. A
/// zone can be either.
pub(super) fn split(resources: Resources, owner: &Owner) -> Vec<Resources> {
    let (nested, flat): (Resources, Resources) = resources
        .iter()
        .map(|(key, resource)| (key.clone(), resource.clone()))
        .partition(|(key, resource)| is_nested(key, resource, owner));
    let go_along = flat.iter().all(|(key, resource)| can_go_along(key, resource, owner));
    if nested.is_empty() || flat.is_empty() || go_along { vec![resources] } else { vec![flat, nested] }
}

fn can_go_along(key: &str, resource: &Resource, owner: &Owner) -> bool {
    matches!(owner, Owner::Account(_)) && key.starts_with(keys::ZONE) && *resource == Resource::every()
}

/// The API's `resources` object.
pub(super) fn nest(resources: &Resources, owner: &Owner) -> Value {
    let mut wire = Map::new();
    for (key, resource) in resources {
        let value = match resource {
            Resource::Flat(text) => Value::from(text.as_str()),
            Resource::Nested(inner) => {
                inner.iter().map(|(key, text)| (key.clone(), Value::from(text.as_str()))).collect()
            }
        };
        wire.insert(key.clone(), value);
    }
    let Owner::Account(id) = owner else { return Value::Object(wire) };
    if !resources.iter().any(|(key, resource)| is_nested(key, resource, owner)) {
        return Value::Object(wire);
    }
    let account = keys::account(id);
    let moves = |(key, resource): &(&String, &Resource)| {
        matches!(resource, Resource::Flat(_))
            && (is_nested(key, resource, owner) || can_go_along(key, resource, owner))
    };
    for (key, _) in resources.iter().filter(moves) {
        let outer = wire.entry(account.clone()).or_insert_with(|| Value::Object(Map::new()));
        // A resource that cannot be nested stays flat, and the API judges it.
        if let Some(outer) = outer.as_object_mut().filter(|outer| !outer.contains_key(key)) {
            outer.insert(key.clone(), Value::from("*"));
            wire.remove(key);
        }
    }
    Value::Object(wire)
}
