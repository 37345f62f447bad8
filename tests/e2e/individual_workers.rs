//! Policies on single Workers: names in the configuration, tags at the API, and the rights of such a token.

use serde_json::{Value as Json, json};

use crate::simulator::Script;
use crate::support::stage::{self, Stage, TOKEN, token};

const EDITOR: &str = "Individual Workers Editor";

fn on(workers: &str) -> String {
    token(&format!(r#"policies = [{{ permission_groups = ["{EDITOR}"], workers = {workers} }}]"#))
}

fn tag(stage: &Stage, name: &str) -> String {
    stage.sim.with_scripts(|scripts| scripts[name].tag.clone())
}

/// Renames the Worker, as in the dashboard.
fn rename(stage: &Stage, from: &str, to: &str) {
    stage.sim.with_scripts(|scripts| {
        let script = scripts.remove(from).unwrap();
        scripts.insert(to.to_owned(), script);
    });
}

/// Creates a Worker outside Terraform.
fn make(stage: &Stage, name: &str) {
    stage.sim.with_scripts(|scripts| scripts.insert(name.to_owned(), Script::default()));
}

/// The token's only policy at the API.
fn resources(stage: &Stage) -> Json {
    let [policy] =
        stage.sim.policies(&stage.text(TOKEN, "id")).try_into().unwrap_or_else(|_| panic!("one policy"));
    policy.resources
}

fn on_tags(stage: &Stage, tags: &[&str]) -> Json {
    let keys: Json =
        tags.iter().map(|tag| (format!("com.cloudflare.edge.worker.script.{tag}"), json!("*"))).collect();
    json!({ format!("com.cloudflare.api.account.{}", stage.sim.account_id()): keys })
}

/// Asks the API for a Worker with the token's value. Returns the status.
fn ask(stage: &Stage, method: &str, path: &str, body: Option<Json>) -> u16 {
    let value = stage.sim.token_value(&stage.text(TOKEN, "id")).unwrap();
    stage::ask(&stage.sim, &value, method, &format!("ACCOUNT/workers/scripts/{path}"), body)
}

#[test]
fn a_token_for_one_worker_can_do_its_work_there_and_nowhere_else() {
    let stage = Stage::new();
    stage.apply(&on(r#"["edge-api"]"#));
    assert_eq!(resources(&stage), on_tags(&stage, &[&tag(&stage, "edge-api")]));
    assert_eq!(stage.attributes(TOKEN)["policies"][0]["workers"], json!(["edge-api"]));
    let secret = || Some(json!({"name": "KEY", "type": "secret_text", "text": "x"}));
    assert_eq!(ask(&stage, "PUT", "edge-api/secrets", secret()), 200);
    assert_eq!(ask(&stage, "PUT", "edge-api", None), 200, "deploys it");
    for (method, path) in [("PUT", "cron/secrets"), ("PUT", "new"), ("DELETE", "edge-api")] {
        assert_eq!(ask(&stage, method, path, secret()), 403, "{method} {path}");
    }
    // A plan for the token costs one read, and one list of the Workers.
    stage.sim.reset_requests();
    stage.settled();
    assert_eq!(stage.sim.requests().len(), 2);
}

#[test]
fn a_renamed_worker_is_no_difference_and_another_one_of_its_name_is() {
    let stage = Stage::new();
    stage.apply(&on(r#"["edge-api", "cron"]"#));
    let (edge, cron) = (tag(&stage, "edge-api"), tag(&stage, "cron"));
    rename(&stage, "edge-api", "edge");
    stage.settled();
    // The new name of the Worker means the same Worker.
    stage.config(&on(r#"["edge", "cron"]"#));
    stage.settled();
    stage.config(&on(r#"["edge-api", "cron"]"#));
    assert_eq!(stage.sim.count("PUT", "**"), 0);
    make(&stage, "edge-api");
    assert_eq!(stage.tf.run(&["plan", "-detailed-exitcode"]).code, Some(2));
    assert_eq!(resources(&stage), on_tags(&stage, &[&edge, &cron]));
    stage.apply(&on(r#"["edge-api", "cron"]"#));
    assert_eq!(resources(&stage), on_tags(&stage, &[&tag(&stage, "edge-api"), &cron]));
}

#[test]
fn a_worker_may_be_made_between_plan_and_apply() {
    let stage = Stage::new();
    stage.config(&on(r#"["edge-apy"]"#));
    stage.tf.apply().failure("The account has no Worker \"edge-apy\"");
    assert!(stage.sim.tokens().is_empty());
    let plan = stage.tf.run(&["plan", "-out=plan"]).success();
    plan.says("A Worker does not exist yet").says("Did you mean \"edge-api\"");
    make(&stage, "edge-apy");
    stage.tf.run(&["apply", "plan"]).success();
    assert_eq!(resources(&stage), on_tags(&stage, &[&tag(&stage, "edge-apy")]));
    stage.settled();
}

#[test]
fn all_workers_are_the_account_and_an_import_has_names() {
    let stage = Stage::new();
    stage.apply(&on(r#"["*"]"#));
    let account = format!("com.cloudflare.api.account.{}", stage.sim.account_id());
    assert_eq!(resources(&stage), json!({account: "*"}));
    stage.apply(&on(r#"["cron"]"#));
    let id = stage.text(TOKEN, "id");
    for workers in [r#"["cron"]"#, r#"["*"]"#] {
        stage.apply(&on(workers));
        stage.tf.run(&["state", "rm", TOKEN]).success();
        stage.tf.run(&["import", TOKEN, &id]).success();
        let shown: Json = serde_json::from_str(workers).unwrap();
        assert_eq!(stage.attributes(TOKEN)["policies"][0]["workers"], shown);
        stage.settled();
    }
}

#[test]
fn a_workers_group_without_a_target_is_refused() {
    let stage = Stage::new();
    stage.config(&token(&format!(r#"policies = [{{ permission_groups = ["{EDITOR}"] }}]"#)));
    stage.tf.plan().failure("workers = [\"*\"] for all Workers");
    stage.config(&token(
        r#"policies = [{ permission_groups = ["Workers Scripts Write"], workers = ["cron"] }]"#,
    ));
    stage.tf.plan().failure("is an account-scoped permission group, but this policy applies to Workers");
}
