//! `ephemeral "cloudflare_account_api_token"` exists while Terraform works, and not afterwards.

use crate::simulator::{Effect, Fault, FaultKind};
use crate::support::stage::Stage;
use crate::support::terraform::Terraform;

/// A second provider authenticates with an ephemeral token and creates a permanent one.
const HANDED_ON: &str = r#"
    ephemeral "cloudflare_account_api_token" "run" {
      name     = "for-this-run"
      policies = [{ permission_groups = ["Account API Tokens Write", "Account API Tokens Read", "Workers Scripts Read"] }]
      ttl      = "10m"
    }
    provider "cloudflare" {
      alias     = "run"
      api_token = ephemeral.cloudflare_account_api_token.run.value
    }
    resource "cloudflare_account_api_token" "lasting" {
      provider = cloudflare.run
      name     = "lasting"
      policies = [{ permission_groups = ["Workers Scripts Read"] }]
    }
"#;

#[test]
fn it_is_made_for_the_run_used_and_deleted() {
    let stage = Stage::new();
    stage.apply(HANDED_ON);
    let names: Vec<_> = stage.sim.tokens().iter().map(|t| t["name"].clone()).collect();
    assert_eq!(names, ["lasting"]);
    // One ephemeral token for the plan, one for the apply, one for the plan that must be empty, and the permanent
    // token.
    assert_eq!(stage.sim.count("POST", "/accounts/*/tokens"), 4);
    let state = stage.tf.state().to_string();
    assert!(!state.contains("for-this-run"), "the ephemeral token is in the state");
    stage.tf.destroy().success();
    assert!(stage.sim.tokens().is_empty());
}

#[test]
fn nothing_of_it_is_in_a_saved_plan() {
    let stage = Stage::new();
    stage.config(HANDED_ON);
    stage.tf.run(&["plan", "-out=saved"]).success();
    let shown = stage.tf.run(&["show", "-json", "saved"]).success().stdout;
    assert!(!shown.contains("cfat_"), "a value is in the plan");
    assert!(stage.sim.tokens().is_empty(), "the plan's token was not deleted");
}

#[test]
fn it_is_deleted_also_where_the_run_fails() {
    let stage = Stage::new();
    stage.config(HANDED_ON);
    let refusal =
        FaultKind::Api(400, 1001, "Failed common permission check against resources.", Effect::None);
    stage.sim.fault(Fault::new(refusal).method("POST").skip(2).times(1));
    // Terraform does not close the token in this case. The provider deletes it before it exits.
    stage.tf.apply().failure("Failed common permission check");
    assert!(stage.sim.tokens().is_empty());
}

#[test]
fn an_unknown_provider_configuration_leaves_it_for_apply() {
    let stage = Stage::new();
    let token = stage.sim.root_token().to_owned();
    stage.config(&format!(
        r#"
        resource "terraform_data" "credential" {{ input = "{token}" }}
        provider "cloudflare" {{ api_token = terraform_data.credential.output }}
        ephemeral "cloudflare_account_api_token" "run" {{
          policies = [{{ permission_groups = ["Workers Scripts Read"] }}]
        }}
        locals {{ length = length(ephemeral.cloudflare_account_api_token.run.value) }}
        "#
    ));
    if Terraform::find().registry() == "registry.opentofu.org" {
        // Terraform opens the resource at plan anyway. The resource's page says what to do.
        stage.tf.apply().failure("Provider produced invalid object");
        stage.tf.run(&["apply", "-auto-approve", "-target=terraform_data.credential"]).success();
    }
    stage.tf.apply().success();
    assert!(stage.sim.tokens().is_empty());
}
