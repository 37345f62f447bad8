//! The token endpoints: what an update keeps and clears, lists, and limits.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::Client;
use crate::simulator::{Options, quota::Quota};

#[tokio::test]
async fn an_update_keeps_what_it_leaves_out_and_clears_what_is_null() {
    let api = Client::start().await;
    let policies = json!([api.policy(&["Workers Scripts Read"])]);
    let (id, value) = api.sim.mint(&json!({
        "name": "t",
        "policies": policies,
        "expires_on": "2999-01-01T00:00:00Z",
        "condition": {"request.ip": {"in": ["127.0.0.1"]}},
    }));
    let path = format!("TOKENS/{id}");
    let kept = api.root("PUT", &path, Some(&json!({"name": "t", "policies": policies}))).await;
    assert_eq!(kept.result()["expires_on"], "2999-01-01T00:00:00Z");
    assert_eq!(kept.result()["condition"], json!({"request_ip": {"in": ["127.0.0.1"]}}));
    let nulls = json!({"name": "t", "policies": policies, "expires_on": null, "condition": null});
    let cleared = api.root("PUT", &path, Some(&nulls)).await;
    assert_eq!((cleared.result().get("expires_on"), cleared.result().get("condition")), (None, None));
    assert_eq!(api.sim.token_value(&id), Some(value), "an update leaves the value");
}

#[tokio::test]
async fn a_condition_set_to_null_survives_where_the_reading_says_so() {
    let api = Client::reading(|readings| readings.condition_null_clears = false).await;
    let policies = json!([api.policy(&["Workers Scripts Read"])]);
    let condition = json!({"request_ip": {"in": ["127.0.0.1"]}});
    let (id, _) = api.sim.mint(&json!({"name": "t", "policies": policies, "condition": condition}));
    let body = json!({"name": "t", "policies": policies, "condition": null});
    assert_eq!(api.root("PUT", &format!("TOKENS/{id}"), Some(&body)).await.result()["condition"], condition);
}

#[tokio::test]
async fn wrong_bodies_are_refused_with_the_apis_codes() {
    let api = Client::start().await;
    let (id, _) = api.mint(&["Workers Scripts Read"]);
    let good = json!({"name": "t", "policies": [api.policy(&["Workers Scripts Read"])]});
    let with = |key: &str, value: Value| {
        let mut body = good.clone();
        body[key] = value;
        body
    };
    let update = format!("TOKENS/{id}");
    for (method, path, body, code) in [
        ("POST", "TOKENS", with("name", json!("")), 400),
        ("POST", "TOKENS", with("name", json!("é".repeat(121))), 400),
        ("POST", "TOKENS", with("status", json!("expired")), 1001),
        ("POST", "TOKENS", with("policies", Value::Null), 1001),
        ("POST", "TOKENS", with("expires_on", json!("2030-01-01T00:00:00.5Z")), 1001),
        ("POST", "TOKENS", with("expires_on", json!("2030-01-01T00:00:00+01:00")), 1001),
        ("POST", "TOKENS", with("condition", json!({"request_ip": {"in": ["localhost"]}})), 1001),
        ("POST", "TOKENS", json!([]), 6007),
        ("PUT", &update, with("status", Value::Null), 1001),
        ("PUT", &update, with("status", json!("expired")), 1001),
    ] {
        assert_eq!(api.root(method, path, Some(&body)).await.code(), (400, code), "{method} {body}");
    }
    assert_eq!(
        api.root("POST", "TOKENS", Some(&with("name", json!("é".repeat(120))))).await.code(),
        (200, 0)
    );
    assert_eq!(api.root("POST", "TOKENS", Some(&good)).await.code(), (200, 0), "names are not unique");
    assert_eq!(api.root("POST", "TOKENS", None).await.code(), (400, 6003), "no content type");
}

#[tokio::test]
async fn a_list_is_paged_and_hides_what_has_expired_unless_asked() {
    let api = Client::start().await;
    let ids: Vec<String> = (0..7).map(|_| api.mint(&["Workers Scripts Read"]).0).collect();
    api.sim.expire(&ids[6]);
    let first = api.root("GET", "TOKENS?per_page=5", None).await;
    assert_eq!(first.body["result_info"], json!({"count": 5, "page": 1, "per_page": 5, "total_count": 7}));
    let second = api.root("GET", "TOKENS?per_page=5&page=2", None).await;
    assert_eq!(second.result().as_array().map(Vec::len), Some(2));
    assert_eq!(api.root("GET", "TOKENS?page=9", None).await.result(), &json!([]));
    let all = api.root("GET", "TOKENS?include_expired=true&direction=desc", None).await;
    assert_eq!((&all.result()[0]["id"], &all.result()[0]["status"]), (&json!(ids[6]), &json!("expired")));
    assert_eq!(api.root("GET", &format!("TOKENS/{}", ids[6]), None).await.result()["status"], "expired");
    for query in ["per_page=4", "per_page=51", "page=0", "page=x", "direction=up", "include_expire=true"] {
        assert_eq!(api.root("GET", &format!("TOKENS?{query}"), None).await.code(), (400, 1001), "{query}");
    }
}

#[tokio::test]
async fn an_account_owns_no_more_tokens_than_its_limit() {
    let api = Client::with(Options { account_token_limit: 2, ..Options::default() }).await;
    let body = json!({"name": "t", "policies": []});
    assert_eq!(api.root("POST", "TOKENS", Some(&body)).await.code(), (200, 0));
    assert_eq!(api.root("POST", "TOKENS", Some(&body)).await.code(), (400, 1001));
}

#[tokio::test]
async fn the_filters_of_permission_groups_are_decoded_once() {
    let api = Client::start().await;
    let find = async |query: &str| {
        let seen = api.root("GET", &format!("TOKENS/permission_groups?{query}"), None).await;
        let pages = query.contains("name").then(|| json!(seen.result().as_array().map(Vec::len)));
        assert_eq!(seen.body["result_info"]["total_count"], pages.unwrap_or_default(), "{query}");
        seen.result().as_array().map(Vec::len)
    };
    assert_eq!(find("name=Logs%20Write").await, Some(2), "one for accounts and one for zones");
    assert_eq!(find("name=Logs+Write&scope=com.cloudflare.api.account.zone").await, Some(1));
    assert_eq!(find("name=Logs%2520Write").await, Some(0));
    assert!(find("per_page=5").await > Some(200));
}

#[tokio::test]
async fn a_second_delete_and_a_foreign_token_are_not_found() {
    let api = Client::start().await;
    let (id, _) = api.mint(&["Workers Scripts Read"]);
    let (foreign, _) = api.sim.mint_user_token(&json!({"name": "u", "policies": []}));
    let path = format!("TOKENS/{id}");
    assert_eq!(api.root("DELETE", &path, None).await.result(), &json!({"id": id}));
    for (method, path) in [("DELETE", &path), ("GET", &path), ("GET", &format!("TOKENS/{foreign}"))] {
        assert_eq!(api.root(method, path, None).await.code(), (404, 1003), "{method} {path}");
    }
}

#[tokio::test]
async fn callers_past_their_quota_are_refused_and_told_how_long_to_wait() {
    let quota = Some((3, Duration::from_secs(300)));
    let api = Client::with(Options { quota, ..Options::default() }).await;
    let (_, other) = api.mint(&["Account API Tokens Read"]);
    let first = api.root("GET", "TOKENS", None).await;
    assert_eq!(first.headers["ratelimit"], "\"default\";r=2;t=300");
    assert_eq!(first.headers["ratelimit-policy"], "\"default\";q=3;w=300");
    api.root("GET", "TOKENS", None).await;
    api.root("GET", "TOKENS", None).await;
    let refused = api.root("GET", "TOKENS", None).await;
    assert_eq!(refused.code(), (429, 971));
    let wait = refused.headers["retry-after"].to_str().ok().and_then(|wait| wait.parse::<u64>().ok());
    assert!(wait.is_some_and(|wait| (200..=300).contains(&wait)), "{wait:?}");
    assert_eq!(api.send(&other, "GET", "TOKENS", None).await.code(), (200, 0), "a quota is a caller's own");
}

#[test]
fn a_quota_is_whole_again_when_its_window_has_passed() {
    let mut quota = Quota::new(Some((1, Duration::from_secs(4))));
    let opened = Instant::now();
    let at = |millis| opened + Duration::from_millis(millis);
    let taken: Vec<bool> = [0, 1, 3999, 4000, 4001, 8000]
        .into_iter()
        .map(|millis| quota.spend("a", at(millis)).is_ok())
        .collect();
    assert_eq!(taken, [true, false, false, true, false, true]);
}
