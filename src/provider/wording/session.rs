//! What is said where the API cannot be reached, or not for this owner.

use std::time::Duration;

use super::length;
use crate::provider::credentials::{Flaw, Kind};
use crate::tf_provider::framework::Diagnostic;

/// Nothing says with which credential to authenticate.
pub(crate) fn no_credentials() -> Diagnostic {
    Diagnostic::error(
        "No credentials",
        "Set `api_token` in the provider block, or CLOUDFLARE_API_TOKEN in the environment, to an API token with the right \
         \"Account API Tokens Write\". (Or set `api_key` and `email`, the global API key.)",
    )
}

/// A credential is not written as it must be. `place`: the argument or the variable that it came from.
pub(crate) fn flawed_credential(kind: Kind, flaw: Flaw, place: &str) -> Diagnostic {
    let what = match kind {
        Kind::Token => "The API token",
        Kind::Key => "The global API key",
        Kind::Email => "The e-mail address",
    };
    let (fault, way_out) = match flaw {
        Flaw::Bearer => ("has `Bearer` in front", "Leave it out: the provider adds it."),
        Flaw::LineBreak => (
            "starts or ends with a line break",
            "Remove it: `trimspace(file(…))`, or `$(cat file)` in a shell.",
        ),
        Flaw::Space => ("starts or ends with a space", "Remove it."),
        Flaw::Quotes => ("is in quotation marks", "Remove them: they have become a part of the value."),
        Flaw::Inside => ("has a space or a line break in it", "Copy it anew, as a whole and nothing else."),
        Flaw::KeyAsToken => (
            "is a global API key (`cfk_…`)",
            "Set it as `api_key`, with `email` (CLOUDFLARE_API_KEY and CLOUDFLARE_EMAIL). An API token with just the rights \
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

/// A part of the provider's configuration is not known yet.
pub(crate) fn not_configured() -> Diagnostic {
    Diagnostic::error(
        "The provider is not configured",
        "A part of the provider's configuration is not known yet, for example because a resource that is not created yet \
         provides it. Apply that resource first (`terraform apply -target=…`), or set the value another way.",
    )
}

/// Neither the type nor the provider says which account.
pub(crate) fn no_account() -> Diagnostic {
    let detail = "Set `account_id` here or in the provider block, or CLOUDFLARE_ACCOUNT_ID in the environment: the id of the \
                  account that the dashboard shows on the account's overview page, 32 hexadecimal digits.";
    Diagnostic::error("No account", detail)
}

/// The provider authenticates with an account's token, which has no user.
pub(crate) fn no_user(place: &str) -> Diagnostic {
    let detail = format!(
        "The provider authenticates with an account-owned token (`cfat_…`, in {place}): it belongs to no user, so it can \
         neither manage nor read a user's tokens. Give this provider configuration a user's credential: a user token \
         (`cfut_…`) with the right \"API Tokens Write\", or `api_key` and `email`. A second provider block with an `alias` \
         lets one configuration have both."
    );
    Diagnostic::error("A user's credential is needed", detail)
}

/// The account turns out to be another one than the object's, which the plan could not know.
pub(crate) fn another_account(before: &str, after: &str) -> Diagnostic {
    let detail = format!(
        "When this was planned, `account_id` was not known yet, so the plan kept what is there, in the account {before}. It has \
         turned out to be {after}, where it would have to be made anew. Nothing was changed. Plan again: now that the account \
         is known, the plan shows the replacement."
    );
    Diagnostic::error("The account is another one", detail)
}

/// The provider's credential ends soon.
pub(crate) fn credential_ends(left: Duration) -> Diagnostic {
    let detail = format!(
        "It expires in {}: an apply after that fails, and so does every later run. Give the provider another credential in time, \
         or move the end of this one.",
        length(left)
    );
    Diagnostic::warning("The provider's credential expires soon", detail)
}

/// A zone is not among those of the account.
pub(crate) fn zone_of_another(zone: &str, account: &str, seen: usize) -> Diagnostic {
    let detail = format!(
        "The provider's credential sees {seen} of the zones of the account {account}, and not this one. Usually it is the zone of \
         another account, or it was deleted, and the apply fails; or the credential may not read it. Correct the id, or make \
         the token in the zone's own account (`account_id`, or another provider alias)."
    );
    Diagnostic::warning(format!("The account does not seem to have the zone {zone}"), detail)
}
