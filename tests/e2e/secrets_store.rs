//! `cloudflare_secrets_store_secret` with a real Terraform.

use serde_json::Value as Json;

use crate::support::stage::{Stage, TOKEN, token};

const SECRET: &str = "cloudflare_secrets_store_secret.s";

fn secret(arguments: &str) -> String {
    format!("resource \"cloudflare_secrets_store_secret\" \"s\" {{\n  name = \"KEY\"\n{arguments}\n}}\n")
}

#[test]
fn a_rolled_tokens_value_is_in_the_store_and_in_no_state_of_the_secret() {
    let stage = Stage::new();
    let config = |by: &str| {
        let token = token(&format!(
            "policies = [{{ permission_groups = [\"Cloudflare Tunnel Write\"] }}]\nrotation = {{ triggers = {{ by = \
             \"{by}\" }} }}"
        ));
        token
            + &secret(&format!(
                "value_wo = {TOKEN}.value\nvalue_wo_version = parseint(substr(sha256({TOKEN}.value_issued_on), 0, 12), 16)"
            ))
    };
    stage.apply(&config("one"));
    let first = stage.sim.store_secret("KEY");
    assert!(first == Some(stage.text(TOKEN, "value")));
    std::thread::sleep(std::time::Duration::from_millis(1100));
    stage.apply(&config("two"));
    let second = stage.sim.store_secret("KEY");
    assert!(second == Some(stage.text(TOKEN, "value")) && second != first);
    assert_eq!(stage.attributes(SECRET)["value_wo"], Json::Null);
    stage.tf.destroy().success();
    assert_eq!(stage.sim.store_secret("KEY"), None);
}

#[test]
fn a_removed_or_changed_secret_is_put_again_and_a_renamed_one_replaced() {
    let stage = Stage::new();
    let config = secret("value = \"one\"");
    stage.apply(&config);
    stage.sim.with_stores(|stores| stores[0].secrets.clear());
    stage.tf.plan().success().says("1 to add");
    stage.tf.apply().success();
    stage.sim.with_stores(|stores| {
        let secret = &mut stores[0].secrets[0];
        (secret.value, secret.modified) = ("by hand".to_owned(), "2030-01-01T00:00:00Z".to_owned());
    });
    stage.tf.plan().success().says("1 to change");
    stage.tf.apply().success();
    assert_eq!(stage.sim.store_secret("KEY").as_deref(), Some("one"));
    stage.settled();
    stage.config(&config.replace("\"KEY\"", "\"OTHER\"")).tf.plan().success().says("must be replaced");
    stage.tf.apply().success();
    stage.settled();
    assert_eq!(
        (stage.sim.store_secret("KEY"), stage.sim.store_secret("OTHER").as_deref()),
        (None, Some("one"))
    );
    stage.tf.run(&["apply", "-auto-approve", &format!("-replace={SECRET}")]).success();
    stage.settled();
    assert_eq!(stage.sim.store_secret("OTHER").as_deref(), Some("one"));
}

#[test]
fn a_credential_without_the_right_is_told_which_one_it_lacks() {
    let mut stage = Stage::new();
    stage.apply(&token("policies = [{ permission_groups = [\"Secrets Store Read\"] }]"));
    let value = stage.text(TOKEN, "value");
    let other = stage.other();
    stage.tf = other;
    stage.tf.env("CLOUDFLARE_API_TOKEN", value);
    stage.config(&secret("value = \"one\"")).tf.apply().failure("Secrets Store Write").never_says("policies");
}
