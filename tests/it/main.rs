//! Integration tests in process: the provider's layers against the simulator. A module per theme.

#[path = "../simulator/mod.rs"]
mod simulator;
#[path = "../support/mod.rs"]
mod support;

mod plugin_process;
mod plugin_rpc;
mod plugin_terraform;
mod protocol;
