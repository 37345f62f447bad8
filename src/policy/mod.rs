//! Token policies as a domain of their own, pure: no async and no HTTP.
//!
//! A user writes a [`PolicySpec`]: names of permission groups and what they apply to. With a [`Catalog`] it resolves to
//! a [`Policy`], the canonical form, with sorted ids and flat resources. The policy's [`Fingerprint`] is its identity,
//! because the API's id of a policy changes from one write to the next. [`describe`] is the way back. A fault of a spec is a
//! [`Problem`] that points at a part of it. This module states facts: it knows neither the words of diagnostics nor the
//! syntax of configurations.

mod canonical;
mod catalog;
mod describe;
mod fingerprint;
mod grants;
mod ip;
pub mod keys;
mod meaning;
mod nesting;
mod problem;
mod resolve;
mod resource;
mod scope;
mod spec;
mod suggest;
#[cfg(test)]
mod tests;
mod workers;

pub use canonical::{Effect, GroupId, MalformedPolicy, NotAGroupId, Policy, WirePolicy};
pub use catalog::{Catalog, Names, PermissionGroup};
pub use describe::describe;
pub use fingerprint::{Fingerprint, FingerprintPrefix, NotAFingerprint};
pub use grants::Grants;
pub use ip::{BadIpRange, IpSet, cidr};
pub use keys::BadKey;
pub use problem::{Fault, Part, Problem, Severity};
pub use resolve::{Resolved, ResolvedSet, check, resolve_all};
pub use resource::Resource;
pub use scope::Scope;
pub use spec::{PolicySpec, Selection, Target};
pub use workers::{Workers, still_mean};
