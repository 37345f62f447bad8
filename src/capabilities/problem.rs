//! Why a question has no answer, with the texts for the user.

use std::collections::BTreeSet;
use std::fmt;

use super::target::Kind;

/// The argument that a problem is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Argument {
    /// The capability's name, or the resource types.
    Subject,
    /// The targets.
    Targets,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// There is no such capability.
    UnknownCapability {
        /// The requested name.
        name: String,
        /// The names that may be meant, the likeliest first.
        nearest: Vec<&'static str>,
    },
    /// There is no such resource type or data source.
    UnknownType {
        /// The requested name.
        name: String,
        /// The names that may be meant, the likeliest first.
        nearest: Vec<String>,
    },
    /// Cloudflare does not publish the permission groups of these types.
    Unpublished(BTreeSet<String>),
    /// Cloudflare publishes only the group that writes, not the one that reads. Type and group.
    OnlyWritePublished(Vec<(String, &'static str)>),
    /// These types need rights of a user, which no policy on an account grants. Type and group.
    NeedsUser(Vec<(String, &'static str)>),
    /// Targets are missing.
    Missing {
        /// What needs them.
        what: String,
        /// The kinds that each alternative takes.
        takes: Vec<BTreeSet<Kind>>,
        /// The kinds that are missing.
        missing: BTreeSet<Kind>,
    },
    /// Some of the given targets are not used.
    Unused {
        /// What cannot use them.
        what: String,
        /// The kinds that each alternative takes.
        takes: Vec<BTreeSet<Kind>>,
        /// The kinds that are not used.
        unused: BTreeSet<Kind>,
    },
    /// Several problems.
    Several(Vec<Self>),
}

impl Problem {
    /// The argument that is at fault.
    pub fn argument(&self) -> Argument {
        match self {
            Self::Missing { .. } | Self::Unused { .. } => Argument::Targets,
            Self::Several(all) => all.first().map_or(Argument::Subject, Self::argument),
            _ => Argument::Subject,
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownCapability { name, nearest } => {
                write!(f, "there is no capability \"{name}\".{}", did_you_mean(nearest))?;
                f.write_str(" The function's page lists all of them.")
            }
            Self::UnknownType { name, nearest } => write!(
                f,
                "\"{name}\" is no resource type that this function knows.{} Leave it out, and add what it needs by hand: {BY_HAND}",
                did_you_mean(nearest)
            ),
            Self::Unpublished(types) => {
                let types: Vec<_> = types.iter().map(String::as_str).collect();
                write!(
                    f,
                    "Cloudflare does not publish which permission groups these types need: {}. Leave them out, and add what \
                     they need by hand: {BY_HAND}",
                    types.join(", ")
                )
            }
            Self::OnlyWritePublished(types) => write!(
                f,
                "Cloudflare does not publish which permission groups read these types, only which ones write them: {}. Leave \
                 them out, and add the group that reads them by hand: {BY_HAND}",
                with_groups(types)
            ),
            Self::NeedsUser(types) => write!(
                f,
                "these types need rights of a user, which a token of an account cannot have: {}. Leave them out, and manage \
                 them with a token that the user owns.",
                with_groups(types)
            ),
            Self::Missing { what, takes, missing } => {
                write!(f, "{what} needs {}, which targets does not have. {}", names(missing), sentence(takes))
            }
            Self::Unused { what, takes, unused } => {
                write!(f, "{what} cannot use {}. {}", names(unused), sentence(takes))
            }
            Self::Several(all) => {
                let all: Vec<_> = all.iter().map(Self::to_string).collect();
                f.write_str(&all.join(" Also: "))
            }
        }
    }
}

/// How to add a policy to a result.
const BY_HAND: &str = "concat(<this call>, [{ permission_groups = [\"…\"], zones = [\"…\"] }]).";

fn with_groups(types: &[(String, &'static str)]) -> String {
    types.iter().map(|(name, group)| format!("{name} (\"{group}\")")).collect::<Vec<_>>().join(", ")
}

fn names(kinds: &BTreeSet<Kind>) -> String {
    kinds.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(" and ")
}

fn did_you_mean(nearest: &[impl AsRef<str>]) -> String {
    let quoted: Vec<_> = nearest.iter().map(|name| format!("\"{}\"", name.as_ref())).collect();
    match quoted.as_slice() {
        [] => String::new(),
        [one] => format!(" Did you mean {one}?"),
        [first @ .., last] => format!(" Did you mean {} or {last}?", first.join(", ")),
    }
}

/// What the alternatives take.
fn sentence(takes: &[BTreeSet<Kind>]) -> String {
    let one = |kinds: &BTreeSet<Kind>| match kinds.is_empty() {
        true => "no targets, for the whole account".to_owned(),
        false => names(kinds),
    };
    format!("It takes {}.", takes.iter().map(one).collect::<Vec<_>>().join(", or "))
}
