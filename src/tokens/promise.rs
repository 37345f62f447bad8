//! What a read-back must show before a write counts as done, and what the API's answer to the write lacks. Pure.

use std::collections::{BTreeMap, BTreeSet};

use super::fold::{added, fingerprints};
use super::op::{Change, Concern, Field, PolicyChange};
use super::view;
use crate::cloudflare::{Token, TokenPolicy, TokenUpdate};
use crate::policy::{Fingerprint, GroupId, Home, Policy};

/// What must be seen when the token is read back.
#[derive(Debug)]
pub(super) struct Promise {
    present: BTreeSet<Fingerprint>,
    absent: BTreeSet<Fingerprint>,
    exactly: Option<BTreeSet<Fingerprint>>,
    fields: BTreeSet<Field>,
    values: TokenUpdate,
}

impl Promise {
    /// What the changes promise, going by the API's answer to the write: that is what it took.
    pub(super) fn new(
        changes: &[&Change],
        sent: &TokenUpdate,
        answer: &Token,
        home: &Home,
    ) -> (Self, Vec<Vec<Concern>>) {
        let values = TokenUpdate::from(answer);
        let now = fingerprints(answer, home);
        let missing: BTreeMap<Fingerprint, Concern> = asked(changes)
            .filter(|policy| !now.contains(&policy.fingerprint()))
            // What a later change of the batch took away is not missing.
            .filter(|policy| sent.policies.iter().any(|wire| view::read(wire, home).as_ref() == Ok(*policy)))
            .map(|policy| (policy.fingerprint(), not_granted(policy, &sent.policies, answer, home)))
            .collect();
        let concerns = changes
            .iter()
            .map(|change| {
                let policies = added(change).into_iter().filter_map(|asked| missing.get(&asked).cloned());
                let fields = change.fields.named().into_iter().filter(|field| !field.same(sent, &values));
                policies.chain(fields.map(Concern::NotApplied)).collect()
            })
            .collect();
        let exclusive = changes.iter().any(|c| matches!(c.policies, Some(PolicyChange::Exclusive(_))));
        let promise = Promise {
            present: changes.iter().flat_map(|change| added(change)).filter(|fp| now.contains(fp)).collect(),
            absent: changes
                .iter()
                .flat_map(|change| removed(change))
                .filter(|fp| !now.contains(fp))
                .collect(),
            exactly: exclusive.then_some(now),
            fields: changes.iter().flat_map(|change| change.fields.named()).collect(),
            values,
        };
        (promise, concerns)
    }

    /// Does the token show all of it?
    pub(super) fn holds(&self, token: &Token, home: &Home) -> bool {
        let now = fingerprints(token, home);
        let values = TokenUpdate::from(token);
        self.present.is_subset(&now)
            && self.absent.is_disjoint(&now)
            && self.exactly.as_ref().is_none_or(|exactly| *exactly == now)
            && self.fields.iter().all(|field| field.same(&values, &self.values))
    }

    /// Does it promise that something is gone? That is what nobody would notice if it came back.
    pub(super) fn takes_away(&self) -> bool {
        !self.absent.is_empty() || self.exactly.is_some()
    }
}

fn asked<'a>(changes: &[&'a Change]) -> impl Iterator<Item = &'a Policy> {
    changes.iter().flat_map(|change| match &change.policies {
        None => [].iter(),
        Some(PolicyChange::Edit { add, .. } | PolicyChange::Exclusive(add)) => add.iter(),
    })
}

fn removed(change: &Change) -> BTreeSet<Fingerprint> {
    match &change.policies {
        Some(PolicyChange::Edit { remove, .. }) => remove.clone(),
        _ => BTreeSet::new(),
    }
}

/// What the token has instead of a policy that was asked for: the same with fewer groups, or nothing. What was sent as it
/// is belongs to somebody else.
pub(super) fn not_granted(asked: &Policy, sent: &[TokenPolicy], answer: &Token, home: &Home) -> Concern {
    let read = |wire| view::read(wire, home).ok();
    let sent: Vec<Policy> = sent.iter().filter_map(read).collect();
    let granted = answer
        .policies
        .iter()
        .filter_map(read)
        .filter(|policy| !sent.contains(policy))
        .filter(|policy| policy.effect() == asked.effect() && policy.resources() == asked.resources())
        .filter(|policy| policy.groups().is_subset(asked.groups()))
        .max_by_key(|policy| policy.groups().len());
    let has: BTreeSet<GroupId> = granted.as_ref().map(|policy| policy.groups().clone()).unwrap_or_default();
    let missing = asked.groups().difference(&has).cloned().collect();
    Concern::NotGranted { asked: asked.clone(), granted, missing }
}
