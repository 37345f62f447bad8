//! Capabilities by name: what a well-known tool or task needs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde::Deserialize;

use super::nearest::nearest;
use super::problem::Problem;
use super::target::{Given, Grant, Kind};

/// A capability, as the data has it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Capability {
    /// What it is for, on one line.
    pub title: String,
    /// The address of the documentation that asks for these groups.
    pub source: String,
    /// What else a user should know, in Markdown.
    pub note: Option<String>,
    /// The alternatives. The kinds of the targets that are given choose one: no two have the same kinds. Each has, by kind,
    /// the permission groups and the reason for each.
    pub grants: Vec<Groups>,
}

/// Permission groups by kind of target, each with the reason for it.
pub type Groups = BTreeMap<Kind, BTreeMap<String, String>>;

#[derive(Deserialize)]
struct File {
    capabilities: BTreeMap<String, Capability>,
}

#[expect(clippy::expect_used, reason = "the file is a part of the program, and a test reads it")]
static ALL: LazyLock<BTreeMap<String, Capability>> = LazyLock::new(|| {
    let text = include_str!("../../data/capabilities.json");
    serde_json::from_str::<File>(text).expect("data/capabilities.json is well formed").capabilities
});

/// All capabilities, by name.
pub fn all() -> &'static BTreeMap<String, Capability> {
    &ALL
}

/// What a capability needs on the kinds of targets that are given. `None` while that depends on targets that are not known.
///
/// # Errors
/// If there is no such capability, if it needs targets that are not given, or if it cannot use some that are.
pub fn grants(name: &str, given: &Given) -> Result<Option<Vec<Grant>>, Problem> {
    let Some(capability) = ALL.get(name) else {
        let nearest = nearest(name, ALL.keys().map(String::as_str));
        return Err(Problem::UnknownCapability { name: name.to_owned(), nearest });
    };
    match (capability.grants.as_slice(), given) {
        ([only], Given::Unknown) => Ok(Some(read(only))),
        (_, Given::Unknown) => Ok(None),
        (alternatives, Given::Kinds(given)) => {
            choose(name, alternatives, given).map(|found| Some(read(found)))
        }
    }
}

/// The alternative that takes exactly the given kinds.
fn choose<'a>(name: &str, alternatives: &'a [Groups], given: &BTreeSet<Kind>) -> Result<&'a Groups, Problem> {
    if let Some(found) = alternatives.iter().find(|groups| takes(groups) == *given) {
        return Ok(found);
    }
    let what = format!("the capability \"{name}\"");
    let takes: Vec<_> = alternatives.iter().map(takes).collect();
    let usable: BTreeSet<Kind> = takes.iter().flatten().copied().collect();
    let unused: BTreeSet<Kind> = given.difference(&usable).copied().collect();
    if !unused.is_empty() {
        return Err(Problem::Unused { what, takes, unused });
    }
    // The alternative that lacks the fewest of its kinds; where each of them has all, they are given together.
    let lacks = |kinds: &BTreeSet<Kind>| kinds.difference(given).copied().collect::<BTreeSet<_>>();
    let missing = takes.iter().map(lacks).filter(|missing| !missing.is_empty()).min_by_key(BTreeSet::len);
    Err(match missing {
        Some(missing) => Problem::Missing { what, takes, missing },
        None => Problem::Unused { what, takes, unused: given.clone() },
    })
}

/// The kinds that a caller has to name targets of.
fn takes(groups: &Groups) -> BTreeSet<Kind> {
    groups.keys().copied().filter(|kind| *kind != Kind::Account).collect()
}

fn read(groups: &'static Groups) -> Vec<Grant> {
    let grant = |(on, groups): (&Kind, &'static BTreeMap<String, String>)| Grant {
        on: *on,
        groups: groups.keys().map(String::as_str).collect(),
    };
    groups.iter().map(grant).collect()
}
