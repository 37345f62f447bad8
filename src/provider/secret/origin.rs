//! Whose a Worker's secret is when its first put had no answer. Pure.
//!
//! The API tells neither a secret's value nor who put it. Where a first put has no answer, a secret that is there may be this
//! object's or somebody else's, and what may be somebody else's is not removed.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// What is known of the names that an object has put for the first time. It is kept beside the state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Origins {
    /// The names that were free when the plan looked. The plan at apply looks right before the put.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    free: BTreeSet<String>,
    /// The names whose first put had no answer, and that may be somebody else's.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    perhaps_foreign: BTreeSet<String>,
}

impl Origins {
    /// Notes at plan which names were free.
    pub(crate) fn found_free(&mut self, names: impl IntoIterator<Item = String>) {
        self.free = names.into_iter().collect();
    }

    /// After first puts of these names without an answer. `own`: another object of ours has put that name before. `there`: the
    /// names that a look right afterwards has found.
    ///
    /// A name that was free before and is taken right after the put has been put by it.
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

    /// Whether the secret of this name may be somebody else's.
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
}
