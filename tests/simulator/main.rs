//! The simulator as a program: `cargo run --example simulator -- --listen 127.0.0.1:0`.
//!
//! It prints one line of JSON (`base_url`, `account_id`, `zone_ids`, `scripts`, `root_token`, `user_token`, `email`,
//! `api_key`) and serves until it is killed. It serves `/__sim/…` too (see the module `admin`). Each start generates
//! everything anew, including the secrets.

#![allow(
    clippy::disallowed_methods,
    reason = "the simulator reads the environment and the clock where it needs them"
)]

#[path = "mod.rs"]
mod simulator;

use std::process::ExitCode;
use std::time::Duration;

use simulator::{Options, Simulator};

const USAGE: &str =
    "simulator [--listen ADDRESS:PORT] [--quota REQUESTS/SECONDS|none] [--latency-ms N] [--read-lag-ms N]
          [--account-token-limit N] [--user-token-limit N] [--reading NAME=VALUE]...";

#[allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the line on stdout is what this program is started for"
)]
fn main() -> ExitCode {
    let options = match options(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(problem) => {
            eprintln!("{problem}\nusage: {USAGE}");
            return ExitCode::from(2);
        }
    };
    let sim = Simulator::spawn(options);
    let started = serde_json::json!({
        "base_url": sim.base_url(),
        "account_id": sim.account_id(),
        "zone_ids": sim.zone_ids(),
        "scripts": sim.with_scripts(|scripts| scripts.keys().cloned().collect::<Vec<_>>()),
        "root_token": sim.root_token(),
        "user_token": sim.user_root_token(),
        "email": sim.global_key().0,
        "api_key": sim.global_key().1,
    });
    println!("{started}");
    sim.join();
    ExitCode::FAILURE
}

fn options(mut arguments: impl Iterator<Item = String>) -> Result<Options, String> {
    let mut options = Options { admin: true, ..Options::default() };
    while let Some(flag) = arguments.next() {
        let value = arguments.next().ok_or_else(|| format!("{flag} needs a value"))?;
        match flag.as_str() {
            "--listen" => options.listen = parse(&flag, &value)?,
            "--quota" if value == "none" => options.quota = None,
            "--quota" => {
                let (requests, seconds) =
                    value.split_once('/').ok_or("--quota is REQUESTS/SECONDS or none")?;
                options.quota = Some((parse(&flag, requests)?, Duration::from_secs(parse(&flag, seconds)?)));
            }
            "--latency-ms" => options.latency = Duration::from_millis(parse(&flag, &value)?),
            "--read-lag-ms" => options.read_lag = Duration::from_millis(parse(&flag, &value)?),
            "--account-token-limit" => options.account_token_limit = parse(&flag, &value)?,
            "--user-token-limit" => options.user_token_limit = parse(&flag, &value)?,
            "--reading" => {
                let (name, value) = value.split_once('=').ok_or("--reading is NAME=VALUE")?;
                options.readings.set(name, value)?;
            }
            _ => return Err(format!("unknown flag {flag}")),
        }
    }
    Ok(options)
}

fn parse<T: std::str::FromStr>(flag: &str, value: &str) -> Result<T, String> {
    value.parse().map_err(|_| format!("{value} is not valid for {flag}"))
}
