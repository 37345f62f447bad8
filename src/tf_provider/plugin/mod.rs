//! The wire: handshake, TLS, the services of go-plugin, one short function per RPC, decode and encode.
//!
//! This layer knows the protocol and not the provider, which is behind the framework's `Registry`. Only this layer uses
//! tonic, prost and stdout. stdout belongs to the handshake.

mod process;
mod rpc;
mod wire;

pub use process::{About, Environment, handshake, listener, run, serve_in_process, start_logging, tls};
pub use wire::{dynamic_value, proto};
