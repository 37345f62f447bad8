//! The wire: handshake, TLS, the services of go-plugin, one short function per RPC, decode and encode.
//!
//! It knows the protocol and nothing of what a provider does: that is behind the framework's `Registry`. It is the only user of tonic
//! and prost, and of stdout, which belongs to the handshake.

mod process;
mod rpc;
mod wire;

pub use process::{About, Environment, handshake, listener, run, serve_in_process, start_logging, tls};
pub use wire::{dynamic_value, proto};
