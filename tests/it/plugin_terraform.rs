//! The plugin layer under a real Terraform, with a provider without side effects.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::json;

use crate::support::host::attach;
use crate::support::terraform::{Terraform, Workspace};
use crate::support::toy::{Calls, server};

/// The provider's key in a schema, for any registry.
const ADDRESS: &str = "/cloudflare-tokens/cloudflare-tokens";

/// A configuration of the provider itself.
const PROVIDER: &str = r#"
terraform {
  required_providers {
    cloudflare = { source = "cloudflare-tokens/cloudflare-tokens" }
  }
}
provider "cloudflare" {}
"#;

const SETTINGS: &str = r#"
terraform {
  required_providers {
    toy = { source = "test/toy" }
  }
}
"#;

/// A workspace with the toy provider attached. The provider serves as long as the directory exists.
fn attached(terraform: &Terraform) -> (Workspace, tempfile::TempDir) {
    attached_to(terraform, &Calls::default())
}

fn attached_to(terraform: &Terraform, calls: &Calls) -> (Workspace, tempfile::TempDir) {
    let (socket, reattach) = attach(server(calls), &format!("{}/test/toy", terraform.registry()));
    let mut workspace = terraform.workspace();
    workspace.env("TF_REATTACH_PROVIDERS", reattach).write("settings.tf", SETTINGS);
    (workspace, socket)
}

fn thing(name: &str, more: &str) -> String {
    format!("resource \"toy_thing\" \"t\" {{\n  name = \"{name}\"\n  {more}\n}}\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resource_is_created_left_alone_changed_and_destroyed() {
    let (workspace, _socket) = attached(&Terraform::find());
    let more = r#"
      many      = 9007199254740993
      tags      = ["b", "a", "b"]
      parts     = [{ what = "x", many = 1 }, { what = "y" }]
      secret    = "hidden"
      secret_wo = "nowhere to be found"
    "#;
    workspace.write("main.tf", &thing("n", more));
    workspace.apply().success();
    let state = workspace.state();
    let instance = &state["resources"][0]["instances"][0];
    assert_eq!(instance["attributes"]["id"], "thing-1");
    assert_eq!(instance["attributes"]["many"], json!(9_007_199_254_740_993_u64));
    assert_eq!(instance["attributes"]["tags"], json!(["a", "b"]));
    assert_eq!(instance["private"], data_encoding::BASE64.encode(br#"{"note":"created"}"#));
    assert!(!state.to_string().contains("nowhere"));
    let again = workspace.plan().success();
    assert!(again.stdout.contains("No changes."), "{}", again.stdout);

    workspace.write("main.tf", &thing("n", "many = 2"));
    workspace.apply().success();
    let changed = &workspace.state()["resources"][0]["instances"][0]["attributes"];
    assert_eq!((&changed["writes"], &changed["secret"]), (&json!(2), &json!(null)));
    workspace.destroy().success();
    assert_eq!(workspace.state()["resources"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_create_that_fails_half_way_is_saved_as_tainted() {
    let (workspace, _socket) = attached(&Terraform::find());
    workspace.write("main.tf", &thing("fails half way", ""));
    workspace.apply().failure("Half made");
    let instance = &workspace.state()["resources"][0]["instances"][0];
    assert_eq!((&instance["status"], &instance["attributes"]["id"]), (&json!("tainted"), &json!("thing-1")));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_that_fails_leaves_the_state_as_it_was() {
    let (workspace, _socket) = attached(&Terraform::find());
    workspace.write("main.tf", &thing("n", ""));
    workspace.apply().success();
    let kept = || {
        let instance = workspace.state()["resources"][0]["instances"][0].clone();
        (instance["attributes"].clone(), instance["private"].clone(), instance["status"].clone())
    };
    let before = kept();
    workspace.write("main.tf", &thing("n", "many = 13"));
    workspace.apply().failure("Unlucky");
    assert_eq!(kept(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_is_shown_as_a_bug_of_the_provider() {
    let (workspace, _socket) = attached(&Terraform::find());
    workspace.write("main.tf", &thing("panics in plan", ""));
    let output = workspace.plan().failure("The provider has a bug");
    assert!(!output.stderr.contains("cfat_secret"));
}

/// Terraform 1.12 and later support identities. They crash on an identity without a schema.
#[tokio::test(flavor = "multi_thread")]
async fn a_newer_terraform_keeps_identities_and_imports_by_them() {
    let (workspace, _socket) = attached(&Terraform::library());
    let import = "import {\n  to = toy_thing.i\n  identity = { id = \"thing-9\" }\n}\n\
                  resource \"toy_thing\" \"i\" {\n  name = \"imported\"\n}\n\
                  resource \"toy_plain\" \"p\" {}\n";
    workspace.write("main.tf", &format!("{}{import}", thing("n", "")));
    workspace.apply().success();
    let state = workspace.state();
    let identity = |ty: &str, name: &str| {
        let found =
            state["resources"].as_array().unwrap().iter().find(|r| r["type"] == ty && r["name"] == name);
        found.unwrap()["instances"][0]["identity"].clone()
    };
    assert_eq!(identity("toy_thing", "t"), json!({"id": "thing-1"}));
    assert_eq!(identity("toy_thing", "i"), json!({"id": "thing-9"}));
    assert_eq!(identity("toy_plain", "p"), json!(null));
    let again = workspace.plan().success();
    assert!(again.stdout.contains("No changes."), "{}", again.stdout);
    workspace.destroy().success();
}

#[tokio::test(flavor = "multi_thread")]
async fn data_functions_and_ephemerals_work_in_every_terraform_at_hand() {
    for terraform in [Terraform::find(), Terraform::library()] {
        let (workspace, _socket) = attached(&terraform);
        let main = r#"
            data "toy_lookup" "d" { key = provider::toy::join("a", "b") }
            ephemeral "toy_ticket" "e" { holder = "me" }
            resource "toy_thing" "t" {
              name      = "n"
              secret_wo = ephemeral.toy_ticket.e.ticket
            }
            output "found" { value = data.toy_lookup.d.found }
        "#;
        workspace.write("main.tf", main);
        workspace.apply().success();
        assert_eq!(workspace.output("found"), "found a-b");
        assert!(!workspace.state().to_string().contains("ephemeral-secret"));
        workspace.destroy().success();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn state_moves_over_from_another_type() {
    let (workspace, _socket) = attached(&Terraform::find());
    workspace.write("main.tf", "resource \"terraform_data\" \"d\" {}\n");
    workspace.apply().success();
    let id = workspace.state()["resources"][0]["instances"][0]["attributes"]["id"].clone();
    let moved = "moved {\n  from = terraform_data.d\n  to = toy_thing.t\n}\n";
    workspace.write("main.tf", &format!("{}{moved}", thing("moved", "")));
    workspace.apply().success();
    assert_eq!(workspace.state()["resources"][0]["instances"][0]["attributes"]["id"], id);
}

/// Terraform passes what it knows of an unknown value: a prefix, bounds, or that it is not null.
#[tokio::test(flavor = "multi_thread")]
async fn values_that_are_known_in_part_are_planned_as_unknown() {
    for terraform in [Terraform::find(), Terraform::library()] {
        let (workspace, _socket) = attached(&terraform);
        let main = r#"
            resource "terraform_data" "d" {}
            resource "toy_thing" "t" {
              name = "pre-${terraform_data.d.id}"
              many = length(terraform_data.d.id)
              tags = ["known", terraform_data.d.id]
            }
        "#;
        workspace.write("main.tf", main);
        workspace.apply().success();
        let state = workspace.state();
        let thing = &state["resources"][1]["instances"][0]["attributes"];
        assert_eq!(thing["many"], 36);
        assert!(thing["name"].as_str().unwrap().starts_with("pre-"));
        assert!(workspace.plan().success().stdout.contains("No changes."));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_under_way_when_terraform_is_interrupted_is_saved() {
    let calls = Calls::default();
    let (workspace, _socket) = attached_to(&Terraform::find(), &calls);
    workspace.write("main.tf", &thing("waits to be stopped", ""));
    let mut apply = workspace.command(&["apply", "-auto-approve"]);
    let apply = apply.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    calls.waiting.notified().await;
    assert!(crate::support::signal("INT", apply.id()));
    let output = apply.wait_with_output().unwrap();
    assert!(String::from_utf8(output.stderr).unwrap().contains("Interrupted"));
    assert_eq!(workspace.state()["resources"][0]["instances"][0]["status"], "tainted");
}

#[test]
fn the_provider_starts_under_every_terraform_at_hand_with_and_without_tls() {
    let binary = Path::new(env!("CARGO_BIN_EXE_terraform-provider-cloudflare-tokens"));
    for (terraform, variable) in [
        (Terraform::find(), "NOTHING"),
        (Terraform::find(), "TF_DISABLE_PLUGIN_TLS"),
        (Terraform::library(), "NOTHING"),
    ] {
        let mut workspace = terraform.workspace();
        workspace.env(variable, "1");
        workspace.dev_override("cloudflare-tokens/cloudflare-tokens", binary.parent().unwrap());
        workspace.write("main.tf", PROVIDER);
        let schema = workspace.run(&["providers", "schema", "-json"]).success();
        assert!(schema.stdout.contains(ADDRESS));
    }
}

/// `hclog` lines keep their level and fields. Terraform shows any other line on stderr unchanged, at DEBUG.
#[test]
fn terraform_takes_the_log_for_its_own() {
    let binary = Path::new(env!("CARGO_BIN_EXE_terraform-provider-cloudflare-tokens"));
    let mut workspace = Terraform::find().workspace();
    workspace.env("TF_LOG", "TRACE");
    workspace.dev_override("cloudflare-tokens/cloudflare-tokens", binary.parent().unwrap());
    let log = workspace.write("main.tf", PROVIDER).run(&["providers", "schema", "-json"]).success().stderr;
    let said = |part: &str| log.lines().any(|line| line.contains("[DEBUG]") && line.contains(part));
    assert!(said("tf_rpc=GetProviderSchema"), "{log}");
    // Libraries must log nothing at any level, because they might log what they send.
    assert!(!log.contains("@module=h2") && !log.contains("rustls"));
}

#[test]
fn in_debug_mode_it_serves_whoever_comes_until_ctrl_c() {
    let temporary = tempfile::tempdir().unwrap();
    let mut debug = Command::new(env!("CARGO_BIN_EXE_terraform-provider-cloudflare-tokens"));
    debug.arg("-debug").env_clear().env("TMPDIR", temporary.path()).stdout(Stdio::piped());
    let mut debug = debug.spawn().unwrap();
    let mut lines = BufReader::new(debug.stdout.take().unwrap()).lines().map(Result::unwrap);
    let line = lines.find(|line| line.contains("TF_REATTACH_PROVIDERS='")).unwrap();
    let reattach = line.trim().trim_start_matches("TF_REATTACH_PROVIDERS=").trim_matches('\'');

    let mut workspace = Terraform::find().workspace();
    workspace.env("TF_REATTACH_PROVIDERS", reattach).write("main.tf", PROVIDER);
    for _ in 0..2 {
        let schema = workspace.run(&["providers", "schema", "-json"]).success();
        assert!(schema.stdout.contains(ADDRESS));
    }
    assert!(crate::support::signal("INT", debug.id()));
    assert!(debug.wait().unwrap().success());
    assert!(std::fs::read_dir(temporary.path()).unwrap().next().is_none());
}
