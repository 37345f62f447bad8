//! An expired token blocks nothing.

use super::{binding, foreign_token};
use crate::support::stage::{Stage, TOKEN, token};

const BOUND: &str = r#"
resource "cloudflare_token_binding" "b" {
  token_id = cloudflare_account_api_token.t.id
  name     = "b"
  policies = [{ permission_groups = ["D1 Read"] }]
}
"#;

fn bound_token(reading: bool) -> (Stage, String) {
    let stage = Stage::reading(|readings| readings.past_expiry_refused = reading);
    let config = format!("{}{BOUND}", token("name = \"ends\"\nexpires_in = \"1h\""));
    stage.apply(&config);
    (stage, config)
}

#[test]
fn an_expired_token_with_a_binding_is_destroyed() {
    for refused in [true, false] {
        let (stage, _) = bound_token(refused);
        stage.sim.expire(&stage.text(TOKEN, "id"));
        stage.tf.destroy().success();
        assert!(stage.sim.tokens().is_empty());
    }
}

#[test]
fn an_expired_token_with_a_binding_is_replaced() {
    for refused in [true, false] {
        let (stage, config) = bound_token(refused);
        let id = stage.text(TOKEN, "id");
        stage.sim.expire(&id);
        stage.apply(&config);
        assert_ne!(stage.text(TOKEN, "id"), id);
        assert_eq!(stage.sim.tokens().len(), 1);
        assert_eq!(super::groups(&stage.sim, &stage.text(TOKEN, "id")), ["D1 Read"]);
    }
}

#[test]
fn a_binding_to_an_expired_token_of_somebody_else_is_destroyed() {
    let (stage, id) = foreign_token();
    stage.apply(&binding("b", &id, &["D1 Read"]));
    stage.sim.expire(&id);
    stage.tf.destroy().success();
}
