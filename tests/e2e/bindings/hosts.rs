//! Several runs with their own states write one token at the same time. Runs on one host share the directory of lock
//! files in HOME. Runs on different hosts do not.

use std::time::{Duration, Instant};

use super::*;
use crate::simulator::{Fault, FaultKind, Options};
use crate::support::stage::{settled, write_config};
use crate::support::terraform::{Output, Workspace};

/// How often the three processes write at the same time.
const REPETITIONS: usize = 20;

fn at_once(workspaces: &[Workspace]) -> Vec<Output> {
    std::thread::scope(|scope| {
        let runs: Vec<_> = workspaces.iter().map(|tf| scope.spawn(|| tf.apply())).collect();
        runs.into_iter().map(|run| run.join().unwrap()).collect()
    })
}

#[test]
fn three_processes_on_one_host_lose_nothing_to_each_other() {
    let options = Options { latency: Duration::from_millis(20), quota: None, ..Options::default() };
    let stage = Stage::with(options);
    let id = mint(&stage.sim, "someone's", &[&["Workers Scripts Read"]]);
    let home = tempfile::tempdir().unwrap();
    let workspaces: Vec<Workspace> = (0..3)
        .map(|_| {
            let mut tf = stage.other();
            tf.env("HOME", home.path());
            tf
        })
        .collect();
    let groups: Vec<String> = account_groups().into_iter().filter(|g| g != "Workers Scripts Read").collect();
    let start = Instant::now();
    for repetition in 0..REPETITIONS {
        // Each run adds a policy and removes the policy that it added before.
        let mut expected = sets(&[&["Workers Scripts Read"]]);
        for (n, tf) in workspaces.iter().enumerate() {
            let group = groups[3 * repetition + n].as_str();
            write_config(tf, &binding("b", &format!("{id:?}"), &[group]));
            expected.insert([group.to_owned()].into());
        }
        for run in at_once(&workspaces) {
            let run = run.success();
            assert!(!run.said().contains("Warning: The policy was there"), "{}", run.stdout);
        }
        assert_eq!(granted(&stage.sim, &id), expected, "repetition {repetition}");
    }
    workspaces.iter().for_each(settled);
    eprintln!("3 processes on one host, {REPETITIONS} repetitions: nothing lost, {:?}", start.elapsed());
}

/// Two hosts write the same token. The slow host's PUT arrives so late that it undoes the quick host's write.
struct Race {
    stage: Stage,
    id: String,
    slow: Workspace,
    quick: Workspace,
}

/// The delay of the slow host's PUT.
const LATE: Duration = Duration::from_millis(4000);

impl Race {
    fn new() -> Self {
        let (stage, id) = foreign_token();
        let (slow, quick) = (stage.other(), stage.other());
        Self { stage, id, slow, quick }
    }

    fn binding(&self, group: &str) -> String {
        binding("b", &format!("{:?}", self.id), &[group])
    }

    /// The quick host applies while the slow host's write is in progress. Both succeed.
    #[track_caller]
    fn run(&self) {
        let puts = || self.stage.sim.count("PUT", "/accounts/*/tokens/*");
        let before = puts();
        self.stage.sim.fault(Fault::new(FaultKind::LatencyBefore(LATE)).method("PUT"));
        std::thread::scope(|scope| {
            let slow = scope.spawn(|| self.slow.apply());
            let start = Instant::now();
            while puts() == before && start.elapsed() < Duration::from_secs(60) {
                std::thread::sleep(Duration::from_millis(5));
            }
            let quick = self.quick.apply();
            slow.join().unwrap().success();
            quick.success();
        });
    }
}

#[test]
fn an_addition_that_another_host_overwrites_is_restored_later() {
    let race = Race::new();
    write_config(&race.slow, &race.binding("Workers Scripts Write"));
    write_config(&race.quick, &race.binding("Cloudflare Tunnel Write"));
    race.run();
    let all: &[&[&str]] =
        &[&["Workers Scripts Read"], &["Workers Scripts Write"], &["Cloudflare Tunnel Write"]];
    // The slow host has overwritten the quick host's policy. The quick host's next plan shows that, and its next
    // apply restores the policy.
    has_exactly(&race.stage.sim, &race.id, &all[..2]);
    let plan = race.quick.run(&["plan", "-detailed-exitcode"]);
    assert_eq!(plan.code, Some(2), "{}", plan.stdout);
    race.quick.apply().success();
    has_exactly(&race.stage.sim, &race.id, all);
    [&race.slow, &race.quick].into_iter().for_each(settled);
}

/// Whether a removal lasts although the slow host's write undoes it, with this content of the provider block.
fn removal_holds(block: &str) -> bool {
    let race = Race::new();
    let provider = format!("provider \"cloudflare\" {{\n{block}\n}}\n");
    write_config(&race.quick, &(provider.clone() + &race.binding("Cloudflare Tunnel Write")));
    race.quick.apply().success();
    write_config(&race.quick, &provider);
    write_config(&race.slow, &race.binding("Workers Scripts Write"));
    race.run();
    settled(&race.slow);
    !granted(&race.stage.sim, &race.id).contains(&["Cloudflare Tunnel Write".to_owned()].into())
}

#[test]
fn a_removal_that_another_host_undoes_is_made_again_within_the_window() {
    assert!(removal_holds("concurrent_writers_window = \"6s\""));
    let without = if removal_holds("") { "holds" } else { "is undone, and no state knows" };
    eprintln!(
        "a removal against a write that is {LATE:?} late: with a window of 6 s it holds; without it {without}"
    );
}
