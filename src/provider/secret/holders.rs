//! The locks for writes of secrets: one write at a time for each Worker and for each secret of a store, across all
//! processes of a host. A record beside each lock says which object has put which secret last, and which writes nobody heard
//! of.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tokio::sync::OwnedMutexGuard;

use crate::cloudflare::{host_time, milliseconds};
use crate::host::{Claims, HostFiles, HostLock, LockError};
use crate::tokens::{AMBIGUITY_HORIZON, Stop};

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

/// The record of a Worker or of a name in a store.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Record {
    #[serde(default)]
    claims: Puts,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    sent: Sent,
}

/// The last write of each secret, by its name.
type Sent = BTreeMap<String, Begun>;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Begun {
    /// The id of the object.
    by: String,
    /// When it began, in Unix milliseconds. Later ones have later times. A state that knows of the write has the time, too.
    on: i64,
    /// Whether no secret had the name before, so that it is the object's own.
    is_new: bool,
    /// Whether the object got the outcome.
    heard: bool,
    /// Whether it may still take effect, because its process ended.
    pending: bool,
}

impl Begun {
    /// Whether a state that knows of the object's writes until this time knows of this one. A state without a time is from
    /// an older version, and knows of writes whose outcome the object got.
    fn is_known(&self, since: Option<i64>) -> bool {
        since.map_or(self.heard, |since| self.on <= since)
    }
}

/// A lock on a Worker or on a name in a store.
pub(crate) struct Held {
    puts: OwnedMutexGuard<Puts>,
    sent: Sent,
    /// The same when the lock was taken.
    before: Sent,
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
        self.lock(format!("{account}/{script}"), self.worker_key(account, script)).await
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

    /// The secrets of a Worker that an object has written, or may have, without its state saying so: the run, or Terraform,
    /// ended first. True if no secret had the name before. `since` is the time of the last write that the state knows of. Of
    /// the `managed` names, also those that another object may have written without a state that says so.
    pub(crate) fn unheard_of_worker(
        &self,
        account: &str,
        script: &str,
        by: &str,
        since: Option<i64>,
        managed: &BTreeSet<&str>,
    ) -> BTreeMap<String, bool> {
        let record: Record = self.files.peek(&self.worker_key(account, script)).unwrap_or_default();
        let unknown = |(name, begun): &(String, Begun)| {
            // An import has no id before its first write.
            if begun.by == by && !by.is_empty() {
                !begun.is_known(since)
            } else {
                !begun.heard && managed.contains(name.as_str())
            }
        };
        record.sent.into_iter().filter(unknown).map(|(name, begun)| (name, begun.is_new)).collect()
    }

    /// Whether this is so for the object's secret in a store.
    pub(crate) fn is_unheard_of_store(
        &self,
        account: &str,
        store: &str,
        name: &str,
        by: &str,
        since: Option<i64>,
    ) -> bool {
        let key = format!("{} store {account}/{store}/{name}", self.base_url);
        let record: Record = self.files.peek(&key).unwrap_or_default();
        record.sent.values().any(|begun| begun.by == by && !begun.is_known(since))
    }

    fn worker_key(&self, account: &str, script: &str) -> String {
        format!("worker {} {account}/{script}", self.base_url)
    }

    async fn lock(&self, place: String, key: String) -> Result<Held, LockError> {
        let puts = {
            let mut claims = self.claims.lock();
            claims.entry(place).or_default().clone()
        };
        let mut puts = puts.lock_owned().await;
        let lock = self.files.lock(&key, WAIT, || self.stop.is_stopped()).await?;
        let mut record: Record = lock.record();
        *puts = puts.updated(record.claims);
        let waits = record.sent.values().any(|begun| begun.pending);
        record.sent.values_mut().for_each(|begun| begun.pending = false);
        let held = Held { puts, before: record.sent.clone(), sent: record.sent, lock };
        if waits {
            // A write of a process that has ended may still take effect. Later locks need not wait again.
            self.stop.sleep(AMBIGUITY_HORIZON).await;
            held.save();
        }
        Ok(held)
    }
}

impl Held {
    /// Records that an object is about to write these secrets. `since` is the time of the last write that its state knows of,
    /// which a host with another clock may have made. `is_new` says whether no secret has the name yet. Returns the time of the
    /// write, for the state.
    pub(crate) fn begin<'a>(
        &mut self,
        names: impl IntoIterator<Item = &'a str>,
        by: &str,
        since: Option<i64>,
        is_new: impl Fn(&str) -> bool,
    ) -> i64 {
        let now = milliseconds(host_time());
        let last = self.sent.values().map(|begun| begun.on).chain(since).max();
        let on = last.map_or(now, |last| now.max(last + 1));
        for name in names {
            let begun = Begun { by: by.to_owned(), on, is_new: is_new(name), heard: false, pending: true };
            self.sent.insert(name.to_owned(), begun);
        }
        self.save();
        on
    }

    /// Records that the object gets the outcome of its write. `changes` is whether its state changes: otherwise what was
    /// recorded before holds again.
    pub(crate) fn heard(&mut self, by: &str, changes: bool) {
        if changes {
            for begun in self.sent.values_mut().filter(|begun| begun.by == by) {
                (begun.heard, begun.pending) = (true, false);
            }
        } else {
            self.sent.clone_from(&self.before);
        }
        self.save();
    }

    /// Records that an object has put this secret, or may have.
    pub(crate) fn put(&mut self, name: &str, by: &str) {
        self.puts.take(name.to_owned(), by);
        self.save();
    }

    /// Records that the secret is gone, or that no object of this provider manages it any more.
    pub(crate) fn deleted(&mut self, name: &str) {
        self.puts.retain(|other| other != name);
        self.sent.remove(name);
        self.save();
    }

    fn save(&self) {
        self.lock.save(&Record { claims: self.puts.clone(), sent: self.sent.clone() });
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
    async fn a_secret_is_claimed_from_its_put_until_it_is_gone() {
        let dir = tempfile::tempdir().unwrap();
        let mut store = process(&dir).store_secret("a", "store", "KEY").await.unwrap();
        assert!(!store.is_claimed("KEY") && !store.has_put("KEY", "one"));
        store.put("KEY", "one");
        assert!(store.is_claimed("KEY") && store.has_put("KEY", "one"));
        assert!(!store.is_claimed("OTHER") && !store.has_put("KEY", "another"));
        store.deleted("KEY");
        assert!(!store.is_claimed("KEY"));
        drop(store);
        let next = process(&dir).store_secret("a", "store", "KEY").await.unwrap();
        assert!(!next.is_claimed("KEY"), "the next process knows it too");
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

    #[tokio::test(start_paused = true)]
    async fn a_write_that_nobody_heard_of_is_known_to_the_next_process() {
        let dir = tempfile::tempdir().unwrap();
        let unheard = |by: &str, since, managed: &[&str]| {
            let managed = managed.iter().copied().collect();
            process(&dir).unheard_of_worker("a", "s", by, since, &managed).into_iter().collect::<Vec<_>>()
        };
        let begin = async |names: &[&str]| {
            let mut worker = process(&dir).worker("a", "s").await.unwrap();
            let on = worker.begin(names.iter().copied(), "own", None, |name| name == "NEW");
            (worker, on)
        };
        let (killed, on) = begin(&["KEY", "NEW"]).await;
        drop(killed);
        let both = [("KEY".to_owned(), false), ("NEW".to_owned(), true)];
        assert_eq!(unheard("own", None, &[]), both);
        assert_eq!(
            (unheard("own", Some(on - 1), &[]), unheard("own", Some(on), &[])),
            (both.to_vec(), vec![])
        );
        // Another object that manages one of the names cannot know its value.
        assert_eq!(unheard("another", None, &[]), []);
        assert_eq!(unheard("another", Some(on), &["KEY"]), [("KEY".to_owned(), false)]);
        // A write that was refused says nothing of the earlier one.
        begin(&["KEY", "OTHER"]).await.0.heard("own", false);
        assert_eq!(unheard("own", None, &[]), both);
        // The outcome of this one is heard. Whether the state was saved shows only its time.
        let (mut worker, on) = begin(&["KEY", "NEW"]).await;
        worker.heard("own", true);
        drop(worker);
        assert_eq!((unheard("own", Some(on), &[]), unheard("own", None, &[])), (vec![], vec![]));
        assert_eq!(unheard("own", Some(on - 1), &[]), both);
        assert_eq!(unheard("another", None, &["KEY"]), []);
        // A state that a host with another clock has written is not older.
        let ahead =
            process(&dir).worker("a", "s").await.unwrap().begin(["OTHER"], "own", Some(on + 1000), |_| false);
        assert_eq!(ahead, on + 1001);
        process(&dir).worker("a", "s").await.unwrap().deleted("OTHER");
        process(&dir).worker("a", "s").await.unwrap().deleted("KEY");
        assert_eq!(unheard("own", Some(on - 1), &[]), both[1..]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_write_of_a_process_that_ended_is_waited_for_once() {
        let dir = tempfile::tempdir().unwrap();
        let taken_in = async || {
            let began = tokio::time::Instant::now();
            (process(&dir).worker("a", "s").await.unwrap(), began.elapsed())
        };
        let (mut worker, waited) = taken_in().await;
        assert_eq!(waited, Duration::ZERO);
        worker.begin(["KEY"], "own", None, |_| false);
        drop(worker);
        let (worker, waited) = taken_in().await;
        assert!(waited >= AMBIGUITY_HORIZON);
        drop(worker);
        let (mut worker, waited) = taken_in().await;
        assert_eq!(waited, Duration::ZERO);
        worker.begin(["KEY"], "own", None, |_| false);
        worker.heard("own", true);
        drop(worker);
        assert_eq!(taken_in().await.1, Duration::ZERO);
    }

    #[tokio::test]
    async fn each_worker_and_each_secret_of_a_store_has_its_own_lock() {
        let dir = tempfile::tempdir().unwrap();
        let (one, other) = (process(&dir), process(&dir));
        let _held = one.worker("a", "s").await.unwrap();
        let others = async {
            let _same_name = other.worker("b", "s").await.unwrap();
            let _same_account = other.worker("a", "t").await.unwrap();
            let _store = other.store_secret("a", "s", "KEY").await.unwrap();
            other.store_secret("a", "s", "OTHER").await.is_ok()
        };
        assert!(tokio::time::timeout(Duration::from_secs(9), others).await.unwrap());
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
