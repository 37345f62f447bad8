//! The socket that Terraform connects to: in a directory that only this user can enter, and gone once it has served.

use std::fs::{DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;

use crate::random;

/// A listening unix socket in a directory of its own. Dropping it removes both; who is connected stays connected.
#[derive(Debug)]
pub struct Socket {
    listener: UnixListener,
    place: Place,
}

/// The socket's file and its directory; both removed on drop.
#[derive(Debug)]
pub struct Place {
    directory: PathBuf,
    file: PathBuf,
}

impl Drop for Place {
    fn drop(&mut self) {
        // The file is absent where binding it has failed; the directory tells whether all is gone.
        let _ = std::fs::remove_file(&self.file);
        if let Err(error) = std::fs::remove_dir(&self.directory) {
            tracing::debug!(%error, "the socket could not be removed");
        }
    }
}

impl Socket {
    /// Listens in a fresh directory of mode 0700 under `parent`.
    ///
    /// # Errors
    /// If the directory cannot be made, or the path is longer than a socket's may be (about 100 bytes).
    pub fn bind(parent: &Path) -> io::Result<Socket> {
        let random = random::bytes::<8>().map_err(no_random_numbers)?;
        let directory = parent.join(format!("tfp-{}", HEXLOWER.encode(&random)));
        // Fails where something of that name is there already, so nobody can have prepared it.
        DirBuilder::new().mode(0o700).create(&directory).map_err(|error| cannot_listen(parent, error))?;
        let place = Place { file: directory.join("s"), directory };
        let listener = UnixListener::bind(&place.file).map_err(|error| cannot_listen(parent, error))?;
        std::fs::set_permissions(&place.file, Permissions::from_mode(0o600))?;
        listener.set_nonblocking(true)?;
        Ok(Socket { listener, place })
    }

    /// Where it listens.
    pub fn path(&self) -> &Path {
        &self.place.file
    }

    /// The listener for the runtime, and the file's owner, which has to outlive it.
    ///
    /// # Errors
    /// If the runtime does not take the listener.
    pub fn into_parts(self) -> io::Result<(tokio::net::UnixListener, Place)> {
        Ok((tokio::net::UnixListener::from_std(self.listener)?, self.place))
    }
}

/// By itself the error is no more than the system's code, "OS Error: 2". It comes where the kernel's call is not allowed and
/// the file that stands in for it is absent.
fn no_random_numbers(error: random::NoRandomNumbers) -> io::Error {
    io::Error::other(format!(
        "the operating system gives no random numbers ({error}); mount /dev with its urandom"
    ))
}

/// By itself the error does not say what it is about.
fn cannot_listen(parent: &Path, error: io::Error) -> io::Error {
    let what = format!(
        "cannot make a socket in {} ({error}); set TMPDIR to a directory that exists, can be written to and has a short path",
        parent.display()
    );
    io::Error::new(error.kind(), what)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        std::fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777
    }

    #[test]
    fn only_its_owner_can_reach_the_socket() {
        let parent = tempfile::tempdir().unwrap();
        let socket = Socket::bind(parent.path()).unwrap();
        assert_eq!(mode(socket.path().parent().unwrap()), 0o700);
        assert_eq!(mode(socket.path()), 0o600);
    }

    #[test]
    fn socket_and_directory_go_together() {
        let parent = tempfile::tempdir().unwrap();
        let socket = Socket::bind(parent.path()).unwrap();
        assert_eq!(std::fs::read_dir(parent.path()).unwrap().count(), 1);
        drop(socket);
        assert_eq!(std::fs::read_dir(parent.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_socket_that_cannot_be_bound_leaves_nothing_behind() {
        let parent = tempfile::tempdir().unwrap();
        let deep = parent.path().join("d".repeat(120));
        std::fs::create_dir(&deep).unwrap();
        Socket::bind(&deep).unwrap_err();
        assert_eq!(std::fs::read_dir(&deep).unwrap().count(), 0);
    }

    #[test]
    fn an_error_names_the_directory_and_the_way_out() {
        let parent = tempfile::tempdir().unwrap();
        let absent = parent.path().join("absent");
        let error = Socket::bind(&absent).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        let said = error.to_string();
        assert!(said.contains(&absent.display().to_string()) && said.contains("set TMPDIR"), "{said}");
    }
}
