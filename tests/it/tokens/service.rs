//! What the service knows of owners, of values, and of its own writes, and what it asks for once.

use cloudflare_tokens::tokens::{
    CreateError, NewToken, Standing, Succession, SuccessionError, successor_name,
};
use secrecy::SecretString;

use super::*;
use crate::simulator::{Fault, FaultKind, Script};

fn edited(path: &str, value: serde_json::Value) -> FaultKind {
    FaultKind::Edited(path.to_owned(), Some(value))
}

fn succession() -> Succession {
    let change = Change { by: "token".into(), ..Change::default() };
    Succession { change, overlap: Duration::from_secs(3600) }
}

#[tokio::test]
async fn the_own_token_is_asked_for_once() {
    let world = World::new(Options::default()).await;
    let service = world.host().service;
    assert!(!service.knows_own_token());
    for _ in 0..2 {
        assert_eq!(service.own_token_id(&world.owner).await.unwrap(), Some(world.sim.root_token_id()));
    }
    assert!(service.knows_own_token());
    assert_eq!(world.requests(), 1);
}

#[tokio::test]
async fn the_zones_of_an_account_are_asked_for_once() {
    let world = World::new(Options::default()).await;
    let (service, account) = (world.host().service, world.sim.account_id());
    assert!(!service.knows_zones(&account));
    for _ in 0..2 {
        let own = world.sim.zone_ids().into_iter().collect();
        assert_eq!(service.zones(&account).await, Some(own), "and none of another account");
    }
    assert!(service.knows_zones(&account) && !service.knows_zones("another"));
    assert_eq!(world.requests(), 1);
}

#[tokio::test]
async fn zones_that_one_page_does_not_show_completely_are_not_known() {
    let incomplete = [
        edited("/result_info/total_pages", json!(2)),
        edited("/result/0/id", json!(7)),
        edited("/result", json!([])),
    ];
    for kind in incomplete {
        let world = World::new(Options::default()).await;
        world.sim.fault(Fault::new(kind.clone()).path("/zones").always());
        assert_eq!(world.host().service.zones(&world.sim.account_id()).await, None, "{kind:?}");
    }
}

#[tokio::test]
async fn workers_are_asked_for_again_only_for_a_name_that_is_not_known() {
    let world = World::new(Options::default()).await;
    let add = |name: &str| world.sim.with_scripts(|all| all.insert(name.to_owned(), Script::default()));
    let (service, account) = (world.host().service, world.sim.account_id());
    add("edge");
    for _ in 0..2 {
        assert!(service.workers(&account, &["edge"]).await.unwrap().tag("edge").is_some());
    }
    assert_eq!(world.requests(), 1);
    add("new");
    assert!(service.workers(&account, &["edge", "new"]).await.unwrap().tag("new").is_some());
    assert_eq!(world.requests(), 2);
    assert!(service.workers(&account, &["new"]).await.unwrap().tag("edge").is_some());
    assert_eq!(world.requests(), 2);
}

#[tokio::test]
async fn a_fresh_read_shows_the_token_as_it_is_now() {
    let world = World::new(Options::default()).await;
    let (service, id) = (world.host().service, world.mint("before", &[0]));
    service.get(&world.owner, &id).await.unwrap();
    world.sim.edit(&id, |token| token.name = "after".to_owned());
    let name = |token: Option<Arc<cloudflare_tokens::cloudflare::Token>>| token.unwrap().name.clone();
    assert_eq!(name(service.get(&world.owner, &id).await.unwrap()), "before");
    assert_eq!(name(service.get_fresh(&world.owner, &id).await.unwrap()), "after");
    assert_eq!(name(service.get(&world.owner, &id).await.unwrap()), "after");
}

#[tokio::test]
async fn a_list_names_what_it_cannot_read_and_keeps_the_rest() {
    for by_name in [false, true] {
        let world = World::new(Options::default()).await;
        let ids = [world.mint("ours", &[0]), world.mint("ours", &[1])];
        let service = world.host().service;
        let unreadable = edited(&format!("/result/{}/policies", ids[0]), json!(7));
        world.sim.fault(Fault::new(unreadable).path("/accounts/*/tokens"));
        let listed = if by_name {
            service.named(&world.owner, "ours").await.unwrap()
        } else {
            service.list(&world.owner).await.unwrap()
        };
        assert_eq!(listed.unreadable.len(), 1, "{listed:?}");
        assert!(listed.tokens.iter().any(|token| token.id == ids[1]));
        let before = world.requests();
        assert!(service.get(&world.owner, &ids[1]).await.unwrap().is_some());
        assert_eq!(world.requests(), before, "the list has shown it");
    }
}

#[tokio::test]
async fn writes_of_this_host_are_told_from_those_of_another() {
    let world = World::new(Options::default()).await;
    let (host, other, id) = (world.host(), world.host(), world.mint("shared", &[0]));
    let version = || async {
        let token = world.host().service.get(&world.owner, &id).await.unwrap().unwrap();
        token.modified_on.unwrap().unix_timestamp()
    };
    let mut versions = vec![version().await];
    for (by, policy) in [(&host, 1), (&host, 2), (&other, 3), (&host, 4)] {
        world.sim.advance(Duration::from_secs(2));
        by.submit(&id, world.edit("a", &[], &[policy])).await.unwrap();
        versions.push(version().await);
    }
    let alone = |from: usize, to: usize| host.service.has_written_alone(&id, versions[from], versions[to]);
    assert!(alone(3, 4) && !alone(2, 4) && !alone(0, 4) && !alone(3, 3));
    assert!(!world.host().service.has_written_alone(&id, versions[0], versions[1]), "it has no record");
}

/// A new token and its value.
async fn made(world: &World) -> (Host, String, SecretString) {
    let host = world.host();
    let new = NewToken { name: Some("new".into()), policies: vec![world.policy(0)], ..NewToken::default() };
    let created = host.service.create(&host.owner, new).await.unwrap();
    (host, created.token.id.clone(), created.value)
}

#[tokio::test]
async fn a_value_that_is_not_known_everywhere_yet_is_asked_for_again() {
    let world = World::new(Options::default()).await;
    let (host, id, value) = made(&world).await;
    let verifications = || world.sim.count("GET", "/accounts/*/tokens/verify");
    assert_eq!(host.service.standing(&host.owner, &id, &value, Duration::ZERO).await, Standing::Live);
    assert_eq!(verifications(), 1);
    world.sim.set_value_lag(Duration::from_secs(600));
    assert_eq!(host.service.standing(&host.owner, &id, &value, Duration::ZERO).await, Standing::NotKnown);
    assert_eq!(verifications(), 4, "at once, after half a second, and after a second");
}

#[tokio::test]
async fn a_new_value_is_waited_for_with_longer_and_longer_pauses() {
    let world = World::new(Options::default()).await;
    let (host, id, value) = made(&world).await;
    world.sim.set_value_lag(Duration::from_secs(600));
    let is_taken =
        |patience| host.service.is_taken(&host.owner, &id, &value, Duration::from_millis(patience));
    assert!(!is_taken(300).await);
    let asked = world.sim.count("GET", "/accounts/*/tokens/verify");
    assert!((2..=8).contains(&asked), "{asked}");
    world.sim.set_value_lag(Duration::ZERO);
    assert!(is_taken(300).await);
}

#[tokio::test]
async fn a_token_has_all_its_successors_and_only_the_last_predecessor() {
    let world = World::new(Options::default()).await;
    let (host, old) = (world.host(), world.mint("deploy", &[1]));
    let mut ids = vec![old];
    for _ in 0..2 {
        let made = host.service.succeed(&host.owner, ids.last().unwrap(), succession()).await.unwrap();
        ids.push(made.token.id.clone());
        // The record says that the caller has the value.
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(host.service.successors(&ids[0]), ids[1..]);
    assert_eq!(host.service.predecessor(&ids[2]), Some(ids[1].clone()));
    world.sim.advance(Duration::from_secs(3660));
    host.service.get_fresh(&host.owner, &ids[2]).await.unwrap();
    assert_eq!(host.service.predecessor(&ids[2]), None, "its overlap is over");
}

#[tokio::test]
async fn what_was_made_in_a_tokens_place_and_never_handed_over_is_cleared() {
    let world = World::new(Options::default()).await;
    let (host, old) = (world.host(), world.mint("deploy", &[1]));
    let left = world.mint(&successor_name(&old), &[1]);
    host.service.clear_unheard(&host.owner, &old).await.unwrap();
    assert!(world.sim.token(&left).is_none() && world.sim.token(&old).is_some());
}

#[tokio::test]
async fn no_successor_is_made_where_no_record_can_be_kept() {
    let world = World::new(Options::default()).await;
    let old = world.mint("deploy", &[1]);
    let file = tempfile::NamedTempFile::new().unwrap();
    let host = world.host_with(|settings| settings.files = HostFiles::new([file.path().join("locks")]));
    let error = host.service.succeed(&host.owner, &old, succession()).await.unwrap_err();
    assert!(matches!(error, SuccessionError::Create(CreateError::Lock(_))), "{error:?}");
    assert_eq!(world.requests(), 0);
}
