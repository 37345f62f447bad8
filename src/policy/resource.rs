//! What a policy applies to.

use std::collections::BTreeMap;

/// What stands at a resource key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Resource {
    /// A string, in practice `*`.
    Flat(String),
    /// An object of strings: resources within that resource.
    Nested(BTreeMap<String, String>),
}

impl Resource {
    /// What stands at nearly every key.
    pub fn every() -> Self {
        Resource::Flat("*".to_owned())
    }
}
