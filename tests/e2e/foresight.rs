//! Warnings and errors of a plan: what the apply would refuse, and what the credential or the account lacks.

use std::time::Duration;

use serde_json::Value as Json;
use time::format_description::well_known::Rfc3339;

use crate::simulator::{Effect, Fault, FaultKind};
use crate::support::stage::{SOURCE, Stage, TOKEN, token};
use crate::support::terraform::Output;

const POLICIES: &str = r#"policies = [{ permission_groups = ["Workers Scripts Write"] }]"#;
pub(crate) const VERIFY: &str = "/accounts/*/tokens/verify";

pub(crate) fn with(arguments: &str) -> String {
    token(&format!("name = \"ci\"\n{POLICIES}\n{arguments}"))
}

pub(crate) fn binding(token_id: &str) -> String {
    format!(
        "resource \"cloudflare_token_binding\" \"b\" {{\n  token_id = {token_id}\n  \
         policies = [{{ permission_groups = [\"Cloudflare Tunnel Write\"] }}]\n}}\n"
    )
}

/// Counts how often the output has a text.
pub(crate) fn times(output: &Output, what: &str) -> usize {
    output.said().matches(what).count()
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
    plan.failure(&format!("The account {} has no token with this id", stage.sim.account_id()));
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
    stage
        .tf
        .plan()
        .failure(&format!("The account {second} has no token with this id"))
        .failure("another provider alias");
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
fn a_first_apply_warns_of_an_exclusive_token_with_a_binding() {
    let stage = Stage::new();
    let config = |more: &str| format!("{}{}", with(more), binding(&format!("{TOKEN}.id")));
    stage.config(&config("")).tf.plan().success().says("The binding may be to an exclusive token");
    stage.tf.apply().failure("An exclusive token cannot have a binding");
    let value = stage.text(TOKEN, "value");
    stage.tf.plan().failure("An exclusive token cannot have a binding");
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
    plan.says("The credential expires in 1 hour");
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
fn words_are_the_users_own_and_end_once() {
    let stage = Stage::new();
    let block = "provider \"cloudflare\" {\n  guardrails { max_lifetime = \"90d\" }\n}\n";
    let plan = stage.config(&format!("{block}{}", with("expires_in = \"91d\""))).tf.plan();
    plan.failure("to expire within 90d, and this one expires later");
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
