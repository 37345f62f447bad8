//! The provider is killed during an apply, or gets no answers. The next apply must finish: it creates nothing twice,
//! and leaves nothing that no state knows.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use super::*;
use crate::simulator::{Effect, Fault, FaultId, FaultKind};
use crate::support::stage::BINARY;
use crate::support::terraform::Workspace;

/// The descendants of this process, with their programs.
fn descendants(root: u32) -> Vec<(u32, std::path::PathBuf)> {
    let parent = |pid: u32| -> Option<u32> {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name in brackets may contain any character.
        stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok()
    };
    let all: Vec<u32> = std::fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .collect();
    let descends = |pid: &u32| {
        std::iter::successors(parent(*pid), |pid| parent(*pid))
            .take_while(|pid| *pid > 1)
            .any(|pid| pid == root)
    };
    let program = |pid: u32| (pid, std::fs::read_link(format!("/proc/{pid}/exe")).unwrap_or_default());
    all.into_iter().filter(descends).map(program).collect()
}

fn kill(pid: u32) {
    // The process may have ended by itself.
    let _ = crate::support::signal("KILL", pid);
}

/// The processes to kill.
#[derive(Clone, Copy, Debug)]
enum Whom {
    Provider,
    /// Terraform is killed too, so that it does not write the state.
    Everybody,
}

/// Applies until the fault has struck, then kills.
fn apply_and_kill(sim: &Simulator, tf: &Workspace, fault: FaultId, whom: Whom) {
    let mut apply = tf.command(&["apply", "-auto-approve"]);
    let mut apply = apply.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let start = Instant::now();
    while sim.hits(fault) == 0 {
        assert!(start.elapsed() < Duration::from_secs(60), "the apply does not come to the fault");
        std::thread::sleep(Duration::from_millis(5));
    }
    // The simulator has done everything before the fault by now.
    std::thread::sleep(Duration::from_millis(50));
    let all = descendants(apply.id());
    if matches!(whom, Whom::Everybody) {
        kill(apply.id());
    }
    let binary = Path::new(BINARY).canonicalize().unwrap();
    let providers: Vec<u32> = all.into_iter().filter(|(_, exe)| *exe == binary).map(|(pid, _)| pid).collect();
    assert!(!providers.is_empty(), "no provider process");
    providers.into_iter().for_each(kill);
    assert!(!apply.wait().unwrap().success());
}

/// The moments at which the apply dies: a request without an answer, and whether the token has the policy by then.
/// `reads` is how often refresh and plan read the token before the commit does.
fn moments(id: &str, reads: usize) -> [(&'static str, Fault, bool); 3] {
    let path = format!("/accounts/*/tokens/{id}");
    let hang = |effect| Fault::new(FaultKind::Hang(effect)).path(&path);
    [
        ("before the PUT has its effect", hang(Effect::None).method("PUT"), false),
        ("after the PUT, before its answer", hang(Effect::Done).method("PUT"), true),
        (
            "after the PUT, before the state is saved",
            // The commit reads the token, and reads it again after the write.
            hang(Effect::Done).method("GET").skip(reads + 1),
            true,
        ),
    ]
}

#[test]
fn a_binding_whose_provider_is_killed_is_there_once_after_the_next_apply() {
    for whom in [Whom::Provider, Whom::Everybody] {
        for at in 0..3 {
            let (stage, id) = foreign_token();
            let (moment, fault, written) = moments(&id, 2)[at].clone();
            let config = binding("b", &format!("{id:?}"), &["Cloudflare Tunnel Write"]);
            stage.config(&config);
            let fault = stage.sim.fault(fault);
            apply_and_kill(&stage.sim, &stage.tf, fault, whom);
            let policies = stage.sim.policies(&id).len();
            assert_eq!(policies, if written { 2 } else { 1 }, "{moment}, {whom:?}");
            stage.sim.clear_faults();
            stage.apply(&config);
            has_exactly(&stage.sim, &id, &[&["Workers Scripts Read"], &["Cloudflare Tunnel Write"]]);
            stage.tf.destroy().success();
            has_exactly(&stage.sim, &id, &[&["Workers Scripts Read"]]);
        }
    }
}

#[test]
fn a_binding_that_changes_while_its_provider_is_killed_leaves_nothing_behind() {
    for at in 0..3 {
        let (stage, id) = foreign_token();
        let (moment, fault, written) = moments(&id, 2)[at].clone();
        let config = |group| binding("b", &format!("{id:?}"), &[group]);
        stage.apply(&config("Cloudflare Tunnel Read"));
        stage.config(&config("Cloudflare Tunnel Write"));
        let fault = stage.sim.fault(fault);
        apply_and_kill(&stage.sim, &stage.tf, fault, Whom::Provider);
        let has = granted(&stage.sim, &id).contains(&["Cloudflare Tunnel Write".to_owned()].into());
        assert_eq!(has, written, "{moment}");
        stage.sim.clear_faults();
        stage.apply(&config("Cloudflare Tunnel Write"));
        has_exactly(&stage.sim, &id, &[&["Workers Scripts Read"], &["Cloudflare Tunnel Write"]]);
    }
}

#[test]
fn a_removal_whose_provider_is_killed_is_done_by_the_next_apply() {
    for at in 0..3 {
        let (stage, id) = foreign_token();
        let (moment, fault, written) = moments(&id, 1)[at].clone();
        stage.apply(&binding("b", &format!("{id:?}"), &["Cloudflare Tunnel Write"]));
        stage.config("");
        let fault = stage.sim.fault(fault);
        apply_and_kill(&stage.sim, &stage.tf, fault, Whom::Provider);
        assert_eq!(stage.sim.policies(&id).len(), if written { 1 } else { 2 }, "{moment}");
        stage.sim.clear_faults();
        stage.apply("");
        has_exactly(&stage.sim, &id, &[&["Workers Scripts Read"]]);
    }
}

/// The write takes effect, but the provider does not see it.
fn write_without_an_answer(sim: &Simulator, id: &str, reads: usize) {
    let path = format!("/accounts/*/tokens/{id}");
    sim.fault(Fault::new(FaultKind::Html(502, Effect::Done)).method("PUT").path(&path));
    let refused = FaultKind::Api(403, 9109, "Unauthorized to access requested resource", Effect::None);
    sim.fault(Fault::new(refused).method("GET").path(&path).skip(reads).always());
}

#[test]
fn a_binding_that_may_be_there_can_be_taken_back() {
    let (stage, id) = foreign_token();
    write_without_an_answer(&stage.sim, &id, 3);
    let config = binding("b", &format!("{id:?}"), &["Cloudflare Tunnel Write"]);
    stage.config(&config).tf.apply().failure("It is not known whether the change was made");
    stage.sim.clear_faults();
    assert_eq!(stage.sim.policies(&id).len(), 2);
    stage.apply("");
    has_exactly(&stage.sim, &id, &[&["Workers Scripts Read"]]);
}

#[test]
fn a_change_of_a_binding_that_may_be_there_can_be_taken_back() {
    let (stage, id) = foreign_token();
    let config = |group| binding("b", &format!("{id:?}"), &[group]);
    stage.apply(&config("Cloudflare Tunnel Read"));
    write_without_an_answer(&stage.sim, &id, 3);
    stage
        .config(&config("Cloudflare Tunnel Write"))
        .tf
        .apply()
        .failure("It is not known whether the change was made");
    stage.sim.clear_faults();
    has_exactly(&stage.sim, &id, &[&["Workers Scripts Read"], &["Cloudflare Tunnel Write"]]);
    stage.apply(&config("Cloudflare Tunnel Read"));
    has_exactly(&stage.sim, &id, &[&["Workers Scripts Read"], &["Cloudflare Tunnel Read"]]);
}
