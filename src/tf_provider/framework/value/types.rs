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
    List(Box<Type>),
    /// `set(T)`
    Set(Box<Type>),
    /// `map(T)`
    Map(Box<Type>),
    /// `tuple([…])`
    Tuple(Vec<Type>),
    /// `object({…})`; every attribute is always present, null where unset
    Object(BTreeMap<String, Type>),
}

impl Type {
    /// `list(element)`.
    pub fn list(element: Type) -> Type {
        Type::List(Box::new(element))
    }

    /// `set(element)`.
    pub fn set(element: Type) -> Type {
        Type::Set(Box::new(element))
    }

    /// `map(element)`.
    pub fn map(element: Type) -> Type {
        Type::Map(Box::new(element))
    }

    /// The type constraint in Terraform's JSON notation: `"string"`, `["list","string"]`, `["object",{"a":"string"}]`.
    pub fn to_json(&self) -> Json {
        match self {
            Type::Bool => json!("bool"),
            Type::Number => json!("number"),
            Type::String => json!("string"),
            Type::Dynamic => json!("dynamic"),
            Type::List(t) => json!(["list", t.to_json()]),
            Type::Set(t) => json!(["set", t.to_json()]),
            Type::Map(t) => json!(["map", t.to_json()]),
            Type::Tuple(ts) => json!(["tuple", ts.iter().map(Type::to_json).collect::<Vec<_>>()]),
            Type::Object(attributes) => {
                let attributes: serde_json::Map<String, Json> =
                    attributes.iter().map(|(name, t)| (name.clone(), t.to_json())).collect();
                json!(["object", attributes])
            }
        }
    }

    /// Reads Terraform's JSON notation. `None` if it is malformed.
    pub fn from_json(json: &Json) -> Option<Type> {
        if let Some(name) = json.as_str() {
            return match name {
                "bool" => Some(Type::Bool),
                "number" => Some(Type::Number),
                "string" => Some(Type::String),
                "dynamic" => Some(Type::Dynamic),
                _ => None,
            };
        }
        let [kind, of] = json.as_array()?.get(..2)? else { return None };
        match kind.as_str()? {
            "list" => Type::from_json(of).map(Type::list),
            "set" => Type::from_json(of).map(Type::set),
            "map" => Type::from_json(of).map(Type::map),
            "tuple" => of.as_array()?.iter().map(Type::from_json).collect::<Option<_>>().map(Type::Tuple),
            "object" => of
                .as_object()?
                .iter()
                .map(|(name, t)| Some((name.clone(), Type::from_json(t)?)))
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
            Type::Bool => f.write_str("bool"),
            Type::Number => f.write_str("number"),
            Type::String => f.write_str("string"),
            Type::Dynamic => f.write_str("any"),
            Type::List(t) => write!(f, "list({t})"),
            Type::Set(t) => write!(f, "set({t})"),
            Type::Map(t) => write!(f, "map({t})"),
            Type::Tuple(ts) => {
                let parts: Vec<_> = ts.iter().map(Type::to_string).collect();
                write!(f, "tuple([{}])", parts.join(", "))
            }
            Type::Object(attributes) => {
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
