//! The process: handshake, listener, TLS, serving, leaving, and the log.

mod connection;
mod environment;
mod go_plugin;
pub mod handshake;
pub mod listener;
mod log;
mod run;
mod serve;
mod signals;
pub mod tls;

pub use environment::Environment;
pub use log::start as start_logging;
pub use run::{About, run};
pub use serve::serve_in_process;
