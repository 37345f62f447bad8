//! The actions, a type each.

pub(crate) mod api_token_revoke;
