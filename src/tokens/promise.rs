//! What a read must show before a write counts as done, in both directions: what was asked for and is missing, and what was
//! to go and stays. Pure.

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
    /// What each change asks for, as far as no later one of the batch took it away.
    asks: Vec<Vec<Policy>>,
    /// What each change sets.
    fields: Vec<BTreeSet<Field>>,
    /// What must be gone.
    absent: BTreeSet<Fingerprint>,
    /// Nothing else may be there.
    exclusive: bool,
    /// What was sent.
    sent: Sent,
    /// What the API answered: what is missing there was refused without a word, what is missing later was taken away.
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
    /// All of it is so, but for these concerns, some for each change.
    Holds(Vec<Vec<Concern>>),
    /// Something is not so, and another write may mend it.
    Broken,
}

impl Promise {
    /// What the changes promise, sent as they were folded, and answered so. Where the answer was lost it is what was read.
    pub(super) fn new(changes: &[&Change], folded: &Folded, answer: &Token, owner: &Owner) -> Self {
        let present: BTreeSet<_> = folded.policies.iter().filter_map(|held| held.fingerprint).collect();
        let asks = |change: &&Change| {
            let asked = change.added().iter().filter(|policy| present.contains(&policy.fingerprint()));
            asked.cloned().collect()
        };
        let removed: BTreeSet<_> = changes.iter().flat_map(|change| change.removed()).collect();
        Promise {
            asks: changes.iter().map(asks).collect(),
            fields: changes.iter().map(|change| change.fields.named()).collect(),
            absent: removed.difference(&present).copied().collect(),
            exclusive: changes.iter().any(|c| matches!(c.policies, Some(PolicyChange::Exclusive(_)))),
            sent: Sent { policies: present, fields: folded.update.clone() },
            answer: Sent { policies: fingerprints(answer, owner), fields: TokenUpdate::from(answer) },
        }
    }

    /// Does it promise that something is gone? That is what nobody would notice if it came back.
    pub(super) fn takes_away(&self) -> bool {
        !self.absent.is_empty() || self.exclusive
    }

    /// Holds a token against the promise.
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

    /// The policies of a token that were to go.
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

    /// Is it what the API grants instead of a policy that was asked for: the same with fewer groups?
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

/// Holds a token that was just made against what was asked for it, both ways.
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

/// What the token has instead of a policy that was asked for: the same with fewer groups, or nothing. What was sent as it
/// is belongs to somebody else.
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

/// A deny of the token that withholds what a policy grants: an explicit deny wins over any allow.
fn withheld(asked: &Policy, token: &Token, owner: &Owner) -> Option<Concern> {
    let denies = held(token, owner).into_iter().filter_map(|held| held.policy);
    let deny = denies.filter(|policy| policy.effect() == Effect::Deny).find(|deny| deny.withholds(asked))?;
    Some(Concern::Withheld { asked: asked.clone(), deny })
}
