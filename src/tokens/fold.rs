//! Applies a batch of changes to a token as the server has it. Pure.

use std::collections::BTreeSet;

use super::claims::Claims;
use super::op::{Change, Field, PolicyChange};
use super::view::{Held, held};
use crate::cloudflare::{Token, TokenUpdate};
use crate::owner::Owner;
use crate::policy::{Fingerprint, Policy};

/// The result of folding changes into a token.
#[derive(Clone, Debug)]
pub(super) struct Folded {
    /// The whole body to send.
    pub(super) update: TokenUpdate,
    /// The policies of that body, with their meaning.
    pub(super) policies: Vec<Held>,
    /// Whether the body differs from the server's.
    pub(super) changed: bool,
    /// For each change, the policies that the token already had and that were not the change's own.
    pub(super) adopted: Vec<BTreeSet<Fingerprint>>,
    /// For each change, whether a later one removed what it adds.
    pub(super) overruled: Vec<bool>,
    /// The claims after the write.
    pub(super) claims: Claims,
}

/// Applies the changes in order to the token as the server has it. Everything that no change names is kept as it is,
/// including unreadable policies. The result always has a policy: if no other is left, the inert one, which the next real
/// policy replaces.
pub(super) fn fold(changes: &[&Change], token: &Token, owner: &Owner, claims: &Claims) -> Folded {
    let before = held(token, owner);
    let mut update = TokenUpdate::from(token);
    let unchanged = update.clone();
    let inert = Policy::inert(owner).fingerprint();
    let (mut policies, mut claims, mut adopted) = (before.clone(), claims.clone(), Vec::new());
    pay(&mut policies, &mut claims);
    for change in changes {
        change.fields.apply(&mut update);
        let stands_in = is_placeholder(&policies, &claims, owner);
        adopted.push(apply(change, &mut policies, &mut claims, owner));
        settle_inert(&mut policies, stands_in && !added(change).contains(&inert), owner);
    }
    let present: BTreeSet<_> = policies.iter().filter_map(|held| held.fingerprint).collect();
    let overruled = changes.iter().map(|change| !added(change).is_subset(&present)).collect();
    let fields = [Field::Name, Field::Status, Field::Condition, Field::ExpiresOn, Field::NotBefore];
    let changed =
        fields.iter().any(|field| !field.same(&update, &unchanged)) || keys(&before) != keys(&policies);
    update.policies = policies.iter().map(|held| held.wire.clone()).collect();
    Folded { update, policies, changed, adopted, overruled, claims }
}

/// Removes policies that were taken from the token while it was dead.
fn pay(policies: &mut Vec<Held>, claims: &mut Claims) {
    policies.retain(|held| held.fingerprint.is_none_or(|fingerprint| !claims.is_owed(&fingerprint)));
    claims.settle();
}

fn apply(
    change: &Change,
    policies: &mut Vec<Held>,
    claims: &mut Claims,
    owner: &Owner,
) -> BTreeSet<Fingerprint> {
    let there =
        |policies: &[Held], fingerprint| policies.iter().any(|held| held.fingerprint == Some(fingerprint));
    let mut adopted = BTreeSet::new();
    match &change.policies {
        None => {}
        Some(PolicyChange::Edit { remove, add }) => {
            let added = added(change);
            let today = |fingerprint: &Fingerprint| {
                let held = policies.iter().find(|held| held.former == Some(*fingerprint));
                held.and_then(|held| held.fingerprint).unwrap_or(*fingerprint)
            };
            let remove: BTreeSet<Fingerprint> = remove.iter().map(today).collect();
            for fingerprint in remove.difference(&added) {
                if !claims.release(fingerprint, &change.by) {
                    policies.retain(|held| held.fingerprint != Some(*fingerprint));
                }
            }
            for policy in add {
                let fingerprint = policy.fingerprint();
                if !there(policies, fingerprint) {
                    policies.push(Held::new(policy, owner));
                } else if !remove.contains(&fingerprint) && !claims.has(&fingerprint, &change.by) {
                    adopted.insert(fingerprint);
                }
                claims.take(fingerprint, &change.by);
            }
        }
        Some(PolicyChange::Exclusive(all)) => {
            let mut kept = added(change);
            claims.take_over(&kept, &change.by);
            // Keeps each policy once, in the server's form where it is there already.
            policies.retain(|held| held.fingerprint.is_some_and(|fingerprint| kept.remove(&fingerprint)));
            for policy in all {
                if !there(policies, policy.fingerprint()) {
                    policies.push(Held::new(policy, owner));
                }
            }
        }
    }
    adopted
}

/// Whether the token has only the inert policy, so that it stands for none. Beside other policies it is somebody's own
/// `deny`, and so is one that an object of this host has claimed.
fn is_placeholder(policies: &[Held], claims: &Claims, owner: &Owner) -> bool {
    let inert = Policy::inert(owner).fingerprint();
    !claims.is_claimed(&inert) && policies.iter().all(|held| held.fingerprint == Some(inert))
}

/// Removes the inert policy when a real one comes, and adds it when the last real one goes.
fn settle_inert(policies: &mut Vec<Held>, stands_in: bool, owner: &Owner) {
    let inert = Policy::inert(owner);
    let is_inert = |held: &Held| held.fingerprint == Some(inert.fingerprint());
    if policies.is_empty() {
        policies.push(Held::new(&inert, owner));
    } else if stands_in && !policies.iter().all(is_inert) {
        policies.retain(|held| !is_inert(held));
    }
}

/// The policies that a change adds.
pub(super) fn added(change: &Change) -> BTreeSet<Fingerprint> {
    change.added().iter().map(Policy::fingerprint).collect()
}

fn keys(policies: &[Held]) -> Vec<String> {
    let mut keys: Vec<_> = policies.iter().map(Held::key).collect();
    keys.sort();
    keys
}
