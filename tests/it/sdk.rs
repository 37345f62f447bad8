//! Runs Cloudflare's own SDK against the simulator. It is an independent check of the simulator.

use std::process::Command;

use serde_json::json;

use crate::simulator::{Options, Simulator};

#[test]
fn cloudflares_own_sdk_finds_the_simulator_valid() {
    let sim = Simulator::spawn(Options::default());
    let started = json!({
        "base_url": sim.base_url(),
        "account_id": sim.account_id(),
        "scripts": ["cron"],
        "root_token": sim.root_token(),
        "user_token": sim.user_root_token(),
    });
    let output = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/sdk/run"))
        .env("SIMULATOR", started.to_string())
        .output()
        .expect("tests/sdk/run starts: it needs a POSIX shell");
    assert!(
        output.status.success(),
        "this test needs python3 with venv, and the packages of tests/sdk/requirements.txt:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
