//! The writes of Workers' secrets: one at a time for each Worker, and which object has put which secret last.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OwnedMutexGuard;

/// The Workers whose secrets are written. Clones share everything.
///
/// A write makes a version of the whole script from the latest one: of two at the same time, one may be lost.
#[derive(Clone, Default)]
pub(crate) struct Workers(Arc<Mutex<HashMap<String, Arc<tokio::sync::Mutex<Puts>>>>>);

/// The id of the object that has put a secret last, by the secret's name.
type Puts = HashMap<String, String>;

/// A Worker, as long as nobody else writes its secrets.
pub(crate) struct Worker(OwnedMutexGuard<Puts>);

impl Workers {
    /// Waits until nobody else writes the Worker's secrets.
    pub(crate) async fn lock(&self, account: &str, script: &str) -> Worker {
        let worker = {
            let mut workers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            workers.entry(format!("{account}/{script}")).or_default().clone()
        };
        Worker(worker.lock_owned().await)
    }
}

impl Worker {
    /// An object has put this secret, or may have.
    pub(crate) fn put(&mut self, name: &str, by: &str) {
        self.0.insert(name.to_owned(), by.to_owned());
    }

    /// The secret is gone.
    pub(crate) fn deleted(&mut self, name: &str) {
        self.0.remove(name);
    }

    /// Whether another object than this one has put the secret last: then it is not this one's to delete.
    pub(crate) fn is_of_another(&self, name: &str, own: Option<&str>) -> bool {
        self.0.get(name).is_some_and(|last| own != Some(last))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_secret_is_of_the_object_that_put_it_last() {
        let workers = Workers::default();
        let mut worker = workers.lock("a", "s").await;
        assert!(!worker.is_of_another("KEY", None), "nobody has put it in this run");
        worker.put("KEY", "old");
        worker.put("KEY", "new");
        assert!(worker.is_of_another("KEY", Some("old")) && worker.is_of_another("KEY", None));
        assert!(!worker.is_of_another("KEY", Some("new")));
        assert!(!worker.is_of_another("OTHER", Some("old")));
        worker.deleted("KEY");
        assert!(!worker.is_of_another("KEY", Some("old")));
    }
}
