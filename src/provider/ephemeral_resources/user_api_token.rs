//! `ephemeral "cloudflare_user_api_token"`: a user's token that lives as long as Terraform needs it.

use crate::model;
use crate::provider::owner::{Owned, User};
use crate::provider::token::lent::LentFields;

model! {
    /// An API token of the user for the time of a run. The provider makes it when Terraform opens it, prolongs it while
    /// Terraform works, and deletes it at the end. No plan and no state has it. If a crash leaves it behind, it stops
    /// working after its `ttl`.
    ///
    /// Terraform opens it in every plan, apply and destroy whose configuration is known. Each of these makes a real token
    /// and deletes it. So even `terraform plan` needs a user's credential that can write tokens, and the token counts
    /// against the user's quota of 50 while it lives.
    pub(crate) struct Model {
        ..owner: User,
        ..token: LentFields,
    }
}

/// The ephemeral resource's type.
pub(crate) struct UserApiToken;

impl Owned<LentFields> for UserApiToken {
    type Owner = User;
    type Model = Model;
    const NAME: &'static str = "cloudflare_user_api_token";
}
