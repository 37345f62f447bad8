//! Cloudflare's own command line, with tokens that have exactly a capability's rights. It can do what the capability
//! is for, and nothing without the capability.

use std::process::{Output, Stdio};

use serde_json::{Value as Json, json};

use crate::support::packages::Node;
use crate::support::stage::Stage;

const WORKER: &str = "edge-api";

/// Runs Wrangler like a pipeline: with a token and an account in the environment, and without prompts.
fn wrangler(stage: &Stage, token: &str, arguments: &[&str]) -> Output {
    let node = Node::with("wrangler", &["wrangler@4.164.0"]);
    node.program("wrangler/bin/wrangler.js")
        .args(arguments)
        .current_dir(stage.tf.path())
        .env_clear()
        .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
        .env("HOME", stage.tf.path())
        .envs([("CI", "1"), ("WRANGLER_SEND_METRICS", "false"), ("WRANGLER_HIDE_BANNER", "true")])
        .env("CLOUDFLARE_API_BASE_URL", stage.sim.base_url())
        .env("CLOUDFLARE_ACCOUNT_ID", stage.sim.account_id())
        .env("CLOUDFLARE_API_TOKEN", token)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .and_then(|mut wrangler| {
            use std::io::Write;
            // Only `put` reads the text. The other commands may have closed their input already.
            let _ = wrangler.stdin.take().map(|mut stdin| stdin.write_all(b"the text"));
            wrangler.wait_with_output()
        })
        .unwrap()
}

#[track_caller]
fn allowed(output: &Output) {
    assert!(output.status.success(), "{output:?}");
}

#[track_caller]
fn refused(output: &Output) {
    let said = [&output.stdout[..], &output.stderr[..]].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(!output.status.success() && said.contains("Authentication error"), "{output:?}");
}

fn secret(stage: &Stage, worker: &str) -> Option<String> {
    stage.sim.with_scripts(|scripts| scripts[worker].secrets.get("API_KEY").map(|(_, text)| text.clone()))
}

#[test]
fn wrangler_writes_secrets_with_the_capability_for_it_and_is_refused_without() {
    let stage = Stage::new();
    stage.apply(
        r#"
        resource "cloudflare_account_api_token" "t" {
          for_each = { secrets = "workers-secrets-write", pages = "pages-deploy" }
          policies = provider::cloudflare::capability(each.value, {})
        }
    "#,
    );
    let token = |key: &str| {
        let id = stage.text(&format!("cloudflare_account_api_token.t[\"{key}\"]"), "id");
        stage.sim.token_value(&id).unwrap()
    };
    let (secrets, pages) = (token("secrets"), token("pages"));
    let run = |token: &str, command: &[&str]| {
        wrangler(&stage, token, &[&["secret"], command, &["--name", WORKER]].concat())
    };

    refused(&run(&pages, &["put", "API_KEY"]));
    assert_eq!(secret(&stage, WORKER), None);
    allowed(&run(&secrets, &["put", "API_KEY"]));
    assert_eq!(secret(&stage, WORKER).as_deref(), Some("the text"));

    refused(&run(&pages, &["list"]));
    let list = run(&secrets, &["list"]);
    allowed(&list);
    let listed: Json = serde_json::from_slice(&list.stdout).unwrap();
    assert_eq!(listed, json!([{"name": "API_KEY", "type": "secret_text"}]));

    refused(&run(&pages, &["delete", "API_KEY"]));
    assert!(secret(&stage, WORKER).is_some());
    allowed(&run(&secrets, &["delete", "API_KEY"]));
    assert_eq!(secret(&stage, WORKER), None);
}

#[test]
fn wrangler_can_write_secrets_only_of_the_worker_that_the_token_is_for() {
    const OTHER: &str = "mailer";
    let stage = Stage::new();
    stage.apply(&format!(
        r#"
        resource "cloudflare_account_api_token" "t" {{
          policies = provider::cloudflare::capability("workers-deploy-one", {{ workers = ["{WORKER}"] }})
        }}
    "#
    ));
    let token = stage.sim.token_value(&stage.text("cloudflare_account_api_token.t", "id")).unwrap();
    let run = |command: &[&str], worker: &str| {
        wrangler(&stage, &token, &[&["secret"], command, &["--name", worker]].concat())
    };
    allowed(&run(&["put", "API_KEY"], WORKER));
    assert_eq!(secret(&stage, WORKER).as_deref(), Some("the text"));
    refused(&run(&["put", "API_KEY"], OTHER));
    assert_eq!(secret(&stage, OTHER), None);
    refused(&run(&["list"], OTHER));
    allowed(&run(&["delete", "API_KEY"], WORKER));
    assert_eq!(secret(&stage, WORKER), None);
}
