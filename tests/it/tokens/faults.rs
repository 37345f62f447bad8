//! Faults between a write and its answer.

use cloudflare_tokens::tokens::{Concern, Field, Fields};

use super::*;
use crate::simulator::{Effect as Sim, Fault, FaultKind, Readings};

const PUT: (&str, &str) = ("PUT", "/accounts/*/tokens/*");

fn at((method, path): (&str, &str), kind: FaultKind) -> Fault {
    Fault::new(kind).method(method).path(path)
}

#[tokio::test]
async fn a_write_without_an_answer_has_its_effect_once() {
    for effect in [Sim::None, Sim::Done] {
        for kind in [
            FaultKind::Reset(effect),
            FaultKind::Html(502, effect),
            FaultKind::Api(500, 0, "Internal error", effect),
            FaultKind::Hang(effect),
        ] {
            let world = World::new(Options::default()).await;
            let id = world.mint("shared", &[1, 2]);
            world.sim.fault(at(PUT, kind.clone()));
            let outcome = world.host().submit(&id, world.edit("a", &[1], &[3])).await;
            let outcome = outcome.unwrap_or_else(|error| panic!("{kind:?}: {error}"));
            assert_eq!(world.has(&id), world.fingerprints([2, 3]), "{kind:?}");
            assert!(outcome.adopted.is_empty(), "{kind:?}: its own policy is not somebody else's");
            let puts = world.sim.count("PUT", "/accounts/*/tokens/*");
            assert_eq!(puts, if effect == Sim::Done { 1 } else { 2 }, "{kind:?}");
            assert!(!world.sim.faults_pending());
        }
    }
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_is_looked_up() {
    for kind in [FaultKind::Truncated, FaultKind::WrongTypes] {
        let world = World::new(Options::default()).await;
        let id = world.mint("shared", &[1]);
        world.sim.fault(at(PUT, kind.clone()));
        world.host().submit(&id, world.edit("a", &[], &[3])).await.unwrap();
        assert_eq!(world.sim.count("PUT", "/accounts/*/tokens/*"), 1, "{kind:?}");
        assert_eq!(world.has(&id), world.fingerprints([1, 3]));
    }
}

#[tokio::test]
async fn a_write_that_never_has_an_answer_ends_as_unknown() {
    let world = World::new(Options::default()).await;
    let id = world.mint("shared", &[1]);
    world.sim.fault(at(PUT, FaultKind::Html(502, Sim::None)).always());
    let outcome = world.host().submit(&id, world.edit("a", &[], &[3])).await;
    assert!(matches!(outcome, Err(OpError { may_have_effect: true, .. })), "{outcome:?}");
}

#[tokio::test]
async fn a_stale_read_back_is_no_contention() {
    let world = World::new(Options::default()).await;
    let id = world.mint("shared", &[1]);
    // The simulator's clock must move on, because otherwise the old state has the same time as the new one.
    world.sim.advance(Duration::from_secs(5));
    world.sim.fault(at(("GET", "/accounts/*/tokens/*"), FaultKind::Stale).skip(1));
    world.host().submit(&id, world.edit("a", &[], &[3])).await.unwrap();
    assert_eq!(world.sim.count("PUT", "/accounts/*/tokens/*"), 1);
    assert!(!world.sim.faults_pending());
}

#[tokio::test]
async fn a_write_that_somebody_undoes_is_made_again() {
    let world = World::new(Options::default()).await;
    let id = world.mint("shared", &[1]);
    world.sim.fault(at(PUT, FaultKind::LatencyAfter(Duration::from_millis(120))));
    let host = world.host();
    let (outcome, ()) = tokio::join!(host.submit(&id, world.edit("a", &[], &[3])), async {
        while world.has(&id) == world.fingerprints([1]) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let name = world.sim.policies(&id).into_iter().map(|policy| policy.groups).collect::<Vec<_>>();
        assert_eq!(name.len(), 2);
        // Somebody writes the token back as it was before.
        let ours = world.groups[3].clone();
        world.sim.edit(&id, |token| token.policies.retain(|policy| !policy.groups.contains(&ours)));
    });
    outcome.unwrap();
    assert_eq!(world.has(&id), world.fingerprints([1, 3]));
    assert_eq!(world.sim.count("PUT", "/accounts/*/tokens/*"), 2);
}

#[tokio::test]
async fn a_token_that_goes_before_the_write_needs_no_removal_and_takes_no_policy() {
    let world = World::new(Options::default()).await;
    let id = world.mint("shared", &[1]);
    world.sim.fault(at(PUT, FaultKind::LatencyBefore(Duration::from_millis(200))));
    let host = world.host();
    let ops = vec![world.edit("a", &[1], &[]), world.edit("b", &[], &[2])];
    let (outcomes, ()) = tokio::join!(host.submit_all(&id, ops), async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        world.sim.delete(&id);
    });
    assert!(outcomes[0].is_ok());
    assert!(matches!(outcomes[1], Err(OpError { cause: Cause::Gone, .. })), "{:?}", outcomes[1]);
}

#[tokio::test]
async fn whatever_goes_wrong_on_the_way_processes_of_one_host_end_where_they_said() {
    for seed in 1..=3 {
        let world = World::new(Options::default()).await;
        let id = world.mint("shared", &[90, 91]);
        let mut next = scatter(seed);
        for n in 0..6 {
            let effect = if next(2) == 0 { Sim::None } else { Sim::Done };
            let kind = match next(6) {
                0 => FaultKind::Reset(effect),
                1 => FaultKind::Html(502, effect),
                2 => FaultKind::Truncated,
                3 => FaultKind::WrongTypes,
                4 => FaultKind::LatencyAfter(Duration::from_millis(30)),
                _ => FaultKind::Api(500, 0, "Internal error", effect),
            };
            let fault = at(if next(4) == 0 { ("GET", PUT.1) } else { PUT }, kind);
            world.sim.fault(fault.skip(2 * n));
        }
        let locks = Arc::new(tempfile::tempdir().unwrap());
        let processes: Vec<_> = (0..3).map(|_| world.process(locks.clone(), |_| {})).collect();
        // Each process has three bindings. Each binding has three policies of its own, and changes its choice among
        // them.
        let bindings = (0..9_usize).map(|binding| {
            let mut next = scatter(seed * 100 + binding as u64);
            let (world, id, host) = (&world, &id, &processes[binding % 3]);
            async move {
                let mut held: Vec<usize> = Vec::new();
                for _ in 0..4 {
                    tokio::time::sleep(Duration::from_millis(next(40))).await;
                    let wanted: Vec<_> = (0..3).filter(|_| next(2) == 0).map(|n| 3 * binding + n).collect();
                    let outcome = host.submit(id, world.edit(&binding.to_string(), &held, &wanted)).await;
                    let outcome = outcome.unwrap_or_else(|error| panic!("seed {seed}: {error}"));
                    let token = outcome.token.unwrap();
                    let seen: BTreeSet<_> =
                        TokenPolicies::of(&token, &host.owner).policies.into_keys().collect();
                    assert!(world.fingerprints(wanted.clone()).is_subset(&seen), "seed {seed}");
                    assert!(outcome.adopted.is_empty(), "seed {seed}");
                    held = wanted;
                }
                held
            }
        });
        let held: Vec<usize> = join_all(bindings).await.into_iter().flatten().chain([90, 91]).collect();
        assert_eq!(world.has(&id), world.fingerprints(held), "seed {seed}");
    }
}

#[tokio::test]
async fn a_refusal_of_the_credential_fails_all() {
    let world = World::new(Options::default()).await;
    let id = world.mint("shared", &[1]);
    let refuse = FaultKind::Api(403, 9109, "Unauthorized to access requested resource", Sim::None);
    world.sim.fault(at(PUT, refuse).always());
    let ops = (2..5).map(|n| world.edit(&n.to_string(), &[], &[n])).collect();
    let outcomes = world.host().submit_all(&id, ops).await;
    assert!(
        outcomes.iter().all(
            |outcome| matches!(outcome, Err(OpError { cause: Cause::Api(error), .. }) if error.is_auth())
        )
    );
    assert_eq!(world.sim.count("PUT", "/accounts/*/tokens/*"), 1);
}

#[tokio::test]
async fn a_spent_quota_delays_a_write_and_no_more() {
    let world = World::new(Options::default()).await;
    let id = world.mint("shared", &[1]);
    world.sim.fault(at(PUT, FaultKind::RateLimited(Some("1".into()))));
    world.host().submit(&id, world.edit("a", &[], &[3])).await.unwrap();
    assert_eq!(world.has(&id), world.fingerprints([1, 3]));
}

#[tokio::test]
async fn a_lost_roll_is_rolled_again() {
    use secrecy::ExposeSecret;
    for kind in [FaultKind::Reset(Sim::Done), FaultKind::Html(502, Sim::None), FaultKind::WrongTypes] {
        let world = World::new(Options::default()).await;
        let id = world.mint("one", &[1]);
        world.sim.fault(at(("PUT", "/accounts/*/tokens/*/value"), kind));
        let outcome = world.host().submit(&id, Op::Roll).await.unwrap();
        assert_eq!(Some(outcome.value.unwrap().expose_secret().to_owned()), world.sim.token_value(&id));
    }
}

#[tokio::test]
async fn a_lost_delete_is_a_delete() {
    for kind in [FaultKind::Reset(Sim::Done), FaultKind::Html(502, Sim::None)] {
        let world = World::new(Options::default()).await;
        let id = world.mint("one", &[1]);
        world.sim.fault(at(("DELETE", "/accounts/*/tokens/*"), kind));
        world.host().submit(&id, Op::Delete).await.unwrap();
        assert!(world.sim.token(&id).is_none());
    }
}

#[tokio::test]
async fn a_field_that_the_api_does_not_clear_is_told() {
    let readings = Readings { condition_null_clears: false, ..Readings::default() };
    let world = World::new(Options { readings, ..Options::default() }).await;
    let id = world.mint("one", &[1]);
    let set = |condition| {
        let fields = Fields { condition: Some(condition), ..Fields::default() };
        Op::from(Change { fields, ..Change::default() })
    };
    let condition = serde_json::from_value(json!({ "request_ip": { "in": ["192.0.2.0/24"] } })).unwrap();
    let host = world.host();
    assert_eq!(host.submit(&id, set(Some(condition))).await.unwrap().concerns, []);
    assert_eq!(host.submit(&id, set(None)).await.unwrap().concerns, [Concern::NotApplied(Field::Condition)]);
}

#[tokio::test]
async fn groups_that_are_left_out_in_silence_are_told() {
    let readings = Readings { unknown_group_rejected: false, ..Readings::default() };
    let world = World::new(Options { readings, ..Options::default() }).await;
    let id = world.mint("one", &[1]);
    let unknown = "f".repeat(32).parse().unwrap();
    let groups = world.policy(2).groups().iter().cloned().chain([unknown]).collect();
    let asked = Policy::new(Effect::Allow, groups, world.policy(2).resources().clone(), &world.home());
    let policies = Some(PolicyChange::Edit { remove: BTreeSet::new(), add: vec![asked.clone()] });
    let change = Change { by: "a".into(), policies, ..Change::default() };
    let outcome = world.host().submit(&id, Op::from(change)).await.unwrap();
    let missing = BTreeSet::from(["f".repeat(32).parse().unwrap()]);
    assert_eq!(outcome.concerns, [Concern::NotGranted { asked, granted: Some(world.policy(2)), missing }]);
}
