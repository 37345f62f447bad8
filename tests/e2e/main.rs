//! End-to-end tests with a real Terraform, the built provider and the simulator. Each theme has a module.

#![allow(
    clippy::disallowed_methods,
    reason = "a test reads the environment and the clock where it needs them"
)]
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test's helpers fail as the test itself would")]

#[path = "../../tools/package/mod.rs"]
mod package;
#[path = "../simulator/mod.rs"]
mod simulator;
#[path = "../support/mod.rs"]
mod support;

mod acceptance;
mod actions;
mod bad_input;
mod beside;
mod bindings;
mod capabilities;
mod certainty;
mod described;
mod drift;
mod elsewhere;
mod ephemeral;
mod examples;
mod faults;
mod fields;
mod foresight;
mod forms;
mod grants;
mod guides;
mod hygiene;
mod import;
mod individual_workers;
/// The tests read memory from `/proc`.
#[cfg(target_os = "linux")]
mod memory;
mod modules;
mod moved;
mod nulls;
mod overlap;
mod own_states;
mod own_token;
mod pipelines;
mod policies;
mod query;
mod readings;
mod refusals;
mod registry;
mod requests;
mod rotation;
mod sealing;
mod secrets;
mod secrets_store;
mod token;
mod unknown;
mod user_tokens;
mod workerd;
mod workers_secret;
mod workers_secrets;
mod wrangler;
