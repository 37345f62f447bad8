//! The harness: a real Terraform, the plugin's client, small providers to drive, and a stage with the simulator.

#![allow(
    dead_code,
    unreachable_pub,
    reason = "shared by several test binaries, each of which uses its own part"
)]

pub mod gpg;
pub mod host;
pub mod https;
pub mod packages;
pub mod provider;
pub mod stage;
pub mod terraform;
pub mod toy;

/// Sends a signal (`INT`, `KILL`, …) to a process, which may have ended by itself: whether it was still there. By the shell's
/// own `kill`, since small systems have no other.
pub fn signal(name: &str, process: u32) -> bool {
    let command = format!("kill -s {name} {process}");
    let sent =
        std::process::Command::new("sh").args(["-c", &command]).stderr(std::process::Stdio::null()).status();
    sent.unwrap().success()
}
