//! Takes over tokens and secrets of the official provider by `moved` blocks, from states that its versions wrote. The
//! provider under test stands in for the official one: Terraform wants that one installed but sends it no request.

use std::path::Path;

use serde_json::{Value as Json, json};

use crate::simulator::Options;
use crate::support::stage::{Stage, attributes};
use crate::support::terraform::Terraform;

const ACCOUNT: &str = "b67e14daa5f8dceeb91fe5449ba496eb";
const ZONE: &str = "023e105f4ecef8ad9ca31a8372d0c353";

/// Both providers in one module, each under its own local name.
const BOTH: &str = r#"
terraform {
  required_providers {
    cloudflare        = { source = "cloudflare/cloudflare" }
    cloudflare-tokens = { source = "cloudflare-tokens/cloudflare-tokens" }
  }
}
"#;

/// The configuration after the moves: the official provider is gone.
const OURS: &str = r#"
terraform {
  required_providers {
    cloudflare-tokens = { source = "cloudflare-tokens/cloudflare-tokens" }
  }
}
"#;

const PROVIDERS: &str = r#"
variable "user_token" { sensitive = true }
provider "cloudflare-tokens" {
  alias     = "user"
  api_token = var.user_token
}
"#;

const REQUESTED: &str = r#"
  not_before = "2026-01-01T00:00:00Z"
  expires_on = "2030-01-02T03:04:05Z"
  condition  = { request_ip = { in = ["192.0.2.0/24"], not_in = ["192.0.2.66/32"] } }
"#;

fn fixture(version: &str) -> Json {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/official-states");
    let text = std::fs::read_to_string(path.join(format!("{version}.tfstate"))).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// The objects of these types in a state.
fn objects(state: &Json, types: &[&str]) -> Vec<(String, Json)> {
    let resources = state["resources"].as_array().unwrap().iter();
    let wanted = resources.filter(|resource| types.iter().any(|name| resource["type"] == *name));
    let each = wanted.flat_map(|resource| {
        let (name, instances) =
            (resource["type"].as_str().unwrap(), resource["instances"].as_array().unwrap());
        instances.iter().map(move |instance| (name.to_owned(), instance["attributes"].clone()))
    });
    each.collect()
}

/// The server content that belongs to a state.
fn server(state: &Json) -> Json {
    let tokens = objects(state, &["cloudflare_account_token", "cloudflare_api_token"]);
    let token = |(name, mut token): (String, Json)| {
        let single = |json: &Json| json.as_array().map_or(json.clone(), |list| list.first().cloned().into());
        token["owner"] = if name == "cloudflare_api_token" { "user".into() } else { ACCOUNT.into() };
        token["status_set"] = token["status"].clone();
        token["condition"] = single(&token["condition"]);
        token["condition"]["request_ip"] = single(&token["condition"]["request_ip"]);
        let policies = if token["policies"].is_array() { &token["policies"] } else { &token["policy"] };
        let policies = policies.as_array().unwrap().iter().enumerate().map(|(index, policy)| {
            let groups = policy["permission_groups"].as_array().unwrap().iter();
            let resources = policy["resources"].as_str().map(|text| serde_json::from_str(text).unwrap());
            json!({
                "id": format!("{index:032x}"),
                "effect": policy["effect"],
                "permission_groups": groups.map(|g| json!({ "id": g.as_str().or(g["id"].as_str()) })).collect::<Json>(),
                "resources": resources.unwrap_or_else(|| policy["resources"].clone()),
            })
        });
        token["policies"] = policies.collect();
        token
    };
    let mut secrets = json!({});
    for (_, secret) in objects(state, &["cloudflare_workers_secret", "cloudflare_worker_secret"]) {
        let place = format!("{ACCOUNT}/{}", secret["script_name"].as_str().unwrap());
        secrets[place][secret["name"].as_str().unwrap()] = secret["secret_text"].clone();
    }
    json!({ "tokens": tokens.into_iter().map(token).collect::<Json>(), "secrets": secrets })
}

/// A stage with the state of a version of the official provider, and with both providers installed.
fn stage(terraform: &Terraform, version: &str) -> Stage {
    let mut stage = Stage::on(terraform, Options::default());
    let state = fixture(version);
    stage.sim.seed(ACCOUNT, ZONE, &server(&state));
    let user = stage.sim.user_root_token();
    stage.tf.env("CLOUDFLARE_ACCOUNT_ID", ACCOUNT).env("TF_VAR_user_token", user);
    stage.tf.write("terraform.tfstate", &state.to_string());
    stage.install_official();
    stage
}

/// The tokens `full` and `plain` of a type, with names instead of ids. `more` are further policies of `full`. `on`
/// names the resources of a policy for the account, which a user's token must have.
fn tokens(ours: &str, provider: &str, on: &str, more: &str) -> String {
    format!(
        r#"
        resource "{ours}" "full" {{
          provider = {provider}
          name     = "full"
          policies = [
            {{ permission_groups = ["Workers Scripts Write", "Workers KV Storage Write"]{on} }},
            {more}
          ]
          {REQUESTED}
        }}
        resource "{ours}" "plain" {{
          provider = {provider}
          for_each = toset(["a", "b"])
          name     = "plain"
          policies = [{{ permission_groups = ["Cloudflare Tunnel Write"]{on} }}]
        }}
        "#
    )
}

fn account_tokens(more: &str) -> String {
    tokens("cloudflare_account_api_token", "cloudflare-tokens", "", more)
}

fn user_tokens() -> String {
    let on = format!(", resources = {{ \"com.cloudflare.api.account.{ACCOUNT}\" = \"*\" }}");
    tokens("cloudflare_user_api_token", "cloudflare-tokens.user", &on, DENY)
}

const DENY: &str =
    r#"{ effect = "deny", permission_groups = ["DNS Write"], zones = ["023e105f4ecef8ad9ca31a8372d0c353"] }"#;

fn moved(from: &str, to: &str) -> String {
    format!("moved {{\n  from = {from}\n  to   = {to}\n}}\n")
}

/// The configuration and the moves for the state of a version.
fn coming_over(version: &str) -> (String, String) {
    let both = |from: &str, to: &str| {
        moved(&format!("{from}.full"), &format!("{to}.full"))
            + &moved(&format!("{from}.plain"), &format!("{to}.plain"))
    };
    let user = both("cloudflare_api_token", "cloudflare_user_api_token");
    if version.starts_with("v4") {
        let secret = |name: &str, key: &str, value: &str| {
            format!(
                "resource \"cloudflare_workers_secret\" \"{name}\" {{\n  provider = cloudflare-tokens\n  script_name = \
                 \"s\"\n  name = \"{key}\"\n  value = \"{value}\"\n}}\n"
            )
        };
        let secrets =
            secret("api_token", "API_TOKEN", "an invented value") + &secret("old", "OLD", "another");
        let moves = moved("cloudflare_workers_secret.s", "cloudflare_workers_secret.api_token")
            + &moved("cloudflare_worker_secret.old", "cloudflare_workers_secret.old");
        return (user_tokens() + &secrets, user + &moves);
    }
    let account = both("cloudflare_account_token", "cloudflare_account_api_token");
    let denied = if version == "v5.22" { DENY } else { "" };
    (user_tokens() + &account_tokens(denied), user + &account)
}

/// The attributes of each token in the state, by id, that a move does not change.
fn carried(state: &Json, types: &[&str]) -> Vec<Json> {
    let all = objects(state, types).into_iter();
    let mut all: Vec<Json> = all
        .map(|(_, token)| {
            let names = ["id", "name", "value", "issued_on", "expires_on", "not_before", "status"];
            names
                .iter()
                .map(|name| (*name, token[*name].clone()))
                .collect::<std::collections::BTreeMap<_, _>>()
        })
        .map(|token| json!(token))
        .collect();
    all.sort_by_key(|token| token["id"].as_str().unwrap_or_default().to_owned());
    all
}

fn writes(stage: &Stage) -> usize {
    stage.sim.requests().iter().filter(|request| request.method != "GET").count()
}

/// Moves everything, then renames a token in place.
fn comes_over(terraform: &Terraform, version: &str) {
    let stage = stage(terraform, version);
    let before = fixture(version);
    let (config, moves) = coming_over(version);
    stage.tf.write("main.tf", &format!("{BOTH}{PROVIDERS}{config}{moves}"));
    let plan = stage.tf.plan().success();
    plan.says("0 to add, 0 to change, 0 to destroy").says("has moved to").never_says("value is not known");
    stage.sim.reset_requests();
    stage.tf.apply().success();
    assert_eq!(writes(&stage), 0, "{version}: a move writes nothing");
    let state = stage.tf.state();
    assert_eq!(
        carried(&state, &["cloudflare_account_api_token", "cloudflare_user_api_token"]),
        carried(&before, &["cloudflare_account_token", "cloudflare_api_token"]),
        "{version}"
    );
    let text = state.to_string();
    assert!(
        text.contains("Workers Scripts Write") && !text.contains("e086da7e2179491d91ee5f35b3ca210a"),
        "names"
    );
    let full = attributes(&stage.tf, "cloudflare_user_api_token.full");
    assert_eq!((&full["exclusive_policies"], &full["value_issued_on"]), (&json!(true), &full["issued_on"]));
    // After the moves, the blocks and the official provider can be removed.
    stage.tf.write("main.tf", &format!("{OURS}{PROVIDERS}{config}"));
    stage.settled();
    stage.tf.write(
        "main.tf",
        &format!(
            "{OURS}{PROVIDERS}{}",
            config.replace("\"full\"\n          policies", "\"renamed\"\n          policies")
        ),
    );
    stage.tf.plan().success().says("0 to add").says("0 to destroy");
    stage.tf.apply().success();
    stage.settled();
    let renamed = attributes(&stage.tf, "cloudflare_user_api_token.full");
    assert_eq!((&renamed["name"], &renamed["value"]), (&json!("renamed"), &full["value"]));
    assert_eq!(stage.sim.token_value(full["id"].as_str().unwrap()).as_deref(), full["value"].as_str());
    if version.starts_with("v4") {
        let secret = |name: &str| attributes(&stage.tf, &format!("cloudflare_workers_secret.{name}"));
        assert_eq!(
            (&secret("api_token")["value"], &secret("old")["value"]),
            (&json!("an invented value"), &json!("another"))
        );
    }
    stage.tf.destroy().success();
    assert!(stage.sim.tokens().is_empty(), "{version}: a token is left");
}

#[test]
fn what_version_4_left_comes_over_with_its_values() {
    comes_over(&Terraform::find(), "v4.52");
    comes_over(&Terraform::library(), "v4.52");
}

#[test]
fn what_early_versions_of_5_left_comes_over_with_its_values() {
    comes_over(&Terraform::find(), "v5.8");
    comes_over(&Terraform::library(), "v5.8");
}

#[test]
fn what_today_s_version_left_comes_over_with_its_values() {
    comes_over(&Terraform::find(), "v5.22");
    comes_over(&Terraform::library(), "v5.22");
}

#[test]
fn a_move_without_a_refresh_plans_nothing_and_the_next_read_finds_the_names() {
    let stage = stage(&Terraform::find(), "v5.22");
    let (config, moves) = coming_over("v5.22");
    stage.tf.write("main.tf", &format!("{BOTH}{PROVIDERS}{config}{moves}"));
    stage.sim.reset_requests();
    // Terraform counts an update, because the moved state does not mark `value` as sensitive yet.
    let applied = stage.tf.run(&["apply", "-refresh=false", "-auto-approve"]).success();
    applied.says("0 added").says("0 destroyed");
    assert_eq!(writes(&stage), 0);
    assert!(stage.tf.state().to_string().contains("e086da7e2179491d91ee5f35b3ca210a"));
    stage.settled();
    stage.tf.run(&["apply", "-refresh-only", "-auto-approve"]).success();
    assert!(!stage.tf.state().to_string().contains("e086da7e2179491d91ee5f35b3ca210a"));
    stage.settled();
}

#[test]
fn a_moved_token_loses_policies_that_its_configuration_does_not_have() {
    let stage = stage(&Terraform::find(), "v5.22");
    let (config, moves) = coming_over("v5.22");
    let id = "437e8aa30a4b58adec7279b1ec2c8948";
    stage.sim.add_policy(
        id,
        &["Workers R2 Storage Read"],
        json!({ format!("com.cloudflare.api.account.{ACCOUNT}"): "*" }),
    );
    stage.tf.write("main.tf", &format!("{BOTH}{PROVIDERS}{config}{moves}"));
    stage.tf.plan().success().says("1 to change").says("Workers R2 Storage Read");
    stage.tf.apply().success();
    stage.settled();
    assert_eq!(stage.sim.policies(id).len(), 1);
}

#[test]
fn a_user_s_token_does_not_become_an_account_s() {
    let stage = stage(&Terraform::find(), "v5.22");
    let moves = moved("cloudflare_api_token.full", "cloudflare_account_api_token.full");
    stage.tf.write("main.tf", &format!("{BOTH}{PROVIDERS}{}{moves}", account_tokens("")));
    stage.tf.plan().failure("another owner").failure("cloudflare_user_api_token");
}

#[test]
fn the_tokens_of_a_module_with_for_each_come_over_by_a_move_inside_it() {
    for terraform in [Terraform::find(), Terraform::library()] {
        let stage = stage(&terraform, "v5.22");
        let state = in_modules(&fixture("v5.22"));
        stage.tf.write("terraform.tfstate", &state.to_string());
        std::fs::create_dir(stage.tf.path().join("child")).unwrap();
        let child = |moves: &str| {
            format!(
                r#"
                {BOTH}
                resource "cloudflare_account_api_token" "deploy" {{
                  provider = cloudflare-tokens
                  name     = "plain"
                  policies = [{{ permission_groups = ["Cloudflare Tunnel Write"] }}]
                }}
                {moves}
                "#
            )
        };
        let moves = moved("cloudflare_account_token.plain", "cloudflare_account_api_token.deploy");
        stage.tf.write("child/main.tf", &child(&moves));
        let root = r#"
            provider "cloudflare" {}
            provider "cloudflare-tokens" {}
            module "tokens" {
              source    = "./child"
              for_each  = toset(["a", "b"])
              providers = { cloudflare = cloudflare, cloudflare-tokens = cloudflare-tokens }
            }
        "#;
        stage.tf.write("main.tf", &format!("{BOTH}{root}")).run(&["get"]).success();
        stage.tf.plan().success().says("0 to add, 0 to change, 0 to destroy").says("has moved to");
        stage.tf.apply().success();
        stage.tf.write("child/main.tf", &child(""));
        stage.settled();
        let after = stage.tf.state();
        assert_eq!(
            carried(&after, &["cloudflare_account_api_token"]),
            carried(&state, &["cloudflare_account_token"])
        );
    }
}

/// A state in which the tokens `plain` are those of a module with `for_each`.
fn in_modules(state: &Json) -> Json {
    let resources = state["resources"].as_array().unwrap();
    let plain =
        resources.iter().find(|r| r["type"] == "cloudflare_account_token" && r["name"] == "plain").unwrap();
    let of_module = |instance: &Json| {
        let (mut resource, mut instance) = (plain.clone(), instance.clone());
        let key = instance.as_object_mut().unwrap().remove("index_key").unwrap();
        resource["module"] = format!("module.tokens[{key}]").into();
        resource["instances"] = json!([instance]);
        resource
    };
    let mut state = state.clone();
    state["resources"] = plain["instances"].as_array().unwrap().iter().map(of_module).collect();
    state
}

#[test]
fn a_worker_s_secret_that_only_changes_its_provider_is_put_again() {
    let stage = stage(&Terraform::find(), "v4.52");
    let mut state = fixture("v4.52");
    state["resources"].as_array_mut().unwrap().retain(|r| r["type"] == "cloudflare_workers_secret");
    stage.tf.write("terraform.tfstate", &state.to_string());
    let secret = r#"
        resource "cloudflare_workers_secret" "s" {
          provider    = cloudflare-tokens
          script_name = "s"
          name        = "API_TOKEN"
          value       = "an invented value"
        }
    "#;
    stage.tf.write("main.tf", &format!("{BOTH}{secret}"));
    stage.tf.plan().success().says("0 to add, 1 to change, 0 to destroy");
    stage.tf.apply().success();
    stage.settled();
    assert_eq!(stage.text("cloudflare_workers_secret.s", "value"), "an invented value");
}
