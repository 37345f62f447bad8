//! `cloudflare_user_api_tokens`, the data source: which tokens the user has.

use crate::model;
use crate::provider::owner::{Owned, User};
use crate::provider::token::listed::TokensData;

model! {
    /// The API tokens of the user who authenticates, expired ones included: for an inventory, or to find what nobody uses any
    /// more. The filters add up.
    pub(crate) struct Model {
        ..owner: User,
        ..choice: TokensData,
    }
}

/// The type.
pub(crate) struct UserApiTokens;

impl Owned<TokensData> for UserApiTokens {
    type Owner = User;
    type Model = Model;
    const NAME: &'static str = "cloudflare_user_api_tokens";
}
