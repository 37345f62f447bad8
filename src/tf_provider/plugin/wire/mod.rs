//! The wire's messages: as generated, and from and to the framework's vocabulary.

pub mod convert;
pub mod dynamic_value;
pub mod proto;
