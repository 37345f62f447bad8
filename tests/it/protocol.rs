//! Compares the proto files with the wire contracts in `tests/protocol/`: messages, field numbers, types, enums and
//! RPCs.
//!
//! State stores are left out on purpose. Everything else must be equal.

use std::collections::BTreeMap;

use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, MethodDescriptorProto};
use serde_json::{Value as Json, json};

/// Full names of declarations, and `message.field` or `service.rpc`, that belong to state stores.
const STATE_STORES: [&str; 9] = [
    "StateStore",
    "state_store",
    "StateBytes",
    "StateRange",
    "RequestChunkMeta",
    "GetStates",
    "DeleteState",
    ".LockState",
    ".UnlockState",
];

type Contract = BTreeMap<String, Json>;

fn reference() -> Contract {
    let tfplugin = include_str!("../protocol/tfplugin6.11.json");
    let go_plugin = include_str!("../protocol/go-plugin.json");
    let mut all: Contract = serde_json::from_str(tfplugin).unwrap();
    all.extend(serde_json::from_str::<Contract>(go_plugin).unwrap());
    all
}

fn ours() -> Contract {
    let files = protox::compile(["tfplugin6.proto", "go_plugin.proto"], ["proto"]).unwrap();
    let mut all = Contract::new();
    for file in files.file.iter().filter(|file| !file.package().starts_with("google.")) {
        file.message_type.iter().for_each(|m| message(file.package(), m, &mut all));
        file.enum_type.iter().for_each(|e| enumeration(file.package(), e, &mut all));
        for service in &file.service {
            let rpcs: Contract = service.method.iter().map(|m| (m.name().to_owned(), rpc(m))).collect();
            all.insert(format!("{}.{}", file.package(), service.name()), json!({ "service": rpcs }));
        }
    }
    all
}

fn message(scope: &str, message: &DescriptorProto, all: &mut Contract) {
    let name = format!("{scope}.{}", message.name());
    let fields: Contract = message.field.iter().map(|f| (f.name().to_owned(), field(f, message))).collect();
    message.nested_type.iter().for_each(|m| self::message(&name, m, all));
    message.enum_type.iter().for_each(|e| enumeration(&name, e, all));
    all.insert(name, json!({ "message": fields }));
}

fn enumeration(scope: &str, of: &EnumDescriptorProto, all: &mut Contract) {
    let values: BTreeMap<&str, i32> = of.value.iter().map(|v| (v.name(), v.number())).collect();
    all.insert(format!("{scope}.{}", of.name()), json!({ "enum": values }));
}

fn field(field: &FieldDescriptorProto, message: &DescriptorProto) -> Json {
    let ty = match field.type_name() {
        "" => Type::try_from(field.r#type.unwrap())
            .unwrap()
            .as_str_name()
            .trim_start_matches("TYPE_")
            .to_lowercase(),
        name => name.trim_start_matches('.').to_owned(),
    };
    let mut entry = json!({ "number": field.number(), "type": ty });
    if field.label() == Label::Repeated {
        entry["repeated"] = true.into();
    }
    match field.oneof_index {
        _ if field.proto3_optional() => entry["optional"] = true.into(),
        Some(index) => entry["oneof"] = message.oneof_decl[usize::try_from(index).unwrap()].name().into(),
        None => {}
    }
    entry
}

fn rpc(method: &MethodDescriptorProto) -> Json {
    let name = |name: &str| name.trim_start_matches('.').to_owned();
    let mut entry = json!({ "request": name(method.input_type()), "response": name(method.output_type()) });
    for (key, streams) in
        [("client_streaming", method.client_streaming()), ("server_streaming", method.server_streaming())]
    {
        if streams {
            entry[key] = true.into();
        }
    }
    entry
}

/// The contract without state stores.
fn without_state_stores(all: Contract) -> Contract {
    let ours = |name: &str| !STATE_STORES.iter().any(|part| name.contains(part));
    let kept = all.into_iter().filter(|(name, _)| ours(name)).map(|(name, mut declaration)| {
        for members in declaration.as_object_mut().unwrap().values_mut() {
            members.as_object_mut().unwrap().retain(|member, _| ours(&format!("{name}.{member}")));
        }
        (name, declaration)
    });
    kept.collect()
}

#[test]
fn the_proto_files_match_the_contract() {
    let (ours, reference) = (ours(), without_state_stores(reference()));
    let names = |contract: &Contract| contract.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&ours), names(&reference));
    for (name, declaration) in &reference {
        assert_eq!(&ours[name], declaration, "{name}");
    }
}
