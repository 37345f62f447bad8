//! The ephemeral resources, a file each.

pub(crate) mod account_api_token;
