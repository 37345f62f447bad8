//! `cloudflare_user_api_token`, the data source: one token of the user, as it is.

use crate::model;
use crate::provider::owner::{Owned, User};
use crate::provider::token::shown::TokenData;

model! {
    /// An API token of the user who authenticates, found by its id or by its name, whatever made it. Everything but its value,
    /// which the API tells to nobody after it has made the token.
    pub(crate) struct Model {
        ..owner: User,
        ..token: TokenData,
    }
}

/// The type.
pub(crate) struct UserApiToken;

impl Owned<TokenData> for UserApiToken {
    type Owner = User;
    type Model = Model;
    const NAME: &'static str = "cloudflare_user_api_token";
}
