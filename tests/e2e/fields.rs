//! Name, status, times, condition and value of a token. Another spelling is no change, and an unset field is really
//! cleared.

use serde_json::{Value as Json, json};

use crate::simulator::{Effect, Fault, FaultKind};
use crate::support::stage::{Stage, TOKEN, token};

const POLICIES: &str = r#"policies = [{ permission_groups = ["Workers Scripts Write"] }]"#;

fn with(arguments: &str) -> String {
    token(&format!("name = \"fields\"\n{POLICIES}\n{arguments}"))
}

/// The token as the API shows it.
fn shown(stage: &Stage) -> Json {
    stage.sim.token(&stage.text(TOKEN, "id")).unwrap()
}

const ALL: &str = r#"
    not_before = "2026-01-01T00:00:00Z"
    expires_on = "2099-12-31T12:00:00+02:00"
    condition  = { request_ip = { in = ["192.0.2.77/24", "2001:db8::1"], not_in = ["192.0.2.1/32"] } }
"#;

#[test]
fn times_in_another_offset_and_ranges_with_host_bits_are_no_change() {
    for normalised in [false, true] {
        let stage = Stage::reading(|readings| readings.cidr_normalised = normalised);
        stage.apply(&with(ALL));
        assert_eq!(shown(&stage)["expires_on"], "2099-12-31T10:00:00Z");
        let state = stage.attributes(TOKEN);
        assert_eq!(state["expires_on"], "2099-12-31T12:00:00+02:00");
        assert_eq!(state["condition"]["request_ip"]["in"], json!(["192.0.2.77/24", "2001:db8::1"]));
        stage.sim.reset_requests();
        stage.config(&with(
            r#"
            not_before = "2025-12-31T19:00:00-05:00"
            expires_on = "2099-12-31T10:00:00.000Z"
            condition  = { request_ip = { in = ["2001:db8::1/128", "192.0.2.0/24"], not_in = ["192.0.2.1"] } }
            "#,
        ));
        stage.settled();
        stage.tf.apply().success();
        assert_eq!(stage.sim.count("PUT", "**"), 0);
        assert_eq!(stage.attributes(TOKEN)["expires_on"], "2099-12-31T12:00:00+02:00");
    }
}

#[test]
fn what_is_unset_is_cleared_whatever_the_api_does_with_what_is_left_out() {
    for kept in [false, true] {
        let stage = Stage::reading(|readings| {
            readings.omitted_kept = kept;
            readings.unset_is_null = kept;
            readings.status_required = kept;
        });
        stage.apply(&with(ALL));
        stage.apply(&with(""));
        let shown = shown(&stage);
        for field in ["expires_on", "not_before", "condition"] {
            assert!(shown[field].is_null(), "{field}: {shown}");
            assert_eq!(stage.attributes(TOKEN)[field], Json::Null);
        }
        assert_eq!(shown["status"], "active");
    }
}

#[test]
fn a_condition_that_the_api_does_not_clear_is_an_error() {
    let stage = Stage::reading(|readings| readings.condition_null_clears = false);
    stage.apply(&with(ALL));
    stage.config(&with("")).tf.apply().failure("`condition` was not applied").failure("replace the token");
    // The state shows the real value, so the next plan still shows the change.
    let plan = stage.tf.run(&["plan", "-detailed-exitcode"]);
    assert_eq!(plan.code, Some(2));
    plan.says("condition");
    stage.tf.run(&["apply", "-auto-approve", &format!("-replace={TOKEN}")]).success();
    stage.settled();
    assert!(shown(&stage)["condition"].is_null());
}

#[test]
fn a_token_can_be_born_disabled_and_woken_later() {
    let stage = Stage::new();
    stage.apply(&with(r#"status = "disabled""#));
    let value = stage.text(TOKEN, "value");
    assert_eq!(shown(&stage)["status"], "disabled");
    stage.apply(&with(r#"status = "active""#));
    assert_eq!(shown(&stage)["status"], "active");
    stage.apply(&with(r#"status = "disabled""#));
    assert_eq!(shown(&stage)["status"], "disabled");
    // Somebody changes the token by hand, which is drift.
    stage.sim.set_status(&stage.text(TOKEN, "id"), "active");
    stage.tf.apply().success();
    assert_eq!(shown(&stage)["status"], "disabled");
    assert_eq!(stage.text(TOKEN, "value"), value);
}

#[test]
fn a_token_that_could_not_be_disabled_is_saved_with_an_error() {
    let stage = Stage::new();
    let refuse = FaultKind::Api(403, 10000, "Authentication error", Effect::None);
    let fault = stage.sim.fault(Fault::new(refuse).method("PUT").always());
    let config = with(r#"status = "disabled""#);
    stage.config(&config).tf.apply().failure("was created, but could not be disabled");
    assert!(stage.sim.hits(fault) > 0);
    assert_eq!(stage.sim.tokens().len(), 1);
    assert_eq!(stage.text(TOKEN, "id"), stage.sim.tokens()[0]["id"]);
    stage.sim.clear_faults();
    stage.apply(&config);
    assert_eq!(stage.sim.tokens().len(), 1, "the tainted one is replaced, not left behind");
    assert_eq!(shown(&stage)["status"], "disabled");
}

#[test]
fn a_name_that_is_left_out_is_made_at_apply_and_stays() {
    let stage = Stage::new();
    stage.config(&token(POLICIES));
    let plan = stage.tf.plan().success();
    plan.says("+ name = (known after apply)");
    stage.apply(&token(POLICIES));
    let name = stage.text(TOKEN, "name");
    assert!(name.starts_with("tf-") && name.len() == 23, "{name}");
    stage.apply(&token(&format!("{POLICIES}\nexpires_on = \"2099-01-01T00:00:00Z\"")));
    assert_eq!(stage.text(TOKEN, "name"), name);
}

#[test]
fn the_value_is_known_in_the_plan_of_an_update() {
    let stage = Stage::new();
    let config = |name: &str| {
        format!(
            r#"
            {}
            resource "terraform_data" "user" {{ input = sha256(cloudflare_account_api_token.t.value) }}
            "#,
            token(&format!("name = \"{name}\"\n{POLICIES}"))
        )
    };
    stage.apply(&config("one"));
    stage.config(&config("two"));
    let plan = stage.tf.plan().success();
    plan.says("Plan: 0 to add, 1 to change, 0 to destroy.").never_says("terraform_data.user will");
    stage.apply(&config("two"));
}

#[test]
fn a_value_is_never_shown_and_a_refresh_keeps_it() {
    let stage = Stage::new();
    stage.apply(&with(""));
    let value = stage.text(TOKEN, "value");
    stage.sim.set_last_used(&stage.text(TOKEN, "id"), Some(stage.sim.now()));
    let refreshed = stage.tf.run(&["apply", "-refresh-only", "-auto-approve"]).success();
    refreshed.says("No changes.").never_says(&value);
    let shown = stage.tf.run(&["show"]).success();
    shown.says("value = (sensitive value)").never_says(&value);
    assert_eq!(stage.text(TOKEN, "value"), value);
}
