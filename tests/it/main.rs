//! Integration tests in process: the provider's layers against the simulator. A module per theme.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

#[path = "../simulator/mod.rs"]
mod simulator;
#[path = "../support/mod.rs"]
mod support;

mod plugin_process;
mod plugin_rpc;
mod plugin_terraform;
mod protocol;
