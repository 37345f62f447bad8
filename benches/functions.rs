//! Measures what function calls add to a plan, with a real Terraform: `cargo bench --bench functions`. It prints
//! medians of whole runs, and the ratio to a plan of the same configuration without calls. It asserts nothing.
//!
//! Terraform starts one more provider process per walk for functions, and every call is a request to it. So most of what a call
//! costs is not the function's own: calls of a function that does next to nothing show how much.

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

/// How many calls of each function the longest plan has.
const CALLS: usize = 50;
/// How many plans of each configuration run.
const RUNS: usize = 21;

/// A configuration with one token and an output of this value.
fn config(value: &str) -> String {
    let token = token("policies = [{ permission_groups = [\"Queues Read\"] }]");
    format!("{token}\noutput \"all\" {{\n  value = {value}\n}}\n")
}

/// Calls of both functions, `count` of each, all with other arguments.
fn calls(count: usize) -> String {
    let each = (0..count).flat_map(|call| {
        let zones = format!("{{ zones = [\"{call:032x}\"] }}");
        let types = r#"["cloudflare_dns_record", "cloudflare_workers_script"]"#;
        [
            format!("provider::cloudflare::capability(\"external-dns\", {zones})"),
            format!("provider::cloudflare::terraform_policies({types}, \"write\", {zones})"),
        ]
    });
    format!("[{}]", each.collect::<Vec<_>>().join(", "))
}

/// As many calls of a function that only puts a prefix before its argument: what a call costs by itself.
fn smallest(count: usize) -> String {
    let each = (0..count).map(|call| format!("provider::cloudflare::zone_resource(\"{call:032x}\")"));
    format!("[{}]", each.collect::<Vec<_>>().join(", "))
}

fn main() {
    let called = planned(&config(&calls(CALLS)));
    // What Terraform does with the values is no cost of the calls. JSON is also HCL.
    let values = called.tf.state()["outputs"]["all"]["value"].to_string();
    let plans = [
        ("no call".to_owned(), planned(&config("[]"))),
        ("no call, and all these values".to_owned(), planned(&config(&values))),
        ("1 call of a small function".to_owned(), planned(&config(&smallest(1)))),
        ("1 call of each function".to_owned(), planned(&config(&calls(1)))),
        (format!("{} calls of a small function", 2 * CALLS), planned(&config(&smallest(2 * CALLS)))),
        (format!("{CALLS} calls of each function"), called),
    ];
    let mut times = plans.each_ref().map(|_| Vec::new());
    // One of each in turn, so that all have the same share of what else the machine does.
    for _ in 0..RUNS {
        for ((_, stage), times) in plans.iter().zip(&mut times) {
            times.push(timed(stage));
        }
    }
    let times = times.map(median);
    for ((what, _), time) in plans.iter().zip(times) {
        println!("plan with {what:<30} {:>6.0} ms   {:.2}", millis(time), millis(time) / millis(times[0]));
    }
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
