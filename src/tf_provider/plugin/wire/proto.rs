//! The generated messages and services of `proto/`. `tests/it/protocol.rs` compares them with the contract.
//!
//! Messages with configuration or state are zeroed on drop, and `Debug` shows nothing of their content.

#![allow(missing_docs, unreachable_pub, clippy::all, clippy::large_futures)]

use std::fmt;

use zeroize::Zeroize;

tonic::include_proto!("tfplugin6");

/// go-plugin's own services.
pub mod go_plugin {
    tonic::include_proto!("plugin");
}

impl fmt::Debug for DynamicValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DynamicValue([{} bytes])", self.msgpack.len() + self.json.len())
    }
}

impl fmt::Debug for RawState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RawState([{} bytes])", self.json.len())
    }
}

impl Drop for DynamicValue {
    fn drop(&mut self) {
        self.msgpack.zeroize();
        self.json.zeroize();
    }
}

impl Drop for RawState {
    fn drop(&mut self) {
        self.json.zeroize();
    }
}
