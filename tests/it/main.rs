//! Integration tests in process: the provider's layers against the simulator, and the rules for the source, the
//! schemas and the pages. Each theme has a module.

#![allow(
    clippy::disallowed_methods,
    reason = "a test reads the environment and the clock where it needs them"
)]
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test's helpers fail as the test itself would")]

#[path = "../../fuzz/src/lib.rs"]
mod fuzz;
#[path = "../docs/mod.rs"]
mod generator;
#[path = "../../tools/package/mod.rs"]
mod package;
#[path = "../simulator/mod.rs"]
mod simulator;
#[path = "../support/mod.rs"]
mod support;

mod architecture;
mod bindings;
mod certainty;
mod circles;
mod data_sources;
mod docs;
mod ephemeral;
mod functions;
mod fuzzing;
mod guardrails;
mod lists;
mod paths;
mod plugin_actions;
mod plugin_lists;
mod plugin_process;
mod plugin_rpc;
mod plugin_terraform;
mod protocol;
mod registry_pages;
mod release;
mod rotation;
mod schema;
mod sdk;
mod secrets_store;
mod simulated_api;
mod structure;
mod systems;
mod tokens;
mod user_tokens;
mod version;
mod workers_secret;
mod workers_secrets;
