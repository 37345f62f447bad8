//! Terraform ends while a request is in progress. The provider finishes the request, and no token is orphaned.

use std::os::unix::process::CommandExt;
use std::process::{Child, Stdio};
use std::time::Duration;

use super::{apply_until, ids, wait_until};
use crate::simulator::{Fault, FaultKind};
use crate::support::signal;
use crate::support::stage::{Stage, TOKEN, token};

/// Longer than the 2 seconds that a host gives a plugin after a Shutdown.
const SLOW: Duration = Duration::from_secs(3);

const POLICIES: &str = r#"policies = [{ permission_groups = ["Workers Scripts Write"] }]"#;

fn slow_create(stage: &Stage, kind: fn(Duration) -> FaultKind) -> crate::simulator::FaultId {
    stage.config(&token(&format!("name = \"slow\"\n{POLICIES}")));
    stage.sim.fault(Fault::new(kind(SLOW)).method("POST"))
}

#[track_caller]
fn nothing_is_left_to_nobody(stage: &Stage) {
    wait_until("the create is cleared away", || stage.sim.count("DELETE", "/accounts/*/tokens/*") > 0);
    wait_until("the token is deleted", || ids(&stage.sim).is_empty());
    assert_eq!(stage.attributes(TOKEN), serde_json::Value::Null);
}

#[test]
fn a_terraform_that_is_killed_during_a_slow_create_leaves_no_token() {
    for kind in [FaultKind::LatencyBefore, FaultKind::LatencyAfter] {
        let stage = Stage::new();
        let fault = slow_create(&stage, kind);
        let mut apply = apply_until(&stage.sim, &stage.tf, fault);
        assert!(signal("KILL", apply.id()));
        apply.wait().unwrap();
        nothing_is_left_to_nobody(&stage);
    }
}

/// An apply in a process group of its own.
fn apply_in_a_group(stage: &Stage) -> Child {
    let mut apply = stage.tf.command(&["apply", "-auto-approve"]);
    apply.process_group(0).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// Sends a signal to a whole process group.
fn signal_group(name: &str, leader: u32) {
    let command = format!("kill -s {name} -- -{leader}");
    assert!(std::process::Command::new("sh").args(["-c", &command]).status().unwrap().success());
}

#[test]
fn a_terminal_that_is_closed_during_a_slow_create_leaves_no_token() {
    let stage = Stage::new();
    let fault = slow_create(&stage, FaultKind::LatencyBefore);
    let mut apply = apply_in_a_group(&stage);
    wait_until("the apply comes to the create", || stage.sim.hits(fault) > 0);
    signal_group("HUP", apply.id());
    apply.wait().unwrap();
    nothing_is_left_to_nobody(&stage);
}
