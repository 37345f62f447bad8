//! Secrets of Workers and of stores: their plans as pure functions, the writes of values, and the locks for writes.

pub(crate) mod absence;
pub(crate) mod bulk;
mod decide;
mod holders;
mod list;
pub(crate) mod moved;
mod origin;
pub(crate) mod store;
mod value;
mod worker;

pub(crate) use decide::{Facts, SecretFields, WorkerFields, after, decide, is_text, no_look};
pub(crate) use holders::{Held, Holders};
pub(crate) use list::{SecretFilter, listed};
pub(crate) use origin::Origins;
pub(crate) use value::{Put, SecretValue, put};
pub(crate) use worker::Worker;
