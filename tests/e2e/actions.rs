//! Actions. Terraform supports them from 1.14 on, so these tests always use the newer Terraform.

use serde_json::json;

use crate::simulator::Options;
use crate::support::stage::{Stage, TOKEN, token};
use crate::support::terraform::Terraform;

const INVOKE: [&str; 3] = ["apply", "-auto-approve", "-invoke=action.cloudflare_api_token_revoke.r"];

fn stage() -> Stage {
    Stage::on(&Terraform::library(), Options::default())
}

fn revoke(arguments: &str) -> String {
    format!("action \"cloudflare_api_token_revoke\" \"r\" {{\n  config {{\n{arguments}\n  }}\n}}\n")
}

#[test]
fn a_revoked_value_is_dead_at_once_and_the_next_apply_issues_another_one() {
    let stage = stage();
    let policies = "policies = [{ permission_groups = [\"Workers Scripts Read\"] }]";
    let config = format!("{}{}", token(policies), revoke(&format!("token_id = {TOKEN}.id")));
    stage.apply(&config);
    let (id, leaked) = (stage.text(TOKEN, "id"), stage.text(TOKEN, "value"));
    let before = stage.sim.policies(&id);
    // The times of versions have a resolution of one second.
    stage.sim.advance(std::time::Duration::from_secs(60));
    let invoked = stage.tf.run(&INVOKE).success();
    let between = stage.sim.token_value(&id).unwrap();
    assert_ne!(between, leaked, "the value is dead");
    assert!(!invoked.said().contains(&between) && !stage.tf.state().to_string().contains(&between));
    assert_eq!(stage.sim.policies(&id), before);
    stage.tf.plan().success().says("has stopped working").says("1 to change");
    stage.apply(&config);
    assert_eq!(stage.text(TOKEN, "id"), id);
    assert_eq!(Some(stage.text(TOKEN, "value")), stage.sim.token_value(&id));
    assert_ne!(stage.text(TOKEN, "value"), between);
}

#[test]
fn a_users_token_is_revoked_by_its_id() {
    let mut stage = stage();
    let credential = stage.sim.user_root_token();
    stage.tf.env("CLOUDFLARE_API_TOKEN", credential);
    let (id, value) = stage.sim.mint_user_token(&json!({"name": "cli", "policies": []}));
    stage.config(&revoke(&format!("token_id = \"{id}\"\nuser = true"))).tf.run(&INVOKE).success();
    assert_ne!(stage.sim.token_value(&id), Some(value));
}

#[test]
fn a_revocation_refuses_the_providers_own_and_a_missing_token() {
    let stage = stage();
    let (own, value) = (stage.sim.root_token_id(), stage.sim.root_token());
    stage.config(&revoke(&format!("token_id = \"{own}\""))).tf.run(&INVOKE).failure("cannot be revoked");
    assert_eq!(stage.sim.token_value(&own), Some(value));
    stage.config(&revoke(&format!("token_id = \"{}\"", "f".repeat(32))));
    stage.tf.run(&INVOKE).failure("There is no API token");
    stage.config(&revoke("token_id = \"nonsense\"")).tf.run(&["validate"]).failure("Invalid `token_id`");
    let both = format!("token_id = \"{own}\"\nuser = true\naccount_id = \"{}\"", stage.sim.account_id());
    stage.config(&revoke(&both)).tf.run(&["validate"]).failure("conflicts with");
    assert_eq!(stage.sim.count("PUT", "**"), 0);
}
