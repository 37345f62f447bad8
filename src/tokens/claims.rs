//! Who has claimed which policy of a token, in what order. Pure.
//!
//! Two objects may hold the same policy: a binding and the one that replaces it, or two that were written alike. Whoever
//! lets go of a policy must not take it from one who has claimed it later. The processes of a host hand the claims on to
//! each other, since a replacement may be made in one run and the replaced object destroyed in the next.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::policy::Fingerprint;

/// One object's claim of a policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Claim {
    by: String,
    /// It was made by this process. What another process has recorded may be out of date: another host may have destroyed
    /// the object since.
    #[serde(skip)]
    fresh: bool,
}

/// The claims of one token's policies.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Claims {
    /// For each policy its claims, the latest one last.
    #[serde(default)]
    claims: BTreeMap<Fingerprint, Vec<Claim>>,
    /// Policies that were taken from a dead token, whose policies the API does not change any more. Should it come back to
    /// life, the next write removes them.
    #[serde(default)]
    owed: BTreeSet<Fingerprint>,
}

impl Claims {
    /// Takes over what another process has recorded meanwhile, and keeps what this one has claimed.
    pub(super) fn updated(mut self, recorded: Claims) -> Claims {
        let mut updated = recorded;
        for (fingerprint, claims) in &mut updated.claims {
            let own = self.claims.remove(fingerprint).unwrap_or_default();
            let is_own = |by: &str| own.iter().any(|claim| claim.fresh && claim.by == by);
            claims.iter_mut().for_each(|claim| claim.fresh = is_own(&claim.by));
        }
        updated
    }

    /// An object claims a policy, later than all others.
    pub(super) fn take(&mut self, fingerprint: Fingerprint, by: &str) {
        self.owed.remove(&fingerprint);
        let claims = self.claims.entry(fingerprint).or_default();
        claims.retain(|claim| claim.by != by);
        claims.push(Claim { by: by.to_owned(), fresh: true });
    }

    /// An object lets go of a policy. True where another one has claimed it later, so that it stays. Of an object whose own
    /// claim is not recorded only a claim of this run is surely later.
    pub(super) fn release(&mut self, fingerprint: &Fingerprint, by: &str) -> bool {
        let Some(claims) = self.claims.get_mut(fingerprint) else { return false };
        let own = claims.iter().position(|claim| claim.by == by);
        let later = match own {
            Some(own) => own + 1 < claims.len(),
            None => claims.iter().any(|claim| claim.fresh),
        };
        claims.retain(|claim| claim.by != by);
        if !later {
            self.claims.remove(fingerprint);
        }
        later
    }

    /// Has this object claimed the policy?
    pub(super) fn has(&self, fingerprint: &Fingerprint, by: &str) -> bool {
        self.claims.get(fingerprint).is_some_and(|claims| claims.iter().any(|claim| claim.by == by))
    }

    /// Has any object claimed the policy?
    pub(super) fn is_claimed(&self, fingerprint: &Fingerprint) -> bool {
        self.claims.contains_key(fingerprint)
    }

    /// One object has all of these, and nobody anything else.
    pub(super) fn take_over(&mut self, all: &BTreeSet<Fingerprint>, by: &str) {
        self.claims.retain(|fingerprint, _| all.contains(fingerprint));
        all.iter().for_each(|fingerprint| self.take(*fingerprint, by));
    }

    /// These were taken from a dead token: should it come back to life, they are to go.
    pub(super) fn owe(&mut self, removed: impl IntoIterator<Item = Fingerprint>) {
        self.owed.extend(removed);
    }

    /// Is this policy to go with the next write?
    pub(super) fn is_owed(&self, fingerprint: &Fingerprint) -> bool {
        self.owed.contains(fingerprint)
    }

    /// What was owed is done.
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

    fn claimed(by: &[&str]) -> Claims {
        let mut claims = Claims::default();
        by.iter().for_each(|by| claims.take(fingerprint(), by));
        claims
    }

    /// The claims as another process reads them.
    fn recorded(claims: &Claims) -> Claims {
        Claims::default().updated(serde_json::from_str(&serde_json::to_string(claims).unwrap()).unwrap())
    }

    #[test]
    fn an_earlier_claim_gives_way_to_a_later_one() {
        assert!(claimed(&["old", "new"]).release(&fingerprint(), "old"));
        assert!(!claimed(&["old", "new"]).release(&fingerprint(), "new"));
        assert!(claimed(&["new", "old", "new"]).release(&fingerprint(), "old"), "the latest claim counts");
        assert!(!claimed(&["a"]).release(&fingerprint(), "a"));
        assert!(!Claims::default().release(&fingerprint(), "a"));
    }

    #[test]
    fn the_order_of_claims_holds_in_the_next_process() {
        assert!(recorded(&claimed(&["old", "new"])).release(&fingerprint(), "old"));
        assert!(!recorded(&claimed(&["old", "new"])).release(&fingerprint(), "new"));
    }

    #[test]
    fn an_unrecorded_object_gives_way_to_claims_of_this_run_alone() {
        assert!(claimed(&["new"]).release(&fingerprint(), "unrecorded"));
        assert!(!recorded(&claimed(&["new"])).release(&fingerprint(), "unrecorded"));
    }

    #[test]
    fn claims_of_this_run_stay_its_own_when_a_record_is_read() {
        let own = claimed(&["mine"]);
        let mut both = own.clone();
        both.take(fingerprint(), "theirs");
        let read: Claims = serde_json::from_str(&serde_json::to_string(&both).unwrap()).unwrap();
        let mut updated = own.updated(read);
        assert!(updated.has(&fingerprint(), "mine") && updated.has(&fingerprint(), "theirs"));
        assert!(updated.release(&fingerprint(), "unrecorded"));
    }

    #[test]
    fn an_exclusive_owner_leaves_nobody_anything_else() {
        let mut claims = claimed(&["binding"]);
        claims.take_over(&BTreeSet::new(), "token");
        assert!(!claims.is_claimed(&fingerprint()));
        claims.take_over(&BTreeSet::from([fingerprint()]), "token");
        assert!(claims.has(&fingerprint(), "token"));
    }

    #[test]
    fn what_is_owed_is_owed_until_it_is_claimed_or_settled() {
        let mut claims = Claims::default();
        claims.owe([fingerprint()]);
        assert!(recorded(&claims).is_owed(&fingerprint()));
        claims.take(fingerprint(), "a");
        assert!(!claims.is_owed(&fingerprint()));
        claims.owe([fingerprint()]);
        claims.settle();
        assert!(!claims.is_owed(&fingerprint()));
    }
}
