//! A provider under `-debug` serves many runs. The end of one run must not affect the next.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use super::{apply_until, ids};
use crate::simulator::{Fault, FaultKind};
use crate::support::signal;
use crate::support::stage::{BINARY, Stage, TOKEN, token};

/// A provider under `-debug`. It stops with the test, and can write to its standard output until then.
struct Debugged(Child, BufReader<ChildStdout>);

impl Drop for Debugged {
    fn drop(&mut self) {
        signal("INT", self.0.id());
        let _ = self.0.wait();
    }
}

/// Attaches a stage's Terraform to a provider under `-debug`.
fn attach(stage: &mut Stage) -> Debugged {
    let mut debug = Command::new(BINARY);
    debug.arg("-debug").env_clear().env("HOME", stage.tf.path()).env("TMPDIR", stage.tf.path());
    debug.env("CLOUDFLARE_API_TOKEN", stage.sim.root_token());
    debug.env("CLOUDFLARE_ACCOUNT_ID", stage.sim.account_id());
    debug.env("CLOUDFLARE_BASE_URL", stage.sim.base_url());
    let mut debug = debug.stdout(Stdio::piped()).spawn().unwrap();
    let stdout = BufReader::new(debug.stdout.take().unwrap());
    let mut debug = Debugged(debug, stdout);
    let mut lines = debug.1.by_ref().lines().map(Result::unwrap);
    let line = lines.find(|line| line.contains("TF_REATTACH_PROVIDERS='")).unwrap();
    let reattach = line.trim().trim_start_matches("TF_REATTACH_PROVIDERS=").trim_matches('\'').to_owned();
    stage.tf.env("TF_REATTACH_PROVIDERS", reattach);
    debug
}

#[test]
fn a_run_after_an_interrupted_one_writes() {
    let mut stage = Stage::new();
    let _debug = attach(&mut stage);
    stage.config(&token("name = \"one\""));
    let create = Fault::new(FaultKind::LatencyBefore(Duration::from_secs(1))).method("POST");
    let create = stage.sim.fault(create);
    let apply = apply_until(&stage.sim, &stage.tf, create);
    assert!(signal("INT", apply.id()));
    stage.tf.finish(apply).says("Interrupt received");
    assert_eq!(ids(&stage.sim), [stage.text(TOKEN, "id")]);

    stage.apply(&token("name = \"two\""));
    assert_eq!(stage.sim.tokens()[0]["name"], "two");
    stage.tf.destroy().success();
    assert!(ids(&stage.sim).is_empty());
}
