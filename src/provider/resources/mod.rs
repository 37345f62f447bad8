//! The managed resources, one file for each type.

pub(crate) mod account_api_token;
pub(crate) mod secrets_store_secret;
pub(crate) mod token_binding;
pub(crate) mod user_api_token;
pub(crate) mod user_token_binding;
pub(crate) mod workers_secret;
pub(crate) mod workers_secrets;
