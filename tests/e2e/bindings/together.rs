//! One apply changes a token and its bindings, in any order. Also: who decides about the token's policies.

use super::*;

const EXCLUSIVE: &str = r#"
resource "cloudflare_account_api_token" "t" {
  name     = "shared"
  policies = [{ permission_groups = ["Workers Scripts Read"] }]
}
"#;

fn additive() -> String {
    EXCLUSIVE.replace("policies =", "exclusive_policies = false\n  policies =")
}

#[test]
fn a_token_and_its_bindings_change_in_one_apply_and_nothing_is_lost() {
    let stage = Stage::new();
    let first = additive()
        + &bound("stays", &["Workers Scripts Write"])
        + &bound("goes", &["Cloudflare Tunnel Read"]);
    stage.apply(&first);
    let (id, value) = (stage.text(T, "id"), stage.text(T, "value"));
    has_exactly(
        &stage.sim,
        &id,
        &[&["Workers Scripts Read"], &["Workers Scripts Write"], &["Cloudflare Tunnel Read"]],
    );
    let second = additive().replace("shared", "renamed").replace("Scripts Read", "KV Storage Read")
        + &bound("stays", &["Workers Scripts Write", "Workers Tail Read"])
        + &bound("comes", &["Cloudflare Tunnel Write"]);
    stage.apply(&second);
    has_exactly(
        &stage.sim,
        &id,
        &[
            &["Workers KV Storage Read"],
            &["Workers Scripts Write", "Workers Tail Read"],
            &["Cloudflare Tunnel Write"],
        ],
    );
    assert_eq!(stage.sim.token(&id).unwrap()["name"], "renamed");
    assert_eq!(stage.text(T, "value"), value);
}

#[test]
fn bindings_may_be_applied_before_the_token_that_they_are_on() {
    let stage = Stage::new();
    stage.apply(&(additive() + &bound("b", &["Workers Scripts Write"])));
    let id = stage.text(T, "id");
    // The id is a literal from here on, so that Terraform can use the reverse order.
    let token = |group: &str| {
        additive()
            .replace("Workers Scripts Read", group)
            .replace("name     =", "depends_on = [cloudflare_token_binding.b]\n  name =")
    };
    let at = format!("{id:?}");
    stage.apply(&(token("Workers Tail Read") + &binding("b", &at, &["Cloudflare Tunnel Write"])));
    has_exactly(&stage.sim, &id, &[&["Workers Tail Read"], &["Cloudflare Tunnel Write"]]);
    // The token and the binding swap their policies.
    stage.apply(&(token("Cloudflare Tunnel Write") + &binding("b", &at, &["Workers Tail Read"])));
    has_exactly(&stage.sim, &id, &[&["Workers Tail Read"], &["Cloudflare Tunnel Write"]]);
    stage.apply(&(additive() + &binding("b", &at, &["Workers Tail Read"])));
    has_exactly(&stage.sim, &id, &[&["Workers Tail Read"], &["Workers Scripts Read"]]);
}

#[test]
fn an_exclusive_token_becomes_additive_in_the_apply_that_binds_it_and_back() {
    let stage = Stage::new();
    stage.apply(EXCLUSIVE);
    let id = stage.text(T, "id");
    stage.apply(&(additive() + &bound("b", &["Cloudflare Tunnel Write"])));
    has_exactly(&stage.sim, &id, &[&["Workers Scripts Read"], &["Cloudflare Tunnel Write"]]);
    stage.apply(EXCLUSIVE);
    has_exactly(&stage.sim, &id, &[&["Workers Scripts Read"]]);
}

#[test]
fn a_policy_moves_from_a_binding_into_an_exclusive_token_without_being_lost() {
    // The first round has a reference, so Terraform orders the two. The second has none, so Terraform does not.
    for reference in [true, false] {
        let stage = Stage::new();
        stage.apply(&additive());
        let id = stage.text(T, "id");
        let at = if reference { "cloudflare_account_api_token.t.id".to_owned() } else { format!("{id:?}") };
        stage.apply(&(additive() + &binding("b", &at, &["Cloudflare Tunnel Write"])));
        stage.apply(
            &EXCLUSIVE.replace(
                "policies = [",
                "policies = [{ permission_groups = [\"Cloudflare Tunnel Write\"] }, ",
            ),
        );
        has_exactly(&stage.sim, &id, &[&["Workers Scripts Read"], &["Cloudflare Tunnel Write"]]);
    }
}

const WAY_OUT: &str = "Set `exclusive_policies = false` on the token's resource";

#[test]
fn a_binding_to_an_exclusive_token_is_refused_at_plan_in_both_orders() {
    let stage = Stage::new();
    stage.apply(EXCLUSIVE);
    let id = stage.text(T, "id");
    stage.sim.reset_requests();
    let by_reference = EXCLUSIVE.to_owned() + &bound("b", &["Cloudflare Tunnel Write"]);
    stage.config(&by_reference).tf.plan().failure(WAY_OUT);
    // Here Terraform plans the binding first.
    let bound_first = EXCLUSIVE.replace("name     =", "depends_on = [cloudflare_token_binding.b]\n  name =")
        + &binding("b", &format!("{id:?}"), &["Cloudflare Tunnel Write"]);
    stage.config(&bound_first).tf.plan().failure(WAY_OUT);
    assert_eq!(stage.sim.count("PUT", "/accounts/*/tokens/*"), 0);
    has_exactly(&stage.sim, &id, &[&["Workers Scripts Read"]]);
    // The change that the error proposes works.
    stage.apply(&(additive() + &bound("b", &["Cloudflare Tunnel Write"])));
}

#[test]
fn a_binding_to_a_token_that_becomes_exclusive_is_refused_at_plan() {
    let stage = Stage::new();
    stage.apply(&(additive() + &bound("b", &["Cloudflare Tunnel Write"])));
    stage
        .config(&(EXCLUSIVE.to_owned() + &bound("b", &["Cloudflare Tunnel Write"])))
        .tf
        .plan()
        .failure(WAY_OUT);
    has_exactly(&stage.sim, &stage.text(T, "id"), &[&["Workers Scripts Read"], &["Cloudflare Tunnel Write"]]);
}

#[test]
fn a_binding_to_an_exclusive_token_of_the_same_run_loses_nothing() {
    let stage = Stage::new();
    stage.config(&(EXCLUSIVE.to_owned() + &bound("b", &["Cloudflare Tunnel Write"])));
    stage.tf.apply().failure(WAY_OUT);
    // The token is created and in the state with its value. It has only its own policy.
    let id = stage.text(T, "id");
    assert_eq!(stage.sim.token_value(&id), Some(stage.text(T, "value")));
    has_exactly(&stage.sim, &id, &[&["Workers Scripts Read"]]);
    assert_eq!(stage.attributes("cloudflare_token_binding.b"), Json::Null);
    stage.apply(&(additive() + &bound("b", &["Cloudflare Tunnel Write"])));
    assert_eq!(stage.text(T, "id"), id);
    has_exactly(&stage.sim, &id, &[&["Workers Scripts Read"], &["Cloudflare Tunnel Write"]]);
}
