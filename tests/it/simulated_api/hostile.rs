//! Hostile behaviour of the API: reads that lag, effects that are late or missing, and incomplete answers.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::Client;
use crate::simulator::{Effect, Fault, FaultKind, Options, Sticky};

const ONE: &str = "/accounts/*/tokens/*";

fn body(api: &Client, groups: &[&str]) -> Value {
    json!({"name": "t", "policies": groups.iter().map(|group| api.policy(&[group])).collect::<Vec<_>>()})
}

/// The groups of a token, by its policies.
fn groups(api: &Client, id: &str) -> Vec<String> {
    let mut groups: Vec<String> = api.sim.policies(id).into_iter().flat_map(|policy| policy.groups).collect();
    groups.sort();
    groups
}

/// The number of policies in an answer.
fn shown(token: &Value) -> usize {
    token["policies"].as_array().map_or(0, Vec::len)
}

async fn listed(api: &Client, id: &str) -> Option<Value> {
    let list = api.root("GET", "TOKENS", None).await;
    list.result().as_array().and_then(|all| all.iter().find(|token| token["id"] == id).cloned())
}

#[tokio::test]
async fn the_next_reads_lag_by_one_write_alone_and_in_lists() {
    let api = Client::start().await;
    let (id, _) = api.mint(&["D1 Read"]);
    let path = format!("TOKENS/{id}");
    api.root("PUT", &path, Some(&body(&api, &["D1 Read", "Workers Scripts Read"]))).await.result();
    api.sim.fault(Fault::new(FaultKind::Stale).method("GET").times(2));
    assert_eq!(shown(api.root("GET", &path, None).await.result()), 1);
    assert_eq!(listed(&api, &id).await.map(|token| shown(&token)), Some(1));
    assert_eq!(shown(api.root("GET", &path, None).await.result()), 2);

    // A new token is not visible yet, and a deleted token is still visible.
    let made = api.root("POST", "TOKENS", Some(&body(&api, &["D1 Read"]))).await;
    let new = made.result()["id"].as_str().unwrap().to_owned();
    api.root("DELETE", &path, None).await.result();
    api.sim.fault(Fault::new(FaultKind::Stale).method("GET").times(4));
    assert_eq!(api.root("GET", &format!("TOKENS/{new}"), None).await.code(), (404, 1003));
    assert_eq!(listed(&api, &new).await, None);
    assert_eq!(shown(api.root("GET", &path, None).await.result()), 2);
    assert!(listed(&api, &id).await.is_some());
    assert_eq!(api.root("GET", &path, None).await.code(), (404, 1003));
    assert!(listed(&api, &new).await.is_some());
}

#[tokio::test]
async fn reads_lag_behind_the_writes_for_the_time_that_is_set() {
    let lag = Duration::from_millis(400);
    let api = Client::with(Options { read_lag: lag, ..Options::default() }).await;
    let (id, _) = api.mint(&["D1 Read"]);
    let path = format!("TOKENS/{id}");
    assert_eq!(shown(api.root("GET", &path, None).await.result()), 1, "what was there before does not lag");
    let written = Instant::now();
    for groups in [&["D1 Read", "D1 Write"][..], &["D1 Read", "D1 Write", "Workers Scripts Read"]] {
        let answer = api.root("PUT", &path, Some(&body(&api, groups))).await;
        assert_eq!(shown(answer.result()), groups.len(), "an answer to a write does not lag");
    }
    assert_eq!(shown(api.root("GET", &path, None).await.result()), 1);
    let made = api.root("POST", "TOKENS", Some(&body(&api, &["D1 Read"]))).await;
    let new = format!("TOKENS/{}", made.result()["id"].as_str().unwrap());
    assert_eq!(api.root("GET", &new, None).await.code(), (404, 1003));
    assert!(written.elapsed() < lag, "too slow a machine for this test");
    tokio::time::sleep(lag).await;
    assert_eq!(shown(api.root("GET", &path, None).await.result()), 3);
    assert_eq!(shown(api.root("GET", &new, None).await.result()), 1);
    api.sim.set_read_lag(Duration::from_secs(60));
    assert_eq!(api.root("GET", &new, None).await.code(), (404, 1003));
}

#[tokio::test]
async fn a_token_that_is_there_is_not_found_for_some_reads() {
    let api = Client::start().await;
    let (id, _) = api.mint(&["D1 Read"]);
    let path = format!("TOKENS/{id}");
    api.sim.fault(Fault::new(FaultKind::not_found()).method("GET").path(ONE).times(2));
    for code in [(404, 1003), (404, 1003), (200, 0)] {
        assert_eq!(api.root("GET", &path, None).await.code(), code);
    }
}

#[tokio::test]
async fn a_sticky_policy_stays_and_the_answer_shows_it_or_lies() {
    for (lies, group, stays, answered) in [
        (false, None, 2, 3),
        (true, None, 2, 1),
        (false, Some("D1 Read"), 1, 2),
        (true, Some("D1 Read"), 1, 1),
    ] {
        let api = Client::start().await;
        let (id, _) = api.sim.mint(&body(&api, &["D1 Read", "D1 Write"]));
        let path = format!("TOKENS/{id}");
        let sticky = Sticky { group: group.map(str::to_owned), lies };
        api.sim.fault(Fault::new(FaultKind::Sticky(sticky)).method("PUT"));
        let answer = api.root("PUT", &path, Some(&body(&api, &["Workers Scripts Read"]))).await;
        assert_eq!(shown(answer.result()), answered, "{lies} {group:?}");
        assert_eq!(shown(api.root("GET", &path, None).await.result()), stays + 1);
        assert!(groups(&api, &id).contains(&"D1 Read".to_owned()));
        api.root("PUT", &path, Some(&body(&api, &["Workers Scripts Read"]))).await.result();
        assert_eq!(groups(&api, &id), ["Workers Scripts Read"]);
    }
}

#[tokio::test]
async fn an_effect_comes_late_also_after_a_later_request_was_refused() {
    let late = Effect::Later(Duration::from_millis(300));
    for kind in [
        FaultKind::Reset(late),
        FaultKind::Html(502, late),
        FaultKind::Api(500, 10000, "Internal server error", late),
        FaultKind::Hang(late),
    ] {
        let api = Client::start().await;
        let (id, _) = api.mint(&["D1 Read"]);
        let (root, path) = (api.sim.root_token(), format!("TOKENS/{id}"));
        api.sim.fault(Fault::new(kind.clone()).method("PUT"));
        api.sim.fault(
            Fault::new(FaultKind::Api(403, 10000, "Authentication error", Effect::None)).method("PUT"),
        );
        let sent = body(&api, &["D1 Write"]);
        let put = api.try_send(&root, "PUT", &path, Some(&sent));
        let answered = tokio::time::timeout(Duration::from_millis(150), put).await;
        assert!(answered.is_err() || answered.is_ok_and(|seen| seen.is_err() || seen.unwrap().status >= 500));
        assert_eq!(api.root("PUT", &path, Some(&body(&api, &["D1 Read"]))).await.code(), (403, 10000));
        assert_eq!(groups(&api, &id), ["D1 Read"], "{kind:?}");
        assert!(api.sim.faults_pending(), "an effect is still to come");
        tokio::time::sleep(Duration::from_millis(350)).await;
        assert_eq!(groups(&api, &id), ["D1 Write"], "{kind:?}");
        assert!(!api.sim.faults_pending());
    }
}

#[tokio::test]
async fn a_write_is_applied_and_refused_all_the_same() {
    for (status, code) in [(403, 10000), (400, 1001), (500, 10000)] {
        let api = Client::start().await;
        let (id, _) = api.mint(&["D1 Read"]);
        let path = format!("TOKENS/{id}");
        let refused = FaultKind::Api(status, code, "No", Effect::Done);
        api.sim.fault(Fault::new(refused).method("PUT").skip(1));
        api.root("PUT", &path, Some(&body(&api, &["D1 Write"]))).await.result();
        let answer = api.root("PUT", &path, Some(&body(&api, &["Workers Scripts Read"]))).await;
        assert_eq!(answer.code(), (status, u64::from(code)));
        assert_eq!(groups(&api, &id), ["Workers Scripts Read"]);
    }
}

#[tokio::test]
async fn an_answer_lacks_a_field_or_has_null_there_in_one_token_and_in_a_list() {
    let api = Client::start().await;
    let (id, _) = api.mint(&["D1 Read"]);
    let (other, _) = api.mint(&["D1 Read"]);
    let path = format!("TOKENS/{id}");
    api.sim.fault(Fault::new(FaultKind::without("/result/policies")).method("GET").path(ONE));
    assert_eq!(api.root("GET", &path, None).await.result().get("policies"), None);
    api.sim.fault(Fault::new(FaultKind::null("/result/policies")).method("PUT"));
    let answer = api.root("PUT", &path, Some(&body(&api, &["D1 Write"]))).await;
    assert_eq!(answer.result().get("policies"), Some(&Value::Null));
    assert_eq!(groups(&api, &id), ["D1 Write"], "only the answer is changed");
    api.sim.fault(Fault::new(FaultKind::null("/result/policies/0/effect")).method("GET").path(ONE));
    assert_eq!(api.root("GET", &path, None).await.result()["policies"][0]["effect"], Value::Null);

    api.sim.fault(Fault::new(FaultKind::null(&format!("/result/{id}/policies/*/effect"))).method("GET"));
    api.sim.fault(Fault::new(FaultKind::Edited("/result_info/total_count".to_owned(), Some(json!(7)))));
    let damaged = listed(&api, &id).await.expect("it is listed");
    assert_eq!(damaged["policies"][0]["effect"], Value::Null);
    let list = api.root("GET", "TOKENS", None).await;
    assert_eq!(list.body["result_info"]["total_count"], 7);
    assert_eq!(listed(&api, &other).await.expect("it is listed")["policies"][0]["effect"], "allow");
}

#[tokio::test]
async fn a_request_has_its_effect_though_its_client_goes_away() {
    let api = Client::start().await;
    let root = api.sim.root_token();
    api.sim.fault(Fault::new(FaultKind::LatencyBefore(Duration::from_millis(200))).method("POST"));
    let sent = body(&api, &["D1 Read"]);
    let post = api.send(&root, "POST", "TOKENS", Some(&sent));
    assert!(tokio::time::timeout(Duration::from_millis(100), post).await.is_err());
    assert!(api.sim.tokens().is_empty());
    tokio::time::sleep(Duration::from_millis(250)).await;
    assert_eq!(api.sim.tokens().len(), 1);
}

#[tokio::test]
async fn the_admin_surface_arms_every_kind_and_sets_the_waits() {
    let api = Client::with(Options { admin: true, ..Options::default() }).await;
    let (id, _) = api.mint(&["D1 Read"]);
    let path = format!("TOKENS/{id}");
    let host = api.sim.base_url().replace("/client/v4", "/__sim/");
    let post = async |path: &str, body: Value| {
        let sent = api.http.post(format!("{host}{path}")).body(body.to_string()).send().await;
        sent.map(|response| response.status().as_u16()).expect("an answer")
    };
    for kind in [
        json!({"kind": "latency_before", "ms": 1}),
        json!({"kind": "latency_after", "ms": 1}),
        json!({"kind": "rate_limited", "retry_after": "2"}),
        json!({"kind": "api", "status": 404, "code": 1003, "effect": "done"}),
        json!({"kind": "json", "status": 403, "body": {"success": false}}),
        json!({"kind": "html", "effect": 50}),
        json!({"kind": "reset", "effect": "done"}),
        json!({"kind": "hang"}),
        json!({"kind": "truncated"}),
        json!({"kind": "wrong_types"}),
        json!({"kind": "stale"}),
        json!({"kind": "sticky", "group": "D1 Read", "lies": true}),
        json!({"kind": "edited", "at": "/result/policies", "to": null}),
    ] {
        let mut fault = kind.clone();
        fault["skip"] = json!(100);
        assert_eq!(post("faults", fault).await, 200, "{kind}");
    }
    for wrong in [
        json!({"kind": "latency_before"}),
        json!({"kind": "api", "status": -1}),
        json!({"kind": "reset", "effect": "perhaps"}),
        json!({"kind": "edited"}),
    ] {
        assert_eq!(post("faults", wrong.clone()).await, 400, "{wrong}");
    }
    post("faults", json!({"kind": "api", "status": 404, "code": 1003, "method": "GET"})).await;
    assert_eq!(api.root("GET", &path, None).await.code(), (404, 1003));
    post("faults", json!({"kind": "edited", "at": "/result/policies", "method": "GET"})).await;
    assert_eq!(api.root("GET", &path, None).await.result().get("policies"), None);
    post("faults", json!({"kind": "sticky", "method": "PUT"})).await;
    let put = api.root("PUT", &path, Some(&body(&api, &["D1 Write"]))).await;
    assert_eq!(shown(put.result()), 2);
    assert_eq!(post("waits", json!({"read_lag_ms": 60000})).await, 200);
    assert_eq!(shown(api.root("GET", &path, None).await.result()), 1);
}
