//! The provider keeps the lock of a token until its write has arrived.

use std::time::{Duration, Instant};

use super::{apply_until, binding, foreign_token, groups};
use crate::simulator::{Fault, FaultKind};
use crate::support::signal;
use crate::support::stage::write_config;

/// Longer than the 2 seconds that a host gives a plugin after a Shutdown.
const SLOW: Duration = Duration::from_secs(3);

#[test]
fn a_write_whose_terraform_is_killed_keeps_its_lock_until_it_has_landed() {
    let (stage, id) = foreign_token();
    stage.config(&binding("b", &id, &["D1 Read"]));
    let put = stage.sim.fault(Fault::new(FaultKind::LatencyBefore(SLOW)).method("PUT"));
    let mut apply = apply_until(&stage.sim, &stage.tf, put);
    assert!(signal("KILL", apply.id()));
    apply.wait().unwrap();

    // The same user on the same host uses the same lock.
    let mut other = stage.other();
    other.env("HOME", stage.tf.path());
    write_config(&other, &binding("other", &id, &["D1 Write"]));
    let start = Instant::now();
    other.apply().success();
    let expected = ["D1 Read", "D1 Write", "Workers Scripts Read"];
    assert_eq!(groups(&stage.sim, &id), expected, "after {:?}", start.elapsed());
    std::thread::sleep(SLOW);
    assert_eq!(groups(&stage.sim, &id), expected, "a late write erased what came after it");
}

#[test]
fn a_secret_whose_terraform_is_killed_is_put_before_the_next_run_puts_it() {
    let stage = crate::support::stage::Stage::new();
    let secret = |value: &str| {
        format!(
            "resource \"cloudflare_workers_secret\" \"s\" {{\n  script_name = \"edge-api\"\n  name = \"KEY\"\n  \
             value = \"{value}\"\n}}\n"
        )
    };
    stage.apply(&secret("first"));
    stage.config(&secret("second"));
    let put = stage.sim.fault(Fault::new(FaultKind::LatencyBefore(SLOW * 2)).method("PUT"));
    let mut apply = apply_until(&stage.sim, &stage.tf, put);
    assert!(signal("KILL", apply.id()));
    apply.wait().unwrap();
    stage.apply(&secret("third"));
    std::thread::sleep(SLOW * 2);
    assert_eq!(stage.sim.with_scripts(|scripts| scripts["edge-api"].secrets["KEY"].1.clone()), "third");
    stage.settled();
}
