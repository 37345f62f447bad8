//! Finds the policy of a token that a spec means. Every refresh needs this, often without the list of permission groups.

use std::collections::{BTreeMap, BTreeSet};

use super::canonical::{GroupId, Policy};
use super::catalog::{Catalog, Names, Written, read_group};
use super::fingerprint::Fingerprint;
use super::spec::{PolicySpec, resources};
use crate::owner::Owner;

impl PolicySpec {
    /// The policies of a token that the spec means: a single one with all of it, or several that have it together, because
    /// the API takes no mixture of shapes in one policy. Empty if the token does not have all of it. Groups are compared by
    /// id, or by name: with the catalog's resolution, or with the name in the API's answer for an id that the catalog does
    /// not have. Without a catalog, a name that several scopes share may match the group of another scope.
    pub fn find(
        &self,
        policies: &BTreeMap<Fingerprint, Policy>,
        owner: &Owner,
        catalog: Option<&Catalog>,
        names: &Names,
    ) -> BTreeSet<Fingerprint> {
        let Some(resources) = resources(&self.target, owner) else { return BTreeSet::new() };
        let whole = Policy::new(self.effect, BTreeSet::new(), resources, owner);
        let find = |part: &Policy| {
            let same = |policy: &Policy| {
                policy.effect() == part.effect()
                    && policy.resources() == part.resources()
                    && self.has_the_groups_of(policy, catalog, names)
            };
            policies.iter().find(|(_, policy)| same(policy)).map(|(fingerprint, _)| *fingerprint)
        };
        if let Some(fingerprint) = find(&whole) {
            return BTreeSet::from([fingerprint]);
        }
        whole.split(owner).iter().map(find).collect::<Option<_>>().unwrap_or_default()
    }

    /// The number of policies that the spec resolves to. 0 if its target cannot be read.
    pub fn policy_count(&self, owner: &Owner) -> usize {
        // Names of Workers become keys of the same shape.
        if self.worker_names().is_some() {
            return 1;
        }
        resources(&self.target, owner).map_or(0, |resources| {
            Policy::new(self.effect, BTreeSet::new(), resources, owner).split(owner).len()
        })
    }

    fn has_the_groups_of(&self, policy: &Policy, catalog: Option<&Catalog>, names: &Names) -> bool {
        let scope = self.target.scope();
        let mut left = policy.groups().clone();
        let all_found = self.permission_groups.iter().all(|element| {
            let found: Vec<_> = match read_group(element) {
                Written::Id(id) => policy.groups().get(&id).cloned().into_iter().collect(),
                Written::BrokenId => Vec::new(),
                Written::Name => {
                    let named = |id: &&GroupId| match catalog {
                        Some(catalog) if catalog.get(id).is_some() => {
                            catalog.find(element, scope.as_ref()).iter().any(|group| group.id == **id)
                        }
                        _ => names.get(id).is_some_and(|name| name == element),
                    };
                    policy.groups().iter().filter(named).cloned().collect()
                }
            };
            left.retain(|id| !found.contains(id));
            found.len() == 1
        });
        all_found && left.is_empty()
    }

    /// Whether two specs mean the same policy. Without a catalog, a name equals only itself. For tests only.
    #[cfg(test)]
    pub(super) fn same_meaning(&self, other: &Self, owner: &Owner, catalog: Option<&Catalog>) -> bool {
        let resources = |spec: &Self| {
            resources(&spec.target, owner)
                .map(|resources| Policy::new(spec.effect, BTreeSet::new(), resources, owner))
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
