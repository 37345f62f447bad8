//! The data source `cloudflare_account_api_tokens`: the tokens of an account.

use crate::model;
use crate::provider::owner::{Account, Owned};
use crate::provider::token::listed::TokensData;

model! {
    /// The API tokens that an account owns, as far as the provider's credential can list them, including expired ones. Use
    /// it for an inventory, or to find tokens that are not used any more. A token must match all filters.
    pub(crate) struct Model {
        ..owner: Account,
        ..choice: TokensData,
    }
}

/// The data source's type.
pub(crate) struct AccountApiTokens;

impl Owned<TokensData> for AccountApiTokens {
    type Owner = Account;
    type Model = Model;
    const NAME: &'static str = "cloudflare_account_api_tokens";
}
