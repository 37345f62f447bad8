//! Bindings.

use super::NOT_EXCLUSIVE;
use crate::owner::Owner;
use crate::policy::Fingerprint;
use crate::tf_provider::framework::Diagnostic;

/// A binding adds policies to a token whose own resource manages all of its policies.
pub(crate) fn exclusive_and_bound(token_id: &str) -> Diagnostic {
    let detail = format!(
        "The resource of the token {token_id} manages the token's policies exclusively, and a binding in the same run adds other \
         policies. Each would undo the other's work.\n\n{NOT_EXCLUSIVE}"
    );
    Diagnostic::error("An exclusive token cannot have a binding", detail)
}

/// A binding to a token that does not exist yet, while all tokens that the run makes are exclusive.
pub(crate) fn bound_to_new_exclusive() -> Diagnostic {
    let detail = format!(
        "The token does not exist yet, so the plan does not know which one it is. All tokens of this kind that this run makes \
         manage their policies exclusively, because they have `policies`. If the binding is to one of them, the apply makes the \
         token and then refuses the binding.\n\n{NOT_EXCLUSIVE}"
    );
    Diagnostic::warning("The binding may be to an exclusive token", detail)
}

/// The token already has the binding's policies.
pub(crate) fn adopted(token_id: &str, fingerprints: &[String]) -> Diagnostic {
    let detail = format!(
        "The token {token_id} already has a policy with the same meaning ({}). Another binding, the token's own resource or a person \
         has added it, and this binding shares it from now on. If you remove this binding, the policy is removed too, until the \
         next apply of the other one adds it again.",
        fingerprints.join(", ")
    );
    Diagnostic::warning("The token already has this policy", detail)
}

/// An import names a policy that the token does not have, or names several.
pub(crate) fn no_such_policy<'a>(
    token_id: &str,
    text: &str,
    has: impl IntoIterator<Item = &'a Fingerprint>,
) -> Diagnostic {
    let has: Vec<_> = has.into_iter().map(|fingerprint| format!("- {fingerprint}")).collect();
    let detail = format!(
        "The fingerprint in the import id must match exactly one policy of the token {token_id}, and {text} does not. Write one of \
         the token's fingerprints:\n{}",
        has.join("\n")
    );
    Diagnostic::error("No such policy", detail)
}

/// A binding to a token that does not exist.
pub(crate) fn bound_to_missing(token_id: &str, owner: &Owner) -> Diagnostic {
    let (who, others) = match owner {
        Owner::Account(id) => (format!("The account {id}"), "another account or a user"),
        Owner::User => ("The user of the provider's credential".to_owned(), "another user or an account"),
    };
    let detail = format!(
        "{who} has no token with this id. Either it was deleted outside of this configuration, or {others} owns it: then a resource \
         with another `account_id` or another provider alias has made it.\n\nIf it was deleted, create the token again in the \
         configuration that manages it and use the new id, or remove this binding. If {others} owns it, give the binding the \
         token's own `account_id` and `provider`."
    );
    Diagnostic::error(format!("There is no API token {token_id}"), detail)
}

/// Another token has taken the place of the one that a binding names. `certain`: this host has made the new token.
pub(crate) fn token_succeeded(old: &str, new: &str, certain: bool) -> Diagnostic {
    let why = if certain {
        format!("A rotation has made the API token {new}, which takes its place and has its rights.")
    } else {
        format!(
            "It has ended, and the API token {new} has the same name and was made later. Most likely a rotation has made it, and it \
             has the rights of the old one."
        )
    };
    let detail = format!(
        "{why} The binding still names the old token. Write `token_id = \"{new}\"`, or let `token_id` refer to the `id` of the \
         token's resource. The binding then moves without a gap."
    );
    Diagnostic::warning(format!("Another token has taken the place of {old}"), detail)
}

/// A binding to a token that has ended.
pub(crate) fn bound_to_ended(token_id: &str, status: &str) -> Diagnostic {
    let detail = format!(
        "The API says that the token {token_id} is {status}. It cannot be used any more, and its policies cannot be changed. Bind \
         the capability to another token, or have this one replaced: its own resource does that if its expiry allows a new token. \
         Bindings to it can still be destroyed."
    );
    Diagnostic::error(format!("The API token {token_id} has ended"), detail)
}
