//! The claims of objects on things, in the order in which they were made. Pure.
//!
//! Two objects can have the same thing: an object and its replacement, or two objects with the same content. When an
//! object gives up a thing, it must not take it from an object with a later claim. The processes of a host share the
//! claims: one run may make a replacement, and the next run may destroy the replaced object.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// One object's claim on a thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Claim {
    by: String,
    /// Whether this process made the claim. A record from another process may be out of date, because another host may
    /// have destroyed the object since.
    #[serde(skip)]
    fresh: bool,
}

/// The claims on some things, by the things' keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound = "K: Serialize + for<'k> Deserialize<'k> + Ord")]
pub struct Claims<K>(BTreeMap<K, Vec<Claim>>);

impl<K> Default for Claims<K> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<K: Ord> Claims<K> {
    /// Takes over the recorded claims of other processes, and remembers which claims this process made.
    #[must_use]
    pub fn updated(&self, recorded: Self) -> Self {
        let mut updated = recorded;
        for (thing, claims) in &mut updated.0 {
            let own = self.0.get(thing).map(Vec::as_slice).unwrap_or_default();
            let is_own = |by: &str| own.iter().any(|claim| claim.fresh && claim.by == by);
            claims.iter_mut().for_each(|claim| claim.fresh = is_own(&claim.by));
        }
        updated
    }

    /// Records that an object claims a thing. The claim is later than all others.
    pub fn take(&mut self, thing: K, by: &str) {
        let claims = self.0.entry(thing).or_default();
        claims.retain(|claim| claim.by != by);
        claims.push(Claim { by: by.to_owned(), fresh: true });
    }

    /// Makes an object's claim the earliest one, so that no other object yields to it.
    pub fn demote(&mut self, thing: &K, by: &str) {
        if let Some(claims) = self.0.get_mut(thing) {
            claims.sort_by_key(|claim| claim.by != by);
        }
    }

    /// Whether another object has claimed the thing later than this one. If this object has no recorded claim, only a
    /// claim of this process is certainly later.
    pub fn is_claimed_later(&self, thing: &K, by: &str) -> bool {
        let claims = self.0.get(thing).map(Vec::as_slice).unwrap_or_default();
        match claims.iter().position(|claim| claim.by == by) {
            Some(own) => own + 1 < claims.len(),
            None => claims.iter().any(|claim| claim.fresh),
        }
    }

    /// Records that an object gives up a thing. True if another object has claimed the thing later, so that the thing
    /// must stay.
    pub fn release(&mut self, thing: &K, by: &str) -> bool {
        let later = self.is_claimed_later(thing, by);
        if !later {
            self.0.remove(thing);
        } else if let Some(claims) = self.0.get_mut(thing) {
            claims.retain(|claim| claim.by != by);
        }
        later
    }

    /// The same claims, with another name for one object.
    #[must_use]
    pub fn renamed(mut self, from: &str, to: &str) -> Self {
        for claim in self.0.values_mut().flatten().filter(|claim| claim.by == from) {
            to.clone_into(&mut claim.by);
        }
        self
    }

    /// Whether this object has claimed the thing.
    pub fn has(&self, thing: &K, by: &str) -> bool {
        self.0.get(thing).is_some_and(|claims| claims.iter().any(|claim| claim.by == by))
    }

    /// Whether any object has claimed the thing.
    pub fn is_claimed(&self, thing: &K) -> bool {
        self.0.contains_key(thing)
    }

    /// Removes the claims on things that the filter does not keep.
    pub fn retain(&mut self, keep: impl Fn(&K) -> bool) {
        self.0.retain(|thing, _| keep(thing));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claimed(by: &[&str]) -> Claims<String> {
        let mut claims = Claims::default();
        by.iter().for_each(|by| claims.take("thing".to_owned(), by));
        claims
    }

    #[test]
    fn nobody_yields_to_a_claim_that_was_made_the_earliest() {
        let mut claims = claimed(&["first", "second", "third"]);
        claims.demote(&"thing".to_owned(), "third");
        assert!(!release(claims.clone(), "second") && release(claims.clone(), "first"));
        assert!(release(claims, "third"), "it yields to all others");
    }

    fn release(mut claims: Claims<String>, by: &str) -> bool {
        claims.release(&"thing".to_owned(), by)
    }

    /// The claims as another process reads them.
    fn recorded(claims: &Claims<String>) -> Claims<String> {
        Claims::default().updated(serde_json::from_str(&serde_json::to_string(claims).unwrap()).unwrap())
    }

    #[test]
    fn an_earlier_claim_gives_way_to_a_later_one() {
        assert!(release(claimed(&["old", "new"]), "old"));
        assert!(!release(claimed(&["old", "new"]), "new"));
        assert!(release(claimed(&["new", "old", "new"]), "old"), "the latest claim counts");
        assert!(!release(claimed(&["a"]), "a"));
        assert!(!release(Claims::default(), "a"));
    }

    #[test]
    fn the_order_of_claims_holds_in_the_next_process() {
        assert!(release(recorded(&claimed(&["old", "new"])), "old"));
        assert!(!release(recorded(&claimed(&["old", "new"])), "new"));
    }

    #[test]
    fn an_unrecorded_object_gives_way_to_claims_of_this_run_alone() {
        assert!(release(claimed(&["new"]), "unrecorded"));
        assert!(!release(recorded(&claimed(&["new"])), "unrecorded"));
    }

    #[test]
    fn claims_of_this_run_stay_its_own_when_a_record_is_read() {
        let own = claimed(&["mine"]);
        let both = claimed(&["mine", "theirs"]);
        let read = serde_json::from_str(&serde_json::to_string(&both).unwrap()).unwrap();
        let updated = own.updated(read);
        let thing = "thing".to_owned();
        assert!(updated.has(&thing, "mine") && updated.has(&thing, "theirs"));
        assert!(release(updated, "unrecorded"));
    }

    #[test]
    fn what_was_let_go_of_is_claimed_by_nobody() {
        let mut claims = claimed(&["a"]);
        claims.release(&"thing".to_owned(), "a");
        assert!(!claims.is_claimed(&"thing".to_owned()));
        let mut claims = claimed(&["a"]);
        claims.retain(|_| false);
        assert_eq!(claims, Claims::default());
    }

    #[test]
    fn a_claim_that_gives_way_is_forgotten_and_the_later_one_stays() {
        let thing = "thing".to_owned();
        let mut claims = claimed(&["old", "new"]);
        assert!(claims.release(&thing, "old"));
        assert!(!claims.has(&thing, "old") && claims.has(&thing, "new"));
    }

    #[test]
    fn only_what_this_run_has_claimed_is_of_this_run() {
        let thing = "thing".to_owned();
        let read = |claims: &Claims<String>| -> Claims<String> {
            serde_json::from_str(&serde_json::to_string(claims).unwrap()).unwrap()
        };
        let mut updated = claimed(&["mine"]).updated(read(&claimed(&["mine", "theirs"])));
        assert!(updated.release(&thing, "mine"));
        assert!(!release(updated, "unrecorded"), "theirs was claimed by another run");
        let again = recorded(&claimed(&["a"])).updated(read(&claimed(&["a"])));
        assert!(!release(again, "unrecorded"), "it was read, not claimed");
    }

    #[test]
    fn a_renamed_object_has_its_claims_under_its_new_name() {
        let thing = "thing".to_owned();
        let renamed = claimed(&["old", "other"]).renamed("old", "new");
        assert!(renamed.has(&thing, "new") && renamed.has(&thing, "other") && !renamed.has(&thing, "old"));
    }
}
