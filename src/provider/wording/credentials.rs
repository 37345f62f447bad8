//! The provider's own configuration: its credential, its account, its user.

use std::time::Duration;

use super::length;
use crate::provider::credentials::{Flaw, Kind};
use crate::tf_provider::framework::Diagnostic;

/// No credential is configured.
pub(crate) fn no_credentials() -> Diagnostic {
    Diagnostic::error(
        "No credentials",
        "Set `api_token` in the provider block, or CLOUDFLARE_API_TOKEN in the environment, to an API token with the permission \
         group \"Account API Tokens Write\". Or set `api_key` and `email`: the global API key and its user's address.",
    )
}

/// Both kinds of credentials are configured.
pub(crate) fn two_credentials() -> Diagnostic {
    Diagnostic::error(
        "Two credentials",
        "Both an API token and a global API key are set (CLOUDFLARE_API_TOKEN and CLOUDFLARE_API_KEY). Unset one of them, or set \
         the one to use in the provider block. A token with only the rights that it needs is the better choice.",
    )
}

/// The global API key is configured without its user's address.
pub(crate) fn no_email() -> Diagnostic {
    Diagnostic::error(
        "No e-mail address for the global API key",
        "Set `email` beside `api_key`, or CLOUDFLARE_EMAIL in the environment.",
    )
}

/// A credential has a form that cannot work. `place` is the argument or the variable that it comes from.
pub(crate) fn flawed_credential(kind: Kind, flaw: Flaw, place: &str) -> Diagnostic {
    let what = match kind {
        Kind::Token => "The API token",
        Kind::Key => "The global API key",
        Kind::Email => "The e-mail address",
    };
    let (fault, way_out) = match flaw {
        Flaw::Bearer => ("has `Bearer` in front", "Remove it: the provider adds it."),
        Flaw::LineBreak => (
            "starts or ends with a line break",
            "Remove it: write `trimspace(file(…))`, or `$(cat file)` in a shell.",
        ),
        Flaw::Space => ("starts or ends with a space", "Remove it."),
        Flaw::Quotes => ("is in quotation marks", "Remove them: they have become a part of the value."),
        Flaw::Inside => (
            "has a space or a line break in it",
            "Copy the value again, completely and without anything else.",
        ),
        Flaw::KeyAsToken => (
            "is a global API key (`cfk_…`)",
            "Set it as `api_key`, with `email` (CLOUDFLARE_API_KEY and CLOUDFLARE_EMAIL). An API token with only the rights that \
             it needs is the better choice.",
        ),
        Flaw::UserTokenAsKey => (
            "is a user's API token (`cfut_…`)",
            "Set it as `api_token` (CLOUDFLARE_API_TOKEN), without `email`.",
        ),
        Flaw::AccountTokenAsKey => (
            "is an account's API token (`cfat_…`)",
            "Set it as `api_token` (CLOUDFLARE_API_TOKEN), without `email`.",
        ),
    };
    Diagnostic::error("Invalid credential", format!("{what} in {place} {fault}. {way_out}"))
}

/// The provider's configuration is not completely known yet.
pub(crate) fn not_configured() -> Diagnostic {
    Diagnostic::error(
        "The provider is not configured",
        "A part of the provider's configuration is not known yet, for example because it comes from a resource that does not \
         exist yet. Apply that resource first (`terraform apply -target=…`), or set the value another way.",
    )
}

/// The client refuses its configuration.
pub(crate) fn invalid_configuration(error: &crate::cloudflare::Error) -> Diagnostic {
    super::api("Invalid provider configuration", error)
}

/// No account is configured.
pub(crate) fn no_account() -> Diagnostic {
    let detail = "Set `account_id` here or in the provider block, or CLOUDFLARE_ACCOUNT_ID in the environment. The dashboard shows \
                  the id on the account's overview page: 32 hexadecimal digits.";
    Diagnostic::error("No account", detail)
}

/// The environment's account id is malformed.
pub(crate) fn invalid_account() -> Diagnostic {
    Diagnostic::error(
        "Invalid account",
        "CLOUDFLARE_ACCOUNT_ID is not the id of an account. An id has 32 hexadecimal digits in lower case. The dashboard shows it \
         on the account's overview page.",
    )
}

/// The environment's directory for lock files depends on where Terraform runs.
pub(crate) fn relative_lock_directory() -> Diagnostic {
    Diagnostic::error(
        "Invalid lock directory",
        "CLOUDFLARE_LOCK_DIRECTORY is not an absolute path. Every run on this host must find the same directory, from wherever it \
         is started. Write a path from the root, without `~`.",
    )
}

/// The provider authenticates with an account's token, which has no user. `place` is where the token comes from.
pub(crate) fn no_user(place: &str) -> Diagnostic {
    let detail = format!(
        "The provider authenticates with an account-owned token (`cfat_…`, in {place}). It belongs to no user, so it can neither \
         read nor manage a user's tokens. Give this provider configuration a user's credential: a user token (`cfut_…`) with the \
         permission group \"API Tokens Write\", or `api_key` and `email`. One configuration can have both credentials: add a \
         second provider block with an `alias`."
    );
    Diagnostic::error("A user's credential is needed", detail)
}

/// The account was unknown at plan, and is not the one that the plan assumed.
pub(crate) fn another_account(before: &str, after: &str) -> Diagnostic {
    let detail = format!(
        "When this was planned, `account_id` was not known yet, so the plan kept the object in the account {before}. Now the \
         account is {after}, where the object would have to be created anew. Nothing was changed. Plan again: the plan then shows \
         the replacement."
    );
    Diagnostic::error("The account is another one", detail)
}

/// The provider's credential ends soon.
pub(crate) fn credential_ends(left: Duration) -> Diagnostic {
    let detail = format!(
        "The credential expires in {}. Every run after that fails, and so does an apply that is still going on. Give the provider \
         another credential in time, or give this one a later end.",
        length(left)
    );
    Diagnostic::warning("The provider's credential expires soon", detail)
}

/// The account's list of zones does not contain a zone.
pub(crate) fn zone_of_another(zone: &str, account: &str, seen: usize) -> Diagnostic {
    let detail = format!(
        "The provider's credential can see {seen} of the zones of the account {account}, and this zone is not among them. Usually \
         it belongs to another account or was deleted, and the apply then fails. Or the credential cannot read it. Correct the id, \
         or make the token in the zone's own account (`account_id`, or another provider alias)."
    );
    Diagnostic::warning(format!("The account does not seem to have the zone {zone}"), detail)
}
