//! Incomplete answers, and waits that an interrupt ends.

use std::time::{Duration, Instant};

use super::{apply_until, binding, foreign_token, groups};
use crate::simulator::{Fault, FaultKind};
use crate::support::signal;
use crate::support::stage::{Stage, TOKEN, token};

#[test]
fn an_answer_without_policies_is_an_error_and_erases_nothing() {
    for fault in [FaultKind::without("/result/policies"), FaultKind::null("/result/policies")] {
        let (stage, id) = foreign_token();
        stage.sim.fault(Fault::new(fault).method("GET").path("/accounts/*/tokens/*").always());
        let config = binding("b", &id, &["D1 Read"]);
        stage.config(&config).tf.apply().failure("not an answer of the Cloudflare API");
        assert_eq!(groups(&stage.sim, &id), ["Workers Scripts Read"]);
        stage.sim.clear_faults();
        stage.apply(&config);
        assert_eq!(groups(&stage.sim, &id), ["D1 Read", "Workers Scripts Read"]);
        stage.tf.destroy().success();
        assert_eq!(groups(&stage.sim, &id), ["Workers Scripts Read"]);
    }
}

#[test]
fn a_token_that_cannot_be_read_is_named_and_hides_no_other() {
    let (stage, id) = foreign_token();
    stage.apply(&token("name = \"mine\""));
    let unreadable = format!("/result/{id}/policies/*/effect");
    stage
        .sim
        .fault(Fault::new(FaultKind::null(&unreadable)).method("GET").path("/accounts/*/tokens").always());
    let config = format!(
        "{}data \"cloudflare_account_api_tokens\" \"all\" {{}}\n\
         data \"cloudflare_account_api_token\" \"mine\" {{ name = cloudflare_account_api_token.t.name }}\n\
         output \"names\" {{ value = data.cloudflare_account_api_tokens.all.tokens[*].name }}\n\
         output \"id\" {{ value = data.cloudflare_account_api_token.mine.id }}\n",
        token("name = \"mine\"")
    );
    let applied = stage.config(&config).tf.apply().success();
    applied.says("Some API tokens could not be read").says(&format!("- {id}: "));
    let names = stage.tf.output("names");
    assert!(names.as_array().unwrap().contains(&"mine".into()), "{names}");
    assert!(!names.as_array().unwrap().contains(&"someone's".into()), "{names}");
    assert_eq!(stage.tf.output("id"), stage.text(TOKEN, "id").as_str());
}

#[test]
fn an_interrupt_ends_the_wait_for_a_quota_and_says_that_nothing_was_sent() {
    let stage = Stage::new();
    let limited = Fault::new(FaultKind::RateLimited(Some("40".to_owned()))).method("POST");
    let limited = stage.sim.fault(limited);
    stage.config(&token("name = \"limited\""));
    let apply = apply_until(&stage.sim, &stage.tf, limited);
    // This is long enough for the answer to arrive and the wait to begin.
    std::thread::sleep(Duration::from_millis(500));
    let start = Instant::now();
    assert!(signal("INT", apply.id()));
    stage.tf.finish(apply).failure("not sent");
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    assert!(stage.sim.tokens().is_empty());
    stage.sim.clear_faults();
    stage.apply(&token("name = \"limited\""));
}
