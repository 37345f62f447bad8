//! From the configuration to a working Worker. Terraform creates a token with one right and puts it into a Worker's
//! secrets. The Worker runs in Cloudflare's own runtime, and can use that right but no other.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value as Json, json};

use crate::support::packages::Node;
use crate::support::stage::Stage;

const CONFIG: &str = r#"
    variable "rotation" {}

    resource "cloudflare_account_api_token" "worker" {
      name     = "edge-api"
      rotation = { triggers = { by = var.rotation } }
    }

    resource "cloudflare_token_binding" "tunnels" {
      name     = "tunnels"
      token_id = cloudflare_account_api_token.worker.id
      policies = [{ permission_groups = ["Cloudflare Tunnel Write"] }]
    }

    resource "cloudflare_workers_secret" "worker" {
      for_each = {
        ACCOUNT_ID   = cloudflare_token_binding.tunnels.account_id
        TUNNEL_TOKEN = cloudflare_account_api_token.worker.value
      }
      script_name = "edge-api"
      name        = each.key
      value       = each.value
    }
"#;

/// A Worker in workerd, with the secrets that the simulator has for it.
struct Worker {
    process: Child,
    port: u16,
}

impl Worker {
    fn start(stage: &Stage) -> Self {
        let node = Node::with("workerd", &["workerd@1.20261117.1"]);
        let workerd = node.package("@cloudflare", "workerd-").expect("workerd is made for this platform");
        let secrets = stage.sim.with_scripts(|scripts| scripts["edge-api"].secrets.clone());
        let secrets = secrets.into_iter().map(|(name, (kind, text))| {
            assert_eq!(kind, "secret_text");
            (name, text)
        });
        let mut process = Command::new(workerd.join("bin/workerd"))
            .args(["serve", "--control-fd=1"])
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/e2e/worker.capnp"))
            .env_clear()
            .envs(secrets)
            .env("API", stage.sim.base_url())
            .env("ZONE_ID", &stage.sim.zone_ids()[0])
            .env("OTHER_ACCOUNT_ID", stage.sim.other_account_id())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        // The first line says which port workerd listens on.
        let mut line = String::new();
        BufReader::new(process.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let event: Json = serde_json::from_str(&line).unwrap_or_default();
        let port = event["port"].as_u64().and_then(|port| port.try_into().ok());
        Self { process, port: port.unwrap_or_else(|| panic!("workerd does not listen: {line}")) }
    }

    /// Calls the Worker to create a tunnel of this name. Returns the Worker's answer.
    fn call(&self, tunnel: &str) -> Json {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        write!(stream, "GET /?tunnel={tunnel} HTTP/1.0\r\nhost: worker\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(" 200 "), "{answer}");
        serde_json::from_str(body).unwrap_or_else(|_| panic!("{answer}"))
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn a_worker_makes_a_tunnel_with_its_token_and_can_do_nothing_else() {
    let mut stage = Stage::new();
    stage.tf.env("TF_VAR_rotation", "one");
    stage.apply(CONFIG);
    let expected = json!({
        "make a tunnel": 200,
        "list tunnels": 200,
        "list tokens": 403,
        "make a token": 403,
        "read a secret": 403,
        "put a secret": 403,
        "read a zone": 403,
        "list records": 403,
        "use another account": 403,
    });
    let before = Worker::start(&stage);
    assert_eq!(before.call("first"), expected);
    let names = |stage: &Stage| stage.sim.tunnels().into_iter().map(|tunnel| tunnel.name).collect::<Vec<_>>();
    assert_eq!(names(&stage), ["first"]);

    // After the roll, the version with the old value is refused. The version with the new value works.
    stage.tf.env("TF_VAR_rotation", "two");
    stage.apply(CONFIG);
    assert_eq!(before.call("second")["make a tunnel"], 403);
    drop(before);
    assert_eq!(Worker::start(&stage).call("third"), expected);
    assert_eq!(names(&stage), ["first", "third"]);

    // Without its binding, the token has no rights.
    let worker = Worker::start(&stage);
    stage.tf.run(&["destroy", "-auto-approve", "-target=cloudflare_token_binding.tunnels"]).success();
    assert_eq!(worker.call("fourth")["make a tunnel"], 403);
    assert_eq!(names(&stage), ["first", "third"]);
}
