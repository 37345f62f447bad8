//! Bindings on a token that no state has, and how they come into a state.

use cloudflare_tokens::cloudflare::Owner;
use cloudflare_tokens::tokens::TokenPolicies;

use super::*;

/// A token as someone made it by hand: disabled, with a policy, an expiry and a condition.
fn by_hand(sim: &Simulator) -> String {
    let account = format!("com.cloudflare.api.account.{}", sim.account_id());
    let zone = format!("com.cloudflare.api.account.zone.{}", sim.zone_ids()[0]);
    let policy = |effect: &str, group: &str, scope: &str, resources: Json| {
        let group = sim.group_id(group, scope);
        json!({ "effect": effect, "permission_groups": [{ "id": group }], "resources": resources })
    };
    let (id, _) = sim.mint(&json!({
        "name": "made by hand",
        "policies": [
            policy("allow", "Workers Scripts Read", "com.cloudflare.api.account", json!({ account: "*" })),
            policy("deny", "DNS Write", "com.cloudflare.api.account.zone", json!({ zone: "*" })),
        ],
        "expires_on": "2030-01-02T03:04:05Z",
        "condition": { "request_ip": { "in": ["192.0.2.0/24"], "not_in": ["192.0.2.7/32"] } },
    }));
    sim.set_status(&id, "disabled");
    id
}

/// The fields of a token that must not change, except for the ids of its policies.
fn rest(sim: &Simulator, id: &str) -> (Json, Vec<String>) {
    let mut token = sim.token(id).unwrap();
    for changing in ["modified_on", "policies"] {
        token[changing].take();
    }
    let mut policies: Vec<_> = sim
        .policies(id)
        .into_iter()
        .filter(|policy| !policy.groups.contains("Cloudflare Tunnel Write"))
        .map(|policy| format!("{} {:?} {}", policy.effect, policy.groups, policy.resources))
        .collect();
    policies.sort();
    (token, policies)
}

#[test]
fn a_binding_leaves_the_rest_of_somebody_elses_token_as_it_is() {
    let stage = Stage::new();
    let id = by_hand(&stage.sim);
    let before = rest(&stage.sim, &id);
    assert_eq!(before.1.len(), 2);
    stage.apply(&binding("b", &format!("{id:?}"), &["Cloudflare Tunnel Write"]));
    assert_eq!(stage.sim.policies(&id).len(), 3);
    assert_eq!(rest(&stage.sim, &id), before);
    stage.tf.destroy().success();
    assert_eq!(stage.sim.policies(&id).len(), 2);
    assert_eq!(rest(&stage.sim, &id), before);
}

#[test]
fn a_binding_is_imported_and_its_configuration_generated() {
    let stage = Stage::new();
    let id = mint(
        &stage.sim,
        "shared",
        &[&["Workers Scripts Read"], &["Cloudflare Tunnel Write", "DNS Firewall Read"]],
    );
    let account = stage.sim.account_id();
    let token = serde_json::from_value(stage.sim.token(&id).unwrap()).unwrap();
    let seen = TokenPolicies::of(&token, &Owner::Account(account.clone()));
    let wanted = seen.policies.iter().find(|(_, policy)| policy.groups().len() == 2).unwrap().0.to_string();
    stage.config(&format!(
        "import {{\n  to = cloudflare_token_binding.b\n  id = \"{account}/{id}/{}\"\n}}\n",
        &wanted[..12]
    ));
    stage.tf.run(&["plan", "-generate-config-out=generated.tf"]).success();
    let generated = std::fs::read_to_string(stage.tf.path().join("generated.tf")).unwrap();
    assert!(generated.contains("\"Cloudflare Tunnel Write\"") && generated.contains(&id), "{generated}");
    assert!(!generated.contains("Workers Scripts Read"), "{generated}");
    // Terraform names the provider by its type there, not by its local name. That line must be removed.
    let kept: Vec<_> = generated.lines().filter(|line| !line.trim_start().starts_with("provider ")).collect();
    stage.tf.write("generated.tf", &kept.join("\n"));
    stage.tf.apply().success();
    stage.settled();
    assert_eq!(stage.sim.count("PUT", "/accounts/*/tokens/*"), 0, "an import writes nothing");

    // The binding is in the state already, so a destroy must not import it again.
    stage.tf.destroy().success();
    has_exactly(&stage.sim, &id, &[&["Workers Scripts Read"]]);
}

#[test]
fn an_import_of_what_is_not_there_says_what_is() {
    let (stage, id) = foreign_token();
    stage.config(&binding("b", &format!("{id:?}"), &["Workers Scripts Read"]));
    let import = format!("{}/{id}/{}", stage.sim.account_id(), "0".repeat(64));
    stage
        .tf
        .run(&["import", "cloudflare_token_binding.b", &import])
        .failure("Write one of the token's fingerprints: -");
}

#[test]
fn a_binding_goes_from_the_state_with_its_token() {
    let (stage, id) = foreign_token();
    let config = binding("b", &format!("{id:?}"), &["Cloudflare Tunnel Write"]);
    stage.apply(&config);
    stage.sim.delete(&id);
    stage.tf.run(&["apply", "-refresh-only", "-auto-approve"]).success();
    assert_eq!(stage.attributes("cloudflare_token_binding.b"), Json::Null);
    // There is nothing to bind to, and the error says so.
    stage.tf.apply().failure("There is no API token");
    stage.config("").tf.apply().success();
}

#[test]
fn a_binding_is_destroyed_though_its_token_went_meanwhile() {
    let (stage, id) = foreign_token();
    stage.apply(&binding("b", &format!("{id:?}"), &["Cloudflare Tunnel Write"]));
    stage.sim.delete(&id);
    stage.tf.run(&["destroy", "-auto-approve", "-refresh=false"]).success();
    assert_eq!(stage.tf.state()["resources"], json!([]));
}

#[test]
fn a_token_and_its_bindings_are_made_anew_when_the_token_was_deleted_outside() {
    let stage = Stage::new();
    let config =
        TOKEN.to_owned() + &bound("a", &["Cloudflare Tunnel Write"]) + &bound("b", &["Workers Scripts Read"]);
    stage.apply(&config);
    let old = stage.text(T, "id");
    stage.sim.delete(&old);
    stage.apply(&config);
    let new = stage.text(T, "id");
    assert_ne!(new, old);
    has_exactly(&stage.sim, &new, &[&["Cloudflare Tunnel Write"], &["Workers Scripts Read"]]);
}
