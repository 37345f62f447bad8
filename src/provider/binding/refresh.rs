//! Reads which of a binding's policies a token still has.

use std::collections::BTreeSet;

use super::{BindingFields, Private};
use crate::cloudflare::Token;
use crate::owner::Owner;
use crate::policy::FingerprintPrefix;
use crate::provider::blocks::specs;
use crate::provider::policies::{Own, matched};
use crate::provider::wording;
use crate::tf_provider::framework::Diagnostics;
use crate::tokens::{TokenPolicies, TokenService};

/// The binding according to the token. `None` if the token has none of its policies.
pub(super) async fn look(
    tokens: &TokenService,
    owner: &Owner,
    binding: &BindingFields,
    Private { wanted, sent_on }: &Private,
) -> Result<Option<BindingFields>, Diagnostics> {
    let token_id = binding.token_id();
    let failed = |error: &_| Diagnostics::from(wording::unreadable(token_id, error));
    let Some(token) = tokens.get(owner, token_id).await.map_err(|e| failed(&e))? else {
        return Ok(None);
    };
    if !wanted.is_empty() {
        return take_over(tokens, owner, binding, wanted, &token).await.map(Some);
    }
    // An earlier run on this host ended before Terraform could save what it wrote, so the state does not have it.
    if let Some(unheard) =
        tokens.unheard(token_id, binding.id.as_str().unwrap_or_default(), *sent_on, &binding.owned())
    {
        return Ok(Some(binding.in_doubt(&unheard)));
    }
    // While a write is in doubt, the policies that it may have added stay in the state: its effect may be visible only
    // later.
    if binding.is_in_doubt() {
        return Ok(Some(binding.clone()));
    }
    if let Some(found) = find(tokens, owner, binding, &token).await? {
        return Ok(Some(found));
    }
    // The answer may be half a minute old and shows nothing of the binding. Read again before the binding leaves the state.
    match tokens.get_fresh(owner, token_id).await.map_err(|e| failed(&e))? {
        Some(token) => find(tokens, owner, binding, &token).await,
        None => Ok(None),
    }
}

/// The binding's policies that the token still has, if any.
async fn find(
    tokens: &TokenService,
    owner: &Owner,
    binding: &BindingFields,
    token: &Token,
) -> Result<Option<BindingFields>, Diagnostics> {
    let written = specs(&binding.policies).unwrap_or_default();
    let before = binding.owned();
    let own = Own { written: &written, fingerprints: &before, shows_others: false };
    let seen = TokenPolicies::of(token, owner);
    let matched = matched(tokens, owner, own, &seen).await?;
    let owned = matched.still_owned(&before, &seen);
    // Fingerprints that an older version computed stay as long as they mean the same.
    let owned = if owned == seen.today(&before) { before } else { owned };
    if owned.is_empty() {
        return Ok(None);
    }
    let mut state = binding.clone();
    state.policies = matched.value(&state.policies, false);
    if state.policies != binding.policies {
        state.grants = matched.grants(false);
    }
    // A state of an older version has no name. It stays so, because a new attribute is no drift.
    state.token_name = state.token_name.map(|_| token.name.clone());
    state.set_owned(&owned);
    Ok(Some(state))
}

/// The policies that an import names.
async fn take_over(
    tokens: &TokenService,
    owner: &Owner,
    binding: &BindingFields,
    wanted: &[String],
    token: &Token,
) -> Result<BindingFields, Diagnostics> {
    let mut seen = TokenPolicies::of(token, owner);
    let prefixes: Vec<FingerprintPrefix> = wanted.iter().filter_map(|text| text.parse().ok()).collect();
    for (prefix, text) in prefixes.iter().zip(wanted) {
        if seen.policies.keys().filter(|fingerprint| prefix.matches(fingerprint)).count() != 1 {
            return Err(wording::no_such_policy(&token.id, text, seen.policies.keys()).into());
        }
    }
    seen.policies.retain(|fingerprint, _| prefixes.iter().any(|prefix| prefix.matches(fingerprint)));
    let own = Own { written: &[], fingerprints: &BTreeSet::new(), shows_others: true };
    let matched = matched(tokens, owner, own, &seen).await?;
    let mut state = binding.clone();
    state.policies = matched.value(&state.policies, true);
    state.grants = matched.grants(true);
    state.token_name = token.name.clone().into();
    state.set_owned(&matched.foreign_owned);
    Ok(state)
}
