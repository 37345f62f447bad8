//! The wire: handshake, TLS, the services of go-plugin, one short function per RPC, decode and encode.
