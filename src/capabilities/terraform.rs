//! What a token needs to plan or apply resource types: the official provider's, and this one's.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde::Deserialize;

use super::nearest::nearest;
use super::problem::Problem;
use super::target::{Given, Grant, Kind};

/// What the name of a data source begins with.
const DATA: &str = "data.";

/// The access that a token needs to the types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// What a plan needs.
    Read,
    /// What an apply needs. Includes what a plan needs.
    Write,
}

impl Access {
    /// Reads `read` or `write`.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "read" => Some(Self::Read),
            "write" => Some(Self::Write),
            _ => None,
        }
    }
}

/// What a resource belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// An account.
    Account,
    /// A zone.
    Zone,
    /// A zone or an account, as its configuration says.
    ZoneOrAccount,
    /// A user, or nothing.
    UserOrNone,
}

/// What permission groups can apply to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Accounts.
    Account,
    /// Zones.
    Zone,
    /// Users.
    User,
}

/// The source for a type's permission groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// Cloudflare's documentation of the resource names one family of groups.
    Published,
    /// It names several alternatives; this is the one that the resource is about.
    Narrowed,
    /// The documentation has another name than the API.
    Renamed,
    /// It is not published; a resource or data source of the same API has it.
    Sibling,
    /// It is not known.
    Unpublished,
    /// It is a type of this provider: it is what its client asks the API for.
    Own,
}

/// A resource type, as the data has it.
#[derive(Debug, Deserialize)]
pub struct ResourceType {
    /// What it belongs to.
    pub target: Target,
    /// The permission group that reads it, if it is known.
    pub read: Option<String>,
    /// The permission group that writes it, if it is known.
    pub write: Option<String>,
    /// What the groups can apply to.
    pub scopes: BTreeSet<Scope>,
    /// The source of this.
    pub basis: Basis,
}

#[derive(Deserialize)]
struct File {
    types: BTreeMap<String, ResourceType>,
    own: BTreeMap<String, ResourceType>,
}

#[expect(clippy::expect_used, reason = "the file is a part of the program, and a test reads it")]
static FILE: LazyLock<File> = LazyLock::new(|| {
    let text = include_str!("../../data/terraform_resource_groups.json");
    serde_json::from_str(text).expect("data/terraform_resource_groups.json is well formed")
});

/// The official provider's resource types, by name.
pub fn official() -> &'static BTreeMap<String, ResourceType> {
    &FILE.types
}

/// This provider's types, by name.
pub fn own() -> &'static BTreeMap<String, ResourceType> {
    &FILE.own
}

impl ResourceType {
    /// The kind of target that its groups go on; `None` where nothing published says what it needs, and where that is a
    /// user's.
    ///
    /// The scope of the groups decides, and not what the resource hangs on: a subscription of a zone needs a right on the
    /// account. Where the groups exist for both, the resource decides, and after it whether zones are given.
    pub fn on(&self, zones_are_given: bool) -> Option<Kind> {
        let has = |scope| self.scopes.contains(&scope);
        match (has(Scope::Account), has(Scope::Zone)) {
            (true, true) => match self.target {
                Target::Zone => Some(Kind::Zones),
                Target::ZoneOrAccount if zones_are_given => Some(Kind::Zones),
                Target::ZoneOrAccount | Target::Account | Target::UserOrNone => Some(Kind::Account),
            },
            (true, false) => Some(Kind::Account),
            (false, true) => Some(Kind::Zones),
            (false, false) => None,
        }
    }

    /// Whether what it needs depends on the targets.
    fn follows_targets(&self) -> bool {
        self.on(true) != self.on(false)
    }
}

/// The policies of a token that plans or applies these types: at most one for the account and one for the zones. `None` while
/// that depends on targets that are not known.
///
/// A type is the name of a resource type, or of a data source behind `data.`.
///
/// # Errors
/// Where a type is unknown, or what it needs is not published or is a user's; where zones are needed and not given; and where
/// targets are given that no type needs.
pub fn grants<'a>(
    types: impl IntoIterator<Item = &'a str>,
    access: Access,
    given: &Given,
) -> Result<Option<Vec<Grant>>, Problem> {
    let types: BTreeSet<&str> = types.into_iter().collect();
    let (mut needs, mut refused) = (Vec::new(), Refused::default());
    for name in types {
        match groups(name, access) {
            Ok(found) => needs.push((name, found)),
            Err(refusal) => refused.add(name, refusal),
        }
    }
    refused.problem()?;
    let kinds = match given {
        Given::Kinds(kinds) => kinds.clone(),
        Given::Unknown if needs.iter().any(|(_, (of, _))| of.follows_targets()) => return Ok(None),
        Given::Unknown => BTreeSet::new(),
    };
    let zones_are_given = kinds.contains(&Kind::Zones);
    let (mut granted, mut on_zones) = (BTreeMap::<Kind, BTreeSet<&'static str>>::new(), Vec::new());
    for (name, (of, groups)) in needs {
        let Some(on) = of.on(zones_are_given) else { continue };
        granted.entry(on).or_default().extend(groups);
        if on == Kind::Zones {
            on_zones.push(name);
        }
    }
    if *given != Given::Unknown {
        check_targets(&kinds, &on_zones)?;
    }
    Ok(Some(granted.into_iter().map(|(on, groups)| Grant { on, groups }).collect()))
}

/// The targets must be exactly those that the types need.
fn check_targets(given: &BTreeSet<Kind>, on_zones: &[&str]) -> Result<(), Problem> {
    let needed = BTreeSet::from_iter((!on_zones.is_empty()).then_some(Kind::Zones));
    let takes = vec![needed.clone()];
    let unused: BTreeSet<Kind> = given.difference(&needed).copied().collect();
    if !unused.is_empty() {
        return Err(Problem::Unused { what: "a token for these types".to_owned(), takes, unused });
    }
    let missing: BTreeSet<Kind> = needed.difference(given).copied().collect();
    if !missing.is_empty() {
        return Err(Problem::Missing { what: on_zones.join(", "), takes, missing });
    }
    Ok(())
}

/// The type of this name, and the groups that it needs.
fn groups(name: &str, access: Access) -> Result<(&'static ResourceType, Vec<&'static str>), Refusal> {
    let (of, access) = match name.strip_prefix(DATA) {
        // Nothing writes a data source.
        Some(name) => (data_source(name), Access::Read),
        None => (resource(name), access),
    };
    let of = of.ok_or(Refusal::Unknown)?;
    let (read, write) = (of.read.as_deref(), of.write.as_deref());
    let groups: Vec<_> = match (access, read, write) {
        (_, None, None) => return Err(Refusal::Unpublished),
        (Access::Read, None, Some(write)) => return Err(Refusal::OnlyWrite(write)),
        (Access::Read, Some(read), _) => vec![read],
        (Access::Write, read, write) => read.into_iter().chain(write).collect(),
    };
    match groups.first() {
        Some(group) if of.scopes.contains(&Scope::User) => Err(Refusal::NeedsUser(group)),
        _ => Ok((of, groups)),
    }
}

fn resource(name: &str) -> Option<&'static ResourceType> {
    FILE.types.get(name).or_else(|| FILE.own.get(name))
}

/// A data source reads what the resource type of its name is; one that lists them has the plural of that name.
fn data_source(name: &str) -> Option<&'static ResourceType> {
    let singular = [("ies", "y"), ("es", ""), ("s", "")];
    let singular =
        singular.iter().filter_map(|(many, one)| Some(format!("{}{one}", name.strip_suffix(many)?)));
    resource(name).or_else(|| singular.into_iter().find_map(|name| resource(&name)))
}

/// Why a type has no answer.
enum Refusal {
    Unknown,
    Unpublished,
    OnlyWrite(&'static str),
    NeedsUser(&'static str),
}

/// The types without an answer. All of them are reported at once.
#[derive(Default)]
struct Refused {
    unknown: Vec<Problem>,
    unpublished: BTreeSet<String>,
    only_write: Vec<(String, &'static str)>,
    needs_user: Vec<(String, &'static str)>,
}

impl Refused {
    fn add(&mut self, name: &str, refusal: Refusal) {
        let owned = name.to_owned();
        match refusal {
            Refusal::Unknown => self.unknown.push(unknown(name)),
            Refusal::Unpublished => drop(self.unpublished.insert(owned)),
            Refusal::OnlyWrite(group) => self.only_write.push((owned, group)),
            Refusal::NeedsUser(group) => self.needs_user.push((owned, group)),
        }
    }

    fn problem(self) -> Result<(), Problem> {
        let mut all = self.unknown;
        if !self.unpublished.is_empty() {
            all.push(Problem::Unpublished(self.unpublished));
        }
        if !self.only_write.is_empty() {
            all.push(Problem::OnlyWritePublished(self.only_write));
        }
        if !self.needs_user.is_empty() {
            all.push(Problem::NeedsUser(self.needs_user));
        }
        match all.len() {
            0 => Ok(()),
            1 => Err(all.remove(0)),
            _ => Err(Problem::Several(all)),
        }
    }
}

/// The nearest names, without the prefix that all of them share.
fn unknown(name: &str) -> Problem {
    const PREFIX: &str = "cloudflare_";
    let data = if name.starts_with(DATA) { DATA } else { "" };
    let bare = |name: &'static String| name.trim_start_matches(PREFIX);
    let wanted = name.trim_start_matches(DATA).trim_start_matches(PREFIX);
    let found = nearest(wanted, FILE.types.keys().chain(FILE.own.keys()).map(bare));
    let nearest = found.into_iter().map(|bare| format!("{data}{PREFIX}{bare}")).collect();
    Problem::UnknownType { name: name.to_owned(), nearest }
}
