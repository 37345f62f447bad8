//! `cloudflare_workers_secret`: how a value gets into a Worker, and what stays unchanged.

use serde_json::{Value as Json, json};

use crate::simulator::{Effect, Fault, FaultKind};
use crate::support::stage::{Stage, TOKEN, token};

const SECRET: &str = "cloudflare_workers_secret.s";
const PATH: &str = "/accounts/*/workers/scripts/**";

fn secret(arguments: &str) -> String {
    secret_of("edge-api", arguments)
}

fn secret_of(script: &str, arguments: &str) -> String {
    format!(
        "resource \"cloudflare_workers_secret\" \"s\" {{\nscript_name = \"{script}\"\nname = \"KEY\"\n{arguments}\n}}\n"
    )
}

fn held(stage: &Stage) -> Option<String> {
    stage.sim.secret("edge-api", "KEY")
}

fn put_by_hand(stage: &Stage, name: &str, kind: &str) {
    let secret = (kind.to_owned(), "by hand".to_owned());
    stage
        .sim
        .with_scripts(|scripts| scripts.get_mut("edge-api").unwrap().secrets.insert(name.to_owned(), secret));
}

#[test]
fn a_secret_is_put_replaced_and_deleted_and_the_others_are_left_alone() {
    let stage = Stage::new();
    put_by_hand(&stage, "THEIRS", "secret_text");
    stage.apply(&secret(r#"value = "one""#));
    assert_eq!(held(&stage).as_deref(), Some("one"));
    stage.config(&secret(r#"value = "two""#)).tf.plan().success().says("1 to change").never_says("two");
    stage.apply(&secret(r#"value = "two""#));
    assert_eq!(held(&stage).as_deref(), Some("two"));
    stage.tf.destroy().success();
    assert_eq!(held(&stage), None);
    assert_eq!(stage.sim.secret("edge-api", "THEIRS").as_deref(), Some("by hand"));
}

#[test]
fn another_name_or_worker_moves_the_secret() {
    let stage = Stage::new();
    stage.apply(&secret(r#"value = "one""#));
    stage.config(&secret_of("cron", r#"value = "one""#)).tf.plan().success().says("must be replaced");
    stage.tf.apply().success();
    stage.settled();
    assert_eq!((held(&stage), stage.sim.secret("cron", "KEY").as_deref()), (None, Some("one")));
}

#[test]
fn a_secret_gets_the_tokens_value_in_the_run_that_makes_or_rolls_it() {
    let stage = Stage::new();
    let config = |by: &str| {
        let token = token(&format!(
            "policies = [{{ permission_groups = [\"Cloudflare Tunnel Write\"] }}]\nrotation = {{ triggers = {{ by = \
             \"{by}\" }} }}"
        ));
        // The version must change with the value, because Terraform does not compare write-only values.
        let secret = secret(&format!(
            "value_wo = {TOKEN}.value\nvalue_wo_version = parseint(substr(sha256({TOKEN}.value_issued_on), 0, 12), 16)"
        ));
        token + &secret
    };
    stage.apply(&config("one"));
    assert!(held(&stage) == Some(stage.text(TOKEN, "value")));
    std::thread::sleep(std::time::Duration::from_millis(1100));
    stage.apply(&config("two"));
    assert!(held(&stage) == Some(stage.text(TOKEN, "value")));
    assert!(held(&stage) == stage.sim.token_value(&stage.text(TOKEN, "id")));
}

#[test]
fn a_write_only_value_may_be_an_ephemeral_one_and_is_in_neither_plan_nor_state() {
    let stage = Stage::new();
    let config = |version: u8| {
        format!(
            r#"
            ephemeral "cloudflare_account_api_token" "run" {{
              policies = [{{ permission_groups = ["Cloudflare Tunnel Write"] }}]
            }}
            {}
            "#,
            secret(&format!(
                "value_wo = ephemeral.cloudflare_account_api_token.run.value\nvalue_wo_version = {version}"
            ))
        )
    };
    stage.config(&config(1)).tf.run(&["plan", "-out=saved"]).success();
    let plan = stage.tf.run(&["show", "-json", "saved"]).success().stdout;
    assert!(!plan.contains("cfat_"), "a value is in the plan");
    stage.tf.run(&["apply", "saved"]).success();
    let first = held(&stage).unwrap();
    assert!(first.starts_with("cfat_"));
    assert!(!stage.tf.state().to_string().contains("cfat_"), "a value is in the state");
    assert_eq!(stage.attributes(SECRET)["value_wo"], Json::Null);
    // Each run creates another ephemeral token, but only a new version puts it.
    stage.apply(&config(1));
    assert!(held(&stage).unwrap() == first);
    stage.apply(&config(2));
    assert!(held(&stage).unwrap() != first);
}

#[test]
fn a_secret_changes_from_stored_to_write_only() {
    let stage = Stage::new();
    stage.apply(&secret(r#"value = "stored-one""#));
    stage.apply(&secret("value_wo = \"unstored-two\"\nvalue_wo_version = 1"));
    assert_eq!(held(&stage).as_deref(), Some("unstored-two"));
    let state = stage.tf.state().to_string();
    assert!(!state.contains("stored-one") && !state.contains("unstored-two"));
    stage.apply(&secret(r#"value = "stored-three""#));
    assert_eq!(held(&stage).as_deref(), Some("stored-three"));
}

#[test]
fn a_secret_that_was_removed_or_became_another_kind_is_put_again() {
    let stage = Stage::new();
    stage.apply(&secret(r#"value = "one""#));
    stage.sim.with_scripts(|scripts| scripts.get_mut("edge-api").unwrap().secrets.clear());
    stage.tf.plan().success().says("1 to add");
    stage.tf.apply().success();
    assert_eq!(held(&stage).as_deref(), Some("one"));
    put_by_hand(&stage, "KEY", "secret_key");
    stage.tf.plan().success().says("1 to change");
    stage.tf.apply().success();
    assert_eq!(held(&stage).as_deref(), Some("one"));
    stage.settled();
    // The Worker is deleted with its secrets. Destroying an absent secret is no error.
    stage.sim.with_scripts(|scripts| scripts.remove("edge-api"));
    stage.tf.destroy().success();
}

#[test]
fn a_secret_that_is_there_already_is_overwritten_with_a_warning() {
    let stage = Stage::new();
    put_by_hand(&stage, "KEY", "secret_text");
    stage.config(&secret(r#"value = "one""#));
    stage.tf.plan().success().says("import").says("KEY");
    stage.tf.apply().success();
    assert_eq!(held(&stage).as_deref(), Some("one"));
}

#[test]
fn an_imported_secret_gets_the_configured_value_at_the_next_apply() {
    let stage = Stage::new();
    put_by_hand(&stage, "KEY", "secret_text");
    let account = stage.sim.account_id();
    stage.config(&secret(r#"value = "one""#));
    stage.tf.run(&["import", SECRET, "edge-api/KEY"]).failure("<account_id>/<script_name>/<name>");
    stage.tf.run(&["import", SECRET, &format!("{account}/edge-api/NONE")]).failure("non-existent");
    stage.tf.run(&["import", SECRET, &format!("{account}/edge-api/KEY")]).success();
    let imported = stage.attributes(SECRET);
    assert_eq!((&imported["script_name"], &imported["value"]), (&json!("edge-api"), &Json::Null));
    assert_eq!(held(&stage).as_deref(), Some("by hand"));
    stage.tf.apply().success().says("1 changed");
    stage.settled();
    assert_eq!(held(&stage).as_deref(), Some("one"));
}

#[test]
fn what_the_api_says_of_workers_is_explained() {
    let stage = Stage::new();
    let secret_value = "not-to-be-shown";
    let config = secret(&format!("value = \"{secret_value}\""));
    let apply = |config: &str, code: &str, way_out: &str| {
        let failed = stage.config(config).tf.apply();
        failed.failure(code).failure(way_out).never_says(secret_value);
        assert_eq!(held(&stage), None);
    };
    apply(
        &secret_of("nobody", &format!("value = \"{secret_value}\"")),
        "10007",
        "The Worker does not exist. Deploy it first",
    );
    let script = |change: fn(&mut crate::simulator::workers::Script)| {
        stage.sim.with_scripts(|scripts| change(scripts.get_mut("edge-api").unwrap()));
    };
    script(|script| script.bindings.push("KEY".to_owned()));
    apply(&config, "10053", "a binding of another type");
    script(|script| (script.bindings.clear(), script.undeployed = true).1);
    apply(&config, "10215", "gradual deployment");
    script(|script| script.undeployed = false);
    let large = "x".repeat(6 * 1024);
    stage.config(&secret(&format!("value = \"{large}\""))).tf.apply().failure("10054").never_says(&large);
    // A read that gets 10056 is no error, because the secret is absent. A write that gets 10056 shows the error.
    let missing = FaultKind::Api(404, 10056, "Binding 'KEY' not found.", Effect::None);
    stage.sim.fault(Fault::new(missing).method("PUT").path(PATH).always());
    apply(&config, "10056", "no secret with this name");
    stage.sim.clear_faults();
    stage.apply(&config);
    // The removal of the secret is an edit like any other.
    script(|script| script.undeployed = true);
    stage.tf.destroy().failure("10215");
    assert!(held(&stage).is_some());
}

#[test]
fn a_write_whose_answer_is_lost_is_made_again() {
    let stage = Stage::new();
    for kind in [FaultKind::Reset(Effect::Done), FaultKind::Html(502, Effect::None), FaultKind::Truncated] {
        let fault = stage.sim.fault(Fault::new(kind).method("PUT").path(PATH));
        stage.apply(&secret(&format!("value = \"{}\"", stage.sim.requests().len())));
        assert_eq!(stage.sim.hits(fault), 1);
    }
    let fault = stage.sim.fault(Fault::new(FaultKind::Reset(Effect::Done)).method("DELETE").path(PATH));
    stage.tf.destroy().success();
    assert_eq!((held(&stage), stage.sim.hits(fault)), (None, 1));
}

#[test]
fn a_secret_whose_put_was_never_answered_is_not_forgotten() {
    let stage = Stage::new();
    let config = format!("provider \"cloudflare\" {{\nmax_retries = 0\n}}\n{}", secret(r#"value = "one""#));
    stage.sim.fault(Fault::new(FaultKind::Html(502, Effect::Done)).method("PUT").path(PATH).times(2));
    stage.config(&config).tf.apply().failure("Could not put the secret");
    assert_eq!(held(&stage).as_deref(), Some("one"));
    stage.tf.destroy().success();
    assert_eq!(held(&stage), None);
    // If the answer to a change is lost, the next plan has the change again.
    stage.apply(&config);
    stage.sim.fault(Fault::new(FaultKind::Html(502, Effect::None)).method("PUT").path(PATH).times(2));
    let changed = config.replace("one", "two");
    stage.config(&changed).tf.apply().failure("Could not put the secret");
    stage.apply(&changed);
    assert_eq!(held(&stage).as_deref(), Some("two"));
}

#[test]
fn many_secrets_of_one_worker_are_put_one_after_the_other() {
    let stage = Stage::new();
    stage.apply(
        r#"
        resource "cloudflare_workers_secret" "s" {
          for_each    = toset([for n in range(12) : "KEY${n}"])
          script_name = "edge-api"
          name        = each.key
          value       = "of ${each.key}"
        }
        "#,
    );
    let names = stage.sim.with_scripts(|scripts| scripts["edge-api"].secrets.len());
    assert_eq!(names, 12);
    assert_eq!(stage.sim.secret("edge-api", "KEY7").as_deref(), Some("of KEY7"));
}

#[test]
fn one_that_is_replaced_with_the_new_one_first_is_still_there_afterwards() {
    let stage = Stage::new();
    stage.apply(
        r#"
        resource "cloudflare_workers_secret" "s" {
          script_name = "edge-api"
          name        = "KEY"
          value       = "first"
          lifecycle { create_before_destroy = true }
        }
        "#,
    );
    stage.tf.run(&["apply", "-auto-approve", "-replace=cloudflare_workers_secret.s"]).success();
    assert_eq!(stage.sim.secret("edge-api", "KEY").as_deref(), Some("first"));
    stage.settled();
    stage.tf.destroy().success();
    assert_eq!(stage.sim.secret("edge-api", "KEY"), None);
}

#[test]
fn a_name_with_special_characters_is_put_read_and_deleted() {
    let stage = Stage::new();
    let config = secret(r#"value = "one""#).replace("\"KEY\"", "\"A/B & C\"");
    stage.apply(&config);
    assert_eq!(stage.sim.secret("edge-api", "A/B & C").as_deref(), Some("one"));
    stage.tf.destroy().success();
    assert_eq!(stage.sim.secret("edge-api", "A/B & C"), None);
}

#[test]
fn a_foreign_secret_stays_where_a_create_in_doubt_is_replaced() {
    for (path, one, other) in [
        ("/accounts/*/workers/scripts/*/secrets", many_or_one(false, "KEY"), many_or_one(false, "OWN")),
        ("/accounts/*/workers/scripts/*/secrets-bulk", many_or_one(true, "KEY"), many_or_one(true, "OWN")),
    ] {
        let stage = Stage::new();
        stage.sim.with_scripts(|scripts| {
            let theirs = ("secret_text".to_owned(), "theirs".to_owned());
            scripts.get_mut("edge-api").unwrap().secrets.insert("KEY".to_owned(), theirs);
        });
        for method in ["PUT", "PATCH"] {
            stage
                .sim
                .fault(Fault::new(FaultKind::Html(502, Effect::None)).method(method).path(path).always());
        }
        stage.config(&one);
        assert_ne!(stage.tf.apply().code, Some(0));
        stage.sim.clear_faults();
        // The object is tainted. Terraform passes no private state to its delete.
        stage.config(&other);
        stage.tf.apply().success();
        let held = stage.sim.with_scripts(|scripts| {
            let secrets = scripts["edge-api"].secrets.iter();
            secrets.map(|(name, (_, text))| format!("{name}={text}")).collect::<Vec<_>>()
        });
        assert_eq!(held, ["KEY=theirs", "OWN=ours"], "{path}");
    }
}

fn many_or_one(many: bool, name: &str) -> String {
    let (kind, secret) = if many {
        ("cloudflare_workers_secrets", format!("secrets = {{ {name} = \"ours\" }}"))
    } else {
        ("cloudflare_workers_secret", format!("name = \"{name}\"\n  value = \"ours\""))
    };
    format!(
        "provider \"cloudflare\" {{\n  max_retries = 0\n}}\n\
         resource \"{kind}\" \"s\" {{\n  script_name = \"edge-api\"\n  {secret}\n}}\n"
    )
}
