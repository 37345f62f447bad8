//! Writes and creates of tokens that did not succeed, and what they left behind.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::{NOT_EXCLUSIVE, api, by_hand, capital, dashboard};
use crate::host::LockError;
use crate::owner::Owner;
use crate::tf_provider::framework::{Diagnostic, Diagnostics};
use crate::tokens::{Cause, CreateError, OpError, Orphan};

const LOCK_DIRECTORY: &str = "Nothing was changed. While the provider writes a token or a secret, it holds a lock file in a directory \
                              that only this user can use. It takes the first of these: `lock_directory` of the provider block, \
                              CLOUDFLARE_LOCK_DIRECTORY, XDG_CACHE_HOME, `.cache` in HOME, the system's temporary directory. On \
                              Windows: CLOUDFLARE_LOCK_DIRECTORY, LOCALAPPDATA. Make \
                              one of them writable, or correct the owner and the mode of the directory named above. Then apply \
                              again.";

/// What follows if it is not known whether a write was made.
#[derive(Clone, Copy, Debug)]
pub(crate) enum IfInDoubt {
    /// The state has the doubt, so the next plan has a write.
    Recorded,
    /// The state is as before, and the next plan has the same write.
    PlannedAgain,
    /// Neither: this text says what to do, or what happens by itself.
    Else(&'static str),
}

impl IfInDoubt {
    fn text(self) -> &'static str {
        match self {
            Self::Recorded => "The state records this, and the next apply makes the change again.",
            Self::PlannedAgain => "The state stays as it was, and the next apply tries again.",
            Self::Else(text) => text,
        }
    }
}

/// A write of a token that did not succeed. `failed` is the summary.
pub(crate) fn write(failed: &str, error: &OpError, owner: &Owner, in_doubt: IfInDoubt) -> Diagnostic {
    let cause = match &error.cause {
        Cause::Api(cause) => {
            let mut diagnostic = api(failed, cause);
            if error.may_have_effect() {
                diagnostic.detail = format!(
                    "It is not known whether the change was made, completely or in part. {}\n\n{}",
                    in_doubt.text(),
                    diagnostic.detail
                );
            }
            return diagnostic;
        }
        Cause::Contention { attempts } => format!(
            "Something else keeps writing this token: after {attempts} attempts the change does not hold.\n\nFind out what writes \
             it, such as Terraform on another host or a person in the dashboard. Apply again when that is done."
        ),
        Cause::Kept { policies } => {
            let kept = match policies.len() {
                0 => "the token still exists".to_owned(),
                count => format!("{count} of the policies that were to be removed are still there"),
            };
            format!(
                "The API answers success, but {kept}.\n\nApply again. If that does not help, remove it {}, and tell Cloudflare's \
                 support.",
                dashboard(owner)
            )
        }
        Cause::Ignored { field } => format!(
            "The API answers success, but the token does not have the new `{field}`.\n\nApply again. If that does not help, set it \
             {}, and tell Cloudflare's support.",
            dashboard(owner)
        ),
        Cause::Outdated => "The API keeps returning an older version of the token than the last one written. A write based on an \
                            old version would undo newer changes, so nothing more was written.\n\nApply again in a minute."
            .to_owned(),
        Cause::Overruled => format!(
            "Another resource manages the token's policies exclusively, and the binding's policies are not among \
             them.\n\n{NOT_EXCLUSIVE}"
        ),
        Cause::Gone => "The token does not exist.\n\nRun `terraform plan`: it notices that, and plans to make what is missing again."
            .to_owned(),
        Cause::Lock(error) => lock(error),
        Cause::Stopped => "The run was stopped before the change was made.\n\nApply again to continue.".to_owned(),
        Cause::OwnToken => format!(
            "The provider authenticates with this token, so the change would end its own access.\n\n{}",
            by_hand(owner)
        ),
        Cause::Internal => "The part of the provider that writes the token ended without an answer. This is a bug: please report \
                            it.\n\nRun `terraform plan` to see the token's present state."
            .to_owned(),
    };
    let doubt = match error.may_have_effect() {
        true => "It is not known whether the change was made, completely or in part.\n\n",
        false => "",
    };
    Diagnostic::error(failed, format!("{doubt}{cause}"))
}

/// A lock that could not be taken, and what to do.
fn lock(error: &LockError) -> String {
    let next = match error {
        LockError::Busy { .. } => "Wait until the other run has ended, then apply again.",
        LockError::Unusable { .. } => LOCK_DIRECTORY,
        LockError::Stopped => "Apply again to continue.",
    };
    format!("{}.\n\n{next}", capital(&error.to_string()))
}

/// The lock of a secret could not be taken. Nothing was sent.
pub(crate) fn secret_lock(failed: &str, error: &LockError) -> Diagnostic {
    Diagnostic::error(failed, lock(error))
}

/// No token was made, or one whose value is lost.
pub(crate) fn create(error: &CreateError, owner: &Owner) -> Diagnostics {
    not_created("Could not create the API token", error, owner)
}

/// The same with another summary.
pub(super) fn not_created(failed: &str, error: &CreateError, owner: &Owner) -> Diagnostics {
    let detail = match error {
        CreateError::Api(error) => return api(failed, error).into(),
        CreateError::Unknown { error, left_behind } => {
            let what = match error {
                Some(error) => format!("It is not known whether the token was made: {error}."),
                None => "The API made a token, but its answer did not contain the value.".to_owned(),
            };
            let mut found = Diagnostics::from(Diagnostic::error(
                failed,
                format!("{what}\n\nApply again to make a new token."),
            ));
            found.extend(self::left_behind(left_behind, owner));
            return found;
        }
        CreateError::Lock(error) => lock(error),
        CreateError::Stopped => {
            "The run was stopped before the token was made.\n\nApply again to continue.".to_owned()
        }
        CreateError::Internal => {
            "The part of the provider that makes the token failed. This is a bug: please report it.\n\nApply \
                                  again."
                .to_owned()
        }
    };
    Diagnostic::error(failed, detail).into()
}

/// Tokens that unanswered requests have made, or may have made. No state has them, and their values are lost.
pub(crate) fn left_behind(orphans: &[Orphan], owner: &Owner) -> Diagnostics {
    let place = dashboard(owner);
    let at = |time: &OffsetDateTime| time.format(&Rfc3339).unwrap_or_default();
    let one = |orphan: &Orphan| match orphan {
        Orphan::Left { id } => Diagnostic::warning(
            format!("The API token {id} was left behind"),
            format!(
                "The token was made, but its value was lost, and the provider could not delete the token. No state has it. \
                 Delete it {place}."
            ),
        ),
        Orphan::Alike { id, issued_on } => Diagnostic::warning(
            format!("The API token {id} may be left behind"),
            format!(
                "A request to create a token got no answer. This token matches the request: it has the same name and policies, \
                 and was issued {}. If nothing else made it, its value is lost and no state has it.\n\nCheck that it belongs to \
                 no other resource and to no other user of this name. Then delete it {place}.",
                issued_on.as_ref().map_or("after the request".to_owned(), |time| format!("on {}", at(time)))
            ),
        ),
        Orphan::Unsaved { id, predecessor } => Diagnostic::warning(
            format!("The API token {id} may be left behind"),
            format!(
                "It has the name and the rights of the token {predecessor}, and was made after it. An earlier run may have made it in \
                 a rotation, and may have been killed before Terraform saved its state. Its value is then lost.\n\nCheck that no \
                 other resource manages it. Then delete it {place}."
            ),
        ),
        Orphan::Unseen { listed, name, asked_on } => Diagnostic::warning(
            format!("A request may have made an API token \"{name}\""),
            format!(
                "The request was sent on {} and got no answer, and {}. The token may exist all the same, or may appear later. Its \
                 value is lost.\n\nLook for a token of this name, issued at that time or later, {place}. Delete it unless a state \
                 has it.",
                at(asked_on),
                if *listed {
                    "the list of tokens shows no token that it made"
                } else {
                    "the list of tokens could not be read"
                }
            ),
        ),
    };
    Diagnostics(orphans.iter().map(one).collect())
}
