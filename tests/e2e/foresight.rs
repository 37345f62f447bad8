//! What a plan says before the apply: why a token is rolled, what was done to it elsewhere, and what the apply would refuse.

use std::time::Duration;

use serde_json::Value as Json;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::support::stage::{SOURCE, Stage, TOKEN, token};
use crate::support::terraform::Output;

const POLICIES: &str = r#"policies = [{ permission_groups = ["Workers Scripts Write"] }]"#;
const VERIFY: &str = "/accounts/*/tokens/verify";

fn with(arguments: &str) -> String {
    token(&format!("name = \"ci\"\n{POLICIES}\n{arguments}"))
}

fn binding(token_id: &str) -> String {
    format!(
        "resource \"cloudflare_token_binding\" \"b\" {{\n  token_id = {token_id}\n  \
         policies = [{{ permission_groups = [\"Cloudflare Tunnel Write\"] }}]\n}}\n"
    )
}

/// A look for drift, with what Terraform exits with: 2 where it found some.
fn drift(stage: &Stage) -> Output {
    stage.tf.run(&["plan", "-refresh-only", "-detailed-exitcode"])
}

#[track_caller]
fn no_drift(stage: &Stage) {
    let output = drift(stage);
    assert_eq!(output.code, Some(0), "{}\n{}", output.stdout, output.stderr);
}

/// How often something was said.
fn times(output: &Output, what: &str) -> usize {
    output.said().matches(what).count()
}

/// Lets the next write of the API fall into another second.
fn next_second() {
    std::thread::sleep(Duration::from_millis(1100));
}

/// Moves `value_issued_on` of the state into the past.
fn age(stage: &Stage, days: u64) {
    let mut state = stage.tf.state();
    let instance = &mut state["resources"][0]["instances"][0]["attributes"];
    let issued = OffsetDateTime::parse(instance["value_issued_on"].as_str().unwrap(), &Rfc3339).unwrap();
    let then = issued - Duration::from_secs(days * 86_400);
    instance["value_issued_on"] = then.format(&Rfc3339).unwrap().into();
    state["serial"] = (state["serial"].as_u64().unwrap() + 1).into();
    stage.tf.write("terraform.tfstate", &state.to_string());
}

#[test]
fn a_roll_says_why_and_that_the_old_value_stops_once_in_a_run() {
    let stage = Stage::new();
    stage.apply(&with(r#"rotation = { every = "30d", triggers = { by = "one", with = "x" } }"#));
    age(&stage, 31);
    let plan = stage.tf.plan().success();
    plan.says("its value is 31 days old (`rotation.every = \"30d\"`)")
        .says("The old one stops working at once");
    let applied = stage.tf.apply().success();
    assert_eq!(times(&applied, "its value is 31 days old"), 1, "{}", applied.stdout);
    let config = with(r#"rotation = { every = "30d", triggers = { by = "two", with = "x" } }"#);
    let changed = stage.config(&config).tf.apply().success();
    assert_eq!(times(&changed, "the trigger `by` has changed"), 1, "{}", changed.stdout);
    // One trigger less, and then none, roll nothing.
    let value = stage.text(TOKEN, "value");
    stage.apply(&with(r#"rotation = { every = "30d", triggers = { by = "two" } }"#));
    stage.apply(&with(""));
    assert!(stage.text(TOKEN, "value") == value);
}

#[test]
fn a_shorter_rotation_that_is_due_already_is_said_and_rolls_in_the_next_run() {
    let stage = Stage::new();
    stage.apply(&with(r#"rotation = { every = "90d" }"#));
    age(&stage, 31);
    stage.config(&with(r#"rotation = { every = "30d" }"#));
    stage.tf.apply().success().says("The next run rolls the token \"ci\"");
    stage.tf.apply().success().says("its value is 31 days old");
    stage.settled();
}

#[test]
fn a_look_for_drift_finds_none_right_after_an_apply() {
    let stage = Stage::new();
    stage.config(&format!(
        "{}{}",
        token("name = \"bound\"\nrotation = { every = \"30d\" }\nexpires_in = \"90d\""),
        binding(&format!("{TOKEN}.id"))
    ));
    stage.tf.apply().success();
    next_second();
    no_drift(&stage);
    assert_eq!(stage.sim.count("GET", VERIFY), 0, "this host has written the token last");
    stage.config(&token("name = \"free\"\nrotation = { every = \"60d\" }")).tf.apply().success();
    no_drift(&stage);
}

#[test]
fn a_token_rolled_in_the_dashboard_is_found_and_rolled_again() {
    let stage = Stage::new();
    stage.apply(&with(""));
    let id = stage.text(TOKEN, "id");
    next_second();
    stage.sim.roll(&id).unwrap();
    stage.sim.reset_requests();
    let plan = stage.tf.plan().success();
    // The value, and whose token it is that would be rolled.
    assert!(stage.sim.count("GET", VERIFY) <= 3);
    assert_eq!(times(&plan, "Somebody has rolled it outside of Terraform"), 1, "{}", plan.stdout);
    assert_eq!(drift(&stage).code, Some(2));
    stage.tf.apply().success();
    assert_eq!(stage.sim.token_value(&id), Some(stage.text(TOKEN, "value")));
    stage.settled();
    no_drift(&stage);
}

#[test]
fn a_bound_token_rolled_in_the_dashboard_is_found_also_by_another_host() {
    let mut stage = Stage::new();
    let config = format!("{}{}", token("name = \"bound\""), binding(&format!("{TOKEN}.id")));
    stage.config(&config).tf.apply().success();
    let id = stage.text(TOKEN, "id");
    next_second();
    // A host that has no records of what this one wrote.
    let elsewhere = tempfile::tempdir().unwrap();
    stage.tf.env("HOME", elsewhere.path());
    no_drift(&stage);
    stage.sim.roll(&id).unwrap();
    stage.tf.plan().success().says("Somebody has rolled it outside of Terraform");
    stage.tf.apply().success();
    assert_eq!(stage.sim.token_value(&id), Some(stage.text(TOKEN, "value")));
}

#[test]
fn what_says_nothing_of_the_value_is_not_taken_for_its_death() {
    let stage = Stage::new();
    stage.apply(&with(r#"condition = { request_ip = { in = ["192.0.2.0/24"] } }"#));
    let id = stage.text(TOKEN, "id");
    next_second();
    // Written by somebody, with nothing changed; and verified from an address that the token does not work from.
    stage.sim.edit(&id, |_| {});
    stage.settled();
    assert_eq!(stage.sim.count("GET", VERIFY), 1);
    no_drift(&stage);
}

#[test]
fn a_token_that_was_rolled_and_changed_elsewhere_is_found_after_the_change_is_undone() {
    let stage = Stage::new();
    stage.apply(&with(""));
    let id = stage.text(TOKEN, "id");
    next_second();
    stage.sim.edit(&id, |token| token.name = "renamed".to_owned());
    stage.sim.roll(&id).unwrap();
    next_second();
    stage.tf.apply().success();
    stage.tf.apply().success().says("Somebody has rolled it outside of Terraform");
    assert_eq!(stage.sim.token_value(&id), Some(stage.text(TOKEN, "value")));
    stage.settled();
}

#[test]
fn a_token_disabled_in_the_dashboard_is_drift_where_no_status_is_written() {
    let stage = Stage::new();
    let plan = stage.config(&with("")).tf.plan().success();
    plan.says("+ status = \"active\"");
    stage.apply(&with(""));
    let id = stage.text(TOKEN, "id");
    stage.sim.set_status(&id, "disabled");
    stage.tf.plan().success().says("\"disabled\" -> \"active\"");
    stage.tf.apply().success();
    assert_eq!(stage.sim.token(&id).unwrap()["status"], "active");
    stage.settled();
}

#[test]
fn a_binding_to_a_token_that_does_not_exist_fails_the_plan() {
    let stage = Stage::new();
    stage.apply(&token("name = \"bound\""));
    let id = stage.text(TOKEN, "id");
    stage.tf.run(&["state", "rm", TOKEN]).success();
    let config = binding(&format!("\"{id}\""));
    stage.apply(&config);
    assert!(stage.sim.delete(&id));
    let plan = stage.tf.plan();
    let plan = plan.failure(&format!("There is no API token {id}"));
    plan.failure(&format!("The account {} was asked", stage.sim.account_id()));
}

#[test]
fn a_binding_in_another_account_than_its_token_fails_the_plan() {
    let stage = Stage::new();
    let (first, second) = (stage.sim.account_id(), stage.sim.other_account_id());
    let config = |id: &str| {
        format!(
            r#"
            terraform {{
              required_providers {{
                cloudflare = {{ source = "{SOURCE}" }}
              }}
            }}
            provider "cloudflare" {{
              api_token  = "{root}"
              account_id = "{second}"
            }}
            provider "cloudflare" {{
              alias      = "first"
              api_token  = "{root}"
              account_id = "{first}"
            }}
            resource "cloudflare_account_api_token" "t" {{
              provider = cloudflare.first
              name     = "first"
            }}
            {}
            "#,
            if id.is_empty() { String::new() } else { binding(id) },
            root = stage.sim.user_root_token(),
        )
    };
    stage.tf.write("main.tf", &config(""));
    stage.tf.apply().success();
    stage.tf.write("main.tf", &config(&format!("{TOKEN}.id")));
    stage.tf.plan().failure(&format!("The account {second} was asked")).failure("another provider alias");
}

#[test]
fn the_fingerprints_of_a_binding_are_known_where_its_policies_are() {
    let stage = Stage::new();
    stage.config(&format!("{}{}", token("name = \"bound\""), binding(&format!("{TOKEN}.id"))));
    stage.tf.run(&["plan", "-out=saved"]).success();
    let shown: Json =
        serde_json::from_str(&stage.tf.run(&["show", "-json", "saved"]).success().stdout).unwrap();
    let changes = shown["resource_changes"].as_array().unwrap();
    let binding = changes.iter().find(|change| change["address"] == "cloudflare_token_binding.b").unwrap();
    let planned = binding["change"]["after"]["fingerprints"].clone();
    assert_eq!(planned.as_array().map(Vec::len), Some(1), "{binding}");
    stage.tf.run(&["apply", "saved"]).success();
    assert_eq!(stage.attributes("cloudflare_token_binding.b")["fingerprints"], planned);
    stage.settled();
}
