//! A token's successor, and what is left if a step fails.

use std::time::Duration;

use cloudflare_tokens::tokens::{
    Concern, CreateError, Field, Orphan, Succeeded, Succession, SuccessionError, Unfinished, successor_name,
};
use secrecy::ExposeSecret;

use super::*;
use crate::simulator::{Effect as Sim, Fault, FaultKind};

const WEEK: Duration = Duration::from_secs(7 * 24 * 3600);

fn succession(policies: Option<PolicyChange>) -> Succession {
    let change = Change { by: "token".into(), policies, ..Change::default() };
    Succession { change, overlap: WEEK }
}

impl Host {
    async fn succeed(&self, id: &str, succession: Succession) -> Result<Succeeded, SuccessionError> {
        self.service.succeed(&self.owner, id, succession).await
    }
}

impl World {
    /// The existing tokens, sorted by name.
    fn names(&self) -> Vec<String> {
        let mut names: Vec<_> =
            self.sim.tokens().iter().map(|token| token["name"].as_str().unwrap().to_owned()).collect();
        names.sort();
        names
    }

    fn ends(&self, id: &str) -> Option<String> {
        self.sim.token(id).unwrap()["expires_on"].as_str().map(str::to_owned)
    }
}

fn unsaved(made: &Succeeded, old: &str) -> Orphan {
    Orphan::Unsaved { id: made.token.id.clone(), predecessor: old.to_owned() }
}

fn refused() -> FaultKind {
    FaultKind::Api(403, 9109, "Unauthorized to access requested resource", Sim::None)
}

#[tokio::test]
async fn a_successor_has_the_name_and_all_rights_and_the_old_one_an_end() {
    let world = World::new(Options::default()).await;
    let (host, old) = (world.host(), world.mint("deploy", &[1, 2]));
    let made = host.succeed(&old, succession(None)).await.unwrap();
    let new = &made.token.id;
    assert_ne!(*new, old);
    assert_eq!(Some(made.value.expose_secret().to_owned()), world.sim.token_value(new));
    assert_eq!((world.has(new), world.has(&old)), (world.fingerprints([1, 2]), world.fingerprints([1, 2])));
    assert_eq!((world.names(), made.token.name.as_str()), (vec!["deploy".to_owned(); 2], "deploy"));
    let end = made.predecessor_ends.unwrap();
    assert!((end - world.sim.now() - WEEK).whole_seconds().abs() <= 2, "{end}");
    assert!(world.ends(&old).is_some() && world.ends(new).is_none());
    assert!(made.concerns.is_empty() && made.unfinished.is_empty(), "{made:?}");
    assert_eq!(host.service.successors(&old), [new.as_str()]);
    assert_eq!(host.service.predecessor(new), Some(old));
}

#[tokio::test]
async fn the_old_token_never_ends_later_than_it_would_have() {
    let world = World::new(Options::default()).await;
    let (host, old) = (world.host(), world.mint("deploy", &[1]));
    let soon = world.sim.now() + Duration::from_secs(3600);
    world.sim.edit(&old, |token| token.expires_on = Some(soon));
    let made = host.succeed(&old, succession(None)).await.unwrap();
    assert_eq!(made.predecessor_ends, Some(soon));
    assert!(world.ends(&made.token.id).is_none(), "the new one has the end that was asked for");
}

#[tokio::test]
async fn what_a_change_takes_away_or_replaces_changes_both() {
    let world = World::new(Options::default()).await;
    let (host, old) = (world.host(), world.mint("deploy", &[1, 2, 3]));
    let edit = PolicyChange::Edit {
        remove: world.fingerprints([1, 2]),
        add: vec![world.policy(1), world.policy(4)],
    };
    let made = host.succeed(&old, succession(Some(edit))).await.unwrap();
    assert_eq!(world.has(&made.token.id), world.fingerprints([1, 3, 4]));
    assert_eq!(world.has(&old), world.fingerprints([1, 3, 4]));
    let (host, old) = (world.host(), world.mint("other", &[1]));
    let added =
        PolicyChange::Edit { remove: world.fingerprints([1]), add: vec![world.policy(1), world.policy(4)] };
    host.succeed(&old, succession(Some(added))).await.unwrap();
    assert_eq!(world.has(&old), world.fingerprints([1]), "what is only added is for the new one");
}

#[tokio::test]
async fn an_old_token_is_never_enabled_again() {
    let world = World::new(Options::default()).await;
    let (host, old) = (world.host(), world.mint("deploy", &[1]));
    world.sim.set_status(&old, "disabled");
    let mut enabled = succession(None);
    enabled.change.fields.status = Some("active".into());
    let made = host.succeed(&old, enabled).await.unwrap();
    assert_eq!(world.sim.token(&old).unwrap()["status"], "disabled");
    assert_eq!(world.sim.token(&made.token.id).unwrap()["status"], "active");
}

#[tokio::test]
async fn a_successor_that_no_state_has_is_told_by_the_next_rotation() {
    let world = World::new(Options::default()).await;
    let (host, old) = (world.host(), world.mint("deploy", &[1]));
    let first = host.succeed(&old, succession(None)).await.unwrap();
    // Terraform was killed before it saved its state, so the state still has the old token.
    tokio::time::sleep(Duration::from_millis(50)).await;
    let second = host.succeed(&old, succession(None)).await.unwrap();
    assert_eq!(second.left_behind, [unsaved(&first, &old)]);
}

#[tokio::test]
async fn a_successor_that_no_state_has_is_told_on_another_host_too() {
    let world = World::new(Options::default()).await;
    let old = world.mint("deploy", &[1]);
    let other = world.mint("deploy", &[2]);
    let first = world.host().succeed(&old, succession(None)).await.unwrap();
    let second = world.host().succeed(&old, succession(None)).await.unwrap();
    assert_eq!(second.left_behind, [unsaved(&first, &old)], "and not {other}, which has other rights");
}

#[tokio::test]
async fn a_disabled_token_has_a_disabled_successor() {
    let world = World::new(Options::default()).await;
    let (host, old) = (world.host(), world.mint("deploy", &[1]));
    world.sim.set_status(&old, "disabled");
    let made = host.succeed(&old, succession(None)).await.unwrap();
    assert_eq!(world.sim.token(&made.token.id).unwrap()["status"], "disabled");
}

#[tokio::test]
async fn a_token_without_rights_has_a_successor_without_rights() {
    let world = World::new(Options::default()).await;
    let (host, old) = (world.host(), world.mint("deploy", &[]));
    let made = host.succeed(&old, succession(None)).await.unwrap();
    assert_eq!(world.has(&made.token.id), BTreeSet::new());
    let edit = world.edit("binding", &[], &[1]);
    host.submit(&made.token.id, edit).await.unwrap();
    assert_eq!(world.has(&made.token.id), world.fingerprints([1]));
}

#[tokio::test]
async fn who_has_claimed_a_right_can_take_it_back_from_the_successor() {
    let world = World::new(Options::default()).await;
    let (host, old) = (world.host(), world.mint("deploy", &[]));
    host.submit(&old, world.edit("one", &[], &[1])).await.unwrap();
    host.submit(&old, world.edit("other", &[], &[1])).await.unwrap_or_else(|e| panic!("{e}"));
    let made = host.succeed(&old, succession(None)).await.unwrap();
    let id = &made.token.id;
    host.submit(id, world.edit("one", &[1], &[])).await.unwrap();
    assert_eq!(world.has(id), world.fingerprints([1]), "the other one has claimed it later");
    host.submit(id, world.edit("other", &[1], &[])).await.unwrap();
    assert_eq!(world.has(id), BTreeSet::new());
}

#[tokio::test]
async fn a_right_that_comes_while_the_successor_is_made_goes_over() {
    let world = World::new(Options::default()).await;
    let (host, old) = (world.host(), world.mint("deploy", &[1]));
    let slow = FaultKind::LatencyAfter(Duration::from_millis(400));
    world.sim.fault(Fault::new(slow).method("POST"));
    let (made, _) = tokio::join!(host.succeed(&old, succession(None)), async {
        while world.sim.tokens().len() < 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        host.submit(&old, world.edit("binding", &[], &[2])).await.unwrap()
    });
    let id = made.unwrap().token.id.clone();
    assert_eq!(world.has(&id), world.fingerprints([1, 2]));
    host.submit(&id, world.edit("binding", &[2], &[])).await.unwrap();
    assert_eq!(world.has(&id), world.fingerprints([1]));
}

#[tokio::test]
async fn where_nothing_can_be_made_the_old_token_stays_as_it_is() {
    let world = World::new(Options::default()).await;
    let (host, old) = (world.host(), world.mint("deploy", &[1]));
    let before = world.sim.token(&old);
    world.sim.fault(Fault::new(refused()).method("POST"));
    let error = host.succeed(&old, succession(None)).await.unwrap_err();
    assert!(matches!(error, SuccessionError::Create(CreateError::Api(_))), "{error:?}");
    assert_eq!((world.sim.token(&old), world.sim.tokens().len()), (before, 1));
}

#[tokio::test]
async fn a_lost_answer_leaves_one_successor_and_nothing_else() {
    for kind in [FaultKind::Reset(Sim::Done), FaultKind::Reset(Sim::None), FaultKind::Truncated] {
        let world = World::new(Options::default()).await;
        let (host, old) = (world.host(), world.mint("deploy", &[1]));
        world.sim.fault(Fault::new(kind.clone()).method("POST"));
        let made = host.succeed(&old, succession(None)).await.unwrap();
        assert_eq!(Some(made.value.expose_secret().to_owned()), world.sim.token_value(&made.token.id));
        assert_eq!(world.names(), ["deploy", "deploy"], "{kind:?}");
    }
}

#[tokio::test]
async fn an_old_token_that_gets_no_end_is_told() {
    let world = World::new(Options::default()).await;
    let (host, old) = (world.host(), world.mint("deploy", &[1]));
    world.sim.fault(Fault::new(refused()).method("PUT").path(&format!("/accounts/*/tokens/{old}")).always());
    let made = host.succeed(&old, succession(None)).await.unwrap();
    assert_eq!(made.predecessor_ends, None);
    assert!(matches!(&made.unfinished[..], [Unfinished::Predecessor(_)]), "{made:?}");
    assert_eq!(world.names(), ["deploy", "deploy"]);
}

#[tokio::test]
async fn what_a_killed_run_has_left_goes_before_the_next_successor_comes() {
    let world = World::new(Options::default()).await;
    let (host, old) = (world.host(), world.mint("deploy", &[1]));
    // A run on another host created the successor and died before it set the name.
    let left = world.mint(&successor_name(&old), &[1]);
    let other = world.mint("deploy", &[1]);
    let made = host.succeed(&old, succession(None)).await.unwrap();
    assert!(world.sim.token(&left).is_none() && world.sim.token(&other).is_some());
    assert_eq!(world.names(), ["deploy", "deploy", "deploy"]);
    assert_ne!(made.token.id, other);
}

#[tokio::test]
async fn a_successor_that_nobody_heard_of_goes_and_the_old_token_lives_on() {
    let world = World::new(Options { latency: Duration::from_millis(40), ..Options::default() }).await;
    let (host, old) = (world.host(), world.mint("deploy", &[1]));
    let gone = tokio::time::timeout(Duration::from_millis(150), host.succeed(&old, succession(None)));
    assert!(gone.await.is_err());
    host.service.leave().await;
    assert_eq!(world.names(), ["deploy"]);
    assert_eq!(world.ends(&old), None);
}

/// The successor's own first write: it comes after the one that ends the old token.
fn second_put(kind: FaultKind) -> Fault {
    Fault::new(kind).method("PUT").skip(1)
}

/// Waits until the API has this many tokens.
async fn until_there_are(world: &World, count: usize) {
    while world.sim.tokens().len() < count {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_successor_of_a_killed_run_goes_although_it_has_its_last_name() {
    let world = World::new(Options::default()).await;
    let (locks, old) = (Arc::new(tempfile::tempdir().unwrap()), world.mint("deploy", &[1]));
    let run = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    world.sim.fault(second_put(FaultKind::LatencyAfter(Duration::from_secs(9))));
    let (killed, id) = (world.process(locks.clone(), |_| {}), old.clone());
    run.spawn(async move { killed.succeed(&id, succession(None)).await.map(drop) });
    while world.names() != ["deploy", "deploy"] {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    run.shutdown_background();
    // Its locks are free once it is gone.
    let made = world.process(locks, |_| {}).succeed(&old, succession(None)).await.unwrap();
    assert!(made.left_behind.is_empty() && made.unfinished.is_empty(), "{made:?}");
    assert_eq!(world.names(), ["deploy", "deploy"], "the old one and the new one");
}

#[tokio::test]
async fn a_successor_goes_if_the_process_leaves_before_it_can_be_handed_over() {
    let world = World::new(Options::default()).await;
    let (host, old) = (world.host(), world.mint("deploy", &[1]));
    world.sim.fault(second_put(FaultKind::LatencyAfter(Duration::from_millis(200))));
    let (made, ()) = tokio::join!(host.succeed(&old, succession(None)), async {
        until_there_are(&world, 2).await;
        host.service.leave().await;
    });
    assert!(matches!(made, Err(SuccessionError::Create(CreateError::Internal))), "{made:?}");
    assert_eq!((world.names(), world.ends(&old)), (vec!["deploy".to_owned()], None));
}

#[tokio::test]
async fn the_old_token_ends_while_a_successor_that_nobody_heard_of_is_there() {
    let world = World::new(Options::default()).await;
    let (host, old) = (world.host(), world.mint("deploy", &[1]));
    world.sim.fault(Fault::new(refused()).method("DELETE").always());
    let (made, ()) = tokio::join!(host.succeed(&old, succession(None)), async {
        until_there_are(&world, 2).await;
        host.service.leave().await;
    });
    assert!(made.is_err());
    assert_eq!(world.names(), ["deploy", "deploy"]);
    assert!(world.ends(&old).is_some(), "else both would live");
}

#[tokio::test]
async fn a_successor_that_is_gone_by_now_is_not_told() {
    let world = World::new(Options::default()).await;
    let (host, old) = (world.host(), world.mint("deploy", &[1]));
    let first = host.succeed(&old, succession(None)).await.unwrap();
    // Its record says that the caller has the value.
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(world.sim.delete(&first.token.id));
    let second = host.succeed(&old, succession(None)).await.unwrap();
    assert_eq!(second.left_behind, []);
}

#[tokio::test]
async fn only_a_token_that_has_an_end_may_have_a_successor_of_another_host() {
    let world = World::new(Options::default()).await;
    let (host, old) = (world.host(), world.mint("deploy", &[1]));
    let lists = |world: &World| world.sim.count("GET", "/accounts/*/tokens");
    host.succeed(&old, succession(None)).await.unwrap();
    assert_eq!(lists(&world), 1, "the search for what a killed run has left");
    world.host().succeed(&old, succession(None)).await.unwrap();
    assert_eq!(lists(&world), 3);
}

#[tokio::test]
async fn a_right_that_goes_while_the_successor_is_made_goes_from_both() {
    let world = World::new(Options::default()).await;
    let (host, old) = (world.host(), world.mint("deploy", &[1, 2]));
    let slow = FaultKind::LatencyAfter(Duration::from_millis(400));
    world.sim.fault(Fault::new(slow).method("POST"));
    let (made, _) = tokio::join!(host.succeed(&old, succession(None)), async {
        until_there_are(&world, 2).await;
        host.submit(&old, world.edit("binding", &[2], &[])).await.unwrap()
    });
    assert_eq!(world.has(&made.unwrap().token.id), world.fingerprints([1]));
}

#[tokio::test]
async fn a_token_that_has_ended_has_a_successor_and_is_not_written() {
    let world = World::new(Options::default()).await;
    let (host, old) = (world.host(), world.mint("deploy", &[1]));
    world.sim.expire(&old);
    let ended =
        world.sim.with_state(|state| state.tokens.iter().find(|token| token.id == old).unwrap().expires_on);
    let made = host.succeed(&old, succession(None)).await.unwrap();
    assert_eq!(made.predecessor_ends, ended);
    assert!(made.unfinished.is_empty(), "{made:?}");
    assert_eq!(world.sim.count("PUT", &format!("/accounts/*/tokens/{old}")), 0);
    assert_eq!(world.has(&made.token.id), world.fingerprints([1]));
}

#[tokio::test]
async fn a_token_that_is_deleted_meanwhile_ends_now() {
    let world = World::new(Options::default()).await;
    let (host, old) = (world.host(), world.mint("deploy", &[1]));
    let slow = FaultKind::LatencyAfter(Duration::from_millis(200));
    world.sim.fault(Fault::new(slow).method("POST"));
    let (made, ()) = tokio::join!(host.succeed(&old, succession(None)), async {
        until_there_are(&world, 2).await;
        assert!(world.sim.delete(&old));
    });
    let made = made.unwrap();
    assert!(made.unfinished.is_empty(), "{made:?}");
    let end = made.predecessor_ends.unwrap();
    assert!((end - world.sim.now()).whole_seconds().abs() <= 2, "{end}");
}

#[tokio::test]
async fn a_difference_in_the_name_counts_at_the_end_only() {
    let edited = |path: &str, value: &str| FaultKind::Edited(path.to_owned(), Some(json!(value)));
    let concerns = async |created: FaultKind, renamed: Option<FaultKind>| {
        let world = World::new(Options { latency: Duration::from_millis(20), ..Options::default() }).await;
        let (host, old) = (world.host(), world.mint("deploy", &[1]));
        world.sim.fault(Fault::new(created).method("POST"));
        let (made, ()) = tokio::join!(host.succeed(&old, succession(None)), async {
            until_there_are(&world, 2).await;
            let new = world.sim.tokens().into_iter().find(|token| token["id"] != old.as_str()).unwrap();
            let path = format!("/accounts/*/tokens/{}", new["id"].as_str().unwrap());
            if let Some(kind) = renamed {
                world.sim.fault(Fault::new(kind).path(&path).always());
            }
        });
        made.unwrap().concerns
    };
    assert_eq!(concerns(edited("/result/name", "cut"), None).await, []);
    let early = edited("/result/not_before", "2099-01-01T00:00:00Z");
    assert_eq!(concerns(early, None).await, [Concern::NotApplied(Field::NotBefore)]);
    let never = concerns(edited("/result/name", "cut"), Some(edited("/result/name", "cut"))).await;
    assert_eq!(never, [Concern::NotApplied(Field::Name)]);
}

#[tokio::test]
async fn the_claims_of_the_tokens_own_resource_go_over_under_the_new_id() {
    let world = World::new(Options::default()).await;
    let (host, old) = (world.host(), world.mint("deploy", &[]));
    let own = |id: &str| format!("token {id}");
    host.submit(&old, world.edit(&own(&old), &[], &[1])).await.unwrap();
    host.submit(&old, world.edit("binding", &[], &[1])).await.unwrap();
    let mut asked = succession(None);
    asked.change.by = own(&old);
    let id = host.succeed(&old, asked).await.unwrap().token.id.clone();
    host.submit(&id, world.edit(&own(&id), &[1], &[])).await.unwrap();
    assert_eq!(world.has(&id), world.fingerprints([1]), "the binding has claimed it later");
    host.submit(&id, world.edit("binding", &[1], &[])).await.unwrap();
    assert_eq!(world.has(&id), BTreeSet::new());
}

#[tokio::test]
async fn a_successor_that_does_not_get_its_name_is_told() {
    let world = World::new(Options::default()).await;
    let (host, old) = (world.host(), world.mint("deploy", &[1]));
    world.sim.fault(second_put(refused()).always());
    let made = host.succeed(&old, succession(None)).await.unwrap();
    assert!(matches!(&made.unfinished[..], [Unfinished::Successor(_)]), "{made:?}");
    assert_eq!(world.names(), ["deploy".to_owned(), successor_name(&old)]);
    assert!(made.predecessor_ends.is_some() && world.ends(&old).is_some());
}

#[tokio::test]
async fn a_right_that_was_to_go_from_a_successor_goes_with_its_next_write() {
    let world = World::new(Options::default()).await;
    let (host, old) = (world.host(), world.mint("deploy", &[1, 2]));
    world.sim.fault(Fault::new(FaultKind::LatencyAfter(Duration::from_millis(200))).method("POST"));
    let (made, ()) = tokio::join!(host.succeed(&old, succession(None)), async {
        until_there_are(&world, 2).await;
        host.submit(&old, world.edit("binding", &[2], &[])).await.unwrap();
        let new = world.sim.tokens().into_iter().find(|token| token["id"] != old.as_str()).unwrap();
        let path = format!("/accounts/*/tokens/{}", new["id"].as_str().unwrap());
        world.sim.fault(Fault::new(refused()).method("PUT").path(&path).always());
    });
    let made = made.unwrap();
    let id = &made.token.id;
    assert!(matches!(&made.unfinished[..], [Unfinished::Successor(_)]), "{made:?}");
    assert_eq!(world.has(id), world.fingerprints([1, 2]));
    world.sim.clear_faults();
    host.submit(id, world.edit("binding", &[], &[3])).await.unwrap();
    assert_eq!(world.has(id), world.fingerprints([1, 3]));
}
