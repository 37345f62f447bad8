//! A policy as a user writes it.

use std::collections::{BTreeMap, BTreeSet};

use super::canonical::{Effect, read_resource};
use super::keys;
use super::resource::Resource;
use super::scope::Scope;
use crate::owner::Owner;

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
    /// No target is written. It means the account that owns the token, and only for groups that exist for accounts alone:
    /// a target that is missing by mistake must not widen a grant.
    Account,
    /// Zones by id.
    Zones(Selection),
    /// R2 buckets of the owning account, each `jurisdiction/bucket`.
    R2Buckets(Selection),
    /// Workers of the owning account by name. Names mean nothing to the API: see [`PolicySpec::with_tags`].
    Workers(Selection),
    /// The API's own resource keys, flat. A value is `*` or the JSON object that the API nests there.
    Resources(BTreeMap<String, String>),
}

/// All things of a kind, or some.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Selection {
    /// Written `"*"`.
    All,
    /// These.
    Only(BTreeSet<String>),
}

impl Target {
    /// The scope of the target. `None` if its keys are of kinds that are not known here, or of several.
    pub fn scope(&self) -> Option<Scope> {
        let scopes = self.scopes();
        scopes.first().filter(|_| scopes.len() == 1).cloned()
    }

    /// Every known scope among its keys.
    pub(super) fn scopes(&self) -> BTreeSet<Scope> {
        match self {
            Self::Account => BTreeSet::from([Scope::Account]),
            Self::Zones(_) => BTreeSet::from([Scope::Zone]),
            Self::R2Buckets(_) => BTreeSet::from([Scope::R2Bucket]),
            Self::Workers(_) => BTreeSet::from([Scope::WorkerScript]),
            Self::Resources(map) => map
                .iter()
                .flat_map(|(key, value)| match read_value(value) {
                    Some(Resource::Nested(inner)) if !inner.is_empty() => {
                        inner.keys().filter_map(|key| keys::scope(key)).collect::<Vec<_>>()
                    }
                    _ => keys::scope(key).into_iter().collect(),
                })
                .collect(),
        }
    }
}

/// Reads a value of `resources` as written: `*`, or the JSON of a nested resource.
pub(super) fn read_value(text: &str) -> Option<Resource> {
    if text.trim_start().starts_with('{') {
        read_resource(&serde_json::from_str(text).ok()?)
    } else {
        (!text.is_empty()).then(|| Resource::Flat(text.to_owned()))
    }
}

/// The resources that a target means, if all of it can be read.
pub(super) fn resources(target: &Target, owner: &Owner) -> Option<BTreeMap<String, Resource>> {
    let every = |key: String| (key, Resource::every());
    let account = match owner {
        Owner::Account(id) => Some(id),
        Owner::User => None,
    };
    match target {
        // A Worker's group on the account covers all Workers, and no key with just that meaning is known.
        Target::Account | Target::Workers(Selection::All) => {
            Some(BTreeMap::from([every(keys::account(account?))]))
        }
        Target::Workers(Selection::Only(_)) => None,
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
