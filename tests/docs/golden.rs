//! The schema as a golden file. It has what configurations rely on. It omits the descriptions, because the pages have
//! them.

use std::collections::BTreeMap;

use cloudflare_tokens::tf_provider::framework::{
    Attribute, IdentitySchema, Kind, Mode, Nesting, Parameter, Schema, Schemas, Signature, hcl,
};
use serde_json::{Map, Value as Json, json};

/// The schemas as JSON that is readable in a diff.
pub fn of(schemas: &Schemas) -> String {
    let types =
        |types: &BTreeMap<&'static str, Schema>| named(types.iter().map(|(name, s)| (*name, schema(s))));
    let resources = named(schemas.resources.iter().map(|(name, resource)| {
        let mut json = schema(resource);
        json["version"] = json!(resource.version);
        if let Some(of) = schemas.identities.get(name) {
            json["identity"] = identity(of);
        }
        (*name, json)
    }));
    let all = json!({
        "provider": schema(&schemas.provider),
        "resources": resources,
        "data_sources": types(&schemas.data_sources),
        "ephemeral_resources": types(&schemas.ephemeral_resources),
        "actions": types(&schemas.actions),
        "list_resources": types(&schemas.list_resources),
        "functions": named(schemas.functions.iter().map(|(name, f)| (*name, function(f)))),
    });
    format!("{all:#}\n")
}

fn named<'a>(members: impl Iterator<Item = (&'a str, Json)>) -> Json {
    Json::Object(members.map(|(name, json)| (name.to_owned(), json)).collect())
}

fn schema(schema: &Schema) -> Json {
    json!({ "attributes": attributes(&schema.attributes) })
}

fn attributes(all: &[Attribute]) -> Json {
    named(all.iter().map(|a| (a.name, attribute(a))))
}

/// Default values are omitted.
fn attribute(attribute: &Attribute) -> Json {
    let mut json = Map::new();
    let mut put = |key: &str, value: Json| json.insert(key.to_owned(), value);
    put("mode", json!(mode(attribute.mode)));
    match &attribute.kind {
        Kind::Leaf(ty) => put("type", json!(ty.to_string())),
        Kind::Nested(nesting, inner) => {
            put("attributes", attributes(inner));
            put("nesting", json!(self::nesting(*nesting)))
        }
        Kind::Block(inner) => put("block", attributes(inner)),
    };
    let flags = [
        ("sensitive", attribute.sensitive),
        ("write_only", attribute.write_only),
        ("deprecated", attribute.deprecated.is_some()),
        ("requires_replace", attribute.requires_replace),
        ("keep_prior", attribute.keep_prior),
        ("compared_by_meaning", attribute.equality.is_some()),
    ];
    flags.into_iter().filter(|(_, set)| *set).for_each(|(key, set)| {
        put(key, json!(set));
    });
    if let Some(default) = &attribute.default {
        put("default", json!(hcl(default)));
    }
    if !attribute.validators.is_empty() {
        put("constraints", attribute.validators.iter().map(|v| json!(v.rule)).collect());
    }
    if !attribute.conflicts_with.is_empty() {
        put("conflicts_with", json!(attribute.conflicts_with));
    }
    Json::Object(json)
}

fn mode(mode: Mode) -> &'static str {
    match mode {
        Mode::Required => "required",
        Mode::Optional => "optional",
        Mode::Computed => "computed",
        Mode::OptionalComputed => "optional, computed",
    }
}

fn nesting(nesting: Nesting) -> &'static str {
    match nesting {
        Nesting::Single => "single",
        Nesting::List => "list",
        Nesting::Set => "set",
        Nesting::Map => "map",
    }
}

fn identity(identity: &IdentitySchema) -> Json {
    let attributes = identity
        .attributes
        .iter()
        .map(|a| (a.name, json!({ "type": a.ty.to_string(), "required_for_import": a.required_for_import })));
    json!({ "version": identity.version, "attributes": named(attributes) })
}

fn function(signature: &Signature) -> Json {
    let parameter = |p: &Parameter| json!({ "name": p.name, "type": p.ty.to_string() });
    json!({
        "parameters": signature.parameters.iter().map(parameter).collect::<Vec<_>>(),
        "variadic": signature.variadic.as_ref().map(parameter),
        "result": signature.result.to_string(),
    })
}
