//! Generates the configuration of an existing object, as a pure function of its declarations and its state.
//!
//! Attributes that can be left out are null, because Terraform prints everything else. Core prints `null` for an optional
//! attribute, and leaves out one that is null and computed.

use super::schema::{Attribute, Kind, Mode, Nesting};
use super::value::Raw;

/// The configuration of an object in this state, without computed values, defaults and possible secrets.
pub(super) fn generate(attributes: &[Attribute], state: &Raw) -> Raw {
    if state.as_map().is_none() {
        return Raw::Null;
    }
    let one =
        |attribute: &Attribute| (attribute.name.to_owned(), value(attribute, state.get(attribute.name)));
    Raw::Map(attributes.iter().map(one).collect())
}

fn value(attribute: &Attribute, state: &Raw) -> Raw {
    let unsaid = attribute.mode == Mode::Computed
        || attribute.write_only
        || attribute.sensitive
        || attribute.default.as_ref() == Some(state);
    if unsaid {
        return Raw::Null;
    }
    match (&attribute.kind, state) {
        (Kind::Nested(Nesting::Single, inner) | Kind::Block(inner), _) => generate(inner, state),
        (Kind::Nested(Nesting::List, inner), Raw::List(elements)) => {
            Raw::List(elements.iter().map(|element| generate(inner, element)).collect())
        }
        (Kind::Nested(Nesting::Set, inner), Raw::Set(elements)) => {
            Raw::set(elements.iter().map(|element| generate(inner, element)))
        }
        (Kind::Nested(Nesting::Map, inner), Raw::Map(elements)) => {
            let elements = elements.iter().map(|(key, element)| (key.clone(), generate(inner, element)));
            Raw::Map(elements.collect())
        }
        _ => state.clone(),
    }
}

#[cfg(test)]
mod tests {
    use secrecy::SecretString;

    use super::*;
    use crate::model;
    use crate::tf_provider::framework::{Map, Model, Set, computed, optional, required};

    model! {
        /// A part.
        struct Part {
            /// What.
            what: String = required(),
            /// How.
            how: String = optional().or(Raw::string("well")),
        }
    }

    model! {
        /// An object with an attribute of each kind.
        struct Thing {
            /// The id.
            id: String = computed(),
            /// The name.
            name: String = required(),
            /// Where.
            home: String = optional().or_computed(),
            /// Whether it is kept.
            kept: bool = optional().or(Raw::Bool(true)),
            /// A secret.
            secret: SecretString = optional(),
            /// A secret that is not kept.
            secret_wo: String = optional().write_only(),
            /// In no order.
            parts: Set<Part> = optional(),
            /// By key.
            by_key: Map<Part> = optional(),
            /// One.
            single: Part = optional(),
        }
    }

    #[test]
    fn a_configuration_has_what_somebody_wrote_and_no_default_or_secret() {
        let part = |how: &str| Part { what: "a".to_owned().into(), how: how.to_owned().into() };
        let plain = Part { how: crate::tf_provider::framework::Value::Null, ..part("") };
        let mut thing = Thing::null();
        thing.id = "1".to_owned().into();
        thing.name = "n".to_owned().into();
        thing.home = "h".to_owned().into();
        thing.kept = true.into();
        thing.secret = SecretString::from("s").into();
        thing.parts = Set::from_iter([part("well"), part("badly")]).into();
        thing.by_key = Map::from_iter([("k".to_owned(), part("well"))]).into();
        thing.single = part("well").into();
        let generated = Thing::from_object(&generate(&Thing::attributes(), &thing.to_object())).unwrap();
        let mut expected = Thing::null();
        expected.name = thing.name.clone();
        expected.home = thing.home.clone();
        expected.parts = Set::from_iter([plain.clone(), part("badly")]).into();
        expected.by_key = Map::from_iter([("k".to_owned(), plain.clone())]).into();
        expected.single = plain.into();
        assert!(generated == expected, "{:?}", generated.to_object());
    }
}
