//! Shows the main use case step by step on the bundled simulator. A real Terraform creates a token without rights,
//! binds a capability to it, gives it to a Worker, rolls it and destroys it. After each step, the demo uses the token
//! to show what it may do.
//!
//! `cargo run --example demo` builds the provider first. It installs a Terraform into `target/` if there is none.

#![allow(
    clippy::disallowed_methods,
    reason = "the demo reads the environment and the clock where it needs them"
)]
#![allow(clippy::print_stdout, reason = "it is made to be read")]
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "whatever fails here ends the demo with its message"
)]

#[path = "../../tests/simulator/mod.rs"]
mod simulator;
#[path = "../../tests/support/terraform.rs"]
#[allow(dead_code, unreachable_pub, reason = "shared with the tests, which use more of it")]
mod terraform;

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value as Json, json};
use simulator::{Options, Simulator};
use terraform::{Terraform, Workspace};

const PREAMBLE: &str = r#"
terraform {
  required_providers {
    cloudflare = { source = "cloudflare-tokens/cloudflare-tokens" }
  }
}
"#;

const TOKEN: &str = r#"
# A token that can do nothing by itself: its rights come through bindings.
resource "cloudflare_account_api_token" "edge" {
  name = "edge"
  ROTATION
}
"#;

const BINDING: &str = r#"
# What creating tunnels needs, and no more.
resource "cloudflare_token_binding" "tunnels" {
  token_id = cloudflare_account_api_token.edge.id
  name     = "create tunnels"
  policies = [{ permission_groups = ["Cloudflare Tunnel Write"] }]
}
"#;

const SECRET: &str = r#"
# The value, handed to a Worker.
resource "cloudflare_workers_secret" "token" {
  script_name = "edge-api"
  name        = "CLOUDFLARE_API_TOKEN"
  value       = cloudflare_account_api_token.edge.value
}
"#;

fn main() {
    let demo = Demo::new();
    let plain = TOKEN.replace("ROTATION", "");

    demo.step(1, "A token without policies: it exists, and may do nothing", &plain);
    let first = demo.value();
    demo.expect(&first, "create a tunnel", 403);
    demo.nothing_left_to_plan();

    demo.step(2, "A binding adds what one capability needs, and just that", &format!("{plain}{BINDING}"));
    assert_eq!(demo.value(), first, "binding changed the value");
    demo.expect(&first, "create a tunnel", 200);
    demo.expect(&first, "list the account's tokens", 403);
    demo.nothing_left_to_plan();

    demo.step(3, "The value is handed to a Worker as a secret", &format!("{plain}{BINDING}{SECRET}"));
    demo.worker_has(&first);

    let rolled = TOKEN.replace("ROTATION", "rotation = { triggers = { because = \"it is Monday\" } }");
    demo.step(4, "A trigger changes: the token is rolled in place", &format!("{rolled}{BINDING}{SECRET}"));
    let second = demo.value();
    assert_ne!(second, first, "the roll gave the same value");
    demo.expect(&first, "create a tunnel (with the old value)", 403);
    demo.expect(&second, "create a tunnel (with the new value)", 200);
    demo.worker_has(&second);
    demo.nothing_left_to_plan();

    demo.step(5, "The binding goes: the token stays, and may do nothing again", &format!("{rolled}{SECRET}"));
    demo.expect(&second, "create a tunnel", 403);

    println!("\n== 6. terraform destroy");
    show(&demo.tf.destroy().success().stdout);
    demo.expect(&second, "create a tunnel", 403);
    assert!(demo.sim.tokens().is_empty(), "a token is left");
    assert!(demo.sim.secret("edge-api", "CLOUDFLARE_API_TOKEN").is_none(), "the Worker's secret is left");
    println!("   nothing is left in the account. Done: {} API requests in all.", demo.sim.requests().len());
}

struct Demo {
    sim: Simulator,
    tf: Workspace,
}

impl Demo {
    fn new() -> Self {
        println!("== Building the provider");
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let built =
            Command::new(env!("CARGO")).args(["build", "--quiet", "--bins"]).current_dir(root).status();
        assert!(built.expect("cargo starts").success(), "the provider does not build");
        let terraform = Terraform::find();
        let sim = Simulator::spawn(Options::default());
        let mut tf = terraform.workspace();
        tf.dev_override("cloudflare-tokens/cloudflare-tokens", &binaries());
        tf.env("CLOUDFLARE_API_TOKEN", sim.root_token());
        tf.env("CLOUDFLARE_ACCOUNT_ID", sim.account_id());
        tf.env("CLOUDFLARE_BASE_URL", sim.base_url());
        let version = tf.run(&["version"]).success().stdout;
        println!(
            "   {} and a simulated Cloudflare API at {}",
            version.lines().next().unwrap(),
            sim.base_url()
        );
        Self { sim, tf }
    }

    fn step(&self, number: u32, title: &str, configuration: &str) {
        println!("\n== {number}. {title}");
        self.tf.write("main.tf", &format!("{PREAMBLE}{configuration}"));
        let before = self.sim.requests().len();
        show(&self.tf.apply().success().stdout);
        println!("   ({} API requests)", self.sim.requests().len() - before);
    }

    /// The token's value from the state. The demo never prints it.
    fn value(&self) -> String {
        let resources = self.tf.state()["resources"].as_array().cloned().unwrap();
        let token = resources.iter().find(|r| r["type"] == "cloudflare_account_api_token").unwrap();
        token["instances"][0]["attributes"]["value"].as_str().unwrap().to_owned()
    }

    fn nothing_left_to_plan(&self) {
        let plan = self.tf.run(&["plan", "-detailed-exitcode"]);
        assert_eq!(plan.code, Some(0), "{}{}", plan.stdout, plan.stderr);
        println!("   terraform plan: no changes");
    }

    /// Sends a request with the token's value, and prints how the API answers.
    fn expect(&self, value: &str, what: &str, status: u16) {
        let account = format!("{}/accounts/{}", self.sim.base_url(), self.sim.account_id());
        let client = reqwest::Client::new();
        let request = if what.starts_with("create a tunnel") {
            let name = format!("tunnel-{}", self.sim.requests().len());
            let body = json!({ "name": name, "config_src": "cloudflare" });
            client
                .post(format!("{account}/cfd_tunnel"))
                .header("content-type", "application/json")
                .body(body.to_string())
        } else {
            client.get(format!("{account}/tokens"))
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (got, code) = runtime.block_on(async {
            let answer = request.bearer_auth(value).send().await.unwrap();
            let status = answer.status().as_u16();
            let body: Json = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
            (status, body["errors"][0]["code"].clone())
        });
        let code = if code.is_null() { String::new() } else { format!(", code {code}") };
        println!("   the token tries to {what}: {got}{code}");
        assert_eq!(got, status, "{what}");
    }

    fn worker_has(&self, value: &str) {
        let secret = self.sim.secret("edge-api", "CLOUDFLARE_API_TOKEN");
        assert_eq!(secret.as_deref(), Some(value), "the Worker has another value");
        println!("   the Worker edge-api has the token's present value as CLOUDFLARE_API_TOKEN");
    }
}

/// Prints what Terraform did, without the plan.
fn show(stdout: &str) {
    for line in stdout.lines().filter(|line| line.contains("ing...") || line.contains("complete")) {
        println!("   {line}");
    }
}

/// The folder of the binaries of this build profile. This program is in `examples/` inside it.
fn binaries() -> PathBuf {
    let debug = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/debug");
    let own = std::env::current_exe().ok();
    let target = own.as_deref().and_then(Path::parent).and_then(Path::parent).and_then(Path::parent);
    target.map(|target| target.join("debug")).filter(|debug| debug.exists()).unwrap_or(debug)
}
