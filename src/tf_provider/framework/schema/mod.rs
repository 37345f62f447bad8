//! Schemas: what configurations, plans and states look like, what is checked of them, and the models that declare them.

mod attr;
mod attribute;
mod model;
mod nulls;
mod text;
mod validate;

pub use attr::{Attr, Mismatch};
pub use attribute::{
    Attribute, Equality, Fault, IdentityAttribute, IdentitySchema, Kind, Mode, Nesting, Parameter, Schema,
    Schemas, Signature, Spec, Validator, block, computed, object, optional, required,
};
pub use model::{Model, View, attribute_name};
pub(crate) use nulls::{null_elements, nulls, without_null_elements};
pub use text::{described, hcl, unwrap};
pub(crate) use validate::validate_again;
pub use validate::{SecretLikeness, SecretTest, validate};
