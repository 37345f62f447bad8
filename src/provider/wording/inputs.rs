//! Ids of imports, and what data sources are asked for.

use crate::owner::Owner;
use crate::tf_provider::framework::Diagnostic;

/// An import id that names no token. `owner` is the first part of the id.
pub(crate) fn wrong_token_id(owner: &str) -> Diagnostic {
    let detail = format!(
        "Write {owner}/<token_id>. Ids have 32 hexadecimal digits in lower case. The first part is optional if the provider's \
         configuration has it."
    );
    Diagnostic::error("Invalid import id", detail)
}

/// An import id that names no binding.
pub(crate) fn wrong_binding_id(owner: &str) -> Diagnostic {
    let detail = format!(
        "Write {owner}/<token_id>/<fingerprint>[,<fingerprint>…]. Ids have 32 hexadecimal digits. The fingerprints are those of the \
         policies that the binding takes over, or at least their first 12 digits. The token's data source lists its fingerprints."
    );
    Diagnostic::error("Invalid import id", detail)
}

/// An import id that names no secret of a Worker.
pub(crate) fn wrong_secret_id() -> Diagnostic {
    let detail = "Write <account_id>/<script_name>/<name>: the account's id of 32 hexadecimal digits, the Worker's name and the \
                  secret's name. The API does not return the secret's value: the next apply puts the configured one.";
    Diagnostic::error("Invalid import id", detail)
}

/// An import id that names no secret of a store.
pub(crate) fn wrong_store_secret_id() -> Diagnostic {
    let detail = "Write <account_id>/<store_id>/<secret_id>: three ids of 32 hexadecimal digits, which the data source \
                  cloudflare_secrets_store lists. The API does not return the secret's value: the next apply puts the configured \
                  one.";
    Diagnostic::error("Invalid import id", detail)
}

/// A data source says neither `id` nor `name`.
pub(crate) fn no_token_named() -> Diagnostic {
    Diagnostic::error("No token is named", "Set `id` or `name` to choose a token.")
}

/// There is no token with this id.
pub(crate) fn no_such_token(id: &str, owner: &Owner) -> Diagnostic {
    let (whose, others) = match owner {
        Owner::Account(_) => ("The account", "another account or a user owns it"),
        Owner::User => ("The user", "another user or an account owns it"),
    };
    let detail = format!(
        "{whose} has no token with this id. It was deleted, or {others}. Correct `id`, or give this block the owner's \
         `account_id` or `provider`."
    );
    Diagnostic::error(format!("There is no API token {id}"), detail)
}

/// There is no token with this name.
pub(crate) fn no_token_of_name(name: &str, owner: &Owner) -> Diagnostic {
    let detail = format!(
        "None of {} has this name. Upper and lower case count. Or the provider's credential cannot list the token. Correct `name`, \
         or check the credential.",
        super::tokens_of(owner)
    );
    Diagnostic::error(format!("There is no API token \"{name}\""), detail)
}

/// Several tokens have this name: a line for each.
pub(crate) fn several_tokens(name: &str, lines: &[String]) -> Diagnostic {
    let detail = format!("Write the `id` of the one that you mean:\n{}", lines.join("\n"));
    Diagnostic::error(format!("{} API tokens are called \"{name}\"", lines.len()), detail)
}
