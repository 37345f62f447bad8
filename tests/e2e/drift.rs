//! Changes to a token outside Terraform: deleted, expired, revoked, edited. Also plans without a refresh.

use crate::simulator::{Effect, Fault, FaultKind};
use crate::support::stage::{Stage, TOKEN, token};

const POLICIES: &str = r#"policies = [{ permission_groups = ["Workers Scripts Write"] }]"#;

fn with(arguments: &str) -> String {
    token(&format!("name = \"drift\"\n{POLICIES}\n{arguments}"))
}

#[test]
fn a_token_deleted_outside_is_made_anew() {
    let stage = Stage::new();
    stage.apply(&with(""));
    let id = stage.text(TOKEN, "id");
    assert!(stage.sim.delete(&id));
    stage.tf.plan().success().says("Plan: 1 to add, 0 to change, 0 to destroy.");
    stage.tf.apply().success();
    assert_ne!(stage.text(TOKEN, "id"), id);
    stage.settled();
}

#[test]
fn to_destroy_a_token_that_is_gone_is_no_error() {
    let stage = Stage::new();
    stage.apply(&with(""));
    assert!(stage.sim.delete(&stage.text(TOKEN, "id")));
    stage.tf.run(&["destroy", "-auto-approve", "-refresh=false"]).success();
    assert_eq!(stage.attributes(TOKEN), serde_json::Value::Null);
}

#[test]
fn changes_by_hand_are_shown_and_undone() {
    let stage = Stage::new();
    stage.apply(&with(r#"expires_on = "2099-01-01T00:00:00Z""#));
    let id = stage.text(TOKEN, "id");
    stage.sim.edit(&id, |token| {
        token.name = "renamed".to_owned();
        token.expires_on = None;
    });
    assert_eq!(stage.sim.remove_policies(&id, |_| true), 1);
    let plan = stage.tf.plan().success();
    plan.says("\"renamed\" -> \"drift\"").says("+ expires_on").says("\"Workers Scripts Write\"");
    stage.tf.apply().success();
    let shown = stage.sim.token(&id).unwrap();
    assert_eq!((&shown["name"], &shown["expires_on"]), (&"drift".into(), &"2099-01-01T00:00:00Z".into()));
    assert_eq!(stage.sim.policies(&id).len(), 1);
    stage.settled();
}

#[test]
fn a_revoked_token_is_replaced() {
    let stage = Stage::new();
    stage.apply(&with(""));
    let (id, value) = (stage.text(TOKEN, "id"), stage.text(TOKEN, "value"));
    stage.sim.revoke_exposed(&id);
    stage.tf.plan().success().says("\"revoked (exposed)\"").says("must be replaced");
    stage.tf.apply().success();
    assert_ne!(stage.text(TOKEN, "id"), id);
    assert_ne!(stage.text(TOKEN, "value"), value);
    assert!(stage.sim.token(&id).is_none(), "the revoked one is deleted");
    stage.settled();
}

#[test]
fn an_expired_token_is_replaced_once_the_configuration_lets_the_new_one_live() {
    let stage = Stage::new();
    let soon = stage.sim.now() + time::Duration::hours(1);
    let soon = soon.format(&time::format_description::well_known::Rfc3339).unwrap();
    let config = with(&format!("expires_on = \"{soon}\""));
    stage.apply(&config);
    let id = stage.text(TOKEN, "id");
    stage.sim.advance(std::time::Duration::from_secs(7200));
    let plan = stage.tf.run(&["plan", "-detailed-exitcode"]);
    assert_eq!(plan.code, Some(0), "{}{}", plan.stdout, plan.stderr);
    plan.says("The token has expired").says("Set a later `expires_on`");
    assert!(stage.sim.token(&id).is_some());
    stage.apply(&with(r#"expires_on = "2099-01-01T00:00:00Z""#));
    assert_ne!(stage.text(TOKEN, "id"), id);
    assert_eq!(stage.text(TOKEN, "status"), "active");
}

#[test]
fn a_plan_without_a_refresh_asks_nothing_of_what_has_not_changed() {
    let stage = Stage::new();
    stage.apply(&with(""));
    stage.sim.reset_requests();
    let plan = stage.tf.run(&["plan", "-detailed-exitcode", "-refresh=false"]);
    assert_eq!(plan.code, Some(0));
    assert_eq!(stage.sim.requests(), []);
}

#[test]
fn a_saved_plan_does_what_it_says() {
    let stage = Stage::new();
    stage.config(&with("")).tf.run(&["plan", "-out=plan"]).success();
    assert!(stage.sim.tokens().is_empty());
    stage.tf.run(&["apply", "plan"]).success();
    let value = stage.text(TOKEN, "value");
    stage.config(&with(r#"status = "disabled""#)).tf.run(&["plan", "-out=plan"]).success();
    stage.tf.run(&["apply", "plan"]).success();
    stage.settled();
    assert_eq!((stage.text(TOKEN, "status"), stage.text(TOKEN, "value")), ("disabled".to_owned(), value));
}

#[test]
fn a_tainted_token_is_replaced() {
    let stage = Stage::new();
    stage.apply(&with(""));
    let id = stage.text(TOKEN, "id");
    stage.tf.run(&["taint", TOKEN]).success();
    stage.tf.apply().success();
    assert_ne!(stage.text(TOKEN, "id"), id);
    assert_eq!(stage.sim.tokens().len(), 1);
    stage.settled();
}

#[test]
fn with_create_before_destroy_the_old_token_works_until_the_new_one_is_there() {
    let stage = Stage::new();
    let config = with("lifecycle { create_before_destroy = true }");
    stage.apply(&config);
    let old = stage.text(TOKEN, "id");
    stage.sim.reset_requests();
    stage.tf.run(&["apply", "-auto-approve", &format!("-replace={TOKEN}")]).success();
    let writes: Vec<_> = stage.sim.requests().into_iter().map(|r| r.method).filter(|m| m != "GET").collect();
    assert_eq!(writes, ["POST", "DELETE"]);
    assert!(stage.sim.token(&old).is_none());
    stage.settled();
}

#[test]
fn tokens_of_a_for_each_come_and_go_by_their_keys() {
    let stage = Stage::new();
    let config = |keys: &str| token(&format!("for_each = toset([{keys}])\nname = each.key\n{POLICIES}"));
    stage.apply(&config(r#""a", "b""#));
    let b = stage.text(&format!("{TOKEN}[\"b\"]"), "id");
    stage.apply(&config(r#""b", "c""#));
    assert_eq!(stage.text(&format!("{TOKEN}[\"b\"]"), "id"), b);
    let mut names: Vec<_> =
        stage.sim.tokens().iter().map(|t| t["name"].as_str().unwrap().to_owned()).collect();
    names.sort();
    assert_eq!(names, ["b", "c"]);
}

#[test]
fn another_account_means_another_token() {
    let mut stage = Stage::new();
    let (email, key) = stage.sim.global_key();
    stage.tf.env("CLOUDFLARE_API_TOKEN", "").env("CLOUDFLARE_EMAIL", email).env("CLOUDFLARE_API_KEY", key);
    stage.apply(&with(""));
    let (first, other) = (stage.text(TOKEN, "id"), stage.sim.other_account_id());
    stage.config(&with(&format!("account_id = \"{other}\""))).tf.plan().says("# forces replacement");
    stage.tf.apply().success();
    assert!(stage.sim.token(&first).is_none());
    stage.settled();
    // The account of the provider block counts like the account of the resource.
    stage
        .config(&with(""))
        .tf
        .plan()
        .says("# forces replacement")
        .says("1 to add, 0 to change, 1 to destroy");
}

#[test]
fn a_refused_update_keeps_the_state_as_it_was() {
    let stage = Stage::new();
    stage.apply(&with(""));
    let before = stage.attributes(TOKEN);
    let refuse = FaultKind::Api(400, 1001, "Failed common permission check against resources.", Effect::None);
    stage.sim.fault(Fault::new(refuse).method("PUT").always());
    stage.config(&with(r#"expires_on = "2099-01-01T00:00:00Z""#));
    stage.tf.apply().failure("Failed common permission check").failure("1001");
    assert_eq!(stage.attributes(TOKEN), before);
    stage.sim.clear_faults();
    stage.tf.apply().success();
    stage.settled();
}

#[test]
fn what_a_person_changes_between_plan_and_apply_is_for_the_next_plan_to_show() {
    let stage = Stage::new();
    let config = |more: &str| with(&format!("status = \"active\"\n{more}"));
    stage.apply(&config(""));
    let id = stage.text(TOKEN, "id");
    stage.config(&config(r#"expires_on = "2099-01-01T00:00:00Z""#)).tf.run(&["plan", "-out=saved"]).success();
    stage.sim.edit(&id, |token| {
        token.name = "renamed".to_owned();
        token.status = "disabled".to_owned();
    });
    stage.tf.run(&["apply", "saved"]).success();
    stage.tf.plan().success().says("\"renamed\" -> \"drift\"").says("\"disabled\" -> \"active\"");
}

#[test]
fn a_token_that_becomes_exclusive_names_the_policies_of_others_that_it_loses() {
    let stage = Stage::new();
    stage.apply(&token(r#"name = "drift""#));
    let id = stage.text(TOKEN, "id");
    let account = format!("com.cloudflare.api.account.{}", stage.sim.account_id());
    let resources = serde_json::json!({ account: "*" });
    stage.sim.add_policy(&id, &["Cloudflare Tunnel Write"], resources.clone());
    stage.sim.add_policy(&id, &["Workers Scripts Write"], resources);
    let plan = stage.config(&with("")).tf.plan().success();
    plan.says("loses policies that others have added")
        .says("allow \"Cloudflare Tunnel Write\" on the account")
        .never_says("allow \"Workers Scripts Write\"");

    stage.config(&with("exclusive_policies = false")).tf.plan().success().never_says("loses policies");
    stage.apply(&with(""));
    assert_eq!(stage.sim.policies(&id).len(), 1);
    stage.tf.plan().success().never_says("loses policies");
}
