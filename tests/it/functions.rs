//! The functions, as a configuration uses them.

use cloudflare_tokens::capabilities::terraform;
use serde_json::json;

use crate::generator::schemas;
use crate::simulator::{Options, Simulator};
use crate::support::provider::{Provider, plain};

#[tokio::test]
async fn what_the_functions_return_is_taken_as_resources() {
    let sim = Simulator::start(Options::default()).await;
    let provider = Provider::start(&sim).await;
    let (account, zone) = (sim.account_id(), sim.zone_ids().remove(0));
    let flat = |key| json!({plain(&key).as_str().unwrap(): "*"});
    let bucket = provider.call("r2_bucket_resource", &[&account, "default", "photos"]).await.unwrap();
    let cases = [
        ("Account Settings Read", flat(provider.call("account_resource", &[&account]).await.unwrap())),
        ("DNS Write", flat(provider.call("zone_resource", &[&zone]).await.unwrap())),
        ("DNS Write", plain(&provider.call("all_zones_resource", &[&account]).await.unwrap())),
        ("Workers R2 Storage Bucket Item Read", flat(bucket)),
    ];
    for (group, resources) in cases {
        let config = json!({"policies": [{"permission_groups": [group], "resources": resources}]});
        let made = provider.apply("cloudflare_account_api_token", None, &config).await;
        let read = provider.read("cloudflare_account_api_token", &made).await.unwrap();
        assert_eq!(read.state, made.state, "{resources}");
        let granted = sim.policies(made.text("id").unwrap());
        assert_eq!(granted[0].resources, nested(&resources), "as the API keeps it");
    }
}

/// A map of strings, with its JSON parsed.
fn nested(resources: &serde_json::Value) -> serde_json::Value {
    let read = |text: &str| serde_json::from_str(text).unwrap_or_else(|_| json!(text));
    resources.as_object().unwrap().iter().map(|(k, v)| (k.clone(), read(v.as_str().unwrap()))).collect()
}

#[tokio::test]
async fn functions_need_no_configured_provider() {
    let sim = Simulator::start(Options::default()).await;
    let (provider, found) = Provider::try_configured(&sim, json!({"api_token": ""})).await;
    assert!(found.has_error());
    assert!(provider.call("r2_secret_access_key", &["a-value"]).await.is_ok());
    assert_eq!(sim.requests().len(), 0);
}

#[test]
fn the_data_says_what_each_type_of_this_provider_needs() {
    let schemas = schemas();
    for name in schemas.resources.keys().chain(schemas.data_sources.keys()) {
        let known = terraform::own().contains_key(*name) || terraform::official().contains_key(*name);
        assert!(known, "{name} is not under `own` in data/terraform_resource_groups.json");
    }
}
