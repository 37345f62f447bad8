//! The managed resources, a file or folder each.

pub(crate) mod account_api_token;
pub(crate) mod token_binding;
pub(crate) mod workers_secret;
