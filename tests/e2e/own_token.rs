//! The provider manages the token that it authenticates with. It must not lock itself out.

use serde_json::json;

use crate::support::stage::{Stage, TOKEN, token};

const POLICIES: &str =
    r#"policies = [{ permission_groups = ["Account API Tokens Write", "Workers Scripts Write"] }]"#;

fn with(arguments: &str) -> String {
    token(&format!("name = \"own\"\n{POLICIES}\n{arguments}"))
}

/// A stage whose provider authenticates with a token that it manages. Also returns the token's id.
fn managed() -> (Stage, String) {
    let mut stage = Stage::new();
    let account = stage.sim.account_id();
    let groups: Vec<_> = ["Account API Tokens Write", "Workers Scripts Write"]
        .map(|name| {
            stage
                .sim
                .with_state(|s| s.catalogue.named(name, "com.cloudflare.api.account").unwrap().id.clone())
        })
        .into_iter()
        .map(|id| json!({"id": id}))
        .collect();
    let resources = json!({format!("com.cloudflare.api.account.{account}"): "*"});
    let policy = json!({"effect": "allow", "resources": resources, "permission_groups": groups});
    let (id, value) = stage.sim.mint(&json!({"name": "own", "policies": [policy]}));
    stage.tf.env("CLOUDFLARE_API_TOKEN", &value);
    stage.config(&with("")).tf.run(&["import", TOKEN, &format!("{account}/{id}")]).success();
    stage.settled();
    (stage, id)
}

const GUARD: &str = "token that the provider authenticates with";

#[test]
fn the_providers_own_token_is_not_deleted() {
    let (stage, id) = managed();
    stage.tf.destroy().failure(GUARD).failure("by hand");
    stage.config("").tf.plan().failure(GUARD);
    stage.tf.run(&["apply", "-auto-approve", "-refresh=false"]).failure(GUARD);
    assert!(stage.sim.token(&id).is_some());
}

#[test]
fn the_providers_own_token_is_not_replaced() {
    let (stage, id) = managed();
    stage.tf.run(&["apply", "-auto-approve", &format!("-replace={TOKEN}")]).failure("by hand");
    assert!(stage.sim.token(&id).is_some());
    assert_eq!(stage.sim.tokens().len(), 1);
    assert_eq!(stage.text(TOKEN, "id"), id);
}

#[test]
fn a_plan_that_replaces_the_providers_own_token_is_refused() {
    let (stage, _) = managed();
    let other = format!("account_id = \"{}\"", "e".repeat(32));
    stage.config(&with(&other)).tf.run(&["plan", "-refresh=false"]).failure(GUARD).failure("replaced");
}

#[test]
fn the_providers_own_token_is_not_disabled() {
    let (stage, id) = managed();
    stage.config(&with(r#"status = "disabled""#));
    stage.tf.plan().failure(GUARD);
    stage.tf.apply().failure(GUARD);
    assert_eq!(stage.sim.token(&id).unwrap()["status"], "active");
}

#[test]
fn the_providers_own_token_is_not_rolled() {
    let (stage, id) = managed();
    let value = stage.sim.token_value(&id);
    stage.config(&with(r#"rotation = { triggers = { now = "1" } }"#));
    stage.tf.plan().failure(GUARD).failure("rolled");
    stage.tf.apply().failure("by hand");
    assert_eq!(stage.sim.token_value(&id), value);
}

#[test]
fn the_providers_own_token_can_be_changed_otherwise() {
    let (stage, id) = managed();
    stage.apply(&with(r#"expires_on = "2099-01-01T00:00:00Z""#));
    assert_eq!(stage.sim.token(&id).unwrap()["expires_on"], "2099-01-01T00:00:00Z");
}
