//! The list resources, which `terraform query` asks, a type each.

pub(crate) mod account_api_token;
pub(crate) mod user_api_token;
pub(crate) mod workers_secret;
