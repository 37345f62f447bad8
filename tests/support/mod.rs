//! The harness: a real Terraform, the plugin's client, small providers to drive, and a stage with the simulator.

#![allow(
    dead_code,
    unreachable_pub,
    reason = "shared by several test binaries, each of which uses its own part"
)]

pub mod host;
pub mod packages;
pub mod provider;
pub mod stage;
pub mod terraform;
pub mod toy;
