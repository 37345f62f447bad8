//! Integration tests in process: the provider's layers against the simulator, and the rules that the source, the schemas
//! and the pages keep. A module per theme.

#[path = "../docs/mod.rs"]
mod generator;
#[path = "../simulator/mod.rs"]
mod simulator;

mod docs;
mod paths;
mod schema;
mod structure;
