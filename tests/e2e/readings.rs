//! Sources differ on what the API does. The same configuration must settle under each reading.

use crate::simulator::Readings;
use crate::support::stage::{Stage, TOKEN, token};

/// The name of a reading, and the change that selects it.
type Reading = (&'static str, fn(&mut Readings));

const READINGS: [Reading; 9] = [
    ("empty policies are refused", |r| r.empty_policies_accepted = false),
    ("policy ids are stable", |r| r.policy_ids_stable = true),
    ("addresses come back as canonical ranges", |r| r.cidr_normalised = true),
    ("what is unset comes back as null", |r| r.unset_is_null = true),
    ("what is unset comes back as null from a create", |r| r.unset_is_null_on_create = true),
    ("conditions come back under `request.ip`", |r| r.legacy_condition_key = true),
    ("a change needs a status", |r| r.status_required = true),
    ("what a change leaves out is cleared", |r| r.omitted_kept = false),
    ("pages tell their number", |r| r.total_pages = true),
];

const STEPS: [&str; 5] = [
    r#"
    policies = [
      { permission_groups = ["Workers Scripts Write", "Account Settings Read"] },
      { permission_groups = ["DNS Read"], zones = ["*"] },
    ]
    expires_on = "2099-01-01T00:00:00Z"
    condition  = { request_ip = { in = ["192.0.2.7/24", "2001:DB8::1"] } }
    "#,
    r#"
    policies  = [{ permission_groups = ["DNS Read"], zones = ["*"] }]
    condition = { request_ip = { in = ["198.51.100.0/24"] } }
    "#,
    r#"status = "disabled""#,
    r#"
    status     = "active"
    not_before = "2026-01-01T00:00:00Z"
    "#,
    r#"policies = [{ permission_groups = ["Account Settings Read"] }]"#,
];

fn life(reading: Reading) {
    let stage = Stage::reading(reading.1);
    let mut value = None;
    for step in STEPS {
        stage.apply(&token(&format!("name = \"reading\"\n{step}")));
        let now = stage.text(TOKEN, "value");
        assert_eq!(*value.get_or_insert(now.clone()), now);
    }
    let import = format!("{}/{}", stage.sim.account_id(), stage.text(TOKEN, "id"));
    stage.tf.run(&["state", "rm", TOKEN]).success();
    stage.tf.run(&["import", TOKEN, &import]).success();
    stage.settled();
    stage.tf.destroy().success();
    assert!(stage.sim.tokens().is_empty());
}

/// One third of the readings, so that the test binary can run the thirds in parallel.
fn lives(readings: &[Reading]) {
    for reading in readings {
        let lived = std::panic::catch_unwind(|| life(*reading));
        assert!(lived.is_ok(), "failed where {}", reading.0);
    }
}

#[test]
fn a_token_settles_under_each_reading_of_policies_and_addresses() {
    lives(&READINGS[..3]);
}

#[test]
fn a_token_settles_under_each_reading_of_what_is_unset() {
    lives(&READINGS[3..6]);
}

#[test]
fn a_token_settles_under_each_reading_of_changes() {
    lives(&READINGS[6..]);
}
