//! The canonical form of a policy: two policies mean the same if and only if their canonical forms are equal.
//!
//! The API reorders policies and groups, gives policies new ids, takes some resources of an account-owned token only nested
//! under its account, and takes others either way. None of this changes the meaning. So here groups and resources are
//! sorted, ids are removed, and such resources are flat, as users write them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use serde_json::Value;

use super::keys;
use super::nesting::{flatten, flatten_as_before, nest, split};
use super::resource::Resource;
use crate::owner::Owner;

/// Whether a policy allows or denies. An explicit deny takes precedence over any allow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    /// Allows the rights.
    #[default]
    Allow,
    /// Denies the rights, even if another policy allows them.
    Deny,
}

impl Effect {
    /// The API's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
        }
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Effect {
    type Err = MalformedPolicy;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "allow" => Ok(Self::Allow),
            "deny" => Ok(Self::Deny),
            other => Err(MalformedPolicy::Effect(other.to_owned())),
        }
    }
}

/// The id of a permission group: 32 lower-case hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupId(String);

impl GroupId {
    /// The id as the API writes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for GroupId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for GroupId {
    type Err = NotAGroupId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if keys::is_hex32(text) { Ok(Self(text.to_owned())) } else { Err(NotAGroupId(text.to_owned())) }
    }
}

/// A text that is not 32 lower-case hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not the id of a permission group: 32 lower-case hexadecimal digits")]
pub struct NotAGroupId(pub String);

/// A policy in its canonical form.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Policy {
    effect: Effect,
    groups: BTreeSet<GroupId>,
    resources: BTreeMap<String, Resource>,
}

/// A policy as a request to the API carries it: no id of its own, groups by id.
#[derive(Clone, Debug, PartialEq)]
pub struct WirePolicy {
    /// `allow` or `deny`.
    pub effect: Effect,
    /// The ids of its permission groups.
    pub permission_groups: Vec<String>,
    /// The API's `resources` object.
    pub resources: Value,
}

/// A policy of an answer that has no canonical form. A change of the token must keep it unchanged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MalformedPolicy {
    /// Neither `allow` nor `deny`.
    #[error("the effect \"{0}\" is neither \"allow\" nor \"deny\"")]
    Effect(String),
    /// A permission group whose id is not 32 hexadecimal digits.
    #[error(transparent)]
    Group(#[from] NotAGroupId),
    /// `resources` is not an object.
    #[error("`resources` is not an object")]
    NotAnObject,
    /// The value at this resource key is neither a string nor an object of strings.
    #[error("the resource \"{0}\" is neither \"*\" nor an object of these")]
    Resource(String),
}

/// `Account API Tokens Write`: what the inert policy denies.
const INERT_GROUP: &str = "5bc3f8b21c554832afc660159ab75fa4";

impl Policy {
    /// Brings the parts into canonical form: resources that are nested under the owning account become flat if that means
    /// the same.
    pub fn new(
        effect: Effect,
        groups: BTreeSet<GroupId>,
        resources: BTreeMap<String, Resource>,
        owner: &Owner,
    ) -> Self {
        Self { effect, groups, resources: flatten(resources, owner) }
    }

    /// Allow or deny.
    pub fn effect(&self) -> Effect {
        self.effect
    }

    /// The permission groups.
    pub fn groups(&self) -> &BTreeSet<GroupId> {
        &self.groups
    }

    /// What they apply to, flat.
    pub fn resources(&self) -> &BTreeMap<String, Resource> {
        &self.resources
    }

    /// Whether this deny withholds something that the other policy allows. It does if they share a group and a resource, or
    /// if this policy's resource contains the other's: an account contains everything in it, and all zones contain each
    /// zone.
    pub fn withholds(&self, other: &Self) -> bool {
        let groups = self.groups.intersection(&other.groups).next().is_some();
        let covers = |own: &String| other.resources.keys().any(|key| keys::covers(own, key));
        self.effect == Effect::Deny
            && other.effect == Effect::Allow
            && groups
            && self.resources.keys().any(covers)
    }

    /// Policies with the same meaning that are each completely flat or completely nested on the wire: the API takes no
    /// mixture. Nearly always one.
    pub fn split(self, owner: &Owner) -> Vec<Self> {
        let part = |resources| Self { resources, groups: self.groups.clone(), effect: self.effect };
        split(self.resources, owner).into_iter().map(part).collect()
    }

    /// The tags of the Workers that it applies to. Empty if it applies to anything else.
    pub fn worker_tags(&self) -> BTreeSet<&str> {
        let tags: Option<BTreeSet<&str>> = self
            .resources
            .iter()
            .map(|(key, resource)| {
                key.strip_prefix(keys::WORKER_SCRIPT).filter(|_| *resource == Resource::every())
            })
            .collect();
        tags.unwrap_or_default()
    }

    /// The same policy without the groups that `keep` refuses. For tests only.
    #[cfg(test)]
    pub(crate) fn retain_groups(mut self, keep: impl FnMut(&GroupId) -> bool) -> Self {
        self.groups.retain(keep);
        self
    }

    /// Reads a policy of the API's answer.
    pub fn from_wire<'a>(
        effect: &str,
        groups: impl IntoIterator<Item = &'a str>,
        resources: &Value,
        owner: &Owner,
    ) -> Result<Self, MalformedPolicy> {
        let Self { effect, groups, resources } = Self::as_sent(effect, groups, resources)?;
        Ok(Self::new(effect, groups, resources, owner))
    }

    /// The policy that version 0.1.0 read from an answer, if it differs from what [`Policy::from_wire`] reads today. States
    /// of that version have the fingerprint of this policy.
    pub fn from_wire_before<'a>(
        effect: &str,
        groups: impl IntoIterator<Item = &'a str>,
        resources: &Value,
        owner: &Owner,
    ) -> Option<Self> {
        let sent = Self::as_sent(effect, groups, resources).ok()?;
        let today = flatten(sent.resources.clone(), owner);
        let before = flatten_as_before(sent.resources, owner);
        (before != today).then_some(Self { resources: before, ..sent })
    }

    fn as_sent<'a>(
        effect: &str,
        groups: impl IntoIterator<Item = &'a str>,
        resources: &Value,
    ) -> Result<Self, MalformedPolicy> {
        let effect = effect.parse()?;
        let groups = groups.into_iter().map(GroupId::from_str).collect::<Result<_, _>>()?;
        let resources = resources.as_object().ok_or(MalformedPolicy::NotAnObject)?;
        let resources = resources
            .iter()
            .map(|(key, value)| {
                let resource = read_resource(value).ok_or_else(|| MalformedPolicy::Resource(key.clone()))?;
                Ok((key.clone(), resource))
            })
            .collect::<Result<_, MalformedPolicy>>()?;
        Ok(Self { effect, groups, resources })
    }

    /// Writes the policy as the API takes it for a token that `owner` owns.
    pub fn to_wire(&self, owner: &Owner) -> WirePolicy {
        WirePolicy {
            effect: self.effect,
            permission_groups: self.groups.iter().map(|id| id.0.clone()).collect(),
            resources: nest(&self.resources, owner),
        }
    }

    /// The policy of a token that has no other: a fixed deny that grants nothing. It is not certain that the API takes an
    /// empty list. It denies `Account API Tokens Write`, which does no harm even beside an allow.
    pub fn inert(owner: &Owner) -> Self {
        let key = match owner {
            Owner::Account(id) => keys::account(id),
            Owner::User => keys::EVERY_ACCOUNT.to_owned(),
        };
        Self {
            effect: Effect::Deny,
            groups: BTreeSet::from([GroupId(INERT_GROUP.to_owned())]),
            resources: BTreeMap::from([(key, Resource::every())]),
        }
    }

    /// Whether this is the policy of [`Policy::inert`].
    pub fn is_inert(&self, owner: &Owner) -> bool {
        *self == Self::inert(owner)
    }
}

/// A resource's value. `None` if it is neither a string nor an object of strings. A string that looks like an object is
/// refused: it is the notation for a nested resource where only strings are possible.
pub(super) fn read_resource(value: &Value) -> Option<Resource> {
    match value {
        Value::String(text) if !text.trim_start().starts_with('{') => Some(Resource::Flat(text.clone())),
        Value::Object(inner) => inner
            .iter()
            .map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
            .collect::<Option<_>>()
            .map(Resource::Nested),
        _ => None,
    }
}
