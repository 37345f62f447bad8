//! The data sources, a file each.

pub(crate) mod account_api_token;
pub(crate) mod account_api_tokens;
pub(crate) mod api_token_permission_groups;
