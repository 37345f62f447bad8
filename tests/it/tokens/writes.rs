//! Group commit: many changes, few requests, and no lost change.

use cloudflare_tokens::tokens::{Fields, Stopper};

use super::*;
use crate::simulator::body::Condition;

#[tokio::test]
async fn forty_bindings_in_one_go_cost_few_requests() {
    let world = World::new(Options::default()).await;
    let id = world.mint("shared", &[]);
    let ops = (0..40).map(|n| world.edit(&format!("binding {n}"), &[], &[n])).collect();
    let outcomes = world.host().submit_all(&id, ops).await;
    assert!(outcomes.iter().all(|outcome| outcome.as_ref().unwrap().adopted.is_empty()));
    assert_eq!(world.has(&id), world.fingerprints(0..40));
    assert!(world.requests() <= 20, "{}", world.requests());
}

#[tokio::test]
async fn changes_that_keep_coming_are_written_together() {
    let world = World::new(Options::default()).await;
    let id = world.mint("shared", &[]);
    let host = world.host_with(|settings| settings.gather_writes = Duration::from_millis(80));
    let writes = (0..6).map(|n| {
        let (world, host, id) = (&world, &host, &id);
        async move {
            // The last one comes long after a single moment has passed.
            tokio::time::sleep(Duration::from_millis(30 * n as u64)).await;
            host.submit(id, world.edit(&n.to_string(), &[], &[n])).await.unwrap();
        }
    });
    join_all(writes).await;
    assert_eq!(world.sim.count("PUT", "/accounts/*/tokens/*"), 1);
    assert_eq!(world.has(&id), world.fingerprints(0..6));
}

#[tokio::test]
async fn removing_the_last_policy_leaves_the_inert_one_which_goes_with_the_next() {
    let world = World::new(Options::default()).await;
    let id = world.mint("shared", &[1]);
    let host = world.host();
    host.submit(&id, world.edit("a", &[1], &[])).await.unwrap();
    let left = world.sim.policies(&id);
    assert_eq!((left.len(), left[0].effect), (1, "deny"));
    assert_eq!(world.has(&id), world.fingerprints([]));
    host.submit(&id, world.edit("a", &[], &[2])).await.unwrap();
    assert_eq!(world.sim.policies(&id).len(), 1);
    assert_eq!(world.has(&id), world.fingerprints([2]));
}

#[tokio::test]
async fn processes_on_one_host_lose_nothing_to_each_other() {
    let options = Options { latency: Duration::from_millis(3), ..Options::default() };
    let world = World::new(options).await;
    let id = world.mint("shared", &(20..24).collect::<Vec<_>>());
    let locks = Arc::new(tempfile::tempdir().unwrap());
    let processes: Vec<_> = (0..4).map(|_| world.process(locks.clone(), |_| {})).collect();
    let writes = processes.iter().enumerate().flat_map(|(n, host)| {
        (0..3).map({
            let (world, id) = (&world, &id);
            move |m| async move {
                tokio::time::sleep(Duration::from_millis(17 * m as u64)).await;
                let remove = if m == 0 { vec![20 + n] } else { vec![] };
                host.submit(id, world.edit(&format!("{n} {m}"), &remove, &[3 * n + m])).await.unwrap();
            }
        })
    });
    join_all(writes).await;
    assert_eq!(world.has(&id), world.fingerprints(0..12));
}

#[tokio::test]
async fn under_one_lock_no_write_meets_another() {
    let world = World::new(Options { latency: Duration::from_millis(10), ..Options::default() }).await;
    let id = world.mint("shared", &[9]);
    let locks = Arc::new(tempfile::tempdir().unwrap());
    let processes: Vec<_> = (0..4).map(|_| world.process(locks.clone(), |_| {})).collect();
    let writes = processes.iter().enumerate().map(|(n, host)| host.submit(&id, world.edit("it", &[], &[n])));
    assert!(join_all(writes).await.iter().all(Result::is_ok));
    assert_eq!(world.has(&id), world.fingerprints([0, 1, 2, 3, 9]));
    // Each process makes one read, one write and one read-back.
    assert_eq!(world.requests(), 4 * 3);
}

#[tokio::test]
async fn a_removal_that_a_late_write_of_another_host_undoes_is_made_again() {
    use crate::simulator::{Fault, FaultKind};
    let world = World::new(Options::default()).await;
    let id = world.mint("shared", &[1, 2]);
    let late = FaultKind::LatencyBefore(Duration::from_millis(400));
    world.sim.fault(Fault::new(late).method("PUT"));
    let (slow, watchful) = (
        world.host(),
        world.host_with(|settings| settings.concurrent_writers_window = Duration::from_millis(500)),
    );
    let (added, removed) = tokio::join!(slow.submit(&id, world.edit("a", &[], &[3])), async {
        tokio::time::sleep(Duration::from_millis(150)).await;
        watchful.submit(&id, world.edit("b", &[1], &[])).await
    });
    assert!(added.is_ok() && removed.is_ok());
    assert_eq!(world.has(&id), world.fingerprints([2, 3]));
    assert_eq!(world.sim.count("PUT", "/accounts/*/tokens/*"), 3);
}

#[tokio::test]
async fn removals_on_several_hosts_hold_if_they_are_watched() {
    let options = Options { latency: Duration::from_millis(2), ..Options::default() };
    let world = World::new(options).await;
    let id = world.mint("shared", &(0..6).collect::<Vec<_>>());
    let hosts: Vec<_> = (0..3)
        .map(|_| world.host_with(|settings| settings.concurrent_writers_window = Duration::from_millis(300)))
        .collect();
    let writes =
        hosts.iter().enumerate().map(|(n, host)| host.submit(&id, world.edit("it", &[n], &[10 + n])));
    let outcomes = join_all(writes).await;
    let failed: Vec<_> = outcomes.iter().filter_map(|outcome| outcome.as_ref().err()).collect();
    assert!(failed.is_empty(), "{failed:?}");
    assert_eq!(world.has(&id), world.fingerprints((3..6).chain(10..13)));
}

#[tokio::test]
async fn one_bad_change_fails_alone() {
    let world = World::new(Options::default()).await;
    let id = world.mint("shared", &[]);
    let mut ops: Vec<_> = (0..10).map(|n| world.edit(&n.to_string(), &[], &[n])).collect();
    let unknown = Policy::new(
        Effect::Allow,
        BTreeSet::from(["f".repeat(32).parse().unwrap()]),
        world.policy(0).resources().clone(),
        &world.home(),
    );
    let policies = Some(PolicyChange::Edit { remove: BTreeSet::new(), add: vec![unknown] });
    ops[6] = Op::from(Change { by: "bad".into(), policies, ..Change::default() });
    let outcomes = world.host().submit_all(&id, ops).await;
    let failed: Vec<_> = (0..10).filter(|n| outcomes[*n].is_err()).collect();
    assert_eq!(failed, [6]);
    assert!(
        matches!(&outcomes[6], Err(OpError { cause: Cause::Api(error), .. }) if error.is_policy_rejection())
    );
    assert_eq!(world.has(&id), world.fingerprints((0..10).filter(|n| *n != 6)));
    // The bisection makes one PUT for each half at each of four levels.
    let puts = world.sim.count("PUT", "/accounts/*/tokens/*");
    assert!(puts <= 1 + 2 * 4, "{puts}");
}

#[tokio::test]
async fn what_is_there_already_is_adopted_without_a_write() {
    let world = World::new(Options::default()).await;
    let id = world.mint("shared", &[1]);
    let outcome = world.host().submit(&id, world.edit("a", &[], &[1])).await.unwrap();
    assert_eq!(outcome.adopted, world.fingerprints([1]));
    assert_eq!(world.sim.count("PUT", "/accounts/*/tokens/*"), 0);
}

#[tokio::test]
async fn a_foreign_policy_and_fields_survive() {
    let world = World::new(Options::default()).await;
    let id = world.mint("shared", &[1]);
    let zone = &world.sim.zone_ids()[0];
    let resources = json!({ format!("com.cloudflare.api.account.zone.{zone}"): "*" });
    world.sim.add_policy(&id, &["DNS Write"], resources);
    world.sim.set_status(&id, "disabled");
    let outcome = world.host().submit(&id, world.edit("a", &[1], &[2])).await.unwrap();
    let token = outcome.token.unwrap();
    assert_eq!((token.status.as_str(), token.name.as_str()), ("disabled", "shared"));
    assert_eq!(world.sim.policies(&id).len(), 2);
}

#[tokio::test]
async fn a_hidden_empty_condition_locks_a_token_until_a_change_clears_it() {
    let world = World::new(Options::default()).await;
    let id = world.mint("shared", &[1]);
    world.sim.edit(&id, |token| token.condition = Some(Condition { inside: None, outside: None }));
    assert_eq!(world.sim.token(&id).unwrap().get("condition"), None);
    let locked = || {
        let mut locked = false;
        world.sim.edit(&id, |token| locked = token.condition.is_some());
        locked
    };
    let rename = Fields { name: Some("renamed".into()), ..Fields::default() };
    let end = time::OffsetDateTime::now_utc() + Duration::from_secs(3600);
    let ending = Fields { expires_on: Some(Some(end)), ..Fields::default() };
    let fields = |fields| Op::from(Change { fields, ..Change::default() });
    for op in [world.edit("a", &[1], &[2]), fields(rename), fields(ending)] {
        world.host().submit(&id, op).await.unwrap();
        assert!(locked());
    }
    let clear = Fields { condition: Some(None), name: Some("open".into()), ..Fields::default() };
    world.host().submit(&id, fields(clear)).await.unwrap();
    assert!(!locked());
    // An update sends back the fields that the API shows. Only a change of such a field clears it.
    assert!(world.sim.token(&id).unwrap().get("expires_on").is_some());
    let endless = Fields { expires_on: Some(None), ..Fields::default() };
    world.host().submit(&id, fields(endless)).await.unwrap();
    assert_eq!(world.sim.token(&id).unwrap().get("expires_on"), None);
}

#[tokio::test]
async fn an_exclusive_change_removes_what_it_does_not_name() {
    let world = World::new(Options::default()).await;
    let id = world.mint("own", &[1, 2, 3]);
    let all = vec![world.policy(2), world.policy(4)];
    let change = Change {
        fields: Fields { name: Some("renamed".into()), ..Fields::default() },
        policies: Some(PolicyChange::Exclusive(all)),
        ..Change::default()
    };
    let token = world.host().submit(&id, Op::from(change)).await.unwrap().token.unwrap();
    assert_eq!(token.name, "renamed");
    assert_eq!(world.has(&id), world.fingerprints([2, 4]));
    assert_eq!(world.requests(), 3);
}

#[tokio::test]
async fn what_is_gone_needs_no_removal_but_takes_no_policy() {
    let world = World::new(Options::default()).await;
    let (id, host) = ("0".repeat(32), world.host());
    let outcomes = host
        .submit_all(&id, vec![world.edit("a", &[1], &[]), world.edit("b", &[], &[1]), Op::Delete, Op::Roll])
        .await;
    assert!(outcomes[0].is_ok() && outcomes[2].is_ok());
    assert!(
        matches!(outcomes[1], Err(OpError { cause: Cause::Gone, .. }))
            && matches!(outcomes[3], Err(OpError { cause: Cause::Gone, .. }))
    );
}

#[tokio::test]
async fn a_roll_gives_the_value_that_the_token_has() {
    use secrecy::ExposeSecret;
    let world = World::new(Options::default()).await;
    let id = world.mint("one", &[1]);
    let outcome = world.host().submit(&id, Op::Roll).await.unwrap();
    assert_eq!(Some(outcome.value.unwrap().expose_secret().to_owned()), world.sim.token_value(&id));
    assert!(outcome.token.unwrap().value.is_none());
}

#[tokio::test]
async fn the_providers_own_token_is_neither_rolled_nor_disabled_nor_deleted() {
    let world = World::new(Options::default()).await;
    let (own, host) = (world.sim.root_token_id(), world.host());
    let disable = Fields { status: Some("disabled".into()), ..Fields::default() };
    let disable = Op::from(Change { fields: disable, ..Change::default() });
    for op in [Op::Roll, Op::Delete, disable] {
        assert!(matches!(host.submit(&own, op).await, Err(OpError { cause: Cause::OwnToken, .. })));
    }
    assert_eq!(world.requests(), 1);
    let unsure = world.host_with(|settings| settings.own_token = OwnToken::Unknown);
    assert!(matches!(unsure.submit(&own, Op::Delete).await, Err(OpError { cause: Cause::OwnToken, .. })));
}

#[tokio::test]
async fn only_harmless_changes_of_the_providers_own_token_are_written() {
    let world = World::new(Options::default()).await;
    let (own, host) = (world.sim.root_token_id(), world.host());
    let hour = Duration::from_secs(3600);
    let now = time::OffsetDateTime::now_utc();
    let condition = serde_json::from_value(json!({ "request_ip": { "in": ["192.0.2.1"] } })).unwrap();
    let op = |fields| Op::from(Change { fields, ..Change::default() });
    for fields in [
        Fields { expires_on: Some(Some(now - hour)), ..Fields::default() },
        Fields { not_before: Some(Some(now + hour)), ..Fields::default() },
        Fields { condition: Some(Some(condition)), ..Fields::default() },
    ] {
        assert!(matches!(host.submit(&own, op(fields)).await, Err(OpError { cause: Cause::OwnToken, .. })));
    }
    let longer = Fields { expires_on: Some(Some(now + hour)), condition: Some(None), ..Fields::default() };
    host.submit(&own, op(longer)).await.unwrap();
}

#[tokio::test]
async fn what_is_refused_once_or_elsewhere_does_not_uncover_the_own_token() {
    use crate::simulator::{Effect as Sim, Fault, FaultKind};
    for kind in [OwnToken::OfAccount, OwnToken::Unknown] {
        let world = World::new(Options::default()).await;
        let own = world.sim.root_token_id();
        let host = world.host_with(|settings| settings.own_token = kind);
        // A credential of this account cannot see a token of another account.
        let elsewhere = Owner::Account("0".repeat(32));
        assert_eq!(host.service.own_token_id(&elsewhere).await.unwrap(), None, "{kind:?}");
        let passing = FaultKind::Api(403, 9109, "Unauthorized to access requested resource", Sim::None);
        world.sim.fault(Fault::new(passing).method("GET").path("/accounts/*/tokens/verify"));
        assert!(
            matches!(host.submit(&own, Op::Delete).await, Err(OpError { cause: Cause::Api(_), .. })),
            "{kind:?}"
        );
        assert!(
            matches!(host.submit(&own, Op::Delete).await, Err(OpError { cause: Cause::OwnToken, .. })),
            "{kind:?}"
        );
        assert!(world.sim.token(&own).is_some());
    }
}

#[tokio::test]
async fn a_caller_that_goes_away_withdraws_what_has_not_begun() {
    let world = World::new(Options::default()).await;
    let id = world.mint("shared", &[1]);
    let host = world.host_with(|settings| settings.gather_writes = Duration::from_millis(60));
    let gone = tokio::time::timeout(Duration::from_millis(5), host.submit(&id, world.edit("a", &[], &[2])));
    assert!(gone.await.is_err());
    host.submit(&id, world.edit("b", &[], &[3])).await.unwrap();
    assert_eq!(world.has(&id), world.fingerprints([1, 3]));
}

#[tokio::test]
async fn a_caller_that_goes_away_does_not_tear_what_has_begun() {
    let world = World::new(Options { latency: Duration::from_millis(40), ..Options::default() }).await;
    let id = world.mint("shared", &[1]);
    let host = world.host();
    // The first read is in progress.
    let gone = tokio::time::timeout(Duration::from_millis(30), host.submit(&id, world.edit("a", &[], &[2])));
    assert!(gone.await.is_err());
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(world.has(&id), world.fingerprints([1, 2]));
}

#[tokio::test]
async fn after_a_stop_nothing_is_begun() {
    let world = World::new(Options::default()).await;
    let id = world.mint("shared", &[1]);
    let stopper = Stopper::default();
    let host = world.host_with(|settings| settings.stop = stopper.handle());
    stopper.stop();
    assert!(matches!(
        host.submit(&id, world.edit("a", &[], &[2])).await,
        Err(OpError { cause: Cause::Stopped, .. })
    ));
    assert_eq!(world.requests(), 0);
}

#[tokio::test]
async fn a_stop_ends_the_watch_over_a_removal_and_says_so() {
    use cloudflare_tokens::tokens::Concern;
    let world = World::new(Options::default()).await;
    let id = world.mint("shared", &[1, 2]);
    let stopper = Stopper::default();
    let host = world.host_with(|settings| {
        settings.stop = stopper.handle();
        settings.concurrent_writers_window = Duration::from_secs(600);
    });
    let (outcome, ()) = tokio::join!(host.submit(&id, world.edit("a", &[1], &[])), async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        stopper.stop();
    });
    assert_eq!(outcome.unwrap().concerns, [Concern::NotWatched]);
    assert_eq!(world.has(&id), world.fingerprints([2]));
}

#[tokio::test]
async fn what_was_asked_before_a_deletion_is_written_before_it() {
    let world = World::new(Options::default()).await;
    let (locks, id) = (Arc::new(tempfile::tempdir().unwrap()), world.mint("shared", &[0]));
    let host = world.process(locks.clone(), |_| {});
    let outcomes = host.submit_all(&id, vec![world.edit("a", &[], &[1]), Op::Delete]).await;
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    assert!(world.sim.token(&id).is_none());
    let left = std::fs::read_dir(locks.path().join("locks")).unwrap().count();
    assert_eq!(left, 0, "its record goes too");
}
