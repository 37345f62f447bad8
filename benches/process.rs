//! Measures the cost of the provider's process in a run: `cargo bench`. Times are medians, and ratios compare with a
//! baseline of the same run. It asserts nothing.

#![allow(
    clippy::disallowed_methods,
    reason = "a benchmark reads the environment and the clock where it needs them"
)]
#![allow(clippy::print_stdout, reason = "a benchmark is made to be read")]
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a benchmark that cannot run ends")]

#[path = "../tests/support/host.rs"]
#[allow(dead_code, unreachable_pub, reason = "shared with the tests, which use more of it")]
mod host;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use cloudflare_tokens::tf_provider::framework::{Attr, Model, Raw, Set, mark_unknown, plan};
use cloudflare_tokens::tf_provider::plugin::proto::get_provider_schema;
use cloudflare_tokens::tf_provider::plugin::proto::provider_client::ProviderClient;
use cloudflare_tokens::{model, tf_provider::framework::optional, tf_provider::framework::required};
use host::{HostCertificate, Process};

const BINARY: &str = env!("CARGO_BIN_EXE_terraform-provider-cloudflare-tokens");
const RUNS: usize = 101;

fn main() {
    let baseline =
        median(|| timed(|| drop(Command::new(BINARY).arg("-version").stdout(Stdio::null()).status())));
    let host = HostCertificate::new();
    let directory = tempfile::tempdir().unwrap();
    let start = || timed(|| drop(Process::start(Path::new(BINARY), directory.path(), Some(&host.pem))));
    // The measured time includes the kill of the process. The time before the handshake line is what matters.
    let handshake = median(|| {
        let begin = Instant::now();
        let process = Process::start(Path::new(BINARY), directory.path(), Some(&host.pem));
        let took = begin.elapsed();
        drop(process);
        took
    });
    println!("start and exit (-version)     {:>8.2} ms   1.0", millis(baseline));
    println!(
        "start to handshake line       {:>8.2} ms   {:.1}",
        millis(handshake),
        ratio(handshake, baseline)
    );
    println!("start, handshake and kill     {:>8.2} ms", millis(median(start)));
    memory(&host, directory.path());
    let size = std::fs::metadata(BINARY).unwrap().len();
    println!("binary                        {:>8.2} MB", megabytes(size));
    planning();
}

/// Prints the resident memory of an idle process that has answered a request for its schema.
fn memory(host: &HostCertificate, directory: &Path) {
    let process = Process::start(Path::new(BINARY), directory, Some(&host.pem));
    let after_start = resident(process.id());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let schema = runtime.block_on(async {
        let (channel, _) = process.connect(Some(host)).await.unwrap();
        let mut client = ProviderClient::new(channel).max_decoding_message_size(64 << 20);
        let begin = Instant::now();
        client.get_provider_schema(get_provider_schema::Request {}).await.unwrap();
        let took = begin.elapsed();
        println!("GetProviderSchema, first      {:>8.2} ms", millis(took));
        let begin = Instant::now();
        client.get_provider_schema(get_provider_schema::Request {}).await.unwrap();
        (took, begin.elapsed(), resident(process.id()))
    });
    println!(
        "GetProviderSchema, again      {:>8.2} ms   {:.1} of the first",
        millis(schema.1),
        ratio(schema.1, schema.0)
    );
    println!("resident after the handshake  {:>8.2} MB", megabytes(after_start));
    println!("resident, idle after schema   {:>8.2} MB", megabytes(schema.2));
}

model! {
    /// A policy, as far as its plan goes.
    struct Policy {
        /// Groups.
        groups: Set<String> = required(),
        /// Effect.
        effect: String = optional().or(Raw::string("allow")),
    }
}

model! {
    /// A token, as far as its plan goes.
    struct Token {
        /// Policies.
        policies: Set<Policy> = optional(),
    }
}

/// Plans many policies. The official provider's sets took 23 s for 150 groups (its issue 6917).
fn planning() {
    let of = |policies: usize| {
        let policy = |i: usize| {
            let groups = (0..10).map(|g| format!("group {i} {g}")).collect::<Set<String>>();
            Policy { groups: groups.into(), effect: cloudflare_tokens::tf_provider::framework::Value::Null }
        };
        let policies = (0..policies).map(policy).collect::<Set<Policy>>();
        let config = Token { policies: policies.into() }.to_raw();
        let prior = plan(&Token::attributes(), &Raw::Null, &config).planned;
        median(|| {
            timed(|| {
                let mut planned = plan(&Token::attributes(), &prior, &config).planned;
                mark_unknown(&Token::attributes(), &prior, &config, &mut planned);
            })
        })
    };
    let (few, many) = (of(15), of(150));
    println!("planning 15 policies          {:>8.3} ms   1.0", millis(few));
    println!("planning 150 policies         {:>8.3} ms   {:.1}", millis(many), ratio(many, few));
}

fn timed(work: impl FnOnce()) -> Duration {
    let begin = Instant::now();
    work();
    begin.elapsed()
}

fn median(mut run: impl FnMut() -> Duration) -> Duration {
    let mut times: Vec<Duration> = (0..RUNS).map(|_| run()).collect();
    times.sort();
    times[RUNS / 2]
}

/// The resident memory in bytes, from procfs.
fn resident(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).unwrap_or_default() << 10
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn ratio(time: Duration, base: Duration) -> f64 {
    time.as_secs_f64() / base.as_secs_f64()
}

#[expect(clippy::cast_precision_loss, reason = "for people to read")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
