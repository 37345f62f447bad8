//! When a value is rolled, and what a roll does not change: the token, its id, its rights, and every other plan.

use std::time::Duration;

use serde_json::Value as Json;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::simulator::{Effect, Fault, FaultKind};
use crate::support::stage::{Stage, TOKEN, token};

const POLICIES: &str = r#"policies = [{ permission_groups = ["Cloudflare Tunnel Write"] }]"#;
const ROLLS: &str = "/accounts/*/tokens/*/value";

fn with(arguments: &str) -> String {
    token(&format!("name = \"rotated\"\n{POLICIES}\n{arguments}"))
}

fn triggered(by: &str) -> String {
    with(&format!("rotation = {{ triggers = {{ by = \"{by}\" }} }}"))
}

/// A saved plan as `terraform show -json` prints it.
fn plan(stage: &Stage) -> Json {
    stage.tf.run(&["plan", "-out=saved"]).success();
    serde_json::from_str(&stage.tf.run(&["show", "-json", "saved"]).success().stdout).unwrap()
}

/// The planned change of a resource.
fn change<'a>(plan: &'a Json, address: &str) -> &'a Json {
    let changes = plan["resource_changes"].as_array().unwrap();
    &changes.iter().find(|change| change["address"] == address).unwrap()["change"]
}

/// Asserts that the value in the state works, and returns it.
#[track_caller]
fn works(stage: &Stage) -> String {
    let value = stage.text(TOKEN, "value");
    assert!(stage.sim.token_value(&stage.text(TOKEN, "id")).as_ref() == Some(&value), "the value is dead");
    value
}

fn rolls(stage: &Stage) -> usize {
    stage.sim.count("PUT", ROLLS)
}

/// Moves `value_issued_on` of the state into the past, as if the time since had gone by.
fn age(stage: &Stage, by: Duration) {
    let mut state = stage.tf.state();
    let instances = state["resources"]
        .as_array_mut()
        .unwrap()
        .iter_mut()
        .flat_map(|r| r["instances"].as_array_mut().unwrap());
    for instance in instances {
        let issued = &mut instance["attributes"]["value_issued_on"];
        let then = OffsetDateTime::parse(issued.as_str().unwrap(), &Rfc3339).unwrap() - by;
        *issued = then.format(&Rfc3339).unwrap().into();
    }
    state["serial"] = (state["serial"].as_u64().unwrap() + 1).into();
    stage.tf.write("terraform.tfstate", &state.to_string());
}

fn lifetime(stage: &Stage) -> time::Duration {
    let instant = |attribute| OffsetDateTime::parse(&stage.text(TOKEN, attribute), &Rfc3339).unwrap();
    instant("expires_on") - instant("value_issued_on")
}

#[test]
fn changed_triggers_roll_in_place_and_users_of_the_value_get_the_new_one() {
    let stage = Stage::new();
    let config = |by: &str| {
        format!(
            r#"
            {}
            resource "cloudflare_workers_secret" "user" {{
              script_name = "edge-api"
              name        = "TOKEN"
              value       = {TOKEN}.value
            }}
            "#,
            triggered(by)
        )
    };
    stage.apply(&config("one"));
    let (id, old) = (stage.text(TOKEN, "id"), works(&stage));
    assert!(stage.sim.secret("edge-api", "TOKEN").as_ref() == Some(&old));

    let plan = plan(stage.config(&config("two")));
    let token = change(&plan, TOKEN);
    assert_eq!(token["actions"], serde_json::json!(["update"]));
    for unknown in ["value", "value_issued_on"] {
        assert_eq!(token["after_unknown"][unknown], true, "{unknown}");
    }
    for known in ["id", "name", "issued_on", "policies"] {
        assert_ne!(token["after_unknown"][known], true, "{known}");
    }
    let user = change(&plan, "cloudflare_workers_secret.user");
    assert_eq!(
        (&user["actions"], &user["after_unknown"]["value"]),
        (&serde_json::json!(["update"]), &true.into())
    );

    stage.tf.run(&["apply", "saved"]).success();
    let new = works(&stage);
    assert_eq!(stage.text(TOKEN, "id"), id);
    assert!(new != old && stage.sim.secret("edge-api", "TOKEN").as_ref() == Some(&new));
    assert!(stage.sim.with_state(|state| state.dead_values.contains(&old)), "the old value still works");
    assert_eq!((rolls(&stage), stage.sim.policies(&id).len()), (1, 1));
    stage.settled();
}

#[test]
fn triggers_taken_away_roll_nothing() {
    let stage = Stage::new();
    stage.apply(&triggered("one"));
    let value = works(&stage);
    stage.apply(&with(""));
    assert!(works(&stage) == value);
    stage.apply(&triggered("one"));
    assert!(works(&stage) != value, "new triggers are changed triggers");
    assert_eq!(rolls(&stage), 1);
}

#[test]
fn triggers_that_are_not_known_before_apply_roll_then() {
    let stage = Stage::new();
    let config = |input: &str| {
        format!(
            r#"
            resource "terraform_data" "version" {{
              input            = "{input}"
              triggers_replace = "{input}"
            }}
            {}
            "#,
            with("rotation = { triggers = { by = terraform_data.version.id } }")
        )
    };
    stage.apply(&config("one"));
    let (id, old) = (stage.text(TOKEN, "id"), works(&stage));
    let plan = plan(stage.config(&config("two")));
    assert_eq!(change(&plan, TOKEN)["after_unknown"]["value"], true);
    stage.tf.run(&["apply", "saved"]).success();
    assert!(stage.text(TOKEN, "id") == id && works(&stage) != old);
    stage.settled();
}

#[test]
fn a_rotation_is_due_when_a_refresh_finds_the_value_too_old_and_not_before() {
    let stage = Stage::new();
    let config = with(r#"rotation = { every = "30d" }"#);
    stage.apply(&config);
    let (id, old) = (stage.text(TOKEN, "id"), works(&stage));
    age(&stage, Duration::from_secs(29 * 86_400));
    stage.settled();
    age(&stage, Duration::from_secs(86_400));
    // Without a refresh, the provider has not checked the clock.
    let unrefreshed = stage.tf.run(&["plan", "-refresh=false", "-detailed-exitcode"]);
    assert_eq!(unrefreshed.code, Some(0), "{}", unrefreshed.stdout);
    let plan = plan(&stage);
    assert_eq!(change(&plan, TOKEN)["after_unknown"]["value"], true);
    stage.tf.run(&["apply", "saved"]).success();
    assert!(stage.text(TOKEN, "id") == id && works(&stage) != old);
    stage.settled();
    assert_eq!(rolls(&stage), 1);
}

#[test]
fn an_apply_that_changes_something_else_does_not_roll_what_is_not_due() {
    let stage = Stage::new();
    stage.apply(&with(r#"rotation = { every = "30d", triggers = { by = "one" } }"#));
    let value = works(&stage);
    let config = r#"rotation = { every = "60d", triggers = { by = "one" } }"#;
    stage.apply(&with(&format!("{config}\nstatus = \"disabled\"")));
    stage.apply(&with(&format!("{config}\nstatus = \"active\"")));
    assert!(works(&stage) == value);
    assert_eq!(rolls(&stage), 0);
}

#[test]
fn a_rotation_that_is_due_and_taken_out_of_the_configuration_does_not_happen() {
    let stage = Stage::new();
    stage.apply(&with(r#"rotation = { every = "30d" }"#));
    let value = works(&stage);
    age(&stage, Duration::from_secs(31 * 86_400));
    stage.apply(&with(""));
    assert!(works(&stage) == value);
}

#[test]
fn expires_in_counts_from_the_issue_and_a_roll_extends_it() {
    let stage = Stage::new();
    let config =
        |by: &str| with(&format!("expires_in = \"90d\"\nrotation = {{ triggers = {{ by = \"{by}\" }} }}"));
    stage.apply(&config("one"));
    assert_eq!(lifetime(&stage), time::Duration::days(90));
    let (id, first) = (stage.text(TOKEN, "id"), stage.text(TOKEN, "expires_on"));
    assert_eq!(stage.sim.token(&id).unwrap()["expires_on"], first.as_str());
    std::thread::sleep(Duration::from_millis(1100));
    let plan = plan(stage.config(&config("two")));
    assert_eq!(change(&plan, TOKEN)["after_unknown"]["expires_on"], true);
    stage.tf.run(&["apply", "saved"]).success();
    let second = stage.text(TOKEN, "expires_on");
    assert!(second > first, "{second} is not after {first}");
    assert_eq!(lifetime(&stage), time::Duration::days(90));
    assert_eq!(stage.sim.token(&id).unwrap()["expires_on"], second.as_str());
    stage.settled();
}

#[test]
fn another_expires_in_moves_the_end_and_leaves_the_value() {
    let stage = Stage::new();
    stage.apply(&with(r#"expires_in = "90d""#));
    let value = works(&stage);
    let plan = plan(stage.config(&with(r#"expires_in = "30d""#)));
    assert!(change(&plan, TOKEN)["after"]["expires_on"].is_string(), "the new end is known");
    stage.tf.run(&["apply", "saved"]).success();
    assert_eq!(lifetime(&stage), time::Duration::days(30));
    assert!(works(&stage) == value);
    stage.apply(&with(""));
    assert_eq!(stage.attributes(TOKEN)["expires_on"], Json::Null);
    assert!(stage.sim.token(&stage.text(TOKEN, "id")).unwrap()["expires_on"].is_null());
    assert!(works(&stage) == value);
}

#[test]
fn an_expires_in_that_is_over_is_refused_unless_the_same_run_rolls() {
    let stage = Stage::new();
    stage.apply(&with(r#"expires_in = "90d""#));
    age(&stage, Duration::from_secs(20 * 86_400));
    let short = |more: &str| with(&format!("expires_in = \"10d\"\n{more}"));
    stage.config(&short("")).tf.plan().failure("The token would expire at once").failure("expires_in");
    stage.apply(&short(r#"rotation = { triggers = { by = "one" } }"#));
    assert_eq!(lifetime(&stage), time::Duration::days(10));
}

#[test]
fn a_token_that_was_not_rolled_before_it_expired_is_replaced() {
    let stage = Stage::new();
    stage.apply(&with("expires_in = \"1h\"\nrotation = { every = \"30m\" }"));
    let (id, old) = (stage.text(TOKEN, "id"), works(&stage));
    stage.sim.expire(&id);
    stage.tf.plan().success().says("must be replaced").says("\"expired\"");
    stage.tf.apply().success();
    assert!(stage.text(TOKEN, "id") != id && works(&stage) != old);
    stage.settled();
}

#[test]
fn an_exposed_token_is_replaced_by_one_with_another_value() {
    let stage = Stage::new();
    stage.apply(&with(r#"rotation = { every = "30d" }"#));
    let (id, old) = (stage.text(TOKEN, "id"), works(&stage));
    stage.sim.revoke_exposed(&id);
    stage.tf.apply().success();
    assert!(stage.text(TOKEN, "id") != id && works(&stage) != old);
    stage.settled();
}

#[test]
fn a_roll_that_is_refused_leaves_the_old_value_and_is_planned_again() {
    let stage = Stage::new();
    let config =
        |by: &str| with(&format!("expires_in = \"90d\"\nrotation = {{ triggers = {{ by = \"{by}\" }} }}"));
    stage.apply(&config("one"));
    let (old, issued) = (works(&stage), stage.text(TOKEN, "value_issued_on"));
    let refuse = FaultKind::Api(403, 10000, "Authentication error", Effect::None);
    stage.sim.fault(Fault::new(refuse).method("PUT").path(ROLLS).always());
    stage.config(&config("two")).tf.apply().failure("Could not roll the API token");
    assert!(works(&stage) == old);
    assert_eq!(stage.text(TOKEN, "value_issued_on"), issued);
    stage.sim.clear_faults();
    let plan = plan(&stage);
    assert_eq!(change(&plan, TOKEN)["after_unknown"]["value"], true);
    stage.tf.run(&["apply", "saved"]).success();
    assert!(works(&stage) != old);
    stage.settled();
}

#[test]
fn a_due_roll_that_is_refused_stays_due() {
    let stage = Stage::new();
    stage.apply(&with(r#"rotation = { every = "30d" }"#));
    let old = works(&stage);
    age(&stage, Duration::from_secs(31 * 86_400));
    let refuse = FaultKind::Api(403, 10000, "Authentication error", Effect::None);
    stage.sim.fault(Fault::new(refuse).method("PUT").path(ROLLS).always());
    stage.tf.apply().failure("Could not roll the API token");
    assert!(works(&stage) == old);
    stage.sim.clear_faults();
    stage.tf.apply().success();
    assert!(works(&stage) != old);
    stage.settled();
}

#[test]
fn a_roll_whose_answer_is_lost_ends_with_a_value_that_works() {
    let lost = [FaultKind::Reset(Effect::Done), FaultKind::Truncated, FaultKind::Html(502, Effect::Done)];
    let stage = Stage::new();
    stage.apply(&triggered("none"));
    for (number, kind) in lost.into_iter().enumerate() {
        let old = works(&stage);
        let fault = stage.sim.fault(Fault::new(kind).method("PUT").path(ROLLS));
        stage.apply(&triggered(&number.to_string()));
        assert!(works(&stage) != old && stage.sim.hits(fault) == 1);
    }
}

#[test]
fn the_run_after_an_unanswered_roll_makes_a_new_value() {
    let stage = Stage::new();
    stage.apply(&triggered("one"));
    let lost = Fault::new(FaultKind::Reset(Effect::Done)).method("PUT").path(ROLLS).always();
    stage.sim.fault(lost);
    stage.config(&triggered("two")).tf.apply().failure("Could not roll the API token").failure("not known");
    stage.sim.clear_faults();
    stage.apply(&triggered("two"));
    works(&stage);
}

#[test]
fn a_saved_plan_of_a_rotation_holds_when_it_is_applied_later() {
    let stage = Stage::new();
    stage.apply(&with("expires_in = \"90d\"\nrotation = { every = \"30d\" }"));
    let old = works(&stage);
    age(&stage, Duration::from_secs(31 * 86_400));
    stage.tf.run(&["plan", "-out=saved"]).success();
    std::thread::sleep(Duration::from_millis(2100));
    stage.tf.run(&["apply", "saved"]).success();
    assert!(works(&stage) != old);
    assert_eq!(lifetime(&stage), time::Duration::days(90));
    stage.settled();
}

#[test]
fn a_token_deleted_between_plan_and_apply_is_an_error_once() {
    let stage = Stage::new();
    stage.apply(&triggered("one"));
    let id = stage.text(TOKEN, "id");
    stage.config(&triggered("two")).tf.run(&["plan", "-out=saved"]).success();
    assert!(stage.sim.delete(&id));
    stage.tf.run(&["apply", "saved"]).failure("Could not roll the API token").failure("terraform plan");
    stage.tf.apply().success();
    assert_ne!(stage.text(TOKEN, "id"), id);
    works(&stage);
}

#[test]
fn an_imported_token_gets_a_value_when_it_is_rolled() {
    let stage = Stage::new();
    stage.apply(&with(""));
    let (id, account) = (stage.text(TOKEN, "id"), stage.sim.account_id());
    stage.tf.run(&["state", "rm", TOKEN]).success();
    stage.tf.run(&["import", TOKEN, &format!("{account}/{id}")]).success().says("value is not known");
    assert_eq!(stage.attributes(TOKEN)["value"], Json::Null);
    stage.apply(&triggered("import"));
    assert_eq!(stage.text(TOKEN, "id"), id);
    works(&stage);
}

#[test]
fn a_rotation_with_other_changes_makes_them_first_and_rolls_last() {
    let stage = Stage::new();
    stage.apply(&triggered("one"));
    stage.sim.reset_requests();
    stage.apply(&with("status = \"disabled\"\nrotation = { triggers = { by = \"two\" } }"));
    let writes = stage.sim.requests().into_iter().filter(|r| r.method == "PUT");
    let is_roll: Vec<_> = writes.map(|r| r.path.ends_with("/value")).collect();
    assert_eq!(is_roll, [false, true]);
    assert_eq!(stage.text(TOKEN, "status"), "disabled");
    works(&stage);
}

#[test]
fn a_rotation_is_judged_by_the_period_that_is_configured_now() {
    let stage = Stage::new();
    let every = |period: &str| with(&format!("rotation = {{ every = \"{period}\" }}"));
    stage.apply(&every("30d"));
    let old = works(&stage);
    age(&stage, Duration::from_secs(31 * 86_400));
    stage.apply(&every("60d"));
    assert!(works(&stage) == old, "a longer period puts the roll off");
    stage.apply(&every("10d"));
    assert!(works(&stage) != old, "a shorter one acts at once");
    assert_eq!(rolls(&stage), 1);
    stage.settled();
}

#[test]
fn a_roll_that_is_refused_does_not_extend_the_life_of_the_old_value() {
    let stage = Stage::new();
    let config =
        |by: &str| with(&format!("expires_in = \"90d\"\nrotation = {{ triggers = {{ by = \"{by}\" }} }}"));
    stage.apply(&config("one"));
    let (id, end) = (stage.text(TOKEN, "id"), stage.text(TOKEN, "expires_on"));
    std::thread::sleep(Duration::from_millis(1100));
    let refuse = FaultKind::Api(403, 10000, "Authentication error", Effect::None);
    stage.sim.fault(Fault::new(refuse).method("PUT").path(ROLLS).always());
    stage.config(&config("two")).tf.apply().failure("Could not roll the API token");
    assert_eq!(stage.sim.token(&id).unwrap()["expires_on"], end.as_str());
    assert_eq!(stage.text(TOKEN, "expires_on"), end);
}

#[test]
fn the_next_run_moves_the_end_that_a_roll_could_not_move() {
    let stage = Stage::new();
    let config =
        |by: &str| with(&format!("expires_in = \"90d\"\nrotation = {{ triggers = {{ by = \"{by}\" }} }}"));
    stage.apply(&config("one"));
    let (old, end) = (works(&stage), stage.text(TOKEN, "expires_on"));
    std::thread::sleep(Duration::from_millis(1100));
    let refuse = FaultKind::Api(403, 10000, "Authentication error", Effect::None);
    stage.sim.fault(Fault::new(refuse).method("PUT").path("/accounts/*/tokens/*").always());
    stage.config(&config("two")).tf.apply().failure("was rolled, but its `expires_on`");
    assert!(works(&stage) != old);
    assert_eq!(stage.text(TOKEN, "expires_on"), end);
    stage.sim.clear_faults();
    stage.tf.apply().success();
    assert_eq!((lifetime(&stage), rolls(&stage)), (time::Duration::days(90), 1));
    stage.settled();
}

#[test]
fn a_refresh_in_which_nothing_happens_leaves_the_state_as_it_was() {
    let stage = Stage::new();
    stage.apply(
        r#"
        resource "cloudflare_account_api_token" "t" {
          rotation = { every = "30d" }
        }
        "#,
    );
    stage.tf.apply().success();
    let serial = stage.tf.state()["serial"].clone();
    std::thread::sleep(std::time::Duration::from_millis(1100));
    stage.tf.apply().success();
    assert_eq!(stage.tf.state()["serial"], serial);
}
