//! Tokens of the user with a real Terraform: beside tokens of an account, and with bindings from two states.

use serde_json::json;

use crate::simulator::PolicyView;
use crate::support::stage::{Stage, settled, write_config};

/// Whether a policy has this permission group and no other.
fn is(policy: &PolicyView, group: &str) -> bool {
    policy.groups.iter().eq([group])
}

fn user_stage() -> Stage {
    let mut stage = Stage::new();
    let token = stage.sim.user_root_token();
    stage.tf.env("CLOUDFLARE_API_TOKEN", token);
    stage
}

#[test]
fn tokens_of_an_account_and_of_a_user_stand_in_one_configuration() {
    let mut stage = Stage::new();
    let token = stage.sim.user_root_token();
    stage.tf.env("TF_VAR_user_token", token);
    stage.apply(
        r#"
        variable "user_token" { sensitive = true }
        provider "cloudflare" {}
        provider "cloudflare" {
          alias     = "user"
          api_token = var.user_token
        }
        resource "cloudflare_account_api_token" "app" {
          policies = [{ permission_groups = ["Workers Scripts Read"] }]
        }
        resource "cloudflare_user_api_token" "cli" {
          provider = cloudflare.user
          policies = [{ permission_groups = ["DNS Read"], zones = ["*"] }]
        }
        "#,
    );
    assert!(stage.text("cloudflare_account_api_token.app", "value").starts_with("cfat_"));
    assert!(stage.text("cloudflare_user_api_token.cli", "value").starts_with("cfut_"));
    stage.tf.destroy().success();
    assert!(stage.sim.tokens().is_empty());
}

#[test]
fn a_users_token_is_bound_from_two_states() {
    let stage = user_stage();
    stage.apply("resource \"cloudflare_user_api_token\" \"cli\" {}");
    let id = stage.text("cloudflare_user_api_token.cli", "id");
    let binding = |group: &str| {
        format!(
            "resource \"cloudflare_user_token_binding\" \"b\" {{\n  token_id = \"{id}\"\n  policies = \
             [{{ permission_groups = [\"{group}\"], zones = [\"*\"] }}]\n}}"
        )
    };
    let mut others = [stage.other(), stage.other()];
    for (tf, group) in others.iter_mut().zip(["DNS Read", "Cache Purge"]) {
        tf.env("CLOUDFLARE_API_TOKEN", stage.sim.user_root_token());
        write_config(tf, &binding(group));
        tf.apply().success();
    }
    others.iter().for_each(settled);
    stage.settled();
    assert_eq!(stage.sim.policies(&id).len(), 2);
    others[0].destroy().success();
    assert!(is(&stage.sim.policies(&id)[0], "Cache Purge"));
    settled(&others[1]);
    others[1].destroy().success();
    stage.tf.destroy().success();
}

#[test]
fn an_accounts_credential_for_a_users_token_is_an_error_at_plan() {
    let stage = Stage::new();
    stage.config("resource \"cloudflare_user_api_token\" \"cli\" {}");
    let plan = stage.tf.plan();
    assert_eq!(plan.code, Some(1));
    assert!(plan.stderr.contains("A user's credential is needed"), "{}", plan.stderr);
    assert_eq!(stage.sim.requests().iter().filter(|entry| entry.path.contains("/user/")).count(), 0);
}

#[test]
fn a_users_token_is_imported_by_its_id() {
    let stage = user_stage();
    let (id, _) = stage.sim.mint_user_token(&json!({"name": "theirs", "policies": []}));
    stage.config("resource \"cloudflare_user_api_token\" \"cli\" {\n  name = \"theirs\"\n}");
    stage.tf.run(&["import", "cloudflare_user_api_token.cli", &format!("user/{id}")]).success();
    stage.settled();
}
