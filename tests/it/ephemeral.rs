//! The ephemeral token in process: opened, renewed while Terraform works, and closed. Also what a crash leaves
//! behind.

use std::time::{Duration, SystemTime};

use cloudflare_tokens::tf_provider::framework::{EphemeralResourceHandle, OpenResponse, RenewResponse};
use serde_json::{Value as Json, json};

use crate::simulator::{Options, Simulator};
use crate::support::provider::{Provider, typed};

const TYPE: &str = "cloudflare_account_api_token";

async fn open(provider: &Provider, more: Json) -> OpenResponse {
    let mut config = json!({ "policies": [{ "permission_groups": ["Workers Scripts Read"] }] });
    config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let handle = ephemeral(provider);
    handle.open(typed(&config, handle.ty())).await
}

fn ephemeral(provider: &Provider) -> &EphemeralResourceHandle {
    provider.registry().ephemeral_resource(TYPE).unwrap()
}

/// The status of a request that authenticates with this value.
async fn status(sim: &Simulator, value: &str) -> u16 {
    let url = format!("{}/accounts/{}/workers/scripts/edge-api/secrets", sim.base_url(), sim.account_id());
    reqwest::Client::new().get(url).bearer_auth(value).send().await.unwrap().status().as_u16()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewal_prolongs_it_and_without_one_it_ends_with_its_ttl() {
    let sim = Simulator::start(Options::default()).await;
    let provider = Provider::start(&sim).await;
    let (kept, left) =
        (open(&provider, json!({ "ttl": "1h" })).await, open(&provider, json!({ "ttl": "1h" })).await);
    assert!(kept.diagnostics.is_empty() && left.diagnostics.is_empty());
    let value =
        |opened: &OpenResponse| opened.result.as_ref().unwrap().get("value").as_str().unwrap().to_owned();
    assert_eq!((status(&sim, &value(&kept)).await, status(&sim, &value(&left)).await), (200, 200));

    // The renewal is due after half of the lifetime.
    let due = kept.renew_at.unwrap().duration_since(SystemTime::now()).unwrap();
    assert!(due > Duration::from_secs(29 * 60) && due <= Duration::from_secs(30 * 60), "{due:?}");
    let before = sim.tokens().iter().map(|token| token["expires_on"].clone()).collect::<Vec<_>>();
    // The provider's clock does not follow the simulated one. One second is enough to see a later expiry.
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let RenewResponse { private, renew_at, diagnostics } = ephemeral(&provider).renew(kept.private).await;
    assert!(diagnostics.is_empty() && renew_at.is_some(), "{diagnostics:?}");
    let after = sim.tokens().iter().map(|token| token["expires_on"].clone()).collect::<Vec<_>>();
    let later = before.iter().zip(&after).filter(|(before, after)| before.as_str() < after.as_str()).count();
    assert_eq!(later, 1, "{before:?} {after:?}");

    // After a crash, nobody closes the token.
    sim.advance(Duration::from_secs(3600 + 60));
    assert_ne!(status(&sim, &value(&left)).await, 200);

    // Terraform returns the private state of the open or of the last renewal. Both must close the token.
    let found = ephemeral(&provider).close(private).await;
    assert!(found.is_empty(), "{found:?}");
    let found = ephemeral(&provider).close(left.private).await;
    assert!(found.is_empty(), "{found:?}");
    assert!(sim.tokens().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn guardrails_hold_for_it_and_a_refusal_makes_nothing() {
    let sim = Simulator::start(Options::default()).await;
    let block = json!({ "guardrails": { "max_lifetime": "30m", "forbidden_permission_groups": ["Workers Scripts Read"] } });
    let provider = Provider::configured(&sim, block).await;
    let refused = open(&provider, json!({ "ttl": "1h" })).await;
    let at: Vec<_> = refused.diagnostics.0.iter().map(|d| d.path.as_ref().unwrap().to_string()).collect();
    assert_eq!(at, ["ttl", "policies"]);
    assert!(refused.result.is_none() && sim.tokens().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_time_to_live_outside_a_minute_to_a_day_is_refused() {
    let sim = Simulator::start(Options::default()).await;
    let provider = Provider::start(&sim).await;
    for (ttl, fault) in [("30s", "too short"), ("25h", "too long"), ("3000000d", "100 years")] {
        let config = json!({ "ttl": ttl, "policies": [{ "permission_groups": ["Workers Scripts Read"] }] });
        let config = typed(&config, ephemeral(&provider).ty());
        let found = ephemeral(&provider).validate(config, Default::default()).await;
        assert!(found.0[0].detail.contains(fault), "{ttl}: {found:?}");
    }
}
