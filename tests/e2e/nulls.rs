//! A null element is refused everywhere, before a request is sent. Otherwise a written element would vanish silently.

use serde_json::Value as Json;

use crate::support::stage::{Stage, TOKEN, bare, token, write_config};
use crate::support::terraform::Terraform;

const DNS: &str = r#"permission_groups = ["DNS Write"], zones = ["*"]"#;

/// A value that is unknown at plan and null at apply.
const LATE_NULL: &str = r#"
    resource "terraform_data" "late" { input = "late" }
    locals { late = terraform_data.late.id == "never" ? "192.0.2.1" : null }
"#;

/// The errors of `validate`: the summaries with their lines, sorted.
fn errors(config: &str) -> Vec<(String, String)> {
    let tf = bare(&Terraform::find());
    write_config(&tf, config);
    let said: Json = serde_json::from_str(&tf.run(&["validate", "-json"]).stdout).unwrap();
    let all = said["diagnostics"].as_array().unwrap().iter().filter(|d| d["severity"] == "error");
    let text = |json: &Json| json.as_str().unwrap_or_default().trim().to_owned();
    let mut all: Vec<_> = all.map(|d| (text(&d["snippet"]["code"]), text(&d["summary"]))).collect();
    all.sort();
    all
}

/// Asserts that each of these arguments, alone in a block of this kind, gives exactly this error at its line.
fn refused(block: &str, wrong: &[(String, &str)]) {
    let blocks = wrong.iter().enumerate().map(|(n, (argument, _))| {
        format!("{} {{\n{argument}\n}}\n", block.replace("NAME", &format!("t{n}")))
    });
    let config: String = blocks.collect();
    let mut expected: Vec<_> =
        wrong.iter().map(|(line, error)| (line.clone(), (*error).to_owned())).collect();
    expected.sort();
    assert_eq!(errors(&config), expected);
}

fn policies(policy: &str) -> String {
    format!("policies = [{policy}]")
}

#[test]
fn null_elements_of_a_token_are_refused_at_validate() {
    let zone = "0123456789abcdef0123456789abcdef";
    let one = |argument: &str, summary| (argument.to_owned(), summary);
    refused(
        "resource \"cloudflare_account_api_token\" \"NAME\"",
        &[
            one("condition = { request_ip = { in = [null] } }", "Null element in `condition.request_ip.in`"),
            one(
                "condition = { request_ip = { not_in = [\"192.0.2.1\", null] } }",
                "Null element in `condition.request_ip.not_in`",
            ),
            one("condition = { request_ip = null }", "Missing `condition.request_ip`"),
            (policies(&format!("{{ {DNS} }}, null")), "Null element in `policies`"),
            (policies(&format!("{{ {DNS} }}, true ? null : {{ {DNS} }}")), "Null element in `policies`"),
            (
                policies("{ permission_groups = null, zones = [\"*\"] }"),
                "Missing `policies.permission_groups`",
            ),
            (
                policies("{ permission_groups = [\"DNS Write\", null], zones = [\"*\"] }"),
                "Null element in `policies.permission_groups`",
            ),
            (
                policies(&format!(
                    "{{ effect = \"deny\", permission_groups = [\"DNS Write\"], zones = [\"{zone}\", null] }}"
                )),
                "Null element in `policies.zones`",
            ),
            (
                policies(
                    "{ permission_groups = [\"DNS Write\"], resources = { \"com.cloudflare.api.account.zone.*\" = null } }",
                ),
                "Null element in `policies.resources`",
            ),
            one("seal_for = { a = null }", "Null element in `seal_for`"),
            one(
                "seal_for = { a = { format = \"age\", public_key = null } }",
                "Missing `seal_for[\"a\"].public_key`",
            ),
            one("rotation = { triggers = { a = null } }", "Null element in `rotation.triggers`"),
        ],
    );
}

#[test]
fn null_elements_of_bindings_and_ephemeral_tokens_are_refused_at_validate() {
    let wrong = [
        (policies(&format!("{{ {DNS} }}, null")), "Null element in `policies`"),
        (policies("{ permission_groups = [null] }"), "Null element in `policies.permission_groups`"),
    ];
    refused("ephemeral \"cloudflare_account_api_token\" \"NAME\"", &wrong);
    let bound = wrong.map(|(policies, summary)| {
        (format!("{policies}\ntoken_id = \"0123456789abcdef0123456789abcdef\""), summary)
    });
    let config: Vec<_> = bound
        .iter()
        .enumerate()
        .map(|(n, (arguments, _))| {
            format!("resource \"cloudflare_token_binding\" \"t{n}\" {{\n{arguments}\n}}\n")
        })
        .collect();
    let summaries: Vec<_> = errors(&config.concat()).into_iter().map(|(_, summary)| summary).collect();
    assert_eq!(summaries.len(), 2);
    assert!(bound.iter().all(|(_, summary)| summaries.iter().any(|s| s == summary)), "{summaries:?}");
}

#[test]
fn an_address_that_is_null_makes_no_token_without_a_restriction() {
    let stage = Stage::new();
    let condition = |ip: &str| {
        token(&format!(
            "{}\ncondition = {{ request_ip = {{ in = [{ip}] }} }}",
            policies(&format!("{{ {DNS} }}"))
        ))
    };
    let variable = "variable \"ip\" {\n  type    = string\n  default = null\n}\n";
    for config in
        [format!("{variable}{}", condition("var.ip")), format!("{LATE_NULL}{}", condition("local.late"))]
    {
        let said = stage.config(&config).tf.apply().failure("Null element in `condition.request_ip.in`");
        said.failure("An element of `condition.request_ip.in` is null").failure("concat(");
    }
    assert_eq!(stage.sim.count("POST", "/accounts/*/tokens"), 0);
}

#[test]
fn a_policy_that_becomes_null_leaves_a_live_token_as_it_is() {
    let stage = Stage::new();
    stage.apply(&token(&policies(&format!("{{ {DNS} }}"))));
    let before = stage.sim.policies(&stage.text(TOKEN, "id"));
    let variable = "variable \"dns\" {\n  type    = bool\n  default = false\n}\n";
    let chosen = policies(&format!("var.dns ? {{ {DNS} }} : null"));
    let late = policies(&format!("{{ {DNS} }}, local.late == null ? null : {{ {DNS} }}"));
    for config in [
        token(&policies(&format!("{{ {DNS} }}, null"))),
        format!("{variable}{}", token(&chosen)),
        format!("{LATE_NULL}{}", token(&late)),
    ] {
        stage.config(&config).tf.apply().failure("Null element in `policies`");
    }
    assert_eq!(stage.sim.count("PUT", "/accounts/*/tokens/*"), 0);
    assert_eq!(stage.sim.policies(&stage.text(TOKEN, "id")), before);
}

#[test]
fn a_guardrail_with_a_null_element_is_refused() {
    let stage = Stage::new();
    let provider = |group: &str| {
        format!(
            "provider \"cloudflare\" {{\n guardrails {{\n  forbidden_permission_groups = [{group}, \"DNS Write\"]\n }}\n}}\n"
        )
    };
    let token = token(&policies("{ permission_groups = [\"Zone Read\"], zones = [\"*\"] }"));
    for (before, group) in [("", "null"), (LATE_NULL, "local.late")] {
        stage.config(&format!("{before}{}{token}", provider(group)));
        stage.tf.apply().failure("Null element in `guardrails.forbidden_permission_groups`");
    }
    assert!(stage.sim.tokens().is_empty());
}

#[test]
fn an_ephemeral_token_with_a_null_element_is_never_made() {
    let stage = Stage::new();
    let config = |ip: &str| {
        format!(
            "ephemeral \"cloudflare_account_api_token\" \"run\" {{\n{}\ncondition = {{ request_ip = {{ in = [{ip}] }} }}\n}}\n",
            policies(&format!("{{ {DNS} }}"))
        )
    };
    for config in [config("null"), format!("{LATE_NULL}{}", config("local.late"))] {
        stage.config(&config).tf.apply().failure("Null element in `condition.request_ip.in`");
    }
    assert_eq!(stage.sim.count("POST", "/accounts/*/tokens"), 0);
}
