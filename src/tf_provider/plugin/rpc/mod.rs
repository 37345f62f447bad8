//! The provider's RPCs.

mod catalog;
mod service;

pub(super) use service::Service;
