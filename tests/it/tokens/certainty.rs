//! What the token service knows for certain, whatever the API does: old reads, late effects, false answers, processes
//! that die.

use cloudflare_tokens::tokens::{Concern, Fields, NewToken};

use super::*;
use crate::simulator::{Effect as Sim, Fault, FaultKind, Options, Sticky};

const ONE: &str = "/accounts/*/tokens/*";

fn get(kind: FaultKind) -> Fault {
    Fault::new(kind).method("GET").path(ONE)
}

fn put(kind: FaultKind) -> Fault {
    Fault::new(kind).method("PUT").path(ONE)
}

#[tokio::test]
async fn a_removed_right_does_not_come_back_by_an_old_read() {
    let world = World::new(Options::default()).await;
    let id = world.mint("shared", &[1, 2]);
    let locks = Arc::new(tempfile::tempdir().unwrap());
    world.process(locks.clone(), |_| {}).submit(&id, world.edit("a", &[1], &[])).await.unwrap();
    // Both writes are in the same second but in different processes. The second process learns what the first wrote.
    world.sim.fault(get(FaultKind::Stale).times(3));
    world.process(locks, |_| {}).submit(&id, world.edit("b", &[], &[3])).await.unwrap();
    assert_eq!(world.has(&id), world.fingerprints([2, 3]));
    assert!(!world.sim.faults_pending());
}

#[tokio::test]
async fn a_reader_gets_nothing_older_than_what_its_host_has_written() {
    let world = World::new(Options::default()).await;
    let ids = [world.mint("one", &[1, 2]), world.mint("two", &[1, 2])];
    let locks = Arc::new(tempfile::tempdir().unwrap());
    let writer = world.process(locks.clone(), |_| {});
    for id in &ids {
        writer.submit(id, world.edit("a", &[1], &[])).await.unwrap();
    }
    // One read is of a single token, and one is of a list.
    world.sim.fault(Fault::new(FaultKind::Stale).method("GET").times(2));
    let reader = world.process(locks, |_| {});
    let reads = ids.iter().map(|id| reader.service.get(&reader.owner, id));
    for token in join_all(reads).await {
        let has: BTreeSet<_> =
            TokenPolicies::of(&token.unwrap().unwrap(), &reader.owner).policies.into_keys().collect();
        assert_eq!(has, world.fingerprints([2]));
    }
}

#[tokio::test]
async fn a_token_that_was_just_made_is_not_gone_because_a_read_lags() {
    let world = World::new(Options::default()).await;
    let locks = Arc::new(tempfile::tempdir().unwrap());
    let maker = world.process(locks.clone(), |_| {});
    let new = NewToken { policies: vec![world.policy(1)], disabled: true, ..NewToken::default() };
    world.sim.fault(get(FaultKind::not_found()).times(3));
    let created = maker.service.create(&maker.owner, new).await.unwrap();
    assert!(created.not_disabled.is_none());
    assert_eq!(created.token.status, "disabled");
    // The next process does not treat the token as missing either.
    world.sim.fault(get(FaultKind::not_found()).times(3));
    let reader = world.process(locks, |_| {});
    assert!(reader.service.get(&reader.owner, &created.token.id).await.unwrap().is_some());
}

#[tokio::test]
async fn a_removal_is_not_done_by_a_passing_404() {
    let world = World::new(Options::default()).await;
    let id = world.mint("shared", &[1, 2]);
    world.sim.fault(get(FaultKind::not_found()));
    world.host().submit(&id, world.edit("a", &[1], &[])).await.unwrap();
    assert_eq!(world.has(&id), world.fingerprints([2]));
}

#[tokio::test]
async fn a_removal_that_the_api_does_not_make_is_none() {
    for lies in [false, true] {
        let world = World::new(Options::default()).await;
        let id = world.mint("shared", &[1, 2]);
        world.sim.fault(put(FaultKind::Sticky(Sticky { group: None, lies })).always());
        let error = world.host().submit(&id, world.edit("a", &[1], &[])).await.unwrap_err();
        assert!(error.may_have_effect(), "{lies}: {error}");
        assert_eq!(matches!(error.cause, Cause::Kept { .. }), !lies, "{error}");
        assert!(world.has(&id).is_superset(&world.fingerprints([1])));
        // A removal that the API makes at the second attempt counts.
        world.sim.clear_faults();
        world.sim.fault(put(FaultKind::Sticky(Sticky { group: None, lies })));
        world.host().submit(&id, world.edit("a", &[1], &[])).await.unwrap();
        assert_eq!(world.has(&id), world.fingerprints([2]));
    }
}

#[tokio::test]
async fn a_lost_write_that_lands_after_a_refusal_is_in_doubt() {
    let world = World::new(Options::default()).await;
    let id = world.mint("shared", &[1]);
    world.sim.fault(put(FaultKind::Html(502, Sim::Later(Duration::from_millis(900)))));
    world.sim.fault(put(FaultKind::Api(403, 9109, "Unauthorized", Sim::None)));
    let error = world.host().submit(&id, world.edit("a", &[], &[3])).await.unwrap_err();
    assert!(error.may_have_effect() && matches!(error.cause, Cause::Api(_)), "{error}");
}

#[tokio::test]
async fn a_late_write_of_another_batch_does_not_bring_back_what_was_removed() {
    let world = World::new(Options::default()).await;
    let id = world.mint("shared", &[1, 2]);
    let host = world.host_with(|settings| settings.ambiguity_horizon = Duration::from_millis(600));
    // The write is answered with an error. It takes effect half a second later, with the policies that the token had
    // at the time of the request.
    world.sim.fault(put(FaultKind::Html(502, Sim::Later(Duration::from_millis(500)))));
    world.sim.fault(get(FaultKind::Api(403, 9109, "Unauthorized", Sim::None)).skip(1));
    assert!(host.submit(&id, world.edit("a", &[], &[3])).await.unwrap_err().may_have_effect());
    host.submit(&id, world.edit("b", &[1], &[])).await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(!world.has(&id).contains(&world.policy(1).fingerprint()));
}

#[tokio::test]
async fn a_dead_token_lets_go_of_a_binding_and_owes_it_its_removal() {
    let world = World::new(Options::default()).await;
    let id = world.mint("shared", &[1, 2]);
    let soon = time::OffsetDateTime::now_utc() + Duration::from_secs(60);
    let host = world.host();
    let fields = Fields { expires_on: Some(Some(soon)), ..Fields::default() };
    host.submit(&id, Op::from(Change { fields, ..Change::default() })).await.unwrap();
    world.sim.advance(Duration::from_secs(120));
    host.submit(&id, world.edit("a", &[1], &[])).await.unwrap();
    assert!(host.submit(&id, world.edit("a", &[], &[3])).await.is_err(), "nothing can be added to it");
    // A later expiry revives the token, but the removed right does not come back.
    let later = time::OffsetDateTime::now_utc() + Duration::from_secs(3600);
    let fields = Fields { expires_on: Some(Some(later)), ..Fields::default() };
    host.submit(&id, Op::from(Change { fields, ..Change::default() })).await.unwrap();
    assert_eq!(world.has(&id), world.fingerprints([2]));
}

#[tokio::test]
async fn a_replaced_object_does_not_take_what_its_successor_has_claimed() {
    let world = World::new(Options::default()).await;
    let id = world.mint("shared", &[2]);
    let locks = Arc::new(tempfile::tempdir().unwrap());
    let process = || world.process(locks.clone(), |_| {});
    process().submit(&id, world.edit("old", &[], &[1])).await.unwrap();
    process().submit(&id, world.edit("new", &[], &[1])).await.unwrap();
    process().submit(&id, world.edit("old", &[1], &[])).await.unwrap();
    assert_eq!(world.has(&id), world.fingerprints([1, 2]));
    process().submit(&id, world.edit("new", &[1], &[])).await.unwrap();
    assert_eq!(world.has(&id), world.fingerprints([2]));
}

#[tokio::test]
async fn what_nobody_could_be_told_of_is_recorded_for_the_next_run() {
    let world = World::new(Options::default()).await;
    let id = world.mint("shared", &[1]);
    let locks = Arc::new(tempfile::tempdir().unwrap());
    let dies = world.process(locks.clone(), |_| {});
    world.sim.fault(put(FaultKind::LatencyBefore(Duration::from_millis(300))));
    let (service, owner, op) = (dies.service.clone(), dies.owner.clone(), world.edit("a", &[], &[3]));
    let under_way = tokio::spawn({
        let id = id.clone();
        async move { service.submit(&owner, &id, op).await }
    });
    tokio::time::sleep(Duration::from_millis(150)).await;
    // Terraform has ended. The write is finished anyway, and keeps its lock until then.
    dies.service.leave().await;
    assert_eq!(world.has(&id), world.fingerprints([1, 3]));
    let next = world.process(locks, |_| {});
    assert_eq!(next.service.unheard(&id, "a", None, &BTreeSet::new()), Some(world.fingerprints([3])));
    assert_eq!(next.service.unheard(&id, "b", None, &BTreeSet::new()), None);
    next.submit(&id, world.edit("a", &[3], &[])).await.unwrap();
    assert_eq!(next.service.unheard(&id, "a", None, &BTreeSet::new()), None);
    drop(under_way);
}

/// A process that ends while this operation is under way, and whose caller hears nothing.
async fn killed(world: &World, locks: &Arc<TempDir>, id: &str, op: Op) {
    let dies = world.process(locks.clone(), |_| {});
    world.sim.fault(Fault::new(FaultKind::LatencyBefore(Duration::from_millis(300))).method("PUT"));
    let (service, owner, id) = (dies.service.clone(), dies.owner.clone(), id.to_owned());
    let under_way = tokio::spawn(async move { service.submit(&owner, &id, op).await });
    tokio::time::sleep(Duration::from_millis(150)).await;
    dies.service.leave().await;
    drop(under_way);
}

#[tokio::test]
async fn an_object_also_removes_what_it_never_heard_of() {
    let world = World::new(Options::default()).await;
    let id = world.mint("shared", &[1]);
    let locks = Arc::new(tempfile::tempdir().unwrap());
    killed(&world, &locks, &id, world.edit("a", &[], &[3])).await;
    assert_eq!(world.has(&id), world.fingerprints([1, 3]));
    let next = world.process(locks, |_| {});
    // Its state knows nothing of policy 3. A refused write of it does not make that forgotten, and neither does one
    // of the token's name.
    world.sim.fault(put(FaultKind::Api(403, 9109, "Unauthorized", Sim::None)));
    next.submit(&id, world.edit("a", &[], &[4])).await.unwrap_err();
    let fields = Fields { name: Some("renamed".into()), ..Fields::default() };
    next.submit(&id, Op::from(Change { by: "a".into(), fields, ..Change::default() })).await.unwrap();
    assert_eq!(next.service.unheard(&id, "a", None, &BTreeSet::new()), Some(world.fingerprints([3])));
    let done = next.submit(&id, world.edit("a", &[], &[5])).await.unwrap();
    assert_eq!(world.has(&id), world.fingerprints([1, 5]));
    // The state has the time of the change, or Terraform ended before it was saved.
    let since = |time| next.service.unheard(&id, "a", time, &BTreeSet::new());
    assert_eq!(since(done.sent_on), None);
    assert_eq!(since(done.sent_on.map(|time| time - 1)), Some(world.fingerprints([5])));
}

#[tokio::test]
async fn an_object_that_may_not_exist_keeps_no_right() {
    let world = World::new(Options::default()).await;
    let id = world.mint("shared", &[1]);
    let locks = Arc::new(tempfile::tempdir().unwrap());
    world.process(locks.clone(), |_| {}).submit(&id, world.edit("old", &[], &[3])).await.unwrap();
    // The create of its replacement is killed, and no state ever has the replacement.
    killed(&world, &locks, &id, world.edit("replacement", &[], &[3, 4])).await;
    world.process(locks, |_| {}).submit(&id, world.edit("old", &[3], &[])).await.unwrap();
    assert!(!world.has(&id).contains(&world.policy(3).fingerprint()));
}

#[tokio::test]
async fn a_roll_that_nobody_heard_of_is_recorded_until_the_next_one() {
    let world = World::new(Options::default()).await;
    let id = world.mint("rolled", &[1]);
    let locks = Arc::new(tempfile::tempdir().unwrap());
    killed(&world, &locks, &id, Op::Roll).await;
    let next = world.process(locks, |_| {});
    // Only values that were issued before it may be dead: another host may have rolled the token since.
    let now = next.service.now().unix_timestamp();
    assert!(next.service.has_lost_a_roll(&id, now - 60) && !next.service.has_lost_a_roll(&id, now + 60));
    world.sim.fault(Fault::new(FaultKind::Api(403, 9109, "Unauthorized", Sim::None)).method("PUT"));
    next.submit(&id, Op::Roll).await.unwrap_err();
    assert!(next.service.has_lost_a_roll(&id, now - 60));
    let rolled = next.submit(&id, Op::Roll).await.unwrap();
    assert!(!next.service.has_lost_a_roll(&id, now - 60));
    let version = rolled.token.unwrap().modified_on.unwrap().unix_timestamp();
    assert!(next.service.has_rolled_since(&id, version - 1) && !next.service.has_rolled_since(&id, version));
}

#[tokio::test]
async fn what_an_object_may_have_added_it_does_not_take_from_a_later_one() {
    for killed_first in [true, false] {
        let world = World::new(Options::default()).await;
        let id = world.mint("shared", &[1]);
        let locks = Arc::new(tempfile::tempdir().unwrap());
        if killed_first {
            killed(&world, &locks, &id, world.edit("first", &[], &[3])).await;
        } else {
            // The write takes effect, and neither its answer nor a read shows that.
            world.sim.fault(put(FaultKind::Html(502, Sim::Done)));
            world.sim.fault(get(FaultKind::Api(403, 9109, "Unauthorized", Sim::None)).skip(1));
            let process = world.process(locks.clone(), |_| {});
            process.submit(&id, world.edit("first", &[], &[3])).await.unwrap_err();
        }
        world.process(locks.clone(), |_| {}).submit(&id, world.edit("later", &[], &[3])).await.unwrap();
        // The first one goes back to what it had.
        world.process(locks, |_| {}).submit(&id, world.edit("first", &[3], &[])).await.unwrap();
        assert_eq!(world.has(&id), world.fingerprints([1, 3]), "killed: {killed_first}");
    }
}

#[tokio::test]
async fn a_process_that_leaves_begins_no_roll() {
    let world = World::new(Options::default()).await;
    let id = world.mint("rolled", &[1]);
    let locks = Arc::new(tempfile::tempdir().unwrap());
    // Another process has the lock for a while.
    world.sim.fault(put(FaultKind::LatencyBefore(Duration::from_millis(400))));
    let (other, op, of) = (world.process(locks.clone(), |_| {}), world.edit("a", &[], &[3]), id.clone());
    let writes = tokio::spawn(async move { other.submit(&of, op).await });
    tokio::time::sleep(Duration::from_millis(150)).await;
    let (leaves, of) = (world.process(locks, |_| {}), id.clone());
    let service = leaves.service.clone();
    let rolls = tokio::spawn(async move { leaves.submit(&of, Op::Roll).await });
    tokio::time::sleep(Duration::from_millis(100)).await;
    service.leave().await;
    let refused = rolls.await.unwrap().unwrap_err();
    assert!(matches!(refused.cause, Cause::Stopped) && !refused.may_have_effect());
    assert_eq!(world.sim.count("PUT", "/accounts/*/tokens/*/value"), 0);
    assert!(!service.has_lost_a_roll(&id, 0));
    writes.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_late_write_of_an_earlier_process_does_not_bring_back_what_was_removed() {
    for by in ["binding", "token"] {
        let world = World::new(Options::default()).await;
        let id = world.mint("shared", &[1, 2]);
        let locks = Arc::new(tempfile::tempdir().unwrap());
        let horizon = |settings: &mut Settings| settings.ambiguity_horizon = Duration::from_millis(900);
        world.sim.fault(put(FaultKind::Html(502, Sim::Later(Duration::from_millis(700)))));
        world.sim.fault(get(FaultKind::Api(403, 9109, "Unauthorized", Sim::None)).skip(1));
        let first = world.process(locks.clone(), horizon);
        assert!(first.submit(&id, world.edit("a", &[], &[3])).await.unwrap_err().may_have_effect());
        let second = world.process(locks, horizon);
        let disabled = Fields { status: Some("disabled".into()), ..Fields::default() };
        let op = match by {
            "binding" => world.edit("b", &[1], &[]),
            _ => Op::from(Change { by: "token".into(), fields: disabled, ..Change::default() }),
        };
        second.submit(&id, op).await.unwrap();
        tokio::time::sleep(Duration::from_millis(300)).await;
        match by {
            "binding" => assert!(!world.has(&id).contains(&world.policy(1).fingerprint())),
            _ => assert_eq!(world.sim.token(&id).unwrap()["status"], "disabled"),
        }
    }
}

/// A process that is killed leaves its lock, and its request may still take effect.
#[test]
fn a_write_of_a_killed_process_is_waited_for() {
    let runtime = || tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let (ours, dies) = (runtime(), runtime());
    let world = ours.block_on(World::new(Options::default()));
    let id = world.mint("shared", &[1, 2]);
    let locks = Arc::new(tempfile::tempdir().unwrap());
    let horizon = |settings: &mut Settings| settings.ambiguity_horizon = Duration::from_millis(900);
    // The connection is closed without an answer, and the request takes effect later.
    world.sim.fault(put(FaultKind::Hang(Sim::Later(Duration::from_millis(500)))));
    let first = world.process(locks.clone(), horizon);
    let (service, owner, op) = (first.service.clone(), first.owner.clone(), world.edit("a", &[], &[3]));
    let of = id.clone();
    dies.spawn(async move { service.submit(&owner, &of, op).await });
    std::thread::sleep(Duration::from_millis(300));
    dies.shutdown_background();
    let second = world.process(locks, horizon);
    ours.block_on(second.submit(&id, world.edit("b", &[1], &[]))).unwrap();
    std::thread::sleep(Duration::from_millis(500));
    assert!(!world.has(&id).contains(&world.policy(1).fingerprint()));
}

#[tokio::test]
async fn a_deny_that_withholds_what_is_added_is_told() {
    let world = World::new(Options::default()).await;
    let id = world.mint("unbound", &[]);
    let inert = Policy::inert(&world.home());
    let withheld =
        Policy::new(Effect::Allow, inert.groups().clone(), inert.resources().clone(), &world.home());
    // Somebody adds a policy by hand, beside the deny policy of a token without rights.
    let theirs = world.policy(5);
    world.sim.edit(&id, |token| {
        let mut more = token.policies[0].clone();
        more.deny = false;
        more.groups = theirs.groups().iter().map(ToString::to_string).collect();
        token.policies.push(more);
    });
    let policies = Some(PolicyChange::Edit { remove: BTreeSet::new(), add: vec![withheld.clone()] });
    let change = Change { by: "a".into(), policies, ..Change::default() };
    let outcome = world.host().submit(&id, Op::from(change)).await.unwrap();
    assert_eq!(outcome.concerns, [Concern::Withheld { asked: withheld, deny: inert }]);
}

#[tokio::test]
async fn a_lost_create_is_not_sent_again_where_nobody_could_look() {
    use cloudflare_tokens::tokens::{CreateError, Orphan};
    let world = World::new(Options::default()).await;
    world.sim.fault(Fault::new(FaultKind::Html(502, Sim::Done)).method("POST").always());
    let refused = FaultKind::Api(403, 9109, "Unauthorized", Sim::None);
    world.sim.fault(Fault::new(refused).method("GET").path("/accounts/*/tokens").always());
    let host = world.host();
    let new = NewToken { name: Some("ci".into()), policies: vec![world.policy(1)], ..NewToken::default() };
    let error = host.service.create(&host.owner, new).await.unwrap_err();
    let CreateError::Unknown { left_behind, .. } = error else { panic!("{error}") };
    assert!(matches!(left_behind[..], [Orphan::Unseen { listed: false, .. }]), "{left_behind:?}");
    assert_eq!(world.sim.count("POST", "/accounts/*/tokens"), 1);
}

#[tokio::test]
async fn a_token_is_not_made_where_it_could_not_be_locked_later() {
    let world = World::new(Options::default()).await;
    let file = tempfile::NamedTempFile::new().unwrap();
    let host = world.host_with(|settings| settings.files = HostFiles::new([file.path().join("locks")]));
    let new = NewToken { policies: vec![world.policy(1)], ..NewToken::default() };
    host.service.create(&host.owner, new).await.unwrap_err();
    assert_eq!(world.requests(), 0);
}

/// The next read of the token shows it as it was before its last write.
fn lag(world: &World, id: &str) {
    world.sim.fault(Fault::new(FaultKind::Stale).method("GET").path(&format!("/accounts/*/tokens/{id}")));
}

#[tokio::test]
async fn a_read_that_lags_behind_an_own_write_is_made_again() {
    let world = World::new(Options::default()).await;
    let (host, id) = (world.host(), world.mint("shared", &[0]));
    host.submit(&id, world.edit("a", &[], &[1])).await.unwrap();
    lag(&world, &id);
    let token = host.service.get_fresh(&host.owner, &id).await.unwrap().unwrap();
    let seen = TokenPolicies::of(&token, &host.owner).policies.into_keys().collect::<BTreeSet<_>>();
    assert_eq!(seen, world.fingerprints([0, 1]));
}

#[tokio::test]
async fn a_read_that_lags_behind_another_process_takes_nothing_from_it() {
    let world = World::new(Options::default()).await;
    let (locks, id) = (Arc::new(tempfile::tempdir().unwrap()), world.mint("shared", &[0]));
    let (one, other) = (world.process(locks.clone(), |_| {}), world.process(locks, |_| {}));
    // This process has already asked for the newest version.
    one.service.get(&one.owner, &id).await.unwrap();
    other.submit(&id, world.edit("b", &[], &[2])).await.unwrap();
    lag(&world, &id);
    one.submit(&id, world.edit("a", &[], &[1])).await.unwrap();
    assert_eq!(world.has(&id), world.fingerprints([0, 1, 2]));
}

#[tokio::test]
async fn an_object_without_a_record_takes_nothing_that_this_run_has_claimed() {
    let world = World::new(Options::default()).await;
    let (locks, id) = (Arc::new(tempfile::tempdir().unwrap()), world.mint("shared", &[0, 1]));
    let host = world.process(locks.clone(), |_| {});
    // The object `elsewhere` has put the policy on another host, before this run.
    host.submit(&id, world.edit("here", &[], &[1])).await.unwrap();
    host.submit(&id, world.edit("elsewhere", &[1], &[])).await.unwrap();
    assert_eq!(world.has(&id), world.fingerprints([0, 1]));
    // Of another run, it is not certain that its object is still there.
    let next = world.process(locks, |_| {});
    next.submit(&id, world.edit("elsewhere", &[1], &[])).await.unwrap();
    assert_eq!(world.has(&id), world.fingerprints([0]));
}
