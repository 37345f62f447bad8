//! The data sources, one file for each type.

pub(crate) mod account_api_token;
pub(crate) mod account_api_tokens;
pub(crate) mod api_token_permission_groups;
pub(crate) mod secrets_store;
pub(crate) mod user_api_token;
pub(crate) mod user_api_tokens;
