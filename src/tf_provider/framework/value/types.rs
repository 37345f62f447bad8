//! Terraform's type system: what a value may be, apart from null and unknown.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

/// A type constraint, as HCL and the schema know it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Type {
    /// `bool`
    Bool,
    /// `number`, of any size and precision
    Number,
    /// `string`
    String,
    /// `any`: the type travels with the value
    Dynamic,
    /// `list(T)`
    List(Box<Self>),
    /// `set(T)`
    Set(Box<Self>),
    /// `map(T)`
    Map(Box<Self>),
    /// `tuple([…])`
    Tuple(Vec<Self>),
    /// `object({…})`; every attribute is always present, null where unset
    Object(BTreeMap<String, Self>),
}

impl Type {
    /// `list(element)`.
    pub fn list(element: Self) -> Self {
        Self::List(Box::new(element))
    }

    /// `set(element)`.
    pub fn set(element: Self) -> Self {
        Self::Set(Box::new(element))
    }

    /// `map(element)`.
    pub fn map(element: Self) -> Self {
        Self::Map(Box::new(element))
    }

    /// The type constraint in Terraform's JSON notation: `"string"`, `["list","string"]`, `["object",{"a":"string"}]`.
    pub fn to_json(&self) -> Json {
        match self {
            Self::Bool => json!("bool"),
            Self::Number => json!("number"),
            Self::String => json!("string"),
            Self::Dynamic => json!("dynamic"),
            Self::List(t) => json!(["list", t.to_json()]),
            Self::Set(t) => json!(["set", t.to_json()]),
            Self::Map(t) => json!(["map", t.to_json()]),
            Self::Tuple(ts) => json!(["tuple", ts.iter().map(Self::to_json).collect::<Vec<_>>()]),
            Self::Object(attributes) => {
                let attributes: serde_json::Map<String, Json> =
                    attributes.iter().map(|(name, t)| (name.clone(), t.to_json())).collect();
                json!(["object", attributes])
            }
        }
    }

    /// Reads Terraform's JSON notation. `None` if it is malformed.
    pub fn from_json(json: &Json) -> Option<Self> {
        if let Some(name) = json.as_str() {
            return match name {
                "bool" => Some(Self::Bool),
                "number" => Some(Self::Number),
                "string" => Some(Self::String),
                "dynamic" => Some(Self::Dynamic),
                _ => None,
            };
        }
        let [kind, of] = json.as_array()?.get(..2)? else { return None };
        match kind.as_str()? {
            "list" => Self::from_json(of).map(Self::list),
            "set" => Self::from_json(of).map(Self::set),
            "map" => Self::from_json(of).map(Self::map),
            "tuple" => of.as_array()?.iter().map(Self::from_json).collect::<Option<_>>().map(Type::Tuple),
            "object" => of
                .as_object()?
                .iter()
                .map(|(name, t)| Some((name.clone(), Self::from_json(t)?)))
                .collect::<Option<_>>()
                .map(Type::Object),
            _ => None,
        }
    }
}

impl std::fmt::Display for Type {
    /// As HCL writes it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Bool => f.write_str("bool"),
            Self::Number => f.write_str("number"),
            Self::String => f.write_str("string"),
            Self::Dynamic => f.write_str("any"),
            Self::List(t) => write!(f, "list({t})"),
            Self::Set(t) => write!(f, "set({t})"),
            Self::Map(t) => write!(f, "map({t})"),
            Self::Tuple(ts) => {
                let parts: Vec<_> = ts.iter().map(Self::to_string).collect();
                write!(f, "tuple([{}])", parts.join(", "))
            }
            Self::Object(attributes) => {
                let parts: Vec<_> = attributes.iter().map(|(n, t)| format!("{n} = {t}")).collect();
                write!(f, "object({{{}}})", parts.join(", "))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_notation_round_trips() {
        let t = Type::map(Type::Object(BTreeMap::from([
            ("a".to_owned(), Type::set(Type::String)),
            ("b".to_owned(), Type::Tuple(vec![Type::Number, Type::Bool, Type::Dynamic])),
        ])));
        assert_eq!(Type::from_json(&t.to_json()), Some(t));
        assert_eq!(Type::from_json(&json!(["list"])), None);
        assert_eq!(Type::from_json(&json!("strnig")), None);
    }
}
