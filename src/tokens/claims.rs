//! The claims on a token's policies, and the removals that a dead token owes. Pure.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::host;
use crate::policy::Fingerprint;

/// The claims of one token's policies.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Claims {
    #[serde(default)]
    claims: host::Claims<Fingerprint>,
    /// Policies that were removed from a dead token, whose policies the API does not change. If the token works again one
    /// day, the next write removes them.
    #[serde(default)]
    owed: BTreeSet<Fingerprint>,
}

impl Claims {
    /// Takes over what another process has recorded meanwhile, and keeps this process's own claims.
    pub(super) fn updated(&self, recorded: Self) -> Self {
        Self { claims: self.claims.updated(recorded.claims), owed: recorded.owed }
    }

    /// Records that an object claims a policy, later than all others.
    pub(super) fn take(&mut self, fingerprint: Fingerprint, by: &str) {
        self.owed.remove(&fingerprint);
        self.claims.take(fingerprint, by);
    }

    /// Records that an object gives up a policy. True if another object has claimed it later, so that it stays.
    pub(super) fn release(&mut self, fingerprint: &Fingerprint, by: &str) -> bool {
        self.claims.release(fingerprint, by)
    }

    /// Makes an object's claim the earliest one, so that no other object leaves the policy for it.
    pub(super) fn demote(&mut self, fingerprint: &Fingerprint, by: &str) {
        self.claims.demote(fingerprint, by);
    }

    /// Whether this object has claimed the policy.
    pub(super) fn has(&self, fingerprint: &Fingerprint, by: &str) -> bool {
        self.claims.has(fingerprint, by)
    }

    /// Whether any object has claimed the policy.
    pub(super) fn is_claimed(&self, fingerprint: &Fingerprint) -> bool {
        self.claims.is_claimed(fingerprint)
    }

    /// Gives all of these to one object, and drops all other claims.
    pub(super) fn take_over(&mut self, all: &BTreeSet<Fingerprint>, by: &str) {
        self.claims.retain(|fingerprint| all.contains(fingerprint));
        all.iter().for_each(|fingerprint| self.take(*fingerprint, by));
    }

    /// Records policies that were removed from a dead token. If the token works again, they must be removed.
    pub(super) fn owe(&mut self, removed: impl IntoIterator<Item = Fingerprint>) {
        self.owed.extend(removed);
    }

    /// Whether the next write must remove this policy.
    pub(super) fn is_owed(&self, fingerprint: &Fingerprint) -> bool {
        self.owed.contains(fingerprint)
    }

    /// The same claims, with another name for one object.
    #[must_use]
    pub(super) fn renamed(self, from: &str, to: &str) -> Self {
        Self { claims: self.claims.renamed(from, to), owed: self.owed }
    }

    /// Records that the owed removals are done.
    pub(super) fn settle(&mut self) {
        self.owed.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fingerprint() -> Fingerprint {
        "a".repeat(64).parse().unwrap()
    }

    #[test]
    fn an_exclusive_owner_leaves_nobody_anything_else() {
        let mut claims = Claims::default();
        claims.take(fingerprint(), "binding");
        claims.take_over(&BTreeSet::new(), "token");
        assert!(!claims.is_claimed(&fingerprint()));
        claims.take_over(&BTreeSet::from([fingerprint()]), "token");
        assert!(claims.has(&fingerprint(), "token"));
    }

    #[test]
    fn what_is_owed_is_owed_until_it_is_claimed_or_settled() {
        let mut claims = Claims::default();
        claims.owe([fingerprint()]);
        let recorded = serde_json::from_str(&serde_json::to_string(&claims).unwrap()).unwrap();
        assert!(Claims::default().updated(recorded).is_owed(&fingerprint()));
        claims.take(fingerprint(), "a");
        assert!(!claims.is_owed(&fingerprint()));
        claims.owe([fingerprint()]);
        claims.settle();
        assert!(!claims.is_owed(&fingerprint()));
    }

    #[test]
    fn another_name_leaves_what_is_owed() {
        let other: Fingerprint = "b".repeat(64).parse().unwrap();
        let mut claims = Claims::default();
        claims.take(fingerprint(), "old");
        claims.owe([other]);
        let renamed = claims.renamed("old", "new");
        assert!(renamed.has(&fingerprint(), "new") && renamed.is_owed(&other));
    }
}
