//! Reads that are older than the last write, and a temporary 404.

use std::time::Duration;

use super::{binding, foreign_token, groups};
use crate::simulator::{Fault, FaultKind};
use crate::support::stage::{Stage, TOKEN, token};

#[test]
fn a_right_that_was_just_removed_does_not_come_back_by_an_old_read() {
    let (stage, id) = foreign_token();
    let (a, b) = (binding("a", &id, &["D1 Read"]), binding("b", &id, &["D1 Write"]));
    stage.apply(&a);
    stage.sim.set_read_lag(Duration::from_secs(2));
    stage.config("").tf.apply().success();
    stage.config(&b).tf.apply().success();
    stage.sim.set_read_lag(Duration::ZERO);
    assert_eq!(groups(&stage.sim, &id), ["D1 Write", "Workers Scripts Read"]);
    stage.settled();
}

#[test]
fn a_binding_is_removed_though_a_read_does_not_find_its_token() {
    // These are the read of the refresh, the read of the write, and the read after it.
    for skip in 0..3 {
        let (stage, id) = foreign_token();
        stage.apply(&binding("b", &id, &["D1 Read"]));
        let passing = Fault::new(FaultKind::not_found()).method("GET").path("/accounts/*/tokens/*");
        stage.sim.fault(passing.skip(skip));
        stage.tf.destroy().success();
        assert_eq!(groups(&stage.sim, &id), ["Workers Scripts Read"], "read number {skip} was not found");
    }
}

#[test]
fn a_token_is_disabled_though_reads_do_not_find_it_after_its_creation() {
    for fault in [Fault::new(FaultKind::not_found()), Fault::new(FaultKind::Stale).times(2)] {
        let stage = Stage::new();
        stage.sim.fault(fault.method("GET").path("/accounts/*/tokens/*"));
        stage.apply(&token("name = \"off\"\nstatus = \"disabled\""));
        assert_eq!(stage.sim.token(&stage.text(TOKEN, "id")).unwrap()["status"], "disabled");
        assert_eq!(stage.tf.state()["resources"][0]["instances"][0]["status"], serde_json::Value::Null);
    }
}

#[test]
fn a_token_that_is_not_found_once_is_not_made_anew() {
    let stage = Stage::new();
    let config = token("name = \"stays\"");
    stage.apply(&config);
    let id = stage.text(TOKEN, "id");
    stage.sim.fault(Fault::new(FaultKind::not_found()).method("GET").path("/accounts/*/tokens/*"));
    stage.apply(&config);
    assert!(!stage.sim.faults_pending());
    assert_eq!(stage.text(TOKEN, "id"), id);
    // A token that is gone for good is created anew.
    stage.sim.delete(&id);
    stage.apply(&config);
    assert_ne!(stage.text(TOKEN, "id"), id);
}
