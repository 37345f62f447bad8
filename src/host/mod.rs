//! Locks and records that the processes of one user on one host share, with one file for each thing that they write.
//!
//! Cloudflare's API has no lock and no conditional write. A Terraform run has several processes, one after the other
//! and sometimes at the same time. A process must know what earlier ones have learnt: the time of the last write, and
//! which object claims which thing. This module only knows files. It does not know tokens, Cloudflare or Terraform.

use std::path::{Path, PathBuf};

mod claims;
mod directory;
mod files;
mod system;

pub use claims::Claims;
pub use files::{HostFiles, HostLock, LockError};

/// The candidates for the directory of this name, the best one first. They come from environment variables and the
/// temporary directory. A relative path is no candidate: every process must find the same directory.
pub fn directories(name: &str, variable: impl Fn(&str) -> Option<String>, temporary: &Path) -> Vec<PathBuf> {
    let mut all = system::candidates(name, variable, temporary);
    all.retain(|directory| directory.is_absolute());
    all
}
