//! The state contains only what is known: lost answers, old reads, late effects, interrupts and kills, with a real
//! Terraform. Each theme has a module.

mod answers;
mod creates;
mod debug;
mod deposed;
mod expired;
mod going_back;
mod home;
mod inert;
mod leaving;
mod lock;
mod old_reads;
mod refusals;

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::simulator::{Effect, Fault, FaultId, FaultKind, Simulator};
use crate::support::stage::Stage;
use crate::support::terraform::{Output, Workspace};

/// A provider block that soon gives up on a missing answer.
const IMPATIENT: &str = "provider \"cloudflare\" {\n  request_timeout = \"1s\"\n  max_retries = 1\n}\n";

/// Waits until the condition is true.
#[track_caller]
fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_secs(60), "never: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Starts an apply and waits until a fault has struck.
#[track_caller]
fn apply_until(sim: &Simulator, tf: &Workspace, fault: FaultId) -> Child {
    let mut apply = tf.command(&["apply", "-auto-approve"]);
    let apply = apply.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    wait_until("the apply comes to the fault", || sim.hits(fault) > 0);
    apply
}

/// The ids of all tokens, except the simulator's own.
fn ids(sim: &Simulator) -> Vec<String> {
    sim.tokens().iter().map(|token| token["id"].as_str().unwrap().to_owned()).collect()
}

/// The permission groups that a token's policies allow, sorted.
fn groups(sim: &Simulator, id: &str) -> Vec<String> {
    let allows = sim.policies(id).into_iter().filter(|policy| policy.effect == "allow");
    let mut groups: Vec<String> = allows.flat_map(|policy| policy.groups).collect();
    groups.sort();
    groups
}

/// A stage, and a token there that no Terraform knows, with the right to read Workers scripts.
fn foreign_token() -> (Stage, String) {
    let stage = Stage::new();
    let account = format!("com.cloudflare.api.account.{}", stage.sim.account_id());
    let (id, _) = stage.sim.mint(&serde_json::json!({ "name": "someone's", "policies": [] }));
    stage.sim.add_policy(&id, &["Workers Scripts Read"], serde_json::json!({ account: "*" }));
    (stage, id)
}

/// A binding of these account permission groups to the token with this id, with one policy per group.
fn binding(name: &str, id: &str, groups: &[&str]) -> String {
    let policies: String =
        groups.iter().map(|group| format!("{{ permission_groups = [{group:?}] }},")).collect();
    format!(
        "resource \"cloudflare_token_binding\" {name:?} {{\n  token_id = {id:?}\n  name = {name:?}\n  \
         policies = [{policies}]\n}}\n"
    )
}

/// Applies. The write to this path takes effect, but neither its answer nor the answer to any later request arrives.
#[track_caller]
fn apply_in_doubt(stage: &Stage, config: &str, path: &str) -> Output {
    apply_blinded(stage, config, path, FaultKind::Hang(Effect::Done))
}

/// Applies. The write to this path gets this fault, and every later request is refused.
#[track_caller]
fn apply_blinded(stage: &Stage, config: &str, path: &str, kind: FaultKind) -> Output {
    stage.config(config);
    let put = stage.sim.fault(Fault::new(kind).method("PUT").path(path));
    let apply = apply_until(&stage.sim, &stage.tf, put);
    let refused = FaultKind::Api(403, 9109, "Unauthorized to access requested resource", Effect::None);
    stage.sim.fault(Fault::new(refused).path("/accounts/**").always());
    let output = stage.tf.finish(apply);
    stage.sim.clear_faults();
    output
}
