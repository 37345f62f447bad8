//! The test harness: a real Terraform, the plugin's client, small providers, and a stage with the simulator.

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

/// Sends a signal (`INT`, `KILL`, …) to a process. Returns whether the process still existed. It uses the shell's
/// built-in `kill`, because small systems have no `kill` program.
pub fn signal(name: &str, process: u32) -> bool {
    let command = format!("kill -s {name} {process}");
    let sent =
        std::process::Command::new("sh").args(["-c", &command]).stderr(std::process::Stdio::null()).status();
    sent.unwrap().success()
}
