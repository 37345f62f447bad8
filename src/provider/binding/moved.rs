//! A binding whose token has a successor, or that moves to another token.
//!
//! A successor has its predecessor's rights from the start. So a binding that moves to it removes nothing from the old
//! token, which keeps working during its overlap. If the binding removes policies in that time, it removes them from both
//! tokens.

use super::{BindingFields, submit};
use crate::cloudflare::Error;
use crate::owner::Owner;
use crate::policy::Policy;
use crate::provider::policies::fingerprints;
use crate::provider::token::{doubt, has_ended};
use crate::provider::wording;
use crate::tf_provider::framework::{Diagnostic, Diagnostics};
use crate::tokens::{Cause, OpError, PolicyChange, TokenService};

/// Removes the binding's policies from the token that it leaves, and returns what it has on the other token.
///
/// # Errors
/// What the state says where it may have left the token, and why it is not known.
pub(super) async fn leave(
    tokens: &TokenService,
    owner: &Owner,
    before: &BindingFields,
    after: &BindingFields,
    since: Option<i64>,
) -> Result<BindingFields, (Option<BindingFields>, Diagnostic)> {
    let mut moved = BindingFields { token_id: after.token_id.clone(), ..before.clone() };
    if tokens.successors(before.token_id()).iter().any(|successor| successor == after.token_id()) {
        return Ok(moved);
    }
    match take_back(tokens, owner, before, before.is_in_doubt(), since).await {
        Ok(()) => {
            moved.set_owned(&Default::default());
            Ok(moved)
        }
        Err(error) => {
            let state = error.may_have_effect().then(|| BindingFields {
                unconfirmed: doubt("the removal of the token's policies"),
                ..before.clone()
            });
            Err((state, wording::write(&before.not_unbound(), &error, owner, wording::IfInDoubt::Recorded)))
        }
    }
}

async fn take_back(
    tokens: &TokenService,
    owner: &Owner,
    binding: &BindingFields,
    again: bool,
    since: Option<i64>,
) -> Result<(), OpError> {
    let change = PolicyChange::Edit { remove: binding.owned(), add: Vec::new() };
    match submit(tokens, owner, binding, change, again, since).await {
        Ok(_) => Ok(()),
        Err(error) if matches!(error.cause, Cause::Gone) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Applies the same removals to the token in its overlap and to the successors of a token that the binding still names.
/// Policies that a binding gives up must not stay there. Additions go to the binding's own token only. True if another token
/// was written, or may have been: the state must say so even if nothing else is written after it.
pub(super) async fn follow(
    tokens: &TokenService,
    owner: &Owner,
    binding: &BindingFields,
    add: &[Policy],
    since: Option<i64>,
) -> (bool, Result<(), OpError>) {
    let (had, kept) = (binding.owned(), fingerprints(add));
    let mut wrote = false;
    if had.is_subset(&kept) {
        return (wrote, Ok(()));
    }
    let id = binding.token_id();
    for other in tokens.predecessor(id).into_iter().chain(tokens.successors(id)) {
        let there = BindingFields { token_id: other.into(), ..binding.clone() };
        let change = PolicyChange::Edit { remove: had.clone(), add: add.to_vec() };
        match submit(tokens, owner, &there, change, true, since).await {
            Ok(_) => wrote = true,
            Err(error) if matches!(error.cause, Cause::Gone) => {}
            Err(error) => return (wrote || error.may_have_effect(), Err(error)),
        }
    }
    (wrote, Ok(()))
}

/// The warning that another token has taken the place of the binding's token.
pub(super) async fn succession(tokens: &TokenService, owner: &Owner, binding: &BindingFields) -> Diagnostics {
    let old = binding.token_id();
    if let Some(new) = tokens.successors(old).last() {
        return wording::token_succeeded(old, new, true).into();
    }
    match by_name(tokens, owner, old).await {
        Ok(Some(new)) => wording::token_succeeded(old, &new, false).into(),
        Ok(None) => Diagnostics::none(),
        Err(error) => {
            tracing::warn!(token = old, %error, "a successor of a token that has ended could not be looked for");
            Diagnostics::none()
        }
    }
}

/// The token that is most likely the successor of an ended one. Another host may have made it.
async fn by_name(tokens: &TokenService, owner: &Owner, old: &str) -> Result<Option<String>, Error> {
    let Some(ended) = tokens.get(owner, old).await?.filter(|token| has_ended(&token.status)) else {
        return Ok(None);
    };
    let mut named = tokens.named(owner, &ended.name).await?.tokens;
    named.retain(|token| token.id != old && token.status == "active" && token.issued_on > ended.issued_on);
    named.sort_by_key(|token| token.issued_on);
    Ok(named.pop().map(|token| token.id.clone()))
}
