//! Creates, and the fate of tokens whose answer is lost.

use cloudflare_tokens::cloudflare::Error;
use cloudflare_tokens::tokens::{Concern, CreateError, Created, Field, NewToken, Orphan};
use secrecy::ExposeSecret;

use super::*;
use crate::simulator::{Effect as Sim, Fault, FaultKind};

fn post(kind: FaultKind) -> Fault {
    Fault::new(kind).method("POST").path("/accounts/*/tokens")
}

impl Host {
    async fn create(&self, new: NewToken) -> Result<Created, CreateError> {
        self.service.create(&self.owner, new).await
    }
}

fn named(world: &World, name: Option<&str>) -> NewToken {
    NewToken { name: name.map(str::to_owned), policies: vec![world.policy(1)], ..NewToken::default() }
}

#[tokio::test]
async fn a_create_tells_the_value_and_without_policies_grants_nothing() {
    let world = World::new(Options::default()).await;
    let created = world.host().create(NewToken::default()).await.unwrap();
    assert!(created.token.name.starts_with("tf-"));
    assert_eq!(Some(created.value.expose_secret().to_owned()), world.sim.token_value(&created.token.id));
    assert_eq!(world.sim.policies(&created.token.id)[0].effect, "deny");
    assert_eq!(created.concerns, []);
    assert_eq!(world.requests(), 1);
}

#[tokio::test]
async fn a_disabled_token_takes_a_second_write() {
    let world = World::new(Options::default()).await;
    let created = world.host().create(NewToken { disabled: true, ..named(&world, None) }).await.unwrap();
    assert!(created.not_disabled.is_none());
    assert_eq!(created.token.status, "disabled");
    assert_eq!(world.sim.token(&created.token.id).unwrap()["status"], "disabled");
}

#[tokio::test]
async fn a_token_that_is_still_active_after_a_success_is_told() {
    let world = World::new(Options::default()).await;
    let active = FaultKind::Edited("/result/status".to_owned(), Some(json!("active")));
    world.sim.fault(Fault::new(active).path("/accounts/*/tokens/*").always());
    let created = world.host().create(NewToken { disabled: true, ..named(&world, None) }).await.unwrap();
    assert_eq!(created.concerns, [Concern::NotApplied(Field::Status)]);
}

#[tokio::test]
async fn a_difference_from_the_request_is_told() {
    let world = World::new(Options::default()).await;
    let early = FaultKind::Edited("/result/not_before".to_owned(), Some(json!("2099-01-01T00:00:00Z")));
    world.sim.fault(post(early));
    let created = world.host().create(named(&world, None)).await.unwrap();
    assert_eq!(created.concerns, [Concern::NotApplied(Field::NotBefore)]);
}

#[tokio::test]
async fn a_token_that_could_not_be_disabled_is_not_lost() {
    let world = World::new(Options::default()).await;
    let refuse = FaultKind::Api(403, 9109, "Unauthorized to access requested resource", Sim::None);
    world.sim.fault(Fault::new(refuse).method("PUT"));
    let created = world.host().create(NewToken { disabled: true, ..named(&world, None) }).await.unwrap();
    assert!(matches!(created.not_disabled, Some(OpError { cause: Cause::Api(_), .. })));
    assert!(world.sim.token(&created.token.id).is_some());
}

#[tokio::test]
async fn a_lost_create_of_a_random_name_leaves_nothing_behind() {
    for kind in [FaultKind::Reset(Sim::Done), FaultKind::Truncated, FaultKind::Html(502, Sim::Done)] {
        let world = World::new(Options::default()).await;
        world.sim.fault(post(kind.clone()));
        let created = world.host().create(named(&world, None)).await.unwrap();
        assert_eq!(created.left_behind, [], "{kind:?}");
        let there: Vec<_> = world.sim.tokens().iter().map(|t| t["id"].as_str().unwrap().to_owned()).collect();
        assert_eq!(there, [created.token.id.as_str()], "{kind:?}");
    }
}

#[tokio::test]
async fn creates_of_a_random_name_that_are_lost_again_leave_nothing_behind() {
    for lost in [[Sim::None, Sim::Done], [Sim::Done, Sim::Done]] {
        let world = World::new(Options::default()).await;
        for effect in lost {
            world.sim.fault(post(FaultKind::Reset(effect)));
        }
        let created = world.host().create(named(&world, None)).await.unwrap();
        let there: Vec<_> = world.sim.tokens().iter().map(|t| t["id"].as_str().unwrap().to_owned()).collect();
        assert_eq!(there, [created.token.id.as_str()]);
        // A create that took no effect may still take one.
        assert!(created.left_behind.iter().all(|left| matches!(left, Orphan::Unseen { listed: true, .. })));
        assert_eq!(created.left_behind.len(), usize::from(lost[0] == Sim::None));
    }
}

#[tokio::test]
async fn a_token_that_nobody_has_the_value_of_is_not_gone_by_a_passing_404() {
    let world = World::new(Options::default()).await;
    world.sim.fault(post(FaultKind::Reset(Sim::Done)));
    world.sim.fault(Fault::new(FaultKind::not_found()).method("DELETE"));
    world.sim.fault(Fault::new(FaultKind::not_found()).method("GET").path("/accounts/*/tokens/*").times(2));
    let created = world.host().create(named(&world, None)).await.unwrap();
    let there: Vec<_> = world.sim.tokens().iter().map(|t| t["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!((there, created.left_behind), (vec![created.token.id.clone()], Vec::new()));
    assert!(!world.sim.faults_pending());
}

#[tokio::test]
async fn a_lost_create_of_a_name_that_others_may_use_is_told_and_left() {
    let world = World::new(Options::default()).await;
    // This token has the same name and policies, but it is old.
    let twin = world.mint("ours", &[1]);
    world.sim.edit(&twin, |token| token.issued_on -= Duration::from_secs(3600));
    let other = world.mint("ours", &[2]);
    world.sim.fault(post(FaultKind::Reset(Sim::Done)));
    let created = world.host().create(named(&world, Some("ours"))).await.unwrap();
    let [Orphan::Alike { id, issued_on: Some(_) }] = &created.left_behind[..] else {
        panic!("{:?}", created.left_behind)
    };
    assert!(![&created.token.id, &twin, &other].contains(&id));
    assert_eq!(world.sim.tokens().len(), 4);
}

#[tokio::test]
async fn a_token_that_the_same_process_made_is_never_called_left_behind() {
    let options = Options { latency: Duration::from_millis(20), ..Options::default() };
    let world = World::new(options).await;
    world.sim.fault(post(FaultKind::Reset(Sim::None)));
    let host = world.host();
    let twins = join_all((0..3).map(|_| host.create(named(&world, Some("ours"))))).await;
    let told: Vec<_> = twins.into_iter().flat_map(|twin| twin.unwrap().left_behind).collect();
    assert!(matches!(&told[..], [Orphan::Unseen { name, .. }] if name == "ours"), "{told:?}");
    assert_eq!(world.sim.tokens().len(), 3);
}

#[tokio::test]
async fn a_lost_create_that_is_refused_in_the_end_is_looked_for_once_more_and_told() {
    let list = || Fault::new(FaultKind::Api(403, 9109, "Unauthorized", Sim::None)).method("GET");
    for (name, listed) in [(Some("ours"), true), (Some("ours"), false), (None, false)] {
        let world = World::new(Options::default()).await;
        world.sim.fault(post(FaultKind::Reset(Sim::Done)));
        world.sim.fault(post(FaultKind::Api(403, 9109, "Unauthorized", Sim::None)));
        world.sim.fault(if listed { list().times(1) } else { list().always() });
        let error = world.host().create(named(&world, name)).await.unwrap_err();
        assert!(error.to_string().starts_with("whether a token was made is not known: "), "{error}");
        let CreateError::Unknown { error: Some(last), left_behind } = error else { panic!("{error:?}") };
        // Where nothing can be listed, there is no second attempt.
        assert_eq!(matches!(last, Error::Api { status: 403, .. }), listed, "{last:?}");
        let there = &world.sim.tokens()[0];
        let named = match &left_behind[..] {
            [Orphan::Alike { id, .. }] if listed => there["id"] == id.as_str(),
            [Orphan::Unseen { name, .. }] if !listed => there["name"] == name.as_str(),
            _ => false,
        };
        assert!(named, "{left_behind:?}");
    }
}

#[tokio::test]
async fn a_lost_create_that_comes_through_late_is_found_by_the_last_look() {
    let world = World::new(Options::default()).await;
    world.sim.fault(post(FaultKind::Reset(Sim::None)));
    world.sim.fault(post(FaultKind::LatencyAfter(Duration::from_millis(300))));
    let host = world.host();
    let (created, late) = tokio::join!(host.create(named(&world, Some("ours"))), async {
        while world.sim.tokens().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        // The second token is created but not answered yet. The first one is answered now.
        world.mint("ours", &[1])
    });
    let [Orphan::Alike { id, .. }] = &created.as_ref().unwrap().left_behind[..] else {
        panic!("{created:?}")
    };
    assert_eq!(*id, late);
}

#[tokio::test]
async fn a_name_that_others_may_use_is_looked_for_to_the_end_even_if_one_was_found() {
    let world = World::new(Options::default()).await;
    // The first token comes at once, and the answer to its create never.
    world.sim.fault(post(FaultKind::Reset(Sim::Done)));
    world.sim.fault(post(FaultKind::LatencyAfter(Duration::from_millis(300))));
    let host = world.host();
    let (created, late) = tokio::join!(host.create(named(&world, Some("ours"))), async {
        while world.sim.tokens().len() < 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        world.mint("ours", &[1])
    });
    let left = created.unwrap().left_behind;
    let is_late = |orphan: &Orphan| matches!(orphan, Orphan::Alike { id, .. } if *id == late);
    assert!(left.len() == 2 && left.iter().any(is_late), "{left:?}");
}

#[tokio::test]
async fn an_orphan_that_could_not_be_deleted_is_told() {
    let world = World::new(Options::default()).await;
    world.sim.fault(post(FaultKind::Reset(Sim::Done)));
    let refuse = FaultKind::Api(403, 9109, "Unauthorized", Sim::None);
    world.sim.fault(Fault::new(refuse).method("DELETE").always());
    let created = world.host().create(named(&world, None)).await.unwrap();
    let [Orphan::Left { id }] = &created.left_behind[..] else { panic!("{:?}", created.left_behind) };
    assert!(world.sim.token(id).is_some() && *id != created.token.id);
}

#[tokio::test]
async fn a_create_that_did_not_come_through_is_made_again_and_told() {
    let world = World::new(Options::default()).await;
    world.sim.fault(post(FaultKind::Reset(Sim::None)));
    let created = world.host().create(named(&world, Some("ours"))).await.unwrap();
    assert!(matches!(&created.left_behind[..], [Orphan::Unseen { name, .. }] if name == "ours"));
    assert_eq!(world.sim.tokens().len(), 1);
}

#[tokio::test]
async fn a_create_that_never_has_an_answer_tells_what_it_left() {
    let world = World::new(Options::default()).await;
    world.sim.fault(post(FaultKind::Reset(Sim::Done)).always());
    let error = world.host().create(named(&world, Some("ours"))).await.unwrap_err();
    let CreateError::Unknown { left_behind, .. } = error else { panic!("{error:?}") };
    assert_eq!(left_behind.len(), world.sim.tokens().len());
    assert!(left_behind.iter().all(|orphan| matches!(orphan, Orphan::Alike { .. })));
}

#[tokio::test]
async fn a_create_whose_caller_went_away_is_cleared_away() {
    let world = World::new(Options { latency: Duration::from_millis(40), ..Options::default() }).await;
    let host = world.host();
    let gone = tokio::time::timeout(Duration::from_millis(10), host.create(named(&world, Some("ours"))));
    assert!(gone.await.is_err());
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert_eq!(world.sim.count("POST", "/accounts/*/tokens"), 1);
    assert_eq!(world.sim.tokens().len(), 0);
}
