//! What can be wrong with a policy as it is written, each with the way out.

use std::collections::BTreeMap;
use std::fmt;

use super::keys::BadKey;
use super::scope::Scope;

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
    /// `workers`, or an element of it.
    Workers(Option<String>),
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
    /// The group reaches into the account, or may, and nothing says what the policy applies to. `account`: the token's own.
    NoTarget { group: String, scopes: Vec<Scope>, account: Option<String> },
    /// A group of a scope within the account, on the account: it covers all that there is of that scope.
    WholeAccount { group: String, scope: Scope },
    /// Some groups fit what the policy applies to, and some do not; or what it applies to is of several scopes.
    MixedGroups { by_scope: BTreeMap<Scope, Vec<String>> },
    /// Resource keys of several scopes in one policy.
    MixedResources { by_scope: BTreeMap<Scope, Vec<String>> },
    /// Several groups have this name, and the resources do not tell which is meant.
    Ambiguous { name: String, ids: Vec<(String, Vec<Scope>)> },
    /// Two elements mean one group.
    SameGroup { group: String, other: String },
    /// The API says that the provider's credential may not put the group into a token.
    NotSelectable { group: String },
    /// The group exists for tokens of users, and the token is an account's.
    ForUsersOnly { name: String },
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
    /// No Worker of the account has this name.
    NoWorker { name: String, nearest: Vec<String> },
    /// Tokens of users take no Workers.
    WorkersOfUser,
    /// Neither `*` nor a JSON object of strings.
    BadResource { key: String },
    /// A key that the API cannot take.
    BadKey { key: String, fault: BadKey },
    /// A key of a kind that is not known here. The API may know it.
    UnknownKind { key: String },
    /// More than the API takes in one policy.
    TooManyGroups { count: usize },
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
            Fault::Deprecated { .. }
            | Fault::NotSelectable { .. }
            | Fault::WholeAccount { .. }
            | Fault::UnknownKind { .. } => Severity::Warning,
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
            Fault::NoTarget { group, scopes, .. } if scopes.contains(&Scope::Account) => {
                let kinds: Vec<_> = scopes.iter().map(things).collect();
                write!(
                    f,
                    "\"{group}\" exists for {}, and the policy does not say which it applies to.",
                    kinds.join(" and for ")
                )
            }
            Fault::NoTarget { group, scopes, .. } => write!(
                f,
                "\"{group}\" is {} permission group, and the policy does not say what it applies to.",
                scoped(scopes)
            ),
            Fault::WholeAccount { group, scope } => write!(
                f,
                "\"{group}\" is {} permission group, and this policy applies it to an account: it covers all {} of the \
                 account, also those that are made later.",
                scoped(std::slice::from_ref(scope)),
                things(scope)
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
            Fault::NotSelectable { group } => {
                write!(
                    f,
                    "The provider's credential may not grant the permission group \"{group}\", says the API."
                )
            }
            Fault::ForUsersOnly { name } => {
                write!(f, "The permission group \"{name}\" exists for user-owned tokens only.")
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
            Fault::NoWorker { name, .. } => write!(f, "The account has no Worker \"{name}\"."),
            Fault::WorkersOfUser => f.write_str("A token of a user cannot be limited to Workers."),
            Fault::BadResource { key } => {
                write!(f, "The value at \"{key}\" is neither \"*\" nor a JSON object of such values.")
            }
            Fault::BadKey { key, fault } => write!(f, "\"{key}\" {fault}."),
            Fault::UnknownKind { key } => {
                write!(
                    f,
                    "The provider does not know the kind of the resource key \"{key}\". It is sent as it is."
                )
            }
            Fault::TooManyGroups { count } => {
                write!(
                    f,
                    "The policy has {count} permission groups, and the API takes at most 300 in one policy."
                )
            }
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
            Fault::NoTarget { scopes, account, .. } => no_target(scopes, account.as_deref()),
            Fault::WholeAccount { scope, .. } => {
                format!("If some are enough, write instead {}.", selection(scope))
            }
            Fault::MixedGroups { .. } => "Write one policy per scope.".into(),
            Fault::MixedResources { .. } => "Write one policy per scope, each with the groups that fit it.".into(),
            Fault::Ambiguous { ids, .. } => {
                let ids: Vec<_> = ids.iter().map(|(id, scopes)| format!("{id} ({})", join(scopes))).collect();
                format!("Write the id of one: {}.", ids.join(", "))
            }
            Fault::SameGroup { .. } => "Leave one out.".into(),
            Fault::NotSelectable { .. } => {
                "If the apply is refused, give the provider's credential this permission group, or use another credential."
                    .into()
            }
            Fault::ForUsersOnly { .. } => {
                "Leave it out. What acts for a user needs a token of that user, not of an account.".into()
            }
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
            Fault::NoWorker { nearest, .. } => match nearest.first() {
                Some(name) => format!("Did you mean \"{name}\"? A Worker must exist before a policy can name it."),
                None => "A Worker must exist before a policy can name it. If this configuration makes it, let the token \
                         depend on it."
                    .into(),
            },
            Fault::WorkersOfUser => "Use a token that an account owns.".into(),
            Fault::BadResource { .. } => {
                "Write \"*\"; for a nest, jsonencode of an object of strings.".into()
            }
            Fault::BadKey { fault: BadKey::BelowAccount, .. } => {
                "For all zones of the token's account write zones = [\"*\"]; for one, its id in zones.".into()
            }
            Fault::BadKey { .. } => "Complete the key; a null or an empty value may have ended up in it.".into(),
            Fault::UnknownKind { .. } => {
                "Compare its spelling with Cloudflare's documentation of token policies.".into()
            }
            Fault::TooManyGroups { .. } => {
                "Split it: write two policies that apply to the same, each with some of the groups.".into()
            }
            Fault::NoAccount => "Say in `resources` what the policy applies to.".into(),
            Fault::Duplicate => "Leave one out.".into(),
            Fault::Reserved => "Leave it out: a token without policies has it.".into(),
        }
    }
}

fn unknown_name(name: &str, nearest: &[String]) -> String {
    const LIST: &str = "The data source `cloudflare_api_token_permission_groups` lists all names.";
    let quoted: Vec<_> = nearest.iter().map(|name| format!("\"{name}\"")).collect();
    let meant = match quoted.as_slice() {
        [] => return format!("{LIST} They are not always the dashboard's."),
        [one] => format!("Did you mean {one}?"),
        [rest @ .., last] => format!("Did you mean {} or {last}?", rest.join(", ")),
    };
    let edit = name.trim().to_lowercase().ends_with("edit");
    let edit = if edit { " What the dashboard calls Edit is Write here." } else { "" };
    format!("{meant}{edit} {LIST}")
}

/// Both ways: the things within the account, or the account itself.
fn no_target(scopes: &[Scope], account: Option<&str>) -> String {
    let within: Vec<_> = scopes.iter().filter(|scope| scope.is_within_account()).collect();
    let all: Vec<_> =
        within.iter().map(|scope| format!("{} for all {}", star(scope), things(scope))).collect();
    let some: Vec<_> = within.iter().map(|scope| selection(scope)).collect();
    let id = account.unwrap_or("<account id>");
    let reach = if scopes.contains(&Scope::Account) {
        "for the account".to_owned()
    } else {
        let things: Vec<_> = within.iter().map(|scope| things(scope)).collect();
        format!("for the account, which covers all of its {}", things.join(" and "))
    };
    format!(
        "Write {}, {} for some, or resources = {{ \"com.cloudflare.api.account.{id}\" = \"*\" }} {reach}. If the policy \
         names something already, look for a misspelt attribute or a null: Terraform drops an attribute of an object that it \
         does not know, and says nothing.",
        all.join(", "),
        some.join(", ")
    )
}

/// The attribute that names all of a scope's things.
fn star(scope: &Scope) -> &'static str {
    match scope {
        Scope::Zone => "zones = [\"*\"]",
        Scope::R2Bucket => "r2_buckets = [\"*\"]",
        _ => "workers = [\"*\"]",
    }
}

/// The attribute that names some of a scope's things.
fn selection(scope: &Scope) -> &'static str {
    match scope {
        Scope::Zone => "zones = [\"<zone id>\"]",
        Scope::R2Bucket => "r2_buckets = [\"<jurisdiction>/<bucket>\"]",
        _ => "workers = [\"<Worker>\"]",
    }
}

fn wrong_scope(has: &[Scope]) -> String {
    match has {
        [Scope::Account] => "Leave zones, r2_buckets, workers and resources out: it applies to the token's account.".into(),
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
            "Say which Workers: workers = [\"<Worker>\"], or [\"*\"] for all.".into()
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
        Scope::WorkerScript => "Workers".into(),
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
