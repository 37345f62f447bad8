//! The ephemeral resources, one file for each type.

pub(crate) mod account_api_token;
pub(crate) mod user_api_token;
