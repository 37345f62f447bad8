//! `grants`: a change of one right changes one line of a plan, and nothing else changes a line.

use serde_json::json;

use crate::simulator::PolicyView;
use crate::support::stage::{Stage, TOKEN, token};

const ZONES: &str = r#"
    variable "zone_id" {}
    resource "terraform_data" "later" { input = var.zone_id }
"#;

/// The lines of a plan that begin with this sign.
fn lines(stdout: &str, sign: &str) -> Vec<String> {
    let quoted = stdout.lines().map(str::trim).filter_map(|line| line.strip_prefix(sign)).map(str::trim);
    quoted
        .filter(|line| line.starts_with("\"allow") || line.starts_with("\"deny"))
        .map(str::to_owned)
        .collect()
}

#[track_caller]
fn no_drift(stage: &Stage) {
    let plan = stage.tf.run(&["plan", "-refresh-only", "-detailed-exitcode"]);
    assert_eq!(plan.code, Some(0), "{}", plan.said());
}

fn policies(groups: &str) -> String {
    token(&format!("name = \"t\"\npolicies = [{{ permission_groups = [{groups}] }}]"))
}

#[test]
fn a_change_of_one_right_is_one_line_of_a_plan() {
    let stage = Stage::new();
    stage.config(&policies(r#""Workers Scripts Write""#));
    let plan = stage.tf.plan().success();
    assert_eq!(lines(&plan.stdout, "+"), [r#""allow \"Workers Scripts Write\" on the account","#]);
    stage.apply(&policies(r#""Workers Scripts Write""#));
    stage.config(&policies(r#""Workers Scripts Write", "Workers KV Storage Read""#));
    let plan = stage.tf.plan().success();
    assert_eq!(lines(&plan.stdout, "+"), [r#""allow \"Workers KV Storage Read\" on the account","#]);
    assert_eq!(lines(&plan.stdout, "-"), [""; 0]);
    stage.apply(&policies(r#""Workers Scripts Write", "Workers KV Storage Read""#));
    stage.config(&token("name = \"t\""));
    stage.apply(&token("name = \"t\""));
    assert_eq!(stage.attributes(TOKEN)["grants"], json!([]));
}

#[test]
fn a_misspelt_target_or_effect_shows_in_the_grants() {
    let stage = Stage::new();
    stage.config(&token(r#"policies = [{ effct = "deny", permission_groups = ["Workers Scripts Write"] }]"#));
    stage.tf.plan().success().says(r#""allow \"Workers Scripts Write\" on the account""#);
}

#[test]
fn an_id_is_shown_by_its_name_and_stays_through_refresh_and_rename() {
    let stage = Stage::new();
    let account = "com.cloudflare.api.account";
    let id = stage.sim.group_id("DNS Write", "com.cloudflare.api.account.zone");
    let config = token(&format!(
        r#"policies = [{{
            permission_groups = ["{id}"]
            resources = {{ "{account}.${{cloudflare_account_api_token.other.account_id}}" = "*" }}
        }}]"#
    )) + "resource \"cloudflare_account_api_token\" \"other\" {}";
    stage.apply(&config);
    let expected = json!([r#"allow "DNS Write" on the account and all of its zones"#]);
    assert_eq!(stage.attributes(TOKEN)["grants"], expected);
    stage.sim.rename_group(&id, "DNS Edit");
    stage.settled();
    no_drift(&stage);
}

#[test]
fn rights_that_are_not_known_yet_may_become_several_at_apply() {
    let stage = Stage::new();
    let config = format!(
        "{ZONES}{}",
        token(
            r#"policies = [
              { permission_groups = ["Workers Scripts Write"] },
              { permission_groups = ["DNS Write", "Zone Read"], zones = [terraform_data.later.output] },
            ]"#
        )
    );
    stage.config(&config);
    let plan = stage.tf.plan().success();
    let grants = plan.stdout.lines().find(|line| line.contains("+ grants")).unwrap();
    assert!(grants.contains("(known after apply)"), "{grants}");
    stage.apply(&config);
    let zone = &stage.sim.zone_ids()[0];
    let expected = json!([
        format!("allow \"DNS Write\" on the zone {zone}"),
        "allow \"Workers Scripts Write\" on the account",
        format!("allow \"Zone Read\" on the zone {zone}"),
    ]);
    assert_eq!(stage.attributes(TOKEN)["grants"], expected);
}

#[test]
fn drift_shows_in_the_grants_of_the_token_and_of_the_binding() {
    let stage = Stage::new();
    let config = format!(
        r#"{}
        resource "cloudflare_account_api_token" "bound" {{ name = "bound" }}
        resource "cloudflare_token_binding" "b" {{
          token_id = cloudflare_account_api_token.bound.id
          policies = [
            {{ permission_groups = ["Workers Scripts Read"] }},
            {{ permission_groups = ["Workers KV Storage Read"] }},
          ]
        }}"#,
        policies(r#""Workers Scripts Write""#)
    );
    stage.apply(&config);
    let refreshed = |address: &str| {
        stage.tf.run(&["apply", "-refresh-only", "-auto-approve"]).success();
        stage.attributes(address)["grants"].clone()
    };
    let binding = "cloudflare_token_binding.b";
    let both = json!([
        "allow \"Workers KV Storage Read\" on the account",
        "allow \"Workers Scripts Read\" on the account"
    ]);
    assert_eq!(refreshed(binding), both);
    let id = stage.text("cloudflare_account_api_token.bound", "id");
    let gone = |policy: &PolicyView| policy.groups.contains("Workers KV Storage Read");
    assert_eq!(stage.sim.remove_policies(&id, gone), 1);
    assert_eq!(refreshed(binding), json!(["allow \"Workers Scripts Read\" on the account"]));
    stage.apply(&config);
    assert_eq!(stage.attributes(binding)["grants"], both);
}

/// A token, a binding to it, and an output that shows the token's name as the binding has it.
fn bound(name: &str, groups: &str) -> String {
    format!(
        r#"resource "cloudflare_account_api_token" "t" {{ name = "{name}" }}
        resource "cloudflare_token_binding" "b" {{
          token_id = cloudflare_account_api_token.t.id
          policies = [{{ permission_groups = [{groups}] }}]
        }}
        output "name" {{ value = cloudflare_token_binding.b.token_name }}"#
    )
}

const READ: &str = r#""Workers Scripts Read""#;

#[test]
fn a_binding_shows_its_tokens_name_and_follows_it_without_a_request() {
    let stage = Stage::new();
    stage.apply(&bound("ci", READ));
    assert_eq!(stage.tf.output("name"), "ci");
    no_drift(&stage);
    stage.sim.reset_requests();
    stage.settled();
    assert_eq!(stage.sim.requests().len(), 1, "an empty plan of a token and its binding is one read");
    // This configuration renames the token. The binding follows in the same run.
    stage.apply(&bound("deploy", READ));
    assert_eq!(stage.tf.output("name"), "deploy");
    no_drift(&stage);
    // Both change at once.
    stage.apply(&bound("ci", r#""Workers Scripts Write""#));
    assert_eq!(stage.tf.output("name"), "ci");
    no_drift(&stage);
}

#[test]
fn a_token_that_is_renamed_elsewhere_makes_its_bindings_plan_nothing() {
    let stage = Stage::new();
    let (id, _) = stage.sim.mint(&json!({
        "name": "ci",
        "policies": [{
            "effect": "allow",
            "resources": { format!("com.cloudflare.api.account.{}", stage.sim.account_id()): "*" },
            "permission_groups": [{ "id": stage.sim.group_id("Workers KV Storage Read", "com.cloudflare.api.account") }],
        }],
    }));
    let config = |groups: &str| {
        format!(
            "resource \"cloudflare_token_binding\" \"b\" {{\n  token_id = \"{id}\"\n  policies = [{{ permission_groups = \
             [{groups}] }}]\n}}"
        )
    };
    let rename = |name: &str| stage.sim.edit(&id, |token| token.name = name.to_owned());
    let name = || stage.text("cloudflare_token_binding.b", "token_name");
    // The token is renamed between the plan of a create and its apply.
    stage.config(&config(READ)).tf.run(&["plan", "-out=plan"]).success();
    rename("two");
    stage.tf.run(&["apply", "plan"]).success();
    assert_eq!(name(), "two");
    rename("three");
    stage.settled();
    // The token is renamed between the plan of an update and its apply.
    stage.config(&config(r#""Workers Scripts Write""#)).tf.run(&["plan", "-out=plan"]).success();
    rename("four");
    stage.tf.run(&["apply", "plan"]).success();
    assert_eq!(name(), "three", "as it was planned");
    stage.settled();
    stage.tf.run(&["apply", "-refresh-only", "-auto-approve"]).success();
    assert_eq!(name(), "four");
}

#[test]
fn the_version_of_a_value_rises_with_each_roll_and_each_new_token() {
    let stage = Stage::new();
    let config = |n: u8| token(&format!("name = \"t\"\nrotation = {{ triggers = {{ n = \"{n}\" }} }}"));
    let mut seen = Vec::new();
    let mut note = |what: &str| {
        let version = stage.attributes(TOKEN)["value_version"].as_i64().unwrap();
        assert!(seen.last().is_none_or(|last| version > *last), "{what}: {seen:?} {version}");
        seen.push(version);
    };
    stage.apply(&config(1));
    note("created");
    stage.apply(&config(2));
    note("rolled");
    stage.tf.run(&["apply", "-auto-approve", &format!("-replace={TOKEN}")]).success();
    note("replaced");
    stage.apply(&config(2));
    stage.tf.run(&["taint", TOKEN]).success();
    stage.tf.apply().success();
    note("tainted");
    let before = stage.attributes(TOKEN)["value_version"].clone();
    stage.apply(&config(2).replace("\"t\"\nrot", "\"renamed\"\nrot"));
    assert_eq!(stage.attributes(TOKEN)["value_version"], before, "another name is no other value");
}
