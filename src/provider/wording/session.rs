//! What is said where the API cannot be reached, or not for this owner.

use crate::tf_provider::framework::Diagnostic;

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
pub(crate) fn no_user() -> Diagnostic {
    let detail = "The provider authenticates with an account-owned token (`cfat_…`): it belongs to no user, so it can neither \
                  manage nor read a user's tokens. Give this provider configuration a user's credential: a user token \
                  (`cfut_…`) with the right \"API Tokens Write\", or `api_key` and `email`. A second provider block with an \
                  `alias` lets one configuration have both.";
    Diagnostic::error("A user's credential is needed", detail)
}
