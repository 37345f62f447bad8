//! Integration tests in process: the provider's layers against the simulator. A module per theme.

mod data_sources;
mod functions;
mod guardrails;
#[path = "../support/provider.rs"]
mod provider;
#[path = "../simulator/mod.rs"]
mod simulator;
mod workers_secret;
