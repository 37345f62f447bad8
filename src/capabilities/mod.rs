//! What tools and Terraform configurations need, as data: permission groups by what they apply to. Pure, and without any
//! knowledge of Terraform's values or of the API.
//!
//! [`named`] has the capabilities of `data/capabilities.json`, such as *external-dns*. [`terraform`] has the resource types
//! of `data/terraform_resource_groups.json`. Both answer with [`Grant`]s: which groups go on which [`Kind`] of target. The
//! caller says only which kinds it has targets for, so that the answer is known before the targets are. The data files are
//! the one source of the functions, of their pages and of the tests.

pub mod named;
mod nearest;
mod problem;
mod target;
pub mod terraform;
#[cfg(test)]
mod tests;

pub use problem::{Argument, Problem};
pub use target::{Given, Grant, Kind};
