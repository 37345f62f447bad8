//! Measures what function calls add to a plan, with a real Terraform: `cargo bench --bench functions`. It prints
//! medians of whole runs, and the ratio to a plan of the same configuration without calls. It asserts nothing.

#![allow(
    clippy::disallowed_methods,
    reason = "a benchmark reads the environment and the clock where it needs them"
)]
#![allow(clippy::print_stdout, reason = "a benchmark is made to be read")]
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a benchmark that cannot run ends")]

#[path = "../tests/simulator/mod.rs"]
mod simulator;
#[path = "../tests/support/mod.rs"]
mod support;

use std::time::{Duration, Instant};

use support::stage::{Stage, token};

/// How many calls of each function one plan has.
const CALLS: usize = 50;
/// How many plans of each configuration run.
const RUNS: usize = 21;

/// A configuration with one token and an output of this value.
fn config(value: &str) -> String {
    let token = token("policies = [{ permission_groups = [\"Queues Read\"] }]");
    format!("{token}\noutput \"all\" {{\n  value = {value}\n}}\n")
}

fn main() {
    let calls: Vec<String> = (0..CALLS)
        .flat_map(|call| {
            let zones = format!("{{ zones = [\"{call:032x}\"] }}");
            let types = r#"["cloudflare_dns_record", "cloudflare_workers_script"]"#;
            [
                format!("provider::cloudflare::capability(\"external-dns\", {zones})"),
                format!("provider::cloudflare::terraform_policies({types}, \"write\", {zones})"),
            ]
        })
        .collect();
    let with = planned(&config(&format!("[{}]", calls.join(", "))));
    let without = planned(&config("[]"));
    let (mut slow, mut fast) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        fast.push(timed(&without));
        slow.push(timed(&with));
    }
    let (slow, fast) = (median(slow), median(fast));
    println!("plan without calls            {:>8.0} ms   1.00", millis(fast));
    println!(
        "plan with {CALLS} of each function {:>8.0} ms   {:.2}",
        millis(slow),
        millis(slow) / millis(fast)
    );
}

/// A stage with an applied configuration, so that its plan is empty.
fn planned(config: &str) -> Stage {
    let stage = Stage::new();
    stage.apply(config);
    stage
}

fn timed(stage: &Stage) -> Duration {
    let begin = Instant::now();
    stage.tf.plan().success();
    begin.elapsed()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
