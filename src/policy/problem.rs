//! What can be wrong with a policy as it is written, each with the way out.

use std::collections::BTreeMap;
use std::fmt;

use super::catalog::Scope;

/// Does the problem stop the plan?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// It does.
    Error,
    /// The policy works; the user should know.
    Warning,
}

/// The part of a spec that a problem is about. Elements are given as they are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// The policy.
    Whole,
    /// `permission_groups` as such.
    PermissionGroups,
    /// An element of `permission_groups`.
    PermissionGroup(String),
    /// `zones`, or an element of it.
    Zones(Option<String>),
    /// `r2_buckets`, or an element of it.
    R2Buckets(Option<String>),
    /// `resources`, or the value at a key of it.
    Resources(Option<String>),
}

/// A fault of a policy as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where.
    pub part: Part,
    /// What.
    pub fault: Fault,
}

/// What is wrong. `Display` says it in a sentence; [`Fault::way_out`] says what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are the words of the sentence that Display makes of them")]
pub enum Fault {
    /// No group has this name.
    UnknownName { name: String, nearest: Vec<String> },
    /// No group has this id.
    UnknownId { id: String },
    /// Hexadecimal digits that are not an id.
    BrokenId { text: String },
    /// A group of another scope than that of what the policy applies to.
    WrongScope { group: String, has: Vec<Scope>, target: Scope },
    /// Some groups fit what the policy applies to, and some do not; or what it applies to is of several scopes.
    MixedGroups { by_scope: BTreeMap<Scope, Vec<String>> },
    /// Resource keys of several scopes in one policy.
    MixedResources { by_scope: BTreeMap<Scope, Vec<String>> },
    /// Several groups have this name, and the resources do not tell which is meant.
    Ambiguous { name: String, ids: Vec<(String, Vec<Scope>)> },
    /// Two elements mean one group.
    SameGroup { group: String, other: String },
    /// Cloudflare retires the group.
    Deprecated { group: String },
    /// `permission_groups` is empty.
    NoGroups,
    /// `zones`, `r2_buckets` or `resources` is empty.
    NothingSelected,
    /// Not 32 hexadecimal digits.
    BadZone { zone: String },
    /// Not `jurisdiction/bucket`.
    BadBucket { bucket: String },
    /// Neither `*` nor a JSON object of strings.
    BadResource { key: String },
    /// A key that the API does not know.
    BadKey { key: String },
    /// The token is the user's own, so that there is no account to mean.
    NoAccount,
    /// The set holds the same policy twice.
    Duplicate,
    /// The policy that stands for none.
    Reserved,
}

impl Problem {
    pub(super) fn new(part: Part, fault: Fault) -> Self {
        Problem { part, fault }
    }

    /// Does it stop the plan?
    pub fn severity(&self) -> Severity {
        match self.fault {
            Fault::Deprecated { .. } => Severity::Warning,
            _ => Severity::Error,
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.fault, self.fault.way_out())
    }
}

impl std::error::Error for Problem {}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::UnknownName { name, .. } => write!(f, "There is no permission group \"{name}\"."),
            Fault::UnknownId { id } => write!(f, "There is no permission group with the id {id}."),
            Fault::BrokenId { text } => {
                write!(f, "\"{text}\" looks like an id but is not 32 lower-case hexadecimal digits.")
            }
            Fault::WrongScope { group, has, target } => write!(
                f,
                "\"{group}\" is {} permission group, and this policy applies to {}.",
                scoped(has),
                things(target)
            ),
            Fault::MixedGroups { by_scope } => {
                write!(f, "The permission groups of one policy are of several scopes: {}.", listed(by_scope))
            }
            Fault::MixedResources { by_scope } => {
                write!(f, "The resources of one policy are of several scopes: {}.", listed(by_scope))
            }
            Fault::Ambiguous { name, .. } => write!(
                f,
                "Several permission groups are called \"{name}\", and the resources do not tell which is meant."
            ),
            Fault::SameGroup { group, other } => {
                write!(f, "\"{group}\" and \"{other}\" are the same permission group.")
            }
            Fault::Deprecated { group } => write!(f, "Cloudflare retires the permission group \"{group}\"."),
            Fault::NoGroups => f.write_str("The policy has no permission group."),
            Fault::NothingSelected => f.write_str("The policy applies to nothing."),
            Fault::BadZone { zone } => {
                write!(f, "\"{zone}\" is not the id of a zone: 32 lower-case hexadecimal digits.")
            }
            Fault::BadBucket { bucket } => {
                write!(f, "\"{bucket}\" is not a bucket with its jurisdiction, such as \"default/photos\".")
            }
            Fault::BadResource { key } => {
                write!(f, "The value at \"{key}\" is neither \"*\" nor a JSON object of such values.")
            }
            Fault::BadKey { key } => write!(f, "The API knows no resource key such as \"{key}\"."),
            Fault::NoAccount => {
                f.write_str("The token belongs to a user, so there is no account that the policy could mean.")
            }
            Fault::Duplicate => f.write_str("Another policy of this set means the same."),
            Fault::Reserved => f.write_str(
                "This is the policy that stands for having none, which the provider keeps to itself.",
            ),
        }
    }
}

impl Fault {
    /// What to do about it.
    pub fn way_out(&self) -> String {
        match self {
            Fault::UnknownName { name, nearest } => unknown_name(name, nearest),
            Fault::UnknownId { .. } => {
                "Use the group's name; or take the id from the API's list of permission groups for tokens, not from the \
                 look-alike list for roles of members (`/iam/permission_groups`)."
                    .into()
            }
            Fault::BrokenId { .. } => "Write the whole id in lower case, or the group's name.".into(),
            Fault::WrongScope { has, .. } => wrong_scope(has),
            Fault::MixedGroups { .. } => "Write one policy per scope.".into(),
            Fault::MixedResources { .. } => "Write one policy per scope, each with the groups that fit it.".into(),
            Fault::Ambiguous { ids, .. } => {
                let ids: Vec<_> = ids.iter().map(|(id, scopes)| format!("{id} ({})", join(scopes))).collect();
                format!("Write the id of one: {}.", ids.join(", "))
            }
            Fault::SameGroup { .. } => "Leave one out.".into(),
            Fault::Deprecated { .. } => "Move to the group that replaces it while both work.".into(),
            Fault::NoGroups => "Name at least one.".into(),
            Fault::NothingSelected => {
                "Name what it applies to, write [\"*\"] for all, or leave the policy out.".into()
            }
            Fault::BadZone { zone } if zone == "*" => "For all zones write zones = [\"*\"].".into(),
            Fault::BadZone { zone } if zone.contains('.') => {
                "Write the zone's id and not its name, for example from the cloudflare_zone data source.".into()
            }
            Fault::BadZone { .. } => "Write the zone's id, or zones = [\"*\"] for all.".into(),
            Fault::BadBucket { bucket } if bucket == "*" => "For all buckets write r2_buckets = [\"*\"].".into(),
            Fault::BadBucket { bucket } if !bucket.contains('/') => {
                format!("Write \"default/{bucket}\", or its jurisdiction in place of \"default\".")
            }
            Fault::BadBucket { .. } => {
                "A bucket's name has 3 to 63 lower-case letters, digits and hyphens.".into()
            }
            Fault::BadResource { .. } => {
                "Write \"*\"; for a nest, jsonencode of an object of strings.".into()
            }
            Fault::BadKey { .. } => {
                "For all zones of the token's account write zones = [\"*\"]; for one, its id in zones.".into()
            }
            Fault::NoAccount => "Say in `resources` what the policy applies to.".into(),
            Fault::Duplicate => "Leave one out.".into(),
            Fault::Reserved => "Leave it out: a token without policies has it.".into(),
        }
    }
}

fn unknown_name(name: &str, nearest: &[String]) -> String {
    let quoted: Vec<_> = nearest.iter().map(|name| format!("\"{name}\"")).collect();
    let meant = match quoted.as_slice() {
        [] => {
            return "Take the name from the API's list of permission groups; it is not always the dashboard's.".into();
        }
        [one] => format!("Did you mean {one}?"),
        [rest @ .., last] => format!("Did you mean {} or {last}?", rest.join(", ")),
    };
    let edit = name.trim().to_lowercase().ends_with("edit");
    if edit { format!("{meant} What the dashboard calls Edit is Write here.") } else { meant }
}

fn wrong_scope(has: &[Scope]) -> String {
    match has {
        [Scope::Account] => "Leave zones, r2_buckets and resources out: it applies to the token's account.".into(),
        [Scope::Zone] => "Say which zones: zones = [\"<zone id>\"], or [\"*\"] for all.".into(),
        [Scope::R2Bucket] => {
            "Say which buckets: r2_buckets = [\"<jurisdiction>/<bucket>\"], or [\"*\"] for all.".into()
        }
        [Scope::User] => {
            "Say which user: resources = { \"com.cloudflare.api.user.<user id>\" = \"*\" }; only a token of a user can \
             hold it."
                .into()
        }
        [Scope::WorkerScript] => {
            "Say which script: resources = { \"com.cloudflare.edge.worker.script.<tag>\" = \"*\" }.".into()
        }
        _ => "Say in `resources` what it applies to.".into(),
    }
}

fn join(scopes: &[Scope]) -> String {
    let words: Vec<_> = scopes.iter().map(Scope::to_string).collect();
    words.join(" or ")
}

fn scoped(scopes: &[Scope]) -> String {
    let words = join(scopes);
    let article = if words.starts_with(['a', 'R']) { "an" } else { "a" };
    format!("{article} {words}-scoped")
}

fn things(scope: &Scope) -> String {
    match scope {
        Scope::Account => "an account".into(),
        Scope::Zone => "zones".into(),
        Scope::User => "a user".into(),
        Scope::R2Bucket => "R2 buckets".into(),
        Scope::WorkerScript => "Worker scripts".into(),
        Scope::Other(text) => text.clone(),
    }
}

fn listed(by_scope: &BTreeMap<Scope, Vec<String>>) -> String {
    let lines: Vec<_> = by_scope
        .iter()
        .map(|(scope, members)| {
            let quoted: Vec<_> = members.iter().map(|member| format!("\"{member}\"")).collect();
            format!("{scope} ({})", quoted.join(", "))
        })
        .collect();
    lines.join("; ")
}
