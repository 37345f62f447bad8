//! The locks for writes of secrets: one write at a time for each Worker and for each secret of a store, across all
//! processes of a host. A record beside each lock says which object has put which secret last.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::OwnedMutexGuard;

use crate::host::{Claims, HostFiles, HostLock, LockError};
use crate::tokens::Stop;

/// The longest wait for another process. A write is only a few requests.
const WAIT: Duration = Duration::from_secs(120);

/// The Workers and stores whose secrets are written. Clones share everything.
///
/// A write to a Worker makes a new version of the whole script from the latest one. So one of two concurrent writes may
/// be lost. In a store, each secret is independent.
#[derive(Clone)]
pub(crate) struct Holders {
    files: HostFiles,
    base_url: Arc<str>,
    stop: Stop,
    /// The claims of this process, by holder.
    claims: Arc<Mutex<HashMap<String, Arc<tokio::sync::Mutex<Puts>>>>>,
}

/// The ids of the objects that have put a secret, by the secret's name.
type Puts = Claims<String>;

/// A lock on a Worker or on a name in a store.
pub(crate) struct Held {
    puts: OwnedMutexGuard<Puts>,
    lock: HostLock,
}

impl Holders {
    /// The Workers and stores of an API, with the lock files of this host.
    pub(crate) fn new(files: HostFiles, base_url: &str, stop: Stop) -> Self {
        let base_url = base_url.trim_end_matches('/').to_ascii_lowercase().into();
        Self { files, base_url, stop, claims: Arc::default() }
    }

    /// Waits until nothing else writes the Worker's secrets.
    ///
    /// # Errors
    /// [`LockError`].
    pub(crate) async fn worker(&self, account: &str, script: &str) -> Result<Held, LockError> {
        self.lock(format!("{account}/{script}"), format!("worker {} {account}/{script}", self.base_url)).await
    }

    /// Waits until nothing else writes the secret of this name.
    ///
    /// # Errors
    /// [`LockError`].
    pub(crate) async fn store_secret(
        &self,
        account: &str,
        store: &str,
        name: &str,
    ) -> Result<Held, LockError> {
        let place = format!("store {account}/{store}/{name}");
        self.lock(place.clone(), format!("{} {place}", self.base_url)).await
    }

    async fn lock(&self, place: String, key: String) -> Result<Held, LockError> {
        let puts = {
            let mut claims = self.claims.lock();
            claims.entry(place).or_default().clone()
        };
        let mut puts = puts.lock_owned().await;
        let lock = self.files.lock(&key, WAIT, || self.stop.is_stopped()).await?;
        *puts = puts.updated(lock.record());
        Ok(Held { puts, lock })
    }
}

impl Held {
    /// Records that an object has put this secret, or may have.
    pub(crate) fn put(&mut self, name: &str, by: &str) {
        self.puts.take(name.to_owned(), by);
        self.lock.save(&*self.puts);
    }

    /// Records that the secret is gone, or that no object of this provider manages it any more.
    pub(crate) fn deleted(&mut self, name: &str) {
        self.puts.retain(|other| other != name);
        self.lock.save(&*self.puts);
    }

    /// Whether an object of this provider has put the secret and still manages it.
    pub(crate) fn is_claimed(&self, name: &str) -> bool {
        self.puts.is_claimed(&name.to_owned())
    }

    /// Whether this object has put the secret.
    pub(crate) fn has_put(&self, name: &str, by: &str) -> bool {
        self.puts.has(&name.to_owned(), by)
    }

    /// Whether another object has put the secret later. Then this object must not delete it.
    pub(crate) fn is_of_another(&self, name: &str, own: Option<&str>) -> bool {
        self.puts.is_claimed_later(&name.to_owned(), own.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A process of this host.
    fn process(dir: &tempfile::TempDir) -> Holders {
        Holders::new(HostFiles::new([dir.path().join("locks")]), "https://api/v4/", Stop::default())
    }

    #[tokio::test]
    async fn a_secret_is_of_the_object_that_put_it_last() {
        let dir = tempfile::tempdir().unwrap();
        let mut worker = process(&dir).worker("a", "s").await.unwrap();
        assert!(!worker.is_of_another("KEY", None), "nobody has put it in this run");
        worker.put("KEY", "old");
        worker.put("KEY", "new");
        assert!(worker.is_of_another("KEY", Some("old")) && worker.is_of_another("KEY", None));
        assert!(!worker.is_of_another("KEY", Some("new")));
        assert!(!worker.is_of_another("OTHER", Some("old")));
        worker.deleted("KEY");
        assert!(!worker.is_of_another("KEY", Some("old")));
    }

    #[tokio::test]
    async fn the_next_process_knows_who_has_put_a_secret_last() {
        let dir = tempfile::tempdir().unwrap();
        for by in ["old", "new"] {
            process(&dir).worker("a", "s").await.unwrap().put("KEY", by);
        }
        let worker = process(&dir).worker("a", "s").await.unwrap();
        assert!(worker.is_of_another("KEY", Some("old")) && !worker.is_of_another("KEY", Some("new")));
        // The records of another process do not count for an object that it did not know.
        assert!(!worker.is_of_another("KEY", Some("elsewhere")));
    }

    #[tokio::test]
    async fn two_processes_write_one_worker_one_after_the_other() {
        let dir = tempfile::tempdir().unwrap();
        let (one, other) = (process(&dir), process(&dir));
        let held = one.worker("a", "s").await.unwrap();
        let second = tokio::spawn(async move { other.worker("a", "s").await.is_ok() });
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert!(!second.is_finished());
        drop(held);
        assert!(second.await.unwrap());
    }
}
