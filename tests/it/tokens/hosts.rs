//! Hosts that do not share their locks. Counts what they lose to each other, to test the promise and its limits.

use super::*;
use crate::simulator::{Fault, FaultKind};

/// The number of tokens that the hosts write.
const ROUNDS: usize = 40;
/// How many hosts write each token at the same time.
const HOSTS: usize = 4;
/// The delay of the slowest write, in milliseconds.
const SLOWEST: u64 = 120;

/// The outcomes of `ROUNDS * HOSTS` changes. Each change replaces one policy by another.
#[derive(Debug, Default)]
struct Count {
    /// The writer got a success, but the API still has the removed policy.
    undone_removals: usize,
    /// The writer got a success, but the API lacks the added policy. The writer's next refresh shows that.
    lost_additions: usize,
    /// The writer got an error.
    told: usize,
}

async fn count(window: Duration) -> Count {
    let world = World::new(Options { quota: None, ..Options::default() }).await;
    let mut next = scatter(7);
    for _ in 0..20 * ROUNDS * HOSTS {
        let late = FaultKind::LatencyBefore(Duration::from_millis(next(SLOWEST)));
        world.sim.fault(Fault::new(late).method("PUT"));
    }
    let rounds = (0..ROUNDS).map(|round| {
        let before: Vec<usize> = (0..HOSTS).collect();
        let id = world.mint(&format!("token {round}"), &before);
        let starts: Vec<_> = before.iter().map(|_| Duration::from_millis(next(2 * SLOWEST))).collect();
        let world = &world;
        async move {
            let changes = starts.iter().enumerate().map(|(n, start)| {
                let host = world.host_with(|settings| {
                    settings.concurrent_writers_window = window;
                    settings.read_to_write = Duration::from_millis(400);
                });
                let id = &id;
                async move {
                    tokio::time::sleep(*start).await;
                    host.submit(id, world.edit("it", &[n], &[HOSTS + n])).await.is_ok()
                }
            });
            let told = join_all(changes).await;
            // A late write has arrived by now.
            tokio::time::sleep(Duration::from_millis(4 * SLOWEST)).await;
            let has = world.has(&id);
            let mut count = Count::default();
            for (n, success) in told.into_iter().enumerate() {
                let has = |n| has.contains(&world.policy(n).fingerprint());
                count.told += usize::from(!success);
                count.undone_removals += usize::from(success && has(n));
                count.lost_additions += usize::from(success && !has(HOSTS + n));
            }
            count
        }
    });
    join_all(rounds).await.into_iter().fold(Count::default(), |sum, one| Count {
        undone_removals: sum.undone_removals + one.undone_removals,
        lost_additions: sum.lost_additions + one.lost_additions,
        told: sum.told + one.told,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn across_hosts_no_removal_is_undone_within_the_window() {
    let without = count(Duration::ZERO).await;
    let with = count(Duration::from_secs(1)).await;
    let of = ROUNDS * HOSTS;
    eprintln!("{of} changes by {HOSTS} hosts at once, without a window: {without:?}; with one: {with:?}");
    assert_ne!(without.undone_removals, 0, "no removal was undone without a window: the race is none");
    assert_eq!(with.undone_removals, 0, "{with:?}");
}
