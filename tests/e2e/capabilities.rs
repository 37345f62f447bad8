//! The functions that return the required rights, called by a real Terraform: without a credential, with unknown
//! targets, in the console, and with a real client that has exactly the returned rights.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value as Json, json};

use crate::guides::{GUIDES, code};
use crate::modules::read;
use crate::support::packages::python;
use crate::support::stage::{Stage, TOKEN, bare, write_config};
use crate::support::terraform::{Terraform, Workspace};

/// Evaluates an expression in `terraform console`, in a workspace without a credential.
fn console(expression: &str) -> String {
    let tf = bare(&Terraform::find());
    write_config(&tf, "");
    let mut console = tf.command(&["console"]);
    let mut console =
        console.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    writeln!(console.stdin.take().unwrap(), "{expression}").unwrap();
    tf.finish(console).success().stdout
}

#[test]
fn the_console_answers_without_a_credential() {
    let policies = r#"provider::cloudflare::capability("external-dns", { zones = ["*"] })"#;
    let said = console(&format!("jsonencode([for p in {policies} : [p.permission_groups, p.zones]])"));
    assert!(said.contains(r#"[[[\"DNS Write\",\"Zone Read\"],[\"*\"]]]"#), "{said}");
    let types = r#"["cloudflare_dns_record", "data.cloudflare_zones", "cloudflare_queue"]"#;
    let policies =
        format!(r#"provider::cloudflare::terraform_policies({types}, "write", {{ zones = ["*"] }})"#);
    let said = console(&format!("jsonencode([for p in {policies} : p.permission_groups])"));
    let expected = r#"[[\"Queues Read\",\"Queues Write\"],[\"DNS Read\",\"DNS Write\",\"Zone Read\"]]"#;
    assert!(said.contains(expected), "{said}");
}

#[test]
fn validate_names_what_is_wrong_without_a_credential() {
    let tf = bare(&Terraform::find());
    let policies = |call: &str| {
        write_config(&tf, &format!("output \"policies\" {{\n  value = provider::cloudflare::{call}\n}}\n"));
        // OpenTofu calls functions during the plan.
        let tofu = Terraform::find().registry() == "registry.opentofu.org";
        tf.run(if tofu { &["plan"] } else { &["validate"] })
    };
    for (call, wrong) in [
        (r#"capability("external_dns", { zones = ["*"] })"#, "Did you mean \"external-dns\"?"),
        (r#"capability("external-dns", {})"#, "needs zones, which targets does not have"),
        (r#"capability("kv-read", { zones = ["*"] })"#, "cannot use zones"),
        (r#"capability("external-dns", { zone = ["*"] })"#, "targets has an attribute \"zone\""),
        (r#"capability("r2-read", { r2_buckets = null })"#, "targets.r2_buckets is null"),
        (
            r#"terraform_policies(["cloudflare_record"], "read", {})"#,
            "Did you mean \"cloudflare_dns_record\"",
        ),
        (r#"terraform_policies(["cloudflare_ruleset"], "read", {})"#, "concat("),
        (r#"terraform_policies(["cloudflare_queue"], "plan", {})"#, "access is \"read\" or \"write\""),
    ] {
        policies(call).failure(wrong);
    }
    policies(r#"capability("kv-read", {})"#).success();
}

#[test]
fn policies_with_targets_that_are_not_known_yet_plan_their_groups_and_apply() {
    let stage = Stage::new();
    let config = r#"
        variable "zone_id" {}
        resource "terraform_data" "zone" { input = var.zone_id }
        resource "terraform_data" "targets" { input = { zones = ["*"] } }
        resource "cloudflare_account_api_token" "t" {
          policies = concat(
            provider::cloudflare::capability("tunnel-ingress-controller", { zones = [terraform_data.zone.output] }),
            provider::cloudflare::terraform_policies(["cloudflare_dns_record"], "read", { zones = terraform_data.zone.output[*] }),
            provider::cloudflare::capability("cache-purge", terraform_data.targets.output),
            [{ permission_groups = ["Zone Settings Read"], zones = [terraform_data.zone.output] }],
          )
        }
    "#;
    stage.config(config);
    let planned = stage.tf.plan().success();
    assert!(
        ["Zone Read", "DNS Read", "Cache Purge"].iter().all(|group| planned.said().contains(group)),
        "{}",
        planned.stdout
    );
    stage.apply(config);
    let id = stage.text(TOKEN, "id");
    let mut counts: Vec<_> = stage.sim.policies(&id).iter().map(|policy| policy.groups.len()).collect();
    counts.sort_unstable();
    assert_eq!(counts, [1, 1, 1, 1, 2], "only DNS Write and Zone Read are of one policy");
}

#[test]
fn a_null_that_comes_at_apply_is_an_error_and_not_the_account() {
    let stage = Stage::new();
    stage.config(
        r#"
        resource "terraform_data" "buckets" { input = null }
        resource "cloudflare_account_api_token" "t" {
          policies = provider::cloudflare::capability("r2-read", { r2_buckets = terraform_data.buckets.output })
        }
    "#,
    );
    stage.tf.apply().failure("targets.r2_buckets is null");
    assert!(stage.sim.tokens().is_empty());
}

#[test]
fn the_commands_of_the_guide_list_the_types_of_a_state_and_of_a_configuration() {
    let guide = read(&Path::new(GUIDES).join("the-token-that-runs-terraform.md"));
    let stage = Stage::new();
    stage.apply(
        r#"
        resource "cloudflare_account_api_token" "t" { policies = [{ permission_groups = ["Queues Read"] }] }
        resource "cloudflare_account_api_token" "u" { policies = [{ permission_groups = ["Queues Read"] }] }
        data "cloudflare_account_api_tokens" "all" {}
        resource "terraform_data" "other" {}
    "#,
    );
    let commands = code(&guide, "shell");
    let expected = ["cloudflare_account_api_token", "data.cloudflare_account_api_tokens"];

    let filter = commands[0].split('\'').nth(1).unwrap();
    let state = stage.tf.run(&["show", "-json"]).success().stdout;
    assert_eq!(jq(filter, &state), json!(expected));

    // The files must have the form that `terraform fmt` writes.
    stage.tf.run(&["fmt"]).success();
    let listed = shell(&stage.tf, &commands[1]);
    assert_eq!(listed.lines().map(|line| line.trim_matches('"')).collect::<Vec<_>>(), expected);
}

/// The output of jq for a text.
fn jq(filter: &str, text: &str) -> Json {
    let python = python("jq", &["jq==1.12.0"]);
    let program = "import jq, json, sys; print(json.dumps(jq.compile(sys.argv[1]).input_text(sys.stdin.read()).first()))";
    let mut command = Command::new(python);
    let mut jq =
        command.args(["-c", program, filter]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    jq.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    serde_json::from_slice(&jq.wait_with_output().unwrap().stdout).unwrap()
}

/// The output of a command in a workspace.
fn shell(tf: &Workspace, command: &str) -> String {
    let output = Command::new("sh").args(["-c", command]).current_dir(tf.path()).output().unwrap();
    assert!(output.status.success(), "{command}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}
