//! The data sources against the simulator.

use std::time::Duration;

use cloudflare_tokens::tf_provider::framework::{Raw, Severity};
use serde_json::{Value, json};

use crate::simulator::{Fault, FaultKind, Options, Simulator};
use crate::support::provider::{Provider, errors, plain, told};

const TOKEN: &str = "cloudflare_account_api_token";
const TOKENS: &str = "cloudflare_account_api_tokens";
const GROUPS: &str = "cloudflare_api_token_permission_groups";

async fn start() -> (Simulator, Provider) {
    let sim = Simulator::start(Options::default()).await;
    let provider = Provider::start(&sim).await;
    (sim, provider)
}

/// A token with a policy for the account and one for a zone.
fn mint(sim: &Simulator, name: &str) -> String {
    let (account, zone) = (sim.account_id(), sim.zone_ids().remove(0));
    let (id, _) = sim.mint(&json!({"name": name, "policies": []}));
    sim.add_policy(
        &id,
        &["Account Settings Read"],
        json!({format!("com.cloudflare.api.account.{account}"): "*"}),
    );
    sim.add_policy(&id, &["DNS Write"], json!({format!("com.cloudflare.api.account.zone.{zone}"): "*"}));
    id
}

fn column(list: &Raw, attribute: &str) -> Vec<Value> {
    let Raw::List(elements) = list else { panic!("no list") };
    elements.iter().map(|element| plain(element.get(attribute))).collect()
}

#[tokio::test]
async fn a_token_is_found_by_id_or_by_name_with_its_policies_and_last_use() {
    let (sim, provider) = start().await;
    let id = mint(&sim, "ci");
    sim.set_last_used(&id, Some(sim.now()));
    let by_id = provider.data(TOKEN, &json!({"id": id})).await.unwrap();
    let by_name = provider.data(TOKEN, &json!({"name": "ci"})).await.unwrap();
    assert_eq!(by_id.state, by_name.state);
    assert_eq!(by_id.text("account_id"), Some(sim.account_id().as_str()));
    assert_eq!(by_id.text("status"), Some("active"));
    assert!(by_id.text("last_used_on").is_some() && by_id.text("issued_on").is_some());
    let policies = plain(by_id.state.get("policies"));
    let groups: Vec<_> = policies.as_array().unwrap().iter().map(|p| &p["permission_groups"]).collect();
    assert!(groups.contains(&&json!(["DNS Write"])) && groups.contains(&&json!(["Account Settings Read"])));
    let dns = policies.as_array().unwrap().iter().find(|p| p["zones"] != Value::Null).unwrap();
    assert_eq!(dns["zones"], json!([sim.zone_ids()[0]]));
    assert_eq!((&dns["effect"], &dns["resources"]), (&json!("allow"), &Value::Null));
}

#[tokio::test]
async fn a_fingerprint_is_what_the_import_of_a_binding_takes() {
    let (sim, provider) = start().await;
    let id = mint(&sim, "ci");
    let data = provider.data(TOKEN, &json!({"id": id})).await.unwrap();
    let policies = plain(data.state.get("policies"));
    let dns = policies.as_array().unwrap().iter().find(|p| p["zones"] != Value::Null).unwrap();
    let import = format!("{}/{id}/{}", sim.account_id(), dns["fingerprint"].as_str().unwrap());
    let binding = provider.import("cloudflare_token_binding", &import).await.unwrap().unwrap();
    let taken = plain(binding.state.get("policies"));
    assert_eq!(taken[0]["permission_groups"], json!(["DNS Write"]));
}

#[tokio::test]
async fn the_policy_that_stands_for_none_is_not_shown() {
    let (_sim, provider) = start().await;
    let made = provider.apply(TOKEN, None, &json!({"name": "empty"})).await;
    let data = provider.data(TOKEN, &json!({"id": made.text("id")})).await.unwrap();
    assert_eq!(plain(data.state.get("policies")), json!([]));
}

#[tokio::test]
async fn a_condition_and_times_are_shown() {
    let (_sim, provider) = start().await;
    let config = json!({
        "name": "ci", "expires_on": "2099-01-31T00:00:00Z",
        "condition": {"request_ip": {"in": ["192.0.2.0/24"]}},
    });
    provider.apply(TOKEN, None, &config).await;
    let data = provider.data(TOKEN, &json!({"name": "ci"})).await.unwrap();
    assert_eq!(data.text("expires_on"), Some("2099-01-31T00:00:00Z"));
    let condition = plain(data.state.get("condition"));
    assert_eq!(condition, json!({"request_ip": {"in": ["192.0.2.0/24"], "not_in": null}}));
    assert_eq!(data.text("last_used_on"), None);
}

#[tokio::test]
async fn a_name_of_several_tokens_or_of_none_is_an_error_that_helps() {
    let (sim, provider) = start().await;
    let ids = [mint(&sim, "ci"), mint(&sim, "ci")];
    let told = errors(provider.data(TOKEN, &json!({"name": "ci"})).await);
    assert!(told.starts_with("name: 2 API tokens") && ids.iter().all(|id| told.contains(id)), "{told}");
    let none = errors(provider.data(TOKEN, &json!({"name": "CI"})).await);
    assert!(none.contains("There is no API token \"CI\""), "{none}");
    let gone = errors(provider.data(TOKEN, &json!({"id": "0".repeat(32)})).await);
    assert!(gone.starts_with("id: There is no API token"), "{gone}");
    assert!(errors(provider.data(TOKEN, &json!({})).await).contains("Set `id` or `name`"));
    let both = json!({"name": "ci", "id": ids[0]});
    assert!(errors(provider.data(TOKEN, &both).await).contains("conflicts with"));
}

#[tokio::test]
async fn tokens_are_listed_oldest_first_and_filtered() {
    let (sim, provider) = start().await;
    let mut ids = Vec::new();
    for name in ["ci-a", "ci-b", "web"] {
        // The tokens are a minute apart, and the first is a minute after the root token.
        sim.advance(Duration::from_secs(60));
        ids.push(mint(&sim, name));
    }
    sim.expire(&ids[1]);
    let listed = |config: Value| {
        let provider = &provider;
        async move {
            let data = provider.data(TOKENS, &config).await.unwrap();
            assert_eq!(told(&data.warnings, Severity::Warning), "");
            column(data.state.get("tokens"), "name")
        }
    };
    assert_eq!(listed(json!({})).await, ["root", "ci-a", "ci-b", "web"]);
    assert_eq!(listed(json!({"name_prefix": "ci-"})).await, ["ci-a", "ci-b"]);
    assert_eq!(listed(json!({"name_prefix": "ci-", "status": "expired"})).await, ["ci-b"]);
    assert_eq!(listed(json!({"name": "web"})).await, ["web"]);
    assert!(listed(json!({"name": "we"})).await.is_empty());
}

#[tokio::test]
async fn tokens_of_several_pages_are_all_listed() {
    let (sim, provider) = start().await;
    for n in 0..60 {
        sim.mint(&json!({"name": format!("bulk-{n:02}"), "policies": []}));
    }
    let data = provider.data(TOKENS, &json!({"name_prefix": "bulk-"})).await.unwrap();
    let mut names = column(data.state.get("tokens"), "name");
    names.sort_by_key(ToString::to_string);
    let expected: Vec<_> = (0..60).map(|n| json!(format!("bulk-{n:02}"))).collect();
    assert_eq!(names, expected);
}

#[tokio::test]
async fn permission_groups_are_found_by_name_and_scope_with_ids_for_each_scope() {
    let (sim, provider) = start().await;
    let ids = [
        sim.group_id("Logs Write", "com.cloudflare.api.account"),
        sim.group_id("Logs Write", "com.cloudflare.api.account.zone"),
    ];
    let both = provider.data(GROUPS, &json!({"name": "Logs Write"})).await.unwrap();
    let found = plain(both.state.get("ids"));
    assert_eq!(found["account"]["Logs Write"], json!(ids[0]));
    assert_eq!(found["zone"]["Logs Write"], json!(ids[1]));
    assert_eq!(column(both.state.get("permission_groups"), "id").len(), 2);
    let zone = provider.data(GROUPS, &json!({"name": "Logs Write", "scope": "zone"})).await.unwrap();
    assert_eq!(column(zone.state.get("permission_groups"), "id"), [json!(ids[1])]);
    let scopes = column(zone.state.get("permission_groups"), "scopes");
    assert_eq!(scopes, [json!(["com.cloudflare.api.account.zone"])]);
    let all = provider.data(GROUPS, &json!({})).await.unwrap();
    assert!(plain(all.state.get("ids"))["r2_bucket"]["Workers R2 Storage Bucket Item Read"].is_string());
    assert_eq!(sim.count("GET", "/accounts/*/tokens/permission_groups"), 1, "asked once");
    let wrong = errors(provider.data(GROUPS, &json!({"scope": "zones"})).await);
    assert!(wrong.starts_with("scope: No permission group applies to \"zones\""), "{wrong}");
}

#[tokio::test]
async fn groups_of_user_tokens_need_a_credential_of_a_user() {
    let (sim, provider) = start().await;
    let refused = errors(provider.data(GROUPS, &json!({"scope": "user"})).await);
    assert!(refused.contains("A user's credential is needed"), "{refused}");
    let as_user = Provider::configured(&sim, json!({"api_token": sim.user_root_token()})).await;
    let found = as_user.data(GROUPS, &json!({"scope": "user"})).await.unwrap();
    assert!(plain(found.state.get("ids"))["user"]["API Tokens Write"].is_string());
}

#[tokio::test]
async fn a_name_is_looked_for_with_one_request_and_compared_as_a_whole() {
    for exact in [false, true] {
        let mut options = Options::default();
        options.readings.list_name_exact = exact;
        let sim = Simulator::start(options).await;
        let provider = Provider::start(&sim).await;
        for number in 0..120 {
            mint(&sim, &format!("ci-{number}"));
        }
        let id = mint(&sim, "ci");
        sim.reset_requests();
        // The API may match a part of the name. Then it returns 121 tokens on three pages.
        let found = provider.data(TOKEN, &json!({"name": "ci"})).await.unwrap();
        assert_eq!(found.text("id"), Some(id.as_str()));
        let pages = sim.count("GET", &format!("/accounts/{}/tokens", sim.account_id()));
        assert_eq!(pages, if exact { 1 } else { 3 });
        sim.reset_requests();
        provider.data(TOKEN, &json!({"name": "ci-119"})).await.unwrap();
        assert_eq!(sim.count("GET", &format!("/accounts/{}/tokens", sim.account_id())), 1);
    }
}

#[tokio::test]
async fn a_token_that_cannot_be_read_is_not_called_missing_without_a_word() {
    let (sim, provider) = start().await;
    mint(&sim, "ours");
    sim.fault(Fault::new(FaultKind::null("/result/0/policies")).path("/accounts/*/tokens").always());
    let said = errors(provider.data(TOKEN, &json!({"name": "ours"})).await);
    assert!(said.starts_with("name: ") && said.contains("does not know"), "{said}");
    sim.clear_faults();
    let said = errors(Provider::start(&sim).await.data(TOKEN, &json!({"name": "theirs"})).await);
    assert!(!said.contains("does not know"), "{said}");
}
