//! `cloudflare_account_api_token`: an account-owned API token.

use crate::model;
use crate::provider::owner::{Account, Owned};
use crate::provider::token::TokenFields;

model! {
    /// An API token that an account owns. It keeps working when the person who made it leaves.
    ///
    /// Permission groups go by name. Order and spelling make no difference. A token without `policies` has no rights by
    /// itself: each capability that needs a right adds it with a `cloudflare_token_binding`.
    pub(crate) struct Model {
        ..owner: Account,
        ..token: TokenFields,
    }
}

/// The resource type.
pub(crate) struct AccountApiToken;

impl Owned<TokenFields> for AccountApiToken {
    type Owner = Account;
    type Model = Model;
    const NAME: &'static str = "cloudflare_account_api_token";
}
