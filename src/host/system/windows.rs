//! Windows.
//!
//! Lock files are not removed on release, because Windows may keep the name of an open file for a while. They are
//! empty, and the sweep removes old ones.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::windows::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use same_file::Handle;
use windows_permissions::constants::{SeObjectType, SecurityInformation};
use windows_permissions::utilities::current_process_sid;
use windows_permissions::wrappers::{
    ConvertSecurityDescriptorToStringSecurityDescriptor, GetNamedSecurityInfo,
};

use super::rights;

/// `FILE_FLAG_OPEN_REPARSE_POINT`: opens a link itself and not its target.
const NO_LINK: u32 = 0x0020_0000;

/// `FILE_FLAG_DELETE_ON_CLOSE`.
const REMOVE_ON_CLOSE: u32 = 0x0400_0000;

/// The candidates for the directory, the best one first: the local application data, and its usual place. That data
/// does not roam to other hosts, and Windows gives access to this user alone. The temporary directory is not a
/// candidate, because it is inside the local application data.
pub(crate) fn candidates(
    name: &str,
    variable: impl Fn(&str) -> Option<String>,
    _temporary: &Path,
) -> Vec<PathBuf> {
    let local = variable("LOCALAPPDATA").map(PathBuf::from).filter(|path| path.is_absolute());
    let profile = variable("USERPROFILE").map(|profile| PathBuf::from(profile).join(r"AppData\Local"));
    let mut candidates: Vec<_> = local.into_iter().chain(profile).map(|local| local.join(name)).collect();
    candidates.dedup();
    candidates
}

/// Makes a directory and its parents. It inherits its rights from its parent.
pub(crate) fn make_directory(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).create(path)
}

/// The reason why a directory is unsafe: its owner, or the users who may write to it. `None` if it is safe.
pub(crate) fn unsafe_directory(path: &Path) -> io::Result<Option<&'static str>> {
    if !std::fs::symlink_metadata(path)?.is_dir() {
        return Ok(Some("it must be a directory, and no link"));
    }
    let asked = SecurityInformation::Owner | SecurityInformation::Dacl;
    let found = GetNamedSecurityInfo(path.as_os_str(), SeObjectType::SE_FILE_OBJECT, asked)?;
    let found = ConvertSecurityDescriptorToStringSecurityDescriptor(&found, asked)?;
    let user = current_process_sid()?.to_string();
    Ok(rights::fault(&found.to_string_lossy(), &user))
}

/// Checks that this user can make files in a directory. It makes a file, because the list of rights does not decide
/// alone.
pub(crate) fn check_writable(path: &Path) -> io::Result<()> {
    let probe = path.join(format!("{}.probe", std::process::id()));
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true).custom_flags(REMOVE_ON_CLOSE | NO_LINK).open(probe)?;
    Ok(())
}

/// Opens a file for writing, and makes it if it does not exist. It does not follow a link.
pub(crate) fn open(path: &Path, truncate: bool) -> io::Result<File> {
    let mut options = OpenOptions::new();
    let file = options.create(true).truncate(false).write(true).custom_flags(NO_LINK).open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it must be a file, and no link"));
    }
    if truncate {
        file.set_len(0)?;
    }
    Ok(file)
}

/// Whether the path still leads to this open file.
pub(crate) fn has_name(file: &File, path: &Path) -> bool {
    let own = file.try_clone().and_then(Handle::from_file);
    own.is_ok_and(|own| Handle::from_path(path).is_ok_and(|found| own == found))
}

/// Leaves the lock file in place.
pub(crate) fn clear_lock(_: &Path) {}

/// Removes the lock file of a thing that nobody has used for long. The caller has the lock.
pub(crate) fn clear_old_lock(path: &Path) {
    let _ = std::fs::remove_file(path);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_made_and_can_be_written() {
        let home = tempfile::tempdir().unwrap();
        let made = home.path().join("above").join("locks");
        make_directory(&made).unwrap();
        check_writable(&made).unwrap();
        assert_eq!(std::fs::read_dir(&made).unwrap().count(), 0, "the probe is gone");
    }

    #[test]
    fn a_file_that_was_replaced_has_no_name() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("file");
        let first = open(&path, false).unwrap();
        assert!(has_name(&first, &path));
        std::fs::rename(&path, home.path().join("other")).unwrap();
        let second = open(&path, false).unwrap();
        assert!(!has_name(&first, &path) && has_name(&second, &path));
    }

    #[test]
    fn the_local_application_data_is_the_place() {
        let read = |name: &str| match name {
            "LOCALAPPDATA" => Some(r"C:\local".to_owned()),
            "USERPROFILE" => Some(r"C:\Users\a".to_owned()),
            _ => None,
        };
        let expected = [PathBuf::from(r"C:\local\locks"), r"C:\Users\a\AppData\Local\locks".into()];
        assert_eq!(candidates("locks", read, Path::new(r"C:\tmp")), expected);
    }
}
