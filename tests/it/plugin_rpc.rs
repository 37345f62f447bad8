//! The RPCs over the generated client: core's requests and the answers.

use std::collections::BTreeMap;

use cloudflare_tokens::tf_provider::framework::{Model, Raw, Type, object};
use cloudflare_tokens::tf_provider::plugin::dynamic_value as value;
use cloudflare_tokens::tf_provider::plugin::proto::provider_client::ProviderClient;
use cloudflare_tokens::tf_provider::plugin::proto::{
    ClientCapabilities, Diagnostic, DynamicValue, RawState, ResourceIdentityData, apply_resource_change,
    call_function, close_ephemeral_resource, configure_provider, diagnostic, generate_resource_config,
    get_functions, get_metadata, get_provider_schema, get_resource_identity_schemas, import_resource_state,
    move_resource_state, open_ephemeral_resource, plan_resource_change, read_data_source, read_resource,
    schema, stop_provider, upgrade_resource_identity, upgrade_resource_state, validate_provider_config,
    validate_resource_config,
};
use tonic::Code;
use tonic::transport::Channel;

use crate::support::host::channel;
use crate::support::toy::{Calls, Config, LookupModel, PlainModel, ThingModel, TicketModel, server};

async fn client() -> ProviderClient<Channel> {
    ProviderClient::new(channel(server(&Calls::default())).await)
}

fn type_of<M: Model>() -> Type {
    object(&M::attributes())
}

/// An object of this model. Missing attributes are null.
fn of<M: Model>(attributes: &[(&str, Raw)]) -> Option<DynamicValue> {
    let given = attributes.iter().map(|(name, raw)| ((*name).to_owned(), raw.clone())).collect();
    Some(value::write(&Raw::Map(given), &type_of::<M>()).unwrap())
}

fn thing(attributes: &[(&str, Raw)]) -> Option<DynamicValue> {
    of::<ThingModel>(attributes)
}

fn back<M: Model>(written: Option<&DynamicValue>) -> Raw {
    value::read(written, &type_of::<M>()).unwrap()
}

fn text(s: &str) -> Raw {
    Raw::string(s)
}

fn number(i: i64) -> Raw {
    Raw::Number(i.into())
}

fn identity(id: &str) -> ResourceIdentityData {
    let ty = Type::Object(BTreeMap::from([("id".to_owned(), Type::String)]));
    let raw = Raw::Map(BTreeMap::from([("id".to_owned(), text(id))]));
    ResourceIdentityData { identity_data: Some(value::write(&raw, &ty).unwrap()) }
}

fn raw_state(json: &[u8]) -> RawState {
    RawState { json: json.to_vec(), flatmap: BTreeMap::new() }
}

fn name_of(type_name: &str) -> String {
    type_name.to_owned()
}

async fn plan(prior: Option<DynamicValue>, config: Option<DynamicValue>) -> plan_resource_change::Response {
    let request = plan_resource_change::Request {
        type_name: name_of("toy_thing"),
        prior_state: prior,
        proposed_new_state: config.clone(),
        config,
        ..Default::default()
    };
    client().await.plan_resource_change(request).await.unwrap().into_inner()
}

async fn apply(
    prior: Option<DynamicValue>,
    planned: Option<DynamicValue>,
) -> apply_resource_change::Response {
    let request = apply_resource_change::Request {
        type_name: name_of("toy_thing"),
        prior_state: prior,
        config: planned.clone(),
        planned_state: planned,
        planned_private: br#"{"note":"planned"}"#.to_vec(),
        planned_identity: Some(identity("thing-1")),
        ..Default::default()
    };
    client().await.apply_resource_change(request).await.unwrap().into_inner()
}

#[tokio::test]
async fn the_schema_has_everything_and_announces_what_is_served() {
    let schema =
        client().await.get_provider_schema(get_provider_schema::Request {}).await.unwrap().into_inner();
    let capabilities = schema.server_capabilities.unwrap();
    assert!(capabilities.plan_destroy && capabilities.get_provider_schema_optional);
    assert!(capabilities.move_resource_state && capabilities.generate_resource_config);
    assert_eq!(schema.provider.unwrap().block.unwrap().attributes.len(), 2);
    assert_eq!(schema.data_source_schemas.keys().collect::<Vec<_>>(), ["toy_lookup"]);
    assert_eq!(schema.ephemeral_resource_schemas.keys().collect::<Vec<_>>(), ["toy_ticket"]);
    assert_eq!(schema.list_resource_schemas.keys().collect::<Vec<_>>(), ["toy_thing"]);
    let list = schema.list_resource_schemas["toy_thing"].block.as_ref().unwrap();
    assert!(list.attributes.iter().all(|a| !a.computed), "a list is asked, and answers no configuration");

    let thing = &schema.resource_schemas["toy_thing"];
    assert_eq!(thing.version, 1);
    let block = thing.block.as_ref().unwrap();
    let attribute = |name: &str| block.attributes.iter().find(|a| a.name == name).unwrap();
    assert!(attribute("id").computed && !attribute("id").optional);
    assert!(attribute("name").required);
    assert_eq!(attribute("tags").r#type, br#"["set","string"]"#);
    assert!(attribute("secret").sensitive);
    assert!(attribute("secret_wo").write_only && !attribute("secret_wo").computed);
    assert!(
        attribute("many").optional && attribute("many").computed,
        "generated configuration leaves it out"
    );
    let parts = attribute("parts");
    assert!(parts.r#type.is_empty(), "exactly one of type and nested_type");
    assert_eq!(parts.nested_type.as_ref().unwrap().nesting(), schema::object::NestingMode::Set);

    let join = &schema.functions["join"];
    assert_eq!(join.parameters[0].r#type, br#""string""#);
    assert_eq!(join.r#return.as_ref().unwrap().r#type, br#""string""#);
}

#[tokio::test]
async fn metadata_functions_and_identities_list_what_there_is() {
    let mut client = client().await;
    let metadata = client.get_metadata(get_metadata::Request {}).await.unwrap().into_inner();
    let resources: Vec<_> = metadata.resources.iter().map(|r| r.type_name.as_str()).collect();
    assert_eq!(resources, ["toy_plain", "toy_thing"]);
    assert_eq!(metadata.list_resources[0].type_name, "toy_thing");
    assert_eq!(metadata.actions[0].type_name, "toy_ring");
    let functions = client.get_functions(get_functions::Request {}).await.unwrap().into_inner();
    assert_eq!(functions.functions.keys().collect::<Vec<_>>(), ["count", "join"]);
    let request = get_resource_identity_schemas::Request {};
    let identities =
        client.get_resource_identity_schemas(request).await.unwrap().into_inner().identity_schemas;
    assert_eq!(identities.keys().collect::<Vec<_>>(), ["toy_thing"]);
    let id = &identities["toy_thing"].identity_attributes[0];
    assert!(id.required_for_import && !id.optional_for_import);
}

#[tokio::test]
async fn the_configuration_of_an_object_has_nothing_that_is_computed_or_secret() {
    let state = thing(&[
        ("id", text("thing-1")),
        ("name", text("n")),
        ("many", number(13)),
        ("secret", text("s")),
        ("writes", number(2)),
    ]);
    let request = generate_resource_config::Request { type_name: name_of("toy_thing"), state };
    let answer = client().await.generate_resource_config(request).await.unwrap().into_inner();
    let config = back::<ThingModel>(answer.config.as_ref());
    assert_eq!(config, back::<ThingModel>(thing(&[("name", text("n"))]).as_ref()));
    assert_eq!(answer.diagnostics[0].severity(), diagnostic::Severity::Warning);
}

#[tokio::test]
async fn write_only_values_need_a_client_that_knows_them() {
    let mut client = client().await;
    for (allowed, expected) in [(true, 0), (false, 1)] {
        let request = validate_resource_config::Request {
            type_name: name_of("toy_thing"),
            config: thing(&[("name", text("n")), ("secret_wo", text("s"))]),
            client_capabilities: Some(ClientCapabilities {
                write_only_attributes_allowed: allowed,
                ..Default::default()
            }),
        };
        let answer = client.validate_resource_config(request).await.unwrap().into_inner();
        assert_eq!(answer.diagnostics.len(), expected);
    }
}

#[tokio::test]
async fn write_only_values_are_null_in_the_plan_and_computed_ones_unknown() {
    let config = thing(&[("name", text("n")), ("secret_wo", text("s"))]);
    let planned = back::<ThingModel>(plan(None, config).await.planned_state.as_ref());
    assert_eq!(planned.get("secret_wo"), &Raw::Null);
    assert_eq!(planned.get("id"), &Raw::Unknown);
    assert_eq!(planned.get("name"), &text("n"));
}

#[tokio::test]
async fn a_plan_to_destroy_is_null() {
    let prior = thing(&[("id", text("thing-1")), ("name", text("n")), ("writes", number(1))]);
    let answer = plan(prior, None).await;
    assert_eq!(answer.diagnostics, []);
    assert_eq!(back::<ThingModel>(answer.planned_state.as_ref()), Raw::Null);
}

#[tokio::test]
async fn replacement_names_its_attribute() {
    let prior = thing(&[("id", text("thing-1")), ("name", text("n")), ("writes", number(1))]);
    let answer = plan(prior, thing(&[("name", text("m"))])).await;
    let steps = &answer.requires_replace[0].steps;
    assert_eq!(answer.requires_replace.len(), 1);
    assert_eq!(format!("{:?}", steps[0].selector), r#"Some(AttributeName("name"))"#);
}

#[tokio::test]
async fn a_panic_is_a_diagnostic_without_its_message_and_the_next_call_works() {
    let answer = plan(None, thing(&[("name", text("panics in plan"))])).await;
    assert_eq!(answer.diagnostics.len(), 1);
    assert_eq!(answer.diagnostics[0].severity(), diagnostic::Severity::Error);
    assert!(!format!("{:?}", answer.diagnostics).contains("cfat_secret"));
    assert_eq!(answer.planned_state, None);
    assert_eq!(plan(None, thing(&[("name", text("n"))])).await.diagnostics, []);
}

#[tokio::test]
async fn a_create_that_fails_half_way_returns_what_it_made_with_its_identity() {
    let answer = apply(None, thing(&[("name", text("fails half way"))])).await;
    assert_eq!(back::<ThingModel>(answer.new_state.as_ref()).get("id"), &text("thing-1"));
    assert_eq!(answer.new_identity, Some(identity("thing-1")));
    assert_eq!(answer.private, br#"{"note":"created"}"#);
    let path = answer.diagnostics[0].attribute.as_ref().unwrap();
    assert_eq!(format!("{:?}", path.steps[0].selector), r#"Some(AttributeName("name"))"#);
}

#[tokio::test]
async fn an_update_that_fails_keeps_private_state_and_identity() {
    let prior = thing(&[("id", text("thing-1")), ("name", text("n")), ("writes", number(1))]);
    let planned = thing(&[("id", text("thing-1")), ("name", text("n")), ("many", number(13))]);
    let answer = apply(prior, planned).await;
    assert_eq!(answer.diagnostics[0].summary, "Unlucky");
    assert_eq!(answer.new_state, None);
    assert_eq!(answer.private, br#"{"note":"planned"}"#);
    assert_eq!(answer.new_identity, Some(identity("thing-1")));
}

#[tokio::test]
async fn a_destroyed_object_has_neither_state_nor_identity() {
    let prior = thing(&[("id", text("thing-1")), ("name", text("n")), ("writes", number(1))]);
    let answer = apply(prior, None).await;
    assert_eq!((answer.new_state, answer.new_identity, answer.diagnostics), (None, None, Vec::new()));
}

#[tokio::test]
async fn reading_echoes_private_state_and_identity_since_the_answer_replaces_them() {
    let request = |name: &str| read_resource::Request {
        type_name: name_of("toy_thing"),
        current_state: thing(&[("id", text("thing-1")), ("name", text(name)), ("writes", number(1))]),
        private: br#"{"note":"kept"}"#.to_vec(),
        current_identity: Some(identity("thing-1")),
        ..Default::default()
    };
    let mut client = client().await;
    let read = client.read_resource(request("n")).await.unwrap().into_inner();
    assert_eq!(read.private, br#"{"note":"kept"}"#);
    assert_eq!(read.new_identity, Some(identity("thing-1")));
    let gone = client.read_resource(request("is gone")).await.unwrap().into_inner();
    assert_eq!((gone.new_state, gone.new_identity), (None, None));
}

#[tokio::test]
async fn a_type_without_an_identity_schema_never_answers_with_an_identity() {
    let state = of::<PlainModel>(&[("id", text("plain-1"))]);
    let read = read_resource::Request {
        type_name: name_of("toy_plain"),
        current_state: state.clone(),
        current_identity: Some(identity("plain-1")),
        ..Default::default()
    };
    let mut client = client().await;
    assert_eq!(client.read_resource(read).await.unwrap().into_inner().new_identity, None);
    let create = apply_resource_change::Request {
        type_name: name_of("toy_plain"),
        config: of::<PlainModel>(&[]),
        planned_state: of::<PlainModel>(&[("id", Raw::Unknown)]),
        ..Default::default()
    };
    let created = client.apply_resource_change(create).await.unwrap().into_inner();
    assert_eq!(created.new_identity, None);
    assert_eq!(back::<PlainModel>(created.new_state.as_ref()).get("id"), &text("plain-1"));
}

#[tokio::test]
async fn stored_state_is_read_back_from_json_and_faults_do_not_quote_it() {
    let mut client = client().await;
    let request = |version, json: &str| upgrade_resource_state::Request {
        type_name: name_of("toy_thing"),
        version,
        raw_state: Some(raw_state(json.as_bytes())),
    };
    let json =
        r#"{"id": "thing-1", "name": "n", "many": 9007199254740993, "tags": ["b", "a"], "dropped": 1}"#;
    let state = client.upgrade_resource_state(request(1, json)).await.unwrap().into_inner();
    let state = back::<ThingModel>(state.upgraded_state.as_ref());
    assert_eq!(state.get("many"), &number(9_007_199_254_740_993));
    assert_eq!(state.get("tags"), &Raw::set([text("a"), text("b")]));
    assert_eq!(state.get("secret"), &Raw::Null);

    let misfit = r#"{"secret": {"cfat_secret": 1}}"#;
    let answer = client.upgrade_resource_state(request(1, misfit)).await.unwrap().into_inner();
    assert_eq!(answer.upgraded_state, None);
    assert!(!format!("{answer:?}").contains("cfat"));
    let status = client.upgrade_resource_state(request(1, "cfat_secret")).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    assert!(!status.to_string().contains("cfat"));
    let unknown = client.upgrade_resource_state(request(0, "{}")).await.unwrap().into_inner();
    assert_eq!(unknown.diagnostics.len(), 1);
}

#[tokio::test]
async fn stored_identities_of_the_present_version_are_read_back() {
    let mut client = client().await;
    let request = |version| upgrade_resource_identity::Request {
        type_name: name_of("toy_thing"),
        version,
        raw_identity: Some(raw_state(br#"{"id": "thing-1"}"#)),
    };
    let answer = client.upgrade_resource_identity(request(0)).await.unwrap().into_inner();
    assert_eq!(answer.upgraded_identity, Some(identity("thing-1")));
    let answer = client.upgrade_resource_identity(request(7)).await.unwrap().into_inner();
    assert_eq!((answer.upgraded_identity, answer.diagnostics.len()), (None, 1));
}

#[tokio::test]
async fn imports_take_an_id_or_an_identity() {
    let mut client = client().await;
    let by_id = import_resource_state::Request {
        type_name: name_of("toy_thing"),
        id: "thing-9".to_owned(),
        ..Default::default()
    };
    let by_identity = import_resource_state::Request {
        type_name: name_of("toy_thing"),
        identity: Some(identity("thing-9")),
        ..Default::default()
    };
    for request in [by_id, by_identity] {
        let mut answer = client.import_resource_state(request).await.unwrap().into_inner();
        let imported = answer.imported_resources.pop().unwrap();
        assert_eq!(imported.type_name, "toy_thing");
        assert_eq!(imported.identity, Some(identity("thing-9")));
        assert_eq!(back::<ThingModel>(imported.state.as_ref()).get("id"), &text("thing-9"));
    }
}

#[tokio::test]
async fn moves_take_over_what_the_resource_knows_and_refuse_the_rest() {
    let mut client = client().await;
    let request = |source: &str| move_resource_state::Request {
        source_provider_address: "terraform.io/builtin/terraform".to_owned(),
        source_type_name: source.to_owned(),
        source_state: Some(raw_state(br#"{"id": "data-1"}"#)),
        target_type_name: name_of("toy_thing"),
        ..Default::default()
    };
    let moved = client.move_resource_state(request("terraform_data")).await.unwrap().into_inner();
    assert_eq!(back::<ThingModel>(moved.target_state.as_ref()).get("id"), &text("data-1"));
    let refused = client.move_resource_state(request("null_resource")).await.unwrap().into_inner();
    assert_eq!(refused.diagnostics[0].summary, "A null_resource cannot become a toy_thing");
}

#[tokio::test]
async fn a_move_where_only_the_host_changed_is_a_load_of_the_state() {
    let mut client = client().await;
    let request = |provider: &str, source: &str, private: &[u8]| move_resource_state::Request {
        source_provider_address: provider.to_owned(),
        source_type_name: source.to_owned(),
        source_state: Some(raw_state(br#"{"id": "thing-1", "name": "n", "unknown": 1}"#)),
        source_schema_version: 1,
        source_private: private.to_vec(),
        target_type_name: name_of("toy_thing"),
        ..Default::default()
    };
    for host in ["registry.opentofu.org", "mirror.example.com:8443"] {
        let own = request(&format!("{host}/test/toy"), "toy_thing", br#"{"note":"kept"}"#);
        let moved = client.move_resource_state(own).await.unwrap().into_inner();
        assert!(moved.diagnostics.is_empty(), "{:?}", moved.diagnostics);
        let state = back::<ThingModel>(moved.target_state.as_ref());
        assert_eq!((state.get("id"), state.get("name")), (&text("thing-1"), &text("n")));
        assert_eq!(moved.target_private, br#"{"note":"kept"}"#);
        assert_eq!(moved.target_identity, Some(identity("thing-1")));
    }
    let newer = move_resource_state::Request {
        source_schema_version: 7,
        ..request("registry.opentofu.org/test/toy", "toy_thing", b"")
    };
    let refused = client.move_resource_state(newer).await.unwrap().into_inner();
    assert!(refused.diagnostics[0].summary.contains("unknown version"), "{:?}", refused.diagnostics);
    let foreign = request("registry.terraform.io/other/toy", "toy_thing", b"");
    let refused = client.move_resource_state(foreign).await.unwrap().into_inner();
    assert_eq!(refused.diagnostics[0].summary, "A toy_thing cannot become a toy_thing");
}

#[tokio::test]
async fn private_state_of_another_sdk_counts_as_none() {
    let mut client = client().await;
    for private in [&b"null"[..], b"", b"\xff\x00", b"[1]", b"{"] {
        let request = read_resource::Request {
            type_name: name_of("toy_thing"),
            current_state: thing(&[("id", text("thing-1")), ("name", text("n"))]),
            private: private.to_vec(),
            ..Default::default()
        };
        let read = client.read_resource(request).await.unwrap().into_inner();
        assert!(read.diagnostics.is_empty(), "{private:?}: {:?}", read.diagnostics);
        assert_eq!(read.private, br#"{"note":""}"#);
    }
}

#[tokio::test]
async fn data_sources_are_read() {
    let config = of::<LookupModel>(&[("key", text("k"))]);
    let request =
        read_data_source::Request { type_name: name_of("toy_lookup"), config, ..Default::default() };
    let answer = client().await.read_data_source(request).await.unwrap().into_inner();
    assert_eq!(back::<LookupModel>(answer.state.as_ref()).get("found"), &text("found k"));
}

#[tokio::test]
async fn ephemeral_resources_carry_private_state_from_open_to_close() {
    let calls = Calls::default();
    let mut client = ProviderClient::new(channel(server(&calls)).await);
    let config = of::<TicketModel>(&[("holder", text("h"))]);
    let open = open_ephemeral_resource::Request {
        type_name: name_of("toy_ticket"),
        config,
        client_capabilities: None,
    };
    let opened = client.open_ephemeral_resource(open).await.unwrap().into_inner();
    assert_eq!(back::<TicketModel>(opened.result.as_ref()).get("ticket"), &text("ephemeral-secret"));
    let renew_at = opened.renew_at.unwrap();
    assert_eq!((renew_at.seconds, renew_at.nanos), (4_000_000_000, 500_000_000));
    let close =
        close_ephemeral_resource::Request { type_name: name_of("toy_ticket"), private: opened.private };
    let closed = client.close_ephemeral_resource(close).await.unwrap().into_inner();
    assert_eq!(closed.diagnostics, []);
    assert_eq!(calls.closed.load(std::sync::atomic::Ordering::SeqCst), 1);
}

#[tokio::test]
async fn functions_take_further_arguments_and_name_the_one_at_fault() {
    let mut client = client().await;
    let request = |texts: &[&str]| call_function::Request {
        name: "join".to_owned(),
        arguments: texts.iter().map(|t| value::write(&text(t), &Type::String).unwrap()).collect(),
    };
    let answer = client.call_function(request(&["a", "b", "c"])).await.unwrap().into_inner();
    assert_eq!(value::read(answer.result.as_ref(), &Type::String).unwrap(), text("a-b-c"));
    let error = client.call_function(request(&["a", ""])).await.unwrap().into_inner().error.unwrap();
    assert_eq!(error.function_argument, Some(1));
    let status = client.call_function(request(&[])).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
}

/// The diagnostics for a null element, on one line.
fn refusal(diagnostics: &[Diagnostic]) -> String {
    let [only] = diagnostics else { panic!("{diagnostics:?}") };
    only.summary.clone()
}

#[tokio::test]
async fn a_null_element_is_refused_by_every_rpc_that_acts_on_a_configuration() {
    let mut client = client().await;
    let nulls = || Raw::set([text("a"), Raw::Null]);

    let config = of::<Config>(&[("names", nulls())]);
    let request = validate_provider_config::Request { config: config.clone() };
    let answer = client.validate_provider_config(request).await.unwrap().into_inner();
    assert_eq!(refusal(&answer.diagnostics), "Null element in `names`");
    let request = configure_provider::Request { config, ..Default::default() };
    let answer = client.configure_provider(request).await.unwrap().into_inner();
    assert_eq!(refusal(&answer.diagnostics), "Null element in `names`");

    let config = thing(&[("name", text("n")), ("tags", nulls())]);
    let request = validate_resource_config::Request {
        type_name: name_of("toy_thing"),
        config: config.clone(),
        client_capabilities: None,
    };
    let answer = client.validate_resource_config(request).await.unwrap().into_inner();
    assert_eq!(refusal(&answer.diagnostics), "Null element in `tags`");
    let planned = plan(None, config.clone()).await;
    assert_eq!(
        (refusal(&planned.diagnostics).as_str(), planned.planned_state),
        ("Null element in `tags`", None)
    );
    let applied = apply(None, config).await;
    assert_eq!((refusal(&applied.diagnostics).as_str(), applied.new_state), ("Null element in `tags`", None));

    let places = Raw::List(vec![Raw::Null]);
    let config = of::<LookupModel>(&[("key", text("k")), ("places", places)]);
    let request =
        read_data_source::Request { type_name: name_of("toy_lookup"), config, ..Default::default() };
    let answer = client.read_data_source(request).await.unwrap().into_inner();
    assert_eq!((refusal(&answer.diagnostics).as_str(), answer.state), ("Null element in `places`", None));

    let doors = Raw::Map(BTreeMap::from([("front".to_owned(), Raw::Null)]));
    let config = of::<TicketModel>(&[("holder", text("h")), ("doors", doors)]);
    let request = open_ephemeral_resource::Request {
        type_name: name_of("toy_ticket"),
        config,
        client_capabilities: None,
    };
    let answer = client.open_ephemeral_resource(request).await.unwrap().into_inner();
    assert_eq!((refusal(&answer.diagnostics).as_str(), answer.result), ("Null element in `doors`", None));

    let texts = Type::list(Type::String);
    let argument = value::write(&Raw::List(vec![text("a"), Raw::Null]), &texts).unwrap();
    let request = call_function::Request { name: "count".to_owned(), arguments: vec![argument] };
    let error = client.call_function(request).await.unwrap().into_inner().error.unwrap();
    assert_eq!(error.function_argument, Some(0));
    assert!(error.text.starts_with("`texts[1]` is null."), "{}", error.text);
}

#[tokio::test]
async fn nothing_is_done_with_a_configuration_that_is_not_wholly_known() {
    let unknown = thing(&[("name", text("n")), ("tags", Raw::set([Raw::Unknown]))]);
    let answer = apply(None, unknown).await;
    assert_eq!(refusal(&answer.diagnostics), "The configuration is not wholly known");
    assert_eq!(answer.new_state, None);
}

#[tokio::test]
async fn a_state_with_null_elements_is_read_as_it_was_applied() {
    let request = upgrade_resource_state::Request {
        type_name: name_of("toy_thing"),
        version: 1,
        raw_state: Some(raw_state(
            br#"{"id": "thing-1", "name": "n", "tags": ["a", null], "parts": [null]}"#,
        )),
    };
    let state = client().await.upgrade_resource_state(request).await.unwrap().into_inner();
    let state = back::<ThingModel>(state.upgraded_state.as_ref());
    assert_eq!((state.get("tags"), state.get("parts")), (&Raw::set([text("a")]), &Raw::set([])));
}

#[tokio::test]
async fn stop_reaches_the_provider() {
    let calls = Calls::default();
    let mut client = ProviderClient::new(channel(server(&calls)).await);
    client.stop_provider(stop_provider::Request {}).await.unwrap();
    assert_eq!(calls.stopped.load(std::sync::atomic::Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_request_larger_than_tonics_default_limit_is_read() {
    let tags = Raw::set((0..5).map(|i| text(&i.to_string().repeat(1 << 20))));
    let config = thing(&[("name", text("n")), ("tags", tags)]);
    let request = validate_resource_config::Request {
        type_name: name_of("toy_thing"),
        config,
        client_capabilities: None,
    };
    let answer = client().await.validate_resource_config(request).await.unwrap().into_inner();
    assert_eq!(answer.diagnostics, []);
}

#[tokio::test]
async fn what_does_not_fit_the_schema_is_a_protocol_fault_that_names_the_field() {
    let request = validate_resource_config::Request {
        type_name: name_of("toy_thing"),
        config: of::<PlainModel>(&[]),
        client_capabilities: None,
    };
    let status = client().await.validate_resource_config(request).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    assert_eq!(status.message(), "config: the attribute `many` is missing");
    let request = validate_resource_config::Request { type_name: name_of("toy_other"), ..Default::default() };
    let status = client().await.validate_resource_config(request).await.unwrap_err();
    assert_eq!(status.message(), "the provider has no resource \"toy_other\"");
}
