//! The permission groups there are, by id and by name within a scope.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use super::canonical::GroupId;

/// What a permission group applies to. The API's list of scopes grows: another one is kept as it is written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// `com.cloudflare.api.account`
    Account,
    /// `com.cloudflare.api.account.zone`
    Zone,
    /// `com.cloudflare.api.user`
    User,
    /// `com.cloudflare.edge.r2.bucket`
    R2Bucket,
    /// `com.cloudflare.edge.worker.script`
    WorkerScript,
    /// A scope that is not known here.
    Other(String),
}

impl Scope {
    /// The API's word for the scope.
    pub fn as_str(&self) -> &str {
        match self {
            Scope::Account => "com.cloudflare.api.account",
            Scope::Zone => "com.cloudflare.api.account.zone",
            Scope::User => "com.cloudflare.api.user",
            Scope::R2Bucket => "com.cloudflare.edge.r2.bucket",
            Scope::WorkerScript => "com.cloudflare.edge.worker.script",
            Scope::Other(text) => text,
        }
    }
}

impl From<&str> for Scope {
    fn from(text: &str) -> Self {
        let known = [Scope::Account, Scope::Zone, Scope::User, Scope::R2Bucket, Scope::WorkerScript];
        known
            .into_iter()
            .find(|scope| scope.as_str() == text)
            .unwrap_or_else(|| Scope::Other(text.to_owned()))
    }
}

/// The word for people, as in 'a zone-scoped permission group'.
impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Scope::Account => "account",
            Scope::Zone => "zone",
            Scope::User => "user",
            Scope::R2Bucket => "R2-bucket",
            Scope::WorkerScript => "Worker-script",
            Scope::Other(text) => text,
        })
    }
}

/// A permission group, as the API lists it for tokens (not the look-alikes of member roles under `/iam`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PermissionGroup {
    /// Its id.
    pub id: GroupId,
    /// Its name, unique within a scope only.
    pub name: String,
    /// What it applies to; in practice one scope.
    pub scopes: Vec<Scope>,
    /// Cloudflare says that it goes away.
    pub deprecated: bool,
}

impl PermissionGroup {
    /// Can a policy on this scope hold it? Where the scope of either is not known, nothing speaks against it.
    pub fn fits(&self, scope: Option<&Scope>) -> bool {
        self.scopes.is_empty() || scope.is_none_or(|scope| self.scopes.contains(scope))
    }
}

/// The permission groups of an account or a user.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    by_id: BTreeMap<GroupId, PermissionGroup>,
    by_name: BTreeMap<String, Vec<GroupId>>,
}

impl Catalog {
    /// Indexes the groups. Of several with one id the last one counts.
    pub fn new(groups: Vec<PermissionGroup>) -> Self {
        let by_id: BTreeMap<_, _> = groups.into_iter().map(|group| (group.id.clone(), group)).collect();
        let mut by_name: BTreeMap<String, Vec<GroupId>> = BTreeMap::new();
        for group in by_id.values() {
            by_name.entry(group.name.clone()).or_default().push(group.id.clone());
        }
        Catalog { by_id, by_name }
    }

    /// The group of this id.
    pub fn get(&self, id: &GroupId) -> Option<&PermissionGroup> {
        self.by_id.get(id)
    }

    /// All groups of exactly this name, in whatever scope.
    pub fn named<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a PermissionGroup> {
        self.by_name.get(name).into_iter().flatten().filter_map(|id| self.by_id.get(id))
    }

    /// The groups of this name that a policy on this scope can hold: one, unless the scope is not known.
    pub fn find(&self, name: &str, scope: Option<&Scope>) -> Vec<&PermissionGroup> {
        self.named(name).filter(|group| group.fits(scope)).collect()
    }

    /// All groups, by id.
    pub fn iter(&self) -> impl Iterator<Item = &PermissionGroup> {
        self.by_id.values()
    }

    /// The names that the user may have meant, the likeliest first, at most three: the same name in another case, the
    /// dashboard's `Edit` for the API's `Write`, then what is spelled nearly so. A name that fits the scope comes first.
    pub fn nearest(&self, name: &str, scope: Option<&Scope>) -> Vec<String> {
        const ENOUGH: f64 = 0.75;
        let wanted = name.trim().to_lowercase();
        let as_write = wanted.strip_suffix("edit").map(|stem| format!("{stem}write"));
        let likeness = |candidate: &str| {
            let candidate = candidate.to_lowercase();
            if candidate == wanted {
                3.0
            } else if as_write.as_ref() == Some(&candidate) {
                2.0
            } else {
                let wanted = as_write.as_deref().unwrap_or(&wanted);
                strsim::normalized_damerau_levenshtein(wanted, &candidate)
                    .max(strsim::sorensen_dice(wanted, &candidate))
            }
        };
        let mut ranked: Vec<(f64, bool, &str)> = self
            .by_name
            .keys()
            .map(|name| (likeness(name), !self.find(name, scope).is_empty(), name.as_str()))
            .filter(|(score, ..)| *score >= ENOUGH)
            .collect();
        // A name of the right scope is worth a small misspelling, but never beats the same name in another case.
        let weight = |(score, fits, _): &(f64, bool, &str)| score + if *fits { 0.1 } else { 0.0 };
        ranked.sort_by(|a, b| weight(b).total_cmp(&weight(a)).then_with(|| a.2.cmp(b.2)));
        ranked.into_iter().take(3).map(|(.., name)| name.to_owned()).collect()
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
