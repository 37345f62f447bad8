//! The permission groups, by id and by name within a scope.

use std::collections::BTreeMap;
use std::str::FromStr;

use super::canonical::GroupId;
use super::scope::Scope;
use super::suggest;
use super::workers::Workers;

/// The names of permission groups that an answer of the API has beside the ids.
pub type Names = BTreeMap<GroupId, String>;

/// A permission group, as the API lists it for tokens (not the look-alikes of member roles under `/iam`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PermissionGroup {
    /// Its id.
    pub id: GroupId,
    /// Its name, unique within a scope only.
    pub name: String,
    /// The scopes that it applies to. In practice one.
    pub scopes: Vec<Scope>,
    /// Whether Cloudflare is retiring it.
    pub deprecated: bool,
    /// Whether the credential that lists it can grant it, as far as the API says. The create decides.
    pub selectable: Option<bool>,
    /// What it allows, in the API's words.
    pub description: Option<String>,
    /// Its category in the dashboard.
    pub category: Option<String>,
}

impl PermissionGroup {
    /// A group with only these attributes known.
    pub fn new(id: GroupId, name: impl Into<String>, scopes: Vec<Scope>) -> Self {
        let name = name.into();
        Self { id, name, scopes, deprecated: false, selectable: None, description: None, category: None }
    }

    /// Whether it is a group of this scope. True if one of the scopes is not known.
    pub fn fits(&self, scope: Option<&Scope>) -> bool {
        self.scopes.is_empty() || scope.is_none_or(|scope| self.scopes.contains(scope))
    }

    /// The scope of a group that applies to things within an account. On an account, such a group covers everything of that
    /// scope.
    pub fn narrower(&self) -> Option<&Scope> {
        self.scopes
            .iter()
            .find(|scope| scope.is_within_account())
            .filter(|_| !self.fits(Some(&Scope::Account)))
    }
}

/// The permission groups of an account or a user.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    by_id: BTreeMap<GroupId, PermissionGroup>,
    by_name: BTreeMap<String, Vec<GroupId>>,
    workers: Workers,
}

impl Catalog {
    /// Indexes the groups. If several have the same id, the last one counts.
    pub fn new(groups: Vec<PermissionGroup>) -> Self {
        let by_id: BTreeMap<_, _> = groups.into_iter().map(|group| (group.id.clone(), group)).collect();
        let mut by_name: BTreeMap<String, Vec<GroupId>> = BTreeMap::new();
        for group in by_id.values() {
            by_name.entry(group.name.clone()).or_default().push(group.id.clone());
        }
        Self { by_id, by_name, workers: Workers::default() }
    }

    /// The same with the account's Workers, which policies may name.
    #[must_use]
    pub fn with_workers(self, workers: Workers) -> Self {
        Self { workers, ..self }
    }

    /// The account's Workers. Empty if no policy has a name of one.
    pub fn workers(&self) -> &Workers {
        &self.workers
    }

    /// The group of this id.
    pub fn get(&self, id: &GroupId) -> Option<&PermissionGroup> {
        self.by_id.get(id)
    }

    /// All groups of exactly this name, in whatever scope.
    pub fn named<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a PermissionGroup> {
        self.by_name.get(name).into_iter().flatten().filter_map(|id| self.by_id.get(id))
    }

    /// The groups of this name that a policy on this scope can mean: one, unless the scope is not known. On an account,
    /// these are the account's own groups. Only if it has none of this name, they are those of the scopes within it.
    pub fn find(&self, name: &str, scope: Option<&Scope>) -> Vec<&PermissionGroup> {
        let own: Vec<_> = self.named(name).filter(|group| group.fits(scope)).collect();
        if own.is_empty() && scope == Some(&Scope::Account) {
            return self.named(name).filter(|group| group.narrower().is_some()).collect();
        }
        own
    }

    /// All groups, by id.
    pub fn iter(&self) -> impl Iterator<Item = &PermissionGroup> {
        self.by_id.values()
    }

    /// The names that the user may have meant, at most three. The likeliest is first. A name that fits the scope comes
    /// first, unless another one is the same name in another spelling.
    pub fn nearest(&self, name: &str, scope: Option<&Scope>) -> Vec<String> {
        let names = self.by_name.keys().map(|known| (known.as_str(), !self.find(known, scope).is_empty()));
        suggest::nearest(names, name)
    }
}

/// What an element of `permission_groups` is meant to be.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Written {
    Id(GroupId),
    /// Hexadecimal digits, but not 32 in lower case.
    BrokenId,
    Name,
}

pub(super) fn read_group(element: &str) -> Written {
    if let Ok(id) = GroupId::from_str(element) {
        return Written::Id(id);
    }
    let digits = |b: u8| b.is_ascii_hexdigit() || b == b'-';
    if element.len() >= 20 && element.bytes().all(digits) { Written::BrokenId } else { Written::Name }
}
