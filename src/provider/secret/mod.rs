//! Secrets: what becomes of one of a Worker or of a store, as pure functions; how a value is written; and the locks of what holds
//! them.

mod decide;
mod holders;
mod list;
pub(crate) mod moved;
pub(crate) mod store;
mod value;

pub(crate) use decide::{Facts, SecretFields, after, decide, is_text};
pub(crate) use holders::Holders;
pub(crate) use list::{SecretFilter, listed};
pub(crate) use value::{Put, SecretValue, put};
