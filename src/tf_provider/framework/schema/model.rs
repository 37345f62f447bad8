//! Models: structs that are declared together with their schema.

use super::attr::{Attr, Mismatch};
use super::attribute::{Attribute, Kind, Mode, Nesting};
use crate::tf_provider::framework::value::Raw;

/// A struct whose fields are a schema's attributes. Made by [`model!`](crate::model).
pub trait Model: Clone + Send + Sync + Sized + 'static {
    /// The struct's doc comment: what the object is for, in Markdown.
    const DESCRIPTION: &'static str;

    /// The attributes, in the order of their declaration.
    fn attributes() -> Vec<Attribute>;

    /// Reads an object. An absent attribute reads as null.
    fn from_object(raw: &Raw) -> Result<Self, Mismatch>;

    /// Writes the object.
    fn to_object(&self) -> Raw;

    /// The object with every attribute null.
    fn null() -> Self;
}

/// Declares a model. Each field has its doc comment (the attribute's description), its type and its properties.
///
/// Attributes that several models share are a separate model, and come first:
///
/// ```
/// use cloudflare_tokens::model;
/// use cloudflare_tokens::tf_provider::framework::{Model, computed, required};
///
/// model! {
///     /// Where a thing is.
///     pub struct Place {
///         /// The shelf.
///         shelf: String = required().requires_replace(),
///     }
/// }
/// model! {
///     /// A thing.
///     pub struct Thing {
///         ..place: Place,
///         /// What it is called.
///         name: String = required().requires_replace(),
///         /// The id that the API gave it.
///         id: String = computed().keep_prior(),
///     }
/// }
/// assert_eq!(Thing::attributes()[0].description, "The shelf.");
/// let mut thing = Thing::null();
/// thing.place.shelf = "top".to_owned().into();
/// assert_eq!(thing.to_object().get("shelf").as_str(), Some("top"));
/// ```
#[macro_export]
macro_rules! model {
    (
        $(#[doc = $about:literal])*
        $vis:vis struct $name:ident {
            $(..$group:ident: $of:ty,)*
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
                #[doc = concat!("The attributes that are shared as `", stringify!($of), "`.")]
                pub $group: $of,
            )*
            $(
                $(#[doc = $doc])*
                pub $field: $crate::tf_provider::framework::Value<$ty>,
            )*
        }

        impl $crate::tf_provider::framework::Model for $name {
            const DESCRIPTION: &'static str = concat!($($about, "\n"),*).trim_ascii();

            fn attributes() -> Vec<$crate::tf_provider::framework::Attribute> {
                #[allow(unused_imports, reason = "a model may have shared attributes only")]
                use $crate::tf_provider::framework::Attr;
                let groups: &[Vec<$crate::tf_provider::framework::Attribute>] =
                    &[$(<$of as $crate::tf_provider::framework::Model>::attributes()),*];
                let own: &[$crate::tf_provider::framework::Attribute] = &[$(
                    $spec.build(
                        $crate::tf_provider::framework::attribute_name(stringify!($field)),
                        concat!($($doc, "\n"),*).trim_ascii(),
                        <$ty as Attr>::kind(),
                        <$ty as Attr>::SENSITIVE,
                    )
                ),*];
                groups.iter().flatten().chain(own).cloned().collect()
            }

            fn from_object(
                raw: &$crate::tf_provider::framework::Raw,
            ) -> Result<Self, $crate::tf_provider::framework::Mismatch> {
                #[allow(unused_imports, reason = "a model may have shared attributes only")]
                use $crate::tf_provider::framework::{Mismatch, Value};
                if raw.as_map().is_none() {
                    return Err(Mismatch::expected("object"));
                }
                Ok($name {
                    $($group: <$of as $crate::tf_provider::framework::Model>::from_object(raw)?,)*
                    $(
                        $field: {
                            let name = $crate::tf_provider::framework::attribute_name(stringify!($field));
                            Value::from_raw(raw.get(name)).map_err(|e| e.inside(name))?
                        },
                    )*
                })
            }

            fn to_object(&self) -> $crate::tf_provider::framework::Raw {
                use $crate::tf_provider::framework::Raw;
                let groups: &[Raw] = &[$($crate::tf_provider::framework::Model::to_object(&self.$group)),*];
                let own: &[(&str, Raw)] = &[$(
                    ($crate::tf_provider::framework::attribute_name(stringify!($field)), self.$field.to_raw())
                ),*];
                let groups = groups.iter().filter_map(Raw::as_map).flatten().map(|(name, raw)| (name.clone(), raw.clone()));
                let own = own.iter().map(|(name, raw)| ((*name).to_owned(), raw.clone()));
                Raw::Map(groups.chain(own).collect())
            }

            fn null() -> Self {
                $name {
                    $($group: <$of as $crate::tf_provider::framework::Model>::null(),)*
                    $($field: $crate::tf_provider::framework::Value::Null),*
                }
            }
        }

        impl PartialEq for $name {
            /// Equal if Terraform sees the same values: a set has no order.
            fn eq(&self, other: &Self) -> bool {

                $crate::tf_provider::framework::Model::to_object(self)
                    == $crate::tf_provider::framework::Model::to_object(other)
            }
        }

        $(
            impl AsRef<$of> for $name {
                fn as_ref(&self) -> &$of {
                    &self.$group
                }
            }

            impl AsMut<$of> for $name {
                fn as_mut(&mut self) -> &mut $of {
                    &mut self.$group
                }
            }
        )*

        impl $crate::tf_provider::framework::Attr for $name {
            fn kind() -> $crate::tf_provider::framework::Kind {
                use $crate::tf_provider::framework::{Kind, Nesting};
                Kind::Nested(Nesting::Single, <$name as $crate::tf_provider::framework::Model>::attributes())
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

/// The path of an attribute that a model declares: a field that the model does not have is a compile error.
///
/// ```compile_fail
/// use cloudflare_tokens::{model, path, tf_provider::framework::optional};
/// model! {
///     /// A thing.
///     pub struct Thing {
///         /// Its name.
///         name: String = optional(),
///     }
/// }
/// path!(Thing.nmae);
/// ```
#[macro_export]
macro_rules! path {
    ($model:ident . $field:ident) => {{
        const _: fn(&$model) = |model| {
            let _ = &model.$field;
        };
        $crate::tf_provider::framework::Path::of($crate::tf_provider::framework::attribute_name(stringify!(
            $field
        )))
    }};
}

/// The HCL name of a field: `r#in` is `in`.
pub fn attribute_name(field: &'static str) -> &'static str {
    field.strip_prefix("r#").unwrap_or(field)
}

/// A model whose attributes are all computed, as in a data source that shows a resource's configuration: the same names,
/// types and descriptions, without checks.
#[derive(Clone, Debug, PartialEq)]
pub struct View<M>(pub M);

impl<M: Model> Model for View<M> {
    const DESCRIPTION: &'static str = M::DESCRIPTION;

    fn attributes() -> Vec<Attribute> {
        M::attributes().into_iter().map(shown).collect()
    }

    fn from_object(raw: &Raw) -> Result<Self, Mismatch> {
        M::from_object(raw).map(View)
    }

    fn to_object(&self) -> Raw {
        self.0.to_object()
    }

    fn null() -> Self {
        Self(M::null())
    }
}

impl<M: Model> Attr for View<M> {
    fn kind() -> Kind {
        Kind::Nested(Nesting::Single, Self::attributes())
    }

    fn from_raw(raw: &Raw) -> Result<Self, Mismatch> {
        Self::from_object(raw)
    }

    fn to_raw(&self) -> Raw {
        self.to_object()
    }
}

/// The attribute as the provider shows it.
fn shown(attribute: Attribute) -> Attribute {
    let kind = match attribute.kind {
        Kind::Nested(nesting, inner) => Kind::Nested(nesting, inner.into_iter().map(shown).collect()),
        Kind::Block(inner) => Kind::Nested(Nesting::Single, inner.into_iter().map(shown).collect()),
        leaf @ Kind::Leaf(_) => leaf,
    };
    Attribute {
        kind,
        mode: Mode::Computed,
        write_only: false,
        default: None,
        requires_replace: false,
        equality: None,
        validators: Vec::new(),
        conflicts_with: &[],
        ..attribute
    }
}
