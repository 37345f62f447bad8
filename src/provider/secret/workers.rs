//! The writes of Workers' secrets: one at a time for each Worker, also among the processes of a host, and which object has
//! put which secret last.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::OwnedMutexGuard;

use crate::host::{Claims, HostFiles, HostLock, LockError};
use crate::tokens::Stop;

/// How long another process may write the secrets of a Worker: a write is at most a few requests.
const WAIT: Duration = Duration::from_secs(120);

/// The Workers whose secrets are written. Clones share everything.
///
/// A write makes a version of the whole script from the latest one: of two at the same time, one may be lost.
#[derive(Clone)]
pub(crate) struct Workers {
    files: HostFiles,
    base_url: Arc<str>,
    stop: Stop,
    /// The claims of this process, by Worker.
    claims: Arc<Mutex<HashMap<String, Arc<tokio::sync::Mutex<Puts>>>>>,
}

/// The ids of the objects that have put a secret, by the secret's name.
type Puts = Claims<String>;

/// A Worker, as long as nobody else writes its secrets.
pub(crate) struct Worker {
    puts: OwnedMutexGuard<Puts>,
    lock: HostLock,
}

impl Workers {
    /// The Workers behind an API, with the lock files of this host.
    pub(crate) fn new(files: HostFiles, base_url: &str, stop: Stop) -> Workers {
        let base_url = base_url.trim_end_matches('/').to_ascii_lowercase().into();
        Workers { files, base_url, stop, claims: Arc::default() }
    }

    /// Waits until nobody else writes the Worker's secrets.
    ///
    /// # Errors
    /// [`LockError`].
    pub(crate) async fn lock(&self, account: &str, script: &str) -> Result<Worker, LockError> {
        let worker = {
            let mut workers = self.claims.lock().unwrap_or_else(PoisonError::into_inner);
            workers.entry(format!("{account}/{script}")).or_default().clone()
        };
        let mut puts = worker.lock_owned().await;
        let key = format!("worker {} {account}/{script}", self.base_url);
        let lock = self.files.lock(&key, WAIT, || self.stop.is_stopped()).await?;
        *puts = puts.updated(lock.record());
        Ok(Worker { puts, lock })
    }
}

impl Worker {
    /// An object has put this secret, or may have.
    pub(crate) fn put(&mut self, name: &str, by: &str) {
        self.puts.take(name.to_owned(), by);
        self.lock.save(&*self.puts);
    }

    /// The secret is gone.
    pub(crate) fn deleted(&mut self, name: &str) {
        self.puts.retain(|other| other != name);
        self.lock.save(&*self.puts);
    }

    /// Whether another object than this one has put the secret later: then it is not this one's to delete.
    pub(crate) fn is_of_another(&self, name: &str, own: Option<&str>) -> bool {
        self.puts.is_claimed_later(&name.to_owned(), own.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A process of this host.
    fn process(dir: &tempfile::TempDir) -> Workers {
        Workers::new(HostFiles::new([dir.path().join("locks")]), "https://api/v4/", Stop::default())
    }

    #[tokio::test]
    async fn a_secret_is_of_the_object_that_put_it_last() {
        let dir = tempfile::tempdir().unwrap();
        let mut worker = process(&dir).lock("a", "s").await.unwrap();
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
            process(&dir).lock("a", "s").await.unwrap().put("KEY", by);
        }
        let worker = process(&dir).lock("a", "s").await.unwrap();
        assert!(worker.is_of_another("KEY", Some("old")) && !worker.is_of_another("KEY", Some("new")));
        // What another process has recorded says nothing of an object that it did not know.
        assert!(!worker.is_of_another("KEY", Some("elsewhere")));
    }

    #[tokio::test]
    async fn two_processes_write_one_worker_one_after_the_other() {
        let dir = tempfile::tempdir().unwrap();
        let (one, other) = (process(&dir), process(&dir));
        let held = one.lock("a", "s").await.unwrap();
        let second = tokio::spawn(async move { other.lock("a", "s").await.is_ok() });
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert!(!second.is_finished());
        drop(held);
        assert!(second.await.unwrap());
    }
}
