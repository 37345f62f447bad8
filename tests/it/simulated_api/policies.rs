//! Policies: which are refused, in what form the others are returned, and what they grant.

use serde_json::{Value, json};

use super::Client;
use crate::simulator::CreatorCap;

const ACCOUNT: &str = "com.cloudflare.api.account";
const ZONE: &str = "com.cloudflare.api.account.zone";

#[tokio::test]
async fn each_put_returns_policies_in_another_order_and_with_new_ids() {
    let api = Client::start().await;
    let mut first = api.policy(&["Workers Scripts Write", "Cloudflare Tunnel Read", "D1 Read"]);
    let second = api.policy(&["Workers Scripts Read"]);
    if let Some(groups) = first["permission_groups"].as_array_mut() {
        groups.sort_by_key(|group| std::cmp::Reverse(group["id"].to_string()));
    }
    let body = json!({"name": "t", "policies": [first, second]});
    let made = api.root("POST", "TOKENS", Some(&body)).await;
    let made = made.result();
    assert_eq!(made["policies"][0]["permission_groups"][0]["id"], second["permission_groups"][0]["id"]);
    let groups: Vec<&str> = made["policies"][1]["permission_groups"]
        .as_array()
        .map(|groups| groups.iter().filter_map(|group| group["id"].as_str()).collect())
        .unwrap_or_default();
    assert!(groups.len() == 3 && groups.is_sorted());

    let path = format!("TOKENS/{}", made["id"].as_str().unwrap_or_default());
    let put = api.root("PUT", &path, Some(&body)).await;
    assert_ne!(put.result()["policies"][0]["id"], made["policies"][0]["id"]);

    let mut named = body.clone();
    named["policies"][1]["id"] = put.result()["policies"][0]["id"].clone();
    let kept = api.root("PUT", &path, Some(&named)).await;
    assert_eq!(kept.result()["policies"][0]["id"], put.result()["policies"][0]["id"]);
}

#[tokio::test]
async fn what_the_api_refuses_in_a_policy_is_refused_with_its_words() {
    let api = Client::start().await;
    let account = format!("com.cloudflare.api.account.{}", api.sim.account_id());
    let other = format!("com.cloudflare.api.account.{}", api.sim.other_account_id());
    let zone = format!("{ZONE}.{}", api.sim.zone_ids()[0]);
    let other_zone = format!("{ZONE}.{}", api.sim.other_zone_id());
    let on_zone = |resources: Value| api.policy_on("allow", &["DNS Write"], ZONE, resources);
    let good = api.policy(&["Workers Scripts Write"]);
    let with = |key: &str, value: Value| {
        let mut policy = good.clone();
        policy[key] = value;
        policy
    };
    let on_a_zone =
        "Failed common permission check against resources. (Permission group: \"Workers Scripts Write\")";
    let failed = "Failed common permission check against resources. (Permission group: \"DNS Write\")";
    for (policy, code, message) in [
        (
            on_zone(json!({format!("{ZONE}.*"): "*"})),
            1001,
            "Must specify a zone for account owned tokens, or nest zone",
        ),
        (
            api.policy_on("allow", &["Workers Scripts Write"], ACCOUNT, json!({zone.clone(): "*"})),
            1001,
            on_a_zone,
        ),
        (on_zone(json!({other_zone: "*"})), 1001, failed),
        (on_zone(json!({other: {format!("{ZONE}.*"): "*"}})), 1001, failed),
        (on_zone(json!({format!("{account}.zone.*"): "*"})), 1001, "is not a supported resource type"),
        (on_zone(json!({})), 1001, "at least one resource"),
        (with("permission_groups", json!([{"id": "0".repeat(32)}])), 1001, "Permission group 0000"),
        (with("permission_groups", json!([{"name": "DNS Write"}])), 400, "id must be present"),
        (with("permission_groups", json!([])), 1001, "at least one permission group"),
        (with("effect", json!("Allow")), 1001, "effect"),
        (
            with("id", json!("0".repeat(32))),
            1001,
            "Reusing existing policies is not supported by token creation",
        ),
        (with("comment", json!("x")), 1001, "Unknown field comment"),
    ] {
        let seen = api.root("POST", "TOKENS", Some(&json!({"name": "t", "policies": [policy]}))).await;
        assert_eq!(seen.code(), (400, code), "{policy} {}", seen.message());
        assert!(seen.message().contains(message), "{} is not {message}", seen.message());
    }
    for resources in [json!({zone: "*"}), json!({account: {format!("{ZONE}.*"): "*"}})] {
        let seen =
            api.root("POST", "TOKENS", Some(&json!({"name": "t", "policies": [on_zone(resources)]}))).await;
        assert_eq!(seen.code(), (200, 0), "{}", seen.message());
    }
}

#[tokio::test]
async fn a_group_of_a_lower_scope_on_the_account_covers_all_that_the_account_has() {
    let api = Client::start().await;
    let all = json!({format!("{ACCOUNT}.{}", api.sim.account_id()): "*"});
    let body = json!({"name": "t", "policies": [api.policy_on("allow", &["DNS Write"], ZONE, all.clone())]});
    let made = api.root("POST", "TOKENS", Some(&body)).await;
    assert_eq!(made.result()["policies"][0]["resources"], all, "it comes back as it was sent");
    let value = made.result()["value"].as_str().unwrap();
    let record = json!({"type": "A", "name": "a", "content": "192.0.2.1"});
    for zone in api.sim.zone_ids() {
        let records = format!("/zones/{zone}/dns_records");
        assert_eq!(api.send(value, "POST", &records, Some(&record)).await.code(), (200, 0));
    }
    let others = format!("/zones/{}/dns_records", api.sim.other_zone_id());
    assert_eq!(api.send(value, "POST", &others, Some(&record)).await.code(), (403, 10000));

    let strict = Client::reading(|readings| readings.lower_scope_on_account = false).await;
    let all = json!({format!("{ACCOUNT}.{}", strict.sim.account_id()): "*"});
    let body = json!({"name": "t", "policies": [strict.policy_on("allow", &["DNS Write"], ZONE, all)]});
    assert_eq!(strict.root("POST", "TOKENS", Some(&body)).await.code(), (400, 1001));
}

#[tokio::test]
async fn an_id_of_the_member_roles_catalogue_is_no_permission_group() {
    let api = Client::start().await;
    let roles =
        api.root("GET", &format!("/accounts/{}/iam/permission_groups", api.sim.account_id()), None).await;
    let look_alike = roles.result()[0]["id"].clone();
    let mut policy = api.policy(&["Workers Scripts Write"]);
    policy["permission_groups"] = json!([{"id": look_alike}]);
    let body = json!({"name": "t", "policies": [policy]});
    assert_eq!(api.root("POST", "TOKENS", Some(&body)).await.code(), (400, 1001));

    let lax = Client::reading(|readings| readings.unknown_group_rejected = false).await;
    let mut policy = lax.policy(&["Workers Scripts Write"]);
    policy["permission_groups"] = json!([{"id": look_alike}]);
    let made = lax.root("POST", "TOKENS", Some(&json!({"name": "t", "policies": [policy]}))).await;
    assert_eq!(made.result()["policies"], json!([]));
}

#[tokio::test]
async fn a_token_may_do_what_it_was_granted_and_nothing_else() {
    let api = Client::start().await;
    let account = api.sim.account_id();
    let zones = api.sim.zone_ids();
    let scripts = format!("/accounts/{account}/workers/scripts/cron/secrets");
    let tunnels = format!("/accounts/{account}/cfd_tunnel");
    let secret = json!({"name": "S", "type": "secret_text", "text": "x"});
    let tunnel = json!({"name": "t"});

    let (_, writer) = api.mint(&["Workers Scripts Write"]);
    assert_eq!(api.send(&writer, "PUT", &scripts, Some(&secret)).await.code(), (200, 0));
    assert_eq!(api.send(&writer, "GET", &scripts, None).await.code(), (200, 0));
    assert_eq!(api.send(&writer, "POST", &tunnels, Some(&tunnel)).await.code(), (403, 10000));
    assert_eq!(api.send(&writer, "GET", "TOKENS", None).await.code(), (403, 9109));
    let (_, reader) = api.mint(&["Workers Scripts Read", "Cloudflare Tunnel Write"]);
    assert_eq!(api.send(&reader, "GET", &scripts, None).await.code(), (200, 0));
    assert_eq!(api.send(&reader, "PUT", &scripts, Some(&secret)).await.code(), (403, 10000));
    assert_eq!(api.send(&reader, "POST", &tunnels, Some(&tunnel)).await.code(), (200, 0));
    let others = format!("/accounts/{}/cfd_tunnel", api.sim.other_account_id());
    assert_eq!(api.send(&reader, "GET", &others, None).await.code(), (403, 10000));

    let dns = api.policy_on("allow", &["DNS Write"], ZONE, json!({format!("{ZONE}.{}", zones[0]): "*"}));
    let (_, dns) = api.sim.mint(&json!({"name": "dns", "policies": [dns]}));
    let record = json!({"type": "A", "name": "a", "content": "192.0.2.1"});
    let records = |zone: &str| format!("/zones/{zone}/dns_records");
    assert_eq!(api.send(&dns, "POST", &records(&zones[0]), Some(&record)).await.code(), (200, 0));
    assert_eq!(api.send(&dns, "POST", &records(&zones[1]), Some(&record)).await.code(), (403, 10000));
    assert_eq!(api.send(&dns, "GET", &format!("/zones/{}", zones[0]), None).await.code(), (403, 10000));
}

#[tokio::test]
async fn a_deny_beats_an_allow_but_only_for_what_it_names() {
    let api = Client::start().await;
    let mut deny = api.policy(&["Account API Tokens Write"]);
    deny["effect"] = json!("deny");
    let allow = api.policy(&["Account API Tokens Write"]);
    let (id, value) = api.sim.mint(&json!({"name": "t", "policies": [deny, allow]}));
    assert_eq!(api.send(&value, "GET", "TOKENS", None).await.code(), (200, 0));
    let path = format!("TOKENS/{id}");
    assert_eq!(api.send(&value, "DELETE", &path, None).await.code(), (403, 9109));
    api.sim.remove_policies(&id, |policy| policy.effect == "deny");
    assert_eq!(api.send(&value, "DELETE", &path, None).await.code(), (200, 0));
}

#[tokio::test]
async fn a_creator_grants_no_more_than_it_holds_unless_the_reading_says_so() {
    for (cap, expected) in [(CreatorCap::Full, (400, 1001)), (CreatorCap::SpecificZones, (200, 0))] {
        let api = Client::reading(|readings| readings.creator_cap = cap).await;
        let (_, creator) = api.mint(&["Account API Tokens Write", "Workers Scripts Read"]);
        let more = json!({"name": "t", "policies": [api.policy(&["Workers Scripts Write"])]});
        assert_eq!(api.send(&creator, "POST", "TOKENS", Some(&more)).await.code(), expected);
        let same = json!({"name": "t", "policies": [api.policy(&["Workers Scripts Read"])]});
        assert_eq!(api.send(&creator, "POST", "TOKENS", Some(&same)).await.code(), (200, 0));
    }
}
