//! `cloudflare_user_api_token`: an API token of the credential's user.

use crate::model;
use crate::provider::owner::{Owned, User};
use crate::provider::token::TokenFields;

model! {
    /// An API token of the user of the provider's credential, for programs that act for a person: command line tools,
    /// personal automation, and tools that refuse account-owned tokens. It can do at most what its user may do, and ends
    /// with the user's access. Prefer `cloudflare_account_api_token` for everything else.
    ///
    /// The provider needs a user's credential for it: a user token with *API Tokens Write*, or the global API key. An
    /// account-owned token cannot manage it. A policy has no account as its default target: write `zones`, or `resources`
    /// with the account's key, such as `provider::cloudflare::account_resource(…)`. A user can have 50 tokens.
    pub(crate) struct Model {
        ..owner: User,
        ..token: TokenFields,
    }
}

/// The resource type.
pub(crate) struct UserApiToken;

impl Owned<TokenFields> for UserApiToken {
    type Owner = User;
    type Model = Model;
    const NAME: &'static str = "cloudflare_user_api_token";
}
