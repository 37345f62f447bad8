//! Integration tests in process: the provider's layers against the simulator. A module per theme.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test's helpers fail as the test itself would")]

#[path = "../simulator/mod.rs"]
mod simulator;
#[path = "../support/mod.rs"]
mod support;

mod data_sources;
mod functions;
mod guardrails;
mod plugin_process;
mod plugin_rpc;
mod plugin_terraform;
mod protocol;
mod sdk;
mod simulated_api;
mod tokens;
mod workers_secret;
