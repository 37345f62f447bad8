//! The data source `cloudflare_user_api_token`: one token of the user.

use crate::model;
use crate::provider::owner::{Owned, User};
use crate::provider::token::shown::TokenData;

model! {
    /// An API token of the user of the provider's credential, found by its id or by its name, even if Terraform did not
    /// make it. The data source has everything but the value, which the API returns only when it makes the token.
    pub(crate) struct Model {
        ..owner: User,
        ..token: TokenData,
    }
}

/// The data source's type.
pub(crate) struct UserApiToken;

impl Owned<TokenData> for UserApiToken {
    type Owner = User;
    type Model = Model;
    const NAME: &'static str = "cloudflare_user_api_token";
}
