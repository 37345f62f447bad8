//! Workers secrets and tunnels: the two products that tests use tokens on.

use serde_json::json;

use super::Client;

#[tokio::test]
async fn secrets_are_put_listed_without_their_text_and_deleted() {
    let api = Client::start().await;
    let path = format!("/accounts/{}/workers/scripts/cron/secrets", api.sim.account_id());
    for text in ["first", "second"] {
        let body = json!({"name": "KEY", "type": "secret_text", "text": text});
        let put = api.root("PUT", &path, Some(&body)).await;
        assert_eq!(put.result(), &json!({"name": "KEY", "type": "secret_text"}));
        assert_eq!(api.sim.secret("cron", "KEY").as_deref(), Some(text));
    }
    assert_eq!(api.root("GET", &path, None).await.result(), &json!([{"name": "KEY", "type": "secret_text"}]));
    let one = format!("{path}/KEY");
    assert_eq!(api.root("DELETE", &one, None).await.code(), (200, 0));
    assert_eq!(api.root("DELETE", &one, None).await.code(), (404, 10056));
    assert_eq!(api.root("GET", &one, None).await.code(), (404, 10056));
    let nowhere = path.replace("cron", "gone");
    assert_eq!(api.root("GET", &nowhere, None).await.code(), (404, 10007));
}

#[tokio::test]
async fn a_worker_whose_latest_version_is_not_deployed_keeps_its_secrets() {
    let api = Client::start().await;
    api.sim.with_scripts(|scripts| scripts.entry("cron".to_owned()).or_default().undeployed = true);
    let path = format!("/accounts/{}/workers/scripts/cron/secrets", api.sim.account_id());
    let body = json!({"name": "KEY", "type": "secret_text", "text": "x"});
    assert_eq!(api.root("PUT", &path, Some(&body)).await.code(), (400, 10215));
    assert_eq!(api.sim.secret("cron", "KEY"), None);
}

#[tokio::test]
async fn a_bulk_edit_is_one_version_and_all_or_nothing() {
    let api = Client::start().await;
    let path = format!("/accounts/{}/workers/scripts/cron/secrets-bulk", api.sim.account_id());
    let text = |text: &str| json!({"type": "secret_text", "text": text});
    let both = json!({"secrets": {"A": text("1"), "B": text("2")}});
    assert_eq!(api.root("PATCH", &path, Some(&both)).await.code(), (200, 0));
    let wrong = json!({"secrets": {"A": null, "C": null}});
    assert_eq!(api.root("PATCH", &path, Some(&wrong)).await.code(), (404, 10056));
    assert_eq!(api.sim.secret("cron", "A").as_deref(), Some("1"), "nothing of a refused edit holds");
    let swap = json!({"secrets": {"A": null, "C": text("3")}});
    assert_eq!(api.root("PATCH", &path, Some(&swap)).await.code(), (200, 0));
    let left: Vec<String> = api.sim.with_scripts(|scripts| scripts["cron"].secrets.keys().cloned().collect());
    assert_eq!(left, ["B", "C"]);
    assert_eq!(api.sim.with_scripts(|scripts| scripts["cron"].versions), 2);
}

#[tokio::test]
async fn a_deleted_tunnel_frees_its_name_and_stays_listed() {
    let api = Client::start().await;
    let path = format!("/accounts/{}/cfd_tunnel", api.sim.account_id());
    let body = json!({"name": "t", "config_src": "cloudflare"});
    let made = api.root("POST", &path, Some(&body)).await;
    let id = made.result()["id"].as_str().unwrap_or_default();
    assert_eq!(id.len(), 36);
    assert_eq!(api.root("POST", &path, Some(&body)).await.code(), (409, 1013));
    let one = format!("{path}/{id}");
    assert_eq!(api.root("GET", &one, None).await.result()["deleted_at"], json!(null));
    assert!(api.root("DELETE", &one, None).await.result()["deleted_at"].is_string());
    assert_eq!(api.root("POST", &path, Some(&body)).await.code(), (200, 0));
    let listed = api.root("GET", &format!("{path}?name=t&is_deleted=false"), None).await;
    assert_eq!(listed.result().as_array().map(Vec::len), Some(1));
    assert_eq!(api.sim.tunnels().len(), 2);
}
