//! `cloudflare_account_api_tokens`, the data source: which tokens an account has.

use crate::model;
use crate::provider::owner::{Account, Owned};
use crate::provider::token::listed::TokensData;

model! {
    /// The API tokens that an account owns, as far as the provider's credential may see them, expired ones included: for an
    /// inventory, or to find what nobody uses any more. The filters add up.
    pub(crate) struct Model {
        ..owner: Account,
        ..choice: TokensData,
    }
}

/// The type.
pub(crate) struct AccountApiTokens;

impl Owned<TokensData> for AccountApiTokens {
    type Owner = Account;
    type Model = Model;
    const NAME: &'static str = "cloudflare_account_api_tokens";
}
