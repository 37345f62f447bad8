//! Tokens: reading them, the provider's own, imports, values.

use std::sync::Arc;

use super::{api, by_hand, dashboard};
use crate::cloudflare::{Error, Token, Unreadable};
use crate::owner::Owner;
use crate::provider::blocks::POLICIES;
use crate::tf_provider::framework::{Diagnostic, Path, Severity};
use crate::tokens::TokenPolicies;

/// A change would end the provider's own access. `done` is a participle, such as `deleted`.
pub(crate) fn own_token(done: &str, owner: &Owner) -> Diagnostic {
    let detail = format!("The provider would lose its access to the API during the run. {}", by_hand(owner));
    Diagnostic::error(format!("The token that the provider authenticates with cannot be {done}"), detail)
}

/// A change would take from the provider the right to manage tokens.
pub(crate) fn own_rights(owner: &Owner) -> Diagnostic {
    let detail = format!(
        "This change removes or denies the right to manage tokens. The provider could then neither undo the change nor finish the \
         run. {}",
        by_hand(owner)
    );
    Diagnostic::error(
        "The token that the provider authenticates with must keep its right to manage tokens",
        detail,
    )
}

/// The provider does not know which token is its own.
pub(crate) fn own_unknown(error: &Error) -> Diagnostic {
    api("Could not find out which token the provider authenticates with", error)
}

/// Cloudflare itself manages a token: the token stays, and Terraform removes it from the state.
pub(crate) fn managed_by_cloudflare(id: &str, error: &Error, owner: &Owner) -> Diagnostic {
    let mut warning = api(&format!("The API token {id} was not deleted"), error);
    (warning.severity, warning.path) = (Severity::Warning, None);
    warning.detail = format!(
        "Cloudflare refuses to delete the token, as it does for tokens that it manages itself. The token keeps working, and \
         Terraform has removed it from the state. If it is one of your own, delete it {}.\n\n{}",
        dashboard(owner),
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

pub(super) fn tokens_of(owner: &Owner) -> &'static str {
    match owner {
        Owner::Account(_) => "the account's API tokens",
        Owner::User => "the user's API tokens",
    }
}

/// Tokens of a list do not have the form that the API documents. `None` if all have it.
pub(crate) fn unreadable_tokens(unreadable: &[Unreadable]) -> Option<Diagnostic> {
    if unreadable.is_empty() {
        return None;
    }
    let line = |token: &Unreadable| {
        format!("- {}: {}", token.id.as_deref().unwrap_or("a token without an id"), token.detail)
    };
    let lines: Vec<_> = unreadable.iter().map(line).collect();
    let detail = format!(
        "The API's list contains tokens in a form that the provider does not know. They are left out:\n{}\n\nYou can see them in \
         the dashboard. A newer version of the provider may know the form.",
        lines.join("\n")
    );
    Some(Diagnostic::warning("Some API tokens could not be read", detail))
}

/// Tokens of a list have policies of an unknown form. `None` if no token has one.
pub(crate) fn some_not_shown(tokens: &[(TokenPolicies, Arc<Token>)]) -> Option<Diagnostic> {
    let unread = tokens.iter().filter(|(seen, _)| !seen.unreadable.is_empty());
    let lines: Vec<_> = unread.map(|(_, token)| format!("- {} ({})", token.id, token.name)).collect();
    let detail = format!(
        "The provider cannot read some policies of these tokens, so their `policies` and `grants` do not show them. A newer \
         version of the provider may be able to.\n{}",
        lines.join("\n")
    );
    let warning = Diagnostic::warning("Some tokens have policies of an unknown form", detail);
    (!lines.is_empty()).then_some(warning)
}

/// An imported token has policies, and the configuration does not say what happens to them.
pub(crate) fn undecided() -> Diagnostic {
    Diagnostic::error(
        "Set exclusive_policies: the imported token has policies that the configuration does not mention",
        "The configuration has no `policies`, but the imported token has some. They may belong to bindings, so Terraform does not \
         remove them without your decision. Set `exclusive_policies = false` to keep them, so that bindings can take them over. \
         Set `exclusive_policies = true` to remove them.",
    )
    .at(Path::of(POLICIES))
}

/// The policies of an imported token are left to bindings.
pub(crate) fn released() -> Diagnostic {
    Diagnostic::warning(
        "The token keeps the policies that it was imported with",
        "The configuration has no `policies`, so the token's resource does not manage the policies that the token has. They stay. \
         Import bindings to take them over.",
    )
    .at(Path::of(POLICIES))
}

/// An exclusive token loses policies that others have added, which are in words.
pub(crate) fn taken_over(others: &[String]) -> Diagnostic {
    let list: Vec<_> = others.iter().map(|policy| format!("- {policy}")).collect();
    let detail = format!(
        "From now on the token has only the policies in `policies`. Something else has added these policies, and the apply removes \
         them:\n{}\nTo keep them, set `exclusive_policies = false`.",
        list.join("\n")
    );
    Diagnostic::warning("The token loses policies that others have added", detail)
}

/// A value could not be encrypted for a recipient.
pub(crate) fn not_sealed(name: &str, at: Path) -> Diagnostic {
    let detail = format!(
        "The value could not be sealed for {name:?}. The token has been made. Check the public key in `seal_for`, then roll the \
         token: its new value is sealed again."
    );
    Diagnostic::error("Could not seal the token's value", detail).at(at)
}

/// A public key that nothing can be sealed for. The text does not quote it, because it may be a private key by mistake.
pub(crate) fn invalid_key(name: &str, fault: &str) -> Diagnostic {
    Diagnostic::error("Invalid public key", format!("The key of {name:?} in `seal_for` {fault}"))
}

/// A value that goes nowhere.
pub(crate) fn value_goes_nowhere() -> Diagnostic {
    let detail = "With `store_value = false` and without `seal_for`, the provider drops the value as soon as the token is made, and \
                  nothing can ever use the token. Set `seal_for` to hand the value on. Or use the ephemeral resource of this type if \
                  only this run needs the value.";
    Diagnostic::warning("The token's value goes nowhere", detail)
}

/// The API does not accept the value of an ephemeral token yet.
pub(crate) fn not_taken_yet(id: &str) -> Diagnostic {
    let detail = "The API made the token, but does not accept its value yet, although the provider has waited for that. Requests \
                  with the value may be refused. If that happens, run again.";
    Diagnostic::warning(format!("The ephemeral API token {id} may not work yet"), detail)
}

/// An import cannot read the value.
pub(crate) fn value_is_unknown(id: &str) -> Diagnostic {
    Diagnostic::warning(
        "The token's value is not known",
        format!(
            "The API returns a token's value only once, when it makes the value. So `value` of the imported token {id} is null, as \
             for every token that this run imports. Programs that have the value can keep using it. To have a value in Terraform, \
             roll the token: set `rotation = {{ triggers = {{ … }} }}` to any value. The old value then stops working."
        ),
    )
}

/// The system gives no random numbers.
pub(crate) fn no_random_id() -> Diagnostic {
    Diagnostic::error(
        "Could not make an id",
        "The operating system gives no random numbers. Nothing was sent. Apply again.",
    )
}
