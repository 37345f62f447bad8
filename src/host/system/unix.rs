//! Linux and macOS.

use std::fs::{DirBuilder, File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{Access, OFlags};

/// The candidates for the directory, the best one first. The temporary directory is for systems where the others cannot
/// be written to, such as a container without a home directory.
pub(crate) fn candidates(
    name: &str,
    variable: impl Fn(&str) -> Option<String>,
    temporary: &Path,
) -> Vec<PathBuf> {
    // The specification of XDG_CACHE_HOME says that a relative path must be ignored.
    let cache = variable("XDG_CACHE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let home = variable("HOME").map(|home| PathBuf::from(home).join(".cache"));
    let temporary = temporary.join(format!("{name}-{}", user()));
    cache.into_iter().chain(home).map(|cache| cache.join(name)).chain([temporary]).collect()
}

/// Makes a directory that only this user can use, and its parents. An existing directory stays as it is.
pub(crate) fn make_directory(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// The reason why a directory is unsafe. `None` if it is safe.
pub(crate) fn unsafe_directory(path: &Path) -> io::Result<Option<&'static str>> {
    Ok(fault(&std::fs::symlink_metadata(path)?, user()))
}

/// Checks that this user can make files in a directory.
pub(crate) fn check_writable(path: &Path) -> io::Result<()> {
    Ok(rustix::fs::access(path, Access::WRITE_OK | Access::EXEC_OK)?)
}

/// Opens a file for writing, and makes it if it does not exist. It does not follow a link.
pub(crate) fn open(path: &Path, truncate: bool) -> io::Result<File> {
    let no_link = OFlags::NOFOLLOW.bits().cast_signed();
    let mut options = OpenOptions::new();
    options.create(true).truncate(truncate).write(true).mode(0o600).custom_flags(no_link).open(path)
}

/// Whether the path still leads to this open file.
pub(crate) fn has_name(file: &File, path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok_and(|found| {
        file.metadata().is_ok_and(|own| (own.ino(), own.dev()) == (found.ino(), found.dev()))
    })
}

/// Removes a lock file. The caller still has the lock. A process that waits for it then sees that the file has lost its
/// name, and makes a new one.
pub(crate) fn clear_lock(path: &Path) {
    let _ = std::fs::remove_file(path);
}

/// Leaves an old lock file to [`clear_lock`], which comes right after.
pub(crate) fn clear_old_lock(_: &Path) {}

fn user() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// The reason why a directory is unsafe for the user of this id. `None` if it is safe.
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
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn directory() -> tempfile::TempDir {
        let home = tempfile::tempdir().unwrap();
        make_directory(&home.path().join("above/locks")).unwrap();
        home
    }

    #[test]
    fn a_directory_is_made_for_this_user_alone() {
        let home = directory();
        let made = home.path().join("above/locks");
        assert_eq!(std::fs::metadata(&made).unwrap().mode() & 0o777, 0o700);
        assert_eq!(unsafe_directory(&made).unwrap(), None);
        check_writable(&made).unwrap();
    }

    #[test]
    fn a_directory_of_another_user_is_unsafe() {
        let home = directory();
        let found = std::fs::symlink_metadata(home.path().join("above/locks")).unwrap();
        assert_eq!(fault(&found, found.uid()), None);
        assert_eq!(fault(&found, found.uid() + 1), Some("it belongs to another user"));
    }

    #[test]
    fn a_directory_that_others_can_use_is_unsafe() {
        for mode in [0o777, 0o701, 0o710] {
            let open = tempfile::tempdir().unwrap();
            std::fs::set_permissions(open.path(), PermissionsExt::from_mode(mode)).unwrap();
            assert!(unsafe_directory(open.path()).unwrap().unwrap().contains("must be 0700"), "{mode:o}");
        }
    }

    #[test]
    fn a_link_in_the_place_of_the_directory_is_unsafe() {
        let home = directory();
        let link = home.path().join("link");
        symlink(home.path().join("above/locks"), &link).unwrap();
        assert!(unsafe_directory(&link).unwrap().unwrap().contains("no link"));
    }

    #[test]
    fn a_link_in_the_place_of_a_file_is_not_followed() {
        let home = directory();
        let (elsewhere, link) = (home.path().join("elsewhere"), home.path().join("link"));
        std::fs::write(&elsewhere, "kept").unwrap();
        symlink(&elsewhere, &link).unwrap();
        open(&link, true).unwrap_err();
        assert_eq!(std::fs::read(&elsewhere).unwrap(), b"kept");
    }

    #[test]
    fn a_file_that_was_replaced_has_no_name() {
        let home = directory();
        let path = home.path().join("file");
        let first = open(&path, false).unwrap();
        assert!(has_name(&first, &path));
        clear_lock(&path);
        assert!(!has_name(&first, &path));
        let second = open(&path, false).unwrap();
        assert!(!has_name(&first, &path) && has_name(&second, &path));
    }

    #[tokio::test]
    async fn a_lock_file_goes_with_its_holder_and_the_record_stays() {
        let home = directory();
        let locks = home.path().join("above/locks");
        let files = crate::host::HostFiles::new([locks.clone()]);
        let held = files.lock("a", std::time::Duration::ZERO, || false).await.unwrap();
        held.save(&1);
        assert_eq!(std::fs::read_dir(&locks).unwrap().count(), 2);
        drop(held);
        let left: Vec<_> = std::fs::read_dir(&locks).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert!(matches!(&left[..], [record] if record.extension().unwrap() == "json"), "{left:?}");
    }

    #[test]
    fn the_cache_comes_before_the_home_and_the_temporary_directory_is_the_last() {
        let of = |variables: &'static [(&str, &str)]| {
            let read = |name: &str| {
                variables.iter().find(|(own, _)| *own == name).map(|(_, value)| (*value).to_owned())
            };
            candidates("locks", read, Path::new("/tmp"))
        };
        let temporary = Path::new("/tmp").join(format!("locks-{}", user()));
        assert_eq!(
            of(&[("XDG_CACHE_HOME", "/cache"), ("HOME", "/home/a")]),
            [PathBuf::from("/cache/locks"), "/home/a/.cache/locks".into(), temporary.clone()]
        );
        assert_eq!(of(&[("XDG_CACHE_HOME", "relative")]), [temporary]);
    }
}
