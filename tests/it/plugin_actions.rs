//! Actions over the generated client: the answers that core gets.

use std::collections::BTreeMap;

use cloudflare_tokens::tf_provider::framework::{Model, Raw, object};
use cloudflare_tokens::tf_provider::plugin::dynamic_value as value;
use cloudflare_tokens::tf_provider::plugin::proto::invoke_action::event::Type;
use cloudflare_tokens::tf_provider::plugin::proto::provider_client::ProviderClient;
use cloudflare_tokens::tf_provider::plugin::proto::{
    DynamicValue, diagnostic, get_provider_schema, invoke_action, plan_action, validate_action_config,
};
use tonic::transport::Channel;

use crate::support::host::channel;
use crate::support::toy::{Calls, RingModel, server};

async fn client() -> ProviderClient<Channel> {
    ProviderClient::new(channel(server(&Calls::default())).await)
}

fn config(bell: Raw, names: Raw) -> Option<DynamicValue> {
    let config = Raw::Map(BTreeMap::from([("bell".to_owned(), bell), ("names".to_owned(), names)]));
    Some(value::write(&config, &object(&RingModel::attributes())).unwrap())
}

/// The progress messages, and the diagnostics at the end.
async fn invoke(bell: Raw, names: Raw) -> (Vec<String>, Vec<diagnostic::Severity>) {
    let request = invoke_action::Request {
        action_type: "toy_ring".to_owned(),
        config: config(bell, names),
        client_capabilities: None,
    };
    let mut stream = client().await.invoke_action(request).await.unwrap().into_inner();
    let (mut told, mut end) = (Vec::new(), None);
    while let Some(event) = stream.message().await.unwrap() {
        assert!(end.is_none(), "something comes after the end");
        match event.r#type.expect("core crashes at an event without a type") {
            Type::Progress(progress) => told.push(progress.message),
            Type::Completed(completed) => {
                assert!(!format!("{completed:?}").contains("cfat_secret"));
                end = Some(completed.diagnostics.iter().map(|d| d.severity()).collect());
            }
        }
    }
    (told, end.expect("an end"))
}

#[tokio::test]
async fn an_action_has_a_schema_and_tells_how_far_it_is_and_how_it_ended() {
    let schema =
        client().await.get_provider_schema(get_provider_schema::Request {}).await.unwrap().into_inner();
    let block = schema.action_schemas["toy_ring"].schema.as_ref().unwrap().block.as_ref().unwrap();
    assert_eq!(block.attributes.len(), 2);
    assert_eq!(invoke(Raw::string("big"), Raw::Null).await, (vec!["ding".into(), "dong".into()], vec![]));
}

#[tokio::test]
async fn an_action_that_fails_or_panics_ends_with_an_error() {
    for bell in ["fails", "panics"] {
        let ended = invoke(Raw::string(bell), Raw::Null).await;
        assert_eq!(ended, (vec!["ding".to_owned()], vec![diagnostic::Severity::Error]), "{bell}");
    }
}

#[tokio::test]
async fn nulls_and_what_is_not_known_are_refused_before_anything_is_done() {
    for (bell, names) in [(Raw::string("big"), Raw::Set(vec![Raw::Null])), (Raw::Unknown, Raw::Null)] {
        assert_eq!(invoke(bell, names).await, (vec![], vec![diagnostic::Severity::Error]));
    }
    let validate = validate_action_config::Request {
        type_name: "toy_ring".to_owned(),
        config: config(Raw::string("big"), Raw::Set(vec![Raw::Null])),
    };
    let answer = client().await.validate_action_config(validate).await.unwrap().into_inner();
    assert_eq!(answer.diagnostics.len(), 1);
}

#[tokio::test]
async fn a_plan_says_what_will_be_refused_and_takes_what_is_not_known_yet() {
    for (bell, found) in [(Raw::string("cracked"), 1), (Raw::Unknown, 0)] {
        let request = plan_action::Request {
            action_type: "toy_ring".to_owned(),
            config: config(bell, Raw::Null),
            client_capabilities: None,
        };
        let answer = client().await.plan_action(request).await.unwrap().into_inner();
        assert_eq!(answer.diagnostics.len(), found);
    }
}
