//! The canonical form of a policy: two policies mean the same if and only if their canonical forms are equal.
//!
//! The API reorders policies and groups, mints new policy ids, and takes some resources of an account-owned token only
//! nested under its account. None of that is meaning: here groups and resources are sorted, ids are gone, and such
//! resources are flat, as users write them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use serde_json::{Map, Value};

use super::keys;
pub use crate::owner::Owner as Home;

/// Whether a policy grants or withholds. An explicit deny wins over any allow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    /// Grants.
    #[default]
    Allow,
    /// Withholds, whatever else the token allows.
    Deny,
}

impl Effect {
    /// The API's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Effect::Allow => "allow",
            Effect::Deny => "deny",
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
            "allow" => Ok(Effect::Allow),
            "deny" => Ok(Effect::Deny),
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
        if keys::is_hex32(text) { Ok(GroupId(text.to_owned())) } else { Err(NotAGroupId(text.to_owned())) }
    }
}

/// A text that is not 32 lower-case hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotAGroupId(pub String);

impl fmt::Display for NotAGroupId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\" is not the id of a permission group: 32 lower-case hexadecimal digits", self.0)
    }
}

impl std::error::Error for NotAGroupId {}

/// What stands at a resource key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Resource {
    /// A string, in practice `*`.
    Flat(String),
    /// An object of strings: resources within that resource.
    Nested(BTreeMap<String, String>),
}

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

/// An answer's policy that has no canonical form: whoever changes the token must carry it over as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MalformedPolicy {
    /// Neither `allow` nor `deny`.
    Effect(String),
    /// A permission group whose id is not 32 hexadecimal digits.
    Group(NotAGroupId),
    /// `resources` is not an object.
    NotAnObject,
    /// The value at this resource key is neither a string nor an object of strings.
    Resource(String),
}

impl fmt::Display for MalformedPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Effect(effect) => write!(f, "the effect \"{effect}\" is neither \"allow\" nor \"deny\""),
            Self::Group(id) => id.fmt(f),
            Self::NotAnObject => f.write_str("`resources` is not an object"),
            Self::Resource(key) => {
                write!(f, "the resource \"{key}\" is neither \"*\" nor an object of these")
            }
        }
    }
}

impl std::error::Error for MalformedPolicy {}

impl From<NotAGroupId> for MalformedPolicy {
    fn from(id: NotAGroupId) -> Self {
        Self::Group(id)
    }
}

/// `Account API Tokens Write`: what the inert policy denies.
const INERT_GROUP: &str = "5bc3f8b21c554832afc660159ab75fa4";

impl Policy {
    /// Brings the parts into canonical form: resources that nest under the owning account become flat.
    pub fn new(
        effect: Effect,
        groups: BTreeSet<GroupId>,
        resources: BTreeMap<String, Resource>,
        home: &Home,
    ) -> Self {
        Policy { effect, groups, resources: flatten(resources, home) }
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

    /// Does this deny take back something that the other policy allows? Yes, where they share a group and a resource, or
    /// where this one's resource holds the other's: an account all that is in it, all zones each of them.
    pub fn withholds(&self, other: &Policy) -> bool {
        let groups = self.groups.intersection(&other.groups).next().is_some();
        let covers = |own: &String| other.resources.keys().any(|key| keys::covers(own, key));
        self.effect == Effect::Deny
            && other.effect == Effect::Allow
            && groups
            && self.resources.keys().any(covers)
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
        home: &Home,
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
        Ok(Self::new(effect, groups, resources, home))
    }

    /// Writes the policy as the API takes it of a token that `home` owns.
    pub fn to_wire(&self, home: &Home) -> WirePolicy {
        WirePolicy {
            effect: self.effect,
            permission_groups: self.groups.iter().map(|id| id.0.clone()).collect(),
            resources: nest(&self.resources, home),
        }
    }

    /// The policy of a token that has no other: a fixed deny that grants nothing, since it is not certain that the API
    /// takes an empty list. It denies `Account API Tokens Write`, which does no harm even if it is left beside an allow.
    pub fn inert(home: &Home) -> Self {
        let key = match home {
            Home::Account(id) => keys::account(id),
            Home::User => keys::EVERY_ACCOUNT.to_owned(),
        };
        Policy {
            effect: Effect::Deny,
            groups: BTreeSet::from([GroupId(INERT_GROUP.to_owned())]),
            resources: BTreeMap::from([(key, Resource::Flat("*".to_owned()))]),
        }
    }

    /// Is this the policy of [`Policy::inert`]?
    pub fn is_inert(&self, home: &Home) -> bool {
        *self == Self::inert(home)
    }
}

/// A resource's value; none where it is neither a string nor an object of strings. A string that looks like an object is
/// refused, since that is how a nest is spelled where only strings go.
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

fn flatten(mut resources: BTreeMap<String, Resource>, home: &Home) -> BTreeMap<String, Resource> {
    let Home::Account(id) = home else { return resources };
    let account = keys::account(id);
    let Some(Resource::Nested(inner)) = resources.get(&account) else { return resources };
    let every = Resource::Flat("*".to_owned());
    let (flat, nested): (BTreeMap<_, _>, BTreeMap<_, _>) =
        inner.clone().into_iter().partition(|(key, value)| {
            keys::nests_under_account(key)
                && value == "*"
                && resources.get(key).is_none_or(|there| *there == every)
        });
    let any_flat = resources.iter().any(|(key, value)| keys::nests_under_account(key) && *value == every);
    if nested.is_empty() && (any_flat || !flat.is_empty()) {
        resources.remove(&account);
    } else {
        resources.insert(account, Resource::Nested(nested));
    }
    resources.extend(flat.into_keys().map(|key| (key, every.clone())));
    resources
}

fn nest(resources: &BTreeMap<String, Resource>, home: &Home) -> Value {
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
    let Home::Account(id) = home else { return Value::Object(wire) };
    let account = keys::account(id);
    let every = Resource::Flat("*".to_owned());
    for (key, _) in resources.iter().filter(|(key, value)| keys::nests_under_account(key) && **value == every)
    {
        let outer = wire.entry(account.clone()).or_insert_with(|| Value::Object(Map::new()));
        // What cannot be nested stays flat, and the API says what it thinks of it.
        if let Some(outer) = outer.as_object_mut().filter(|outer| !outer.contains_key(key)) {
            outer.insert(key.clone(), Value::from("*"));
            wire.remove(key);
        }
    }
    Value::Object(wire)
}
