//! What a read must show before a write counts as done: everything that was added is there, and everything that was removed
//! is gone. Pure.

use std::collections::BTreeSet;

use super::fold::Folded;
use super::op::{Change, Concern, Field, PolicyChange};
use super::view::{Held, fingerprints, held};
use crate::cloudflare::{Token, TokenUpdate};
use crate::owner::Owner;
use crate::policy::{Effect, Fingerprint, GroupId, Policy};

/// What a write promises.
#[derive(Clone, Debug)]
pub(super) struct Promise {
    /// The policies that each change adds, unless a later change of the batch removes them.
    asks: Vec<Vec<Policy>>,
    /// The fields that each change sets.
    fields: Vec<BTreeSet<Field>>,
    /// What must be gone.
    absent: BTreeSet<Fingerprint>,
    /// Whether the token may have no other policies.
    exclusive: bool,
    /// What was sent.
    sent: Sent,
    /// What the API answered. A policy that is missing there was silently refused. A policy that is missing later was
    /// removed by another writer.
    answer: Sent,
}

/// A token's content.
#[derive(Clone, Debug)]
struct Sent {
    policies: BTreeSet<Fingerprint>,
    fields: TokenUpdate,
}

/// How a read compares with the promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Compared {
    /// It holds, except for these concerns, some for each change.
    Holds(Vec<Vec<Concern>>),
    /// It does not hold, and another write may mend it.
    Broken,
}

impl Promise {
    /// The promise of the changes, as they were folded, sent and answered. If the answer was lost, `answer` is what was
    /// read.
    pub(super) fn new(changes: &[&Change], folded: &Folded, answer: &Token, owner: &Owner) -> Self {
        let present: BTreeSet<_> = folded.policies.iter().filter_map(|held| held.fingerprint).collect();
        let asks = |change: &&Change| {
            let asked = change.added().iter().filter(|policy| present.contains(&policy.fingerprint()));
            asked.cloned().collect()
        };
        let removed: BTreeSet<_> = changes.iter().flat_map(|change| change.removed()).collect();
        Self {
            asks: changes.iter().map(asks).collect(),
            fields: changes.iter().map(|change| change.fields.named()).collect(),
            absent: removed.difference(&present).copied().collect(),
            exclusive: changes.iter().any(|c| matches!(c.policies, Some(PolicyChange::Exclusive(_)))),
            sent: Sent { policies: present, fields: folded.update.clone() },
            answer: Sent { policies: fingerprints(answer, owner), fields: TokenUpdate::from(answer) },
        }
    }

    /// Whether it promises a removal. If a removed policy came back, no one would notice.
    pub(super) fn takes_away(&self) -> bool {
        !self.absent.is_empty() || self.exclusive
    }

    /// Whether it promises anything that restricts the token. If an earlier write undid it, the token could do more than its
    /// owner wants.
    pub(super) fn restricts(&self) -> bool {
        self.takes_away() || self.fields.iter().flatten().any(|field| *field != Field::Name)
    }

    /// Compares a token with the promise.
    pub(super) fn compare(&self, token: &Token, owner: &Owner) -> Compared {
        if !self.left(token, owner).is_empty() || (self.exclusive && has_unreadable(token, owner)) {
            return Compared::Broken;
        }
        let now = fingerprints(token, owner);
        let values = TokenUpdate::from(token);
        let mut all = Vec::with_capacity(self.asks.len());
        for (asks, fields) in self.asks.iter().zip(&self.fields) {
            let mut concerns = Vec::new();
            for asked in asks {
                let fingerprint = asked.fingerprint();
                if now.contains(&fingerprint) {
                    concerns.extend(withheld(asked, token, owner));
                } else if self.answer.policies.contains(&fingerprint) {
                    return Compared::Broken;
                } else {
                    concerns.push(not_granted(asked, &self.sent.policies, token, owner));
                }
            }
            for field in fields.iter().filter(|field| !field.same(&self.sent.fields, &values)) {
                if field.same(&self.sent.fields, &self.answer.fields) {
                    return Compared::Broken;
                }
                concerns.push(Concern::NotApplied(*field));
            }
            all.push(concerns);
        }
        Compared::Holds(all)
    }

    /// The policies that the token still has and that were to be removed.
    pub(super) fn left(&self, token: &Token, owner: &Owner) -> BTreeSet<Fingerprint> {
        let now = held(token, owner);
        let is_left = |held: &&Held| {
            let (Some(policy), Some(fingerprint)) = (&held.policy, held.fingerprint) else { return false };
            let sent = self.sent.policies.contains(&fingerprint);
            let foreign = || !sent && !self.is_part_of_asked(policy);
            let removed =
                |former: Option<Fingerprint>| former.is_some_and(|former| self.absent.contains(&former));
            self.absent.contains(&fingerprint)
                || (!sent && removed(held.former))
                || (self.exclusive && foreign())
        };
        now.iter().filter(is_left).filter_map(|held| held.fingerprint).collect()
    }

    /// Whether the API granted this policy instead of a requested one: the same with fewer groups.
    fn is_part_of_asked(&self, policy: &Policy) -> bool {
        self.asks.iter().flatten().any(|asked| is_part_of(policy, asked))
    }
}

fn has_unreadable(token: &Token, owner: &Owner) -> bool {
    held(token, owner).iter().any(|held| held.policy.is_none())
}

fn is_part_of(policy: &Policy, whole: &Policy) -> bool {
    policy.effect() == whole.effect()
        && policy.resources() == whole.resources()
        && policy.groups().is_subset(whole.groups())
}

/// Compares a new token with its request, both ways.
pub(super) fn granted(asked: &[Policy], token: &Token, owner: &Owner) -> Vec<Concern> {
    let now = held(token, owner);
    let has = fingerprints(token, owner);
    let sent: BTreeSet<_> = asked.iter().map(Policy::fingerprint).collect();
    let missing = asked.iter().filter(|policy| !has.contains(&policy.fingerprint()));
    let missing = missing.map(|policy| not_granted(policy, &sent, token, owner));
    let more = now.into_iter().filter_map(|held| held.policy).filter(|policy| {
        let inert = asked.is_empty() && policy.is_inert(owner);
        !inert && !asked.iter().any(|asked| is_part_of(policy, asked))
    });
    missing.chain(more.map(|granted| Concern::NotAsked { granted })).collect()
}

/// What the token has instead of a requested policy: the same with fewer groups, or nothing. A policy that was sent
/// unchanged belongs to something else.
fn not_granted(asked: &Policy, sent: &BTreeSet<Fingerprint>, answer: &Token, owner: &Owner) -> Concern {
    let granted = held(answer, owner)
        .into_iter()
        .filter_map(|held| held.policy)
        .filter(|policy| !sent.contains(&policy.fingerprint()) && is_part_of(policy, asked))
        .max_by_key(|policy| policy.groups().len());
    let has: BTreeSet<GroupId> = granted.as_ref().map(|policy| policy.groups().clone()).unwrap_or_default();
    let missing = asked.groups().difference(&has).cloned().collect();
    Concern::NotGranted { asked: asked.clone(), granted, missing }
}

/// A deny of the token that withholds the rights of a policy: an explicit deny takes precedence over any allow.
fn withheld(asked: &Policy, token: &Token, owner: &Owner) -> Option<Concern> {
    let denies = held(token, owner).into_iter().filter_map(|held| held.policy);
    let deny = denies.filter(|policy| policy.effect() == Effect::Deny).find(|deny| deny.withholds(asked))?;
    Some(Concern::Withheld { asked: asked.clone(), deny })
}
