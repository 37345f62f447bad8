//! The data source `cloudflare_account_api_token`: one account-owned token.

use crate::model;
use crate::provider::owner::{Account, Owned};
use crate::provider::token::shown::TokenData;

model! {
    /// An API token that an account owns, found by its id or by its name, even if Terraform did not make it. The data
    /// source has everything but the value, which the API returns only when it makes the token.
    pub(crate) struct Model {
        ..owner: Account,
        ..token: TokenData,
    }
}

/// The data source's type.
pub(crate) struct AccountApiToken;

impl Owned<TokenData> for AccountApiToken {
    type Owner = Account;
    type Model = Model;
    const NAME: &'static str = "cloudflare_account_api_token";
}
