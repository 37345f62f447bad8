//! Lists over the generated client: the answers that core gets, and how much the provider reads for them.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use cloudflare_tokens::tf_provider::framework::{Model, Raw, Type, object};
use cloudflare_tokens::tf_provider::plugin::dynamic_value as value;
use cloudflare_tokens::tf_provider::plugin::proto::provider_client::ProviderClient;
use cloudflare_tokens::tf_provider::plugin::proto::{
    diagnostic, list_resource, validate_list_resource_config,
};

use crate::support::host::channel;
use crate::support::toy::{Calls, ThingModel, ThingsConfig, server};

fn request(many: i64, fault: Option<&str>, names: Raw) -> list_resource::Request {
    let config = Raw::Map(BTreeMap::from([
        ("many".to_owned(), Raw::Number(many.into())),
        ("fault".to_owned(), fault.map_or(Raw::Null, Raw::string)),
        ("names".to_owned(), names),
    ]));
    list_resource::Request {
        type_name: "toy_thing".to_owned(),
        config: Some(value::write(&config, &object(&ThingsConfig::attributes())).unwrap()),
        include_resource_object: false,
        limit: 0,
    }
}

async fn list(calls: &Calls, request: list_resource::Request) -> Vec<list_resource::Event> {
    let mut client = ProviderClient::new(channel(server(calls)).await);
    let mut stream = client.list_resource(request).await.unwrap().into_inner();
    let mut events = Vec::new();
    while let Some(event) = stream.message().await.unwrap() {
        events.push(event);
    }
    events
}

#[tokio::test]
async fn a_list_has_identities_and_names_and_whole_objects_where_they_are_asked_for() {
    let calls = Calls::default();
    let events = list(&calls, request(2, None, Raw::Null)).await;
    let names: Vec<_> = events.iter().map(|event| event.display_name.as_str()).collect();
    assert_eq!(names, ["number 1", "number 2"]);
    assert!(events.iter().all(|event| event.resource_object.is_none()));
    let identity = events[1].identity.as_ref().unwrap().identity_data.as_ref();
    let ty = Type::Object(BTreeMap::from([("id".to_owned(), Type::String)]));
    assert_eq!(value::read(identity, &ty).unwrap().get("id").as_str(), Some("thing-2"));

    let whole = list_resource::Request { include_resource_object: true, ..request(1, None, Raw::Null) };
    let events = list(&calls, whole).await;
    let object = value::read(events[0].resource_object.as_ref(), &object(&ThingModel::attributes())).unwrap();
    assert_eq!(object.get("name").as_str(), Some("the 1"));
}

#[tokio::test]
async fn no_more_is_read_than_the_limit_asks_for() {
    let calls = Calls::default();
    let limited = list_resource::Request { limit: 3, ..request(1_000, None, Raw::Null) };
    assert_eq!(list(&calls, limited).await.len(), 3);
    assert_eq!(calls.listed.load(Ordering::SeqCst), 3);
    // An event with only diagnostics does not count as an object.
    let warned = list_resource::Request { limit: 3, ..request(1_000, Some("warns"), Raw::Null) };
    assert_eq!(list(&calls, warned).await.len(), 4);
}

#[tokio::test]
async fn a_list_that_nobody_reads_any_more_ends() {
    let calls = Calls::default();
    let mut client = ProviderClient::new(channel(server(&calls)).await);
    let mut stream = client.list_resource(request(1_000_000, None, Raw::Null)).await.unwrap().into_inner();
    assert!(stream.message().await.unwrap().is_some());
    drop(stream);
    let mut before = 0;
    for _ in 0..100 {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        let now = calls.listed.load(Ordering::SeqCst);
        if now == before {
            assert!(now < 1_000_000, "all of it was read");
            return;
        }
        before = now;
    }
    panic!("it goes on");
}

#[tokio::test]
async fn an_error_a_panic_and_a_missing_identity_end_a_list_with_a_diagnostic() {
    for (fault, before) in [("fails", 1), ("panics", 1), ("has no id", 0)] {
        let events = list(&Calls::default(), request(5, Some(fault), Raw::Null)).await;
        assert_eq!(events.len(), before + 1, "{fault}");
        let last = events.last().unwrap();
        assert_eq!(last.diagnostic[0].severity(), diagnostic::Severity::Error, "{fault}");
        assert!(last.identity.is_none() && !format!("{last:?}").contains("cfat_secret"), "{fault}");
    }
}

#[tokio::test]
async fn null_elements_and_what_is_not_known_are_refused_before_anything_is_read() {
    let calls = Calls::default();
    for names in [Raw::Set(vec![Raw::Null]), Raw::Unknown] {
        let events = list(&calls, request(5, None, names)).await;
        assert_eq!((events.len(), events[0].diagnostic.len()), (1, 1));
    }
    assert_eq!(calls.listed.load(Ordering::SeqCst), 0);
    let list_resource::Request { type_name, config, .. } = request(5, None, Raw::Set(vec![Raw::Null]));
    let validate = validate_list_resource_config::Request { type_name, config, ..Default::default() };
    let mut client = ProviderClient::new(channel(server(&calls)).await);
    let answer = client.validate_list_resource_config(validate).await.unwrap().into_inner();
    assert_eq!(answer.diagnostics.len(), 1);
}
