//! `cloudflare_user_api_token`: the API tokens of the user who authenticates.

use crate::model;
use crate::provider::owner::{Owned, User};
use crate::provider::token::search::TokenFilter;

model! {
    /// The API tokens of the user who authenticates: to see which there are, and to bring them into Terraform. The provider
    /// needs a user's credential for it.
    pub(crate) struct Model {
        ..owner: User,
        ..filter: TokenFilter,
    }
}

/// The type.
pub(crate) struct UserApiToken;

impl Owned<TokenFilter> for UserApiToken {
    type Owner = User;
    type Model = Model;
    const NAME: &'static str = "cloudflare_user_api_token";
}
