//! Values as Terraform sends them, before a schema gives them a Rust type.

use std::collections::BTreeMap;

use serde_json::Value as Json;
use zeroize::Zeroizing;

use super::types::Type;

/// A value of any [`Type`], null or unknown.
///
/// Any string may be a secret: strings are zeroed on drop, and `Debug` shows the shape without the content.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Raw {
    /// Unset.
    Null,
    /// Not known before apply.
    Unknown,
    /// A bool.
    Bool(bool),
    /// A number, exact.
    Number(Number),
    /// A string.
    String(Text),
    /// A list or a tuple.
    List(Vec<Self>),
    /// A set: sorted, so that equal sets compare equal. Unknown elements may repeat.
    Set(Vec<Self>),
    /// A map or an object.
    Map(BTreeMap<String, Self>),
    /// A value of a dynamic attribute with the type that it came with.
    Dynamic(Box<(Type, Self)>),
}

/// A string that may be a secret: zeroed on drop, and without `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Text(Zeroizing<String>);

impl std::ops::Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl Ord for Text {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.as_str().cmp(&other.0)
    }
}

impl PartialOrd for Text {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Raw {
    /// A string value.
    pub fn string(text: impl Into<String>) -> Self {
        Self::String(Text(Zeroizing::new(text.into())))
    }

    /// A set value; order and repeats do not matter.
    pub fn set(elements: impl IntoIterator<Item = Self>) -> Self {
        let mut elements: Vec<Self> = elements.into_iter().collect();
        elements.sort();
        elements.dedup_by(|a, b| a == b && a.is_wholly_known());
        Self::Set(elements)
    }

    /// Whether it is null.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Whether the value itself is unknown.
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown)
    }

    /// Whether nothing in the value is unknown.
    pub fn is_wholly_known(&self) -> bool {
        match self {
            Self::Unknown => false,
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::String(_) => true,
            Self::List(elements) | Self::Set(elements) => elements.iter().all(Self::is_wholly_known),
            Self::Map(elements) => elements.values().all(Self::is_wholly_known),
            Self::Dynamic(typed) => typed.1.is_wholly_known(),
        }
    }

    /// The text of a known string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// The elements of a known map or object.
    pub fn as_map(&self) -> Option<&BTreeMap<String, Self>> {
        match self {
            Self::Map(elements) => Some(elements),
            _ => None,
        }
    }

    /// An attribute of an object. Null if there is no such object or attribute.
    pub fn get(&self, name: &str) -> &Self {
        self.as_map().and_then(|attributes| attributes.get(name)).unwrap_or(&Self::Null)
    }

    /// Reads a value of the given type from Terraform's state JSON.
    ///
    /// Attributes that the type lacks are dropped and absent ones are null, as core does on loading a state.
    /// `Err` names the path and the kind of what does not fit, never the content.
    pub fn from_json(json: &Json, ty: &Type) -> Result<Self, String> {
        let wrong = || Err(format!("a value of type {ty} was expected, the state holds {}", kind(json)));
        match (ty, json) {
            (_, Json::Null) => Ok(Self::Null),
            (Type::Bool, Json::Bool(b)) => Ok(Self::Bool(*b)),
            (Type::Number, Json::Number(n)) => Ok(Self::Number(Number::from_text(&n.to_string()))),
            (Type::String, Json::String(s)) => Ok(Self::string(s.as_str())),
            (Type::List(t), Json::Array(elements)) => {
                elements.iter().map(|e| Self::from_json(e, t)).collect::<Result<_, _>>().map(Raw::List)
            }
            (Type::Set(t), Json::Array(elements)) => {
                Ok(Self::set(elements.iter().map(|e| Self::from_json(e, t)).collect::<Result<Vec<_>, _>>()?))
            }
            (Type::Tuple(ts), Json::Array(elements)) if ts.len() == elements.len() => {
                let elements = elements.iter().zip(ts).map(|(e, t)| Self::from_json(e, t));
                elements.collect::<Result<_, _>>().map(Raw::List)
            }
            (Type::Map(t), Json::Object(elements)) => {
                let elements = elements.iter().map(|(k, e)| Ok((k.clone(), at(k, Self::from_json(e, t))?)));
                elements.collect::<Result<_, String>>().map(Raw::Map)
            }
            (Type::Object(ts), Json::Object(attributes)) => {
                let attribute = |(name, t): (&String, &Type)| {
                    let json = attributes.get(name).unwrap_or(&Json::Null);
                    Ok((name.clone(), at(name, Self::from_json(json, t))?))
                };
                ts.iter().map(attribute).collect::<Result<_, String>>().map(Raw::Map)
            }
            (Type::Dynamic, Json::Object(typed)) => match typed.get("type").and_then(Type::from_json) {
                Some(t) => {
                    let value = Self::from_json(typed.get("value").unwrap_or(&Json::Null), &t)?;
                    Ok(Self::Dynamic(Box::new((t, value))))
                }
                None => wrong(),
            },
            _ => wrong(),
        }
    }
}

fn at(step: &str, result: Result<Raw, String>) -> Result<Raw, String> {
    result.map_err(|e| format!("{step}: {e}"))
}

fn kind(json: &Json) -> &'static str {
    match json {
        Json::Null => "null",
        Json::Bool(_) => "a bool",
        Json::Number(_) => "a number",
        Json::String(_) => "a string",
        Json::Array(_) => "an array",
        Json::Object(_) => "an object",
    }
}

impl std::fmt::Debug for Raw {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Unknown => f.write_str("unknown"),
            Self::Bool(b) => write!(f, "{b}"),
            Self::Number(_) => f.write_str("number"),
            Self::String(_) => f.write_str("string"),
            Self::List(elements) => f.debug_list().entries(elements).finish(),
            Self::Set(elements) => f.debug_set().entries(elements).finish(),
            Self::Map(elements) => f.debug_map().entries(elements).finish(),
            Self::Dynamic(typed) => write!(f, "dynamic({:?})", typed.1),
        }
    }
}

/// A number as its shortest decimal text, as Terraform compares: no integer ever passes through a float.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Number(String);

impl Number {
    /// From decimal text, as Terraform writes numbers that fit no machine type.
    pub fn from_text(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// From a float that Terraform sent because it is exact.
    pub fn from_f64(float: f64) -> Self {
        Self(float.to_string())
    }

    /// The decimal text.
    pub fn as_text(&self) -> &str {
        &self.0
    }

    /// The integer, if it is one and fits.
    pub fn as_i64(&self) -> Option<i64> {
        self.0.parse().ok()
    }
}

impl From<i64> for Number {
    fn from(integer: i64) -> Self {
        Self(integer.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_content() {
        let raw = Raw::Map(BTreeMap::from([("value".to_owned(), Raw::string("cfat_secret"))]));
        assert_eq!(format!("{raw:?}"), r#"{"value": string}"#);
    }

    #[test]
    fn sets_compare_without_order_but_keep_each_unknown() {
        let (a, b) = (Raw::string("a"), Raw::string("b"));
        assert_eq!(Raw::set([a.clone(), b.clone(), a.clone()]), Raw::set([b, a]));
        assert_eq!(Raw::set([Raw::Unknown, Raw::Unknown]), Raw::Set(vec![Raw::Unknown, Raw::Unknown]));
    }

    #[test]
    fn numbers_keep_every_digit() {
        let big = Number::from_text("9223372036854775808");
        assert_eq!(big.as_i64(), None);
        assert_eq!(big.as_text(), "9223372036854775808");
        assert_eq!(Number::from_f64(0.1).as_text(), "0.1");
    }

    #[test]
    fn state_json_is_read_by_type_and_errors_do_not_echo_it() {
        let ty = Type::Object(BTreeMap::from([
            ("a".to_owned(), Type::String),
            ("b".to_owned(), Type::set(Type::Number)),
        ]));
        let raw = Raw::from_json(&serde_json::json!({"b": [2, 1], "gone": true}), &ty).unwrap();
        assert_eq!(raw.get("a"), &Raw::Null);
        assert_eq!(raw.get("b"), &Raw::set([Raw::Number(1.into()), Raw::Number(2.into())]));
        let error = Raw::from_json(&serde_json::json!({"a": {"cfat": 1}}), &ty).unwrap_err();
        assert_eq!(error, "a: a value of type string was expected, the state holds an object");
    }
}
