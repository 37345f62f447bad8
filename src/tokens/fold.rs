//! Many changes and the token as it is make the token as it shall be. Pure.

use std::collections::{BTreeMap, BTreeSet};

use super::op::{Change, Field, PolicyChange};
use super::view;
use crate::cloudflare::{Token, TokenPolicy, TokenUpdate};
use crate::policy::{Fingerprint, Home, Policy};

/// A policy of a token: as the server has it, and its identity if it has a canonical form.
#[derive(Clone, Debug)]
struct Held {
    fingerprint: Option<Fingerprint>,
    wire: TokenPolicy,
}

impl Held {
    fn of(policy: &Policy, home: &Home) -> Self {
        Held { fingerprint: Some(policy.fingerprint()), wire: view::write(policy, home) }
    }
}

fn held(token: &Token, home: &Home) -> Vec<Held> {
    let one = |wire: &TokenPolicy| Held {
        fingerprint: view::read(wire, home).ok().map(|policy| policy.fingerprint()),
        wire: wire.clone(),
    };
    token.policies.iter().map(one).collect()
}

/// The fingerprints of a token's policies, as far as they have one.
pub(super) fn fingerprints(token: &Token, home: &Home) -> BTreeSet<Fingerprint> {
    held(token, home).into_iter().filter_map(|held| held.fingerprint).collect()
}

/// Which policies were taken by whom in this process. What somebody holds is not removed by another who lets go of it: so
/// a policy can move from one binding to another in one run, in whatever order the two are applied.
#[derive(Clone, Debug, Default)]
pub(super) struct Claims(BTreeMap<Fingerprint, BTreeSet<String>>);

impl Claims {
    fn take(&mut self, fingerprint: Fingerprint, by: &str) {
        self.0.entry(fingerprint).or_default().insert(by.to_owned());
    }

    fn release(&mut self, fingerprint: &Fingerprint, by: &str) {
        if let Some(holders) = self.0.get_mut(fingerprint) {
            holders.remove(by);
        }
    }

    fn has(&self, fingerprint: &Fingerprint, by: &str) -> bool {
        self.0.get(fingerprint).is_some_and(|holders| holders.contains(by))
    }

    fn is_held(&self, fingerprint: &Fingerprint) -> bool {
        self.0.get(fingerprint).is_some_and(|holders| !holders.is_empty())
    }

    /// Somebody has all of these, and nobody anything else.
    fn take_over(&mut self, all: &BTreeSet<Fingerprint>, by: &str) {
        self.0.retain(|fingerprint, _| all.contains(fingerprint));
        all.iter().for_each(|fingerprint| self.take(*fingerprint, by));
    }
}

/// What the changes come to.
#[derive(Debug)]
pub(super) struct Folded {
    /// The whole body to send.
    pub(super) update: TokenUpdate,
    /// Does it differ from what the server has?
    pub(super) changed: bool,
    /// For each change, the policies that were there already and not its own.
    pub(super) adopted: Vec<BTreeSet<Fingerprint>>,
    /// For each change, whether a later one took away what it adds.
    pub(super) overruled: Vec<bool>,
    /// Who holds what, once this is written.
    pub(super) claims: Claims,
}

/// Applies the changes in order to the token as the server has it. What no change names is carried over as it is, policies
/// that can't be read included. The result is never without policies: the inert one stands in, and goes with the next.
pub(super) fn fold(changes: &[&Change], token: &Token, home: &Home, claims: &Claims) -> Folded {
    let before = held(token, home);
    let mut update = TokenUpdate::from(token);
    let unchanged = update.clone();
    let inert = Policy::inert(home).fingerprint();
    let (mut policies, mut claims, mut adopted) = (before.clone(), claims.clone(), Vec::new());
    for change in changes {
        change.fields.apply(&mut update);
        let stands_in = is_placeholder(&policies, &claims, home);
        adopted.push(apply(change, &mut policies, &mut claims, home));
        settle_inert(&mut policies, stands_in && !added(change).contains(&inert), home);
    }
    let present: BTreeSet<_> = policies.iter().filter_map(|held| held.fingerprint).collect();
    let overruled = changes.iter().map(|change| !added(change).is_subset(&present)).collect();
    let fields = [Field::Name, Field::Status, Field::Condition, Field::ExpiresOn, Field::NotBefore];
    let changed =
        fields.iter().any(|field| !field.same(&update, &unchanged)) || sorted(&before) != sorted(&policies);
    update.policies = policies.into_iter().map(|held| held.wire).collect();
    Folded { update, changed, adopted, overruled, claims }
}

fn apply(
    change: &Change,
    policies: &mut Vec<Held>,
    claims: &mut Claims,
    home: &Home,
) -> BTreeSet<Fingerprint> {
    let there =
        |policies: &[Held], fingerprint| policies.iter().any(|held| held.fingerprint == Some(fingerprint));
    let mut adopted = BTreeSet::new();
    match &change.policies {
        None => {}
        Some(PolicyChange::Edit { remove, add }) => {
            let added = added(change);
            for fingerprint in remove.difference(&added) {
                claims.release(fingerprint, &change.by);
                if !claims.is_held(fingerprint) {
                    policies.retain(|held| held.fingerprint != Some(*fingerprint));
                }
            }
            for policy in add {
                let fingerprint = policy.fingerprint();
                if !there(policies, fingerprint) {
                    policies.push(Held::of(policy, home));
                } else if !remove.contains(&fingerprint) && !claims.has(&fingerprint, &change.by) {
                    adopted.insert(fingerprint);
                }
                claims.take(fingerprint, &change.by);
            }
        }
        Some(PolicyChange::Exclusive(all)) => {
            let mut kept = added(change);
            claims.take_over(&kept, &change.by);
            // Each once, and as the server writes it where it is there already.
            policies.retain(|held| held.fingerprint.is_some_and(|fingerprint| kept.remove(&fingerprint)));
            for policy in all {
                if !there(policies, policy.fingerprint()) {
                    policies.push(Held::of(policy, home));
                }
            }
        }
    }
    adopted
}

/// Does the token have the inert policy and nothing else, so that it stands for none? Beside others it is somebody's own
/// `deny`, and so is one that somebody here asked for.
fn is_placeholder(policies: &[Held], claims: &Claims, home: &Home) -> bool {
    let inert = Policy::inert(home).fingerprint();
    !claims.is_held(&inert) && policies.iter().all(|held| held.fingerprint == Some(inert))
}

/// What stands for no policy goes with the first real one, and comes back when the last one goes.
fn settle_inert(policies: &mut Vec<Held>, stands_in: bool, home: &Home) {
    let inert = Policy::inert(home);
    let is_inert = |held: &Held| held.fingerprint == Some(inert.fingerprint());
    if policies.is_empty() {
        policies.push(Held::of(&inert, home));
    } else if stands_in && !policies.iter().all(is_inert) {
        policies.retain(|held| !is_inert(held));
    }
}

/// What a change adds.
pub(super) fn added(change: &Change) -> BTreeSet<Fingerprint> {
    match &change.policies {
        None => BTreeSet::new(),
        Some(PolicyChange::Edit { add, .. } | PolicyChange::Exclusive(add)) => {
            add.iter().map(Policy::fingerprint).collect()
        }
    }
}

fn sorted(policies: &[Held]) -> Vec<String> {
    let key = |held: &Held| match held.fingerprint {
        Some(fingerprint) => fingerprint.to_string(),
        // Carried over as it is, so its text is its identity.
        None => format!("{:?}", held.wire),
    };
    let mut keys: Vec<_> = policies.iter().map(key).collect();
    keys.sort();
    keys
}
