//! Workers' secrets: what becomes of one, as pure functions, and the lock of the Workers that have them.

mod decide;
mod list;
pub(crate) mod moved;
mod workers;

pub(crate) use decide::{Facts, Put, SecretFields, decide, is_text};
pub(crate) use list::{SecretFilter, listed};
pub(crate) use workers::Workers;
