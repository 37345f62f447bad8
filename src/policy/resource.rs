//! What a policy applies to.

use std::collections::BTreeMap;

/// The value of a resource key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Resource {
    /// A string, in practice `*`.
    Flat(String),
    /// An object of strings: resources within that resource.
    Nested(BTreeMap<String, String>),
}

impl Resource {
    /// The value of nearly every key.
    pub fn every() -> Self {
        Self::Flat("*".to_owned())
    }
}
