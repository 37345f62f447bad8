//! The life of a token and of a binding: at the simulator in every run, and at the real API with `TF_ACC=1`.
//!
//! The real account's credential needs *Account API Tokens Write* and the rights that these tests grant. The tests
//! check only what Terraform shows, because the real API offers nothing else.

use serde_json::{Value as Json, json};

use crate::support::stage::{Acceptance, TOKEN, attributes, settled, token};

const BINDING: &str = "cloudflare_token_binding.b";

fn named(arguments: &str) -> String {
    token(&format!("name = \"terraform-acceptance-{}\"\n{arguments}", std::process::id()))
}

const FULL: &str = r#"
    policies = [
      { permission_groups = ["Account Settings Read", "Workers Scripts Read"] },
      { permission_groups = ["DNS Read"], zones = ["*"] },
    ]
    expires_on = "2099-01-01T00:00:00Z"
    condition  = { request_ip = { in = ["192.0.2.7/24"], not_in = ["192.0.2.1"] } }
"#;
const PLAIN: &str = r#"policies = [{ permission_groups = ["Account Settings Read"] }]"#;

#[test]
fn a_token_lives_from_create_to_destroy() {
    let stage = Acceptance::new();
    stage.apply(&named(FULL));
    let (id, value) = (stage.text(TOKEN, "id"), stage.text(TOKEN, "value"));
    assert!(id.len() == 32 && value.len() >= 40);

    stage.apply(&named(PLAIN));
    let state = attributes(&stage.tf, TOKEN);
    assert_eq!((&state["id"], &state["value"]), (&json!(id), &json!(value)));
    assert_eq!((&state["expires_on"], &state["condition"]), (&Json::Null, &Json::Null));

    stage.apply(&named(&format!("{PLAIN}\nstatus = \"disabled\"")));
    stage.apply(&named(&format!("{PLAIN}\nstatus = \"active\"")));
    stage.apply(&named(&format!("{PLAIN}\nrotation = {{ triggers = {{ run = \"2\" }} }}")));
    assert_ne!(stage.text(TOKEN, "value"), value);
    assert_eq!(stage.text(TOKEN, "id"), id);
    stage.destroy();
}

#[test]
fn a_token_is_imported_as_it_is() {
    let stage = Acceptance::new();
    stage.apply(&named(FULL));
    let import = format!("{}/{}", stage.text(TOKEN, "account_id"), stage.text(TOKEN, "id"));
    stage.tf.run(&["state", "rm", TOKEN]).success();
    stage.tf.run(&["import", TOKEN, &import]).success();
    assert_eq!(attributes(&stage.tf, TOKEN)["value"], Json::Null);
    settled(&stage.tf);
    stage.destroy();
}

#[test]
fn a_token_without_rights_gets_them_from_a_binding_and_loses_them_with_it() {
    let stage = Acceptance::new();
    stage.apply(&named(""));
    let value = stage.text(TOKEN, "value");
    let binding = r#"
        resource "cloudflare_token_binding" "b" {
          token_id = cloudflare_account_api_token.t.id
          name     = "settings"
          policies = [{ permission_groups = ["Account Settings Read"] }]
        }
    "#;
    stage.apply(&format!("{}{binding}", named("")));
    assert_eq!(
        attributes(&stage.tf, BINDING)["policies"][0]["permission_groups"],
        json!(["Account Settings Read"])
    );
    stage.apply(&named(""));
    assert_eq!(stage.text(TOKEN, "value"), value);
    stage.destroy();
}
