//! Chooses the directory of the files: the first candidate that this user can write to and that is safe from other
//! users.

use std::io;
use std::path::{Path, PathBuf};

use super::system;

/// The reason why no candidate can be used: the path to correct, and the fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unusable {
    pub(super) path: PathBuf,
    pub(super) reason: String,
}

/// Finds or makes the directory. A candidate that cannot be made or written to is skipped. A candidate that other users
/// can use is refused: another user could replace a file by a link, or lock the files.
pub(super) fn choose(candidates: &[PathBuf]) -> Result<PathBuf, Unusable> {
    first_usable(candidates, usable)
}

fn first_usable(
    candidates: &[PathBuf],
    usable: impl Fn(&Path) -> Result<(), Fault>,
) -> Result<PathBuf, Unusable> {
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

/// The candidates that exist and that no other user can write to, up to the first one that another user can use: what is in
/// that one, or instead of the ones after it, may come from another user.
pub(super) fn safe(candidates: &[PathBuf]) -> impl Iterator<Item = &Path> {
    judged_safe(candidates, system::unsafe_directory)
}

fn judged_safe(
    candidates: &[PathBuf],
    judge: impl Fn(&Path) -> io::Result<Option<&'static str>>,
) -> impl Iterator<Item = &Path> {
    candidates
        .iter()
        .map(move |path| (path.as_path(), judge(path)))
        .take_while(|(_, judged)| !matches!(judged, Ok(Some(_))))
        .filter_map(|(path, judged)| judged.is_ok().then_some(path))
}

enum Fault {
    Unwritable(io::Error),
    Unsafe(&'static str),
}

fn usable(path: &Path) -> Result<(), Fault> {
    let made = system::make_directory(path);
    match made.and_then(|()| system::unsafe_directory(path)).map_err(Fault::Unwritable)? {
        Some(fault) => Err(Fault::Unsafe(fault)),
        None => system::check_writable(path).map_err(Fault::Unwritable),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_candidate_that_cannot_be_made_is_passed_over() {
        let home = tempfile::tempdir().unwrap();
        let (file, good) = (home.path().join("file"), home.path().join("good"));
        std::fs::write(&file, "").unwrap();
        let below = file.join(".cache/locks");
        assert_eq!(choose(&[below.clone(), good.clone()]), Ok(good));
        assert_eq!(choose(std::slice::from_ref(&below)).unwrap_err().path, below);
    }

    #[test]
    fn nothing_is_read_from_an_unsafe_candidate_or_from_those_after_it() {
        let candidates = ["absent", "good", "open", "other"].map(PathBuf::from);
        let judge = |path: &Path| match path.to_str() {
            Some("absent") => Err(io::ErrorKind::NotFound.into()),
            Some("open") => Ok(Some("others can write to it")),
            _ => Ok(None),
        };
        assert_eq!(judged_safe(&candidates, judge).collect::<Vec<_>>(), [Path::new("good")]);
    }

    #[test]
    fn an_unsafe_candidate_is_refused_and_not_passed_over() {
        let candidates = ["closed", "open", "good"].map(PathBuf::from);
        let usable = |path: &Path| match path.to_str() {
            Some("closed") => Err(Fault::Unwritable(io::Error::other("read-only"))),
            Some("open") => Err(Fault::Unsafe("others can write to it")),
            _ => Ok(()),
        };
        let refused = first_usable(&candidates, usable).unwrap_err();
        assert_eq!((refused.path.to_str(), &*refused.reason), (Some("open"), "others can write to it"));
    }
}
