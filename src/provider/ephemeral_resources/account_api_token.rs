//! `ephemeral "cloudflare_account_api_token"`: an account-owned token that lives as long as Terraform needs it.

use crate::model;
use crate::provider::owner::{Account, Owned};
use crate::provider::token::lent::LentFields;

model! {
    /// An API token for the time of a run: made when Terraform opens it, prolonged while Terraform works, deleted when it is
    /// done. Nothing of it is in a plan or a state. What a crash leaves behind stops working by itself, with its `ttl`.
    ///
    /// Terraform opens it in every plan, apply and destroy whose configuration is known, so each of these makes a real token
    /// and deletes it: also `terraform plan` needs a credential that may write tokens, and the token counts against the
    /// account's quota while it lives.
    pub(crate) struct Model {
        ..owner: Account,
        ..token: LentFields,
    }
}

/// The type.
pub(crate) struct AccountApiToken;

impl Owned<LentFields> for AccountApiToken {
    type Owner = Account;
    type Model = Model;
    const NAME: &'static str = "cloudflare_account_api_token";
}
