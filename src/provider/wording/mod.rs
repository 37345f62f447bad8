//! The provider's diagnostics: what failed, what the API said with its code, which attribute, and what to do next.

mod bindings;
mod guardrails;
mod moves;
mod secrets;
mod session;
mod tokens;

pub(crate) use bindings::*;
pub(crate) use guardrails::*;
pub(crate) use moves::*;
pub(crate) use secrets::*;
pub(crate) use session::*;
pub(crate) use tokens::*;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::blocks::POLICIES;
use crate::cloudflare::{ApiError, Error, Unreadable};
use crate::host::LockError;
use crate::owner::Owner;
use crate::policy::{Catalog, GroupId, Problem, Severity};
use crate::tf_provider::framework::{Diagnostic, Diagnostics, Path};
use crate::tokens::{Cause, Concern, CreateError, OpError, Orphan};

/// An answer of the API that is an error, or none at all. `failed` is the summary: what could not be done.
pub(crate) fn api(failed: &str, error: &Error) -> Diagnostic {
    let mut detail = format!("{error}.");
    if detail.ends_with("..") {
        detail.pop();
    }
    if let Some(hint) = error.hint() {
        detail.push_str("\n\n");
        detail.push_str(&hint);
    }
    let diagnostic = Diagnostic::error(failed, detail);
    match error.errors().iter().find_map(attribute) {
        Some(path) => diagnostic.at(path),
        None => diagnostic,
    }
}

/// The attributes of a token that requests carry, by the API's names for them, which are the resources' too.
pub(super) const SENT: [&str; 6] = ["name", POLICIES, "condition", EXPIRES_ON, "not_before", "status"];

const EXPIRES_ON: &str = "expires_on";

/// Tokens of a list whose form is not the one that the API documents.
pub(crate) fn unreadable_tokens(unreadable: &[Unreadable]) -> Option<Diagnostic> {
    if unreadable.is_empty() {
        return None;
    }
    let line = |token: &Unreadable| {
        format!("- {}: {}", token.id.as_deref().unwrap_or("a token without an id"), token.detail)
    };
    let lines: Vec<_> = unreadable.iter().map(line).collect();
    let detail = format!(
        "The API's list has tokens in a form that the provider does not know, and they are left out:\n{}\n\nLook at them \
         in the dashboard. A newer version of the provider may know the form.",
        lines.join("\n")
    );
    Some(Diagnostic::warning("Some API tokens could not be read", detail))
}

/// The attribute that the API points at.
fn attribute(error: &ApiError) -> Option<Path> {
    let pointed = error.pointer.as_deref().unwrap_or_default().trim_start_matches('/');
    let head = pointed.split('/').next().unwrap_or_default();
    let by_code = || (error.code == 1001).then_some(POLICIES);
    let pointed = SENT.into_iter().find(|attribute| *attribute == head);
    pointed.or_else(|| meant(&error.message)).or_else(by_code).map(Path::of)
}

/// The attribute that the API's words are about, where they are not about policies.
fn meant(message: &str) -> Option<&'static str> {
    const WORDS: [(&str, &str); 5] = [
        ("not_before", "not_before"),
        ("expires_on", EXPIRES_ON),
        ("expir", EXPIRES_ON),
        ("request_ip", "condition"),
        ("request.ip", "condition"),
    ];
    let message = message.to_ascii_lowercase();
    WORDS.into_iter().find(|(words, _)| message.contains(words)).map(|(_, attribute)| attribute)
}

/// What is said of a token's end, at the attribute from which the end follows.
pub(crate) fn at_lifetime(mut found: Diagnostics, lifetime: &Path) -> Diagnostics {
    let end = Path::of(EXPIRES_ON);
    for diagnostic in &mut found.0 {
        if diagnostic.path.as_ref() == Some(&end) {
            diagnostic.path = Some(lifetime.clone());
        }
    }
    found
}

/// A problem of a policy, at the attribute that holds the policies.
pub(crate) fn problem(problem: &Problem, at: Path) -> Diagnostic {
    let detail = format!("{}\n\n{}", problem.fault, problem.fault.way_out());
    let diagnostic = match problem.severity() {
        Severity::Error => Diagnostic::error("Invalid policy", detail),
        Severity::Warning => Diagnostic::warning("A policy needs attention", detail),
    };
    diagnostic.at(at)
}

/// A Worker that a policy names and that does not exist, said at plan: it may be made before the token.
pub(crate) fn no_worker_yet(problem: &Problem, at: Path) -> Diagnostic {
    let detail =
        format!("{} The apply fails unless it exists by then.\n\n{}", problem.fault, problem.fault.way_out());
    Diagnostic::warning("A Worker does not exist yet", detail).at(at)
}

/// The Workers whose names a policy has could not be listed.
pub(crate) fn workers_unlisted(error: &Error) -> Diagnostic {
    let mut diagnostic = api("Could not list the account's Workers", error);
    diagnostic.detail.push_str(
        "\n\nA policy has names of Workers, and needs their tags. The provider's credential needs the permission group \
         \"Workers Scripts Read\" for that; or write the tags, in `resources`.",
    );
    diagnostic
}

/// A write of a token that has not succeeded.
pub(crate) fn write(failed: &str, error: &OpError, owner: &Owner) -> Diagnostic {
    const UNCONFIRMED: &str = "The state says so, and the next apply writes it again.";
    let next = match &error.cause {
        Cause::Api(cause) => {
            let mut diagnostic = api(failed, cause);
            if error.may_have_effect() {
                diagnostic.detail = format!(
                    "It is not known whether the change was made, in part or as a whole. {UNCONFIRMED}\n\n{}",
                    diagnostic.detail
                );
            }
            return diagnostic;
        }
        Cause::Contention { .. } => {
            "Find out who else writes this token (another host's Terraform, a person in the dashboard), and apply again \
             when they are done."
        }
        Cause::Kept { .. } => &format!(
            "Apply again. If it stays so, remove them {}, and tell Cloudflare's support.",
            dashboard(owner)
        ),
        Cause::Outdated => {
            "Nothing more was written, since a write that is based on an old version undoes what came after it. Apply again \
             in a minute."
        }
        Cause::Overruled => OVERRULED,
        Cause::Gone => "Run `terraform plan`: it finds out what is gone, and plans to make it anew.",
        Cause::Lock(error) => after_lock(error),
        Cause::Stopped => "Apply again to go on.",
        Cause::OwnToken => &by_hand(owner),
        Cause::Internal => "Run `terraform plan` to see how things stand.",
    };
    Diagnostic::error(failed, format!("{}.\n\n{next}", capital(&error.to_string())))
}

/// What to do where a lock was not got.
fn after_lock(error: &LockError) -> &'static str {
    match error {
        LockError::Busy { .. } => "Wait until the other run has ended, and apply again.",
        LockError::Unusable { .. } => LOCKS,
        LockError::Stopped => "Apply again to go on.",
    }
}

/// The lock of a Worker's secrets, or of a secret in a store, was not got. Nothing was sent.
pub(crate) fn secret_lock(failed: &str, error: &LockError) -> Diagnostic {
    Diagnostic::error(failed, format!("{}.\n\n{}", capital(&error.to_string()), after_lock(error)))
}

const LOCKS: &str = "Nothing was changed. While a token or a Worker's secret is written its lock file is held, in a directory that this user alone can \
                     use: in `lock_directory` of the provider block or CLOUDFLARE_LOCK_DIRECTORY, where one is set, else in \
                     XDG_CACHE_HOME, in `.cache` in HOME, or in the system's temporary directory. Let one of these be \
                     writable, or correct the owner and the mode of the one that is named above, and apply again.";
pub(super) const OVERRULED: &str = "Set `exclusive_policies = false` on the token's resource, so that bindings may add their policies, \
                         or move the policies of the binding into the token's `policies`.";

/// Where an owner's tokens are in the dashboard.
pub(super) fn dashboard(owner: &Owner) -> &'static str {
    match owner {
        Owner::Account(_) => "in the dashboard (Manage Account > Account API Tokens)",
        Owner::User => "in the dashboard (My Profile > API Tokens)",
    }
}

/// What the provider does not do to its own token.
pub(super) fn by_hand(owner: &Owner) -> String {
    format!("Do it by hand {}, or give the provider another credential.", dashboard(owner))
}

/// No token was made, or none that anybody has the value of.
pub(crate) fn create(error: &CreateError, owner: &Owner) -> Diagnostics {
    not_created("Could not create the API token", error, owner)
}

/// The same; `failed` says what for.
pub(super) fn not_created(failed: &str, error: &CreateError, owner: &Owner) -> Diagnostics {
    match error {
        CreateError::Api(error) => api(failed, error).into(),
        CreateError::Unknown { left_behind, .. } => {
            let mut found = Diagnostics::from(Diagnostic::error(
                failed,
                format!("{}.\n\nApply again: it makes a new one.", capital(&error.to_string())),
            ));
            found.extend(self::left_behind(left_behind, owner));
            found
        }
        CreateError::Lock(LockError::Unusable { .. }) => {
            let detail = format!("{}.\n\n{LOCKS}", capital(&error.to_string()));
            Diagnostic::error(failed, detail).into()
        }
        CreateError::Lock(_) | CreateError::Stopped | CreateError::Internal => {
            Diagnostic::error(failed, format!("{}.", capital(&error.to_string()))).into()
        }
    }
}

/// Tokens that requests without an answer have made, or may have made: nobody has their values, and somebody has to delete
/// them.
pub(crate) fn left_behind(orphans: &[Orphan], owner: &Owner) -> Diagnostics {
    let place = dashboard(owner);
    let at = |time: &OffsetDateTime| time.format(&Rfc3339).unwrap_or_default();
    let one = |orphan: &Orphan| match orphan {
        Orphan::Left { id } => Diagnostic::warning(
            format!("The API token {id} was left behind"),
            format!(
                "It was made, but its value was lost on the way, and it could not be deleted. Nobody knows its value, and \
                 it is in nobody's state. Delete it {place}."
            ),
        ),
        Orphan::Alike { id, issued_on } => Diagnostic::warning(
            format!("The API token {id} may be left behind"),
            format!(
                "A request to create a token got no answer, and this one is as the request asked for it: it has the same \
                 name and policies, and was issued {}. If nothing else made it, nobody knows its value, and it is in \
                 nobody's state.\n\nMake sure that it is of no other resource, and of nobody who makes tokens of this name \
                 at the same time. Then delete it {place}.",
                issued_on.as_ref().map_or("meanwhile".to_owned(), |time| format!("on {}", at(time)))
            ),
        ),
        Orphan::Unsaved { id, predecessor } => Diagnostic::warning(
            format!("The API token {id} may be left behind"),
            format!(
                "It has the name and the rights of the token {predecessor}, and was made after it. An earlier run may have \
                 made it in a rotation and may have been killed before Terraform saved its state. Then nobody knows its \
                 value.\n\nMake sure that no other resource manages it. Then delete it {place}."
            ),
        ),
        Orphan::Unseen { listed, name, asked_on } => Diagnostic::warning(
            format!("Whether a request made an API token \"{name}\" is not known"),
            format!(
                "The request, sent on {}, got no answer, and {}. It may have been made all the same, or may be yet; nobody \
                 would know its value.\n\nLook for a token of this name, \
                 issued from then on, {place}, and delete it unless it is in somebody's state.",
                at(asked_on),
                if *listed {
                    "the list of tokens did not show one that it made"
                } else {
                    "the list of tokens could not be read, so that nobody has looked for one that it made"
                }
            ),
        ),
    };
    Diagnostics(orphans.iter().map(one).collect())
}

/// What is not as it was asked, although the API said success: errors, but for what was merely not watched. Permission
/// groups are named as far as the catalogue knows them.
pub(crate) fn concern(concern: &Concern, catalog: Option<&Catalog>) -> Diagnostic {
    match concern {
        Concern::NotGranted { missing, granted, .. } => {
            let name = |id: &GroupId| match catalog.and_then(|catalog| catalog.get(id)) {
                Some(group) => format!("\"{}\" ({id})", group.name),
                None => id.to_string(),
            };
            let groups: Vec<_> = missing.iter().map(name).collect();
            let what = match granted {
                Some(_) => format!("It left out permission groups: {}.", groups.join(", ")),
                None => {
                    format!("It left out a whole policy, with the permission groups {}.", groups.join(", "))
                }
            };
            let detail = format!(
                "Cloudflare said success, but the token does not have all that was asked. {what}\n\nIt does so where the \
                 provider's own credential does not hold these rights, or where a permission group is retired. Give the \
                 provider's credential the same rights, or take the groups out of `policies`."
            );
            Diagnostic::error("The token was granted less than was asked", detail).at(Path::of(POLICIES))
        }
        Concern::NotAsked { granted } => {
            let groups: Vec<_> = granted.groups().iter().map(ToString::to_string).collect();
            let detail = format!(
                "Cloudflare said success, but the token has a policy that nobody asked for: {} of the permission groups {}. \
                 Do not use the token. Apply again: it is replaced.",
                granted.effect(),
                groups.join(", ")
            );
            Diagnostic::error("The token was granted more than was asked", detail).at(Path::of(POLICIES))
        }
        Concern::Withheld { asked, deny } => {
            let shared: Vec<_> =
                asked.groups().intersection(deny.groups()).map(ToString::to_string).collect();
            let detail = format!(
                "The policy was added, but another policy of the token denies the permission groups {} on the same \
                 resource, and a deny wins. The right does not work.\n\nFind out who needs the deny, and take it out of the \
                 token where nobody does: the data source of the token lists all its policies.",
                shared.join(", ")
            );
            Diagnostic::warning("A deny withholds what was granted", detail).at(Path::of(POLICIES))
        }
        Concern::NotApplied(field) => {
            let detail = format!(
                "Cloudflare said success, but `{field}` is not what it was set to. If it was to be cleared, the API does \
                 not clear it: replace the token (`terraform apply -replace=…`), or set another value."
            );
            Diagnostic::error(format!("`{field}` was not applied"), detail).at(Path::of(&field.to_string()))
        }
        Concern::NotWatched => Diagnostic::warning(
            "A removal was not watched to the end",
            "The policies are removed, but since the run was stopped nobody has watched whether another host's write \
             brings them back. Run `terraform plan` later to see.",
        ),
    }
}

/// All concerns of an outcome, without a catalogue to name permission groups with.
pub(crate) fn concerns(all: &[Concern]) -> Diagnostics {
    Diagnostics(all.iter().map(|one| concern(one, None)).collect())
}

/// The text with its first letter in upper case.
fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
