//! What is said of tokens.

use std::sync::Arc;
use std::time::Duration;

use super::{api, by_hand};
use crate::cloudflare::{Error, Token};
use crate::owner::Owner;
use crate::tf_provider::framework::{Diagnostic, Diagnostics, Path, Severity};
use crate::tokens::{SuccessionError, TokenPolicies, Unfinished};

/// What would cut the provider off, said at plan.
pub(crate) fn own_token(done: &str, owner: &Owner) -> Diagnostic {
    let by_hand = by_hand(owner);
    let detail = format!("It would cut itself off from the API in the middle of the run. {by_hand}");
    Diagnostic::error(format!("The token that the provider authenticates with cannot be {done}"), detail)
}

/// What would take the right to manage tokens from the provider, said at plan.
pub(crate) fn own_rights(owner: &Owner) -> Diagnostic {
    let detail = format!(
        "This change takes the right to manage tokens from it, or denies it: the provider could not undo that, nor go on with \
         the run. {}",
        by_hand(owner)
    );
    Diagnostic::error(
        "The token that the provider authenticates with must keep its right to manage tokens",
        detail,
    )
}

/// The provider's own token cannot be told.
pub(crate) fn own_unknown(error: &Error) -> Diagnostic {
    api("Could not tell which token the provider authenticates with", error)
}

/// A token that Cloudflare itself manages: it stays, and Terraform lets it go.
pub(crate) fn managed_by_cloudflare(id: &str, error: &Error, owner: &Owner) -> Diagnostic {
    let mut warning = api(&format!("The API token {id} was not deleted"), error);
    (warning.severity, warning.path) = (Severity::Warning, None);
    warning.detail = format!(
        "Cloudflare refuses it, as it does for tokens that it manages itself. The token goes on working, and is in no state any more. \
         If it is one of your own, delete it {}.\n\n{}",
        super::dashboard(owner),
        warning.detail
    );
    warning
}

/// A token cannot be read.
pub(crate) fn unreadable(id: &str, error: &Error) -> Diagnostic {
    api(&format!("Could not read the API token {id}"), error)
}

/// An owner's tokens cannot be listed.
pub(crate) fn unlisted(owner: &Owner, error: &Error) -> Diagnostic {
    api(&format!("Could not list {}", tokens_of(owner)), error)
}

fn tokens_of(owner: &Owner) -> &'static str {
    match owner {
        Owner::Account(_) => "the account's API tokens",
        Owner::User => "the user's API tokens",
    }
}

/// The policies of an import that the configuration does not mention.
pub(crate) fn undecided() -> Diagnostic {
    Diagnostic::error(
        "Set exclusive_policies: the imported token has policies that the configuration does not mention",
        "The import took up all policies that the token has, and the configuration has no `policies`. They may be those of \
         bindings, so they are not removed without a word. Set `exclusive_policies = false` to leave them as they are, for \
         bindings to take over, or `exclusive_policies = true` to have them removed.",
    )
    .at(Path::of(super::POLICIES))
}

/// The policies of an import are left to bindings.
pub(crate) fn released() -> Diagnostic {
    Diagnostic::warning(
        "The token keeps the policies that it was imported with",
        "The configuration has no `policies`, so the token's resource does not manage those that the token has: they stay, \
         for bindings to take over (import these too).",
    )
    .at(Path::of(super::POLICIES))
}

/// The policies of others, in words, that an exclusive token will lose.
pub(crate) fn taken_over(others: &[String]) -> Diagnostic {
    let list: Vec<_> = others.iter().map(|policy| format!("- {policy}")).collect();
    let detail = format!(
        "From now on the token has the policies of `policies` only. Others have added these, and they are removed, whoever \
         needs them:\n{}\nTo keep them, set `exclusive_policies = false`.",
        list.join("\n")
    );
    Diagnostic::warning("The token loses the policies of others", detail)
}

/// A token has expired, and a new one would be dead at birth.
pub(crate) fn expired(expires_on: Option<&str>) -> Diagnostic {
    let at = expires_on.unwrap_or("its end");
    let detail = format!(
        "It stopped working on {at}, and the configuration still has that as `expires_on`, so that a new token would be dead \
         at birth. Set a later `expires_on`, or leave it out, and the token is replaced."
    );
    Diagnostic::warning("The token has expired", detail)
}

/// A token had ended when it was imported, and stays as it is.
pub(crate) fn imported_ended(status: &str) -> Diagnostic {
    let detail = format!(
        "It was {status} already when it was imported, so it can do nothing, and it is left as it is. To have a new token in \
         its place, give it another `expires_on`, or run `terraform apply -replace` with its address. To be rid of it, remove \
         its resource."
    );
    Diagnostic::warning("The imported token has ended", detail)
}

/// Configuration is generated for a token that has ended.
pub(crate) fn generated_for_ended(name: &str, status: &str) -> Diagnostic {
    let detail = format!(
        "The token \"{name}\" is {status}. Its configuration is generated as that of any other, without `status`, which says \
         only what the API says. Import it to delete it later, or take its two blocks out of what was generated."
    );
    Diagnostic::warning("Configuration is generated for a token that has ended", detail)
}

/// A list asks for a permission group of which there is none.
pub(crate) fn no_such_group(name: &str, nearest: &[String]) -> Diagnostic {
    let meant: Vec<_> = nearest.iter().map(|name| format!("\"{name}\"")).collect();
    let meant = if meant.is_empty() { String::new() } else { format!(" Like it are {}.", meant.join(", ")) };
    let detail = format!(
        "No permission group is called \"{name}\", upper and lower case as written. Only tokens that still have a group of this \
         name are listed.{meant} The data source cloudflare_api_token_permission_groups lists all."
    );
    Diagnostic::warning("No such permission group", detail)
}

/// A token is rolled; `why` is a clause. Which token it is stands in the summary: Terraform shows one warning for all that have
/// the same.
pub(crate) fn rolled(token: &str, why: &str) -> Diagnostic {
    let detail = format!(
        "The token gets a new value, since {why}; the old one stops working at once, for everybody who uses it."
    );
    Diagnostic::warning(format!("The token is rolled: {token}"), detail)
}

/// The plan cannot know whether a token is rolled: `rotation.every` is not known yet.
pub(crate) fn may_be_rolled(token: &str) -> Diagnostic {
    let detail = "The age of the value is compared with `rotation.every`, which is known at apply only. Where the value is older, \
                  this apply or the next one rotates it.";
    Diagnostic::warning(format!("The token may be rolled: {token}"), detail)
}

/// A new token takes the place of one; `why` is a clause. `previous` is the one that is still in its overlap.
pub(crate) fn succeeded(token: &str, why: &str, overlap: &str, previous: Option<&str>) -> Diagnostic {
    let mut detail = format!(
        "A new API token takes its place, with the same rights, since {why}. The old token and its value go on working for \
         {overlap} after the apply. Then the API ends the old token, and the next apply deletes it."
    );
    if let Some(previous) = previous {
        detail += &format!(" The token before that, {previous}, is deleted now.");
    }
    Diagnostic::warning(format!("A new token takes the place of {token}"), detail)
}

/// An overlap without a rotation.
pub(crate) fn overlap_of_nothing() -> Diagnostic {
    let detail = "`overlap` says for how long the old value goes on working after a rotation, but nothing says when the token is \
                  rotated. Set `every` or `triggers` too, or leave `overlap` out.";
    Diagnostic::error("overlap needs every or triggers", detail)
}

/// An overlap that lasts until the next rotation.
pub(crate) fn overlap_too_long(overlap: &str, every: &str) -> Diagnostic {
    let detail = format!(
        "At most one old token may be in its overlap, so the overlap ({overlap}) must be shorter than the time between two \
         rotations ({every}). Write a shorter `overlap` or a longer `every`."
    );
    Diagnostic::error("overlap must be shorter than every", detail)
}

/// A value that may end before its overlap does.
pub(crate) fn life_too_short(expires_in: &str) -> Diagnostic {
    let detail = format!(
        "A value is rotated when it is as old as `rotation.every` says, and is to go on working for `rotation.overlap` after \
         that. It stops working before that time is over, after {expires_in}. Write an `expires_in` of at least `every` and \
         `overlap` together."
    );
    Diagnostic::error("expires_in leaves no time for the overlap", detail)
}

/// What could not be done with the token in its overlap.
pub(crate) fn previous_not_written(previous: &str) -> String {
    format!("Could not write the previous API token {previous}, which is in its overlap")
}

/// What could not be done before a token is deleted.
pub(crate) fn successor_not_deleted(id: &str) -> String {
    format!("Could not make sure that no unfinished successor of the API token {id} is left")
}

/// No new token took the place of one.
pub(crate) fn no_successor(id: &str, error: &SuccessionError, owner: &Owner) -> Diagnostics {
    let failed = format!("Could not make a new API token in the place of {id}");
    match error {
        SuccessionError::Predecessor(error) => super::write(&failed, error, owner).into(),
        SuccessionError::Create(error) => super::not_created(&failed, error, owner),
    }
}

/// What is still to be done after a new token has taken the place of one.
pub(crate) fn unfinished(old: &str, new: &str, unfinished: &[Unfinished], owner: &Owner) -> Diagnostics {
    let one = |unfinished: &Unfinished| {
        let (failed, error) = match unfinished {
            Unfinished::Predecessor(error) => {
                (format!("The API token {new} has taken the place of {old}, which has no end yet"), error)
            }
            Unfinished::Successor(error) => {
                (format!("The API token {new} has taken the place of {old}, but has not got its name"), error)
            }
            Unfinished::NotDisabled(error) => (
                format!("The API token {new} has taken the place of {old}, but could not be disabled"),
                error,
            ),
        };
        super::write(&failed, error, owner)
    };
    Diagnostics(unfinished.iter().map(one).collect())
}

/// The value in the state is dead, since somebody else has rolled the token.
pub(crate) fn rolled_outside(token: &str) -> Diagnostic {
    let detail = "Somebody has rolled it outside of Terraform: the API says that the value in the state has stopped working. The \
                  token gets a new value. The one that was made outside stops working at once too, for everybody who uses it.";
    Diagnostic::warning(format!("The token is rolled: {token}"), detail)
}

/// A shorter `rotation.every` makes the rotation due, which the next refresh finds.
pub(crate) fn rolled_next_time(token: &str, age: &str) -> Diagnostic {
    let detail = format!(
        "Its value is {age} old, which is more than the new `rotation.every` allows. This run does not roll it: the next one \
         does. To roll it now, change `rotation.triggers` too."
    );
    Diagnostic::warning(format!("The next run rolls the token {token}"), detail)
}

/// A trigger that rolls the value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Trigger {
    /// It was not there before.
    New(String),
    /// It has another value.
    Changed(String),
    /// Its value is not known before apply.
    Unknown(String),
    /// Nothing is known of the triggers before apply.
    AllUnknown,
}

/// Which triggers roll a token, as a clause.
pub(crate) fn triggered(triggers: &[Trigger]) -> String {
    let one = |trigger: &Trigger| match trigger {
        Trigger::New(key) => format!("the trigger `{key}` is new"),
        Trigger::Changed(key) => format!("the trigger `{key}` has changed"),
        Trigger::Unknown(key) => format!("the trigger `{key}` is known at apply only, and may have changed"),
        Trigger::AllUnknown => "`rotation.triggers` is known at apply only, and may have changed".to_owned(),
    };
    triggers.iter().map(one).collect::<Vec<_>>().join(", and ")
}

/// A length of time in words, in the largest unit that it fills.
pub(crate) fn length(of: Duration) -> String {
    let seconds = of.as_secs();
    let units = [(86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")];
    let (count, unit) = units
        .into_iter()
        .find(|(unit, _)| seconds >= *unit)
        .map_or((0, "second"), |(unit, name)| (seconds / unit, name));
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

/// `expires_in` is over already.
pub(crate) fn expires_at_once() -> Diagnostic {
    let detail = "Counted from when the token's value was issued, that time is over: the token would stop working at once. \
                  Write a longer `expires_in`, or have the token rolled in the same run by a change of `rotation.triggers`.";
    Diagnostic::error("The token would expire at once", detail)
}

/// A token that would end before it begins.
pub(crate) fn never_works(start: &str, end: &str) -> Diagnostic {
    let detail = format!(
        "It would begin to work on {start} (`not_before`) and stop working on {end}. Write an earlier `not_before` or a later \
         end."
    );
    Diagnostic::error("The token would never work", detail)
}

/// A new end that has passed.
pub(crate) fn ends_in_the_past(end: &str) -> Diagnostic {
    let detail = format!(
        "`expires_on` is {end}, which is in the past: the token would not work. Write a later time, or leave it out for a token \
         without an end."
    );
    Diagnostic::error("The token would have expired already", detail)
}

/// A rotation that comes after the end of the value that it replaces.
pub(crate) fn rotated_too_late(every: &str, expires_in: &str) -> Diagnostic {
    let detail = format!(
        "A value works for `expires_in = \"{expires_in}\"`, and would be replaced after `rotation.every = \"{every}\"` only: it \
         would stop working first. Write a shorter `every`, with time left for the runs that may come late, or a longer \
         `expires_in`."
    );
    Diagnostic::error("The value would expire before it is rotated", detail)
}

/// A lifetime that gives no point in time.
pub(crate) fn endless(at: Path) -> Diagnostic {
    let detail = format!(
        "`{at}` gives no point in time, so it is not known when the token is to begin or to stop working. Nothing was sent."
    );
    Diagnostic::error("The token's lifetime is not known", detail).at(at)
}

/// A value that could not be encrypted for somebody.
pub(crate) fn not_sealed(name: &str, at: Path) -> Diagnostic {
    let detail = format!("The value could not be sealed for {name:?}. The token was made all the same.");
    Diagnostic::error("Could not seal the token's value", detail).at(at)
}

/// A key that nothing can be sealed for. It is not quoted: it may be a private key by mistake.
pub(crate) fn invalid_key(name: &str, fault: &str) -> Diagnostic {
    Diagnostic::error("Invalid public key", format!("The key of {name:?} in `seal_for` {fault}"))
}

/// A value that is dropped at once.
pub(crate) fn nobody_has_value() -> Diagnostic {
    let detail = "With `store_value = false` and without `seal_for` the value is dropped as soon as the token is made: nobody \
                  will ever have it. Say in `seal_for` who is to have it, or use the ephemeral resource of this type where \
                  the value is needed during the run only.";
    Diagnostic::warning("Nobody will have the token's value", detail)
}

/// A roll has succeeded, and its answer had no value.
pub(crate) fn value_lost(id: &str) -> Diagnostic {
    let detail = "The API answered success, but without the new value: the old one has stopped working, and nobody has the new \
                  one. Apply again: the next plan rolls the token once more.";
    Diagnostic::error(format!("The new value of the API token {id} is lost"), detail)
}

/// The API does not take the value of an ephemeral token yet.
pub(crate) fn not_taken_yet(id: &str) -> Diagnostic {
    let detail = "The API made it, and does not take its value yet, although the provider has waited for that. What uses it now \
                  may be refused. Run again if that happens.";
    Diagnostic::warning(format!("The ephemeral API token {id} may not work yet"), detail)
}

/// An import cannot tell the value.
pub(crate) fn value_is_unknown(id: &str) -> Diagnostic {
    Diagnostic::warning(
        "The token's value is not known",
        format!(
            "The API tells a token's value when it makes it and never again, so `value` of the imported token {id} is null, as \
             it is of every token that this run imports. Whoever has the value can go on using it. To have one in Terraform, \
             roll the token: set `rotation = {{ triggers = {{ … }} }}` to any value. It gets a new value then, and the old one \
             stops working."
        ),
    )
}

fn faults(seen: &TokenPolicies) -> String {
    let faults: Vec<_> = seen.unreadable.iter().map(|(_, fault)| format!("- {fault}")).collect();
    faults.join("\n")
}

/// Policies that have no canonical form, of a token whose policies are managed exclusively.
pub(crate) fn unreadable_policies(seen: &TokenPolicies) -> Diagnostic {
    let detail = format!(
        "They are not shown, and the next change of this token removes them, since its policies are managed exclusively:\n{}",
        faults(seen)
    );
    Diagnostic::warning("The token has policies of an unknown form", detail).at(Path::of(super::POLICIES))
}

/// The same, in a data source; `None` where there are none.
pub(crate) fn not_shown(seen: &TokenPolicies) -> Option<Diagnostic> {
    let detail = format!("They are not in `policies`:\n{}", faults(seen));
    let warning = Diagnostic::warning("The token has policies of an unknown form", detail);
    (!seen.unreadable.is_empty()).then_some(warning)
}

/// The same of the tokens of a list; `None` where there are none.
pub(crate) fn some_not_shown(tokens: &[(TokenPolicies, Arc<Token>)]) -> Option<Diagnostic> {
    let unread = tokens.iter().filter(|(seen, _)| !seen.unreadable.is_empty());
    let lines: Vec<_> = unread.map(|(_, token)| format!("- {} ({})", token.id, token.name)).collect();
    let detail =
        format!("They are not in the `policies` and `grants` of these tokens:\n{}", lines.join("\n"));
    let warning = Diagnostic::warning("Some tokens have policies of an unknown form", detail);
    (!lines.is_empty()).then_some(warning)
}

/// A data source names no token.
pub(crate) fn no_token_named() -> Diagnostic {
    Diagnostic::error("No token is named", "Set `id` or `name`, which say which token it is.")
}

/// There is no token of this id.
pub(crate) fn no_such_token(id: &str, owner: &Owner) -> Diagnostic {
    let detail = match owner {
        Owner::Account(_) => {
            "The account has no token of this id: it was deleted, or it is another account's or a user's."
        }
        Owner::User => {
            "The user has no token of this id: it was deleted, or it is another user's or an account's."
        }
    };
    Diagnostic::error(format!("There is no API token {id}"), detail)
}

/// There is no token of this name.
pub(crate) fn no_token_of_name(name: &str, owner: &Owner) -> Diagnostic {
    let detail = format!(
        "None of {} has this name, upper and lower case as written, or the provider's credential may not list it.",
        tokens_of(owner)
    );
    Diagnostic::error(format!("There is no API token \"{name}\""), detail)
}

/// Several tokens have this name: a line for each.
pub(crate) fn several_tokens(name: &str, lines: &[String]) -> Diagnostic {
    let detail = format!("Write the `id` of the one that is meant:\n{}", lines.join("\n"));
    Diagnostic::error(format!("{} API tokens are called \"{name}\"", lines.len()), detail)
}

/// An import id that names no token.
pub(crate) fn wrong_token_id(owner: &str) -> Diagnostic {
    let detail = format!(
        "Write {owner}/<token_id>: ids have 32 hexadecimal digits, in lower case. The first part may be left out where the \
         provider's configuration says it."
    );
    Diagnostic::error("Invalid import id", detail)
}

/// The system gives no random numbers.
pub(crate) fn no_random_id() -> Diagnostic {
    Diagnostic::error("No id could be made", "The system has no random numbers to give.")
}
