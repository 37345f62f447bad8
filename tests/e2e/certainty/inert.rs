//! The inert policy of an unbound token. If somebody adds another policy beside it, it is a deny policy like any
//! other.

use crate::support::stage::{Stage, TOKEN, token};

const BOUND: &str = r#"
resource "cloudflare_token_binding" "b" {
  token_id = cloudflare_account_api_token.t.id
  name     = "b"
  policies = [{ permission_groups = ["Account API Tokens Write"] }]
}
"#;

#[test]
fn a_right_that_a_deny_beside_other_policies_withholds_is_told() {
    let stage = Stage::new();
    let account = format!("com.cloudflare.api.account.{}", stage.sim.account_id());
    let unbound = token("name = \"unbound\"");
    stage.apply(&unbound);
    let id = stage.text(TOKEN, "id");
    stage.sim.add_policy(&id, &["D1 Read"], serde_json::json!({ account: "*" }));
    let applied = stage.config(&format!("{unbound}{BOUND}")).tf.apply().success();
    applied.says("Another policy denies what was granted").says("these rights do not work");
    assert_eq!(super::groups(&stage.sim, &id), ["Account API Tokens Write", "D1 Read"]);
}
