//! Decides whether a Worker's secret belongs to this object if its first put had no answer. Pure.
//!
//! The API shows neither a secret's value nor its author. After a first put without an answer, an existing secret
//! may be this object's or foreign. The provider does not remove a secret that may be foreign.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::cloudflare::WorkerSecret;

/// What is known about the names that an object has put for the first time. It is stored in the private state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Origins {
    /// The names that were free when the plan looked. At apply, the plan runs again right before the put.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    free: BTreeSet<String>,
    /// The names whose first put had no answer and whose secret may be foreign.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    perhaps_foreign: BTreeSet<String>,
}

impl Origins {
    /// Notes at plan which names were free.
    pub(crate) fn found_free(&mut self, names: impl IntoIterator<Item = String>) {
        self.free = names.into_iter().collect();
    }

    /// Records first puts of these names that had no answer. `own` says whether another object of this provider has put
    /// a name before. `there` has the names that were found right after the puts.
    ///
    /// If a name was free before the put and exists right after it, the put has made the secret.
    #[must_use]
    pub(crate) fn doubted<'a>(
        &self,
        first: impl IntoIterator<Item = &'a str>,
        own: impl Fn(&str) -> bool,
        there: &BTreeSet<String>,
    ) -> Self {
        let is_ours = |name: &str| own(name) || (self.free.contains(name) && there.contains(name));
        let foreign = first.into_iter().filter(|name| !is_ours(name)).map(str::to_owned);
        let perhaps_foreign = self.perhaps_foreign.iter().cloned().chain(foreign).collect();
        Self { free: BTreeSet::new(), perhaps_foreign }
    }

    /// Whether the plan found the name free.
    pub(crate) fn is_free(&self, name: &str) -> bool {
        self.free.contains(name)
    }

    /// The same as [`doubted`](Self::doubted) for writes that no state says anything of. `unheard` has their names, and
    /// whether each was free or the object's own before. `managed` are the names that the state has.
    #[must_use]
    pub(crate) fn unheard(
        &self,
        unheard: &BTreeMap<String, bool>,
        managed: &BTreeSet<&str>,
        there: &[WorkerSecret],
    ) -> Self {
        let first = unheard.keys().map(String::as_str).filter(|name| !managed.contains(name));
        let is_there = |name: &str| there.iter().any(|secret| secret.name == name);
        self.doubted(first, |name| unheard.get(name) == Some(&true) && is_there(name), &BTreeSet::new())
    }

    /// The names whose secrets may be foreign.
    pub(crate) fn foreign(&self) -> &BTreeSet<String> {
        &self.perhaps_foreign
    }

    /// The same, with more names whose secrets may be foreign.
    #[must_use]
    pub(crate) fn with_foreign(&self, names: BTreeSet<String>) -> Self {
        let mut origins = self.clone();
        origins.perhaps_foreign.extend(names);
        origins
    }

    /// Whether the secret of this name may be foreign.
    pub(crate) fn is_perhaps_foreign(&self, name: &str) -> bool {
        self.perhaps_foreign.contains(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn a_secret_is_ours_where_its_name_was_free_before_and_is_taken_right_after() {
        let mut origins = Origins::default();
        origins.found_free(names(&["NEW", "LATE"]));
        let doubted = origins.doubted(["NEW", "LATE", "THEIRS"], |_| false, &names(&["NEW", "THEIRS"]));
        assert!(!doubted.is_perhaps_foreign("NEW"));
        assert!(doubted.is_perhaps_foreign("LATE"), "somebody may put it before ours comes");
        assert!(doubted.is_perhaps_foreign("THEIRS"));
    }

    #[test]
    fn what_another_object_of_ours_has_put_is_ours() {
        let doubted = Origins::default().doubted(["KEY"], |_| true, &names(&["KEY"]));
        assert!(!doubted.is_perhaps_foreign("KEY"));
    }

    #[test]
    fn a_second_doubt_forgets_no_first_one() {
        let first = Origins::default().doubted(["A"], |_| false, &names(&["A"]));
        let second = first.doubted([], |_| false, &names(&["A"]));
        assert!(second.is_perhaps_foreign("A") && !second.is_perhaps_foreign("B"));
    }

    #[test]
    fn what_no_state_says_is_ours_where_its_name_was_free_and_is_taken_now() {
        let unheard = [("new", true), ("gone", true), ("old", false), ("managed", false)];
        let unheard = unheard.map(|(name, is_new)| (name.to_owned(), is_new)).into();
        let secret = |name: &str| WorkerSecret { name: name.to_owned(), kind: String::new() };
        let there = ["new", "old", "managed", "other"].map(secret);
        let origins = Origins::default().unheard(&unheard, &BTreeSet::from(["managed"]), &there);
        let foreign = |name| origins.is_perhaps_foreign(name);
        assert!(foreign("gone") && foreign("old"), "somebody else may have made or taken them");
        assert!(!foreign("new") && !foreign("managed") && !foreign("other"));
    }
}
