//! The harness: a real Terraform, the plugin's client, and small providers to drive.

#![allow(
    dead_code,
    unreachable_pub,
    reason = "shared by several test binaries, each of which uses its own part"
)]

pub mod host;
pub mod terraform;
pub mod toy;
