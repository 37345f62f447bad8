//! Wrong values are refused at validate or at plan. The error points to the attribute and says what would be right.

use serde_json::Value as Json;

use crate::support::stage::{Stage, bare, token, write_config};
use crate::support::terraform::{Terraform, Workspace};

const POLICIES: &str = r#"policies = [{ permission_groups = ["Workers Scripts Write"] }]"#;

/// Wrong arguments of a token, each with a part of the error's summary and detail.
fn wrong() -> Vec<(String, &'static str, &'static str)> {
    let one = |argument: &str, summary, detail| (argument.to_owned(), summary, detail);
    let policy =
        |arguments: &str, summary, detail| one(&format!("policies = [{{ {arguments} }}]"), summary, detail);
    const DNS: &str = r#"permission_groups = ["DNS Write"]"#;
    vec![
        (format!("name = \"{}\"", "x".repeat(121)), "Invalid `name`", "has 121 characters"),
        one(r#"name = """#, "Invalid `name`", "1 to 120 characters"),
        one(r#"expires_on = "2099-01-01""#, "Invalid `expires_on`", "2027-01-31T00:00:00Z"),
        one(r#"expires_on = "2099-02-30T00:00:00Z""#, "Invalid `expires_on`", "RFC 3339"),
        one(r#"expires_in = "101y""#, "Invalid `expires_in`", "30s, 12h, 90d"),
        one(r#"expires_in = "5000000w""#, "Invalid `expires_in`", "longer than 100 years"),
        one(r#"not_before = "tomorrow""#, "Invalid `not_before`", "RFC 3339"),
        one(r#"account_id = "my account""#, "Invalid `account_id`", "32 hexadecimal digits"),
        one(r#"account_id = "ABCDEF0123456789ABCDEF0123456789""#, "Invalid `account_id`", "lower case"),
        one(r#"status = "expired""#, "Invalid `status`", "active"),
        one(
            r#"condition = { request_ip = { in = ["192.0.2.0/33"] } }"#,
            "Invalid `condition.request_ip.in",
            "0 to 32",
        ),
        one(
            r#"condition = { request_ip = { not_in = ["example.com"] } }"#,
            "Invalid `condition.request_ip.not_in",
            "192.0.2.0/24",
        ),
        one(
            r#"condition = { request_ip = { in = [] } }"#,
            "Invalid `condition.request_ip.in`",
            "lock the token out",
        ),
        one("policies = []", "Invalid `policies`", "Leave `policies` out"),
        policy("permission_groups = []", "Invalid `policies", "at least one permission group"),
        policy(&format!("effect = \"forbid\", {DNS}, zones = [\"*\"]"), "Invalid `policies", "deny"),
        policy(&format!("{DNS}, zones = []"), "Invalid `policies", "[\"*\"]"),
        policy(&format!("{DNS}, zones = [\"example.com\"]"), "Invalid `policies", "not its name"),
        policy(
            &format!("{DNS}, zones = [\"*\", \"{}\"]", "a".repeat(32)),
            "Invalid `policies",
            "stands alone",
        ),
        policy(&format!("{DNS}, zones = [\"*\"], r2_buckets = [\"*\"]"), "conflicts with", "Only one of"),
        policy(
            &format!("{DNS}, resources = {{ \"zone\" = \"*\" }}"),
            "Invalid `policies.resources`",
            "begin with `com.cloudflare.`",
        ),
        policy(
            &format!("{DNS}, resources = {{ \"com.cloudflare.api.account.zone.example.com\" = \"*\" }}"),
            "Invalid `policies.resources`",
            "com.cloudflare.api.account.zone.<zone id>",
        ),
        policy(
            &format!("{DNS}, resources = {{ \"com.cloudflare.api.account.mine\" = \"*\" }}"),
            "Invalid `policies.resources`",
            "com.cloudflare.api.account.<account id>",
        ),
        policy(
            &format!("{DNS}, resources = {{ \"com.cloudflare.api.account.zone.*\" = \"all\" }}"),
            "Invalid `policies.resources`",
            "neither `*` nor",
        ),
        policy(
            &format!(
                "{DNS}, resources = {{ \"com.cloudflare.api.account.zone.*\" = jsonencode({{ a = {{}} }}) }}"
            ),
            "Invalid `policies.resources`",
            "neither `*` nor",
        ),
        one("condition = { request_ip = {} }", "Empty `condition.request_ip`", "leave out `condition`"),
        one(
            "condition = { request_ip = { ni = [\"192.0.2.1\"] } }",
            "Empty `condition.request_ip`",
            "Terraform drops a name",
        ),
        one("rotation = {}", "Empty `rotation`", "Set `every` or `triggers` or `overlap`"),
        one("rotation = { evry = \"30d\" }", "Empty `rotation`", "Terraform drops a name"),
        one("rotation = { every = null, triggers = null }", "Empty `rotation`", "leave out `rotation`"),
    ]
}

/// The errors that `validate` finds in this configuration.
fn validated(tf: &Workspace, config: &str) -> Vec<Json> {
    write_config(tf, config);
    let said = tf.run(&["validate", "-json"]).stdout;
    let said: Json = serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}"));
    // The warning about the dev override does not count.
    let all = said["diagnostics"].as_array().unwrap().iter();
    all.filter(|diagnostic| diagnostic["severity"] == "error").cloned().collect()
}

/// Panics unless a diagnostic at this argument has this text.
fn found(diagnostics: &[Json], argument: &str, summary: &str, detail: &str) -> Result<(), String> {
    let text = |diagnostic: &Json, key: &str| diagnostic[key].as_str().unwrap_or_default().to_owned();
    let code = |diagnostic: &Json| text(&diagnostic["snippet"], "code");
    let here: Vec<_> = diagnostics.iter().filter(|d| code(d).trim() == argument.trim()).collect();
    let fits = |d: &&Json| text(d, "summary").contains(summary) && text(d, "detail").contains(detail);
    if here.iter().copied().any(|d| fits(&d)) { Ok(()) } else { Err(format!("{argument}: {here:#?}")) }
}

#[test]
fn wrong_values_of_a_token_are_refused_at_validate_without_a_credential() {
    let tf = bare(&Terraform::find());
    let wrong = wrong();
    let config: String = wrong
        .iter()
        .enumerate()
        .map(|(n, (argument, ..))| {
            format!("resource \"cloudflare_account_api_token\" \"t{n}\" {{\n{argument}\n}}\n")
        })
        .collect();
    let diagnostics = validated(&tf, &config);
    let missed: Vec<_> = wrong
        .iter()
        .filter_map(|(a, summary, detail)| found(&diagnostics, a, summary, detail).err())
        .collect();
    assert!(missed.is_empty(), "{}", missed.join("\n"));
    assert_eq!(diagnostics.len(), wrong.len(), "one diagnostic per fault: {diagnostics:#?}");
}

#[test]
fn what_only_the_list_of_groups_can_tell_is_refused_at_plan() {
    let stage = Stage::new();
    let refused = |policy: &str, why: &str| {
        let config = token(&format!("policies = [{{ {policy} }}]"));
        stage.config(&config).tf.plan().failure(why).failure("on main.tf line").failure("policies = [");
    };
    const R2: &str = r#"permission_groups = ["Workers R2 Storage Bucket Item Read"]"#;
    refused(&format!("{R2}, r2_buckets = [\"photos\"]"), "Write \"default/photos\"");
    refused(&format!("{R2}, r2_buckets = [\"default/p\"]"), "3 to 63 lower-case letters");
    refused(
        r#"permission_groups = ["abcdef0123456789abcdef012345678"]"#,
        "an id has 32 hexadecimal digits in lower case",
    );
    refused(r#"permission_groups = ["Zone Read", "Zone Rea"], zones = ["*"]"#, "\"Zone Read\"");
}

/// The output of a plan for this provider block, with only these environment variables.
fn configured(environment: &[(&str, &str)], block: &str) -> crate::support::terraform::Output {
    let mut tf = bare(&Terraform::find());
    for (name, value) in environment {
        tf.env(name, *value);
    }
    write_config(&tf, &format!("provider \"cloudflare\" {{\n{block}\n}}\n{}", token(POLICIES)));
    tf.plan()
}

const ACCOUNT: (&str, &str) = ("CLOUDFLARE_ACCOUNT_ID", "0123456789abcdef0123456789abcdef");

#[test]
fn credentials_must_be_one_and_only_one() {
    configured(&[ACCOUNT], "").failure("No credentials").failure("CLOUDFLARE_API_TOKEN");
    configured(&[ACCOUNT], "api_token = \"a\"\napi_key = \"secret-b\"\nemail = \"e@example.com\"")
        .failure("`api_token` conflicts with `api_key`")
        .never_says("secret-b");
    let both = [("CLOUDFLARE_API_TOKEN", "secret-a"), ("CLOUDFLARE_API_KEY", "secret-b")];
    configured(&both, "").failure("Two credentials").never_says("secret-");
    configured(&[ACCOUNT, ("CLOUDFLARE_API_KEY", "secret-b")], "").failure("`email`").never_says("secret-b");
    configured(&[], "api_token = \" \"").failure("Invalid `api_token`");
}

#[test]
fn other_arguments_of_the_provider_are_checked() {
    let token = [("CLOUDFLARE_API_TOKEN", "secret-a"), ACCOUNT];
    let wrong = [
        ("base_url = \"http://api.example.com/client/v4\"", "loopback host only"),
        ("base_url = \"nonsense\"", "base URL"),
        ("max_retries = 1000", "0 to 20"),
        ("max_retries = 1.5", "whole number"),
        ("request_timeout = \"soon\"", "is not a duration"),
        ("request_timeout = \"0s\"", "is no time at all"),
        ("account_id = \"me\"", "32 hexadecimal digits"),
        ("guardrails {\n}", "Nothing in `guardrails` is set"),
        ("guardrails {\n  require_expiry = null\n}", "Nothing in `guardrails` is set"),
        (
            "guardrails {\n  require_expirey = true\n}",
            "An argument named \"require_expirey\" is not expected here",
        ),
        ("guardrails {\n  require_expiry = true\n}\nguardrails {\n  max_lifetime = \"1d\"\n}", "guardrails"),
    ];
    for (block, detail) in wrong {
        configured(&token, block).failure(detail).never_says("secret-a").never_says("panic");
    }
    configured(&[("CLOUDFLARE_API_TOKEN", "secret-a")], "")
        .failure("No account")
        .failure("CLOUDFLARE_ACCOUNT_ID");
    configured(&[token[0], ("CLOUDFLARE_ACCOUNT_ID", "me")], "").failure("CLOUDFLARE_ACCOUNT_ID is not");
    configured(&[("CLOUDFLARE_API_TOKEN", "secret\nline"), ACCOUNT], "").never_says("secret");
}

#[test]
fn a_refused_credential_is_an_error_that_names_the_missing_right() {
    let mut stage = Stage::new();
    stage.config(&token(POLICIES));
    stage.tf.env("CLOUDFLARE_API_TOKEN", "cfat_0000000000000000000000000000000000000000deadbeef");
    stage.tf.plan().failure("HTTP 401").never_says("deadbeef");
    let group = |name: &str| {
        stage.sim.with_state(|s| s.catalogue.named(name, "com.cloudflare.api.account").unwrap().id.clone())
    };
    let policy = serde_json::json!({
        "effect": "allow",
        "resources": {format!("com.cloudflare.api.account.{}", stage.sim.account_id()): "*"},
        "permission_groups": [{"id": group("Account API Tokens Read")}],
    });
    let (_, reader) = stage.sim.mint(&serde_json::json!({"name": "reader", "policies": [policy]}));
    stage.tf.env("CLOUDFLARE_API_TOKEN", &reader);
    stage.tf.plan().success();
    stage.tf.apply().failure("Account API Tokens Write").never_says(&reader);
}
