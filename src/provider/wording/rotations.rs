//! New values of a token: in place, or with a successor and an overlap.

use super::{IfInDoubt, not_created, write};
use crate::owner::Owner;
use crate::tf_provider::framework::{Diagnostic, Diagnostics};
use crate::tokens::{SuccessionError, Unfinished};

/// Why a token gets a new value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RollReason {
    /// An earlier roll may have taken effect, and its value is lost.
    Lost,
    /// The value is as old as the configuration allows.
    Due {
        /// Its age in words.
        age: String,
        /// `rotation.every`, as written.
        every: String,
    },
    /// Triggers have changed.
    Triggered(Vec<Trigger>),
    /// The state is to have the value, and does not.
    Stored,
    /// The value is to be sealed for another recipient, and the state does not have it.
    Recipient,
}

/// A trigger that rolls the value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Trigger {
    /// It did not exist before.
    New(String),
    /// It has another value.
    Changed(String),
    /// Its value is not known before apply.
    Unknown(String),
    /// None of the triggers is known before apply.
    AllUnknown,
}

/// The reason as a clause after "because".
fn clause(reason: &RollReason) -> String {
    match reason {
        RollReason::Lost => {
            "an earlier roll may have taken effect, and the value that it made is lost".to_owned()
        }
        RollReason::Due { age, every } => format!("its value is {age} old (`rotation.every = \"{every}\"`)"),
        RollReason::Triggered(triggers) => triggers.iter().map(trigger).collect::<Vec<_>>().join(", and "),
        RollReason::Stored => {
            "`store_value` is true now, the state does not have the value, and the API does not return it \
                               again"
                .to_owned()
        }
        RollReason::Recipient => {
            "`seal_for` has changed, the state does not have the value, and the API does not return it again"
                .to_owned()
        }
    }
}

fn trigger(trigger: &Trigger) -> String {
    match trigger {
        Trigger::New(key) => format!("the trigger `{key}` is new"),
        Trigger::Changed(key) => format!("the trigger `{key}` has changed"),
        Trigger::Unknown(key) => format!("the trigger `{key}` is known only at apply, and may have changed"),
        Trigger::AllUnknown => "`rotation.triggers` is known only at apply, and may have changed".to_owned(),
    }
}

/// A token gets a new value. The summary names the token, because Terraform shows only one of several warnings with the same
/// summary.
pub(crate) fn rolled(token: &str, reason: &RollReason) -> Diagnostic {
    let detail = format!(
        "The token gets a new value because {}. The old value stops working at once, for everything that uses it.",
        clause(reason)
    );
    Diagnostic::warning(format!("The token is rolled: {token}"), detail)
}

/// A token that something else has rolled, so that the value in the state has stopped working.
pub(crate) fn rolled_outside(token: &str) -> Diagnostic {
    let detail = "Something outside Terraform has rolled the token: the API says that the value in the state has stopped working. \
                  The token gets a new value. The value that was made outside stops working at once, for everything that uses it.";
    Diagnostic::warning(format!("The token is rolled: {token}"), detail)
}

/// The plan cannot know whether a token is rolled, because `rotation.every` is not known yet.
pub(crate) fn may_be_rolled(token: &str) -> Diagnostic {
    let detail = "The token is rolled when its value is older than `rotation.every`, which is known only at apply. If it is older \
                  by then, this apply or the next one rolls it.";
    Diagnostic::warning(format!("The token may be rolled: {token}"), detail)
}

/// A shorter `rotation.every` makes the rotation due. The next refresh finds that.
pub(crate) fn rolled_next_time(token: &str, age: &str) -> Diagnostic {
    let detail = format!(
        "Its value is {age} old, which is more than the new `rotation.every` allows. This run does not roll it, but the next one \
         does. To roll it now, change `rotation.triggers` too."
    );
    Diagnostic::warning(format!("The next run rolls the token {token}"), detail)
}

/// A new token replaces one with an overlap. `previous` is a token that is still in the overlap of the last rotation.
pub(crate) fn succeeded(
    token: &str,
    reason: &RollReason,
    overlap: &str,
    previous: Option<&str>,
) -> Diagnostic {
    let mut detail = format!(
        "A new API token with the same rights takes its place because {}. The old token and its value keep working for {overlap} \
         after the apply. Then the API ends the old token, and the next apply deletes it.",
        clause(reason)
    );
    if let Some(previous) = previous {
        detail += &format!(" This apply deletes {previous}, the token before that.");
    }
    Diagnostic::warning(format!("A new token takes the place of {token}"), detail)
}

/// No new token took the place of one.
pub(crate) fn no_successor(id: &str, error: &SuccessionError, owner: &Owner) -> Diagnostics {
    let failed = format!("Could not make a new API token in the place of {id}");
    match error {
        SuccessionError::Predecessor(error) => write(&failed, error, owner, IfInDoubt::PlannedAgain).into(),
        SuccessionError::Create(error) => not_created(&failed, error, owner),
    }
}

/// A new token has taken the place of one, and steps are left to do.
pub(crate) fn unfinished(old: &str, new: &str, unfinished: &[Unfinished], owner: &Owner) -> Diagnostics {
    let one = |unfinished: &Unfinished| {
        let (failed, error) = match unfinished {
            Unfinished::Predecessor(error) => (
                format!(
                    "The API token {new} has taken the place of {old}, but {old} has no end yet and may have rights that it should lose"
                ),
                error,
            ),
            Unfinished::Successor(error) => (
                format!("The API token {new} has taken the place of {old}, but does not have its name yet"),
                error,
            ),
            Unfinished::NotDisabled(error) => (
                format!("The API token {new} has taken the place of {old}, but could not be disabled"),
                error,
            ),
        };
        write(&failed, error, owner, IfInDoubt::Recorded)
    };
    Diagnostics(unfinished.iter().map(one).collect())
}

/// An overlap without a rotation.
pub(crate) fn overlap_of_nothing() -> Diagnostic {
    let detail = "`overlap` is the time for which the old value keeps working after a rotation, but nothing says when the token is \
                  rotated. Set `every` or `triggers` too, or remove `overlap`.";
    Diagnostic::error("overlap needs every or triggers", detail)
}

/// An overlap that lasts until the next rotation.
pub(crate) fn overlap_too_long(overlap: &str, every: &str) -> Diagnostic {
    let detail = format!(
        "Only one old token can be in its overlap, so the overlap ({overlap}) must be shorter than the time between two rotations \
         ({every}). Write a shorter `overlap` or a longer `every`."
    );
    Diagnostic::error("overlap must be shorter than every", detail)
}

/// A value that may end before its overlap does.
pub(crate) fn life_too_short(expires_in: &str) -> Diagnostic {
    let detail = format!(
        "A value is rotated at the age of `rotation.every`, and must keep working for `rotation.overlap` after that. But it stops \
         working at the age of {expires_in}, which is earlier. Write an `expires_in` of at least `every` and `overlap` together."
    );
    Diagnostic::error("expires_in leaves no time for the overlap", detail)
}

/// A rotation that comes after the end of the value that it replaces.
pub(crate) fn rotated_too_late(every: &str, expires_in: &str) -> Diagnostic {
    let detail = format!(
        "A value stops working after `expires_in = \"{expires_in}\"`, but is replaced only after `rotation.every = \"{every}\"`. Write \
         a shorter `every`, which leaves time for runs that come late, or a longer `expires_in`."
    );
    Diagnostic::error("The value would expire before it is rotated", detail)
}

/// A roll has succeeded, and its answer had no value.
pub(crate) fn value_lost(id: &str) -> Diagnostic {
    let detail = "The API answered success, but its answer did not contain the new value. The old value has stopped working, and \
                  the new one is lost. Apply again: the next plan rolls the token once more.";
    Diagnostic::error(format!("The new value of the API token {id} is lost"), detail)
}
