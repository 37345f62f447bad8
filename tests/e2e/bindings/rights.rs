//! A token's rights follow its bindings. The simulator enforces the rights.

use super::*;

const TUNNELS: &str = "ACCOUNT/cfd_tunnel";

/// Whether the token may list tunnels, create one, and list the account's tokens.
fn may(sim: &Simulator, value: &str, tunnel: &str) -> [bool; 3] {
    let body = json!({ "name": tunnel, "config_src": "cloudflare" });
    [
        ask(sim, value, "GET", TUNNELS, None) == 200,
        ask(sim, value, "POST", TUNNELS, Some(body)) == 200,
        ask(sim, value, "GET", "ACCOUNT/tokens", None) == 200,
    ]
}

#[test]
fn a_token_can_do_what_its_binding_grants_and_nothing_once_it_is_gone() {
    let stage = Stage::new();
    stage.apply(TOKEN);
    let (id, value) = (stage.text(T, "id"), stage.text(T, "value"));
    assert_eq!(may(&stage.sim, &value, "none"), [false; 3]);

    stage.apply(&(TOKEN.to_owned() + &bound("tunnels", &["Cloudflare Tunnel Write"])));
    assert_eq!(may(&stage.sim, &value, "first"), [true, true, false]);
    has_exactly(&stage.sim, &id, &[&["Cloudflare Tunnel Write"]]);

    stage.apply(&(TOKEN.to_owned() + &bound("tunnels", &["Cloudflare Tunnel Read"])));
    assert_eq!(may(&stage.sim, &value, "second"), [true, false, false]);

    stage.apply(TOKEN);
    assert_eq!(may(&stage.sim, &value, "third"), [false; 3]);
    assert_eq!((stage.text(T, "id"), stage.text(T, "value")), (id.clone(), value.clone()));
    assert_eq!(stage.sim.token_value(&id), Some(value));
    assert_eq!(stage.sim.tunnels().len(), 1);
    // The inert policy takes the place of the bindings, and no state shows it.
    assert_eq!(granted(&stage.sim, &id), sets(&[]));
    assert_eq!(stage.attributes(T)["policies"], Json::Null);
}

#[test]
fn a_binding_of_a_zone_reaches_that_zone_only() {
    let stage = Stage::new();
    let config = TOKEN.to_owned()
        + r#"
        variable "zone_id" {}
        resource "cloudflare_token_binding" "dns" {
          token_id = cloudflare_account_api_token.t.id
          policies = [{ permission_groups = ["DNS Write"], zones = [var.zone_id] }]
        }
        "#;
    stage.apply(&config);
    let value = stage.text(T, "value");
    let zones = stage.sim.zone_ids();
    let records = |zone: &str| ask(&stage.sim, &value, "GET", &format!("/zones/{zone}/dns_records"), None);
    assert_eq!(records(&zones[0]), 200);
    assert_ne!(records(&zones[1]), 200);
}
