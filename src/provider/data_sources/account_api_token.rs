//! `cloudflare_account_api_token`, the data source: one account-owned token, as it is.

use crate::model;
use crate::provider::owner::{Account, Owned};
use crate::provider::token::shown::TokenData;

model! {
    /// An API token that an account owns, found by its id or by its name, whoever made it. Everything but its value, which
    /// the API tells to nobody after it has made the token.
    pub(crate) struct Model {
        ..owner: Account,
        ..token: TokenData,
    }
}

/// The type.
pub(crate) struct AccountApiToken;

impl Owned<TokenData> for AccountApiToken {
    type Owner = Account;
    type Model = Model;
    const NAME: &'static str = "cloudflare_account_api_token";
}
