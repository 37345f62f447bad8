//! Values by their Rust types, as the fields of models have them.

use std::collections::BTreeMap;

/// A field of a model: unset, not known before apply, or known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Value<T> {
    /// Unset.
    #[default]
    Null,
    /// Not known before apply.
    Unknown,
    /// Known.
    Known(T),
}

impl<T> Value<T> {
    /// The value, where it is known.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Null | Self::Unknown => None,
        }
    }

    /// True where it is unset.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// True where it is not known before apply.
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown)
    }

    /// The same state around another value.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Value<U> {
        match self {
            Self::Null => Value::Null,
            Self::Unknown => Value::Unknown,
            Self::Known(value) => Value::Known(f(value)),
        }
    }
}

impl Value<String> {
    /// The text, where it is known.
    pub fn as_str(&self) -> Option<&str> {
        self.known().map(String::as_str)
    }
}

impl<T> From<Option<T>> for Value<T> {
    fn from(option: Option<T>) -> Self {
        option.map_or(Self::Null, Value::Known)
    }
}

impl<T> From<T> for Value<T> {
    fn from(value: T) -> Self {
        Self::Known(value)
    }
}

/// An element of a list, set or map: known, or not known before apply. It is never null: validation refuses a null element,
/// and decoding one is a mismatch, so that no element can vanish.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Element<T> {
    /// Not known before apply.
    Unknown,
    /// Known.
    Known(T),
}

impl<T> Element<T> {
    /// The element, where it is known.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(element) => Some(element),
            Self::Unknown => None,
        }
    }

    /// True where it is not known before apply.
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown)
    }
}

impl<T> From<T> for Element<T> {
    fn from(element: T) -> Self {
        Self::Known(element)
    }
}

macro_rules! collection {
    ($(#[doc = $doc:literal])* $name:ident: $of:ty) => {
        $(#[doc = $doc])*
        #[derive(Clone, Debug)]
        pub struct $name<T>(pub $of);

        impl<T> Default for $name<T> {
            fn default() -> $name<T> {
                $name(Default::default())
            }
        }
    };
}

collection! {
    /// A list.
    List: Vec<Element<T>>
}
collection! {
    /// A set. A model keeps the elements in the order of their raw values.
    Set: Vec<Element<T>>
}
collection! {
    /// A map. Its keys are never unknown.
    Map: BTreeMap<String, Element<T>>
}

impl<T: PartialEq> PartialEq for List<T> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<T: PartialEq> PartialEq for Map<T> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<T> List<T> {
    /// All elements; `None` while one of them is unknown.
    pub fn all_known(&self) -> Option<Vec<&T>> {
        self.0.iter().map(Element::known).collect()
    }
}

impl<T> Set<T> {
    /// All elements; `None` while one of them is unknown.
    pub fn all_known(&self) -> Option<Vec<&T>> {
        self.0.iter().map(Element::known).collect()
    }

    /// The elements that are known so far: at plan there may be more.
    pub fn known_so_far(&self) -> impl Iterator<Item = &T> {
        self.0.iter().filter_map(Element::known)
    }
}

impl<T> Map<T> {
    /// All elements with their keys; `None` while one of them is unknown.
    pub fn all_known(&self) -> Option<Vec<(&str, &T)>> {
        self.0.iter().map(|(key, element)| Some((key.as_str(), element.known()?))).collect()
    }

    /// The elements that are known so far, with their keys: at plan there may be more.
    pub fn known_so_far(&self) -> impl Iterator<Item = (&str, &T)> {
        self.0.iter().filter_map(|(key, element)| Some((key.as_str(), element.known()?)))
    }
}

impl<T> FromIterator<T> for List<T> {
    fn from_iter<I: IntoIterator<Item = T>>(elements: I) -> Self {
        Self(elements.into_iter().map(Element::Known).collect())
    }
}

impl<T> FromIterator<T> for Set<T> {
    fn from_iter<I: IntoIterator<Item = T>>(elements: I) -> Self {
        Self(elements.into_iter().map(Element::Known).collect())
    }
}

impl<T> FromIterator<(String, T)> for Map<T> {
    fn from_iter<I: IntoIterator<Item = (String, T)>>(elements: I) -> Self {
        Self(elements.into_iter().map(|(key, element)| (key, Element::Known(element))).collect())
    }
}
