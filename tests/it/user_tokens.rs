//! Tokens of the user in process. They behave like an account's tokens, on the user's endpoints.

use cloudflare_tokens::tf_provider::framework::{Raw, ResourceId, Severity};
use serde_json::{Value as Json, json};

use crate::simulator::{Options, PolicyView, Simulator};
use crate::support::provider::{Provider, errors, plain, told};

const TOKEN: &str = "cloudflare_user_api_token";
const BINDING: &str = "cloudflare_user_token_binding";

async fn start() -> (Simulator, Provider) {
    let sim = Simulator::start(Options::default()).await;
    let provider = Provider::configured(&sim, json!({"api_token": sim.user_root_token()})).await;
    (sim, provider)
}

/// Whether a policy has this permission group and no other.
fn is(policy: &PolicyView, group: &str) -> bool {
    policy.groups.iter().eq([group])
}

fn dns(group: &str) -> Json {
    json!([{"permission_groups": [group], "zones": ["*"]}])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_users_token_is_made_changed_rolled_and_destroyed() {
    let (sim, provider) = start().await;
    let user = format!("com.cloudflare.api.user.{}", sim.user_id());
    let account = format!("com.cloudflare.api.account.{}", sim.account_id());
    let config = json!({
        "name": "cli",
        "policies": [
            {"permission_groups": ["DNS Read"], "zones": ["*"]},
            {"permission_groups": ["API Tokens Read"], "resources": {user: "*"}},
            {"permission_groups": ["Workers Scripts Read"], "resources": {account: "*"}},
        ],
        "rotation": {"triggers": {"n": "1"}},
    });
    let made = provider.apply(TOKEN, None, &config).await;
    let id = made.text("id").unwrap().to_owned();
    assert!(made.text("value").unwrap().starts_with("cfut_"));
    let zones = sim.policies(&id).into_iter().find(|policy| is(policy, "DNS Read")).unwrap();
    assert_eq!(zones.resources, json!({"com.cloudflare.api.account.zone.*": "*"}), "flat, of all accounts");
    let read = provider.read(TOKEN, &made).await.unwrap();
    assert_eq!(read.state, made.state);
    let unchanged = provider.plan(TOKEN, Some(&made), &config).await;
    assert_eq!(unchanged.planned.as_ref(), Some(&made.state));
    let mut changed = config.clone();
    changed["policies"] = dns("DNS Write");
    changed["rotation"] = json!({"triggers": {"n": "2"}});
    let rolled = provider.apply(TOKEN, Some(&made), &changed).await;
    assert_ne!(rolled.text("value"), made.text("value"));
    assert_eq!(rolled.text("value").map(str::to_owned), sim.token_value(&id));
    assert!(is(&sim.policies(&id)[0], "DNS Write"));
    assert!(provider.destroy(TOKEN, rolled).await.is_empty());
    assert!(sim.token(&id).is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_imported_by_its_id_with_and_without_its_owner_and_by_identity() {
    let (sim, provider) = start().await;
    let made = provider.apply(TOKEN, None, &json!({"name": "cli", "policies": dns("DNS Read")})).await;
    let id = made.text("id").unwrap();
    for text in [format!("user/{id}"), id.to_owned()] {
        let imported = provider.import(TOKEN, &text).await.unwrap().unwrap();
        assert_eq!(imported.text("name"), Some("cli"), "{text}");
    }
    let identity = Raw::Map([("id".to_owned(), Raw::string(id))].into());
    let imported = provider.resource(TOKEN).import(ResourceId::Identity(identity.clone())).await;
    assert_eq!(imported.state.unwrap().get("id").as_str(), Some(id));
    assert_eq!(imported.identity, Some(identity));
    let wrong = errors(provider.import(TOKEN, &format!("{}/{id}", sim.account_id())).await);
    assert!(wrong.contains("user/<token_id>"), "{wrong}");
}

#[tokio::test(flavor = "multi_thread")]
async fn bindings_add_to_a_users_token_and_take_away_what_they_added() {
    let (sim, provider) = start().await;
    let token = provider.apply(TOKEN, None, &json!({"name": "cli"})).await;
    let id = token.text("id").unwrap().to_owned();
    let config = |group: &str| json!({"token_id": id, "policies": dns(group)});
    let one = provider.apply(BINDING, None, &config("DNS Read")).await;
    // The second provider stands for another state.
    let other = Provider::configured(&sim, json!({"api_token": sim.user_root_token()})).await;
    let two = other.apply(BINDING, None, &config("Cache Purge")).await;
    assert_eq!(sim.policies(&id).len(), 2);
    let print = plain(one.state.get("fingerprints"))[0].as_str().unwrap().to_owned();
    let imported = provider.import(BINDING, &format!("user/{id}/{print}")).await.unwrap().unwrap();
    assert_eq!(plain(imported.state.get("policies")), plain(one.state.get("policies")));
    assert!(provider.destroy(BINDING, one).await.is_empty());
    assert!(is(&sim.policies(&id)[0], "Cache Purge"));
    assert!(other.destroy(BINDING, two).await.is_empty());
    let data = other.data(TOKEN, &json!({"id": id})).await.unwrap();
    assert_eq!(plain(data.state.get("policies")), json!([]), "nothing but the policy that stands for none");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_accounts_credential_is_refused_at_plan_and_the_error_says_what_is_needed() {
    let (sim, _) = start().await;
    let provider = Provider::start(&sim).await;
    for (ty, config) in [
        (TOKEN, json!({"policies": dns("DNS Read")})),
        (BINDING, json!({"token_id": "0".repeat(32), "policies": dns("DNS Read")})),
    ] {
        let plan = provider.plan(ty, None, &config).await;
        let found = told(&plan.diagnostics, Severity::Error);
        assert!(found.contains("A user's credential is needed") && found.contains("cfut_"), "{ty}: {found}");
    }
    let found = errors(provider.data("cloudflare_user_api_tokens", &json!({})).await);
    assert!(found.contains("A user's credential is needed"), "{found}");
    assert_eq!(sim.count("GET", "/user/tokens"), 0, "nothing was asked");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_without_a_target_is_refused_since_there_is_no_account() {
    let (_sim, provider) = start().await;
    let config = json!({"policies": [{"permission_groups": ["Workers Scripts Read"]}]});
    let plan = provider.plan(TOKEN, None, &config).await;
    let found = told(&plan.diagnostics, Severity::Error);
    assert!(found.starts_with("policies: "), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_users_tokens_are_read_with_one_request_and_listed() {
    let (sim, provider) = start().await;
    let mut made = Vec::new();
    for n in 0..10 {
        made.push(provider.apply(TOKEN, None, &json!({"name": format!("cli-{n}")})).await);
    }
    let provider = Provider::configured(&sim, json!({"api_token": sim.user_root_token()})).await;
    sim.reset_requests();
    let reads = made.iter().map(|object| provider.read(TOKEN, object));
    assert!(futures_util::future::join_all(reads).await.iter().all(Option::is_some));
    assert_eq!(sim.requests().len(), 1, "one page");
    let config = json!({"name_prefix": "cli-"});
    let listed = provider.data("cloudflare_user_api_tokens", &config).await.unwrap();
    assert_eq!(plain(listed.state.get("tokens")).as_array().unwrap().len(), 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn guardrails_hold_for_a_users_token_and_its_quota_is_told() {
    let (sim, _) = start().await;
    let block = json!({"api_token": sim.user_root_token(), "guardrails": {"forbidden_permission_groups": ["DNS Write"]}});
    let provider = Provider::configured(&sim, block).await;
    let plan = provider.plan(TOKEN, None, &json!({"policies": dns("DNS Write")})).await;
    let found = told(&plan.diagnostics, Severity::Error);
    assert!(found.contains("does not allow a policy to grant \"DNS Write\""), "{found}");
    let mut made = 0;
    while made < 48 {
        made += 1;
        sim.mint_user_token(&json!({"name": "filler", "policies": []}));
    }
    provider.apply(TOKEN, None, &json!({"name": "the last one"})).await;
    let full = errors(provider.try_apply(TOKEN, None, &json!({"name": "one too many"})).await);
    assert!(full.contains("Could not create the API token"), "{full}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_own_token_is_neither_deleted_nor_stripped_of_its_right() {
    let (sim, first) = start().await;
    let user = format!("com.cloudflare.api.user.{}", sim.user_id());
    let policies = json!([
        {"permission_groups": ["API Tokens Write"], "resources": {user: "*"}},
        {"permission_groups": ["DNS Read"], "zones": ["*"]},
    ]);
    let made = first.apply(TOKEN, None, &json!({"name": "admin", "policies": policies})).await;
    let provider = Provider::configured(&sim, json!({"api_token": made.text("value")})).await;
    let found = told(&provider.destroy(TOKEN, made.clone()).await, Severity::Error);
    assert!(found.contains("authenticates with"), "{found}");
    let fewer = json!({"name": "admin", "policies": dns("DNS Read")});
    let plan = provider.plan(TOKEN, Some(&made), &fewer).await;
    let found = told(&plan.diagnostics, Severity::Error);
    assert!(found.contains("right to manage tokens"), "{found}");
    assert!(found.contains("My Profile > API Tokens"), "{found}");
}
