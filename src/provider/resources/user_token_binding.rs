//! `cloudflare_user_token_binding`: policies added to a user's token that something else manages.

use crate::model;
use crate::provider::binding::BindingFields;
use crate::provider::owner::{Owned, User};

model! {
    /// Policies that a capability needs, added to an API token of the user that another resource, module, state or person
    /// manages. A destroy removes only these policies. Everything else of the token stays as it is.
    ///
    /// It is the counterpart of `cloudflare_token_binding` for `cloudflare_user_api_token`.
    pub(crate) struct Model {
        ..owner: User,
        ..binding: BindingFields,
    }
}

/// The resource type.
pub(crate) struct UserTokenBinding;

impl Owned<BindingFields> for UserTokenBinding {
    type Owner = User;
    type Model = Model;
    const NAME: &'static str = "cloudflare_user_token_binding";
}
