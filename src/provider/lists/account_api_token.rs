//! `cloudflare_account_api_token`: the API tokens of an account.

use crate::model;
use crate::provider::owner::{Account, Owned};
use crate::provider::token::search::TokenFilter;

model! {
    /// The API tokens of an account, including those that Terraform did not make: to see what exists, and to import it.
    pub(crate) struct Model {
        ..owner: Account,
        ..filter: TokenFilter,
    }
}

/// The list resource's type.
pub(crate) struct AccountApiToken;

impl Owned<TokenFilter> for AccountApiToken {
    type Owner = Account;
    type Model = Model;
    const NAME: &'static str = "cloudflare_account_api_token";
}
