//! A lock file for each thing, and a record beside it that each process leaves for the next. The operating system
//! releases a lock when its process dies.

use std::fs::{File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use data_encoding::HEXLOWER;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use tokio::time::Instant;

use super::directory::{self, Unusable};
use super::system;

/// The age at which unused files are removed. Their records are of no use by then.
const KEPT: Duration = Duration::from_secs(180 * 24 * 60 * 60);

/// The files of this user on this host. Clones are cheap and share the directory.
#[derive(Clone, Debug)]
pub struct HostFiles {
    candidates: Arc<[PathBuf]>,
    chosen: Arc<OnceLock<Result<PathBuf, Unusable>>>,
}

/// A lock and its record. Dropping it releases the lock.
#[derive(Debug)]
pub struct HostLock {
    _file: File,
    lock: PathBuf,
    record: PathBuf,
}

/// The reasons why a lock was not acquired.
#[derive(Clone, Debug, thiserror::Error)]
pub enum LockError {
    /// Another process kept the lock for the whole wait.
    #[error("another process holds the lock {}", path.display())]
    Busy {
        /// The lock file.
        path: PathBuf,
    },
    /// The file or its directory cannot be used.
    #[error("can't use {}: {reason}", path.display())]
    Unusable {
        /// The file or the directory.
        path: PathBuf,
        /// The operating system's error, or the reason why the path is unsafe.
        reason: String,
    },
    /// The run was stopped while it waited.
    #[error("stopped while waiting for the lock")]
    Stopped,
}

impl From<Unusable> for LockError {
    fn from(Unusable { path, reason }: Unusable) -> Self {
        Self::Unusable { path, reason }
    }
}

impl HostFiles {
    /// Uses the first of these directories that is usable. It makes nothing before the first lock.
    pub fn new(candidates: impl IntoIterator<Item = PathBuf>) -> Self {
        Self { candidates: candidates.into_iter().collect(), chosen: Arc::default() }
    }

    /// The directory. It is made if it does not exist.
    ///
    /// # Errors
    /// [`LockError::Unusable`] if no candidate can be used.
    pub fn directory(&self) -> Result<&Path, LockError> {
        let choose = || {
            let chosen = directory::choose(&self.candidates)?;
            sweep(&chosen);
            Ok(chosen)
        };
        match self.chosen.get_or_init(choose) {
            Ok(path) => Ok(path),
            Err(unusable) => Err(unusable.clone().into()),
        }
    }

    /// Waits for the lock of a thing, for at most this time. The wait also ends on a stop.
    ///
    /// # Errors
    /// [`LockError`].
    pub async fn lock(
        &self,
        key: &str,
        wait: Duration,
        is_stopped: impl Fn() -> bool + Send,
    ) -> Result<HostLock, LockError> {
        let (lock, record) = self.paths(key)?;
        let until = Instant::now() + wait;
        let mut pause = Duration::from_millis(5);
        loop {
            match try_lock(&lock) {
                Ok(Some(file)) => return Ok(HostLock { _file: file, lock, record }),
                Err(error) => return Err(LockError::Unusable { path: lock, reason: error.to_string() }),
                Ok(None) if is_stopped() => return Err(LockError::Stopped),
                Ok(None) if Instant::now() >= until => return Err(LockError::Busy { path: lock }),
                Ok(None) => tokio::time::sleep(pause).await,
            }
            pause = (pause * 2).min(Duration::from_millis(100));
        }
    }

    /// Reads a thing's last record without the lock. `None` if there is no readable record.
    pub fn peek<T: DeserializeOwned>(&self, key: &str) -> Option<T> {
        let name = file_name(key);
        let in_dir = |dir: &Path| read(&dir.join(format!("{name}.json")));
        match self.chosen.get() {
            Some(chosen) => in_dir(chosen.as_ref().ok()?),
            // A run that only reads must not make a directory.
            None => directory::safe(&self.candidates).find_map(in_dir),
        }
    }

    fn paths(&self, key: &str) -> Result<(PathBuf, PathBuf), LockError> {
        let (dir, name) = (self.directory()?, file_name(key));
        Ok((dir.join(format!("{name}.lock")), dir.join(format!("{name}.json"))))
    }
}

impl HostLock {
    /// The record that the last process left. The default if there is no readable record.
    pub fn record<T: DeserializeOwned + Default>(&self) -> T {
        read(&self.record).unwrap_or_default()
    }

    /// Leaves a record for the next process.
    pub fn save<T: Serialize>(&self, record: &T) {
        let written = || -> io::Result<()> {
            let new = self.record.with_extension("new");
            let mut file = system::open(&new, true)?;
            file.write_all(&serde_json::to_vec(record)?)?;
            std::fs::rename(&new, &self.record)
        };
        if let Err(error) = written() {
            tracing::warn!(path = %self.record.display(), %error, "the record beside a lock could not be written");
        }
    }

    /// Removes the record and releases the lock, because the thing does not exist any more.
    pub fn remove(self) {
        let _ = std::fs::remove_file(&self.record);
    }
}

impl Drop for HostLock {
    fn drop(&mut self) {
        system::clear_lock(&self.lock);
    }
}

/// The name of a thing's files. It is a hash, so that it shows nothing of the thing and is the same in all processes.
fn file_name(key: &str) -> String {
    HEXLOWER.encode(&Sha256::digest(key))
}

/// Takes the lock if it is free.
fn try_lock(path: &Path) -> io::Result<Option<File>> {
    loop {
        let file = system::open(path, false)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        // Another process may have removed the file after this process opened it. A lock on a removed file excludes
        // nobody.
        if system::has_name(&file, path) {
            return Ok(Some(file));
        }
    }
}

fn read<T: DeserializeOwned>(path: &Path) -> Option<T> {
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}

/// Removes old, unused files. Files that cannot be removed stay.
fn sweep(dir: &Path) {
    let old = |path: &Path| {
        let modified = std::fs::symlink_metadata(path).and_then(|found| found.modified()).ok();
        modified.and_then(|at| at.elapsed().ok()).is_some_and(|age| age > KEPT)
    };
    let unused = |path: &Path| old(path) || !path.exists();
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        let is_ours = path.extension().is_some_and(|extension| extension == "lock" || extension == "json");
        let (lock, record) = (path.with_extension("lock"), path.with_extension("json"));
        if is_ours && unused(&lock) && unused(&record) {
            // Only the process that has the lock may remove the files.
            if let Ok(Some(file)) = try_lock(&lock) {
                let held = HostLock { _file: file, lock, record };
                // Another process may have left a record since.
                if unused(&held.record) {
                    let _ = std::fs::remove_file(&held.record);
                    system::clear_old_lock(&held.lock);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn files(dir: &tempfile::TempDir) -> HostFiles {
        HostFiles::new([dir.path().join("locks")])
    }

    async fn lock(files: &HostFiles, key: &str) -> Result<HostLock, LockError> {
        files.lock(key, Duration::from_millis(20), || false).await
    }

    #[tokio::test]
    async fn one_thing_has_one_lock_and_another_thing_another() {
        let dir = tempfile::tempdir().unwrap();
        let (one, other) = (files(&dir), files(&dir));
        let held = lock(&one, "a").await.unwrap();
        assert!(matches!(lock(&other, "a").await, Err(LockError::Busy { .. })));
        lock(&other, "b").await.unwrap();
        drop(held);
        lock(&other, "a").await.unwrap();
    }

    #[tokio::test]
    async fn a_record_is_handed_on_and_can_be_read_without_the_lock() {
        let dir = tempfile::tempdir().unwrap();
        let (one, other) = (files(&dir), files(&dir));
        assert_eq!(other.peek::<Value>("a"), None);
        assert!(!dir.path().join("locks").exists(), "a look makes no directory");
        let held = lock(&one, "a").await.unwrap();
        assert_eq!(held.record::<Value>(), Value::Null);
        held.save(&json!({ "n": 1 }));
        assert_eq!(other.peek::<Value>("a"), Some(json!({ "n": 1 })));
        drop(held);
        assert_eq!(lock(&other, "a").await.unwrap().record::<Value>(), json!({ "n": 1 }));
    }

    #[tokio::test]
    async fn a_lock_that_was_removed_is_made_anew_by_whoever_waits() {
        let dir = tempfile::tempdir().unwrap();
        let (one, other) = (files(&dir), files(&dir));
        let held = lock(&one, "a").await.unwrap();
        held.save(&1);
        let waits = tokio::spawn(async move { other.lock("a", Duration::from_secs(5), || false).await });
        tokio::time::sleep(Duration::from_millis(30)).await;
        held.remove();
        let second = waits.await.unwrap().unwrap();
        assert_eq!(second.record::<i32>(), 0);
        assert!(matches!(lock(&one, "a").await, Err(LockError::Busy { .. })));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_lock_is_held_by_one_at_a_time_whether_its_file_goes_or_stays() {
        use std::sync::atomic::{AtomicUsize, Ordering};
        let dir = tempfile::tempdir().unwrap();
        let holders = Arc::new(AtomicUsize::new(0));
        let run = |_| {
            let (files, holders) = (files(&dir), holders.clone());
            tokio::spawn(async move {
                for _ in 0..20 {
                    let held = files.lock("a", Duration::from_secs(60), || false).await.unwrap();
                    assert_eq!(holders.fetch_add(1, Ordering::SeqCst), 0);
                    held.save(&(held.record::<u32>() + 1));
                    holders.fetch_sub(1, Ordering::SeqCst);
                }
            })
        };
        for task in (0..4).map(run).collect::<Vec<_>>() {
            task.await.unwrap();
        }
        assert_eq!(lock(&files(&dir), "a").await.unwrap().record::<u32>(), 80);
    }

    #[tokio::test]
    async fn a_stop_ends_the_wait() {
        let dir = tempfile::tempdir().unwrap();
        let files = files(&dir);
        let _held = lock(&files, "a").await.unwrap();
        let waited = files.lock("a", Duration::from_secs(60), || true).await;
        assert!(matches!(waited, Err(LockError::Stopped)));
    }

    #[tokio::test]
    #[allow(clippy::disallowed_methods, reason = "the times of files are the system's")]
    async fn old_files_are_swept_and_held_ones_stay() {
        let dir = tempfile::tempdir().unwrap();
        let first = files(&dir);
        let (held, gone) = (lock(&first, "held").await.unwrap(), lock(&first, "gone").await.unwrap());
        gone.save(&1);
        drop(gone);
        let old = std::time::SystemTime::now() - KEPT - Duration::from_secs(60);
        for entry in std::fs::read_dir(dir.path().join("locks")).unwrap() {
            std::fs::OpenOptions::new()
                .write(true)
                .open(entry.unwrap().path())
                .unwrap()
                .set_modified(old)
                .unwrap();
        }
        lock(&files(&dir), "new").await.unwrap();
        let left = std::fs::read_dir(dir.path().join("locks")).unwrap().count();
        assert_eq!(left, 1, "the one that is held");
        drop(held);
    }
}
