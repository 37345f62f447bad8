//! Locks and records that the processes of one user on one host share: a file for each thing that they write.
//!
//! Cloudflare's API has no lock and no conditional write. A Terraform run has several processes, one after the other and
//! sometimes at the same time. What one process has learnt (how new its last write is, which object claims what) the next
//! one must know. This module knows only files: neither tokens nor Cloudflare nor Terraform.

use std::path::{Path, PathBuf};

mod claims;
mod directory;
mod files;
mod system;

pub use claims::Claims;
pub use files::{HostFiles, HostLock, LockError};

/// The directories that may have the files of this name, the best one first: by the environment's variables and its temporary
/// directory.
pub fn directories(name: &str, variable: impl Fn(&str) -> Option<String>, temporary: &Path) -> Vec<PathBuf> {
    system::candidates(name, variable, temporary)
}
