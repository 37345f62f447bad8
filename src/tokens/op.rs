//! The operations of a token's writer, and their outcomes.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use secrecy::SecretString;
use time::OffsetDateTime;

use super::view::same_condition;
use crate::cloudflare::{Condition, Error, Token, TokenUpdate};
use crate::host::LockError;
use crate::policy::{Fingerprint, GroupId, Policy};

/// One write of a token.
#[derive(Clone, Debug)]
pub enum Op {
    /// Changes fields, policies or both, in one request.
    Change(Box<Change>),
    /// Gives the token a new value. The old one stops working at once.
    Roll,
    /// Deletes the token. It is a success if it is gone already.
    Delete,
    /// Deletes a token that is not needed any more, even where the run was stopped.
    Discard,
}

impl From<Change> for Op {
    fn from(change: Change) -> Self {
        Self::Change(Box::new(change))
    }
}

/// A change of a part of a token. The rest stays as the server has it.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// The name of the object that asks, unique for each resource object. If two objects have the same policy, it shows
    /// which one gives the policy up and which one keeps it.
    pub by: String,
    /// The fields that change.
    pub fields: Fields,
    /// How the policies change.
    pub policies: Option<PolicyChange>,
    /// Writes even if the token already shows the change: an earlier write of unknown outcome may still take effect, and
    /// only a later write ends that.
    pub again: bool,
    /// The time of the object's last change that its state knows of: [`Outcome::sent_on`]. `None` if it knows of none.
    pub since: Option<i64>,
}

/// New values of fields. `None`: the field stays as it is.
#[derive(Clone, Debug, Default)]
pub struct Fields {
    /// 1 to 120 characters.
    pub name: Option<String>,
    /// `active` or `disabled`.
    pub status: Option<String>,
    /// `Some(None)` clears it. Conditions of an unknown kind stay in any case.
    pub condition: Option<Option<Condition>>,
    /// `Some(None)` clears it.
    pub expires_on: Option<Option<OffsetDateTime>>,
    /// `Some(None)` clears it.
    pub not_before: Option<Option<OffsetDateTime>>,
}

/// How a token's policies change.
#[derive(Clone, Debug)]
pub enum PolicyChange {
    /// Removes and adds policies, and keeps the others. A policy that is in both stays.
    Edit {
        /// The caller's policies before.
        remove: BTreeSet<Fingerprint>,
        /// The caller's policies from now on.
        add: Vec<Policy>,
    },
    /// The token has these, and no others.
    Exclusive(Vec<Policy>),
}

/// A field of a token that a change can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "as in `Fields`")]
pub enum Field {
    Name,
    Status,
    Condition,
    ExpiresOn,
    NotBefore,
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Name => "name",
            Self::Status => "status",
            Self::Condition => "condition",
            Self::ExpiresOn => "expires_on",
            Self::NotBefore => "not_before",
        })
    }
}

impl Fields {
    /// The fields that are named.
    pub fn named(&self) -> BTreeSet<Field> {
        let named = [
            self.name.as_ref().map(|_| Field::Name),
            self.status.as_ref().map(|_| Field::Status),
            self.condition.as_ref().map(|_| Field::Condition),
            self.expires_on.as_ref().map(|_| Field::ExpiresOn),
            self.not_before.as_ref().map(|_| Field::NotBefore),
        ];
        named.into_iter().flatten().collect()
    }

    pub(super) fn apply(&self, update: &mut TokenUpdate) {
        if let Some(name) = &self.name {
            update.name.clone_from(name);
        }
        if let Some(condition) = &self.condition {
            let theirs = update.condition.take().flatten().unwrap_or_default();
            update.condition = Some(theirs.replaced_by(condition.clone()));
        }
        update.status = self.status.clone().or(update.status.take());
        update.expires_on = self.expires_on.or(update.expires_on);
        update.not_before = self.not_before.or(update.not_before);
    }
}

impl Field {
    /// Whether the field is the same in both. Instants are compared in whole seconds, as the API keeps them, and conditions
    /// by meaning.
    pub(super) fn same(self, a: &TokenUpdate, b: &TokenUpdate) -> bool {
        let second = |at: Option<Option<OffsetDateTime>>| at.flatten().map(OffsetDateTime::unix_timestamp);
        let condition = |update: &TokenUpdate| update.condition.clone().flatten();
        match self {
            Self::Name => a.name == b.name,
            Self::Status => a.status == b.status,
            Self::Condition => same_condition(condition(a).as_ref(), condition(b).as_ref()),
            Self::ExpiresOn => second(a.expires_on) == second(b.expires_on),
            Self::NotBefore => second(a.not_before) == second(b.not_before),
        }
    }
}

impl Change {
    /// Whether it only removes, so that nothing is left to do if the token is gone.
    pub(super) fn only_removes(&self) -> bool {
        let exclusive = matches!(self.policies, Some(PolicyChange::Exclusive(_)));
        self.fields.named().is_empty() && self.added().is_empty() && !exclusive
    }

    /// The policies that it adds.
    pub(super) fn added(&self) -> &[Policy] {
        match &self.policies {
            None => &[],
            Some(PolicyChange::Edit { add, .. } | PolicyChange::Exclusive(add)) => add,
        }
    }

    /// The policies that it removes.
    pub(super) fn removed(&self) -> BTreeSet<Fingerprint> {
        match &self.policies {
            Some(PolicyChange::Edit { remove, .. }) => remove.clone(),
            None | Some(PolicyChange::Exclusive(_)) => BTreeSet::new(),
        }
    }
}

/// The outcome of a successful write.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// The token as it was read afterwards. `None` if it is gone, or if it could not be read after a roll.
    pub token: Option<Arc<Token>>,
    /// The new value, after a roll.
    pub value: Option<SecretString>,
    /// Policies that the token already had and that were not the caller's. They are shared from now on.
    pub adopted: BTreeSet<Fingerprint>,
    /// The differences from the request.
    pub concerns: Vec<Concern>,
    /// When the change was sent, by the API's clock, in Unix milliseconds. A state that has it knows of the change.
    pub sent_on: Option<i64>,
}

impl Outcome {
    /// The outcome of a write that restricts a token. If the API answered success and left a field that restricts it as it
    /// was, that is a failure.
    ///
    /// # Errors
    /// [`Cause::Ignored`].
    pub fn restricted(self) -> Result<Self, OpError> {
        let ignored = self.concerns.iter().find_map(|concern| match concern {
            Concern::NotApplied(field) if *field != Field::Name => Some(*field),
            _ => None,
        });
        match ignored {
            Some(field) => Err(OpError { cause: Cause::Ignored { field }, may_have_effect: true }),
            None => Ok(self),
        }
    }
}

/// A difference from the request, although the API answered success.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Concern {
    /// The API silently left out permission groups, or the whole policy.
    NotGranted {
        /// The requested policy.
        asked: Policy,
        /// The policy that the token has instead, if any.
        granted: Option<Policy>,
        /// The groups that are missing.
        missing: BTreeSet<GroupId>,
    },
    /// The token was made with a policy that was not requested.
    NotAsked {
        /// What the token has.
        granted: Policy,
    },
    /// A policy was added, but a deny of the token withholds its rights.
    Withheld {
        /// The requested policy.
        asked: Policy,
        /// The policy that takes precedence.
        deny: Policy,
    },
    /// A field does not have the requested value. Most likely it should be cleared, and the API kept the old value.
    NotApplied(Field),
    /// A removal holds, but was not watched for the whole window of concurrent writers, because the run was stopped.
    NotWatched,
}

/// A write that did not succeed.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{}{cause}", doubt(*may_have_effect))]
pub struct OpError {
    /// Why.
    pub cause: Cause,
    /// An attempt may have taken effect all the same, in part or later. The cause alone does not show that: a refusal can
    /// follow a write that took effect.
    pub may_have_effect: bool,
}

/// Why a write did not succeed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Cause {
    /// The token does not exist.
    #[error("the token does not exist")]
    Gone,
    /// The API refused, could not be reached or did not answer.
    #[error(transparent)]
    Api(Error),
    /// Other writers keep changing the token: after this many attempts the change does not hold.
    #[error("others keep writing this token: after {attempts} attempts the change does not hold")]
    Contention {
        /// How often it was tried.
        attempts: u32,
    },
    /// The API answers success, but did not remove everything.
    #[error("the API answers success, but {}", kept(policies.len()))]
    Kept {
        /// The policies that are still there. Empty if it is the token itself.
        policies: BTreeSet<Fingerprint>,
    },
    /// The API answers success, but left a field that restricts the token as it was.
    #[error("the API answers success, but the token does not have the new {field}")]
    Ignored {
        /// The field.
        field: Field,
    },
    /// All reads were older than what this host has written last.
    #[error("the API keeps showing an older version of the token than the one that was written last")]
    Outdated,
    /// Another change of the same run sets all policies of the token, and this change's policies are not among them.
    #[error("another resource manages the token's policies exclusively, and this one's are not among them")]
    Overruled,
    /// The token's lock could not be taken.
    #[error(transparent)]
    Lock(LockError),
    /// The run was stopped before the change was made.
    #[error("the run was stopped before the change was made")]
    Stopped,
    /// The client authenticates with this token, and would end its own access.
    #[error("the provider authenticates with this token and would cut itself off")]
    OwnToken,
    /// The writer ended without an answer. It should not happen.
    #[error("the token's writer ended without an answer; this is a bug")]
    Internal,
}

fn doubt(may_have_effect: bool) -> &'static str {
    if may_have_effect { "it is not known whether the change was made, in part or as a whole: " } else { "" }
}

/// `policies`: how many of them are still there. Without any it is the token itself.
fn kept(policies: usize) -> String {
    match policies {
        0 => "the token still exists".to_owned(),
        count => format!("keeps {count} of the policies that were to go"),
    }
}

impl OpError {
    /// A write that certainly had no effect.
    pub fn without_effect(cause: Cause) -> Self {
        Self { cause, may_have_effect: false }
    }

    /// Whether the token may have been changed all the same, in part or later.
    pub fn may_have_effect(&self) -> bool {
        self.may_have_effect
    }
}

impl From<LockError> for OpError {
    fn from(error: LockError) -> Self {
        Self::without_effect(Cause::Lock(error))
    }
}
