//! Models: structs that are declared together with their schema.

use super::attr::Mismatch;
use super::attribute::Attribute;
use crate::tf_provider::framework::value::Raw;

/// A struct whose fields are a schema's attributes. Made by [`model!`](crate::model).
pub trait Model: Clone + Send + Sync + Sized + 'static {
    /// The struct's doc comment: what the object is for, in Markdown.
    const DESCRIPTION: &'static str;

    /// The attributes, in the order of their declaration.
    fn attributes() -> Vec<Attribute>;

    /// Reads an object; an attribute that is absent reads as null.
    fn from_object(raw: &Raw) -> Result<Self, Mismatch>;

    /// Writes the object.
    fn to_object(&self) -> Raw;

    /// The object with every attribute null.
    fn null() -> Self;
}

/// Declares a model: per field its doc comment (the attribute's description), its type and its properties.
///
/// ```
/// use cloudflare_tokens::model;
/// use cloudflare_tokens::tf_provider::framework::{Model, computed, required};
///
/// model! {
///     /// A thing.
///     pub struct Thing {
///         /// What it is called.
///         name: String = required().requires_replace(),
///         /// The id that the API gave it.
///         id: String = computed().keep_prior(),
///     }
/// }
/// assert_eq!(Thing::attributes()[0].description, "What it is called.");
/// ```
#[macro_export]
macro_rules! model {
    (
        $(#[doc = $about:literal])*
        $vis:vis struct $name:ident {
            $(
                $(#[doc = $doc:literal])*
                $field:ident: $ty:ty = $spec:expr
            ),* $(,)?
        }
    ) => {
        $(#[doc = $about])*
        #[derive(Clone, Debug)]
        $vis struct $name {
            $(
                $(#[doc = $doc])*
                pub $field: $crate::tf_provider::framework::Value<$ty>,
            )*
        }

        impl $crate::tf_provider::framework::Model for $name {
            const DESCRIPTION: &'static str = concat!($($about, "\n"),*).trim_ascii();

            fn attributes() -> Vec<$crate::tf_provider::framework::Attribute> {
                use $crate::tf_provider::framework::Attr;
                vec![$(
                    $spec.build(
                        $crate::tf_provider::framework::attribute_name(stringify!($field)),
                        concat!($($doc, "\n"),*).trim_ascii(),
                        <$ty as Attr>::kind(),
                        <$ty as Attr>::SENSITIVE,
                    )
                ),*]
            }

            fn from_object(
                raw: &$crate::tf_provider::framework::Raw,
            ) -> Result<Self, $crate::tf_provider::framework::Mismatch> {
                use $crate::tf_provider::framework::{Mismatch, Value};
                if raw.as_map().is_none() {
                    return Err(Mismatch::expected("object"));
                }
                Ok($name {$(
                    $field: {
                        let name = $crate::tf_provider::framework::attribute_name(stringify!($field));
                        Value::from_raw(raw.get(name)).map_err(|e| e.inside(name))?
                    },
                )*})
            }

            fn to_object(&self) -> $crate::tf_provider::framework::Raw {
                $crate::tf_provider::framework::Raw::Map(std::collections::BTreeMap::from([$(
                    ($crate::tf_provider::framework::attribute_name(stringify!($field)).to_owned(), self.$field.to_raw())
                ),*]))
            }

            fn null() -> Self {
                $name { $($field: $crate::tf_provider::framework::Value::Null),* }
            }
        }

        impl $crate::tf_provider::framework::Attr for $name {
            fn kind() -> $crate::tf_provider::framework::Kind {
                use $crate::tf_provider::framework::{Kind, Model, Nesting};
                Kind::Nested(Nesting::Single, <$name as Model>::attributes())
            }

            fn from_raw(
                raw: &$crate::tf_provider::framework::Raw,
            ) -> Result<Self, $crate::tf_provider::framework::Mismatch> {
                <$name as $crate::tf_provider::framework::Model>::from_object(raw)
            }

            fn to_raw(&self) -> $crate::tf_provider::framework::Raw {
                $crate::tf_provider::framework::Model::to_object(self)
            }
        }
    };
}

/// The HCL name of a field: `r#in` is `in`.
pub fn attribute_name(field: &'static str) -> &'static str {
    field.strip_prefix("r#").unwrap_or(field)
}
