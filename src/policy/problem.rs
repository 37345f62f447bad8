//! What can be wrong with a policy as a user wrote it. These are facts: callers put them into words.

use std::collections::BTreeMap;

use super::keys::BadKey;
use super::scope::Scope;

/// How bad a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The policy cannot be used.
    Error,
    /// The policy works, but may not do what the user expects.
    Warning,
}

/// The part of a spec that a problem is about. Elements are as the user wrote them.
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

/// A fault and its place in the spec.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The part of the spec.
    pub part: Part,
    /// What is wrong with it.
    pub fault: Fault,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each variant's comment explains its fields")]
pub enum Fault {
    /// No group has this name.
    UnknownName { name: String, nearest: Vec<String> },
    /// No group has this id.
    UnknownId { id: String },
    /// It has hexadecimal digits like an id, but is not an id.
    BrokenId { text: String },
    /// The group's scopes do not include the scope of the policy's target.
    WrongScope { group: String, has: Vec<Scope>, target: Scope },
    /// The group may apply to things within the account, and the policy has no target. `account` is the token's own account.
    NoTarget { group: String, scopes: Vec<Scope>, account: Option<String> },
    /// A group of a scope within the account is granted on the account. It covers everything of that scope.
    WholeAccount { group: String, scope: Scope },
    /// Some groups fit the policy's target and some do not, or the target has several scopes.
    MixedGroups { by_scope: BTreeMap<Scope, Vec<String>> },
    /// Resource keys of several scopes in one policy.
    MixedResources { by_scope: BTreeMap<Scope, Vec<String>> },
    /// Several groups have this name, and the resources do not show which one is meant.
    Ambiguous { name: String, ids: Vec<(String, Vec<Scope>)> },
    /// Two elements mean one group.
    SameGroup { group: String, other: String },
    /// The API says that the client's credential cannot grant the group.
    NotSelectable { group: String },
    /// The group exists for tokens of users, and the token is an account's.
    ForUsersOnly { name: String },
    /// Cloudflare is retiring the group.
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
    /// A token of a user cannot be limited to Workers.
    WorkersOfUser,
    /// Neither `*` nor a JSON object of strings.
    BadResource { key: String },
    /// A key that the API cannot take.
    BadKey { key: String, fault: BadKey },
    /// This module does not know the kind of the key. The API may know it.
    UnknownKind { key: String },
    /// More than the API takes in one policy.
    TooManyGroups { count: usize },
    /// The policy applies to the token's account, but a user owns the token.
    NoAccount,
    /// The set holds the same policy twice.
    Duplicate,
    /// The policy is the inert policy, which stands for having no policy.
    Reserved,
}

impl Problem {
    pub(super) fn new(part: Part, fault: Fault) -> Self {
        Self { part, fault }
    }

    /// How bad it is.
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
