//! The rules for every schema: those of Terraform's core and SDKs, which would otherwise fail only in a user's run,
//! and this project's own for descriptions and examples.

use std::collections::BTreeSet;
use std::path::Path;

use cloudflare_tokens::model;
use cloudflare_tokens::tf_provider::framework::{
    Attribute, Kind, List, Mode, Model, Nesting, Raw, Schema, Schemas, Set, Type, Validator, block, computed,
    optional, required,
};

use crate::generator::{Sort, examples, root, schemas, types};

#[test]
fn every_schema_is_complete_and_as_core_wants_it() {
    let found = faults(&schemas());
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn every_type_has_its_example_and_every_example_its_type() {
    let found = example_faults(&schemas(), root());
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// Names that Terraform reserves at the root of a block.
const OF_A_RESOURCE: &[&str] =
    &["connection", "count", "depends_on", "for_each", "lifecycle", "provider", "provisioner"];
const OF_A_PROVIDER: &[&str] = &["alias", "version"];

/// The broken rules of a set of schemas, one per line.
fn faults(schemas: &Schemas) -> Vec<String> {
    let mut found = Vec::new();
    check_type(Sort::Provider, "provider", &schemas.provider, &mut found);
    for (sort, types) in types(schemas) {
        for (name, schema) in types {
            if !name.starts_with("cloudflare_") {
                found.push(format!("{name}: a type's name starts with the provider's local name"));
            }
            check_type(sort, name, schema, &mut found);
        }
    }
    for (name, identity) in &schemas.identities {
        for attribute in &identity.attributes {
            let at = format!("{name} (identity).{}", attribute.name);
            check_texts(&at, attribute.name, attribute.description, &mut found);
            let element = match &attribute.ty {
                Type::List(of) => of,
                ty => ty,
            };
            if !matches!(element, Type::Bool | Type::Number | Type::String) {
                found.push(format!("{at}: identities hold primitives and lists of them"));
            }
        }
    }
    for name in schemas.list_resources.keys().filter(|name| !schemas.identities.contains_key(*name)) {
        found.push(format!("{name} (list): core takes a list of a resource with an identity only"));
    }
    for (name, function) in &schemas.functions {
        check_texts(name, name, function.description, &mut found);
        if function.summary.is_empty() || function.summary.contains('\n') {
            found.push(format!("{name}: the summary is one line"));
        }
        for parameter in function.parameters.iter().chain(&function.variadic) {
            let at = format!("{name}({})", parameter.name);
            check_texts(&at, parameter.name, parameter.description, &mut found);
        }
    }
    found
}

fn check_type(sort: Sort, name: &str, schema: &Schema, found: &mut Vec<String>) {
    check_texts(name, name, schema.description, found);
    let reserved = if sort == Sort::Provider { OF_A_PROVIDER } else { OF_A_RESOURCE };
    for attribute in schema.attributes.iter().filter(|a| reserved.contains(&a.name)) {
        found.push(format!("{name}.{}: Terraform keeps this name for itself", attribute.name));
    }
    check_attributes(sort, name, &schema.attributes, Inside::default(), found);
}

/// What the attributes are nested in.
#[derive(Clone, Copy, Default)]
struct Inside {
    attribute: bool,
    set: bool,
    collection: bool,
}

fn check_attributes(sort: Sort, at: &str, all: &[Attribute], inside: Inside, found: &mut Vec<String>) {
    let names: BTreeSet<_> = all.iter().map(|a| a.name).collect();
    if names.len() < all.len() {
        found.push(format!("{at}: two attributes have one name"));
    }
    for attribute in all {
        let at = format!("{at}.{}", attribute.name);
        check_texts(&at, attribute.name, attribute.description, found);
        let mut wrong = |fault: &str| found.push(format!("{at}: {fault}"));
        for other in attribute.conflicts_with {
            if !names.contains(other) || *other == attribute.name {
                wrong("conflicts with something that is no sibling of it");
            }
        }
        if attribute.deprecated.is_some_and(|why| !why.ends_with('.')) {
            wrong("a deprecation says what to use instead, in a sentence");
        }
        if attribute.validators.iter().any(|v| v.rule.trim().is_empty()) {
            wrong("a rule has no words for its page");
        }
        let never_configured = attribute.mode == Mode::Computed;
        if never_configured && (attribute.requires_replace || !attribute.validators.is_empty()) {
            wrong(
                "nobody can set what the provider alone sets, so there is nothing to check or to replace for",
            );
        }
        if matches!(sort, Sort::List | Sort::Action) && attribute.mode.is_computed() {
            wrong("lists and actions answer no configuration, so nothing in it can be computed");
        }
        if sort == Sort::Provider && attribute.mode.is_computed() {
            wrong("a provider's configuration is not stored, so nothing in it can be computed");
        }
        if attribute.write_only && (attribute.mode.is_computed() || sort != Sort::Resource || inside.set) {
            wrong("write-only is for what a managed resource's user sets, outside sets");
        }
        if let Some(default) = &attribute.default
            && attribute.validators.iter().any(|v| v.check(default).is_err())
        {
            wrong("the default breaks a rule");
        }
        match &attribute.kind {
            Kind::Leaf(ty) if has_dynamic(ty) && (inside.collection || *ty != Type::Dynamic) => {
                wrong("a value of any type cannot be an element of a list, set or map");
            }
            Kind::Leaf(_) => {}
            Kind::Nested(nesting, inner) => {
                if inner.is_empty() {
                    wrong("an object has attributes");
                }
                let inside = Inside {
                    attribute: true,
                    set: inside.set || *nesting == Nesting::Set,
                    collection: inside.collection || *nesting != Nesting::Single,
                };
                check_attributes(sort, &at, inner, inside, found);
            }
            Kind::Block(inner) => {
                if inner.is_empty() {
                    wrong("a block has attributes");
                }
                if inside.attribute {
                    wrong("a block stands in a schema or in another block, never in an attribute");
                }
                if attribute.mode != Mode::Optional || attribute.default.is_some() || attribute.write_only {
                    wrong("a block is what the user may write, in plan and state too");
                }
                check_attributes(sort, &at, inner, inside, found);
            }
        }
    }
}

fn has_dynamic(ty: &Type) -> bool {
    match ty {
        Type::Dynamic => true,
        Type::Bool | Type::Number | Type::String => false,
        Type::List(of) | Type::Set(of) | Type::Map(of) => has_dynamic(of),
        Type::Tuple(parts) => parts.iter().any(has_dynamic),
        Type::Object(parts) => parts.values().any(has_dynamic),
    }
}

fn check_texts(at: &str, name: &str, description: &str, found: &mut Vec<String>) {
    let allowed = |b: u8| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_');
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) || !name.bytes().all(allowed) {
        found.push(format!("{at}: a name has a-z, 0-9 and _ only"));
    }
    if !description.ends_with('.') {
        found.push(format!("{at}: the description is no sentence that ends in a full stop"));
    }
}

/// The types without an example, and the examples without a type.
fn example_faults(schemas: &Schemas, root: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let sorts = [
        (Sort::Provider, vec![""]),
        (Sort::Resource, schemas.resources.keys().copied().collect()),
        (Sort::DataSource, schemas.data_sources.keys().copied().collect()),
        (Sort::Ephemeral, schemas.ephemeral_resources.keys().copied().collect()),
        (Sort::List, schemas.list_resources.keys().copied().collect()),
        (Sort::Action, schemas.actions.keys().copied().collect()),
        (Sort::Function, schemas.functions.keys().copied().collect()),
    ];
    for (sort, names) in sorts {
        for name in &names {
            let example = examples::folder(sort, name).join(examples::usage(sort));
            if !root.join(&example).is_file() {
                found.push(format!("{}: missing", example.display()));
            }
        }
        let parent = examples::folder(sort, "");
        let there = root.join(&parent).read_dir().into_iter().flatten().flatten();
        let there = there.filter(|_| sort != Sort::Provider).map(|entry| entry.file_name());
        for name in there.filter(|name| !name.to_str().is_some_and(|name| names.contains(&name))) {
            found.push(format!("{}: of a type that is gone", parent.join(name).display()));
        }
    }
    found
}

model! {
    /// Inner.
    struct Inner {
        /// Never stored.
        secret_wo: String = optional().write_only(),
    }
}

model! {
    /// With a block where none can be.
    struct Holder {
        /// A block.
        misplaced: Inner = block(),
    }
}

model! {
    /// Outer.
    struct Outer {
        /// Good.
        good: String = optional().or(Raw::string("a")).check(Validator::one_of(&["a", "b"])),
        /// Not a sentence
        unfinished: String = optional(),
        /// Renamed in the test.
        loud: String = optional(),
        /// Kept by Terraform.
        count: i64 = optional(),
        /// Conflicts with nobody.
        alone: String = optional().conflicts_with(&["nobody"]),
        /// A default that breaks the rule.
        default: String = optional().or(Raw::string("c")).check(Validator::one_of(&["a", "b"])),
        /// Checked, but by whom.
        checked: String = computed().check(Validator::one_of(&["a", "b"])),
        /// A secret in a set.
        parts: Set<Inner> = required(),
        /// A secret in a list.
        list: List<Inner> = optional(),
        /// A block.
        block: Inner = block(),
        /// A block in an object.
        object: Holder = optional(),
    }
}

#[test]
fn a_schema_that_breaks_the_rules_is_found_out() {
    let schema = |attributes| Schema { version: 0, description: "A thing.", attributes };
    let mut attributes = Outer::attributes();
    attributes.iter_mut().filter(|a| a.name == "loud").for_each(|a| a.name = "Loud");
    let bad = Schemas {
        provider: schema(Vec::new()),
        resources: [("cloudflare_thing", schema(attributes))].into(),
        identities: [].into(),
        data_sources: [].into(),
        ephemeral_resources: [].into(),
        list_resources: [].into(),
        actions: [].into(),
        functions: [].into(),
    };
    let found = faults(&bad);
    let at: Vec<_> = found.iter().filter_map(|fault| fault.split(": ").next()).collect();
    let expected =
        ["count", "unfinished", "Loud", "alone", "default", "checked", "parts.secret_wo", "object.misplaced"]
            .map(|name| format!("cloudflare_thing.{name}"));
    assert_eq!(at, expected, "{found:#?}");

    let empty = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(empty.path().join("examples/functions/gone")).unwrap();
    let expected = [
        "examples/provider/provider.tf: missing",
        "examples/resources/cloudflare_thing/resource.tf: missing",
        "examples/functions/gone: of a type that is gone",
    ];
    assert_eq!(example_faults(&bad, empty.path()), expected);
}
