//! `cloudflare_token_binding` and batched reads, with a real Terraform. Each theme has a module.

mod crashes;
mod drift;
mod foreign;

mod hosts;
mod reads;
mod rights;
mod scale;
mod schedules;
mod together;

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

use crate::simulator::{Options, Simulator};
use crate::support::stage::{Stage, ask};

/// A token without its own policies, for bindings.
const TOKEN: &str = r#"
resource "cloudflare_account_api_token" "t" {
  name = "shared"
}
"#;

/// The address of that token in the state.
const T: &str = "cloudflare_account_api_token.t";

/// A binding of these account permission groups to the token with this id. The id is an expression.
fn binding(name: &str, token_id: &str, groups: &[&str]) -> String {
    format!(
        "resource \"cloudflare_token_binding\" {name:?} {{\n  token_id = {token_id}\n  name = {name:?}\n  \
         policies = [{{ permission_groups = {groups:?} }}]\n}}\n"
    )
}

/// A binding to the token of [`TOKEN`].
fn bound(name: &str, groups: &[&str]) -> String {
    binding(name, "cloudflare_account_api_token.t.id", groups)
}

/// The names of all permission groups that only accounts have.
fn account_groups() -> Vec<String> {
    let all: Vec<Json> = serde_json::from_str(include_str!("../../../data/permission_groups.json")).unwrap();
    let elsewhere = |name: &Json| {
        all.iter().any(|g| g["name"] == *name && g["scopes"] != json!(["com.cloudflare.api.account"]))
    };
    let of_account = |group: &&Json| !elsewhere(&group["name"]);
    all.iter().filter(of_account).map(|group| group["name"].as_str().unwrap().to_owned()).collect()
}

/// Creates a token that no Terraform knows. Each policy has groups of the account. Returns the token's id.
fn mint(sim: &Simulator, name: &str, policies: &[&[&str]]) -> String {
    let account = format!("com.cloudflare.api.account.{}", sim.account_id());
    let group = |name: &&str| json!({ "id": sim.group_id(name, "com.cloudflare.api.account") });
    let policy = |groups: &&[&str]| {
        let groups: Vec<_> = groups.iter().map(group).collect();
        json!({ "effect": "allow", "permission_groups": groups, "resources": { &account: "*" } })
    };
    let policies: Vec<_> = policies.iter().map(policy).collect();
    sim.mint(&json!({ "name": name, "policies": policies })).0
}

/// The permission groups of a token's allow policies, one set per policy.
fn granted(sim: &Simulator, id: &str) -> BTreeSet<BTreeSet<String>> {
    sim.policies(id)
        .into_iter()
        .filter(|policy| policy.effect == "allow")
        .map(|policy| policy.groups)
        .collect()
}

/// Such sets for policies with these groups.
fn sets(policies: &[&[&str]]) -> BTreeSet<BTreeSet<String>> {
    policies.iter().map(|groups| groups.iter().map(ToString::to_string).collect()).collect()
}

/// Asserts that the token has exactly these policies, each once.
#[track_caller]
fn has_exactly(sim: &Simulator, id: &str, policies: &[&[&str]]) {
    assert_eq!(granted(sim, id), sets(policies));
    assert_eq!(sim.policies(id).len(), policies.len(), "{:?}", sim.policies(id));
}

/// How many requests went to this token, including those for its value.
fn requests_to(sim: &Simulator, id: &str) -> usize {
    sim.count("*", &format!("/accounts/*/tokens/{id}/**"))
}

/// A stage, and a token there that no Terraform knows, with one policy.
fn foreign_token() -> (Stage, String) {
    let stage = Stage::new();
    let id = mint(&stage.sim, "someone's", &[&["Workers Scripts Read"]]);
    (stage, id)
}
