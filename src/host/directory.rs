//! The directory of the files: the first of some candidates that this user can write and nobody else can use.

use std::fs::{DirBuilder, Metadata};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use rustix::fs::Access;

/// Why no candidate can be used: the one to correct, and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unusable {
    pub(super) path: PathBuf,
    pub(super) reason: String,
}

/// Makes or finds the directory. A candidate that cannot be made or written is passed over. One that other users can use is
/// refused: another user could put a link in the place of a file, or hold the locks.
pub(super) fn choose(candidates: &[PathBuf]) -> Result<PathBuf, Unusable> {
    let mut first = None;
    for path in candidates {
        match usable(path) {
            Ok(()) => return Ok(path.clone()),
            Err(Fault::Unsafe(reason)) => {
                return Err(Unusable { path: path.clone(), reason: reason.to_owned() });
            }
            Err(Fault::Unwritable(error)) => {
                tracing::debug!(path = %path.display(), %error, "the directory for lock files cannot be used");
                first.get_or_insert(Unusable { path: path.clone(), reason: error.to_string() });
            }
        }
    }
    let none = || Unusable { path: PathBuf::new(), reason: "no directory is named".to_owned() };
    Err(first.unwrap_or_else(none))
}

enum Fault {
    Unwritable(io::Error),
    Unsafe(&'static str),
}

fn usable(path: &Path) -> Result<(), Fault> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
    let found = made.and_then(|()| std::fs::symlink_metadata(path)).map_err(Fault::Unwritable)?;
    if let Some(fault) = fault(&found, rustix::process::geteuid().as_raw()) {
        return Err(Fault::Unsafe(fault));
    }
    let access = Access::WRITE_OK | Access::EXEC_OK;
    rustix::fs::access(path, access).map_err(|error| Fault::Unwritable(error.into()))
}

/// What is unsafe about a directory, seen from the user of this id.
fn fault(found: &Metadata, user: u32) -> Option<&'static str> {
    match found {
        _ if !found.is_dir() => Some("it must be a directory, and no link"),
        _ if found.uid() != user => Some("it belongs to another user"),
        _ if found.mode() & 0o077 != 0 => Some("other users can use it: its mode must be 0700"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_candidate_that_cannot_be_made_is_passed_over() {
        let home = tempfile::tempdir().unwrap();
        let (file, good) = (home.path().join("file"), home.path().join("good"));
        std::fs::write(&file, "").unwrap();
        let below = file.join(".cache/locks");
        assert_eq!(choose(&[below.clone(), good.clone()]), Ok(good.clone()));
        assert_eq!(std::fs::metadata(&good).unwrap().mode() & 0o777, 0o700);
        assert_eq!(choose(std::slice::from_ref(&below)).unwrap_err().path, below);
    }

    #[test]
    fn a_directory_of_another_user_is_refused() {
        let home = tempfile::tempdir().unwrap();
        let dir = choose(&[home.path().join("locks")]).unwrap();
        let found = std::fs::symlink_metadata(dir).unwrap();
        assert_eq!(fault(&found, found.uid()), None);
        assert_eq!(fault(&found, found.uid() + 1), Some("it belongs to another user"));
    }

    #[test]
    fn a_directory_that_others_can_write_is_refused_and_not_passed_over() {
        let (open, good) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        std::fs::set_permissions(open.path(), PermissionsExt::from_mode(0o777)).unwrap();
        let refused = choose(&[open.path().to_owned(), good.path().to_owned()]).unwrap_err();
        assert!(refused.reason.contains("must be 0700"), "{}", refused.reason);
    }

    #[test]
    fn a_link_in_the_place_of_the_directory_is_refused() {
        let home = tempfile::tempdir().unwrap();
        let dir = choose(&[home.path().join("locks")]).unwrap();
        let link = home.path().join("link");
        std::os::unix::fs::symlink(dir, &link).unwrap();
        assert!(choose(&[link]).unwrap_err().reason.contains("no link"));
    }
}
