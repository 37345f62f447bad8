//! The list resources in process, against the simulator: how much they read, and how they handle errors.

use cloudflare_tokens::tf_provider::framework::{ListEvent, ListRequest, Severity};
use futures_util::stream::{BoxStream, StreamExt};
use serde_json::{Value as Json, json};

use crate::simulator::{Effect, Fault, FaultKind, Options, Simulator};
use crate::support::provider::{Provider, plain, told, typed};

const TOKEN: &str = "cloudflare_account_api_token";
const PAGES: &str = "/accounts/*/tokens";

/// An account with this number of tokens, besides the provider's own.
async fn account_of(count: usize) -> (Simulator, Provider) {
    let sim = Simulator::start(Options::default()).await;
    for number in 0..count {
        sim.mint(&json!({"name": format!("t{number:03}"), "policies": []}));
    }
    let provider = Provider::start(&sim).await;
    sim.reset_requests();
    (sim, provider)
}

fn events(provider: &Provider, config: &Json, include_resource: bool) -> BoxStream<'static, ListEvent> {
    let list = provider.registry().list_resource(TOKEN).expect("a list");
    list.list(ListRequest { config: typed(config, list.ty()), include_resource, limit: None })
}

#[tokio::test]
async fn a_page_is_read_when_it_is_wanted_and_not_before() {
    let (sim, provider) = account_of(120).await;
    let mut listed = events(&provider, &json!({}), false);
    assert_eq!(sim.requests().len(), 0, "nothing is read before somebody asks");
    listed.next().await.unwrap();
    assert_eq!(sim.requests().len(), 1);
    let others: Vec<_> = (&mut listed).take(49).collect().await;
    assert_eq!((others.len(), sim.requests().len()), (49, 1));
    listed.next().await.unwrap();
    drop(listed);
    assert_eq!(sim.count("GET", PAGES), 2);
    let all: Vec<_> = events(&provider, &json!({}), true).collect().await;
    assert_eq!(all.len(), 121);
    assert!(all.iter().all(|event| event.diagnostics.is_empty()), "nothing is said of each of them");
    let object = all[120].object.as_ref().unwrap();
    assert_eq!(plain(object.get("name")), json!(all[120].display_name));
    assert_eq!(plain(object.get("value")), Json::Null);
}

#[tokio::test]
async fn a_page_that_cannot_be_read_ends_the_list_with_an_error_after_those_before() {
    let (sim, provider) = account_of(60).await;
    let refused = FaultKind::Api(403, 9109, "Unauthorized to access requested resource", Effect::None);
    sim.fault(Fault::new(refused).method("GET").path(PAGES).skip(1).always());
    let all: Vec<_> = events(&provider, &json!({}), false).collect().await;
    assert_eq!(all.len(), 51);
    let last = &all[50];
    assert!(last.identity.is_none());
    assert!(told(&last.diagnostics, Severity::Error).contains("Could not list the account's API tokens"));
}

#[tokio::test]
async fn a_token_of_an_unknown_form_is_a_warning_and_hides_no_other() {
    let (sim, provider) = account_of(3).await;
    sim.fault(Fault::new(FaultKind::null("/result/1/policies")).method("GET").path(PAGES));
    let all: Vec<_> = events(&provider, &json!({}), false).collect().await;
    let listed = all.iter().filter(|event| event.identity.is_some()).count();
    assert_eq!(listed, 3, "all but one of the four");
    let last = all.last().unwrap();
    assert!(told(&last.diagnostics, Severity::Warning).contains("could not be read"));
}

#[tokio::test]
async fn an_account_that_is_named_goes_before_the_providers() {
    let (sim, provider) = account_of(1).await;
    let other = json!({ "account_id": sim.other_account_id() });
    let all: Vec<_> = events(&provider, &other, false).collect().await;
    assert!(all.iter().all(|event| event.display_name != "t000"), "it is another account's");
    let none = json!({ "name_prefix": "nothing is called so" });
    assert_eq!(events(&provider, &none, false).count().await, 0);
}

#[tokio::test]
async fn a_permission_group_chooses_by_its_name_or_its_id() {
    let sim = Simulator::start(Options::default()).await;
    let id = sim.group_id("Workers Scripts Read", "com.cloudflare.api.account");
    let account = format!("com.cloudflare.api.account.{}", sim.account_id());
    let policy = json!({"effect": "allow", "permission_groups": [{"id": id}], "resources": {account: "*"}});
    sim.mint(&json!({"name": "with", "policies": [policy]}));
    sim.mint(&json!({"name": "without", "policies": []}));
    let provider = Provider::start(&sim).await;
    for group in ["Workers Scripts Read", &id] {
        let all: Vec<_> = events(&provider, &json!({"permission_group": group}), false).collect().await;
        assert!(all.iter().any(|event| event.display_name == "with"), "{group}");
        assert!(all.iter().all(|event| event.display_name != "without"), "{group}");
        assert!(all.iter().all(|event| event.diagnostics.is_empty()), "{group}");
    }
}

#[tokio::test]
async fn the_secrets_of_a_worker_are_listed_by_name_with_their_kind() {
    let sim = Simulator::start(Options::default()).await;
    sim.with_scripts(|scripts| {
        let secrets = &mut scripts.get_mut("edge-api").unwrap().secrets;
        for (name, kind) in [("B", "secret_text"), ("A", "secret_key")] {
            secrets.insert(name.to_owned(), (kind.to_owned(), "hidden".to_owned()));
        }
    });
    // The API's own order is not known.
    let listed = json!([{"name": "B", "type": "secret_text"}, {"name": "A", "type": "secret_key"}]);
    let answer = FaultKind::Edited("/result".to_owned(), Some(listed));
    sim.fault(Fault::new(answer).path("/accounts/*/workers/scripts/*/secrets"));
    let provider = Provider::start(&sim).await;
    let list = provider.registry().list_resource("cloudflare_workers_secret").expect("a list");
    let config = typed(&json!({"script_name": "edge-api"}), list.ty());
    let all: Vec<_> = list.list(ListRequest { config, include_resource: false, limit: None }).collect().await;
    let names: Vec<_> = all.iter().map(|event| event.display_name.as_str()).collect();
    assert_eq!(names, ["A (secret_key)", "B"]);
}
