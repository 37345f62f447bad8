//! Authentication: headers, the state of a token, the caller's address, and routes.

use std::time::Duration;

use serde_json::json;

use super::Client;

#[tokio::test]
async fn a_value_is_dead_once_rolled_disabled_expired_revoked_or_deleted() {
    let api = Client::start().await;
    let dead = (403, 9109);
    let check = async |value: &str| api.send(value, "GET", "TOKENS", None).await.code();
    let fresh = || api.mint(&["Account API Tokens Read"]);

    let (id, old) = fresh();
    let rolled = api.root("PUT", &format!("TOKENS/{id}/value"), Some(&json!({}))).await;
    let new = rolled.result().as_str().unwrap_or_default();
    assert_eq!((check(&old).await, check(new).await), (dead, (200, 0)));
    assert_eq!(api.send(&old, "GET", "TOKENS/verify", None).await.code(), (401, 1000));
    api.sim.set_status(&id, "disabled");
    assert_eq!(check(new).await, dead);
    assert_eq!(api.send(new, "GET", "TOKENS/verify", None).await.result()["status"], "disabled");

    let (id, value) = fresh();
    api.sim.revoke_exposed(&id);
    assert_eq!(check(&value).await, dead);
    let (id, value) = fresh();
    api.sim.delete(&id);
    assert_eq!(check(&value).await, dead);
}

#[tokio::test]
async fn tokens_start_and_expire_by_the_simulated_clock() {
    let api = Client::start().await;
    let at = |hours: i64| crate::simulator::state::stamp(api.sim.now() + time::Duration::hours(hours));
    let (id, value) = api.sim.mint(&json!({
        "name": "t",
        "policies": [api.policy(&["Account API Tokens Read"])],
        "not_before": at(1),
        "expires_on": at(3),
    }));
    let path = format!("TOKENS/{id}");
    let mut codes = Vec::new();
    for _ in 0..3 {
        codes.push(api.send(&value, "GET", &path, None).await.code());
        api.sim.advance(Duration::from_secs(2 * 3600));
    }
    assert_eq!(codes, [(403, 9109), (200, 0), (403, 9109)]);
    assert_eq!(api.root("GET", &path, None).await.result()["status"], "expired");
}

#[tokio::test]
async fn a_condition_checks_not_in_before_in_and_an_empty_one_admits_nobody() {
    let api = Client::start().await;
    for (condition, expected) in [
        (json!({"request_ip": {"in": ["127.0.0.0/8"]}}), 200),
        (json!({"request_ip": {"in": ["127.0.0.0/8"], "not_in": ["127.0.0.1"]}}), 403),
        (json!({"request_ip": {"not_in": ["192.0.2.0/24"]}}), 200),
        (json!({"request_ip": {"in": ["2001:db8::/32"]}}), 403),
        (json!({"request_ip": {"in": []}}), 403),
        (json!({"request_ip": {}}), 403),
        (json!({}), 403),
    ] {
        let body = json!({"name": "t", "policies": [api.policy(&["Account API Tokens Read"])], "condition": condition});
        let (id, value) = api.sim.mint(&body);
        let seen = api.send(&value, "GET", &format!("TOKENS/{id}"), None).await;
        assert_eq!(seen.status, expected, "{condition}");
        if expected == 403 {
            assert_eq!(seen.message(), "Cannot use the access token from location: 127.0.0.1");
        }
        let empty = !condition.to_string().contains('/');
        let shown = api.root("GET", &format!("TOKENS/{id}"), None).await;
        assert_eq!(
            shown.result().get("condition").is_none(),
            empty,
            "an empty condition is hidden: {condition}"
        );
    }
    let condition = json!({"request_ip": {"in": ["2001:db8::/32"]}});
    let body =
        json!({"name": "t", "policies": [api.policy(&["Account API Tokens Read"])], "condition": condition});
    let (_, value) = api.sim.mint(&body);
    api.sim.set_client_ip("2001:db8::1".parse().ok());
    assert_eq!(api.send(&value, "GET", "TOKENS", None).await.code(), (200, 0));
}

#[tokio::test]
async fn wrong_credentials_are_refused_each_in_its_own_way() {
    let api = Client::start().await;
    let (email, key) = api.sim.global_key();
    let unknown_key = "0".repeat(40);
    let unknown = format!("Bearer {}", "a".repeat(40));
    let url = api.sim.base_url() + "/user/tokens";
    for (headers, expected) in [
        (vec![], (400, 9106)),
        (vec![("x-auth-email", email)], (400, 9106)),
        (vec![("authorization", "Bearer short")], (400, 6003)),
        (vec![("authorization", "Basic YTpi")], (400, 6003)),
        (vec![("authorization", unknown.as_str())], (401, 1000)),
        (vec![("x-auth-email", email), ("x-auth-key", "short")], (400, 6003)),
        (vec![("x-auth-email", email), ("x-auth-key", &unknown_key)], (400, 9103)),
        (vec![("x-auth-email", email), ("x-auth-key", key.as_str())], (200, 0)),
    ] {
        let mut request = api.http.get(&url);
        for (name, value) in &headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await.expect("an answer");
        let status = response.status().as_u16();
        let body: serde_json::Value =
            serde_json::from_str(&response.text().await.expect("a body")).expect("JSON");
        let code = body["errors"][0]["code"].as_u64().unwrap_or_default();
        assert_eq!((status, code), expected, "case of {} headers", headers.len());
    }
}

#[tokio::test]
async fn account_tokens_and_user_tokens_keep_to_their_own_endpoints() {
    let api = Client::start().await;
    let user = api.sim.user_root_token();
    assert_eq!(api.root("GET", "TOKENS/verify", None).await.code(), (200, 0));
    assert_eq!(api.root("GET", "/user/tokens/verify", None).await.code(), (401, 1000));
    let seen = api.root("GET", "/user/tokens", None).await;
    assert_eq!((seen.code(), seen.message()), ((403, 9109), "Valid user-level authentication not found"));
    assert_eq!(api.send(&user, "GET", "/user/tokens/verify", None).await.code(), (200, 0));
    assert_eq!(api.send(&user, "GET", "TOKENS/verify", None).await.code(), (401, 1000));
    assert_eq!(
        api.send(&user, "GET", "TOKENS", None).await.code(),
        (200, 0),
        "a user may manage its account"
    );
    let nowhere = format!("/accounts/{}/tokens", "0".repeat(32));
    assert_eq!(api.send(&user, "GET", &nowhere, None).await.code(), (401, 1001));
    let made = api.send(&user, "POST", "/user/tokens", Some(&json!({"name": "u", "policies": []}))).await;
    assert!(
        made.result()["value"].as_str().is_some_and(|value| value.starts_with("cfut_") && value.len() == 53)
    );
}

#[tokio::test]
async fn paths_that_lead_nowhere_have_cloudflares_codes() {
    let api = Client::start().await;
    let (id, _) = api.mint(&["Workers Scripts Read"]);
    for (method, path, expected) in [
        ("GET", "TOKENS/not-an-id".to_owned(), (404, 7003)),
        ("GET", "/accounts/x/tokens".to_owned(), (404, 7003)),
        ("PUT", "TOKENS/".to_owned(), (405, 7001)),
        ("PATCH", format!("TOKENS/{id}"), (405, 7001)),
        ("POST", format!("TOKENS/{id}/roll"), (404, 7000)),
        ("GET", format!("/accounts/{}/tokens", "0".repeat(32)), (403, 9109)),
        ("GET", "/no/such/thing".to_owned(), (404, 7000)),
        ("GET", format!("TOKENS/{}", "0".repeat(32)), (404, 1003)),
    ] {
        assert_eq!(api.root(method, &path, None).await.code(), expected, "{method} {path}");
    }
}

#[tokio::test]
async fn a_caller_without_the_right_lists_itself_where_the_reading_says_so() {
    let api = Client::reading(|readings| readings.list_self = true).await;
    let (id, value) = api.mint(&["Workers Scripts Read"]);
    let seen = api.send(&value, "GET", "TOKENS", None).await;
    assert_eq!((seen.result().as_array().map(Vec::len), &seen.result()[0]["id"]), (Some(1), &json!(id)));
}
