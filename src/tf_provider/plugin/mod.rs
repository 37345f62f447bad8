//! The wire: handshake, TLS, the services of go-plugin, one short function per RPC, decode and encode.
//!
//! It knows the protocol and nothing of what a provider does: that is behind the framework's `Server`. It is the only user of tonic
//! and prost, and of stdout, which belongs to the handshake.

mod catalog;
mod connection;
pub mod convert;
pub mod dynamic_value;
mod environment;
mod go_plugin;
pub mod handshake;
pub mod listener;
mod log;
pub mod proto;
mod run;
mod serve;
mod service;
pub mod tls;

pub use environment::Environment;
pub use log::start as start_logging;
pub use run::{About, run};
pub use serve::serve_in_process;
