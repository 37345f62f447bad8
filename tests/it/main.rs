//! Integration tests in process: the provider's layers against the simulator. A module per theme.

#[path = "../simulator/mod.rs"]
mod simulator;

mod tokens;
