//! `ephemeral "cloudflare_user_api_token"`: a user's token that lives as long as Terraform needs it.

use crate::model;
use crate::provider::owner::{Owned, User};
use crate::provider::token::lent::LentFields;

model! {
    /// An API token of the user for the time of a run: made when Terraform opens it, prolonged while Terraform works, deleted
    /// when it is done. Nothing of it is in a plan or a state. What a crash leaves behind stops working by itself, with its
    /// `ttl`.
    ///
    /// Terraform opens it in every plan, apply and destroy whose configuration is known, so each of these makes a real token
    /// and deletes it: also `terraform plan` needs a user's credential that may write tokens, and the token counts against the
    /// user's quota of 50 while it lives.
    pub(crate) struct Model {
        ..owner: User,
        ..token: LentFields,
    }
}

/// The type.
pub(crate) struct UserApiToken;

impl Owned<LentFields> for UserApiToken {
    type Owner = User;
    type Model = Model;
    const NAME: &'static str = "cloudflare_user_api_token";
}
