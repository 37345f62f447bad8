//! Linux and macOS: a unix socket in a directory that only this user can enter. Both are removed after use.

use std::fs::{DirBuilder, Permissions};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use tokio::net::{UnixListener, UnixStream};

use super::{Address, Network};
use crate::random;
use crate::tf_provider::plugin::process::environment::Environment;

/// The network of this system's listeners.
pub const NETWORK: Network = Network::Unix;

/// The longest path of a socket on macOS, in bytes. Linux allows four more.
const LONGEST: usize = 103;

/// A listening unix socket in a directory of its own. Dropping it removes both. Open connections stay open.
#[derive(Debug)]
pub struct Listener {
    listener: UnixListener,
    address: Address,
    _place: Place,
}

/// The socket's file and its directory. Both are removed on drop.
#[derive(Debug)]
struct Place {
    directory: PathBuf,
    file: PathBuf,
}

impl Drop for Place {
    fn drop(&mut self) {
        // If the bind failed, the file does not exist. An error at the directory shows that something is left.
        let _ = std::fs::remove_file(&self.file);
        if let Err(error) = std::fs::remove_dir(&self.directory) {
            tracing::debug!(%error, "the socket could not be removed");
        }
    }
}

/// Listens in a new directory of mode 0700 in the temporary directory. The caller must be inside the runtime.
///
/// # Errors
/// If the directory or the socket cannot be made.
pub fn bind(environment: &Environment) -> io::Result<Listener> {
    let random = random::bytes::<8>().map_err(no_random_numbers)?;
    let name = format!("tfp-{}", HEXLOWER.encode(&random));
    let parent = parent(&environment.temporary_directory, &name);
    let directory = parent.join(name);
    // This fails if the name exists already, so no other user can have prepared the directory.
    DirBuilder::new().mode(0o700).create(&directory).map_err(|error| cannot_listen(parent, error))?;
    let place = Place { file: socket(&directory), directory };
    let listener = UnixListener::bind(&place.file).map_err(|error| cannot_listen(parent, error))?;
    std::fs::set_permissions(&place.file, Permissions::from_mode(0o600))?;
    Ok(Listener { listener, address: Address::Unix(place.file.clone()), _place: place })
}

impl Listener {
    /// The address of the socket.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Waits for the next connection.
    ///
    /// # Errors
    /// If a connection cannot be accepted. A later call may succeed.
    pub async fn accept(&self) -> io::Result<UnixStream> {
        Ok(self.listener.accept().await?.0)
    }
}

fn socket(directory: &Path) -> PathBuf {
    directory.join("s")
}

/// The directory in which to make the socket's directory: the temporary directory, or `/tmp` if the socket's path would
/// be too long. The temporary directories of macOS have some 50 bytes.
fn parent<'a>(temporary: &'a Path, name: &str) -> &'a Path {
    let length = socket(&temporary.join(name)).as_os_str().as_bytes().len();
    if length <= LONGEST { temporary } else { Path::new("/tmp") }
}

/// Adds the cause and the remedy: the error itself is only a code, such as "OS Error: 2". The error occurs if the
/// kernel's call is not allowed and the file `/dev/urandom` is absent.
fn no_random_numbers(error: random::NoRandomNumbers) -> io::Error {
    io::Error::other(format!(
        "the operating system gives no random numbers ({error}); mount /dev with its urandom"
    ))
}

/// Adds the directory and the remedy: the error itself names neither.
fn cannot_listen(parent: &Path, error: io::Error) -> io::Error {
    let what = format!(
        "cannot make a socket in {} ({error}); set TMPDIR to a directory that exists and can be written to",
        parent.display()
    );
    io::Error::new(error.kind(), what)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bind_in(temporary: &Path) -> io::Result<Listener> {
        bind(&Environment { temporary_directory: temporary.to_owned(), ..Environment::default() })
    }

    fn path(listener: &Listener) -> &Path {
        match listener.address() {
            Address::Unix(path) => path,
            other => panic!("{other}"),
        }
    }

    fn mode(path: &Path) -> u32 {
        std::fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777
    }

    #[tokio::test]
    async fn only_its_owner_can_reach_the_socket() {
        let parent = tempfile::tempdir().unwrap();
        let listener = bind_in(parent.path()).unwrap();
        assert_eq!(mode(path(&listener).parent().unwrap()), 0o700);
        assert_eq!(mode(path(&listener)), 0o600);
    }

    #[tokio::test]
    async fn socket_and_directory_go_together() {
        let parent = tempfile::tempdir().unwrap();
        let listener = bind_in(parent.path()).unwrap();
        assert_eq!(std::fs::read_dir(parent.path()).unwrap().count(), 1);
        drop(listener);
        assert_eq!(std::fs::read_dir(parent.path()).unwrap().count(), 0);
    }

    #[tokio::test]
    async fn where_the_path_would_be_too_long_the_socket_is_in_tmp() {
        let parent = tempfile::tempdir().unwrap();
        let deep = parent.path().join("d".repeat(120));
        std::fs::create_dir(&deep).unwrap();
        let listener = bind_in(&deep).unwrap();
        assert_eq!(path(&listener).parent().unwrap().parent(), Some(Path::new("/tmp")));
        assert_eq!(std::fs::read_dir(&deep).unwrap().count(), 0);
    }

    #[test]
    fn a_path_of_103_bytes_is_a_sockets_and_a_longer_one_is_not() {
        let temporary = |length: usize| PathBuf::from(format!("/{}", "d".repeat(length - 1)));
        let name = "tfp-0123456789abcdef";
        assert_eq!(parent(&temporary(80), name), temporary(80));
        assert_eq!(socket(&temporary(80).join(name)).as_os_str().len(), 103);
        assert_eq!(parent(&temporary(81), name), Path::new("/tmp"));
        assert_eq!(parent(Path::new(&format!("/{}", "ä".repeat(40))), name), Path::new("/tmp"));
        let macos = Path::new("/var/folders/zz/zyxvpxvq6csfxvn_n0000000000000/T/");
        assert_eq!(parent(macos, name), macos);
    }

    #[tokio::test]
    async fn an_error_names_the_directory_and_the_way_out() {
        let parent = tempfile::tempdir().unwrap();
        let absent = parent.path().join("absent");
        let error = bind_in(&absent).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        let said = error.to_string();
        assert!(said.contains(&absent.display().to_string()) && said.contains("set TMPDIR"), "{said}");
    }
}
