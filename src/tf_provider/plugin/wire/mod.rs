//! The wire's messages: as generated, and from and to the framework's vocabulary.

pub mod dynamic_value;
pub(in crate::tf_provider::plugin) mod from_proto;
pub mod proto;
pub(in crate::tf_provider::plugin) mod to_proto;
