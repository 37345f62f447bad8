//! `cloudflare_workers_secrets`: many secrets in one version of the Worker, and what stays unchanged.

use serde_json::{Value as Json, json};

use crate::simulator::{Effect, Fault, FaultKind};
use crate::support::stage::{Stage, TOKEN, token};

const SECRETS: &str = "cloudflare_workers_secrets.s";
const BULK: &str = "/accounts/*/workers/scripts/*/secrets-bulk";

fn secrets(arguments: &str) -> String {
    format!(
        "resource \"cloudflare_workers_secrets\" \"s\" {{\n  script_name = \"edge-api\"\n{arguments}\n}}\n"
    )
}

fn put_by_hand(stage: &Stage, name: &str) {
    let secret = ("secret_text".to_owned(), "by hand".to_owned());
    stage
        .sim
        .with_scripts(|scripts| scripts.get_mut("edge-api").unwrap().secrets.insert(name.to_owned(), secret));
}

/// All secrets of the Worker, and its number of versions.
fn held(stage: &Stage) -> (Json, usize) {
    stage.sim.with_scripts(|scripts| {
        let secrets = scripts["edge-api"].secrets.iter().map(|(name, (_, text))| (name.clone(), json!(text)));
        (secrets.collect::<serde_json::Map<_, _>>().into(), scripts["edge-api"].versions)
    })
}

#[test]
fn secrets_are_put_changed_and_removed_with_one_version_each_time() {
    let stage = Stage::new();
    put_by_hand(&stage, "THEIRS");
    stage.apply(&secrets(r#"secrets = { A = "one", B = "two" }"#));
    assert_eq!(held(&stage), (json!({"A": "one", "B": "two", "THEIRS": "by hand"}), 1));
    let changed = secrets(r#"secrets = { A = "changed", C = "three" }"#);
    let plan = stage.config(&changed).tf.plan().success();
    plan.says("1 to change").says(r#"- "B""#).says(r#"+ "C""#).never_says("changed\"").never_says("three");
    stage.apply(&changed);
    assert_eq!(held(&stage), (json!({"A": "changed", "C": "three", "THEIRS": "by hand"}), 2));
    assert_eq!(stage.attributes(SECRETS)["names"], json!(["A", "C"]));
    stage.tf.destroy().success();
    assert_eq!(held(&stage), (json!({"THEIRS": "by hand"}), 3));
}

#[test]
fn a_secret_that_was_removed_outside_is_put_again_and_the_others_are_not() {
    let stage = Stage::new();
    let config = secrets(
        "secrets = { A = \"one\", B = \"two\" }\nsecrets_wo = { W = \"three\" }\nsecrets_wo_version = 1",
    );
    stage.apply(&config);
    stage.sim.with_scripts(|scripts| {
        let secrets = &mut scripts.get_mut("edge-api").unwrap().secrets;
        (secrets.remove("A"), secrets.remove("W"))
    });
    put_by_hand(&stage, "B");
    stage.tf.plan().success().says("1 to change").says(r#"+ "A""#).says(r#"+ "W""#);
    stage.tf.apply().success();
    stage.settled();
    assert_eq!(held(&stage), (json!({"A": "one", "B": "by hand", "W": "three"}), 2));
    stage.sim.with_scripts(|scripts| scripts.get_mut("edge-api").unwrap().secrets.clear());
    stage.tf.plan().success().says("1 to add");
    stage.tf.apply().success();
    stage.settled();
    // The Worker is deleted with its secrets. Destroying absent secrets is no error.
    stage.sim.with_scripts(|scripts| scripts.remove("edge-api"));
    stage.tf.destroy().success();
}

#[test]
fn write_only_values_are_stored_nowhere_and_are_put_by_their_version() {
    let stage = Stage::new();
    let config = |version: u8| {
        format!(
            r#"
            ephemeral "cloudflare_account_api_token" "run" {{
              policies = [{{ permission_groups = ["Cloudflare Tunnel Write"] }}]
            }}
            {}
            "#,
            secrets(&format!(
                "secrets_wo = {{ A = ephemeral.cloudflare_account_api_token.run.value, B = \"unstored-two\" }}\n\
                 secrets_wo_version = {version}"
            ))
        )
    };
    let logged = |arguments: &[&str]| {
        let mut command = stage.tf.command(arguments);
        command.env("TF_LOG_PROVIDER", "TRACE").env("TF_LOG_PATH", stage.tf.path().join("log.txt"));
        let output = command.output().unwrap();
        assert!(output.status.success(), "{output:?}");
    };
    stage.config(&config(1));
    logged(&["plan", "-out=saved"]);
    logged(&["apply", "saved"]);
    let (first, _) = held(&stage);
    let value = first["A"].as_str().unwrap().to_owned();
    assert!(value.starts_with("cfat_") && first["B"] == "unstored-two");
    let plan = stage.tf.run(&["show", "-json", "saved"]).success().stdout;
    let log = std::fs::read_to_string(stage.tf.path().join("log.txt")).unwrap();
    assert!(log.contains("secrets-bulk"), "the log has the request");
    for (what, text) in [("plan", plan), ("log", log), ("state", stage.tf.state().to_string())] {
        assert!(!text.contains(&value[5..]) && !text.contains("unstored-two"), "a value is in the {what}");
    }
    assert_eq!(stage.attributes(SECRETS)["names"], json!(["A", "B"]));
    // Each run creates another ephemeral token, but only a new version puts it.
    stage.apply(&config(1));
    assert!(held(&stage) == (first.clone(), 1));
    stage.apply(&config(2));
    let (second, versions) = held(&stage);
    assert!(second["A"] != first["A"] && versions == 2);
    // The whole map can be ephemeral.
    let whole = format!(
        "variable \"all\" {{\n  type = map(string)\n  ephemeral = true\n  default = {{ A = \"new\" }}\n}}\n{}",
        secrets("secrets_wo = var.all\nsecrets_wo_version = 3")
    );
    stage.apply(&whole);
    assert_eq!(held(&stage).0, json!({"A": "new"}));
}

#[test]
fn a_tokens_value_is_handed_over_in_the_run_that_makes_it() {
    let stage = Stage::new();
    let config = token("policies = [{ permission_groups = [\"Cloudflare Tunnel Write\"] }]")
        + &secrets(&format!(
            "secrets = {{ ID = {TOKEN}.id }}\nsecrets_wo = {{ VALUE = {TOKEN}.value }}\n\
             secrets_wo_version = parseint(substr(sha256({TOKEN}.value_issued_on), 0, 12), 16)"
        ));
    stage.apply(&config);
    let (held, versions) = held(&stage);
    assert!(held == json!({"ID": stage.text(TOKEN, "id"), "VALUE": stage.text(TOKEN, "value")}));
    assert_eq!(versions, 1);
}

#[test]
fn a_map_that_is_not_known_before_apply_is_put() {
    let stage = Stage::new();
    let config = |keys: &str| {
        format!(
            "resource \"terraform_data\" \"keys\" {{\n  input = {keys}\n}}\n{}",
            secrets("secrets = { for key in terraform_data.keys.output : key => \"of ${key}\" }")
        )
    };
    stage.apply(&config(r#"["A", "B"]"#));
    assert_eq!(held(&stage).0, json!({"A": "of A", "B": "of B"}));
    stage.apply(&config(r#"["B", "C"]"#));
    assert_eq!(held(&stage), (json!({"B": "of B", "C": "of C"}), 2));
}

#[test]
fn another_worker_gets_the_secrets_of_a_resource_that_moves() {
    let stage = Stage::new();
    let config = secrets(r#"secrets = { A = "one" }"#);
    stage.apply(&config);
    stage.config(&config.replace("edge-api", "cron")).tf.plan().success().says("must be replaced");
    stage.tf.apply().success();
    stage.settled();
    assert_eq!((held(&stage).0, stage.sim.secret("cron", "A").as_deref()), (json!({}), Some("one")));
}

#[test]
fn secrets_are_imported_by_their_names_and_the_others_stay() {
    let stage = Stage::new();
    for name in ["A", "B", "THEIRS"] {
        put_by_hand(&stage, name);
    }
    let account = stage.sim.account_id();
    stage.config(&secrets(r#"secrets = { A = "one" }"#));
    stage.tf.plan().success().says("already has the secret A");
    stage.tf.run(&["import", SECRETS, "edge-api/A"]).failure("<account_id>/<script_name>/<name>[,<name>…]");
    stage.tf.run(&["import", SECRETS, &format!("{account}/edge-api/NONE")]).failure("non-existent");
    stage.tf.run(&["import", SECRETS, &format!("{account}/edge-api/A,B")]).success();
    assert_eq!(stage.attributes(SECRETS)["names"], json!(["A", "B"]));
    assert_eq!(held(&stage).1, 0);
    stage.tf.plan().success().says("1 to change").says(r#"- "B""#);
    stage.tf.apply().success();
    stage.settled();
    assert_eq!(held(&stage), (json!({"A": "one", "THEIRS": "by hand"}), 1));
}

#[test]
fn a_write_without_an_answer_is_not_forgotten() {
    let stage = Stage::new();
    let config =
        |arguments: &str| format!("provider \"cloudflare\" {{\nmax_retries = 0\n}}\n{}", secrets(arguments));
    let lose = |effect: Effect| {
        stage.sim.fault(Fault::new(FaultKind::Html(502, effect)).method("PATCH").path(BULK).times(2))
    };
    let one = config(r#"secrets = { A = "one", B = "two" }"#);
    lose(Effect::Done);
    stage.config(&one).tf.apply().failure("Could not write the secrets");
    stage.tf.destroy().success();
    assert_eq!(held(&stage).0, json!({}), "what the lost put has made is gone");
    stage.apply(&one);
    lose(Effect::Done);
    let other = config(r#"secrets = { A = "changed", C = "three" }"#);
    stage.config(&other).tf.apply().failure("Could not write the secrets");
    // The configuration goes back to the old one.
    stage.config(&one).tf.plan().success().says("1 to change");
    stage.apply(&one);
    assert_eq!(held(&stage).0, json!({"A": "one", "B": "two"}));
}

#[test]
fn one_that_is_replaced_with_the_new_one_first_is_still_there_afterwards() {
    let stage = Stage::new();
    stage.apply(&secrets("secrets = { A = \"one\" }\nlifecycle { create_before_destroy = true }"));
    stage.tf.run(&["apply", "-auto-approve", &format!("-replace={SECRETS}")]).success();
    assert_eq!(held(&stage).0, json!({"A": "one"}));
    stage.settled();
    stage.tf.destroy().success();
    assert_eq!(held(&stage).0, json!({}));
}

#[test]
fn names_with_special_characters_are_put_read_and_removed() {
    let stage = Stage::new();
    stage.apply(&secrets(r#"secrets = { "A/B & C" = "one", "D,E" = "two" }"#));
    assert_eq!(held(&stage).0, json!({"A/B & C": "one", "D,E": "two"}));
    stage.tf.destroy().success();
    assert_eq!(held(&stage).0, json!({}));
}
