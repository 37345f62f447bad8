//! Changes that others make to the policies of a binding, policies that two bindings share, and policies that the API
//! refuses or drops.

use std::time::{Duration, Instant};

use super::*;
use crate::simulator::{Fault, FaultKind, Options, Readings};

const B: &str = "cloudflare_token_binding.b";

fn account(sim: &Simulator) -> Json {
    json!({ format!("com.cloudflare.api.account.{}", sim.account_id()): "*" })
}

/// A binding with two policies.
fn of_two(id: &str) -> String {
    binding("b", &format!("{id:?}"), &["Cloudflare Tunnel Write"])
        .replace("policies = [", "policies = [{ permission_groups = [\"Workers Scripts Write\"] }, ")
}

#[test]
fn a_policy_of_a_binding_that_was_edited_outside_is_shown_and_restored() {
    let (stage, id) = foreign_token();
    stage.apply(&of_two(&id));
    let wider = &["Workers Scripts Write", "Workers Tail Read"];
    stage.sim.remove_policies(&id, |policy| policy.groups.contains("Workers Scripts Write"));
    stage.sim.add_policy(&id, wider, account(&stage.sim));
    let plan = stage.tf.run(&["plan", "-detailed-exitcode"]);
    assert_eq!(plan.code, Some(2));
    assert!(plan.said().contains("cloudflare_token_binding.b will be updated in-place"), "{}", plan.stdout);
    assert!(plan.stdout.contains("Workers Scripts Write"), "{}", plan.stdout);
    stage.tf.apply().success();
    stage.settled();
    // The edited policy belongs to no binding, so it stays.
    has_exactly(
        &stage.sim,
        &id,
        &[&["Workers Scripts Read"], &["Cloudflare Tunnel Write"], &["Workers Scripts Write"], wider],
    );
    stage.tf.destroy().success();
    has_exactly(&stage.sim, &id, &[&["Workers Scripts Read"], wider]);
}

#[test]
fn a_binding_of_which_nothing_is_left_is_made_anew() {
    let (stage, id) = foreign_token();
    stage.apply(&of_two(&id));
    stage.sim.remove_policies(&id, |policy| !policy.groups.contains("Workers Scripts Read"));
    let plan = stage.tf.plan().success();
    assert!(plan.said().contains("cloudflare_token_binding.b will be created"), "{}", plan.stdout);
    stage.apply(&of_two(&id));
    has_exactly(
        &stage.sim,
        &id,
        &[&["Workers Scripts Read"], &["Cloudflare Tunnel Write"], &["Workers Scripts Write"]],
    );
}

#[test]
fn policies_in_another_order_or_with_new_ids_are_no_drift() {
    let (stage, id) = foreign_token();
    stage.apply(&of_two(&id));
    stage.sim.edit(&id, |token| {
        token.policies.reverse();
        token.policies.iter_mut().for_each(|policy| policy.id = policy.id.chars().rev().collect());
    });
    stage.settled();
}

#[test]
fn the_same_policy_in_two_bindings_is_shared_with_a_warning() {
    let (stage, id) = foreign_token();
    let at = format!("{id:?}");
    let one = binding("one", &at, &["Cloudflare Tunnel Write"]);
    let two = binding("two", &at, &["Cloudflare Tunnel Write"]);
    let both = one.clone() + &two;
    stage.apply(&one);
    let applied = stage.config(&both).tf.apply().success();
    assert!(applied.said().contains("Warning: The token already has this policy"), "{}", applied.stdout);
    stage.settled();
    let shared: [&[&str]; 2] = [&["Workers Scripts Read"], &["Cloudflare Tunnel Write"]];
    has_exactly(&stage.sim, &id, &shared);
    // The later binding keeps the policy when the first binding is removed.
    stage.config(&two).tf.apply().success();
    has_exactly(&stage.sim, &id, &shared);
    stage.settled();
    // Removing the later binding removes the policy until the next apply of the other binding.
    stage.config(&both).tf.apply().success();
    stage.config(&two).tf.apply().success();
    has_exactly(&stage.sim, &id, &[&["Workers Scripts Read"]]);
    assert_eq!(stage.tf.run(&["plan", "-detailed-exitcode"]).code, Some(2));
    stage.apply(&two);
    has_exactly(&stage.sim, &id, &shared);
}

#[test]
fn overlapping_policies_stay_apart() {
    let (stage, id) = foreign_token();
    let at = format!("{id:?}");
    let one = binding("one", &at, &["Cloudflare Tunnel Write", "Workers Tail Read"]);
    let two = binding("two", &at, &["Workers Tail Read", "Workers Scripts Read"]);
    stage.apply(&(one + &two));
    has_exactly(
        &stage.sim,
        &id,
        &[
            &["Workers Scripts Read"],
            &["Cloudflare Tunnel Write", "Workers Tail Read"],
            &["Workers Tail Read", "Workers Scripts Read"],
        ],
    );
    stage.apply(&two);
    has_exactly(
        &stage.sim,
        &id,
        &[&["Workers Scripts Read"], &["Workers Tail Read", "Workers Scripts Read"]],
    );
}

#[test]
fn one_of_ten_that_the_api_refuses_explains_itself_and_nine_succeed() {
    let (stage, id) = foreign_token();
    let groups: Vec<String> =
        account_groups().into_iter().filter(|g| g != "Workers Scripts Read").take(9).collect();
    let good: String = groups
        .iter()
        .enumerate()
        .map(|(n, group)| binding(&format!("good{n}"), &format!("{id:?}"), &[group]))
        .collect();
    // The zone belongs to another account. Only the API knows that.
    let bad = |zone: &str| {
        format!(
            "resource \"cloudflare_token_binding\" \"bad\" {{\n  token_id = {id:?}\n  name = \"zone cache\"\n  \
             policies = [{{ permission_groups = [\"Cache Purge\"], zones = [{zone:?}] }}]\n}}\n"
        )
    };
    let said = stage
        .config(&(good.clone() + &bad(&stage.sim.other_zone_id())))
        .tf
        .apply()
        .failure("Could not bind the capability \"zone cache\" to the token")
        .stderr;
    assert_eq!(said.matches("Error: ").count(), 1, "{said}");
    assert!(said.contains("cloudflare_token_binding.bad"), "{said}");
    assert_eq!(granted(&stage.sim, &id).len(), 10);
    for n in 0..9 {
        assert_ne!(stage.attributes(&format!("cloudflare_token_binding.good{n}")), Json::Null);
    }
    assert_eq!(stage.attributes("cloudflare_token_binding.bad"), Json::Null);
    stage.apply(&(good + &bad(&stage.sim.zone_ids()[0])));
    assert_eq!(granted(&stage.sim, &id).len(), 11);
}

#[test]
fn what_was_granted_in_place_of_what_was_asked_goes_with_the_binding() {
    let readings = Readings { unknown_group_rejected: false, ..Readings::default() };
    let stage = Stage::with(Options { readings, ..Options::default() });
    let id = mint(&stage.sim, "shared", &[&["Workers Scripts Read"]]);
    let asks = binding("b", &format!("{id:?}"), &["Cloudflare Tunnel Write", "Workers Tail Read"]);
    // The group is retired between the list of groups and the write. The API drops it silently.
    stage.sim.fault(Fault::new(FaultKind::LatencyBefore(Duration::from_millis(700))).method("PUT"));
    let failed = std::thread::scope(|scope| {
        let apply = scope.spawn(|| stage.config(&asks).tf.apply());
        let start = Instant::now();
        while stage.sim.count("PUT", "/**") == 0 && start.elapsed() < Duration::from_secs(60) {
            std::thread::sleep(Duration::from_millis(5));
        }
        stage.sim.remove_group(&stage.sim.group_id("Workers Tail Read", "com.cloudflare.api.account"));
        apply.join().unwrap()
    });
    failed.failure("The token was granted less than was requested");
    has_exactly(&stage.sim, &id, &[&["Workers Scripts Read"], &["Cloudflare Tunnel Write"]]);
    assert_ne!(
        stage.attributes(B),
        Json::Null,
        "it is in the state, so that what was granted can be taken back"
    );
    stage.apply(&binding("b", &format!("{id:?}"), &["Workers Scripts Write"]));
    has_exactly(&stage.sim, &id, &[&["Workers Scripts Read"], &["Workers Scripts Write"]]);
    stage.tf.destroy().success();
    has_exactly(&stage.sim, &id, &[&["Workers Scripts Read"]]);
}

#[test]
fn a_tainted_binding_takes_its_policies_with_it() {
    let (stage, id) = foreign_token();
    let at = format!("{id:?}");
    stage.apply(&binding("b", &at, &["Cloudflare Tunnel Write"]));
    stage.tf.run(&["taint", B]).success();
    stage.apply(&binding("b", &at, &["Workers Scripts Write"]));
    has_exactly(&stage.sim, &id, &[&["Workers Scripts Read"], &["Workers Scripts Write"]]);
}

#[test]
fn a_binding_that_only_gets_another_name_writes_nothing() {
    let (stage, id) = foreign_token();
    let config = binding("b", &format!("{id:?}"), &["Cloudflare Tunnel Write"]);
    stage.apply(&config);
    stage.sim.reset_requests();
    stage.apply(&config.replace("name = \"b\"", "name = \"tunnels\""));
    assert_eq!(stage.sim.count("PUT", "/accounts/*/tokens/*"), 0);
}
