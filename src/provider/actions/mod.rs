//! The actions, one file for each type.

pub(crate) mod api_token_revoke;
