//! The wire's messages: the generated types, and the conversion from and to the framework's types.

pub mod dynamic_value;
pub(in crate::tf_provider::plugin) mod from_proto;
pub mod proto;
pub(in crate::tf_provider::plugin) mod to_proto;
