//! The provider's guardrails: what they refuse, where the error points, and that no request was sent before.

use cloudflare_tokens::tf_provider::framework::{Path, Severity};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime, format_description::well_known::Rfc3339};

use crate::simulator::{Options, Simulator};
use crate::support::provider::{Object, Provider, UNKNOWN, errors, told};

const TOKEN: &str = "cloudflare_account_api_token";
const BINDING: &str = "cloudflare_token_binding";

/// The provider without guardrails, and with these.
async fn start(guardrails: Value) -> (Simulator, Provider, Provider) {
    let sim = Simulator::start(Options::default()).await;
    let free = Provider::start(&sim).await;
    let guarded = Provider::configured(&sim, json!({"guardrails": guardrails})).await;
    (sim, free, guarded)
}

fn grants(group: &str) -> Value {
    json!([{"permission_groups": [group], "zones": ["*"]}])
}

fn in_days(days: i64) -> String {
    (OffsetDateTime::now_utc() + Duration::days(days)).format(&Rfc3339).unwrap()
}

/// Asserts that the plan is refused at this attribute with this text.
async fn refused(
    provider: &Provider,
    resource: &str,
    prior: Option<&Object>,
    config: &Value,
    at: &str,
) -> String {
    let plan = provider.plan(resource, prior, config).await;
    let errors = told(&plan.diagnostics, Severity::Error);
    let of_errors = plan.diagnostics.0.iter().filter(|d| d.severity == Severity::Error);
    let paths: Vec<_> = of_errors.map(|d| d.path.clone()).collect();
    assert_eq!(paths, [Some(Path::of(at))], "{errors}");
    assert!(plan.planned.is_none());
    errors
}

async fn passes(provider: &Provider, resource: &str, prior: Option<&Object>, config: &Value) {
    let plan = provider.plan(resource, prior, config).await;
    assert!(plan.diagnostics.is_empty(), "{config}: {:?}", plan.diagnostics);
}

#[tokio::test]
async fn a_forbidden_group_is_refused_to_tokens_and_bindings_by_name_and_by_id() {
    let (sim, free, guarded) = start(json!({"forbidden_permission_groups": ["DNS Write"]})).await;
    let id = sim.group_id("DNS Write", "com.cloudflare.api.account.zone");
    let token = free.apply(TOKEN, None, &json!({"name": "a"})).await;
    for group in ["DNS Write", &id] {
        let config = json!({"policies": grants(group)});
        let words = refused(&guarded, TOKEN, None, &config, "policies").await;
        assert!(words.contains(&format!("does not allow a policy to grant \"{group}\"")), "{words}");
        let config = json!({"token_id": token.text("id"), "policies": grants(group)});
        refused(&guarded, BINDING, None, &config, "policies").await;
    }
    let deny = json!([{"effect": "deny", "permission_groups": ["DNS Write"], "zones": ["*"]}]);
    passes(&guarded, TOKEN, None, &json!({"policies": deny})).await;
    passes(&guarded, TOKEN, None, &json!({"policies": grants("DNS Read")})).await;
}

#[tokio::test]
async fn a_name_forbids_the_groups_of_every_scope() {
    let (sim, _, guarded) = start(json!({"forbidden_permission_groups": ["Logs Write", "DNS Write"]})).await;
    refused(&guarded, TOKEN, None, &json!({"policies": grants("Logs Write")}), "policies").await;
    // A group for zones that is granted on the account is the same group.
    let zone = "com.cloudflare.api.account.zone";
    let account = format!("com.cloudflare.api.account.{}", sim.account_id());
    for group in ["Logs Write".to_owned(), sim.group_id("DNS Write", zone)] {
        let policy = json!({"permission_groups": [group], "resources": {&account: "*"}});
        let words = refused(&guarded, TOKEN, None, &json!({"policies": [policy]}), "policies").await;
        assert!(words.contains("does not allow a policy to grant"), "{words}");
    }
}

#[tokio::test]
async fn a_guardrail_that_names_no_group_is_told_rather_than_ignored() {
    let (_sim, _, guarded) = start(json!({"forbidden_permission_groups": ["DNS Edit"]})).await;
    let words = refused(&guarded, TOKEN, None, &json!({"policies": grants("DNS Read")}), "policies").await;
    assert!(words.contains("Did you mean \"DNS Write\""), "{words}");
}

#[tokio::test]
async fn a_token_must_have_an_end_where_that_is_required() {
    let (_sim, free, guarded) = start(json!({"require_expiry": true})).await;
    refused(&guarded, TOKEN, None, &json!({"name": "a"}), "expires_on").await;
    passes(&guarded, TOKEN, None, &json!({"name": "a", "expires_on": "2099-01-01T00:00:00Z"})).await;
    passes(&guarded, TOKEN, None, &json!({"name": "a", "expires_on": UNKNOWN})).await;
    let endless = free.apply(TOKEN, None, &json!({"name": "a"})).await;
    refused(&guarded, TOKEN, Some(&endless), &json!({"name": "a"}), "expires_on").await;
    assert!(guarded.destroy(TOKEN, endless).await.is_empty(), "it can be deleted");
}

#[tokio::test]
async fn a_lifetime_is_measured_when_the_end_is_new_and_not_when_time_goes_by() {
    let (_sim, free, guarded) = start(json!({"max_lifetime": "30d"})).await;
    let config = |days: i64| json!({"name": "a", "expires_on": in_days(days)});
    passes(&guarded, TOKEN, None, &config(29)).await;
    let words = refused(&guarded, TOKEN, None, &config(31), "expires_on").await;
    assert!(words.contains("within 30d"), "{words}");
    refused(&guarded, TOKEN, None, &json!({"name": "a"}), "expires_on").await;
    passes(&guarded, TOKEN, None, &json!({"name": "a", "expires_in": "30d"})).await;
    refused(&guarded, TOKEN, None, &json!({"name": "a", "expires_in": "31d"}), "expires_in").await;

    let config = config(60);
    let long = free.apply(TOKEN, None, &config).await;
    passes(&guarded, TOKEN, Some(&long), &config).await;
    let mut renamed = config.clone();
    renamed["name"] = json!("b");
    assert_eq!(guarded.apply(TOKEN, Some(&long), &renamed).await.text("name"), Some("b"));
    refused(&guarded, TOKEN, Some(&long), &json!({"name": "a", "expires_on": in_days(61)}), "expires_on")
        .await;
    passes(&guarded, TOKEN, Some(&long), &json!({"name": "a", "expires_on": in_days(20)})).await;
}

#[tokio::test]
async fn a_new_token_with_the_end_of_the_old_one_is_measured_too() {
    let (_sim, free, guarded) = start(json!({"max_lifetime": "30d"})).await;
    let end = in_days(60);
    let config = |trigger: &str| json!({"name": "a", "expires_on": end, "rotation": {"triggers": {"by": trigger}, "overlap": "7d"}});
    let long = free.apply(TOKEN, None, &config("one")).await;
    passes(&guarded, TOKEN, Some(&long), &config("one")).await;
    let words = refused(&guarded, TOKEN, Some(&long), &config("two"), "expires_on").await;
    assert!(words.contains("within 30d"), "{words}");
}

#[tokio::test]
async fn a_roll_that_makes_a_new_end_is_measured_too() {
    let (_sim, free, guarded) = start(json!({"max_lifetime": "30d"})).await;
    let config =
        |trigger: &str| json!({"name": "a", "expires_in": "60d", "rotation": {"triggers": {"by": trigger}}});
    let token = free.apply(TOKEN, None, &config("one")).await;
    passes(&guarded, TOKEN, Some(&token), &config("one")).await;
    refused(&guarded, TOKEN, Some(&token), &config("two"), "expires_in").await;
}

#[tokio::test]
async fn a_token_must_say_from_where_it_is_used_where_that_is_required() {
    let (_sim, _, guarded) = start(json!({"require_ip_condition": true})).await;
    let from = |range: &str| json!({"name": "a", "condition": {"request_ip": {"in": [range]}}});
    refused(&guarded, TOKEN, None, &json!({"name": "a"}), "condition").await;
    refused(&guarded, TOKEN, None, &from("0.0.0.0/0"), "condition").await;
    passes(&guarded, TOKEN, None, &from("192.0.2.0/24")).await;
    passes(&guarded, TOKEN, None, &from(UNKNOWN)).await;
}

#[tokio::test]
async fn what_was_planned_otherwise_is_refused_at_apply_before_anything_is_sent() {
    let (sim, free, guarded) =
        start(json!({"forbidden_permission_groups": ["DNS Write"], "require_expiry": true})).await;
    let token = free.apply(TOKEN, None, &json!({"name": "a", "expires_on": in_days(9)})).await;
    sim.reset_requests();

    let config = json!({"name": "b", "policies": grants("DNS Write")});
    let plan = free.plan(TOKEN, None, &config).await;
    let words = errors(guarded.apply_planned(TOKEN, None, &config, plan).await);
    assert!(words.contains("expires_on: ") && words.contains("policies: "), "{words}");

    let config = json!({"name": "a", "expires_on": token.text("expires_on"), "exclusive_policies": false, "policies": grants("DNS Write")});
    let plan = free.plan(TOKEN, Some(&token), &config).await;
    errors(guarded.apply_planned(TOKEN, Some(&token), &config, plan).await);

    let config = json!({"token_id": token.text("id"), "policies": grants("DNS Write")});
    let plan = free.plan(BINDING, None, &config).await;
    errors(guarded.apply_planned(BINDING, None, &config, plan).await);

    assert_eq!((sim.count("POST", "**"), sim.count("PUT", "**")), (0, 0));
}

#[tokio::test]
async fn guardrails_that_are_not_known_yet_do_not_fail_a_plan() {
    let sim = Simulator::start(Options::default()).await;
    let block = json!({"guardrails": {"max_lifetime": UNKNOWN, "forbidden_permission_groups": [UNKNOWN]}});
    let provider = Provider::configured(&sim, block).await;
    passes(&provider, TOKEN, None, &json!({"policies": grants("DNS Write")})).await;
}

#[tokio::test]
async fn a_guardrail_of_a_wrong_form_is_refused_with_its_path() {
    let sim = Simulator::start(Options::default()).await;
    let block = json!({"guardrails": {"max_lifetime": "1month", "forbidden_permission_groups": []}});
    let (_, found) = Provider::try_configured(&sim, block).await;
    let words = told(&found, Severity::Error);
    assert!(words.contains("guardrails.max_lifetime: "), "{words}");
    assert!(words.contains("guardrails.forbidden_permission_groups: "), "{words}");
}
