//! `cloudflare_token_binding`: policies added to an account-owned token that something else manages.

use crate::model;
use crate::provider::binding::BindingFields;
use crate::provider::owner::{Account, Owned};

model! {
    /// Policies that a capability needs, added to an API token that another resource, module, state or person owns. A
    /// destroy removes only these policies. Everything else of the token stays as it is.
    pub(crate) struct Model {
        ..owner: Account,
        ..binding: BindingFields,
    }
}

/// The resource type.
pub(crate) struct TokenBinding;

impl Owned<BindingFields> for TokenBinding {
    type Owner = Account;
    type Model = Model;
    const NAME: &'static str = "cloudflare_token_binding";
}
