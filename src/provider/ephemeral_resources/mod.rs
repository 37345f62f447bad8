//! The ephemeral resources, a type each.

pub(crate) mod account_api_token;
pub(crate) mod user_api_token;
