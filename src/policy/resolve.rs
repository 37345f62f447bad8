//! Resolves what a user wrote to the canonical policy, and finds every fault in it.

use std::collections::{BTreeMap, BTreeSet};

use super::canonical::{GroupId, Policy};
use super::catalog::{Catalog, PermissionGroup, Written, read_group};
use super::fingerprint::Fingerprint;
use super::keys;
use super::problem::{Fault, Part, Problem, Severity};
use super::resource::Resource;
use super::scope::Scope;
use super::spec::{PolicySpec, Selection, Target, read_value, resources};
use super::workers::Workers;
use crate::owner::Owner;

/// The meaning of a spec, with warnings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// The policies in canonical form: one, or two if some resources go out flat and others nested.
    pub policies: Vec<Policy>,
    /// Problems of severity warning.
    pub warnings: Vec<Problem>,
}

impl PolicySpec {
    /// The policies that the spec means in a token that `owner` owns, or every problem that it has (warnings among them).
    pub fn resolve(&self, owner: &Owner, catalog: &Catalog) -> Result<Resolved, Vec<Problem>> {
        let mut problems = check(&self.permission_groups, Some(&self.target), Some(owner), catalog);
        problems.extend(empties(self));
        let groups = self
            .permission_groups
            .iter()
            .filter_map(|element| group(element, Some(&self.target), catalog).ok())
            .map(|group| group.id.clone())
            .collect();
        let resources = resources(&self.target, owner).unwrap_or_default();
        // Names that have not become tags belong to Workers that do not exist.
        if *owner != Owner::User {
            problems.extend(self.with_tags(&Workers::default()).err().unwrap_or_default());
        }
        let policies = Policy::new(self.effect, groups, resources, owner).split(owner);
        if policies.iter().any(|policy| policy.is_inert(owner)) {
            problems.push(Problem::new(Part::Whole, Fault::Reserved));
        }
        if problems.iter().any(|problem| problem.severity() == Severity::Error) {
            return Err(problems);
        }
        Ok(Resolved { policies, warnings: problems })
    }
}

/// What a set of specs resolves to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolvedSet {
    /// The policies of all specs, in their order, each once.
    pub policies: Vec<Policy>,
    /// Problems of severity warning, each with the index of its spec.
    pub warnings: Vec<(usize, Problem)>,
}

/// Resolves a set of policies. Each problem has the index of its spec. If two specs mean the same, the problem is at the
/// later one.
pub fn resolve_all(
    specs: &[PolicySpec],
    owner: &Owner,
    catalog: &Catalog,
) -> Result<ResolvedSet, Vec<(usize, Problem)>> {
    let (mut policies, mut problems) = (Vec::new(), Vec::new());
    let mut seen: BTreeSet<Fingerprint> = BTreeSet::new();
    for (index, spec) in specs.iter().enumerate() {
        match spec.resolve(owner, catalog) {
            Ok(resolved) => {
                problems.extend(resolved.warnings.into_iter().map(|warning| (index, warning)));
                let before = policies.len();
                let new = resolved.policies.into_iter().filter(|policy| seen.insert(policy.fingerprint()));
                policies.extend(new);
                if policies.len() == before {
                    problems.push((index, Problem::new(Part::Whole, Fault::Duplicate)));
                }
            }
            Err(found) => problems.extend(found.into_iter().map(|problem| (index, problem))),
        }
    }
    let wrong = problems.iter().any(|(_, problem)| problem.severity() == Severity::Error);
    if wrong { Err(problems) } else { Ok(ResolvedSet { policies, warnings: problems }) }
}

/// The problems of the known parts: the known elements of `permission_groups`, the target if it is known, with its known
/// elements, and the owner if it is known. A problem that is found here stays one, whatever the unknown parts turn out to
/// be.
pub fn check(
    permission_groups: &BTreeSet<String>,
    target: Option<&Target>,
    owner: Option<&Owner>,
    catalog: &Catalog,
) -> Vec<Problem> {
    let mut problems = check_groups(permission_groups, target, owner, catalog);
    problems.extend(target.map(|target| check_target(target, owner)).unwrap_or_default());
    problems
}

/// The most permission groups that the API takes in one policy.
const MOST_GROUPS: usize = 300;

fn check_groups(
    elements: &BTreeSet<String>,
    target: Option<&Target>,
    owner: Option<&Owner>,
    catalog: &Catalog,
) -> Vec<Problem> {
    let scope = target.and_then(Target::scope);
    let mut problems = Vec::new();
    if elements.len() > MOST_GROUPS {
        let fault = Fault::TooManyGroups { count: elements.len() };
        problems.push(Problem::new(Part::PermissionGroups, fault));
    }
    let mut found: BTreeMap<&GroupId, &String> = BTreeMap::new();
    let mut misfits: Vec<(&String, Vec<Scope>)> = Vec::new();
    for element in elements {
        let at = || Part::PermissionGroup(element.clone());
        match group(element, target, catalog) {
            Ok(group) => {
                let named = read_group(element) == Written::Name;
                let reach = group.narrower().filter(|_| named && scope == Some(Scope::Account));
                problems.extend(reach.map(|scope| {
                    let fault = Fault::WholeAccount { group: element.clone(), scope: scope.clone() };
                    Problem::new(at(), fault)
                }));
                if let Some(other) = found.insert(&group.id, element) {
                    let fault = Fault::SameGroup { group: element.clone(), other: other.clone() };
                    problems.push(Problem::new(at(), fault));
                }
                if group.selectable == Some(false) {
                    problems.push(Problem::new(at(), Fault::NotSelectable { group: group.name.clone() }));
                }
                if group.deprecated {
                    problems.push(Problem::new(at(), Fault::Deprecated { group: group.name.clone() }));
                }
            }
            Err(Unresolved::OtherScope(scopes))
                if scopes == [Scope::User] && matches!(owner, Some(Owner::Account(_))) =>
            {
                problems.push(Problem::new(at(), Fault::ForUsersOnly { name: element.clone() }));
            }
            Err(Unresolved::OtherScope(scopes)) => misfits.push((element, scopes)),
            // A user's token has no default account. The check of the target reports that.
            Err(Unresolved::NoTarget(_)) if owner == Some(&Owner::User) => {}
            Err(Unresolved::NoTarget(scopes)) => {
                let account = match owner {
                    Some(Owner::Account(id)) => Some(id.clone()),
                    _ => None,
                };
                let fault = Fault::NoTarget { group: element.clone(), scopes, account };
                problems.push(Problem::new(at(), fault));
            }
            // The target may still show which group is meant.
            Err(Unresolved::Fault(Fault::Ambiguous { .. })) if target.is_none() => {}
            Err(Unresolved::Fault(fault)) => problems.push(Problem::new(at(), fault)),
        }
    }
    problems.extend(scope.map(|scope| misfit(scope, &found, &misfits)).unwrap_or_default());
    problems
}

/// The problems of groups that do not fit the target: one for each if no group fits, else one for the mixture, which needs
/// a policy for each scope.
fn misfit(
    target: Scope,
    fitting: &BTreeMap<&GroupId, &String>,
    misfits: &[(&String, Vec<Scope>)],
) -> Vec<Problem> {
    let several = misfits.windows(2).any(|pair| pair[0].1 != pair[1].1);
    if misfits.is_empty() || (fitting.is_empty() && !several) {
        let wrong = |(element, has): &(&String, Vec<Scope>)| {
            let group = (*element).clone();
            let fault = Fault::WrongScope { group: group.clone(), has: has.clone(), target: target.clone() };
            Problem::new(Part::PermissionGroup(group), fault)
        };
        return misfits.iter().map(wrong).collect();
    }
    let mut by_scope: BTreeMap<Scope, Vec<String>> = BTreeMap::new();
    for element in fitting.values() {
        by_scope.entry(target.clone()).or_default().push((*element).clone());
    }
    for (element, has) in misfits {
        let scope = has.first().cloned().unwrap_or_else(|| Scope::Other("unknown".into()));
        by_scope.entry(scope).or_default().push((*element).clone());
    }
    vec![Problem::new(Part::PermissionGroups, Fault::MixedGroups { by_scope })]
}

/// The groups for a user's own objects. The list of an account's groups does not have them.
const USERS_OWN: [&str; 6] = [
    "API Tokens Read",
    "API Tokens Write",
    "Memberships Read",
    "Memberships Write",
    "User Details Read",
    "User Details Write",
];

enum Unresolved {
    /// The group exists, and these are its scopes.
    OtherScope(Vec<Scope>),
    /// Groups of this name or id exist in these scopes, and the policy does not say what it applies to.
    NoTarget(Vec<Scope>),
    Fault(Fault),
}

/// The group that an element of `permission_groups` means in a policy on this target. A target of `None` is not known yet.
fn group<'a>(
    element: &str,
    target: Option<&Target>,
    catalog: &'a Catalog,
) -> Result<&'a PermissionGroup, Unresolved> {
    if target == Some(&Target::Account) {
        no_target_needed(element, catalog)?;
    }
    let scope = target.and_then(Target::scope);
    let scope = scope.as_ref();
    match read_group(element) {
        Written::BrokenId => Err(Unresolved::Fault(Fault::BrokenId { text: element.to_owned() })),
        Written::Id(id) => match catalog.get(&id) {
            Some(group) if group.fits(scope) => Ok(group),
            Some(group) if scope == Some(&Scope::Account) && group.narrower().is_some() => Ok(group),
            Some(group) => Err(Unresolved::OtherScope(group.scopes.clone())),
            None => Err(Unresolved::Fault(Fault::UnknownId { id: element.to_owned() })),
        },
        Written::Name => match catalog.find(element, scope).as_slice() {
            [group] => Ok(group),
            [] => {
                let scopes: BTreeSet<_> = catalog.named(element).flat_map(|g| g.scopes.clone()).collect();
                if scopes.is_empty() && USERS_OWN.contains(&element) {
                    Err(Unresolved::Fault(Fault::ForUsersOnly { name: element.to_owned() }))
                } else if scopes.is_empty() {
                    let nearest = catalog.nearest(element, scope);
                    Err(Unresolved::Fault(Fault::UnknownName { name: element.to_owned(), nearest }))
                } else {
                    Err(Unresolved::OtherScope(scopes.into_iter().collect()))
                }
            }
            several => {
                let ids = several.iter().map(|group| (group.id.to_string(), group.scopes.clone())).collect();
                Err(Unresolved::Fault(Fault::Ambiguous { name: element.to_owned(), ids }))
            }
        },
    }
}

/// Refuses an element that may apply to things within the account, such as zones, in a policy without a target. A group whose
/// scopes the API does not say may, too.
fn no_target_needed(element: &str, catalog: &Catalog) -> Result<(), Unresolved> {
    let scopes_of = |group: &PermissionGroup| match group.scopes.as_slice() {
        [] => vec![Scope::Account, Scope::Zone],
        known => known.to_vec(),
    };
    let scopes: BTreeSet<Scope> = match read_group(element) {
        Written::BrokenId => BTreeSet::new(),
        Written::Id(id) => catalog.get(&id).into_iter().flat_map(scopes_of).collect(),
        Written::Name => catalog.named(element).flat_map(scopes_of).collect(),
    };
    if scopes.iter().any(Scope::is_within_account) {
        return Err(Unresolved::NoTarget(scopes.into_iter().collect()));
    }
    Ok(())
}

/// Whether a policy with these groups needs no target to apply to the account.
pub(super) fn needs_no_target<'a>(elements: impl IntoIterator<Item = &'a String>, catalog: &Catalog) -> bool {
    elements.into_iter().all(|element| no_target_needed(element, catalog).is_ok())
}

fn check_target(target: &Target, owner: Option<&Owner>) -> Vec<Problem> {
    match target {
        Target::Account | Target::R2Buckets(_) if owner == Some(&Owner::User) => {
            let part =
                if *target == Target::Account { Part::PermissionGroups } else { Part::R2Buckets(None) };
            vec![Problem::new(part, Fault::NoAccount)]
        }
        Target::Workers(_) if owner == Some(&Owner::User) => {
            vec![Problem::new(Part::Workers(None), Fault::WorkersOfUser)]
        }
        Target::Account
        | Target::Zones(Selection::All)
        | Target::R2Buckets(Selection::All)
        | Target::Workers(_) => Vec::new(),
        Target::Zones(Selection::Only(zones)) => zones
            .iter()
            .filter(|zone| !keys::is_hex32(zone))
            .map(|zone| Problem::new(Part::Zones(Some(zone.clone())), Fault::BadZone { zone: zone.clone() }))
            .collect(),
        Target::R2Buckets(Selection::Only(buckets)) => buckets
            .iter()
            .filter(|bucket| keys::split_bucket(bucket).is_none())
            .map(|bucket| {
                let fault = Fault::BadBucket { bucket: bucket.clone() };
                Problem::new(Part::R2Buckets(Some(bucket.clone())), fault)
            })
            .collect(),
        Target::Resources(map) => check_resources(map, target),
    }
}

fn check_resources(map: &BTreeMap<String, String>, target: &Target) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (key, value) in map {
        let at = || Part::Resources(Some(key.clone()));
        let value = read_value(value);
        if value.is_none() {
            problems.push(Problem::new(at(), Fault::BadResource { key: key.clone() }));
        }
        let inner = match &value {
            Some(Resource::Nested(inner)) => inner.keys().collect(),
            _ => Vec::new(),
        };
        for key in [key].into_iter().chain(inner) {
            match keys::check(key) {
                Ok(true) => {}
                Ok(false) => problems.push(Problem::new(at(), Fault::UnknownKind { key: key.clone() })),
                Err(fault) => problems.push(Problem::new(at(), Fault::BadKey { key: key.clone(), fault })),
            }
        }
    }
    if target.scopes().len() > 1 {
        let mut by_scope: BTreeMap<Scope, Vec<String>> = BTreeMap::new();
        for (key, value) in map {
            let one = Target::Resources(BTreeMap::from([(key.clone(), value.clone())]));
            for scope in one.scopes() {
                by_scope.entry(scope).or_default().push(key.clone());
            }
        }
        problems.push(Problem::new(Part::Resources(None), Fault::MixedResources { by_scope }));
    }
    problems
}

fn empties(spec: &PolicySpec) -> Vec<Problem> {
    let nothing = |part| Some(Problem::new(part, Fault::NothingSelected));
    let target = match &spec.target {
        Target::Zones(Selection::Only(set)) if set.is_empty() => nothing(Part::Zones(None)),
        Target::R2Buckets(Selection::Only(set)) if set.is_empty() => nothing(Part::R2Buckets(None)),
        Target::Workers(Selection::Only(set)) if set.is_empty() => nothing(Part::Workers(None)),
        Target::Resources(map) if map.is_empty() => nothing(Part::Resources(None)),
        _ => None,
    };
    let groups = spec.permission_groups.is_empty();
    let groups = groups.then(|| Problem::new(Part::PermissionGroups, Fault::NoGroups));
    groups.into_iter().chain(target).collect()
}
