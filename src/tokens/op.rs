//! What callers ask of a token's writer, and what they learn.

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
    /// Gives the token a new value; the old one is dead at once.
    Roll,
    /// Deletes the token. That it is gone already is a success.
    Delete,
    /// Deletes a token that nobody needs any more, also where the run was stopped.
    Discard,
}

impl From<Change> for Op {
    fn from(change: Change) -> Self {
        Op::Change(Box::new(change))
    }
}

/// A change of a part of a token: whatever it does not name stays as the server has it.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// Who asks: any text that is this resource's own. Two that hold the same policy are told apart by it, so that one can
    /// let go of it while the other takes it over.
    pub by: String,
    /// The fields that change.
    pub fields: Fields,
    /// How the policies change.
    pub policies: Option<PolicyChange>,
    /// Writes even where the token shows the change already: an earlier write of unknown outcome may still take effect,
    /// and only a later one ends that.
    pub again: bool,
}

/// New values of fields; none: the field stays as it is.
#[derive(Clone, Debug, Default)]
pub struct Fields {
    /// 1 to 120 characters.
    pub name: Option<String>,
    /// `active` or `disabled`.
    pub status: Option<String>,
    /// `Some(None)` clears it. What is of an unknown kind stays either way.
    pub condition: Option<Option<Condition>>,
    /// `Some(None)` clears it.
    pub expires_on: Option<Option<OffsetDateTime>>,
    /// `Some(None)` clears it.
    pub not_before: Option<Option<OffsetDateTime>>,
}

/// How a token's policies change.
#[derive(Clone, Debug)]
pub enum PolicyChange {
    /// Removes and adds, and leaves the others. A policy that is in both stays.
    Edit {
        /// What the caller held before.
        remove: BTreeSet<Fingerprint>,
        /// What it holds from now on.
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
            Field::Name => "name",
            Field::Status => "status",
            Field::Condition => "condition",
            Field::ExpiresOn => "expires_on",
            Field::NotBefore => "not_before",
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
    /// Is the field the same in both? Instants in whole seconds, as the API keeps them; conditions by meaning.
    pub(super) fn same(self, a: &TokenUpdate, b: &TokenUpdate) -> bool {
        let second = |at: Option<Option<OffsetDateTime>>| at.flatten().map(OffsetDateTime::unix_timestamp);
        let condition = |update: &TokenUpdate| update.condition.clone().flatten();
        match self {
            Field::Name => a.name == b.name,
            Field::Status => a.status == b.status,
            Field::Condition => same_condition(condition(a).as_ref(), condition(b).as_ref()),
            Field::ExpiresOn => second(a.expires_on) == second(b.expires_on),
            Field::NotBefore => second(a.not_before) == second(b.not_before),
        }
    }
}

impl Change {
    /// Does it only take away, so that there is nothing left to do where the token is gone?
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

    /// The policies that it names as those to go.
    pub(super) fn removed(&self) -> BTreeSet<Fingerprint> {
        match &self.policies {
            Some(PolicyChange::Edit { remove, .. }) => remove.clone(),
            None | Some(PolicyChange::Exclusive(_)) => BTreeSet::new(),
        }
    }
}

/// What became of a write that succeeded.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// The token as it was read back. None where it is gone, or where it could not be read after a roll.
    pub token: Option<Arc<Token>>,
    /// The new value, after a roll.
    pub value: Option<SecretString>,
    /// Policies that were there already and were not the caller's: removing the later claim removes both.
    pub adopted: BTreeSet<Fingerprint>,
    /// What is not as it was asked.
    pub concerns: Vec<Concern>,
}

/// What is not as it was asked, although the API said success.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Concern {
    /// The API left permission groups out without a word, or the whole policy.
    NotGranted {
        /// What was asked for.
        asked: Policy,
        /// What the token has instead, if anything.
        granted: Option<Policy>,
        /// The groups that are missing.
        missing: BTreeSet<GroupId>,
    },
    /// The token was made with a policy that nobody asked for.
    NotAsked {
        /// What the token has.
        granted: Policy,
    },
    /// A policy was added, but a deny that the token has withholds what it grants.
    Withheld {
        /// What was asked for.
        asked: Policy,
        /// The policy that wins.
        deny: Policy,
    },
    /// A field is not what it was set to: most likely it was to be cleared, and the API kept the old value.
    NotApplied(Field),
    /// A removal holds, but was not watched for the whole `concurrent_writers_window`, since the run was stopped.
    NotWatched,
}

/// A write that has not succeeded.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{}{cause}", doubt(*may_have_effect))]
pub struct OpError {
    /// Why.
    pub cause: Cause,
    /// An attempt may have had its effect all the same, in part or later. The cause alone does not say so: a refusal can
    /// follow a write that was done.
    pub may_have_effect: bool,
}

/// Why a write has not succeeded.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Cause {
    /// The token does not exist.
    #[error("the token does not exist")]
    Gone,
    /// The API refused, could not be reached or did not answer.
    #[error(transparent)]
    Api(Error),
    /// Others kept writing the token: after so many attempts the change does not hold.
    #[error("others keep writing this token: after {attempts} attempts the change does not hold")]
    Contention {
        /// How often it was tried.
        attempts: u32,
    },
    /// The API answers success, but what was to be removed is still there.
    #[error("the API answers success, but {}", kept(policies.len()))]
    Kept {
        /// What is still there; empty where it is the token itself.
        policies: BTreeSet<Fingerprint>,
    },
    /// All reads were older than what this host has written last.
    #[error("the API keeps showing an older version of the token than the one that was written last")]
    Outdated,
    /// Another change of the same run says exactly what the token's policies are, and this one's are not among them.
    #[error("another resource manages the token's policies exclusively, and this one's are not among them")]
    Overruled,
    /// The token's lock was not got.
    #[error(transparent)]
    Lock(LockError),
    /// The run was stopped before the change was made.
    #[error("the run was stopped before the change was made")]
    Stopped,
    /// The provider authenticates with this token, and would cut itself off.
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
    /// A write that surely had no effect.
    pub fn without_effect(cause: Cause) -> Self {
        OpError { cause, may_have_effect: false }
    }

    /// May the token have been changed all the same, in part or later?
    pub fn may_have_effect(&self) -> bool {
        self.may_have_effect
    }
}

impl From<LockError> for OpError {
    fn from(error: LockError) -> Self {
        Self::without_effect(Cause::Lock(error))
    }
}
