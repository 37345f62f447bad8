//! `cloudflare_user_api_token`: the API tokens of the credential's user.

use crate::model;
use crate::provider::owner::{Owned, User};
use crate::provider::token::search::TokenFilter;

model! {
    /// The API tokens of the user of the provider's credential: to see what exists, and to import it. The provider needs a
    /// user's credential for it.
    pub(crate) struct Model {
        ..owner: User,
        ..filter: TokenFilter,
    }
}

/// The list resource's type.
pub(crate) struct UserApiToken;

impl Owned<TokenFilter> for UserApiToken {
    type Owner = User;
    type Model = Model;
    const NAME: &'static str = "cloudflare_user_api_token";
}
