//! What is said of bindings.

use super::OVERRULED;
use crate::owner::Owner;
use crate::policy::Fingerprint;
use crate::tf_provider::framework::Diagnostic;

/// A resource says that the token has its policies and no others, and another one adds some.
pub(crate) fn exclusive_and_bound(token_id: &str) -> Diagnostic {
    let detail = format!(
        "The policies of the token {token_id} are managed exclusively by its own resource, and a binding of the same run \
         adds others: each would undo the other's work.\n\n{OVERRULED}"
    );
    Diagnostic::error("An exclusive token and a binding to it", detail)
}

/// A token whose id is not known yet gets a binding, and all tokens that the run makes are exclusive.
pub(crate) fn bound_to_new_exclusive() -> Diagnostic {
    let detail = format!(
        "The token does not exist yet, so that the plan cannot tell which one it is. But all tokens of this kind that this run \
         makes manage their policies exclusively, as they do where `policies` is set. If the binding is to one of these, the \
         apply makes the token and then refuses the binding.\n\n{OVERRULED}"
    );
    Diagnostic::warning("The binding may be to an exclusive token", detail)
}

/// Policies that a token had already.
pub(crate) fn adopted(token_id: &str, fingerprints: &[String]) -> Diagnostic {
    let detail = format!(
        "The token {token_id} already had a policy that says the same ({}): of another binding, of its own resource, or made \
         by hand. It is shared now: removing this binding removes it until the other one's next apply.",
        fingerprints.join(", ")
    );
    Diagnostic::warning("The policy was there already", detail)
}

/// An import id that names no binding.
pub(crate) fn wrong_binding_id(owner: &str) -> Diagnostic {
    let detail = format!(
        "Write {owner}/<token_id>/<fingerprint>[,<fingerprint>…]: ids of 32 hexadecimal digits, and the fingerprints (or at \
         least their first 12 digits) of the policies to take over. The data source of the token lists its fingerprints."
    );
    Diagnostic::error("Invalid import id", detail)
}

/// An import names a policy that the token does not have.
pub(crate) fn no_such_policy<'a>(
    token_id: &str,
    text: &str,
    has: impl IntoIterator<Item = &'a Fingerprint>,
) -> Diagnostic {
    let has: Vec<_> = has.into_iter().map(|fingerprint| format!("- {fingerprint}")).collect();
    let detail = format!(
        "Not exactly one policy of the token {token_id} has a fingerprint that starts with {text}. The token's are:\n{}",
        has.join("\n")
    );
    Diagnostic::error("No such policy", detail)
}

/// Policies are to be added to a token that does not exist.
pub(crate) fn bound_to_missing(token_id: &str, owner: &Owner) -> Diagnostic {
    let (asked, others) = match owner {
        Owner::Account(id) => (format!("The account {id}"), "another account's, or a user's"),
        Owner::User => ("The user who authenticates".to_owned(), "another user's, or an account's"),
    };
    let detail = format!(
        "{asked} was asked, and has no token of this id. Usually it was deleted outside of this configuration, or it is \
         {others}: a resource with another `account_id`, or of another provider alias, has made it.\n\nIf it was deleted, have \
         it made anew where it is managed and refer to the new id, or remove this binding. If it is {others}, give the binding \
         the token's own `account_id` and `provider`."
    );
    Diagnostic::error(format!("There is no API token {token_id}"), detail)
}

/// Another token has taken the place of the one that a binding names. `certain`: this host has seen it.
pub(crate) fn token_succeeded(old: &str, new: &str, certain: bool) -> Diagnostic {
    let why = if certain {
        format!("A rotation has made the API token {new}, which takes its place and has its rights.")
    } else {
        format!(
            "It has ended, and the API token {new} has the same name and was made later. Most likely a rotation has made it, and \
             it has the rights of the old one."
        )
    };
    let detail = format!(
        "{why} The binding still names the old one. Write `token_id = \"{new}\"`, or let `token_id` refer to the `id` of the \
         token's resource. The binding moves without a gap."
    );
    Diagnostic::warning(format!("Another token has taken the place of {old}"), detail)
}

/// Policies are to be added to a token that has ended.
pub(crate) fn bound_to_ended(token_id: &str, status: &str) -> Diagnostic {
    let detail = format!(
        "The API says that the token {token_id} is {status}, so it can do nothing, and its policies cannot be changed any \
         more. Bind the capability to another token, or have this one replaced: its own resource does that where its expiry \
         lets a new token live. Bindings to it can be destroyed as they are."
    );
    Diagnostic::error(format!("The API token {token_id} has ended"), detail)
}
