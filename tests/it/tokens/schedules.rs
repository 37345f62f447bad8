//! Random schedules: callers in several processes of one host that come, change their choices and leave.

use std::future::Future;

use super::*;

/// How many policies each binding has to choose from.
const OWN: usize = 3;

/// Runs the future, and returns the maximum number of PUTs in progress at the same time.
async fn most_puts_at_once<T>(world: &World, work: impl Future<Output = T>) -> (T, usize) {
    let mut work = std::pin::pin!(work);
    let mut most = 0;
    loop {
        let puts = world.sim.requests().into_iter().filter(|request| request.method == "PUT");
        most = most.max(puts.filter(|put| put.status.is_none()).count());
        if let Ok(done) = tokio::time::timeout(Duration::from_millis(1), &mut work).await {
            return (done, most);
        }
    }
}

/// Which of a binding's policies the token has, as a reader sees it.
async fn shows(world: &World, host: &Host, id: &str, binding: usize) -> BTreeSet<usize> {
    let token = host.service.get(&host.owner, id).await.unwrap().unwrap();
    let seen = TokenPolicies::of(&token, &host.owner);
    let own = (0..OWN).map(|n| OWN * binding + n);
    own.filter(|n| seen.policies.contains_key(&world.policy(*n).fingerprint())).collect()
}

#[tokio::test]
async fn callers_that_come_and_go_end_where_they_said_and_read_what_they_wrote() {
    for seed in 1..=4 {
        let world = World::new(Options { latency: Duration::from_millis(4), ..Options::default() }).await;
        let id = world.mint("shared", &[90, 91]);
        let locks = Arc::new(tempfile::tempdir().unwrap());
        let processes: Vec<_> = (0..2).map(|_| world.process(locks.clone(), |_| {})).collect();
        let bindings = (0..8_usize).map(|binding| {
            let mut next = scatter(seed * 100 + binding as u64);
            let (world, id, host) = (&world, &id, &processes[binding % 2]);
            async move {
                let all: Vec<usize> = (0..OWN).map(|n| OWN * binding + n).collect();
                let mut held = BTreeSet::new();
                for turn in 0..6 {
                    tokio::time::sleep(Duration::from_millis(next(30))).await;
                    let wanted: Vec<_> = all.iter().copied().filter(|_| next(2) == 0).collect();
                    let write = host.submit(id, world.edit(&binding.to_string(), &all, &wanted));
                    // Some callers give up early. The last one waits for the end.
                    let patience = if turn < 5 && next(3) == 0 { next(25) } else { 60_000 };
                    match tokio::time::timeout(Duration::from_millis(patience), write).await {
                        Ok(outcome) => {
                            let outcome = outcome.unwrap_or_else(|error| panic!("seed {seed}: {error}"));
                            held = wanted.into_iter().collect();
                            let token = outcome.token.unwrap();
                            let now = TokenPolicies::of(&token, &host.owner).policies;
                            let fingerprints = world.fingerprints(held.clone());
                            assert!(fingerprints.iter().all(|fp| now.contains_key(fp)), "seed {seed}");
                            // A reader never sees the state before the write.
                            assert_eq!(shows(world, host, id, binding).await, held, "seed {seed}");
                        }
                        // The write was withdrawn or takes effect anyway.
                        Err(_) => held.clear(),
                    }
                }
                held
            }
        });
        let (held, most) = most_puts_at_once(&world, join_all(bindings)).await;
        let expected: Vec<usize> = held.into_iter().flatten().chain([90, 91]).collect();
        assert_eq!(world.has(&id), world.fingerprints(expected), "seed {seed}");
        assert_eq!(most, 1, "seed {seed}: one write of a token at a time");
    }
}

#[tokio::test]
async fn without_the_same_locks_writes_of_one_token_meet() {
    // This makes the maximum of one above meaningful.
    let world = World::new(Options { latency: Duration::from_millis(40), ..Options::default() }).await;
    let id = world.mint("shared", &[9]);
    let (one, other) = (world.host(), world.host());
    let writes = async {
        tokio::join!(
            one.submit(&id, world.edit("a", &[], &[1])),
            other.submit(&id, world.edit("b", &[], &[2]))
        )
    };
    assert!(most_puts_at_once(&world, writes).await.1 > 1);
}

#[tokio::test]
async fn a_bad_change_costs_two_writes_for_each_halving() {
    let mut next = scatter(3);
    for _ in 0..6 {
        let count = 2 + next(15) as usize;
        let culprit = next(count as u64) as usize;
        let world = World::new(Options::default()).await;
        let id = world.mint("shared", &[99]);
        let mut ops: Vec<_> = (0..count).map(|n| world.edit(&n.to_string(), &[], &[n])).collect();
        let unknown = BTreeSet::from(["f".repeat(32).parse().unwrap()]);
        let bad = Policy::new(Effect::Allow, unknown, world.policy(0).resources().clone(), &world.home());
        let policies = Some(PolicyChange::Edit { remove: BTreeSet::new(), add: vec![bad] });
        ops[culprit] = Op::from(Change { by: "bad".into(), policies, ..Change::default() });
        let outcomes = world.host().submit_all(&id, ops).await;
        assert_eq!(outcomes.len(), count);
        let failed: Vec<_> = (0..count).filter(|n| outcomes[*n].is_err()).collect();
        assert_eq!(failed, [culprit]);
        assert_eq!(world.has(&id), world.fingerprints((0..count).filter(|n| *n != culprit).chain([99])));
        let halvings = count.next_power_of_two().trailing_zeros() as usize;
        let puts = world.sim.count("PUT", "/accounts/*/tokens/*");
        assert!(puts <= 1 + 2 * halvings, "{puts} writes for {count} changes");
    }
}
