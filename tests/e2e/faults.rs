//! Creates with lost answers, interrupts, and invalid answers. No token may be lost, and nothing may panic.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use crate::simulator::{Effect, Fault, FaultKind, Readings};
use crate::support::stage::{Stage, TOKEN, token};
use crate::support::terraform::Output;

const POLICIES: &str = r#"policies = [{ permission_groups = ["Workers Scripts Write"] }]"#;
const IMPATIENT: &str = "provider \"cloudflare\" {\n  request_timeout = \"1s\"\n  max_retries = 1\n}\n";

fn named() -> String {
    format!("{IMPATIENT}{}", token(&format!("name = \"lost\"\n{POLICIES}")))
}

fn ids(stage: &Stage) -> BTreeSet<String> {
    stage.sim.tokens().iter().map(|token| token["id"].as_str().unwrap().to_owned()).collect()
}

fn on_create(stage: &Stage, kind: FaultKind) {
    stage.sim.fault(Fault::new(kind).method("POST"));
}

/// The first create takes effect, but this fault hides its answer.
#[track_caller]
fn lost(kind: FaultKind) {
    let stage = Stage::new();
    on_create(&stage, kind.clone());
    let applied = stage.config(&named()).tf.apply().success();
    assert!(!stage.sim.faults_pending());
    let made = stage.text(TOKEN, "id");
    assert_eq!(stage.sim.token_value(&made), Some(stage.text(TOKEN, "value")));
    let left: Vec<_> = ids(&stage).into_iter().filter(|id| *id != made).collect();
    assert_eq!(left.len(), 1, "the lost create made one too");
    applied.says(&format!("The API token {} may be left behind", left[0]));
    stage.settled();

    // Nobody else can have a name that the provider generated, so the provider deletes that token.
    let stage = Stage::new();
    on_create(&stage, kind);
    stage.config(&format!("{IMPATIENT}{}", token(POLICIES))).tf.apply().success().never_says("left behind");
    assert_eq!(ids(&stage), BTreeSet::from([stage.text(TOKEN, "id")]));
    assert_eq!(stage.sim.count("POST", "**"), 2);
}

#[test]
fn a_create_that_was_cut_off_leaves_no_token_unknown() {
    lost(FaultKind::Reset(Effect::Done));
}

#[test]
fn a_create_whose_answer_is_truncated_leaves_no_token_unknown() {
    lost(FaultKind::Truncated);
}

#[test]
fn a_create_that_is_never_answered_leaves_no_token_unknown() {
    lost(FaultKind::Hang(Effect::Done));
}

#[test]
fn a_create_that_fails_after_its_effect_leaves_no_token_unknown() {
    lost(FaultKind::Api(500, 10000, "Internal server error", Effect::Done));
}

#[test]
fn a_create_that_a_proxy_answers_leaves_no_token_unknown() {
    lost(FaultKind::Html(502, Effect::Done));
}

#[test]
fn a_create_that_failed_before_its_effect_is_done_once() {
    let stage = Stage::new();
    on_create(&stage, FaultKind::Reset(Effect::None));
    stage.config(&named()).tf.apply().success().never_says("left behind");
    assert_eq!(ids(&stage), BTreeSet::from([stage.text(TOKEN, "id")]));
}

#[test]
fn a_create_that_is_never_answered_at_all_names_each_token_that_it_made() {
    let stage = Stage::new();
    stage.sim.fault(Fault::new(FaultKind::Reset(Effect::Done)).method("POST").always());
    let mut applied = stage.config(&named()).tf.apply().failure("Could not create the API token");
    assert!(!ids(&stage).is_empty());
    for id in ids(&stage) {
        applied = applied.says(&format!("The API token {id} may be left behind"));
    }
    assert_eq!(stage.attributes(TOKEN), serde_json::Value::Null);
}

#[test]
fn an_answer_of_another_type_is_an_error_or_a_second_try_but_no_panic() {
    let stage = Stage::new();
    on_create(&stage, FaultKind::WrongTypes);
    let applied = stage.config(&named()).tf.apply();
    let applied = applied.never_says("panic");
    let known: BTreeSet<_> = stage.attributes(TOKEN)["id"].as_str().map(str::to_owned).into_iter().collect();
    for id in ids(&stage).difference(&known) {
        assert!(applied.said().contains(id.as_str()), "{applied:?}");
    }
}

/// Waits until the simulator has seen a request.
fn wait_for(stage: &Stage, method: &str) {
    let deadline = Instant::now() + Duration::from_secs(120);
    while stage.sim.count(method, "**") == 0 {
        assert!(Instant::now() < deadline, "no {method}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Applies. Once the simulator has seen a request, calls `act` with the id of Terraform's process.
fn apply_and(stage: &Stage, method: &str, act: impl FnOnce(u32)) -> Output {
    let child = stage.tf.start(&["apply", "-auto-approve"]);
    wait_for(stage, method);
    act(child.id());
    stage.tf.finish(child)
}

fn interrupt(process: u32) {
    assert!(crate::support::signal("INT", process));
}

#[test]
fn an_interrupt_during_a_slow_create_saves_the_token_that_was_made() {
    for kind in [FaultKind::LatencyBefore, FaultKind::LatencyAfter] {
        let stage = Stage::new();
        on_create(&stage, kind(Duration::from_secs(2)));
        stage.config(&token(&format!("name = \"slow\"\n{POLICIES}")));
        let applied = apply_and(&stage, "POST", interrupt).says("Interrupt received");
        let made = stage.attributes(TOKEN)["id"].as_str().unwrap_or_default().to_owned();
        for id in ids(&stage) {
            assert!(id == made || applied.said().contains(&id), "nobody was told of {id}: {applied:?}");
        }
        assert_eq!(ids(&stage), BTreeSet::from([made.clone()]), "what was under way is finished and saved");
        assert_eq!(stage.sim.token_value(&made), Some(stage.text(TOKEN, "value")));
    }
}

#[test]
fn a_smaller_grant_is_an_error_that_names_the_groups_and_saves_the_state() {
    let readings = |readings: &mut Readings| readings.unknown_group_rejected = false;
    let stage = Stage::reading(readings);
    let group = |name: &str| {
        stage.sim.with_state(|s| s.catalogue.named(name, "com.cloudflare.api.account").unwrap().id.clone())
    };
    let (scripts, pages) = (group("Workers Scripts Write"), group("Pages Write"));
    let config = |first: &str| {
        token(&format!(
            r#"name = "less"
            policies = [{{ permission_groups = ["{first}", "Account Settings Read"] }}]"#
        ))
    };
    on_create(&stage, FaultKind::LatencyBefore(Duration::from_millis(700)));
    stage.config(&config("Workers Scripts Write"));
    let applied = apply_and(&stage, "POST", |_| stage.sim.remove_group(&scripts));
    applied
        .failure("granted less than was requested")
        .failure("left out permission groups: \"Workers Scripts Write\"");
    let id = stage.text(TOKEN, "id");
    assert_eq!(stage.sim.token_value(&id), Some(stage.text(TOKEN, "value")));

    // The same must hold for an update.
    stage.tf.run(&["untaint", TOKEN]).success();
    stage.apply(&token("name = \"less\"\npolicies = [{ permission_groups = [\"Account Settings Read\"] }]"));
    stage.sim.reset_requests();
    stage.sim.fault(Fault::new(FaultKind::LatencyBefore(Duration::from_millis(700))).method("PUT"));
    stage.config(&config("Pages Write"));
    let applied = apply_and(&stage, "PUT", |_| stage.sim.remove_group(&pages));
    applied.failure("granted less than was requested").failure("left out permission groups: \"Pages Write\"");
    assert_eq!(stage.text(TOKEN, "id"), id);
}

/// The output of a plan if each read of a token gets this answer.
fn answered(kind: FaultKind) -> Output {
    let stage = Stage::new();
    stage.apply(&named());
    stage.sim.fault(Fault::new(kind).method("GET").path("/accounts/*/tokens/*").always());
    stage.tf.plan().failure("Could not read the API token").never_says("panic")
}

#[test]
fn answers_that_are_none_are_errors_that_quote_status_and_an_excerpt() {
    answered(FaultKind::Html(502, Effect::None))
        .failure("HTTP 502: not an answer of the Cloudflare API (text/html");
    answered(FaultKind::Truncated).never_says("cfat_");
    answered(FaultKind::WrongTypes).failure("200");
    answered(FaultKind::Api(500, 10000, "Internal server error", Effect::None))
        .failure("HTTP 500")
        .failure("Internal server error");
}

#[test]
fn passing_faults_of_reads_and_changes_are_got_over() {
    let stage = Stage::new();
    stage.apply(&named());
    let kinds = [
        FaultKind::Reset(Effect::None),
        FaultKind::Html(503, Effect::None),
        FaultKind::RateLimited(Some("1".to_owned())),
    ];
    for kind in kinds {
        stage.sim.fault(Fault::new(kind.clone()).method("GET"));
        stage.settled();
        assert!(!stage.sim.faults_pending(), "{kind:?}");
    }
    stage.sim.fault(Fault::new(FaultKind::Reset(Effect::Done)).method("PUT"));
    stage.apply(&named().replace("\"lost\"", "\"found\""));
    assert_eq!(stage.sim.tokens()[0]["name"], "found");
}

#[test]
fn a_delete_whose_answer_is_lost_has_succeeded() {
    let stage = Stage::new();
    stage.apply(&named());
    stage.sim.fault(Fault::new(FaultKind::Reset(Effect::Done)).method("DELETE"));
    stage.tf.destroy().success();
    assert!(stage.sim.tokens().is_empty());
}

#[test]
fn a_terraform_that_is_killed_during_a_create_leaves_no_token_that_nobody_has() {
    let stage = Stage::new();
    on_create(&stage, FaultKind::LatencyBefore(Duration::from_millis(700)));
    stage.config(&token(&format!("name = \"killed\"\n{POLICIES}")));
    let kill = |process: u32| {
        assert!(crate::support::signal("KILL", process));
    };
    apply_and(&stage, "POST", kill);
    let deadline = Instant::now() + Duration::from_secs(10);
    while stage.sim.count("DELETE", "**") == 0 && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(20));
    }
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(stage.attributes(TOKEN), serde_json::Value::Null);
    assert!(ids(&stage).is_empty(), "{:?}", stage.sim.requests());
}
