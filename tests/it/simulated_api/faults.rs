//! Injected faults, and the request log.

use std::error::Error;
use std::io::ErrorKind;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::Client;
use crate::simulator::{Effect, Fault, FaultKind, Options};

/// The operating system's error below the client's errors.
fn io_kind(error: &(dyn Error + 'static)) -> Option<ErrorKind> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(error) = error.downcast_ref::<std::io::Error>()
            && error.raw_os_error().is_some()
        {
            return Some(error.kind());
        }
        next = error.source();
    }
    None
}

fn body(api: &Client, name: &str) -> Value {
    json!({"name": name, "policies": [api.policy(&["Workers Scripts Read"])]})
}

#[tokio::test]
async fn a_cut_connection_has_its_effect_or_not_as_the_fault_says() {
    let api = Client::start().await;
    let root = api.sim.root_token();
    for (kind, made) in
        [(FaultKind::Reset(Effect::None), 0), (FaultKind::Reset(Effect::Done), 1), (FaultKind::Truncated, 2)]
    {
        api.sim.fault(Fault::new(kind.clone()).method("POST").path("/accounts/*/tokens"));
        let failed = api.try_send(&root, "POST", "TOKENS", Some(&body(&api, "t"))).await;
        let Err(failed) = failed else { panic!("{kind:?} has an answer") };
        let reset = matches!(kind, FaultKind::Reset(_));
        assert_eq!(io_kind(&failed) == Some(ErrorKind::ConnectionReset), reset, "{kind:?} {failed:?}");
        assert_eq!(api.sim.tokens().len(), made, "{kind:?}");
    }
    assert!(!api.sim.faults_pending());
}

#[tokio::test]
async fn answers_of_proxies_and_servers_come_with_or_without_the_effect() {
    let api = Client::start().await;
    let post = async |kind: FaultKind| {
        api.sim.fault(Fault::new(kind));
        api.root("POST", "TOKENS", Some(&body(&api, "t"))).await
    };
    let html = post(FaultKind::Html(502, Effect::Done)).await;
    assert_eq!((html.status, &html.body, api.sim.tokens().len()), (502, &Value::Null, 1));
    assert!(html.headers["content-type"].to_str().is_ok_and(|kind| kind.starts_with("text/html")));
    let error = post(FaultKind::Api(500, 10000, "Internal server error", Effect::None)).await;
    assert_eq!((error.code(), api.sim.tokens().len()), ((500, 10000), 1));
    let limited = post(FaultKind::RateLimited(Some("7".to_owned()))).await;
    assert_eq!((limited.code(), api.sim.tokens().len()), ((429, 971), 1));
    assert_eq!(limited.headers["retry-after"], "7");
    let wrong = post(FaultKind::WrongTypes).await;
    assert_eq!((&wrong.body["result"]["id"], api.sim.tokens().len()), (&json!(7), 2));
}

#[tokio::test]
async fn latency_falls_before_or_after_the_effect() {
    let api = Client::start().await;
    let root = api.sim.root_token();
    let wait = Duration::from_millis(500);
    for (kind, early) in [(FaultKind::LatencyBefore(wait), 0), (FaultKind::LatencyAfter(wait), 2)] {
        api.sim.fault(Fault::new(kind).method("POST"));
        let (started, body) = (Instant::now(), body(&api, "t"));
        let look = async {
            tokio::time::sleep(wait / 2).await;
            api.sim.tokens().len()
        };
        let (seen, during) = tokio::join!(api.send(&root, "POST", "TOKENS", Some(&body)), look);
        assert_eq!((seen.code(), during), ((200, 0), early));
        assert!(started.elapsed() >= wait);
    }
}

#[tokio::test]
async fn a_hanging_request_leaves_others_alone_and_the_simulator_free_to_stop() {
    let api = Client::start().await;
    let root = api.sim.root_token();
    let fault = api.sim.fault(Fault::new(FaultKind::Hang(Effect::None)).path("/accounts/*/tokens/verify"));
    let hanging = api.send(&root, "GET", "TOKENS/verify", None);
    assert!(tokio::time::timeout(Duration::from_millis(100), hanging).await.is_err());
    assert_eq!((api.sim.hits(fault), api.root("GET", "TOKENS", None).await.code()), (1, (200, 0)));
    let stopping = Instant::now();
    drop(api);
    assert!(stopping.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn a_stale_read_returns_the_version_before_once() {
    let api = Client::start().await;
    let (id, _) = api.mint(&["Workers Scripts Read"]);
    let path = format!("TOKENS/{id}");
    assert_eq!(api.root("PUT", &path, Some(&body(&api, "renamed"))).await.code(), (200, 0));
    api.sim.fault(Fault::new(FaultKind::Stale).method("GET"));
    assert_eq!(api.root("GET", &path, None).await.result()["name"], "minted");
    assert_eq!(api.root("GET", &path, None).await.result()["name"], "renamed");
}

#[tokio::test]
async fn a_fault_hits_the_requests_it_names_and_no_more_than_it_should() {
    let api = Client::start().await;
    let fault = Fault::new(FaultKind::RateLimited(None)).method("GET").path("/accounts/**").skip(1).times(2);
    let fault = api.sim.fault(fault);
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(api.root("GET", "TOKENS", None).await.status);
    }
    assert_eq!((statuses, api.sim.hits(fault)), (vec![200, 429, 429, 200], 2));
    api.sim.fault(Fault::new(FaultKind::RateLimited(None)).method("DELETE"));
    assert!(api.sim.faults_pending(), "nothing was deleted");
    api.sim.clear_faults();
    assert!(!api.sim.faults_pending());
}

#[tokio::test]
async fn the_log_counts_requests_by_method_and_path_and_holds_no_value() {
    let api = Client::start().await;
    let (id, value) = api.mint(&["Account API Tokens Read"]);
    api.send(&value, "GET", &format!("TOKENS/{id}"), None).await;
    api.root("POST", "TOKENS", Some(&body(&api, "t"))).await;
    api.send("no-such-token-no-such-token-no-such-token", "GET", "TOKENS?page=1", None).await;
    assert_eq!((api.sim.count("GET", "/accounts/*/tokens/*"), api.sim.count("*", "**")), (1, 3));
    let log = api.sim.requests();
    assert_eq!(log[0].caller, Some(id));
    assert_eq!((log[2].caller.as_deref(), log[2].status, log[2].query.as_str()), (None, Some(401), "page=1"));
    let text = format!("{log:?}");
    assert!(!text.contains(&value) && !text.contains(&api.sim.root_token()));
    api.sim.reset_requests();
    assert_eq!(api.sim.count("*", "**"), 0);
}

#[tokio::test]
async fn each_request_takes_effect_at_one_instant() {
    let api = Client::start().await;
    let root = api.sim.root_token();
    let bodies: Vec<Value> = (0..20).map(|n| body(&api, &format!("t{n}"))).collect();
    let posts = bodies.iter().map(|body| api.send(&root, "POST", "TOKENS", Some(body)));
    let codes: Vec<(u16, u64)> =
        futures_util::future::join_all(posts).await.iter().map(super::Seen::code).collect();
    assert_eq!(codes, vec![(200, 0); 20]);
    let names: std::collections::BTreeSet<String> =
        api.sim.tokens().iter().map(|token| token["name"].to_string()).collect();
    assert_eq!(names.len(), 20);
}

#[tokio::test]
async fn the_admin_surface_is_there_where_asked_for_and_shows_no_value() {
    let api = Client::with(Options { admin: true, ..Options::default() }).await;
    let (id, value) = api.mint(&["Account API Tokens Read"]);
    let host = api.sim.base_url().replace("/client/v4", "/__sim/");
    let post = async |path: &str, body: Value| {
        let sent = api.http.post(format!("{host}{path}")).body(body.to_string()).send().await;
        sent.map(|response| response.status().as_u16()).expect("an answer")
    };
    assert_eq!(post("faults", json!({"kind": "rate_limited", "path": "/accounts/*/tokens"})).await, 200);
    assert_eq!(api.root("GET", "TOKENS", None).await.code(), (429, 971));
    assert_eq!(post("faults", json!({"kind": "flood"})).await, 400);
    let before = api.sim.now();
    assert_eq!(post("clock", json!({"advance_seconds": 3600})).await, 200);
    assert!(api.sim.now() - before >= time::Duration::hours(1));
    let state = api.http.get(format!("{host}state")).send().await.expect("an answer");
    let state = state.text().await.expect("a body");
    assert!(state.contains(&id) && !state.contains(&value) && !state.contains(&api.sim.root_token()));

    let closed = Client::start().await;
    let url = closed.sim.base_url().replace("/client/v4", "/__sim/state");
    let seen = closed.http.get(url).send().await.expect("an answer");
    assert_eq!(seen.status().as_u16(), 404);
}
