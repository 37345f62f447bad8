//! `cloudflare_account_api_token`, from its first plan to its end.

use crate::support::stage::Stage;

#[test]
fn a_token_is_made_changed_and_destroyed() {
    let stage = Stage::new();
    stage.apply(
        r#"
        resource "cloudflare_account_api_token" "t" {
          name     = "first"
          policies = [{ permission_groups = ["Workers Scripts Write"] }]
        }
        "#,
    );
    let (id, value) = (
        stage.text("cloudflare_account_api_token.t", "id"),
        stage.text("cloudflare_account_api_token.t", "value"),
    );
    assert_eq!(stage.sim.token_value(&id).as_deref(), Some(value.as_str()));
    stage.apply(
        r#"
        resource "cloudflare_account_api_token" "t" {
          name     = "second"
          policies = [{ permission_groups = ["Workers Scripts Read"] }]
        }
        "#,
    );
    assert_eq!(stage.text("cloudflare_account_api_token.t", "id"), id);
    assert_eq!(stage.text("cloudflare_account_api_token.t", "value"), value);
    let policies = stage.sim.policies(&id);
    assert_eq!(policies.len(), 1);
    assert!(policies[0].groups.iter().any(|group| group == "Workers Scripts Read"));
    stage.tf.destroy().success();
    assert!(stage.sim.tokens().is_empty());
}
