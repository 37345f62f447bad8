//! The data source `cloudflare_user_api_tokens`: the tokens of the user.

use crate::model;
use crate::provider::owner::{Owned, User};
use crate::provider::token::listed::TokensData;

model! {
    /// The API tokens of the user of the provider's credential, including expired ones. Use it for an inventory, or to find
    /// tokens that are not used any more. A token must match all filters.
    pub(crate) struct Model {
        ..owner: User,
        ..choice: TokensData,
    }
}

/// The data source's type.
pub(crate) struct UserApiTokens;

impl Owned<TokensData> for UserApiTokens {
    type Owner = User;
    type Model = Model;
    const NAME: &'static str = "cloudflare_user_api_tokens";
}
