//! What tools and Terraform configurations need, as data: permission groups by kind of target. Pure. It knows neither
//! Terraform's values nor the API.
//!
//! [`named`] has the capabilities of `data/capabilities.json`, such as *external-dns*. [`terraform`] has the resource types
//! of `data/terraform_resource_groups.json`. Both return [`Grant`]s: the permission groups for each [`Kind`] of target. The
//! caller gives only the kinds of its targets, so the answer is known before the targets are. The functions, their pages
//! and the tests all use these data files.

pub mod named;
mod nearest;
mod problem;
mod target;
pub mod terraform;
#[cfg(test)]
mod tests;

pub use problem::{Argument, Problem};
pub use target::{Given, Grant, Kind};
