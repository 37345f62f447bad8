//! The wire: handshake, TLS, the services of go-plugin, one short function per RPC, decode and encode.
//!
//! It knows the protocol and nothing of what a provider does: that is behind [`framework::Server`].
//!
//! [`framework::Server`]: super::framework::Server

pub mod proto;
