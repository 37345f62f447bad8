//! Secrets of Workers and of stores: their plans as pure functions, the writes of values, and the locks.

mod decide;
mod holders;
mod list;
pub(crate) mod moved;
mod origin;
pub(crate) mod store;
mod value;

pub(crate) use decide::{Facts, SecretFields, after, decide, is_text};
pub(crate) use holders::Holders;
pub(crate) use list::{SecretFilter, listed};
pub(crate) use origin::Origins;
pub(crate) use value::{Put, SecretValue, put};
