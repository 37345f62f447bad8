//! Decides which reads to believe. Reads may lag behind writes, and a token may seem to be missing for a moment (facts on
//! the API, section 6, 16). So a read that is older than the last write is repeated, and so is a 404. Pure.

use std::time::Duration;

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use time::OffsetDateTime;

use super::view::held;
use crate::cloudflare::{Owner, RequestIp, Token};
use crate::policy::IpSet;

/// How often a read that is older than the floor is repeated.
const OUTDATED: u32 = 6;
/// How many reads must say that a token does not exist before that is believed.
const MISSING: u32 = 2;
/// The same for a token that existed a moment ago.
const MISSING_THOUGH_KNOWN: u32 = 6;
/// How long after a write a token counts as having existed a moment ago.
const KNOWN_FOR: time::Duration = time::Duration::minutes(2);
/// How long to doubt an unknown version of the floor's second: it may be older than the floor.
const SETTLES_WITHIN: time::Duration = time::Duration::seconds(3);
/// The longest pause between two reads, in units of the first one.
const LONGEST: u32 = 8;

/// The newest version of a token that a process of this host has written or seen. No older read is believed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Floor {
    /// The version's `modified_on`. The API keeps it in whole seconds.
    #[serde(with = "time::serde::timestamp::option", default)]
    modified_on: Option<OffsetDateTime>,
    /// A hash of the version's content. It distinguishes versions of the same second.
    digest: String,
    /// The hashes of earlier versions of the same second.
    #[serde(default)]
    before: Vec<String>,
    /// When it was seen, by this host's clock.
    #[serde(with = "time::serde::timestamp")]
    seen_on: OffsetDateTime,
}

/// The age of a read, compared with the floor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Age {
    Current,
    /// It is of the floor's second and has other content: an earlier version, or another write in that second.
    Doubtful,
    Older,
}

impl Floor {
    /// The floor that a version sets.
    pub(super) fn of(token: &Token, owner: &Owner, now: OffsetDateTime) -> Self {
        let digest = digest(token, owner);
        Self { modified_on: token.modified_on, digest, before: Vec::new(), seen_on: now }
    }

    /// The floor after a newer version was seen. An older version changes nothing.
    pub(super) fn raised(self, newer: Self) -> Self {
        if self.modified_on > newer.modified_on {
            return self;
        }
        let mut before = newer.before;
        if self.modified_on == newer.modified_on {
            before.extend(self.before);
            before.push(self.digest);
            before.sort();
            before.dedup();
            before.retain(|digest| *digest != newer.digest);
        }
        Self { before, ..newer }
    }

    /// Whether the token existed a moment ago.
    pub(super) fn is_recent(&self, now: OffsetDateTime) -> bool {
        now - self.seen_on < KNOWN_FOR
    }

    /// Whether this version is certainly not older.
    pub(super) fn allows(&self, token: &Token, owner: &Owner, now: OffsetDateTime) -> bool {
        self.age(token, owner, now) == Age::Current
    }

    fn age(&self, token: &Token, owner: &Owner, now: OffsetDateTime) -> Age {
        match (token.modified_on, self.modified_on) {
            (Some(read), Some(floor)) if read < floor => Age::Older,
            (Some(read), Some(floor)) if read == floor => {
                let digest = digest(token, owner);
                let is_fresh = now - self.seen_on < SETTLES_WITHIN;
                let doubtful = self.before.contains(&digest) || (is_fresh && digest != self.digest);
                if doubtful { Age::Doubtful } else { Age::Current }
            }
            _ => Age::Current,
        }
    }
}

/// A hash of everything that a write changes. Order and spelling do not count.
fn digest(token: &Token, owner: &Owner) -> String {
    let side = |list: &Option<Vec<String>>| {
        let set = list.as_ref().map(|list| IpSet::parse(list.iter().map(String::as_str)));
        match set {
            Some(Ok(set)) => format!("{set:?}"),
            _ => format!("{list:?}"),
        }
    };
    let ip = |ip: &RequestIp| (side(&ip.allowed), side(&ip.denied), format!("{:?}", ip.other));
    let condition =
        token.condition.as_ref().map(|c| (c.request_ip.as_ref().map(ip), format!("{:?}", c.other)));
    let mut policies: Vec<_> = held(token, owner).iter().map(|held| held.key()).collect();
    policies.sort();
    let second = |at: Option<OffsetDateTime>| at.map(OffsetDateTime::unix_timestamp);
    let (ends, begins) = (second(token.expires_on), second(token.not_before));
    let all = format!("{:?}", (&token.name, &token.status, condition, ends, begins, policies));
    HEXLOWER.encode(&Sha256::digest(all))
}

/// The verdict on a read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weighed {
    /// It is true.
    Believed,
    /// It may be old. It must be repeated after this time.
    Again {
        wait: Duration,
        /// It may also be right. A caller that finds in it what it looks for does not have to wait.
        doubtful: bool,
    },
    /// All repetitions were older than what was written.
    Outdated,
}

/// Judges the reads of one token, one after the other.
#[derive(Clone, Debug)]
pub(super) struct Belief {
    floor: Option<Floor>,
    /// The token existed a moment ago.
    known: bool,
    pause: Duration,
    outdated: u32,
    missing: u32,
}

impl Belief {
    /// `known` means that the token existed a moment ago. `pause` is the first wait before a read is repeated.
    pub(super) fn new(floor: Option<Floor>, known: bool, pause: Duration) -> Self {
        Self { floor, known, pause, outdated: 0, missing: 0 }
    }

    /// Judges a read: a token, or a 404.
    pub(super) fn weigh(&mut self, read: Option<&Token>, owner: &Owner, now: OffsetDateTime) -> Weighed {
        let Some(token) = read else {
            self.missing += 1;
            let enough = if self.known { MISSING_THOUGH_KNOWN } else { MISSING };
            let again = Weighed::Again { wait: self.wait(self.missing), doubtful: false };
            return if self.missing >= enough { Weighed::Believed } else { again };
        };
        (self.known, self.missing) = (true, 0);
        let age = self.floor.as_ref().map_or(Age::Current, |floor| floor.age(token, owner, now));
        if age == Age::Current {
            self.outdated = 0;
            return Weighed::Believed;
        }
        self.outdated += 1;
        match age {
            _ if self.outdated <= OUTDATED => {
                Weighed::Again { wait: self.wait(self.outdated), doubtful: age == Age::Doubtful }
            }
            // Another writer wrote in the same second. The next old read is doubted anew.
            Age::Current | Age::Doubtful => {
                self.outdated = 0;
                Weighed::Believed
            }
            Age::Older => Weighed::Outdated,
        }
    }

    /// The same for a token that certainly existed a moment ago.
    #[must_use]
    pub(super) fn of_existing(self) -> Self {
        Self { known: true, ..self }
    }

    /// Takes over the floor that another process has recorded.
    pub(super) fn raise_to(&mut self, floor: Floor, now: OffsetDateTime) {
        let known = self.known || floor.is_recent(now);
        self.raise(floor);
        self.known = known;
    }

    /// Records a version that was written, or that is known to be the newest.
    pub(super) fn raise(&mut self, floor: Floor) {
        self.known = true;
        self.floor = Some(match self.floor.take() {
            Some(before) => before.raised(floor),
            None => floor,
        });
    }

    /// The present floor.
    pub(super) fn floor(&self) -> Option<&Floor> {
        self.floor.as_ref()
    }

    fn wait(&self, nth: u32) -> Duration {
        self.pause * 2_u32.saturating_pow(nth - 1).min(LONGEST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn owner() -> Owner {
        Owner::Account("0123456789abcdef0123456789abcdef".into())
    }

    fn token(second: u8, name: &str) -> Token {
        let modified_on = format!("2026-01-01T00:00:{second:02}Z");
        serde_json::from_value(json!({
            "id": "a", "name": name, "status": "active", "modified_on": modified_on, "policies": [],
        }))
        .unwrap()
    }

    fn at(second: i64) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(1_800_000_000 + second).unwrap()
    }

    fn belief(floor: Option<&Token>, known: bool) -> Belief {
        let floor = floor.map(|token| Floor::of(token, &owner(), at(0)));
        Belief::new(floor, known, Duration::from_millis(100))
    }

    /// Judges the same read until there is a verdict, and returns how often it was judged.
    fn weigh(belief: &mut Belief, read: Option<&Token>) -> (u32, Weighed) {
        for n in 1.. {
            match belief.weigh(read, &owner(), at(10)) {
                Weighed::Again { .. } => {}
                weighed => return (n, weighed),
            }
        }
        unreachable!()
    }

    #[test]
    fn a_first_read_is_believed() {
        assert_eq!(weigh(&mut belief(None, false), Some(&token(1, "a"))), (1, Weighed::Believed));
    }

    #[test]
    fn a_missing_token_is_looked_for_twice_and_longer_where_it_was_there() {
        assert_eq!(weigh(&mut belief(None, false), None), (2, Weighed::Believed));
        assert_eq!(weigh(&mut belief(None, true), None), (6, Weighed::Believed));
        let mut seen = belief(None, false);
        assert_eq!(seen.weigh(Some(&token(1, "a")), &owner(), at(10)), Weighed::Believed);
        assert_eq!(weigh(&mut seen, None), (6, Weighed::Believed));
    }

    #[test]
    fn a_token_was_there_where_it_was_written_or_its_floor_is_recent() {
        let missing = |known, raise: &dyn Fn(&mut Belief)| {
            let mut belief = belief(None, known);
            raise(&mut belief);
            weigh(&mut belief, None)
        };
        let floor = || Floor::of(&token(5, "new"), &owner(), at(0));
        assert_eq!(missing(false, &|belief| belief.raise(floor())), (6, Weighed::Believed));
        assert_eq!(missing(false, &|belief| belief.raise_to(floor(), at(119))), (6, Weighed::Believed));
        assert_eq!(missing(false, &|belief| belief.raise_to(floor(), at(120))), (2, Weighed::Believed));
        assert_eq!(missing(true, &|belief| belief.raise_to(floor(), at(120))), (6, Weighed::Believed));
    }

    #[test]
    fn a_floor_that_another_process_has_handed_on_counts() {
        let mut belief = belief(None, false);
        belief.raise_to(Floor::of(&token(5, "new"), &owner(), at(0)), at(500));
        assert_eq!(weigh(&mut belief, Some(&token(4, "old"))), (7, Weighed::Outdated));
    }

    #[test]
    fn old_reads_are_counted_from_the_last_one_that_was_believed() {
        let mut belief = belief(Some(&token(5, "new")), true);
        for _ in 0..2 {
            assert_eq!(belief.weigh(Some(&token(5, "new")), &owner(), at(10)), Weighed::Believed);
            for _ in 0..4 {
                let old = belief.weigh(Some(&token(4, "old")), &owner(), at(10));
                assert!(matches!(old, Weighed::Again { .. }), "{old:?}");
            }
        }
    }

    #[test]
    fn a_passing_404_leaves_no_trace() {
        let mut belief = belief(None, true);
        for _ in 0..3 {
            assert!(matches!(belief.weigh(None, &owner(), at(10)), Weighed::Again { doubtful: false, .. }));
            assert_eq!(belief.weigh(Some(&token(1, "a")), &owner(), at(10)), Weighed::Believed);
        }
    }

    #[test]
    fn an_older_version_is_never_believed() {
        let mut belief = belief(Some(&token(5, "new")), true);
        assert_eq!(weigh(&mut belief, Some(&token(4, "old"))), (7, Weighed::Outdated));
        assert_eq!(weigh(&mut belief, Some(&token(5, "new"))), (1, Weighed::Believed));
        assert_eq!(weigh(&mut belief, Some(&token(6, "other"))), (1, Weighed::Believed));
    }

    #[test]
    fn an_earlier_version_of_the_same_second_is_doubted_and_believed_in_the_end() {
        let mut belief = belief(Some(&token(5, "old")), true);
        belief.raise(Floor::of(&token(5, "new"), &owner(), at(0)));
        let first = belief.weigh(Some(&token(5, "old")), &owner(), at(10));
        assert_eq!(first, Weighed::Again { wait: Duration::from_millis(100), doubtful: true });
        assert_eq!(weigh(&mut belief, Some(&token(5, "old"))), (6, Weighed::Believed));
        assert_eq!(weigh(&mut belief, Some(&token(5, "another"))), (1, Weighed::Believed));
    }

    #[test]
    fn a_doubt_that_has_ended_leaves_the_next_one_as_long() {
        let mut belief = belief(Some(&token(5, "first")), true);
        belief.raise(Floor::of(&token(5, "second"), &owner(), at(0)));
        assert_eq!(weigh(&mut belief, Some(&token(5, "first"))), (7, Weighed::Believed));
        // What was believed is the floor now.
        belief.raise(Floor::of(&token(5, "first"), &owner(), at(0)));
        assert_eq!(weigh(&mut belief, Some(&token(5, "second"))), (7, Weighed::Believed));
    }

    #[test]
    fn an_unseen_version_of_the_same_second_is_doubted_for_three_seconds() {
        let mut belief = belief(Some(&token(5, "new")), true);
        let unseen = token(5, "unseen");
        let doubted = belief.weigh(Some(&unseen), &owner(), at(2));
        assert!(matches!(doubted, Weighed::Again { doubtful: true, .. }), "{doubted:?}");
        assert_eq!(belief.weigh(Some(&unseen), &owner(), at(3)), Weighed::Believed);
        assert_eq!(belief.weigh(Some(&token(5, "new")), &owner(), at(2)), Weighed::Believed);
    }

    #[test]
    fn waits_grow_to_a_limit() {
        let mut belief = belief(Some(&token(5, "new")), true);
        let waits: Vec<_> = (0..6)
            .map(|_| match belief.weigh(Some(&token(4, "old")), &owner(), at(10)) {
                Weighed::Again { wait, .. } => wait.as_millis(),
                weighed => panic!("{weighed:?}"),
            })
            .collect();
        assert_eq!(waits, [100, 200, 400, 800, 800, 800]);
    }

    #[test]
    fn a_floor_only_rises() {
        let (old, new) = (token(4, "old"), token(5, "new"));
        let mut belief = belief(Some(&new), true);
        belief.raise(Floor::of(&old, &owner(), at(0)));
        assert_eq!(belief.floor(), Some(&Floor::of(&new, &owner(), at(0))));
        let other = token(6, "other");
        belief.raise(Floor::of(&other, &owner(), at(1)));
        assert_eq!(belief.floor(), Some(&Floor::of(&other, &owner(), at(1))));
    }

    #[test]
    fn a_floor_allows_what_is_surely_not_older() {
        let floor = Floor::of(&token(5, "new"), &owner(), at(0));
        let allowed = |second, name| floor.allows(&token(second, name), &owner(), at(2));
        assert!(allowed(5, "new") && allowed(6, "other"));
        assert!(!allowed(4, "old") && !allowed(5, "unseen"));
    }

    #[test]
    fn a_floor_keeps_each_earlier_version_of_its_second_once() {
        let floor = |name| Floor::of(&token(5, name), &owner(), at(0));
        // Two processes have seen the first two versions, and each of them another third one.
        let ours = floor("a").raised(floor("b")).raised(floor("c"));
        let both = ours.raised(floor("a").raised(floor("b")).raised(floor("d")));
        assert_eq!(both.before.iter().collect::<std::collections::BTreeSet<_>>().len(), 3);
        assert_eq!(both.before.len(), 3);
        for (name, is_earlier) in [("a", true), ("b", true), ("c", true), ("d", false), ("e", false)] {
            assert_eq!(both.age(&token(5, name), &owner(), at(10)) == Age::Doubtful, is_earlier, "{name}");
        }
    }

    #[test]
    fn a_token_is_known_for_two_minutes_after_it_was_seen() {
        let floor = Floor::of(&token(1, "a"), &owner(), at(0));
        assert!(floor.is_recent(at(119)) && !floor.is_recent(at(120)));
    }

    #[test]
    fn a_digest_depends_on_meaning_alone() {
        let with = |ips: &[&str]| {
            let mut token = token(1, "a");
            token.condition = serde_json::from_value(json!({ "request_ip": { "in": ips } })).unwrap();
            digest(&token, &owner())
        };
        assert_eq!(with(&["192.0.2.1", "192.0.2.2/32"]), with(&["192.0.2.2", "192.0.2.1/32"]));
        assert_ne!(with(&["192.0.2.1"]), with(&["192.0.2.2"]));
        assert_ne!(with(&["192.0.2.1"]), digest(&token(1, "a"), &owner()));
        let policies = |keys: [&str; 2]| {
            let one =
                |key: &str| json!({ "effect": "allow", "permission_groups": [], "resources": { key: "*" } });
            let mut token = token(1, "a");
            token.policies = serde_json::from_value(json!([one(keys[0]), one(keys[1])])).unwrap();
            digest(&token, &owner())
        };
        assert_eq!(policies(["x", "y"]), policies(["y", "x"]));
        assert_ne!(policies(["x", "y"]), policies(["x", "z"]));
    }

    #[test]
    fn a_floor_survives_its_file() {
        let floor = Floor::of(&token(5, "new"), &owner(), at(0));
        let text = serde_json::to_string(&floor).unwrap();
        assert_eq!(serde_json::from_str::<Floor>(&text).unwrap(), floor);
    }
}
