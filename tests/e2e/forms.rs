//! The API accepts several forms of the same right. A flat form here and a nested form elsewhere are equal: they show
//! no difference, and the server's form stays.

use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};

use crate::support::stage::{Stage, TOKEN, token};

const ZONE: &str = "com.cloudflare.api.account.zone";
const ACCOUNT: &str = "com.cloudflare.api.account";

fn account(stage: &Stage) -> String {
    format!("{ACCOUNT}.{}", stage.sim.account_id())
}

/// All zones of the account, each by its id, nested under the account.
fn nested(stage: &Stage) -> Json {
    let zones: Json =
        stage.sim.zone_ids().iter().map(|zone| (format!("{ZONE}.{zone}"), json!("*"))).collect();
    json!({ account(stage): zones })
}

/// Creates a token by hand with a DNS Write policy on these resources. Returns its id.
fn by_hand(stage: &Stage, resources: &Json) -> String {
    let group = stage.sim.group_id("DNS Write", ZONE);
    let policy = json!({"effect": "allow", "resources": resources, "permission_groups": [{"id": group}]});
    stage.sim.mint(&json!({"name": "by hand", "policies": [policy]})).0
}

fn resources(stage: &Stage, id: &str) -> Vec<Json> {
    stage.sim.policies(id).into_iter().map(|policy| policy.resources).collect()
}

#[test]
fn zones_that_are_nested_under_the_account_are_zones_and_stay_nested() {
    let stage = Stage::new();
    let nested = nested(&stage);
    let id = by_hand(&stage, &nested);
    let config = |name: &str| {
        let zones = stage.sim.zone_ids();
        token(&format!(
            "name = {name:?}\npolicies = [{{ permission_groups = [\"DNS Write\"], zones = {zones:?} }}]"
        ))
    };
    stage.config(&config("by hand")).tf.run(&["import", TOKEN, &id]).success();
    let policy = stage.attributes(TOKEN)["policies"][0].clone();
    assert_eq!(policy["resources"], Json::Null);
    assert_eq!(policy["zones"].as_array().map(Vec::len), Some(2), "{policy}");
    stage.settled();
    assert_eq!(stage.sim.count("PUT", "**"), 0);
    // An update for another reason keeps the form.
    stage.apply(&config("renamed"));
    assert_eq!(resources(&stage, &id), [nested]);
}

/// The fingerprint that version 0.1.0 gave a policy with one group on nested resources.
fn former(stage: &Stage) -> String {
    let inner: Vec<Json> = nested(stage)[account(stage)]
        .as_object()
        .unwrap()
        .iter()
        .map(|(key, value)| json!([key, value]))
        .collect();
    let group = stage.sim.group_id("DNS Write", ZONE);
    let canonical = json!(["allow", [group], [[account(stage), inner]]]).to_string();
    data_encoding::HEXLOWER.encode(&Sha256::new().chain_update("ctb1").chain_update(canonical).finalize())
}

#[test]
fn a_binding_of_an_older_state_is_no_difference_and_takes_its_right_with_it() {
    let stage = Stage::new();
    let nest = nested(&stage)[account(&stage)].to_string();
    let config = format!(
        r#"
        resource "cloudflare_account_api_token" "t" {{
          name = "bound"
        }}
        resource "cloudflare_token_binding" "b" {{
          token_id = cloudflare_account_api_token.t.id
          policies = [{{ permission_groups = ["DNS Write"], resources = {{ "{}" = {nest:?} }} }}]
        }}
        "#,
        account(&stage)
    );
    stage.apply(&config);
    let id = stage.text("cloudflare_account_api_token.t", "id");
    let now = stage.attributes("cloudflare_token_binding.b")["fingerprints"][0].as_str().unwrap().to_owned();
    // The state as that version left it: nested on the server, with its fingerprint in the state.
    let as_then = nested(&stage).as_object().unwrap().clone();
    stage.sim.edit(&id, |token| token.policies[0].resources = as_then);
    let path = stage.tf.path().join("terraform.tfstate");
    let state = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, state.replace(&now, &former(&stage))).unwrap();
    stage.settled();
    stage.tf.run(&["plan", "-refresh-only"]).success().never_says("cloudflare_token_binding.b has changed");
    assert_eq!(stage.attributes("cloudflare_token_binding.b")["fingerprints"], json!([former(&stage)]));
    stage
        .tf
        .run(&["destroy", "-auto-approve", "-refresh=false", "-target=cloudflare_token_binding.b"])
        .success();
    assert!(stage.sim.policies(&id).iter().all(|policy| policy.effect == "deny"), "the right is left");
}

#[test]
fn resources_that_need_both_shapes_are_two_policies_and_one_in_the_state() {
    let stage = Stage::new();
    let bucket = format!("com.cloudflare.edge.r2.bucket.{}_default_logs", stage.sim.account_id());
    let config = |name: &str| {
        token(&format!(
            r#"
            name     = {name:?}
            policies = [{{
              permission_groups = ["Workers R2 Storage Bucket Item Read"]
              resources         = {{ "{bucket}" = "*", "com.cloudflare.edge.r2.bucket.*" = "*" }}
            }}]
            "#
        ))
    };
    stage.apply(&config("both"));
    let id = stage.text(TOKEN, "id");
    let mut sent = resources(&stage, &id);
    sent.sort_by_key(Json::to_string);
    assert_eq!(
        sent,
        [json!({account(&stage): {"com.cloudflare.edge.r2.bucket.*": "*"}}), json!({&bucket: "*"})]
    );
    assert_eq!(stage.attributes(TOKEN)["policies"].as_array().map(Vec::len), Some(1));
    // One of the two policies is removed outside Terraform. This is drift, and the apply restores it.
    stage.sim.remove_policies(&id, |policy| policy.resources.get(&bucket).is_some());
    stage.apply(&config("both"));
    assert_eq!(resources(&stage, &id).len(), 2);
    stage.apply(&config("renamed"));
    assert_eq!(resources(&stage, &id).len(), 2);
}

#[test]
fn a_zone_group_on_the_account_warns_once_and_can_be_edited_later() {
    let stage = Stage::new();
    let on_account = format!("resources = {{ \"{}\" = \"*\" }}", account(&stage));
    let config = |group: &str, more: &str| {
        token(&format!(
            "name = \"by hand\"\npolicies = [{{ permission_groups = [{group:?}], {on_account} }}, {more}]"
        ))
    };
    let warning = "covers all zones of the account";
    stage.config(&config("DNS Write", "")).tf.plan().success().says(warning);
    let group = stage.sim.group_id("DNS Write", ZONE);
    stage.config(&config(&group, "")).tf.plan().success().never_says(warning);
    let id = by_hand(&stage, &json!({account(&stage): "*"}));
    stage.config(&config("DNS Write", "")).tf.run(&["import", TOKEN, &id]).success().never_says(warning);
    stage.settled();
    let edited = config("DNS Write", r#"{ permission_groups = ["Workers Scripts Read"] }"#);
    stage.config(&edited).tf.plan().success().never_says(warning);
    stage.apply(&edited);
    assert_eq!(resources(&stage, &id), [json!({account(&stage): "*"}), json!({account(&stage): "*"})]);
}

#[test]
fn addresses_go_out_as_ranges_and_stay_as_written() {
    let stage = Stage::new();
    stage.apply(&token(
        r#"condition = { request_ip = { in = ["192.0.2.7", "2001:db8::1"], not_in = ["198.51.100.0/24"] } }"#,
    ));
    let sent = stage.sim.token(&stage.text(TOKEN, "id")).unwrap()["condition"]["request_ip"].clone();
    assert_eq!(sent, json!({"in": ["192.0.2.7/32", "2001:db8::1/128"], "not_in": ["198.51.100.0/24"]}));
    let kept = &stage.attributes(TOKEN)["condition"]["request_ip"]["in"];
    assert_eq!(*kept, json!(["192.0.2.7", "2001:db8::1"]));
}

#[test]
fn a_resource_key_without_its_id_is_refused_before_anything_is_sent() {
    let stage = Stage::new();
    for key in
        ["com.cloudflare.api.account.", "com.cloudflare.api.account.zone.", "com.cloudflare.api.account"]
    {
        stage.config(&token(&format!(
            r#"policies = [{{ permission_groups = ["Workers Scripts Read"], resources = {{ "{key}" = "*" }} }}]"#
        )));
        stage.tf.run(&["validate"]).failure("is not of the form");
    }
    stage.config(&token(
        r#"policies = [{ permission_groups = ["DNS Write"], resources = { "com.cloudflare.edge.new.x" = "*" } }]"#,
    ));
    stage.tf.plan().success().says("does not know this kind of resource key");
    assert!(stage.sim.tokens().is_empty());
}
