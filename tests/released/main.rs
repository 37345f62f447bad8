//! The binary as it is released: taken from its archive, and tried where there is nothing but itself.
//!
//! `cargo run --example package` has to build and pack it first; it is not built for tests. So `cargo test` leaves these out,
//! and `.ci/run` and the release run them: `cargo test --test released`.

#![allow(
    clippy::disallowed_methods,
    reason = "a test reads the environment and the clock where it needs them"
)]
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test's helpers fail as the test itself would")]

#[path = "../../tools/package/mod.rs"]
mod package;
#[path = "../simulator/mod.rs"]
#[allow(dead_code, reason = "shared with the other test binaries")]
mod simulator;
#[path = "../support/mod.rs"]
mod support;

mod archive;
/// Namespaces are Linux's.
#[cfg(target_os = "linux")]
mod bare;
/// Only there are binaries static.
#[cfg(target_os = "linux")]
mod network;
