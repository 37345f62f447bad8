//! A policy as a user writes it.

use std::collections::{BTreeMap, BTreeSet};

use super::canonical::{Effect, Home, Policy, Resource};
use super::catalog::{Catalog, Scope, Written, read_group};
use super::describe::Names;
use super::{keys, resolve};

/// A policy as a user writes it: names or ids of permission groups, and what they apply to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PolicySpec {
    /// Allow or deny.
    pub effect: Effect,
    /// Names, or ids of 32 hexadecimal digits.
    pub permission_groups: BTreeSet<String>,
    /// What they apply to.
    pub target: Target,
}

/// What a policy applies to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// The account that owns the token: what is meant where nothing is written.
    Account,
    /// Zones by id.
    Zones(Selection),
    /// R2 buckets of the owning account, each `jurisdiction/bucket`.
    R2Buckets(Selection),
    /// The API's own resource keys, flat; a value is `*` or the JSON object that the API nests there.
    Resources(BTreeMap<String, String>),
}

/// All of a kind, or those that are named.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Selection {
    /// Written `"*"`.
    All,
    /// These.
    Only(BTreeSet<String>),
}

impl Target {
    /// The scope that it calls for; none where its keys are of kinds that are not known here, or of several.
    pub fn scope(&self) -> Option<Scope> {
        let scopes = self.scopes();
        scopes.first().filter(|_| scopes.len() == 1).cloned()
    }

    /// Every known scope among its keys.
    pub(super) fn scopes(&self) -> BTreeSet<Scope> {
        match self {
            Target::Account => BTreeSet::from([Scope::Account]),
            Target::Zones(_) => BTreeSet::from([Scope::Zone]),
            Target::R2Buckets(_) => BTreeSet::from([Scope::R2Bucket]),
            Target::Resources(map) => map
                .iter()
                .flat_map(|(key, value)| match resolve::read_value(value) {
                    Some(Resource::Nested(inner)) if !inner.is_empty() => {
                        inner.keys().filter_map(|key| keys::scope(key)).collect::<Vec<_>>()
                    }
                    _ => keys::scope(key).into_iter().collect(),
                })
                .collect(),
        }
    }
}

impl PolicySpec {
    /// Does the spec mean this policy? Groups are matched by id, or by the name that the catalog or the API's answer has
    /// for an id; so it can be told without a catalog too.
    pub fn means(&self, policy: &Policy, home: &Home, catalog: Option<&Catalog>, names: &Names) -> bool {
        let Some(resources) = resolve::resources(&self.target, home) else { return false };
        let bare = Policy::new(self.effect, policy.groups().clone(), resources, home);
        let mut left = policy.groups().clone();
        let all_found = self.permission_groups.iter().all(|element| {
            let found: Vec<_> = match read_group(element) {
                Written::Id(id) => policy.groups().get(&id).cloned().into_iter().collect(),
                Written::BrokenId => Vec::new(),
                Written::Name => policy
                    .groups()
                    .iter()
                    .filter(|id| {
                        names.get(id).is_some_and(|name| name == element)
                            || catalog.and_then(|catalog| catalog.get(id)).is_some_and(|g| g.name == *element)
                    })
                    .cloned()
                    .collect(),
            };
            left.retain(|id| !found.contains(id));
            found.len() == 1
        });
        bare == *policy && all_found && left.is_empty()
    }

    /// Do two specs mean the same policy? Without a catalog a name equals nothing but itself. For tests only.
    #[cfg(test)]
    pub(super) fn same_meaning(&self, other: &Self, home: &Home, catalog: Option<&Catalog>) -> bool {
        let resources = |spec: &Self| {
            resolve::resources(&spec.target, home)
                .map(|resources| Policy::new(spec.effect, BTreeSet::new(), resources, home))
        };
        let groups = |spec: &Self| -> BTreeSet<String> {
            let scope = spec.target.scope();
            let id = |element: &String| {
                let found = catalog.map(|catalog| catalog.find(element, scope.as_ref())).unwrap_or_default();
                match found.as_slice() {
                    [group] => group.id.to_string(),
                    _ => element.clone(),
                }
            };
            spec.permission_groups.iter().map(id).collect()
        };
        self == other || (resources(self) == resources(other) && groups(self) == groups(other))
    }
}
