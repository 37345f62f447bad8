//! The provider beside others: the official one in the same module, another account, and a child module.

use crate::support::stage::{SOURCE, Stage};
use crate::support::terraform::Terraform;

const POLICIES: &str = r#"policies = [{ permission_groups = ["Workers Scripts Write"] }]"#;

fn addresses(stage: &Stage) -> Vec<String> {
    let state = stage.tf.state();
    let all = state["resources"].as_array().unwrap().iter();
    all.map(|r| format!("{} {}", r["name"].as_str().unwrap(), r["provider"].as_str().unwrap())).collect()
}

#[test]
fn beside_the_official_provider_each_resource_names_the_one_it_means() {
    let stage = Stage::new();
    stage.install_official();
    stage.tf.write(
        "main.tf",
        &format!(
            r#"
            terraform {{
              required_providers {{
                cloudflare        = {{ source = "cloudflare/cloudflare" }}
                cloudflare-tokens = {{ source = "{SOURCE}" }}
              }}
            }}
            provider "cloudflare-tokens" {{
              max_retries = 2
            }}
            resource "cloudflare_account_api_token" "official" {{
              {POLICIES}
            }}
            resource "cloudflare_account_api_token" "ours" {{
              provider = cloudflare-tokens
              name     = cloudflare_account_api_token.official.name
              {POLICIES}
            }}
            "#
        ),
    );
    stage.tf.plan().success().says("Plan: 2 to add");
    stage.tf.apply().success();
    stage.settled();
    let registry = Terraform::find().registry();
    let address = |name: &str, source: &str| format!("{name} provider[\"{registry}/{source}\"]");
    assert_eq!(addresses(&stage), [address("official", "cloudflare/cloudflare"), address("ours", SOURCE)]);
    stage.tf.destroy().success();
    assert!(stage.sim.tokens().is_empty());
}

#[test]
fn two_accounts_are_two_provider_configurations_and_a_module_gets_one() {
    let stage = Stage::new();
    let (email, key) = stage.sim.global_key();
    let other = stage.sim.other_account_id();
    std::fs::create_dir(stage.tf.path().join("child")).unwrap();
    stage.tf.write(
        "child/main.tf",
        &format!(
            r#"
            terraform {{
              required_providers {{
                cloudflare = {{ source = "{SOURCE}" }}
              }}
            }}
            resource "cloudflare_account_api_token" "t" {{
              name = "child"
              {POLICIES}
            }}
            output "account" {{ value = cloudflare_account_api_token.t.account_id }}
            "#
        ),
    );
    let config = format!(
        r#"
        provider "cloudflare" {{
          alias      = "other"
          email      = "{email}"
          api_key    = "{key}"
          account_id = "{other}"
        }}
        resource "cloudflare_account_api_token" "t" {{
          name = "root"
          {POLICIES}
        }}
        module "child" {{
          source    = "./child"
          providers = {{ cloudflare = cloudflare.other }}
        }}
        output "child" {{ value = module.child.account }}
        "#
    );
    stage.config(&config).tf.run(&["get"]).success();
    stage.apply(&config);
    assert_eq!(stage.tf.output("child"), other.as_str());
    assert_eq!(stage.text("cloudflare_account_api_token.t", "account_id"), stage.sim.account_id());
    assert_eq!(stage.sim.count("POST", &format!("/accounts/{other}/tokens")), 1);
}
