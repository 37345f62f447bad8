//! The Rust types for Terraform's types: what they hold, and conversions from and to raw values.

use secrecy::{ExposeSecret, SecretString};

use super::attribute::{Kind, Nesting};
use crate::tf_provider::framework::{Element, List, Map, Number, Raw, Set, Type, Value};

/// A value whose Terraform type differs from the schema's. Core converts values before it sends them, so this is a bug on
/// one of the two sides. It never contains the value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// Attribute names from the root to the value.
    pub at: Vec<String>,
    /// The type that the schema declares.
    pub expected: String,
}

impl Mismatch {
    /// A mismatch at the value itself.
    pub fn expected(expected: impl Into<String>) -> Self {
        Self { at: Vec::new(), expected: expected.into() }
    }

    /// The same, seen from the object that has the value as an attribute.
    #[must_use]
    pub fn inside(mut self, attribute: &str) -> Self {
        self.at.insert(0, attribute.to_owned());
        self
    }
}

impl std::fmt::Display for Mismatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: a value of type {} was expected", self.at.join("."), self.expected)
    }
}

/// A Rust type that stands for a Terraform type.
pub trait Attr: Sized {
    /// Whether values of this type are secrets. Their attributes are then sensitive automatically.
    const SENSITIVE: bool = false;

    /// The Terraform type, or the nested attributes.
    fn kind() -> Kind;

    /// Reads a known value.
    fn from_raw(raw: &Raw) -> Result<Self, Mismatch>;

    /// Writes a known value.
    fn to_raw(&self) -> Raw;
}

impl<T: Attr> PartialEq for Set<T> {
    /// Equal if Terraform sees the same set: a set has no order.
    fn eq(&self, other: &Self) -> bool {
        self.to_raw() == other.to_raw()
    }
}

impl<T: Attr> Value<T> {
    /// Reads a value that may be null or unknown.
    pub fn from_raw(raw: &Raw) -> Result<Self, Mismatch> {
        match raw {
            Raw::Null => Ok(Self::Null),
            Raw::Unknown => Ok(Self::Unknown),
            known => T::from_raw(known).map(Value::Known),
        }
    }

    /// Writes the value.
    pub fn to_raw(&self) -> Raw {
        match self {
            Self::Null => Raw::Null,
            Self::Unknown => Raw::Unknown,
            Self::Known(value) => value.to_raw(),
        }
    }
}

impl<T: Attr> Element<T> {
    /// Reads an element that may be unknown.
    fn from_raw(raw: &Raw) -> Result<Self, Mismatch> {
        match raw {
            Raw::Null => Err(Mismatch::expected("element that is not null")),
            Raw::Unknown => Ok(Self::Unknown),
            known => T::from_raw(known).map(Element::Known),
        }
    }

    /// Writes the element.
    pub fn to_raw(&self) -> Raw {
        match self {
            Self::Unknown => Raw::Unknown,
            Self::Known(element) => element.to_raw(),
        }
    }
}

impl Attr for bool {
    fn kind() -> Kind {
        Kind::Leaf(Type::Bool)
    }

    fn from_raw(raw: &Raw) -> Result<Self, Mismatch> {
        match raw {
            Raw::Bool(b) => Ok(*b),
            _ => Err(Mismatch::expected("bool")),
        }
    }

    fn to_raw(&self) -> Raw {
        Raw::Bool(*self)
    }
}

impl Attr for i64 {
    fn kind() -> Kind {
        Kind::Leaf(Type::Number)
    }

    fn from_raw(raw: &Raw) -> Result<Self, Mismatch> {
        match raw {
            Raw::Number(number) => {
                number.as_i64().ok_or_else(|| Mismatch::expected("whole number of 64 bits"))
            }
            _ => Err(Mismatch::expected("number")),
        }
    }

    fn to_raw(&self) -> Raw {
        Raw::Number(Number::from(*self))
    }
}

impl Attr for String {
    fn kind() -> Kind {
        Kind::Leaf(Type::String)
    }

    fn from_raw(raw: &Raw) -> Result<Self, Mismatch> {
        raw.as_str().map(str::to_owned).ok_or_else(|| Mismatch::expected("string"))
    }

    fn to_raw(&self) -> Raw {
        Raw::string(self.as_str())
    }
}

impl Attr for SecretString {
    const SENSITIVE: bool = true;

    fn kind() -> Kind {
        Kind::Leaf(Type::String)
    }

    fn from_raw(raw: &Raw) -> Result<Self, Mismatch> {
        raw.as_str().map(Self::from).ok_or_else(|| Mismatch::expected("string"))
    }

    fn to_raw(&self) -> Raw {
        Raw::string(self.expose_secret())
    }
}

impl<T: Attr> Attr for List<T> {
    const SENSITIVE: bool = T::SENSITIVE;

    fn kind() -> Kind {
        collection(T::kind(), Nesting::List, Type::list)
    }

    fn from_raw(raw: &Raw) -> Result<Self, Mismatch> {
        match raw {
            Raw::List(elements) => elements.iter().map(Element::from_raw).collect::<Result<_, _>>().map(List),
            _ => Err(Mismatch::expected("list")),
        }
    }

    fn to_raw(&self) -> Raw {
        Raw::List(self.0.iter().map(Element::to_raw).collect())
    }
}

impl<T: Attr> Attr for Set<T> {
    const SENSITIVE: bool = T::SENSITIVE;

    fn kind() -> Kind {
        collection(T::kind(), Nesting::Set, Type::set)
    }

    fn from_raw(raw: &Raw) -> Result<Self, Mismatch> {
        match raw {
            Raw::Set(elements) => elements.iter().map(Element::from_raw).collect::<Result<_, _>>().map(Set),
            _ => Err(Mismatch::expected("set")),
        }
    }

    fn to_raw(&self) -> Raw {
        Raw::set(self.0.iter().map(Element::to_raw))
    }
}

impl<T: Attr> Attr for Map<T> {
    const SENSITIVE: bool = T::SENSITIVE;

    fn kind() -> Kind {
        collection(T::kind(), Nesting::Map, Type::map)
    }

    fn from_raw(raw: &Raw) -> Result<Self, Mismatch> {
        let elements = raw.as_map().ok_or_else(|| Mismatch::expected("map"))?;
        let elements = elements.iter().map(|(key, value)| Ok((key.clone(), Element::from_raw(value)?)));
        elements.collect::<Result<_, _>>().map(Map)
    }

    fn to_raw(&self) -> Raw {
        Raw::Map(self.0.iter().map(|(key, value)| (key.clone(), value.to_raw())).collect())
    }
}

/// The kind of a collection, from the kind of its elements.
fn collection(element: Kind, nesting: Nesting, of: fn(Type) -> Type) -> Kind {
    match element {
        Kind::Leaf(element) => Kind::Leaf(of(element)),
        Kind::Nested(_, attributes) | Kind::Block(attributes) => Kind::Nested(nesting, attributes),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn text(text: &str) -> Raw {
        Raw::string(text)
    }

    #[test]
    fn a_null_element_is_a_mismatch_in_each_kind_of_collection() {
        let map = |element| Raw::Map(BTreeMap::from([("a".to_owned(), element)]));
        assert!(List::<String>::from_raw(&Raw::List(vec![text("x"), Raw::Null])).is_err());
        assert!(Set::<String>::from_raw(&Raw::set([text("x"), Raw::Null])).is_err());
        assert!(Map::<String>::from_raw(&map(Raw::Null)).is_err());
        assert!(Map::<Set<String>>::from_raw(&map(Raw::set([Raw::Null]))).is_err());
        assert!(Map::<Set<String>>::from_raw(&map(Raw::set([Raw::Unknown]))).is_ok());
    }

    #[test]
    fn an_unknown_element_hides_how_many_there_are() {
        let list = List::<String>::from_raw(&Raw::List(vec![text("x"), Raw::Unknown])).unwrap();
        let set = Set::<String>::from_raw(&Raw::set([text("x"), Raw::Unknown])).unwrap();
        let map = BTreeMap::from([("a".to_owned(), text("x")), ("b".to_owned(), Raw::Unknown)]);
        let map = Map::<String>::from_raw(&Raw::Map(map)).unwrap();
        assert_eq!((list.all_known(), set.all_known(), map.all_known()), (None, None, None));
        assert_eq!(set.known_so_far().collect::<Vec<_>>(), ["x"]);
        assert_eq!(
            map.known_so_far().map(|(key, text)| (key, text.as_str())).collect::<Vec<_>>(),
            [("a", "x")]
        );
        let whole = Set::from_iter(["x".to_owned()]);
        assert_eq!(whole.all_known().map(|all| all.len()), Some(1));
    }
}
