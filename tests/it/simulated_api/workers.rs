//! Secrets of Workers, and tunnels: the two products on which tests use tokens.

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
    let text = |name: &str, text: &str| json!({"name": name, "type": "secret_text", "text": text});
    let both = json!({"secrets": {"A": text("A", "1"), "B": text("B", "2")}});
    let answer = api.root("PATCH", &path, Some(&both)).await;
    assert_eq!(answer.code(), (200, 0));
    assert_eq!(answer.result()["B"], json!({"name": "B", "type": "secret_text"}));
    let misnamed = json!({"secrets": {"A": text("B", "1")}});
    assert_eq!(api.root("PATCH", &path, Some(&misnamed)).await.code(), (400, 10021));
    let wrong = json!({"secrets": {"A": null, "C": null}});
    assert_eq!(api.root("PATCH", &path, Some(&wrong)).await.code(), (404, 10056));
    assert_eq!(api.sim.secret("cron", "A").as_deref(), Some("1"), "nothing of a refused edit holds");
    let swap = json!({"secrets": {"A": null, "C": text("C", "3")}});
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

#[tokio::test]
async fn an_editor_of_one_worker_deploys_it_and_touches_no_other() {
    let api = Client::start().await;
    let account = api.sim.account_id();
    let tag = api.sim.with_scripts(|scripts| scripts["cron"].tag.clone());
    let scope = "com.cloudflare.edge.worker.script";
    let on = |key: String| json!({format!("com.cloudflare.api.account.{account}"): {key: "*"}});
    let policy = |group: &str, resources| api.policy_on("allow", &[group], scope, resources);
    let mint = |group: &str| {
        api.sim.mint(&json!({"name": "t", "policies": [policy(group, on(format!("{scope}.{tag}")))]})).1
    };
    let (editor, reader) = (mint("Individual Workers Editor"), mint("Individual Workers Metadata Read-Only"));
    let scripts = format!("/accounts/{account}/workers/scripts");
    let secret = json!({"name": "S", "type": "secret_text", "text": "x"});
    for (who, method, path, code) in [
        (&editor, "PUT", "/cron", (200, 0)),
        (&editor, "PUT", "/cron/secrets", (200, 0)),
        (&editor, "GET", "/cron/secrets", (200, 0)),
        (&editor, "PUT", "/mailer", (403, 10000)),
        (&editor, "PUT", "/new", (403, 10000)),
        (&editor, "DELETE", "/cron", (403, 10000)),
        (&editor, "GET", "", (403, 10000)),
        (&reader, "GET", "/cron/secrets", (200, 0)),
        (&reader, "PUT", "/cron/secrets", (403, 10000)),
        (&reader, "GET", "/mailer/secrets", (403, 10000)),
    ] {
        let body = (method == "PUT").then_some(&secret);
        assert_eq!(
            api.send(who, method, &format!("{scripts}{path}"), body).await.code(),
            code,
            "{method} {path}"
        );
    }
    // Listing all Workers with their tags requires the right to read all of them.
    let listed = api.root("GET", &scripts, None).await;
    let tags: Vec<_> = listed.result().as_array().unwrap().iter().map(|w| (&w["id"], &w["tag"])).collect();
    assert!(tags.contains(&(&json!("cron"), &json!(tag))), "{tags:?}");
    // The API refuses the flat form, and a Worker that does not exist.
    for resources in [json!({format!("{scope}.{tag}"): "*"}), on(format!("{scope}.{}", "0".repeat(32)))] {
        let body = json!({"name": "t", "policies": [policy("Individual Workers Editor", resources)]});
        assert_eq!(api.root("POST", "TOKENS", Some(&body)).await.code(), (400, 1001));
    }
}
