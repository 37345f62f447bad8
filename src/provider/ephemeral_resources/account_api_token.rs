//! `ephemeral "cloudflare_account_api_token"`: an account-owned token that lives as long as Terraform needs it.

use crate::model;
use crate::provider::owner::{Account, Owned};
use crate::provider::token::lent::LentFields;

model! {
    /// An API token for the time of a run. The provider makes it when Terraform opens it, prolongs it while Terraform
    /// works, and deletes it at the end. No plan and no state has it. If a crash leaves it behind, it stops working after
    /// its `ttl`.
    ///
    /// Terraform opens it in every plan, apply and destroy whose configuration is known. Each of these makes a real token
    /// and deletes it. So even `terraform plan` needs a credential that can write tokens, and the token counts against the
    /// account's quota while it lives.
    pub(crate) struct Model {
        ..owner: Account,
        ..token: LentFields,
    }
}

/// The ephemeral resource's type.
pub(crate) struct AccountApiToken;

impl Owned<LentFields> for AccountApiToken {
    type Owner = Account;
    type Model = Model;
    const NAME: &'static str = "cloudflare_account_api_token";
}
