//! The places that contain a token's value, and those that must not.

use crate::support::stage::{Stage, TOKEN, token};

const POLICIES: &str = r#"policies = [{ permission_groups = ["Workers Scripts Write"] }]"#;

#[test]
fn no_log_at_any_level_and_no_output_has_a_value_or_a_credential() {
    let mut stage = Stage::new();
    stage.tf.env("TF_LOG", "TRACE");
    let root = stage.sim.root_token();
    let mut said = String::new();
    for arguments in
        ["name = \"one\"", "name = \"two\"", "name = \"two\"\nrotation = { triggers = { a = \"1\" } }"]
    {
        stage.config(&token(&format!("{POLICIES}\n{arguments}")));
        let applied = stage.tf.apply();
        assert_eq!(applied.code, Some(0), "{}", applied.stderr);
        said += &applied.said();
        let value = stage.text(TOKEN, "value");
        assert!(!said.contains(&value), "the value is in the log or the output");
    }
    said += &stage.tf.destroy().said();
    assert!(said.contains("/tokens"), "the provider's requests are in the log");
    for secret in [root.as_str(), "Bearer ", "cfat_"] {
        assert!(!said.contains(secret), "a credential is in the log");
    }
}

#[test]
fn a_value_that_is_given_where_an_id_belongs_is_not_quoted() {
    let stage = Stage::new();
    let config = format!(
        "{}\nresource \"cloudflare_token_binding\" \"b\" {{\n token_id = {TOKEN}.value\n name = \"b\"\n{POLICIES}\n}}",
        token("name = \"app\"")
    );
    let applied = stage.config(&config).tf.apply();
    let value = stage.text(TOKEN, "value");
    applied.failure("Invalid `token_id`").failure("hidden").never_says(&value);
    let as_group = format!(
        "{}\nresource \"cloudflare_account_api_token\" \"b\" {{\n policies = [{{ permission_groups = [{TOKEN}.value] }}]\n}}",
        token("name = \"app\"")
    );
    stage.config(&as_group).tf.plan().failure("No such permission group").never_says(&value);
}

#[test]
fn the_plan_of_a_create_and_the_cli_show_no_value() {
    let stage = Stage::new();
    stage.config(&token(POLICIES)).tf.run(&["plan", "-out=plan"]).success();
    let plan = stage.tf.run(&["show", "-json", "plan"]).success();
    assert!(!plan.stdout.contains(&stage.sim.root_token()));
    stage.tf.run(&["apply", "plan"]).success();
    let value = stage.text(TOKEN, "value");
    stage.tf.run(&["state", "show", TOKEN]).success().never_says(&value);
    let output = format!("{}\noutput \"v\" {{ value = {TOKEN}.value }}", token(POLICIES));
    stage.config(&output).tf.plan().failure("sensitive").never_says(&value);
}
