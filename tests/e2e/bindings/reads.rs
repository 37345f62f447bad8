//! The cost of a refresh of many tokens. The provider never believes a list alone.

use std::time::{Duration, Instant};

use super::*;
use crate::simulator::{Fault, FaultKind, Options};

fn tokens(count: usize) -> String {
    format!(
        "resource \"cloudflare_account_api_token\" \"t\" {{\n  count = {count}\n  name = \"token ${{count.index}}\"\n}}\n"
    )
}

#[test]
fn a_hundred_and_twenty_tokens_are_refreshed_in_six_requests_at_most() {
    let stage = Stage::alone(Options::default());
    stage.config(&tokens(120)).tf.apply().success();
    stage.sim.reset_requests();
    stage.settled();
    let spent = stage.sim.requests().len();
    eprintln!("120 tokens: {spent} requests to refresh");
    assert!(spent <= 6, "{spent} requests");
}

#[test]
fn two_tokens_among_five_hundred_are_refreshed_in_three_requests_at_most() {
    let stage = Stage::alone(Options { account_token_limit: 501, ..Options::default() });
    let before: Vec<_> =
        (0..300).map(|n| mint(&stage.sim, &format!("before {n}"), &[&["Workers Scripts Read"]])).collect();
    stage.config(&tokens(2)).tf.apply().success();
    let after: Vec<_> =
        (0..198).map(|n| mint(&stage.sim, &format!("after {n}"), &[&["Workers Scripts Read"]])).collect();
    assert_eq!(before.len() + after.len() + 2, stage.sim.tokens().len());
    stage.sim.reset_requests();
    stage.settled();
    let spent = stage.sim.requests().len();
    eprintln!("2 tokens of 500: {spent} requests to refresh");
    assert!(spent <= 3, "{spent} requests");
}

#[test]
fn a_token_that_no_list_shows_stays_in_the_state_if_it_can_be_read() {
    let stage = Stage::new();
    let filler: Vec<_> =
        (0..20).map(|n| mint(&stage.sim, &format!("filler {n}"), &[&["Workers Scripts Read"]])).collect();
    stage.config(&tokens(60)).tf.apply().success();
    let ids: Vec<String> =
        stage.sim.tokens().iter().map(|token| token["id"].as_str().unwrap().to_owned()).skip(20).collect();
    // A token of the first page is deleted after that page was read. Another token moves up to that page, so no page
    // shows it.
    let late = FaultKind::LatencyBefore(Duration::from_millis(500));
    stage.sim.fault(Fault::new(late).method("GET").path("/accounts/*/tokens").skip(1));
    stage.sim.reset_requests();
    std::thread::scope(|scope| {
        let refresh = scope.spawn(|| stage.settled());
        let (start, pages) = (Instant::now(), || stage.sim.count("GET", "/accounts/*/tokens"));
        while pages() < 2 && start.elapsed() < Duration::from_secs(60) {
            std::thread::sleep(Duration::from_millis(5));
        }
        stage.sim.delete(&filler[0]);
        refresh.join().unwrap();
    });
    assert!(!stage.sim.faults_pending());
    let read = |id: &&String| stage.sim.count("GET", &format!("/accounts/*/tokens/{id}")) > 0;
    let (page, rest): (Vec<_>, Vec<_>) = ids.iter().partition(|id| read(id));
    assert!(!page.is_empty(), "the token that moved was read by itself");
    assert_eq!(page.len() + rest.len(), 60);

    // A missing token is confirmed in the same way before it leaves the state.
    let gone = stage.text("cloudflare_account_api_token.t[5]", "id");
    stage.sim.delete(&gone);
    stage.sim.reset_requests();
    stage.tf.run(&["apply", "-refresh-only", "-auto-approve"]).success();
    assert_eq!(stage.attributes("cloudflare_account_api_token.t[5]"), Json::Null);
    let left = stage.tf.state()["resources"][0]["instances"].as_array().unwrap().len();
    assert_eq!(left, 59);
    assert!(stage.sim.count("GET", &format!("/accounts/*/tokens/{gone}")) > 0);
}
