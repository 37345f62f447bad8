//! What a plan says before the apply: why a token is rolled, what was done to it elsewhere, and what the apply would refuse.

use std::time::Duration;

use serde_json::Value as Json;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::simulator::{Effect, Fault, FaultKind};
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
    stage.sim.reset_requests();
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
    stage.sim.reset_requests();
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

#[test]
fn times_that_can_never_work_are_refused_at_their_attribute() {
    let stage = Stage::new();
    let refused = |arguments: &str, what: &str, at: &str| {
        let plan = stage.config(&with(arguments)).tf.plan();
        plan.failure(what).failure(at);
    };
    refused(r#"expires_on = "2020-01-01T00:00:00Z""#, "The token would have expired already", "expires_on =");
    refused(
        "not_before = \"2099-01-02T00:00:00Z\"\nexpires_on = \"2099-01-01T00:00:00Z\"",
        "The token would never work",
        "not_before =",
    );
    refused(
        "not_before = \"2099-01-02T00:00:00Z\"\nexpires_in = \"30d\"",
        "The token would never work",
        "not_before =",
    );
    refused(
        "expires_in = \"30d\"\nrotation = { every = \"60d\" }",
        "The value would expire before it is rotated",
        "rotation =",
    );
    assert!(stage.sim.requests().iter().all(|request| request.method == "GET"));
}

#[test]
fn what_the_api_says_of_a_time_points_at_the_time() {
    let stage = Stage::new();
    let refuse = FaultKind::Api(400, 1001, "expires_on must be within a year", Effect::None);
    stage.sim.fault(Fault::new(refuse).method("POST").path("/accounts/*/tokens").always());
    let applied = stage.config(&with(r#"expires_on = "2099-01-01T00:00:00Z""#)).tf.apply();
    applied.failure("expires_on must be within a year").failure("expires_on = \"2099");
    let applied = stage.config(&with(r#"expires_in = "900d""#)).tf.apply();
    applied.failure("expires_on must be within a year").failure("expires_in = \"900d\"");
}

#[test]
fn an_exclusive_token_and_its_binding_in_one_first_apply_are_warned_of_and_then_go_together() {
    let stage = Stage::new();
    let config = |more: &str| format!("{}{}", with(more), binding(&format!("{TOKEN}.id")));
    stage.config(&config("")).tf.plan().success().says("The binding may be to an exclusive token");
    stage.tf.apply().failure("An exclusive token and a binding to it");
    let value = stage.text(TOKEN, "value");
    stage.tf.plan().failure("An exclusive token and a binding to it");
    stage.apply(&config("exclusive_policies = false"));
    assert!(stage.text(TOKEN, "value") == value, "the token is kept");
    let stage = Stage::new();
    let both = format!("{}{}", token("name = \"bound\""), binding(&format!("{TOKEN}.id")));
    stage.config(&both).tf.plan().success().never_says("may be to an exclusive token");
}

#[test]
fn a_zone_of_another_account_is_warned_of_with_one_request() {
    let stage = Stage::new();
    let on = |zone: &str| {
        token(&format!(
            "name = \"dns\"\npolicies = [{{ permission_groups = [\"DNS Write\"], zones = [\"{zone}\"] }}]"
        ))
    };
    let (own, other) = (stage.sim.zone_ids()[0].clone(), stage.sim.other_zone_id());
    let plan = stage.config(&on(&other)).tf.plan().success();
    assert_eq!(times(&plan, &format!("does not seem to have the zone {other}")), 1, "{}", plan.stdout);
    assert_eq!((stage.sim.count("GET", "/zones"), stage.sim.count("GET", VERIFY)), (1, 0));
    stage.config(&on(&own)).tf.plan().success().never_says("does not seem to have");
    stage.apply(&on(&own));
    stage.sim.reset_requests();
    stage.settled();
    assert_eq!(stage.sim.requests().len(), 1, "nothing is looked for where nothing changes");
}

#[test]
fn a_credential_that_expires_soon_is_warned_of_once() {
    let mut stage = Stage::new();
    let account = stage.sim.account_id();
    let soon = (stage.sim.now() + Duration::from_secs(7100)).format(&Rfc3339).unwrap();
    let group =
        |name: &str| serde_json::json!({"id": stage.sim.group_id(name, "com.cloudflare.api.account")});
    let resource = format!("com.cloudflare.api.account.{account}");
    let (_, value) = stage.sim.mint(&serde_json::json!({
        "name": "ci", "expires_on": soon,
        "policies": [{
            "effect": "allow",
            "permission_groups": [group("Account API Tokens Write"), group("Workers Scripts Write")],
            "resources": { resource: "*" }
        }]
    }));
    stage.tf.env("CLOUDFLARE_API_TOKEN", value);
    let two = format!("{}{}", with(""), with("").replace("\"t\"", "\"u\""));
    let plan = stage.config(&two).tf.plan().success();
    assert_eq!(times(&plan, "The provider's credential expires soon"), 1, "{}", plan.stdout);
    plan.says("It expires in 1 hour");
    assert_eq!(stage.sim.count("GET", VERIFY), 1);
}

#[test]
fn a_worker_that_does_not_exist_is_warned_of_before_its_secret_is_put() {
    let stage = Stage::new();
    let config = "resource \"cloudflare_workers_secret\" \"s\" {\n  script_name = \"nowhere\"\n  \
                  name = \"KEY\"\n  value = \"v\"\n}\n";
    let plan = stage.config(config).tf.plan().success();
    plan.says("The Worker nowhere does not exist yet").says(&stage.sim.account_id());
}

#[test]
fn twenty_imports_give_one_warning() {
    let stage = Stage::new();
    let body = |number: usize| serde_json::json!({"name": format!("t{number}"), "policies": []});
    let ids: Vec<_> = (0..20).map(|number| stage.sim.mint(&body(number)).0).collect();
    let config = ids.iter().enumerate().map(|(number, id)| {
        format!(
            "import {{\n  to = cloudflare_account_api_token.t{number}\n  id = \"{}/{id}\"\n}}\n\
             resource \"cloudflare_account_api_token\" \"t{number}\" {{\n  name = \"t{number}\"\n}}\n",
            stage.sim.account_id()
        )
    });
    let plan = stage.config(&config.collect::<String>()).tf.plan().success();
    assert_eq!(times(&plan, "The token's value is not known"), 1, "{}", plan.stdout);
}

#[test]
fn what_needs_no_api_needs_no_credential() {
    let mut stage = Stage::new();
    let config = format!("{}{}", with(""), binding(&format!("{TOKEN}.id")))
        .replace("name = \"ci\"", "name = \"ci\"\nexclusive_policies = false");
    stage.apply(&config);
    stage.tf.env("CLOUDFLARE_API_TOKEN", "");
    let plan = stage.tf.run(&["plan", "-refresh=false", "-detailed-exitcode"]);
    assert_eq!(plan.code, Some(0), "{}\n{}", plan.stdout, plan.stderr);
    stage.tf.plan().failure("No credentials");
    stage.config(&config.replace("\"ci\"", "\"other\""));
    stage.tf.run(&["plan", "-refresh=false"]).failure("No credentials");
    stage.tf.run(&["plan", "-refresh=false", "-destroy"]).failure("No credentials");
}

#[test]
fn an_account_that_is_not_known_yet_keeps_the_token_unless_it_is_another_one() {
    let stage = Stage::new();
    let (first, second) = (stage.sim.account_id(), stage.sim.other_account_id());
    let config = |account: &str, generation: u8| {
        format!(
            "resource \"terraform_data\" \"account\" {{\n  input = \"{account}\"\n  triggers_replace = {generation}\n}}\n{}",
            with("account_id = terraform_data.account.output")
        )
    };
    stage.apply(&config(&first, 1));
    let (id, value) = (stage.text(TOKEN, "id"), stage.text(TOKEN, "value"));
    let plan = stage.config(&config(&first, 2)).tf.plan().success();
    plan.never_says(&format!("{TOKEN} must be replaced"));
    stage.tf.apply().success();
    stage.settled();
    assert!(stage.text(TOKEN, "id") == id && stage.text(TOKEN, "value") == value);
    stage.config(&config(&second, 3)).tf.plan().success().never_says(&format!("{TOKEN} must be replaced"));
    stage.tf.apply().failure("The account is another one");
    assert!(stage.sim.token(&id).is_some());
}

/// A token for the time of the run, which a Worker's secret takes.
const LENT: &str = r#"
ephemeral "cloudflare_account_api_token" "lent" {
  policies = [{ permission_groups = ["Workers Scripts Write"] }]
}
resource "cloudflare_workers_secret" "s" {
  script_name      = "edge-api"
  name             = "KEY"
  value_wo         = ephemeral.cloudflare_account_api_token.lent.value
  value_wo_version = 1
}
"#;

#[test]
fn an_account_of_the_provider_that_is_not_known_yet_defers_an_ephemeral_token() {
    let mut stage = Stage::new();
    let account = stage.sim.account_id();
    stage.tf.env("CLOUDFLARE_ACCOUNT_ID", stage.sim.other_account_id());
    stage.config(&format!(
        "resource \"terraform_data\" \"account\" {{ input = \"{account}\" }}\n\
         provider \"cloudflare\" {{ account_id = terraform_data.account.output }}\n{LENT}"
    ));
    stage.tf.plan().success();
    assert_eq!(stage.sim.count("POST", "/accounts/*/tokens"), 0, "nothing is made elsewhere");
    stage.tf.apply().success();
    assert_eq!(stage.attributes("cloudflare_workers_secret.s")["account_id"], account.as_str());
    assert!(stage.sim.tokens().is_empty());
}

#[test]
fn a_value_that_was_just_made_is_handed_on_once_the_api_takes_it() {
    let stage = Stage::new();
    let config = format!(
        "{}resource \"cloudflare_workers_secret\" \"s\" {{\n  script_name = \"edge-api\"\n  name = \"KEY\"\n  \
         value = {TOKEN}.value\n}}\n",
        with("")
    );
    stage.config(&config).tf.apply().success();
    // The credential before the create, and the new value.
    assert!(stage.sim.count("GET", VERIFY) <= 2);
    stage.tf.destroy().success();
    for config in [config.as_str(), LENT] {
        let stage = Stage::new();
        stage.sim.set_value_lag(Duration::from_secs(2));
        stage.config(config).tf.apply().success();
        let requests = stage.sim.requests();
        let put = requests.iter().position(|r| r.method == "PUT" && r.path.ends_with("/secrets")).unwrap();
        let before = &requests[..put];
        let taken = before.iter().filter(|r| r.path.ends_with("/verify") && r.status == Some(200)).count();
        let refused = before.iter().filter(|r| r.status == Some(401)).count();
        assert!(taken > 0 && refused > 0, "the put did not wait for the value: {taken} {refused}");
    }
}

#[test]
fn bare_mocks_make_a_configuration_testable() {
    let stage = Stage::new();
    stage.config(&format!(
        r#"
        {}
        {}
        data "cloudflare_account_api_tokens" "all" {{}}
        data "cloudflare_account_api_token" "one" {{ id = cloudflare_token_binding.b.token_id }}
        resource "cloudflare_workers_secret" "s" {{
          account_id  = {TOKEN}.account_id
          script_name = "edge-api"
          name        = "KEY"
          value       = {TOKEN}.value
        }}
        "#,
        with(""),
        binding(&format!("{TOKEN}.id"))
    ));
    let test = "mock_provider \"cloudflare\" {}\nrun \"applies\" {\n  assert {\n    \
                condition = cloudflare_token_binding.b.token_id == cloudflare_account_api_token.t.id\n    \
                error_message = \"the binding is to the token\"\n  }\n}\n";
    stage.tf.write("main.tftest.hcl", test);
    stage.tf.init();
    stage.tf.run(&["test"]).success().says("1 passed, 0 failed");
    // What a mock may make up is no id for a real run.
    let config = binding("\"x8f3k2ab\"");
    stage.config(&config).tf.run(&["validate"]).success();
    stage.tf.plan().failure("is not the id of a token");
}

#[test]
fn the_lock_directory_can_be_named_and_no_lock_file_stays() {
    let mut stage = Stage::new();
    let (named, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let files = |dir: &std::path::Path| {
        let below = dir.join("terraform-provider-cloudflare-tokens");
        let entries =
            std::fs::read_dir(below).map(|all| all.flatten().collect::<Vec<_>>()).unwrap_or_default();
        let names = entries.iter().map(|entry| entry.file_name().into_string().unwrap());
        names.collect::<Vec<_>>()
    };
    stage.tf.env("CLOUDFLARE_LOCK_DIRECTORY", named.path());
    stage.apply(&with(""));
    let left = files(named.path());
    assert!(!left.is_empty() && left.iter().all(|name| name.ends_with(".json")), "{left:?}");
    let block = format!("provider \"cloudflare\" {{ lock_directory = \"{}\" }}\n", other.path().display());
    stage.apply(&format!("{block}{}", with("status = \"disabled\"")));
    assert!(!files(other.path()).is_empty());
    stage.config(&format!("provider \"cloudflare\" {{ lock_directory = \"locks\" }}\n{}", with("")));
    stage.tf.plan().failure("is not an absolute path");
}

#[test]
fn a_credential_that_is_not_written_as_it_must_be_is_found_locally() {
    let mut stage = Stage::new();
    let token = stage.sim.root_token();
    stage.config(&with(""));
    let mut told = |text: String, what: &str| {
        stage.tf.env("CLOUDFLARE_API_TOKEN", text);
        stage.tf.plan().failure(what).failure("in CLOUDFLARE_API_TOKEN");
    };
    told(format!("{token}\n"), "starts or ends with a line break");
    told(format!(" {token}"), "starts or ends with a space");
    told(format!("Bearer {token}"), "has `Bearer` in front");
    told(stage.sim.global_key().1, "is a global API key (`cfk_…`)");
    assert!(stage.sim.requests().is_empty());
    stage.config(&format!(
        "provider \"cloudflare\" {{\n  api_key = \"{token}\"\n  email = \"a@b.c\"\n}}\n{}",
        with("")
    ));
    stage.tf.plan().failure("in `api_key` is an account's API token (`cfat_…`)");
}

#[test]
fn words_are_the_users_own_and_end_once() {
    let stage = Stage::new();
    let block = "provider \"cloudflare\" {\n  guardrails { max_lifetime = \"90d\" }\n}\n";
    let plan = stage.config(&format!("{block}{}", with("expires_in = \"91d\""))).tf.plan();
    plan.failure("to end within 90d, and this one ends later");
    let output = "output \"o\" {\n  value = provider::cloudflare::r2_bucket_resource(\"CCC\", \"EU\", \"photos\")\n}\n"
        .replace("CCC", &stage.sim.account_id());
    let plan = stage.config(&output).tf.plan();
    let said = plan.said();
    plan.failure("\"EU\" is not a jurisdiction");
    assert!(!said.contains(".."), "{said}");
    let long = "n".repeat(121);
    let plan = stage.config(&token(&format!("name = \"{long}\""))).tf.plan();
    plan.failure(&format!("\"{long}\" has 121 characters"));
    let list = "data \"cloudflare_account_api_tokens\" \"all\" {\n  status = \"Active\"\n}\n";
    stage.config(list).tf.plan().failure("write \"active\"");
}
