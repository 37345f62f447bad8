//! The record beside a token's lock, which the processes of a host share.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::belief::Floor;
use super::claims::Claims;
use crate::policy::Fingerprint;

/// Policies by the objects that asked for them.
pub(super) type Asked = BTreeMap<String, BTreeSet<Fingerprint>>;

/// What became of an object's changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// All is as it asked, its policies too if it asked for some.
    Settled {
        /// Whether it did.
        policies: bool,
    },
    /// They may be as it asked. Its state says so.
    InDoubt,
    /// They are as before.
    Unchanged,
}

/// By object.
pub(super) type Ends = BTreeMap<String, End>;

/// A token's record.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Record {
    /// The newest version that one of them has written or seen.
    #[serde(default)]
    pub(super) floor: Option<Floor>,
    /// The claims on policies.
    #[serde(default)]
    pub(super) claims: Claims,
    /// The last change that each object has sent. By object.
    #[serde(default)]
    pub(super) sent: BTreeMap<String, Sent>,
    /// A write was begun. If its process was killed, it stays so, and the write may still take effect.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) writing: bool,
    /// Until when a write without an answer may still take effect, by this host's clock.
    #[serde(with = "time::serde::timestamp::milliseconds::option")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) late_until: Option<OffsetDateTime>,
    /// The last roll by this host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) roll: Option<Roll>,
    /// This host's last writes without another writer between them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) own: Option<OwnWrites>,
    /// The token that has taken this one's place, if one has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) successor: Option<Successor>,
    /// The token whose place this one has taken, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) predecessor: Option<Predecessor>,
}

/// A change that an object has sent. Its state may not say so, because the process or Terraform ended first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Sent {
    /// The policies that the object may have added.
    added: BTreeSet<Fingerprint>,
    /// Those of them that it did not claim before.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    claimed: BTreeSet<Fingerprint>,
    /// When it was sent, by the API's clock, in Unix milliseconds. Later ones have later times. A state that knows of the
    /// change has the time, too.
    on: i64,
    /// Whether the object has got the reply.
    heard: bool,
}

/// A roll of the token's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Roll {
    /// It may have taken effect, and nobody has its value.
    Unheard {
        /// When it began, by the API's clock, in Unix seconds.
        on: i64,
    },
    /// Its caller received the value. The version is the token's `modified_on` after it, in Unix seconds. `None` if it is not
    /// known.
    Heard { version: Option<i64> },
}

/// A token whose place another one has taken.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Predecessor {
    pub(super) id: String,
    /// Its latest possible end, in Unix seconds.
    pub(super) ends: i64,
}

/// A token that has taken another one's place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Successor {
    pub(super) id: String,
    /// Whether the caller received its value. Otherwise the value is lost, and the token is of no use.
    pub(super) heard: bool,
}

/// Writes of this host, each based on the one before. The versions are `modified_on` in Unix seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct OwnWrites {
    /// The version that the first write was based on.
    from: i64,
    /// The version that the last write made.
    to: i64,
}

impl Record {
    /// How long a write of an earlier process, or an earlier one of this process, may still take effect. `horizon` is the
    /// longest time that a write without an answer takes.
    pub(super) fn late(&self, now: OffsetDateTime, horizon: Duration) -> Option<Duration> {
        if self.writing {
            // The lock was free, so that process has ended.
            return Some(horizon);
        }
        let rest = Duration::try_from(self.late_until? - now).ok()?;
        (!rest.is_zero()).then(|| rest.min(horizon))
    }

    /// Records that the callers' changes are about to be sent. `since` are the times of the last changes that their states know
    /// of, and `now` is the API's clock, in Unix milliseconds. Another host, with another clock, may have made the change that
    /// a state knows of.
    pub(super) fn begin(&mut self, asked: &Asked, since: &BTreeMap<String, i64>, now: i64) {
        self.writing = true;
        for (by, added) in asked {
            let sent = self.sent.entry(by.clone()).or_default();
            let since = since.get(by).copied();
            if sent.heard && since.is_some_and(|since| sent.on <= since) {
                // The state has these.
                sent.added.clear();
            }
            sent.claimed.extend(added.iter().filter(|fingerprint| !self.claims.has(fingerprint, by)));
            sent.added.extend(added);
            (sent.on, sent.heard) = (now.max(sent.on.max(since.unwrap_or_default()) + 1), false);
        }
    }

    /// The record with the claims of objects on policies that they may have added without an answer that says so. Then they
    /// take these from nobody who claims them later.
    #[must_use]
    pub(super) fn claiming(&self, asked: &Asked) -> Self {
        let mut record = self.clone();
        for (by, added) in asked {
            for fingerprint in added.iter().filter(|fingerprint| !self.claims.has(fingerprint, by)) {
                record.claims.take(*fingerprint, by);
            }
        }
        record
    }

    /// Lets no object yield to one that may not exist, because nobody got the reply to its change. If it does exist, its next
    /// refresh is in doubt, and it writes again. `except` are the objects that are about to write.
    pub(super) fn demote_ghosts(&mut self, except: &Asked) {
        let ghosts = self.sent.iter().filter(|(by, sent)| !sent.heard && !except.contains_key(*by));
        for (by, sent) in ghosts {
            for fingerprint in &sent.claimed {
                self.claims.demote(fingerprint, by);
            }
        }
    }

    /// What an object may have added after the time that its state knows of. `None`: nothing, so the state is complete. A state
    /// without a time is from an older version. It knows of a change whose reply the object got.
    pub(super) fn unheard(&self, by: &str, since: Option<i64>) -> Option<&BTreeSet<Fingerprint>> {
        let is_later = |sent: &&Sent| since.map_or(!sent.heard, |since| sent.on > since);
        self.sent.get(by).filter(is_later).map(|sent| &sent.added)
    }

    /// The same, unless the change was made and the state has all of its policies: another state may manage the same object.
    pub(super) fn unknown(
        &self,
        by: &str,
        since: Option<i64>,
        has: &BTreeSet<Fingerprint>,
    ) -> Option<&BTreeSet<Fingerprint>> {
        let is_heard = self.sent.get(by).is_some_and(|sent| sent.heard);
        self.unheard(by, since).filter(|added| !(is_heard && added.is_subset(has)))
    }

    /// The time of an object's last change.
    pub(super) fn sent_on(&self, by: &str) -> Option<i64> {
        self.sent.get(by).map(|sent| sent.on)
    }

    /// Records that the callers get their replies. `before` is what they had sent before.
    pub(super) fn heard(&mut self, asked: &Asked, ends: &Ends, before: &BTreeMap<String, Sent>) {
        for (by, added) in asked {
            let Some(sent) = self.sent.get_mut(by) else { continue };
            sent.heard = true;
            sent.claimed.clear();
            match ends.get(by) {
                Some(End::Settled { policies: true }) => sent.added.clone_from(added),
                // What it added before stays, because no state may have that yet.
                Some(End::Settled { policies: false } | End::InDoubt) => {}
                Some(End::Unchanged) | None => match before.get(by) {
                    Some(before) => *sent = before.clone(),
                    None => sent.added.clear(),
                },
            }
            if sent.added.is_empty() {
                self.sent.remove(by);
            }
        }
    }

    /// Whether a roll may have taken effect whose value nobody received, after a value was issued, in Unix seconds.
    pub(super) fn has_lost_a_roll(&self, issued: i64) -> bool {
        matches!(self.roll, Some(Roll::Unheard { on }) if on >= issued)
    }

    /// Whether somebody on this host received a newer value than the one that belongs to this version of the token.
    pub(super) fn has_rolled_since(&self, version: i64) -> bool {
        matches!(self.roll, Some(Roll::Heard { version: Some(rolled) }) if rolled > version)
    }
}

impl OwnWrites {
    /// One write. `None` if the API does not date the versions.
    pub(super) fn one(read: Option<OffsetDateTime>, written: Option<OffsetDateTime>) -> Option<Self> {
        Some(Self { from: read?.unix_timestamp(), to: written?.unix_timestamp() })
    }

    /// These writes after earlier ones, which they may or may not continue.
    #[must_use]
    pub(super) fn after(self, earlier: Option<Self>) -> Self {
        match earlier {
            Some(earlier) if earlier.to == self.from => Self { from: earlier.from, ..self },
            _ => self,
        }
    }

    /// Whether they are all writes since one version, up to another.
    pub(super) fn are_all(&self, since: i64, up_to: i64) -> bool {
        (self.from..=self.to).contains(&since) && self.to == up_to
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fingerprints(text: &str) -> BTreeSet<Fingerprint> {
        text.chars().map(|digit| digit.to_string().repeat(64).parse().unwrap()).collect()
    }

    fn asked(by: &str, added: &str) -> Asked {
        [(by.to_owned(), fingerprints(added))].into()
    }

    #[test]
    fn what_a_state_does_not_know_of_stays_until_a_write_of_policies_succeeds() {
        let mut record = Record::default();
        record.begin(&asked("a", "1"), &BTreeMap::new(), 10);
        let horizon = Duration::from_secs(4);
        assert_eq!(record.late(OffsetDateTime::UNIX_EPOCH, horizon), Some(horizon), "it is about to be sent");
        let unheard = |record: &Record, since| record.unheard("a", since).cloned();
        assert_eq!(unheard(&record, None), Some(fingerprints("1")));
        assert_eq!((unheard(&record, Some(9)), unheard(&record, Some(10))), (Some(fingerprints("1")), None));
        // The next run asks for another policy. The clock may stand still.
        let before = record.clone();
        record.begin(&asked("a", "2"), &BTreeMap::new(), 10);
        assert_eq!((record.sent_on("a"), unheard(&record, Some(10))), (Some(11), Some(fingerprints("12"))));
        let heard = |end| {
            let mut record = record.clone();
            record.heard(&asked("a", "2"), &[("a".to_owned(), end)].into(), &before.sent);
            record
        };
        // A state that was saved has the time of the change. One that was not has an earlier one.
        let settled = heard(End::Settled { policies: true });
        assert_eq!(
            (unheard(&settled, Some(11)), unheard(&settled, Some(10))),
            (None, Some(fingerprints("2")))
        );
        for end in [End::InDoubt, End::Settled { policies: false }] {
            assert_eq!(unheard(&heard(end), Some(10)), Some(fingerprints("12")));
        }
        assert_eq!(heard(End::Unchanged).sent, before.sent);
        assert_eq!(unheard(&settled, None), None);
        // Another state of the same object may have made the same change.
        assert_eq!(settled.unknown("a", Some(10), &fingerprints("23")), None);
        assert_eq!(settled.unknown("a", Some(10), &fingerprints("3")), Some(&fingerprints("2")));
        assert_eq!(record.unknown("a", None, &fingerprints("12")), Some(&fingerprints("12")));
        // A refused first change, and one without policies, leave nothing.
        record.heard(&asked("a", "2"), &Ends::new(), &BTreeMap::new());
        assert_eq!(record.sent, BTreeMap::new());
    }

    #[test]
    fn what_a_state_has_is_no_longer_taken_for_unheard_whatever_the_clocks_say() {
        let mut record = Record::default();
        record.begin(&asked("a", "1"), &BTreeMap::new(), 10);
        record.heard(
            &asked("a", "1"),
            &[("a".to_owned(), End::Settled { policies: true })].into(),
            &BTreeMap::new(),
        );
        // Another host, whose clock is ahead, has made the last change that the state knows of.
        record.begin(&asked("a", "2"), &[("a".to_owned(), 500)].into(), 20);
        assert_eq!(record.sent_on("a"), Some(501));
        assert_eq!(record.unheard("a", Some(500)), Some(&fingerprints("2")));
        // A state that does not know of the last change does not have its policies.
        record.begin(&asked("a", "3"), &[("a".to_owned(), 500)].into(), 20);
        assert_eq!(record.unheard("a", Some(500)), Some(&fingerprints("23")));
    }

    #[test]
    fn a_state_has_what_was_heard_up_to_its_time() {
        let after = |is_heard: bool, since| {
            let mut record = Record::default();
            record.begin(&asked("a", "1"), &BTreeMap::new(), 10);
            if is_heard {
                let settled = [("a".to_owned(), End::Settled { policies: true })].into();
                record.heard(&asked("a", "1"), &settled, &BTreeMap::new());
            }
            record.begin(&asked("a", "2"), &[("a".to_owned(), since)].into(), 20);
            record.unheard("a", Some(since)).cloned()
        };
        let (both, last) = (Some(fingerprints("12")), Some(fingerprints("2")));
        assert_eq!((after(true, 9), after(true, 10), after(true, 11)), (both.clone(), last.clone(), last));
        assert_eq!((after(false, 9), after(false, 11)), (both.clone(), both));
    }

    #[test]
    fn a_killed_change_costs_an_object_no_claim_that_it_had() {
        let policy: Fingerprint = "1".repeat(64).parse().unwrap();
        let mut record = Record::default();
        record.claims.take(policy, "old");
        record.begin(&asked("a", "1"), &BTreeMap::new(), 10);
        record = record.claiming(&asked("a", "1"));
        let settled = [("a".to_owned(), End::Settled { policies: true })].into();
        record.heard(&asked("a", "1"), &settled, &BTreeMap::new());
        record.begin(&asked("a", "12"), &BTreeMap::new(), 20);
        record.demote_ghosts(&asked("old", ""));
        assert!(record.claims.release(&policy, "old"), "the other one has had it since");
    }

    #[test]
    fn a_claim_of_an_object_that_may_not_exist_keeps_nothing() {
        let policy = |digit: char| digit.to_string().repeat(64).parse().unwrap();
        let mut record = Record::default();
        record.claims.take(policy('1'), "old");
        record.begin(&asked("ghost", "1"), &BTreeMap::new(), 10);
        let record = record.claiming(&asked("ghost", "1"));
        let release = |mut record: Record| record.claims.release(&policy('1'), "old");
        assert!(release(record.clone()), "the other one has claimed it later");
        let without = |except: &Asked| {
            let mut record = record.clone();
            record.demote_ghosts(except);
            record
        };
        assert!(!release(without(&asked("old", ""))));
        assert!(release(without(&asked("ghost", "1"))), "it exists after all");
        let mut heard = record.clone();
        heard.heard(
            &asked("ghost", "1"),
            &[("ghost".to_owned(), End::Settled { policies: true })].into(),
            &BTreeMap::new(),
        );
        heard.demote_ghosts(&asked("old", ""));
        assert!(release(heard));
    }

    #[test]
    fn a_claim_without_an_answer_is_the_latest_and_moves_no_own_one() {
        let fingerprint = |digit: char| digit.to_string().repeat(64).parse().unwrap();
        let mut record = Record::default();
        record.claims.take(fingerprint('1'), "a");
        record.claims.take(fingerprint('1'), "b");
        let mut begun = record.claiming(&asked("a", "12"));
        assert!(!record.claims.is_claimed(&fingerprint('2')));
        assert!(begun.claims.has(&fingerprint('2'), "a"));
        assert!(begun.claims.release(&fingerprint('1'), "a"), "the other one still claimed it later");
        begun.claims.take(fingerprint('2'), "c");
        assert!(begun.claims.release(&fingerprint('2'), "a"));
    }

    #[test]
    fn a_write_may_come_late_for_the_horizon_at_most() {
        let now = OffsetDateTime::UNIX_EPOCH + Duration::from_secs(100);
        let horizon = Duration::from_secs(4);
        let late = |writing, until: Option<i64>| {
            let late_until = until.map(|ms| now + time::Duration::milliseconds(ms));
            let record = Record { writing, late_until, ..Record::default() };
            let text = serde_json::to_string(&record).unwrap();
            serde_json::from_str::<Record>(&text).unwrap().late(now, horizon)
        };
        assert_eq!(late(false, None), None);
        assert_eq!((late(false, Some(-1)), late(false, Some(0))), (None, None));
        assert_eq!(late(false, Some(1500)), Some(Duration::from_millis(1500)));
        // The clock was set back.
        assert_eq!(late(false, Some(3_600_000)), Some(horizon));
        // Its process was killed.
        assert_eq!(late(true, None), Some(horizon));
    }

    #[test]
    fn a_roll_is_lost_or_newer_than_a_version() {
        let rolled = |roll| Record { roll, ..Record::default() };
        let heard = |version| rolled(Some(Roll::Heard { version }));
        let lost = rolled(Some(Roll::Unheard { on: 5 }));
        assert!(lost.has_lost_a_roll(4) && lost.has_lost_a_roll(5) && !lost.has_lost_a_roll(6));
        assert!(!rolled(None).has_lost_a_roll(4) && !heard(Some(9)).has_lost_a_roll(4));
        assert!(!lost.has_rolled_since(1));
        assert!(heard(Some(9)).has_rolled_since(8) && !heard(Some(9)).has_rolled_since(9));
        assert!(!heard(None).has_rolled_since(8) && !rolled(None).has_rolled_since(8));
    }

    #[test]
    fn writes_are_all_while_each_is_based_on_the_one_before() {
        let one = |from, to| OwnWrites { from, to };
        let both = one(2, 5).after(Some(one(1, 2)));
        assert!(both.are_all(1, 5) && both.are_all(2, 5) && !both.are_all(0, 5) && !both.are_all(1, 6));
        // Another writer has made version 3.
        let broken = one(3, 5).after(Some(one(1, 2)));
        assert!(!broken.are_all(2, 5) && broken.are_all(3, 5));
    }
}
