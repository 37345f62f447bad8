//! From what a user wrote to the canonical policy, with everything that is wrong on the way.

use std::collections::{BTreeMap, BTreeSet};

use super::canonical::{GroupId, Home, Policy, Resource, read_resource};
use super::catalog::{Catalog, PermissionGroup, Scope, Written, read_group};
use super::fingerprint::Fingerprint;
use super::keys;
use super::problem::{Fault, Part, Problem, Severity};
use super::spec::{PolicySpec, Selection, Target};

/// A spec's policy, and what the user should know although it works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// The canonical form.
    pub policy: Policy,
    /// Problems of severity warning.
    pub warnings: Vec<Problem>,
}

impl PolicySpec {
    /// The policy that the spec means in a token that `home` owns, or every problem that it has (warnings among them).
    pub fn resolve(&self, home: &Home, catalog: &Catalog) -> Result<Resolved, Vec<Problem>> {
        let mut problems = check(&self.permission_groups, Some(&self.target), Some(home), catalog);
        problems.extend(empties(self));
        let scope = self.target.scope();
        let groups = self
            .permission_groups
            .iter()
            .filter_map(|element| group(element, scope.as_ref(), catalog).ok())
            .map(|group| group.id.clone())
            .collect();
        let resources = resources(&self.target, home).unwrap_or_default();
        let policy = Policy::new(self.effect, groups, resources, home);
        if policy.is_inert(home) {
            problems.push(Problem::new(Part::Whole, Fault::Reserved));
        }
        if problems.iter().any(|problem| problem.severity() == Severity::Error) {
            return Err(problems);
        }
        Ok(Resolved { policy, warnings: problems })
    }
}

/// What a set of specs resolves to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolvedSet {
    /// One policy per spec, in their order.
    pub policies: Vec<Policy>,
    /// Problems of severity warning, each with the index of its spec.
    pub warnings: Vec<(usize, Problem)>,
}

/// Resolves a set of policies. Problems come with the index of their spec; two specs of one meaning are one of them, told
/// of the later.
pub fn resolve_all(
    specs: &[PolicySpec],
    home: &Home,
    catalog: &Catalog,
) -> Result<ResolvedSet, Vec<(usize, Problem)>> {
    let (mut policies, mut problems) = (Vec::new(), Vec::new());
    let mut seen: BTreeSet<Fingerprint> = BTreeSet::new();
    for (index, spec) in specs.iter().enumerate() {
        match spec.resolve(home, catalog) {
            Ok(resolved) => {
                problems.extend(resolved.warnings.into_iter().map(|warning| (index, warning)));
                if !seen.insert(resolved.policy.fingerprint()) {
                    problems.push((index, Problem::new(Part::Whole, Fault::Duplicate)));
                }
                policies.push(resolved.policy);
            }
            Err(found) => problems.extend(found.into_iter().map(|problem| (index, problem))),
        }
    }
    let wrong = problems.iter().any(|(_, problem)| problem.severity() == Severity::Error);
    if wrong { Err(problems) } else { Ok(ResolvedSet { policies, warnings: problems }) }
}

/// The problems of what is known so far: the known elements of `permission_groups`; what they apply to, if that is known,
/// with its known elements; who owns the token. A problem that is found here remains one whatever the rest turns out to be.
pub fn check(
    permission_groups: &BTreeSet<String>,
    target: Option<&Target>,
    home: Option<&Home>,
    catalog: &Catalog,
) -> Vec<Problem> {
    let mut problems = check_groups(permission_groups, target, catalog);
    problems.extend(target.map(|target| check_target(target, home)).unwrap_or_default());
    problems
}

fn check_groups(elements: &BTreeSet<String>, target: Option<&Target>, catalog: &Catalog) -> Vec<Problem> {
    let scope = target.and_then(Target::scope);
    let mut problems = Vec::new();
    let mut found: BTreeMap<&GroupId, &String> = BTreeMap::new();
    let mut misfits: Vec<(&String, Vec<Scope>)> = Vec::new();
    for element in elements {
        let at = || Part::PermissionGroup(element.clone());
        match group(element, scope.as_ref(), catalog) {
            Ok(group) => {
                if let Some(other) = found.insert(&group.id, element) {
                    let fault = Fault::SameGroup { group: element.clone(), other: other.clone() };
                    problems.push(Problem::new(at(), fault));
                }
                if group.deprecated {
                    problems.push(Problem::new(at(), Fault::Deprecated { group: group.name.clone() }));
                }
            }
            Err(Unresolved::OtherScope(scopes)) => misfits.push((element, scopes)),
            // What they apply to may yet tell which is meant.
            Err(Unresolved::Fault(Fault::Ambiguous { .. })) if target.is_none() => {}
            Err(Unresolved::Fault(fault)) => problems.push(Problem::new(at(), fault)),
        }
    }
    problems.extend(scope.map(|scope| misfit(scope, &found, &misfits)).unwrap_or_default());
    problems
}

/// Groups that do not fit: one by one where none fits, else as a mixture, which needs a policy for each scope.
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

enum Unresolved {
    /// The group is there, and of these scopes.
    OtherScope(Vec<Scope>),
    Fault(Fault),
}

/// The group that an element of `permission_groups` means.
fn group<'a>(
    element: &str,
    scope: Option<&Scope>,
    catalog: &'a Catalog,
) -> Result<&'a PermissionGroup, Unresolved> {
    match read_group(element) {
        Written::BrokenId => Err(Unresolved::Fault(Fault::BrokenId { text: element.to_owned() })),
        Written::Id(id) => match catalog.get(&id) {
            Some(group) if group.fits(scope) => Ok(group),
            Some(group) => Err(Unresolved::OtherScope(group.scopes.clone())),
            None => Err(Unresolved::Fault(Fault::UnknownId { id: element.to_owned() })),
        },
        Written::Name => match catalog.find(element, scope).as_slice() {
            [group] => Ok(group),
            [] => {
                let scopes: BTreeSet<_> = catalog.named(element).flat_map(|g| g.scopes.clone()).collect();
                if scopes.is_empty() {
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

fn check_target(target: &Target, home: Option<&Home>) -> Vec<Problem> {
    match target {
        Target::Account | Target::R2Buckets(_) if home == Some(&Home::User) => {
            let part =
                if *target == Target::Account { Part::PermissionGroups } else { Part::R2Buckets(None) };
            vec![Problem::new(part, Fault::NoAccount)]
        }
        Target::Account | Target::Zones(Selection::All) | Target::R2Buckets(Selection::All) => Vec::new(),
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
        if read_value(value).is_none() {
            problems.push(Problem::new(at(), Fault::BadResource { key: key.clone() }));
        }
        let within_account = key.strip_prefix(keys::ACCOUNT).filter(|_| !key.starts_with(keys::ZONE));
        if within_account.is_some_and(|rest| rest.contains(".zone.")) {
            problems.push(Problem::new(at(), Fault::BadKey { key: key.clone() }));
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
        Target::Resources(map) if map.is_empty() => nothing(Part::Resources(None)),
        _ => None,
    };
    let groups = spec.permission_groups.is_empty();
    let groups = groups.then(|| Problem::new(Part::PermissionGroups, Fault::NoGroups));
    groups.into_iter().chain(target).collect()
}

/// A value of `resources` as it is written: `*`, or the JSON of a nest.
pub(super) fn read_value(text: &str) -> Option<Resource> {
    if text.trim_start().starts_with('{') {
        read_resource(&serde_json::from_str(text).ok()?)
    } else {
        (!text.is_empty()).then(|| Resource::Flat(text.to_owned()))
    }
}

/// The resources that a target means, if all of it can be read.
pub(super) fn resources(target: &Target, home: &Home) -> Option<BTreeMap<String, Resource>> {
    let every = |key: String| (key, Resource::Flat("*".to_owned()));
    let account = match home {
        Home::Account(id) => Some(id),
        Home::User => None,
    };
    match target {
        Target::Account => Some(BTreeMap::from([every(keys::account(account?))])),
        Target::Zones(Selection::All) => Some(BTreeMap::from([every(keys::EVERY_ZONE.into())])),
        Target::Zones(Selection::Only(zones)) => {
            Some(zones.iter().map(|zone| every(keys::zone(zone))).collect())
        }
        Target::R2Buckets(Selection::All) => Some(BTreeMap::from([every(keys::EVERY_R2_BUCKET.into())])),
        Target::R2Buckets(Selection::Only(buckets)) => buckets
            .iter()
            .map(|element| {
                let (jurisdiction, bucket) = keys::split_bucket(element)?;
                Some(every(keys::r2_bucket(account?, jurisdiction, bucket)))
            })
            .collect(),
        Target::Resources(map) => {
            map.iter().map(|(key, value)| Some((key.clone(), read_value(value)?))).collect()
        }
    }
}
