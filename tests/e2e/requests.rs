//! The number of requests of a run, and how a run respects the quota.

use std::time::Duration;

use crate::simulator::Options;
use crate::support::stage::{Stage, token};

const POLICIES: &str = r#"policies = [{ permission_groups = ["Workers Scripts Write"] }]"#;

/// The methods and last path segments of the requests since the last call.
fn asked(stage: &Stage) -> Vec<String> {
    let last = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
    let asked = stage.sim.requests().iter().map(|r| format!("{} {}", r.method, last(&r.path))).collect();
    stage.sim.reset_requests();
    asked
}

#[test]
fn a_run_asks_no_more_than_it_has_to() {
    let stage = Stage::alone(Options::default());
    let config = |name: &str| token(&format!("name = \"{name}\"\n{POLICIES}"));
    stage.config(&config("one")).tf.apply().success();
    let create = asked(&stage);
    // Terraform plans in one process and applies in another, so both request the groups. The plan also checks how
    // long the credential lives.
    assert!(create.len() <= 4, "{create:?}");
    assert_eq!(create.iter().filter(|asked| *asked == "POST tokens").count(), 1);
    stage.settled();
    assert_eq!(asked(&stage).len(), 1, "an empty plan of one token is one read");
    stage.config(&config("two")).tf.apply().success();
    let update = asked(&stage);
    assert!(update.len() <= 5, "a read and the credential to plan; a read, a write and a look: {update:?}");
    stage.tf.destroy().success();
    let destroy = asked(&stage);
    assert!(destroy.len() <= 5, "a refresh, whose token it is, a delete, a look: {destroy:?}");
}

#[test]
fn sixty_tokens_at_a_small_quota_meet_at_most_two_refusals() {
    let quota = Some((25, Duration::from_secs(4)));
    let stage = Stage::alone(Options { quota, ..Options::default() });
    stage.config(&token(&format!("count = 60\nname = \"t${{count.index}}\"\n{POLICIES}")));
    stage.tf.run(&["apply", "-auto-approve", "-parallelism=30"]).success();
    let refused = stage.sim.requests().iter().filter(|r| r.status == Some(429)).count();
    assert!(refused <= 2, "{refused} requests were refused");
    assert_eq!(stage.sim.tokens().len(), 60);
    stage.sim.reset_requests();
    stage.settled();
    assert!(stage.sim.requests().len() <= 4, "sixty reads are two pages: {}", stage.sim.requests().len());
}
