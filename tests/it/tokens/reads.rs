//! The number of requests that reads cost.

use super::*;

async fn read(host: &Host, ids: &[String]) -> Vec<bool> {
    use futures_util::{StreamExt, stream};
    // Ten reads run at a time, as in Terraform.
    stream::iter(ids.to_owned())
        .map(|id| async move { host.service.get(&host.owner, &id).await.unwrap().is_some() })
        .buffered(10)
        .collect()
        .await
}

fn mint(world: &World, count: usize) -> Vec<String> {
    (0..count).map(|n| world.mint(&format!("token {n}"), &[0])).collect()
}

#[tokio::test]
async fn a_hundred_and_twenty_tokens_are_listed() {
    let world = World::new(Options::default()).await;
    let ids = mint(&world, 120);
    assert!(read(&world.host(), &ids).await.iter().all(|found| *found));
    assert_eq!(world.requests(), 3);
}

#[tokio::test]
async fn two_of_five_hundred_are_read_by_themselves() {
    let world = World::new(Options { account_token_limit: 501, ..Options::default() }).await;
    let ids = mint(&world, 499);
    assert_eq!(read(&world.host(), &[ids[200].clone(), ids[300].clone()]).await, [true, true]);
    assert!(world.requests() <= 3, "{}", world.requests());
}

#[tokio::test]
async fn one_token_is_one_request_however_often_it_is_read() {
    let world = World::new(Options::default()).await;
    let id = world.mint("one", &[0]);
    let host = world.host();
    read(&host, &vec![id.clone(); 20]).await;
    read(&host, &[id]).await;
    assert_eq!(world.requests(), 1);
}

#[tokio::test]
async fn absence_from_a_list_is_confirmed_by_a_read() {
    let world = World::new(Options::default()).await;
    let mut ids = mint(&world, 3);
    ids.push("0".repeat(32));
    assert_eq!(read(&world.host(), &ids).await, [true, true, true, false]);
    assert_eq!(world.sim.count("GET", &format!("/accounts/*/tokens/{}", ids[3])), 2);
}

#[tokio::test]
async fn a_snapshot_ends_with_its_age() {
    let world = World::new(Options::default()).await;
    let id = world.mint("one", &[0]);
    let host = world.host_with(|settings| settings.snapshot_age = Duration::from_millis(50));
    read(&host, std::slice::from_ref(&id)).await;
    world.sim.delete(&id);
    tokio::time::sleep(Duration::from_millis(80)).await;
    assert_eq!(read(&host, &[id]).await, [false]);
}

#[tokio::test]
async fn a_read_after_a_write_shows_the_write() {
    let world = World::new(Options::default()).await;
    let ids = mint(&world, 5);
    let host = world.host();
    read(&host, &ids).await;
    host.submit(&ids[0], world.edit("a", &[], &[7])).await.unwrap();
    let token = host.service.get(&host.owner, &ids[0]).await.unwrap().unwrap();
    let seen = TokenPolicies::of(&token, &host.owner);
    assert_eq!(seen.policies.into_keys().collect::<BTreeSet<_>>(), world.fingerprints([0, 7]));
}

#[tokio::test]
async fn a_read_after_a_delete_finds_nothing() {
    let world = World::new(Options::default()).await;
    let ids = mint(&world, 2);
    let host = world.host();
    assert_eq!(read(&host, &ids).await, [true, true]);
    host.submit(&ids[0], Op::Delete).await.unwrap();
    assert_eq!(read(&host, &ids).await, [false, true]);
}

#[tokio::test]
async fn a_list_that_a_write_overtakes_does_not_bring_back_what_was_before() {
    use crate::simulator::{Fault, FaultKind};
    let world = World::new(Options::default()).await;
    let ids = mint(&world, 2);
    let late = FaultKind::LatencyAfter(Duration::from_millis(300));
    world.sim.fault(Fault::new(late).method("GET").path("/accounts/*/tokens"));
    let host = world.host();
    let (_, written) = tokio::join!(read(&host, &ids), async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        host.submit(&ids[0], Op::Delete).await
    });
    written.unwrap();
    assert_eq!(read(&host, &ids).await, [false, true]);
}

#[tokio::test]
async fn a_credential_that_may_not_list_reads_each() {
    use crate::simulator::{Effect as Sim, Fault, FaultKind};
    let world = World::new(Options::default()).await;
    let ids = mint(&world, 4);
    let refuse = FaultKind::Api(403, 9109, "Unauthorized to access requested resource", Sim::None);
    let refused = world.sim.fault(Fault::new(refuse).method("GET").path("/accounts/*/tokens").always());
    let host = world.host();
    assert_eq!(read(&host, &ids).await, [true; 4]);
    assert_eq!(world.sim.hits(refused), 1);
}

#[tokio::test]
async fn a_credential_that_lists_only_itself_stops_listing() {
    use crate::simulator::{Effect as Sim, Fault, FaultKind};
    let world = World::new(Options::default()).await;
    let ids = mint(&world, 9);
    let itself = world.sim.token(&ids[0]).unwrap();
    let list = json!({
        "success": true, "errors": [], "messages": [], "result": [itself],
        "result_info": {"page": 1, "per_page": 50, "count": 1, "total_count": 1, "total_pages": 1},
    });
    let only_itself =
        Fault::new(FaultKind::Json(200, list, Sim::None)).method("GET").path("/accounts/*/tokens");
    let listed = world.sim.fault(only_itself.always());
    let age = Duration::from_millis(400);
    let host = world.host_with(|settings| settings.snapshot_age = age);
    for two in ids[1..].chunks(2) {
        assert_eq!(read(&host, two).await, [true; 2]);
        tokio::time::sleep(age + Duration::from_millis(50)).await;
    }
    // Two tokens were missing in the first list, and the third one in the second.
    assert_eq!(world.sim.hits(listed), 2);
}

#[tokio::test]
async fn the_permission_groups_are_asked_for_once() {
    let world = World::new(Options::default()).await;
    let host = world.host();
    let asked = join_all((0..10).map(|_| host.service.catalog(&host.owner))).await;
    assert!(asked.iter().all(|catalog| catalog.as_ref().unwrap().named("DNS Write").count() == 1));
    assert_eq!(world.requests(), 1);
}
