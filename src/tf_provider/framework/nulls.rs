//! Nulls where no null may be: elements of lists, sets and maps, and required attributes. Terraform lets both through, and
//! a provider that skipped them would do less than the configuration says, or more.

use super::diagnostics::{Diagnostic, Diagnostics};
use super::path::Path;
use super::raw::Raw;
use super::schema::{Attribute, Kind, Mode, Nesting};
use super::types::Type;

/// Finds every null element, at any depth, and every required attribute of a nested object that is null. Unknown values
/// pass: they are checked again once they are known.
pub(super) fn nulls(attributes: &[Attribute], config: &Raw) -> Diagnostics {
    let mut found = Diagnostics::none();
    object(attributes, config, &Path::root(), &mut found);
    found
}

/// Finds every null element, at any depth, of a value of a type. `at` is the value's place.
pub(super) fn null_elements(ty: &Type, value: &Raw, at: &Path) -> Diagnostics {
    let mut found = Diagnostics::none();
    leaf(ty, value, at, &mut found);
    found
}

/// A stored value without its null elements. Versions of the provider that took them applied them as if they were not
/// there, so this is what a state of theirs means.
pub(super) fn without_null_elements(ty: &Type, value: Raw) -> Raw {
    let each = |of: &Type, elements: Vec<Raw>| {
        let elements = elements.into_iter().filter(|element| !element.is_null());
        elements.map(|element| without_null_elements(of, element)).collect::<Vec<_>>()
    };
    match (ty, value) {
        (Type::List(of), Raw::List(elements)) => Raw::List(each(of, elements)),
        (Type::Set(of), Raw::Set(elements)) => Raw::set(each(of, elements)),
        (Type::Map(of), Raw::Map(elements)) => {
            let elements = elements.into_iter().filter(|(_, element)| !element.is_null());
            Raw::Map(elements.map(|(key, element)| (key, without_null_elements(of, element))).collect())
        }
        (Type::Object(types), Raw::Map(attributes)) => {
            let inner = |(name, value): (String, Raw)| {
                let value = match types.get(&name) {
                    Some(ty) => without_null_elements(ty, value),
                    None => value,
                };
                (name, value)
            };
            Raw::Map(attributes.into_iter().map(inner).collect())
        }
        (_, other) => other,
    }
}

/// A required attribute that is null.
pub(super) fn missing(at: &Path, name: &str) -> Diagnostic {
    let path = at.attribute(name);
    let summary = format!("Missing `{path}`");
    let detail = if at.0.is_empty() {
        format!("`{name}` is required, and it is null. Set it.")
    } else {
        format!("`{name}` is required, and it is null. Set it, or leave out the whole `{at}`.")
    };
    Diagnostic::error(summary, detail).at(path)
}

fn object(attributes: &[Attribute], value: &Raw, at: &Path, found: &mut Diagnostics) {
    if value.as_map().is_none() {
        return;
    }
    for attribute in attributes {
        let inner = value.get(attribute.name);
        if inner.is_null() {
            if attribute.mode == Mode::Required && !at.0.is_empty() {
                found.push(missing(at, attribute.name));
            }
            continue;
        }
        let path = at.attribute(attribute.name);
        match &attribute.kind {
            Kind::Leaf(ty) => leaf(ty, inner, &path, found),
            Kind::Nested(Nesting::Single, attributes) => object(attributes, inner, &path, found),
            Kind::Nested(Nesting::List | Nesting::Set | Nesting::Map, attributes) => {
                elements(inner, &path, found, |element, at, found| object(attributes, element, at, found));
            }
        }
    }
}

fn leaf(ty: &Type, value: &Raw, at: &Path, found: &mut Diagnostics) {
    match (ty, value) {
        (Type::List(of) | Type::Set(of) | Type::Map(of), _) => {
            elements(value, at, found, |element, at, found| leaf(of, element, at, found));
        }
        (Type::Tuple(types), Raw::List(_)) => {
            let mut types = types.iter();
            elements(value, at, found, |element, at, found| {
                if let Some(ty) = types.next() {
                    leaf(ty, element, at, found);
                }
            });
        }
        (Type::Object(types), Raw::Map(_)) => {
            types.iter().for_each(|(name, ty)| leaf(ty, value.get(name), &at.attribute(name), found));
        }
        (Type::Dynamic, Raw::Dynamic(typed)) => leaf(&typed.0, &typed.1, at, found),
        _ => {}
    }
}

/// Finds the null elements of a collection, and calls `inside` for each of the others.
fn elements(
    collection: &Raw,
    at: &Path,
    found: &mut Diagnostics,
    mut inside: impl FnMut(&Raw, &Path, &mut Diagnostics),
) {
    match collection {
        Raw::List(elements) => {
            for (i, element) in elements.iter().enumerate() {
                let path = at.index(i);
                if element.is_null() {
                    found.push(null_element(format!("`{path}`"), at, &path, LIST));
                }
                inside(element, &path, found);
            }
        }
        Raw::Map(elements) => {
            for (key, element) in elements {
                let path = at.key(key);
                if element.is_null() {
                    found.push(null_element(format!("`{path}`"), at, &path, MAP));
                }
                inside(element, &path, found);
            }
        }
        Raw::Set(elements) => {
            // The protocol cannot point at an element of a set: the message names what is inside, the path ends at the set.
            let mut within = Diagnostics::none();
            if elements.iter().any(Raw::is_null) {
                within.push(null_element(format!("An element of `{at}`"), at, at, LIST));
            }
            elements.iter().for_each(|element| inside(element, at, &mut within));
            found.extend(Diagnostics(within.0.into_iter().map(|d| d.at(at.clone())).collect()));
        }
        _ => {}
    }
}

const LIST: &str = "`concat([a], var.b == null ? [] : [var.b])`, or `[for e in [a, var.b] : e if e != null]`";
const MAP: &str = "`{ for key, e in { a = var.a } : key => e if e != null }`";

fn null_element(subject: String, collection: &Path, at: &Path, without: &str) -> Diagnostic {
    let detail = format!(
        "{subject} is null. A null element is refused: to skip it would leave out something that the configuration has. \
         Where an element is to be left out, build the value without it, for example with {without}."
    );
    Diagnostic::error(format!("Null element in `{collection}`"), detail).at(at.clone())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::model;
    use crate::tf_provider::framework::{List, Map, Model, Set, optional, required};

    model! {
        /// Inner.
        struct Inner {
            /// A name.
            name: String = required(),
            /// Labels.
            labels: Set<String> = optional(),
        }
    }

    model! {
        /// Outer.
        struct Outer {
            /// One.
            one: Inner = optional(),
            /// A list.
            list: List<String> = optional(),
            /// A set.
            set: Set<String> = optional(),
            /// A map.
            map: Map<String> = optional(),
            /// Lists in a map.
            deep: Map<List<String>> = optional(),
            /// Objects in a list.
            objects: List<Inner> = optional(),
            /// Objects in a set.
            some: Set<Inner> = optional(),
            /// Objects in a map.
            keyed: Map<Inner> = optional(),
            /// Required.
            needed: String = required(),
        }
    }

    fn run(name: &str, value: Raw) -> Vec<(String, String)> {
        let config = Raw::Map(BTreeMap::from([(name.to_owned(), value)]));
        let found = nulls(&Outer::attributes(), &config);
        found.0.into_iter().map(|d| (d.path.unwrap().to_string(), d.summary)).collect()
    }

    fn text() -> Raw {
        Raw::string("x")
    }

    fn map(key: &str, value: Raw) -> Raw {
        Raw::Map(BTreeMap::from([(key.to_owned(), value)]))
    }

    fn inner(name: Raw, labels: Raw) -> Raw {
        Raw::Map(BTreeMap::from([("name".to_owned(), name), ("labels".to_owned(), labels)]))
    }

    #[test]
    fn a_null_element_is_found_in_each_kind_of_collection_and_at_each_depth() {
        let labels = || inner(text(), Raw::set([Raw::Null, text()]));
        for (name, value, path, summary) in [
            ("list", Raw::List(vec![text(), Raw::Null]), "list[1]", "Null element in `list`"),
            ("set", Raw::set([Raw::Null, text()]), "set", "Null element in `set`"),
            ("map", map("a", Raw::Null), "map[\"a\"]", "Null element in `map`"),
            ("deep", map("a", Raw::Null), "deep[\"a\"]", "Null element in `deep`"),
            ("deep", map("a", Raw::List(vec![Raw::Null])), "deep[\"a\"][0]", "Null element in `deep[\"a\"]`"),
            ("objects", Raw::List(vec![Raw::Null]), "objects[0]", "Null element in `objects`"),
            ("some", Raw::set([Raw::Null]), "some", "Null element in `some`"),
            ("keyed", map("a", Raw::Null), "keyed[\"a\"]", "Null element in `keyed`"),
            ("one", labels(), "one.labels", "Null element in `one.labels`"),
            (
                "objects",
                Raw::List(vec![labels()]),
                "objects[0].labels",
                "Null element in `objects[0].labels`",
            ),
            ("some", Raw::set([labels()]), "some", "Null element in `some.labels`"),
            ("keyed", map("a", labels()), "keyed[\"a\"].labels", "Null element in `keyed[\"a\"].labels`"),
        ] {
            assert_eq!(run(name, value), [(path.to_owned(), summary.to_owned())]);
        }
    }

    #[test]
    fn a_required_attribute_that_is_null_is_found_in_every_nested_object() {
        let object = || inner(Raw::Null, Raw::Null);
        for (name, value, path, summary) in [
            ("one", object(), "one.name", "Missing `one.name`"),
            ("objects", Raw::List(vec![object()]), "objects[0].name", "Missing `objects[0].name`"),
            ("some", Raw::set([object()]), "some", "Missing `some.name`"),
            ("keyed", map("a", object()), "keyed[\"a\"].name", "Missing `keyed[\"a\"].name`"),
        ] {
            assert_eq!(run(name, value), [(path.to_owned(), summary.to_owned())]);
        }
    }

    #[test]
    fn what_is_known_whole_or_not_known_yet_passes() {
        for (name, value) in [
            ("list", Raw::List(vec![text(), Raw::Unknown])),
            ("set", Raw::Unknown),
            ("map", map("a", Raw::Unknown)),
            ("some", Raw::set([Raw::Unknown, inner(Raw::Unknown, Raw::Null)])),
            ("one", inner(text(), Raw::set([text(), Raw::Unknown]))),
            ("list", Raw::Null),
        ] {
            assert_eq!(run(name, value), []);
        }
    }

    #[test]
    fn the_message_names_the_element_and_the_way_to_leave_it_out() {
        let details = |name, value| {
            let found = nulls(&Outer::attributes(), &map(name, value));
            found.0.into_iter().map(|d| d.detail).collect::<Vec<_>>().concat()
        };
        let set = details("set", Raw::set([Raw::Null]));
        assert!(set.starts_with("An element of `set` is null.") && set.contains("concat("), "{set}");
        let keyed = details("keyed", map("a", Raw::Null));
        assert!(keyed.starts_with("`keyed[\"a\"]` is null.") && keyed.contains("if e != null }"), "{keyed}");
    }

    #[test]
    fn a_stored_value_is_read_without_its_null_elements() {
        let ty = super::super::schema::object(&Outer::attributes());
        let stored = Raw::Map(BTreeMap::from([
            ("deep".to_owned(), map("a", Raw::List(vec![Raw::Null, text()]))),
            ("some".to_owned(), Raw::set([Raw::Null, inner(text(), Raw::set([Raw::Null]))])),
            ("keyed".to_owned(), map("a", Raw::Null)),
            ("needed".to_owned(), Raw::Null),
        ]));
        let meant = Raw::Map(BTreeMap::from([
            ("deep".to_owned(), map("a", Raw::List(vec![text()]))),
            ("some".to_owned(), Raw::set([inner(text(), Raw::set([]))])),
            ("keyed".to_owned(), Raw::Map(BTreeMap::new())),
            ("needed".to_owned(), Raw::Null),
        ]));
        assert_eq!(without_null_elements(&ty, stored), meant);
    }

    #[test]
    fn the_type_of_a_dynamic_value_tells_a_map_from_an_object() {
        let run = |ty: Type, value: Raw| {
            null_elements(&Type::Dynamic, &Raw::Dynamic(Box::new((ty, value))), &Path::of("targets")).0.len()
        };
        let object = Type::Object(BTreeMap::from([("a".to_owned(), Type::Tuple(vec![Type::String]))]));
        assert_eq!(run(object.clone(), map("a", Raw::Null)), 0);
        assert_eq!(run(object, map("a", Raw::List(vec![Raw::Null]))), 1);
        assert_eq!(run(Type::map(Type::String), map("a", Raw::Null)), 1);
    }
}
