//! Refusals by the API, or by a proxy in its place. The user learns the reason, and the state keeps what exists.

use serde_json::json;

use crate::simulator::{Effect, Fault, FaultKind, Options};
use crate::support::stage::{Stage, TOKEN, token};

const POLICIES: &str = r#"policies = [{ permission_groups = ["Workers Scripts Write"] }]"#;

fn quick(arguments: &str) -> String {
    format!(
        "provider \"cloudflare\" {{\n  max_retries = 0\n}}\n{}",
        token(&format!("name = \"quick\"\n{arguments}"))
    )
}

/// The value of a token with these groups on the account that works only from these addresses.
fn credential(stage: &Stage, groups: &[&str], addresses: &[&str]) -> String {
    let id = |name: &&str| {
        stage
            .sim
            .with_state(|s| json!({"id": s.catalogue.named(name, "com.cloudflare.api.account").unwrap().id}))
    };
    let policy = json!({
        "effect": "allow",
        "resources": {format!("com.cloudflare.api.account.{}", stage.sim.account_id()): "*"},
        "permission_groups": groups.iter().map(id).collect::<Vec<_>>(),
    });
    let mut body = json!({"name": "credential", "policies": [policy]});
    if !addresses.is_empty() {
        body["condition"] = json!({"request_ip": {"in": addresses}});
    }
    stage.sim.mint(&body).1
}

#[test]
fn nothing_but_a_missing_token_takes_it_out_of_the_state() {
    let stage = Stage::new();
    stage.apply(&quick(POLICIES));
    let id = stage.text(TOKEN, "id");
    let answers = [
        (FaultKind::Html(404, Effect::None), "HTTP 404"),
        (FaultKind::Api(404, 7003, "Could not route to the path", Effect::None), "7003"),
        (FaultKind::Api(403, 10000, "Authentication error", Effect::None), "HTTP 403"),
        (FaultKind::Api(401, 1000, "Invalid API Token", Effect::None), "HTTP 401"),
    ];
    for (answer, said) in answers {
        stage.sim.fault(Fault::new(answer).method("GET").path("/accounts/*/tokens/*").always());
        stage.tf.plan().failure("Could not read the API token").failure(said);
        stage.tf.run(&["apply", "-refresh-only", "-auto-approve"]).failure("Could not read the API token");
        assert_eq!(stage.text(TOKEN, "id"), id);
        stage.sim.clear_faults();
    }
    stage.settled();
}

#[test]
fn a_right_that_the_credential_does_not_hold_itself_is_named() {
    let mut stage = Stage::new();
    let credential = credential(&stage, &["Account API Tokens Write"], &[]);
    stage.tf.env("CLOUDFLARE_API_TOKEN", &credential);
    stage.config(&quick(POLICIES));
    stage.tf.plan().success();
    let applied = stage.tf.apply().failure("lacks \"Workers Scripts Write\"");
    applied.failure("policies = [").never_says(&credential);
    assert_eq!(stage.sim.tokens().len(), 1, "nothing but the credential itself");
}

#[test]
fn a_credential_for_other_addresses_has_an_error_of_its_own() {
    let mut stage = Stage::new();
    let credential = credential(&stage, &["Account API Tokens Write"], &["192.0.2.0/24"]);
    stage.tf.env("CLOUDFLARE_API_TOKEN", &credential);
    stage.config(&quick(POLICIES)).tf.plan().failure("from location").failure("9109");
}

#[test]
fn a_full_account_is_an_error_with_what_the_api_says() {
    let stage = Stage::with(Options { account_token_limit: 1, ..Options::default() });
    stage
        .config(&token(&format!("count = 3\n{POLICIES}")))
        .tf
        .apply()
        .failure("Could not create the API token");
    assert!(stage.sim.tokens().len() <= 1);
    let known = stage.tf.state()["resources"][0]["instances"].as_array().map_or(0, Vec::len);
    assert_eq!(known, stage.sim.tokens().len());
}

#[test]
fn two_policies_that_mean_the_same_are_refused() {
    let stage = Stage::new();
    let config = token(
        r#"policies = [
          { permission_groups = ["Workers Scripts Write"] },
          { permission_groups = ["e086da7e2179491d91ee5f35b3ca210a"] },
        ]"#,
    );
    stage.config(&config).tf.plan().failure("Another policy of this set means the same.");
}

#[test]
fn a_token_of_150_groups_applies_and_settles() {
    let stage = Stage::new();
    let groups = stage.sim.with_state(|state| {
        let of_account = state.catalogue.groups.iter().filter(|g| g.scopes == ["com.cloudflare.api.account"]);
        let mut ids: Vec<_> = of_account.map(|group| format!("\"{}\"", group.id)).collect();
        ids.truncate(150);
        ids
    });
    assert_eq!(groups.len(), 150);
    let config = token(&format!("policies = [{{ permission_groups = [{}] }}]", groups.join(", ")));
    stage.apply(&config);
}

#[test]
fn a_group_that_cloudflare_retires_is_no_drift() {
    let stage = Stage::new();
    stage.apply(&token(POLICIES));
    stage.sim.remove_group("e086da7e2179491d91ee5f35b3ca210a");
    stage.settled();
}

#[test]
fn policies_that_are_ignored_stay_as_they_are_through_other_changes() {
    let stage = Stage::new();
    let config = |name: &str| {
        token(&format!("name = \"{name}\"\n{POLICIES}\nlifecycle {{\n  ignore_changes = [policies]\n}}"))
    };
    stage.apply(&config("one"));
    let id = stage.text(TOKEN, "id");
    let account = format!("com.cloudflare.api.account.{}", stage.sim.account_id());
    stage.sim.add_policy(&id, &["Account Settings Read"], json!({account: "*"}));
    stage.settled();
    stage.apply(&config("two"));
    assert_eq!(stage.sim.policies(&id).len(), 2);
}

#[test]
fn an_exclusive_token_without_policies_has_none() {
    let stage = Stage::new();
    let config = token("name = \"none\"\nexclusive_policies = true");
    stage.apply(&config);
    let id = stage.text(TOKEN, "id");
    let account = format!("com.cloudflare.api.account.{}", stage.sim.account_id());
    stage.sim.add_policy(&id, &["Account Settings Read"], json!({account: "*"}));
    stage.tf.plan().success().says("\"Account Settings Read\"");
    stage.apply(&config);
    assert!(stage.sim.policies(&id).iter().all(|policy| policy.effect == "deny"));
}

#[test]
fn a_refusal_with_an_explanation_is_final_and_shows_its_address() {
    let stage = Stage::new();
    stage.apply(&token(POLICIES));
    let url = "https://developers.cloudflare.com/fundamentals/api/troubleshooting/";
    let refusal = json!({
        "success": false, "messages": [], "result": null,
        "errors": [{"code": 10000, "message": "Authentication error", "documentation_url": url}],
    });
    let fault =
        Fault::new(FaultKind::Json(403, refusal, Effect::None)).method("GET").path("/accounts/*/tokens/*");
    let fault = stage.sim.fault(fault.always());
    stage.tf.plan().failure(url);
    assert_eq!(stage.sim.hits(fault), 1);
}

#[test]
fn a_token_that_cloudflare_manages_is_let_go_with_a_warning() {
    let stage = Stage::new();
    stage.apply(&quick(POLICIES));
    let id = stage.text(TOKEN, "id");
    stage.sim.with_state(|state| {
        state.tokens.iter_mut().filter(|token| token.id == id).for_each(|token| token.managed = true);
    });
    stage.tf.destroy().success().says("was not deleted").says("manages itself");
    assert!(stage.attributes(TOKEN).is_null() && stage.sim.tokens().len() == 1);
}
