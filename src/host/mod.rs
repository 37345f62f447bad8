//! Locks and records that the processes of one user on one host share: a file for each thing that they write.
//!
//! Cloudflare's API has no lock and no conditional write. A Terraform run is several processes, one after the other and at
//! times side by side, and what one of them has learnt (how new its last write is, which object claims what) the next one
//! must know. This module knows files and nothing else: neither tokens nor Cloudflare nor Terraform.

mod claims;
mod directory;
mod files;

pub use claims::Claims;
pub use files::{HostFiles, HostLock, LockError};
