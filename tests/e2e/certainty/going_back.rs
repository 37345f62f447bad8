//! A write has an unknown outcome, and the configuration goes back. The next apply must write again.

use super::{IMPATIENT, apply_in_doubt, apply_until, binding, foreign_token, groups};
use crate::simulator::{Effect, Fault, FaultKind};
use crate::support::stage::{Stage, TOKEN, token};

const ONE: &str = "/accounts/*/tokens/*";

fn bound(id: &str, groups: &[&str]) -> String {
    format!("{IMPATIENT}{}", binding("b", id, groups))
}

#[test]
fn a_binding_that_goes_back_after_a_lost_answer_takes_its_right_away() {
    let (stage, id) = foreign_token();
    stage.apply(&bound(&id, &["D1 Read"]));
    apply_in_doubt(&stage, &bound(&id, &["D1 Read", "D1 Write"]), ONE).failure("not known");
    assert!(groups(&stage.sim, &id).contains(&"D1 Write".to_owned()), "the write has its effect");
    stage.apply(&bound(&id, &["D1 Read"]));
    assert_eq!(groups(&stage.sim, &id), ["D1 Read", "Workers Scripts Read"]);
    stage.tf.destroy().success();
    assert_eq!(groups(&stage.sim, &id), ["Workers Scripts Read"]);
}

#[test]
fn a_binding_that_goes_back_after_a_failed_read_back_takes_its_right_away() {
    let (stage, id) = foreign_token();
    stage.apply(&bound(&id, &["D1 Read"]));
    let answered = FaultKind::LatencyAfter(std::time::Duration::from_millis(500));
    super::apply_blinded(&stage, &bound(&id, &["D1 Read", "D1 Write"]), ONE, answered).failure("not known");
    stage.apply(&bound(&id, &["D1 Read"]));
    assert_eq!(groups(&stage.sim, &id), ["D1 Read", "Workers Scripts Read"]);
}

#[test]
fn an_additive_token_that_goes_back_after_a_lost_answer_has_its_policies() {
    let stage = Stage::new();
    let policies = |text: &str| {
        format!("{IMPATIENT}{}", token(&format!("name = \"additive\"\nexclusive_policies = false\n{text}")))
    };
    let with = policies(r#"policies = [{ permission_groups = ["D1 Read"] }]"#);
    stage.apply(&with);
    let id = stage.text(TOKEN, "id");
    apply_in_doubt(&stage, &policies(""), ONE).failure("not known");
    assert!(!groups(&stage.sim, &id).contains(&"D1 Read".to_owned()), "the write has its effect");
    stage.apply(&with);
    assert_eq!(groups(&stage.sim, &id), ["D1 Read"]);
}

fn kill_during_put(stage: &Stage, config: &str, path: &str) {
    kill_during(stage, "PUT", config, path);
}

/// Kills Terraform while the provider sends a request to this path. The provider finishes it.
fn kill_during(stage: &Stage, method: &str, config: &str, path: &str) {
    stage.config(config);
    let slow = FaultKind::LatencyBefore(std::time::Duration::from_secs(2));
    let fault = stage.sim.fault(Fault::new(slow).method(method).path(path));
    let puts = || stage.sim.count(method, path);
    let before = puts();
    let mut apply = apply_until(&stage.sim, &stage.tf, fault);
    assert!(crate::support::signal("KILL", apply.id()));
    apply.wait().unwrap();
    super::wait_until("the write is made", || puts() > before);
    std::thread::sleep(std::time::Duration::from_secs(3));
}

#[test]
fn an_additive_token_that_goes_back_after_a_killed_run_has_its_policies() {
    let stage = Stage::new();
    let policies = |groups: &[&str]| {
        let text: String =
            groups.iter().map(|group| format!("{{ permission_groups = [\"{group}\"] }},")).collect();
        token(&format!("name = \"additive\"\nexclusive_policies = false\npolicies = [{text}]"))
    };
    stage.apply(&policies(&["D1 Read"]));
    let id = stage.text(TOKEN, "id");
    kill_during_put(&stage, &policies(&["D1 Read", "D1 Write"]), ONE);
    assert!(groups(&stage.sim, &id).contains(&"D1 Write".to_owned()), "the write has its effect");
    stage.apply(&policies(&["D1 Read"]));
    assert_eq!(groups(&stage.sim, &id), ["D1 Read"]);
    stage.settled();
}

#[test]
fn a_change_whose_run_is_killed_in_a_later_step_goes_back_too() {
    let stage = Stage::new();
    let config = |groups: &[&str], trigger: &str| {
        let text: String =
            groups.iter().map(|group| format!("{{ permission_groups = [\"{group}\"] }},")).collect();
        token(&format!(
            "name = \"additive\"\nexclusive_policies = false\npolicies = [{text}]\n\
             rotation = {{ triggers = {{ v = \"{trigger}\" }} }}"
        ))
    };
    stage.apply(&config(&["D1 Read"], "1"));
    let id = stage.text(TOKEN, "id");
    // The policies are changed, and the provider has the answer. Terraform has not.
    kill_during_put(&stage, &config(&["D1 Read", "D1 Write"], "2"), "/accounts/*/tokens/*/value");
    assert!(groups(&stage.sim, &id).contains(&"D1 Write".to_owned()), "the change has its effect");
    stage.apply(&config(&["D1 Read"], "1"));
    assert_eq!(groups(&stage.sim, &id), ["D1 Read"]);
    stage.settled();
}

#[test]
fn a_killed_roll_leaves_no_dead_value_even_where_the_state_has_none() {
    for stored in [true, false] {
        let stage = Stage::new();
        let config = |trigger: &str| {
            token(&format!(
                "name = \"rolled\"\nstore_value = {stored}\nrotation = {{ triggers = {{ v = \"{trigger}\" }} }}\n\
                 seal_for = {{ ops = {{ format = \"libsodium\", public_key = \
                 \"bWFkZSB1cCBmb3IgYSB0ZXN0IG9mIHRoaXMgcHJvdmk=\" }} }}"
            ))
        };
        stage.apply(&config("1"));
        let (id, sealed) = (stage.text(TOKEN, "id"), stage.attributes(TOKEN)["sealed_values"].clone());
        let value = |stage: &Stage| stage.sim.with_state(|state| state.tokens.last().unwrap().value.clone());
        let first = value(&stage);
        kill_during_put(&stage, &config("2"), "/accounts/*/tokens/*/value");
        let second = value(&stage);
        assert!(first != second, "the roll has its effect");
        // The trigger goes back, and the sealed value is dead all the same.
        stage.config(&config("1")).tf.plan().success().says("an earlier roll may have taken effect");
        stage.tf.apply().success();
        assert!(value(&stage) != second && stage.text(TOKEN, "id") == id);
        assert_ne!(stage.attributes(TOKEN)["sealed_values"], sealed);
        stage.settled();
    }
}

#[test]
fn a_workers_secret_that_goes_back_after_a_killed_run_is_put_again() {
    let stage = Stage::new();
    let one = |value: &str| {
        format!(
            "resource \"cloudflare_workers_secret\" \"s\" {{\n  script_name = \"edge-api\"\n  name = \"KEY\"\n  \
             value = \"{value}\"\n}}\n"
        )
    };
    let held = || stage.sim.with_scripts(|scripts| scripts["edge-api"].secrets["KEY"].1.clone());
    stage.apply(&one("first"));
    kill_during_put(&stage, &one("second"), "/accounts/*/workers/scripts/*/secrets");
    assert_eq!(held(), "second", "the put has its effect");
    stage.apply(&one("first"));
    assert_eq!(held(), "first");
    stage.settled();
}

#[test]
fn secrets_that_go_back_after_a_killed_run_leave_none_that_nobody_wants() {
    let stage = Stage::new();
    let many = |secrets: &str| {
        format!(
            "resource \"cloudflare_workers_secrets\" \"s\" {{\n  script_name = \"edge-api\"\n  secrets = {{ {secrets} \
             }}\n}}\n"
        )
    };
    let held = || {
        stage.sim.with_scripts(|scripts| {
            let secrets = scripts["edge-api"].secrets.iter();
            secrets.map(|(name, (_, text))| format!("{name}={text}")).collect::<Vec<_>>()
        })
    };
    stage.apply(&many("A = \"first\""));
    kill_during(
        &stage,
        "PATCH",
        &many("A = \"second\", B = \"new\""),
        "/accounts/*/workers/scripts/*/secrets-bulk",
    );
    assert_eq!(held(), ["A=second", "B=new"], "the write has its effect");
    stage.apply(&many("A = \"first\""));
    assert_eq!(held(), ["A=first"]);
    stage.settled();
}

#[test]
fn a_roll_whose_trigger_goes_back_after_lost_answers_leaves_no_dead_value() {
    let stage = Stage::new();
    let config = |trigger: &str| {
        let rotation = format!("name = \"rolled\"\nrotation = {{ triggers = {{ v = \"{trigger}\" }} }}");
        format!("{IMPATIENT}{}", token(&rotation))
    };
    stage.apply(&config("1"));
    let id = stage.text(TOKEN, "id");
    let before = stage.text(TOKEN, "value");
    let lost = Fault::new(FaultKind::Reset(Effect::Done)).method("PUT").path("/accounts/*/tokens/*/value");
    stage.sim.fault(lost.always());
    stage.config(&config("2")).tf.apply().failure("not known");
    assert_ne!(stage.sim.token_value(&id), Some(before), "the roll has its effect");
    stage.sim.clear_faults();
    stage.apply(&config("1"));
    assert_eq!(stage.sim.token_value(&id), Some(stage.text(TOKEN, "value")));
}

#[test]
fn a_workers_secret_that_goes_back_after_lost_answers_is_put_again() {
    let stage = Stage::new();
    let config = |value: &str| {
        format!(
            "{IMPATIENT}resource \"cloudflare_workers_secret\" \"s\" {{\n  script_name = \"cron\"\n  name = \"S\"\n  \
             value = {value:?}\n}}\n"
        )
    };
    stage.apply(&config("old"));
    let path = "/accounts/*/workers/scripts/cron/secrets";
    stage.sim.fault(Fault::new(FaultKind::Reset(Effect::Done)).method("PUT").path(path).always());
    let failed = stage.config(&config("new")).tf.apply();
    assert_ne!(failed.code, Some(0), "{failed:?}");
    assert_eq!(stage.sim.secret("cron", "S").as_deref(), Some("new"), "the put has its effect");
    stage.sim.clear_faults();
    stage.apply(&config("old"));
    assert_eq!(stage.sim.secret("cron", "S").as_deref(), Some("old"));
}
