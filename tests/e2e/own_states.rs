//! States of older versions of this provider. The current version reads them, plans no change, keeps every value, and
//! destroys everything.

use std::path::{Path, PathBuf};

use serde_json::Value as Json;

use crate::support::stage::{Stage, write_config};

const ACCOUNT: &str = "b67e14daa5f8dceeb91fe5449ba496eb";
const ZONE: &str = "023e105f4ecef8ad9ca31a8372d0c353";

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/own-states").join(name)
}

fn read(name: &str) -> String {
    std::fs::read_to_string(fixture(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn json(name: &str) -> Json {
    serde_json::from_str(&read(name)).unwrap()
}

/// A stage with the server and the state that a version left.
fn stage(version: &str) -> Stage {
    let mut stage = Stage::new();
    stage.sim.seed(ACCOUNT, ZONE, &json(&format!("{version}.server.json")));
    stage.tf.env("CLOUDFLARE_ACCOUNT_ID", ACCOUNT);
    write_config(&stage.tf, &read(&format!("{version}.tf")));
    stage.tf.write("terraform.tfstate", &read(&format!("{version}.tfstate")));
    stage
}

/// The attributes of every object of an older version's state, by address, limited to the attributes that the version
/// knew.
fn attributes(state: &Json, known: &Json) -> Vec<(String, Json)> {
    let of = |state: &Json| {
        let resources = state["resources"].as_array().cloned().unwrap_or_default();
        let each = resources.into_iter().flat_map(|resource| {
            let name = format!("{}.{}", resource["type"], resource["name"]);
            let instances = resource["instances"].as_array().cloned().unwrap_or_default();
            instances.into_iter().map(move |instance| {
                (format!("{name}[{}]", instance["index_key"]), instance["attributes"].clone())
            })
        });
        each.collect::<Vec<_>>()
    };
    let known = of(known);
    let mut found = of(state);
    for (address, attributes) in &mut found {
        let before = known.iter().find(|(name, _)| name == address).map(|(_, before)| before);
        let before = before.and_then(Json::as_object).cloned().unwrap_or_default();
        if let Some(attributes) = attributes.as_object_mut() {
            attributes.retain(|name, _| before.contains_key(name));
            // In newer versions, only the data sources have this attribute.
            attributes.remove("modified_on");
            strip(attributes);
        }
    }
    found.sort_by(|(a, _), (b, _)| a.cmp(b));
    found
}

/// Removes null attributes of nested objects, because newer versions have more of them.
fn strip(attributes: &mut serde_json::Map<String, Json>) {
    for value in attributes.values_mut() {
        let objects = match value {
            Json::Array(elements) => elements.iter_mut().filter_map(Json::as_object_mut).collect(),
            Json::Object(object) => vec![object],
            _ => Vec::new(),
        };
        objects.into_iter().for_each(|object| object.retain(|_, value| !value.is_null()));
    }
}

#[test]
fn the_state_of_0_1_0_plans_no_change_keeps_its_values_and_is_destroyed() {
    let stage = stage("0.1.0");
    let before = json("0.1.0.tfstate");
    stage.settled();
    stage.tf.run(&["apply", "-refresh-only", "-auto-approve"]).success();
    assert_eq!(attributes(&stage.tf.state(), &before), attributes(&before, &before));
    stage.settled();
    stage.tf.destroy().success();
    assert!(stage.sim.tokens().is_empty(), "a token is left");
    let secrets = stage.sim.with_scripts(|scripts| scripts["edge"].secrets.len());
    assert_eq!(secrets, 0, "a secret is left");
}

#[test]
fn what_the_state_of_0_1_0_lacks_is_filled_in_without_being_a_change() {
    let stage = stage("0.1.0");
    stage.tf.run(&["plan", "-refresh-only"]).success().says("No changes. Your infrastructure still matches");
    stage.tf.run(&["apply", "-refresh-only", "-auto-approve"]).success();
    let plain = stage.attributes("cloudflare_account_api_token.plain");
    let lines = [
        "allow \"Workers KV Storage Write\" on the account",
        "allow \"Workers Scripts Write\" on the account",
    ];
    assert_eq!(plain["grants"], serde_json::json!(lines));
    assert!(plain["value_version"].as_i64().is_some_and(|version| version > 1_700_000_000), "{plain}");
    let full = stage.attributes("cloudflare_account_api_token.full[\"a\"]");
    assert!(full["grants"].is_null(), "only the permission groups name the id: {full}");
    let binding = stage.attributes("cloudflare_token_binding.one");
    assert_eq!(binding["grants"], serde_json::json!(["allow \"Cloudflare Tunnel Write\" on the account"]));
    assert!(binding["token_name"].is_null(), "{binding}");
}

#[test]
fn a_change_over_the_state_of_0_1_0_goes_in_place() {
    let stage = stage("0.1.0");
    let config = read("0.1.0.tf").replace("\"plain\"\n  policies", "\"renamed\"\n  policies");
    stage.apply(&config.replace("value_wo_version = 1", "value_wo_version = 2"));
    let state = stage.attributes("cloudflare_account_api_token.plain");
    assert_eq!(state["name"], "renamed");
    assert_eq!(state["value"], "cfat_bmO7UIcvisG4SppwKENLih7iSMZMEaJg76KNlcWl", "the value stays");
    let secret = stage.attributes("cloudflare_workers_secret.write_only");
    assert!(secret["id"].is_string(), "the next put makes an id");
}
