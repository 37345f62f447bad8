//! Finds gaps in a configuration: null elements of lists, sets and maps, required attributes that are null, and objects in
//! which nothing is set. Terraform accepts all of them, and inside an object it drops unknown names. A provider that
//! ignored them would do less or more than the configuration says.

use super::attribute::{Attribute, Kind, Mode, Nesting};
use crate::tf_provider::framework::diagnostics::{Diagnostic, Diagnostics};
use crate::tf_provider::framework::path::Path;
use crate::tf_provider::framework::value::{Raw, Type};

/// Finds every null element, at any depth, and in nested objects every required attribute that is null, and every object
/// in which nothing is set. Unknown values pass: they are checked again once they are known.
pub(crate) fn nulls(attributes: &[Attribute], config: &Raw) -> Diagnostics {
    let mut found = Diagnostics::none();
    inside(attributes, config, &Path::root(), None, &mut found);
    found
}

/// Finds every null element, at any depth, of a value of a type. `at` is the value's place.
pub(crate) fn null_elements(ty: &Type, value: &Raw, at: &Path) -> Diagnostics {
    let mut found = Diagnostics::none();
    leaf(ty, value, at, &mut found);
    found
}

/// A stored value without its null elements. Older versions of the provider ignored null elements, so this is what their
/// states mean.
pub(crate) fn without_null_elements(ty: &Type, value: Raw) -> Raw {
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

/// A required attribute of the whole configuration that is null.
pub(super) fn missing(name: &str) -> Diagnostic {
    let detail = format!("`{name}` is required, and it is null. Set it.");
    Diagnostic::error(format!("Missing `{name}`"), detail).at(Path::of(name))
}

/// A nested object or block, as messages name it.
struct Nested<'a> {
    /// The nearest part of the configuration, around it or itself, that may be left out.
    dispensable: &'a str,
    /// Whether it is a block. Only in blocks, Terraform refuses unknown names.
    block: bool,
}

/// Checks an object: the whole configuration, or a nested one.
fn inside(
    attributes: &[Attribute],
    value: &Raw,
    at: &Path,
    nested: Option<&Nested<'_>>,
    found: &mut Diagnostics,
) {
    if value.as_map().is_none() {
        return;
    }
    if let Some(nested) = nested {
        let missing = attributes.iter().filter(|a| a.mode == Mode::Required && value.get(a.name).is_null());
        let missing: Vec<_> = missing.map(|a| missing_inside(at, a.name, nested)).collect();
        let says_nothing = missing.is_empty() && attributes.iter().all(|a| value.get(a.name).is_null());
        found.extend(Diagnostics(missing));
        if says_nothing {
            found.push(empty(attributes, at, nested));
        }
    }
    for attribute in attributes {
        let value = value.get(attribute.name);
        let at = at.attribute(attribute.name);
        let own = format!("`{at}`");
        let outer = nested.map(|n| n.dispensable).filter(|_| attribute.mode == Mode::Required);
        let dispensable = outer.unwrap_or(&own);
        match &attribute.kind {
            _ if value.is_null() => {}
            Kind::Leaf(ty) => leaf(ty, value, &at, found),
            Kind::Block(attributes) => {
                inside(attributes, value, &at, Some(&Nested { dispensable, block: true }), found);
            }
            Kind::Nested(Nesting::Single, attributes) => {
                inside(attributes, value, &at, Some(&Nested { dispensable, block: false }), found);
            }
            Kind::Nested(Nesting::List | Nesting::Set | Nesting::Map, attributes) => {
                elements(value, &at, found, |element, at, found| {
                    let dispensable = "the element";
                    inside(attributes, element, at, Some(&Nested { dispensable, block: false }), found);
                });
            }
        }
    }
}

fn missing_inside(at: &Path, name: &str, nested: &Nested<'_>) -> Diagnostic {
    let path = at.attribute(name);
    let detail =
        format!("`{name}` is required, and it is null. Set it, or leave out {}.", nested.dispensable);
    Diagnostic::error(format!("Missing `{path}`"), detail).at(path)
}

/// An object in which nothing is set.
fn empty(attributes: &[Attribute], at: &Path, nested: &Nested<'_>) -> Diagnostic {
    let names = attributes.iter().filter(|a| a.mode != Mode::Computed).map(|a| format!("`{}`", a.name));
    let names = names.collect::<Vec<_>>().join(" or ");
    let mut detail = format!(
        "Nothing in `{at}` is set, so it would have no effect. Set {names}, or leave out {}.",
        nested.dispensable
    );
    if !nested.block {
        detail += " A misspelt argument looks the same: inside an object, Terraform drops a name that it does not know \
                   without an error.";
    }
    Diagnostic::error(format!("Empty `{at}`"), detail).at(at.clone())
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
            // The protocol cannot point at an element of a set. So the message names what is inside, the path ends at the
            // set.
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
    use crate::tf_provider::framework::{List, Map, Model, Set, block, optional, required};

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

    model! {
        /// Nothing in it is required.
        struct Optionals {
            /// A.
            a: String = optional(),
            /// B.
            b: String = optional(),
        }
    }

    model! {
        /// Requires an object in which nothing is required.
        struct Must {
            /// Required.
            must: Optionals = required(),
        }
    }

    model! {
        /// Objects in which nothing is required.
        struct Hollow {
            /// An object.
            object: Optionals = optional(),
            /// A block.
            block: Optionals = block(),
            /// Elements.
            keyed: Map<Optionals> = optional(),
            /// Deeper.
            deep: Must = optional(),
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
    fn an_empty_object_is_found_in_attributes_blocks_and_elements() {
        let nothing = || Raw::Map(BTreeMap::from([("a".to_owned(), Raw::Null), ("b".to_owned(), Raw::Null)]));
        let details = |name: &str, value: Raw| {
            let found = nulls(&Hollow::attributes(), &map(name, value)).0;
            let [only] = found.as_slice() else { panic!("{found:?}") };
            assert_eq!(only.summary, format!("Empty `{}`", only.path.as_ref().unwrap()));
            only.detail.clone()
        };
        let object = details("object", nothing());
        assert!(object.contains("Set `a` or `b`, or leave out `object`."), "{object}");
        assert!(object.contains("misspelt"), "{object}");
        let block = details("block", nothing());
        assert!(block.ends_with("leave out `block`."), "{block}");
        let keyed = details("keyed", map("k", nothing()));
        assert!(keyed.contains("or leave out the element."), "{keyed}");
        let deep = details("deep", map("must", nothing()));
        assert!(
            deep.starts_with("Nothing in `deep.must` is set") && deep.contains("leave out `deep`."),
            "{deep}"
        );
    }

    #[test]
    fn an_object_with_something_in_it_even_if_that_is_unknown_is_none_to_refuse() {
        for value in [Raw::Unknown, text()] {
            let config = map("object", map("a", value));
            assert_eq!(nulls(&Hollow::attributes(), &config), Diagnostics::none());
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
        let ty = super::super::object(&Outer::attributes());
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
