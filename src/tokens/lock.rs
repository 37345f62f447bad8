//! A lock file per token, so that processes on one host write it one after the other. The operating system lets go of it
//! when its holder dies.

use std::fmt;
use std::fs::{DirBuilder, File, Metadata, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use data_encoding::HEXLOWER;
use rustix::fs::OFlags;
use sha2::{Digest, Sha256};
use tokio::time::Instant;

use super::stop::Stop;

/// Held until it is dropped.
#[derive(Debug)]
pub(super) struct TokenLock {
    _file: File,
}

/// Why the lock was not got.
#[derive(Clone, Debug)]
pub enum LockError {
    /// Another process held it for as long as one waits for it.
    Busy {
        /// The lock file.
        path: PathBuf,
    },
    /// The file or its directory can't be used.
    Unusable {
        /// Which of the two.
        path: PathBuf,
        /// What the operating system said, or what is unsafe about it.
        reason: String,
    },
    /// The run was stopped while it waited.
    Stopped,
}

impl fmt::Display for LockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Busy { path } => write!(f, "another process holds the token's lock {}", path.display()),
            Self::Unusable { path, reason } => write!(f, "can't use {}: {reason}", path.display()),
            Self::Stopped => f.write_str("stopped while waiting for the token's lock"),
        }
    }
}

impl std::error::Error for LockError {}

impl TokenLock {
    /// Waits for the lock of a token: at most this long, and not past a stop.
    pub(super) async fn acquire(
        dir: &Path,
        api: &str,
        token_id: &str,
        wait: Duration,
        stop: &Stop,
    ) -> Result<Self, LockError> {
        let path = dir.join(file_name(api, token_id));
        let file = open(dir, &path)?;
        let until = Instant::now() + wait;
        let mut pause = Duration::from_millis(5);
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(TokenLock { _file: file }),
                Err(TryLockError::Error(error)) => return Err(unusable(&path)(error)),
                Err(TryLockError::WouldBlock) if stop.is_stopped() => return Err(LockError::Stopped),
                Err(TryLockError::WouldBlock) if Instant::now() >= until => {
                    return Err(LockError::Busy { path });
                }
                Err(TryLockError::WouldBlock) => stop.sleep(pause).await,
            }
            pause = (pause * 2).min(Duration::from_millis(100));
        }
    }
}

/// The name says nothing of the token, but is the same for everybody who writes it.
fn file_name(api: &str, token_id: &str) -> String {
    let api = api.trim_end_matches('/').to_ascii_lowercase();
    let digest = Sha256::new().chain_update(api).chain_update([0]).chain_update(token_id).finalize();
    format!("{}.lock", HEXLOWER.encode(&digest))
}

/// Opens the file in a directory that nobody else can write: else another user could put a link in its place, or hold the
/// locks.
fn open(dir: &Path, path: &Path) -> Result<File, LockError> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(dir);
    let found = made.and_then(|()| std::fs::symlink_metadata(dir)).map_err(unusable(dir))?;
    if let Some(fault) = fault(&found, rustix::process::geteuid().as_raw()) {
        return Err(LockError::Unusable { path: dir.to_owned(), reason: fault.to_owned() });
    }
    let no_link = OFlags::NOFOLLOW.bits().cast_signed();
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true).mode(0o600).custom_flags(no_link);
    options.open(path).map_err(unusable(path))
}

fn unusable(path: &Path) -> impl FnOnce(io::Error) -> LockError {
    move |error| LockError::Unusable { path: path.to_owned(), reason: error.to_string() }
}

/// What is wrong with what stands where this user's directory of locks should.
fn fault(found: &Metadata, me: u32) -> Option<&'static str> {
    match found {
        _ if !found.is_dir() => Some("it must be a directory, and no link"),
        _ if found.uid() != me => Some("it belongs to another user"),
        _ if found.mode() & 0o077 != 0 => Some("other users can use it: its mode must be 0700"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn acquire(dir: &Path, api: &str, token: &str) -> Result<TokenLock, LockError> {
        TokenLock::acquire(dir, api, token, Duration::from_millis(20), &Stop::default()).await
    }

    #[tokio::test]
    async fn one_token_has_one_lock_and_another_token_another() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path().join("locks");
        let held = acquire(&dir, "https://api/v4", "a").await.unwrap();
        assert!(matches!(acquire(&dir, "https://API/v4/", "a").await, Err(LockError::Busy { .. })));
        acquire(&dir, "https://api/v4", "b").await.unwrap();
        drop(held);
        acquire(&dir, "https://api/v4", "a").await.unwrap();
    }

    #[tokio::test]
    async fn a_directory_of_another_user_is_refused() {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path().join("locks");
        drop(acquire(&dir, "", "a").await.unwrap());
        let found = std::fs::symlink_metadata(&dir).unwrap();
        assert_eq!(fault(&found, found.uid()), None);
        assert_eq!(fault(&found, found.uid() + 1), Some("it belongs to another user"));
    }

    #[tokio::test]
    async fn a_link_is_not_followed() {
        let home = tempfile::tempdir().unwrap();
        let (dir, elsewhere) = (home.path().join("locks"), home.path().join("elsewhere"));
        drop(acquire(&dir, "", "a").await.unwrap());
        std::fs::write(&elsewhere, "").unwrap();
        std::os::unix::fs::symlink(&elsewhere, dir.join(file_name("", "b"))).unwrap();
        assert!(matches!(acquire(&dir, "", "b").await, Err(LockError::Unusable { .. })));
        let linked = home.path().join("linked");
        std::os::unix::fs::symlink(&dir, &linked).unwrap();
        let error = acquire(&linked, "", "a").await.unwrap_err();
        assert!(error.to_string().contains("no link"), "{error}");
    }

    #[tokio::test]
    async fn a_directory_that_others_can_write_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        std::fs::set_permissions(dir.path(), PermissionsExt::from_mode(0o777)).unwrap();
        let error = acquire(dir.path(), "", "a").await.unwrap_err();
        assert!(error.to_string().contains("must be 0700"), "{error}");
    }

    #[tokio::test]
    async fn a_stop_ends_the_wait() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path().join("locks");
        let _held = acquire(&dir, "", "a").await.unwrap();
        let stopper = crate::tokens::Stopper::default();
        stopper.stop();
        let waited = TokenLock::acquire(&dir, "", "a", Duration::from_secs(60), &stopper.handle()).await;
        assert!(matches!(waited, Err(LockError::Stopped)));
    }
}
