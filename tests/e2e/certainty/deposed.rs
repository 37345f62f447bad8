//! A replaced object that is not destroyed yet. A later run destroys it, and that must take nothing from its
//! successor.

use std::time::Duration;

use super::*;
use crate::support::signal;

const REPLACE: &[&str] = &["apply", "-auto-approve", "-replace"];

/// Replaces an object, and interrupts the run between the create and the destroy. The old object stays deposed.
#[track_caller]
fn replace_by_halves(stage: &Stage, address: &str, slow: Fault) {
    let slow = stage.sim.fault(slow);
    let argument = format!("-replace={address}");
    let mut apply = stage.tf.command(&[REPLACE[0], REPLACE[1], &argument]);
    let apply = apply.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    wait_until("the apply comes to the new object", || stage.sim.hits(slow) > 0);
    std::thread::sleep(Duration::from_millis(100));
    assert!(signal("INT", apply.id()));
    stage.tf.finish(apply);
    stage.sim.clear_faults();
    let plan = stage.tf.plan().success();
    assert!(plan.said().contains("deposed"), "nothing is deposed: {}", plan.said());
}

#[test]
fn a_deposed_binding_leaves_its_right_to_the_one_that_replaced_it() {
    let (stage, id) = foreign_token();
    let config = binding("b", &id, &["Cloudflare Tunnel Write"]);
    let config = config.trim_end().trim_end_matches('}').to_owned()
        + "  lifecycle { create_before_destroy = true }\n}\n";
    stage.apply(&config);
    // The new object finds the policy on the token, so its create only reads.
    let path = format!("/accounts/*/tokens/{id}");
    let slow = Fault::new(FaultKind::LatencyAfter(Duration::from_secs(2))).method("GET").path(&path).skip(1);
    replace_by_halves(&stage, "cloudflare_token_binding.b", slow);
    stage.tf.apply().success();
    assert_eq!(groups(&stage.sim, &id), ["Cloudflare Tunnel Write", "Workers Scripts Read"]);
    stage.settled();
    stage.tf.destroy().success();
    assert_eq!(groups(&stage.sim, &id), ["Workers Scripts Read"]);
}

#[test]
fn a_deposed_secret_leaves_its_place_to_the_one_that_replaced_it() {
    let stage = Stage::new();
    let config = "resource \"cloudflare_workers_secret\" \"s\" {\n  script_name = \"edge-api\"\n  name = \"KEY\"\n  \
                  value = \"one\"\n  lifecycle { create_before_destroy = true }\n}\n";
    stage.apply(config);
    let slow = Fault::new(FaultKind::LatencyAfter(Duration::from_secs(2)));
    replace_by_halves(
        &stage,
        "cloudflare_workers_secret.s",
        slow.method("PUT").path("/accounts/*/workers/scripts/**"),
    );
    stage.tf.apply().success();
    assert_eq!(stage.sim.secret("edge-api", "KEY").as_deref(), Some("one"));
    stage.settled();
    stage.tf.destroy().success();
    assert_eq!(stage.sim.secret("edge-api", "KEY"), None);
}

#[test]
fn deposed_secrets_leave_their_places_to_those_that_replaced_them() {
    let stage = Stage::new();
    let config = "resource \"cloudflare_workers_secrets\" \"s\" {\n  script_name = \"edge-api\"\n  secrets = { A = \"one\", B = \
                  \"two\" }\n  lifecycle { create_before_destroy = true }\n}\n";
    stage.apply(config);
    let slow = Fault::new(FaultKind::LatencyAfter(Duration::from_secs(2)));
    replace_by_halves(
        &stage,
        "cloudflare_workers_secrets.s",
        slow.method("PATCH").path("/accounts/*/workers/scripts/**"),
    );
    stage.tf.apply().success();
    assert_eq!(stage.sim.secret("edge-api", "A").as_deref(), Some("one"));
    assert_eq!(stage.sim.secret("edge-api", "B").as_deref(), Some("two"));
    stage.settled();
    stage.tf.destroy().success();
    assert_eq!(stage.sim.secret("edge-api", "A"), None);
}
