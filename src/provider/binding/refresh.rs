//! What a token still has of a binding.

use std::collections::BTreeSet;

use super::BindingFields;
use crate::cloudflare::Token;
use crate::owner::Owner;
use crate::policy::FingerprintPrefix;
use crate::provider::blocks::specs;
use crate::provider::policies::{Own, matched};
use crate::provider::wording;
use crate::tf_provider::framework::Diagnostics;
use crate::tokens::{TokenPolicies, TokenService};

/// The binding as the token shows it: `None` where nothing of it is left. `wanted`: the fingerprints that an import names.
pub(super) async fn look(
    tokens: &TokenService,
    owner: &Owner,
    binding: &BindingFields,
    wanted: &[String],
) -> Result<Option<BindingFields>, Diagnostics> {
    let token_id = binding.token_id();
    let failed = |error: &_| Diagnostics::from(wording::unreadable(token_id, error));
    let Some(token) = tokens.get(owner, token_id).await.map_err(|e| failed(&e))? else {
        return Ok(None);
    };
    if !wanted.is_empty() {
        return take_over(tokens, owner, binding, wanted, &token).await.map(Some);
    }
    // An earlier run on this host ended before Terraform could learn what it wrote: the state does not say it.
    if let Some(unheard) = tokens.unheard(token_id, binding.id.as_str().unwrap_or_default()) {
        return Ok(Some(binding.in_doubt(&unheard)));
    }
    // While a write is in doubt, what it may have added stays in the state: a late effect may be seen only later.
    if binding.is_in_doubt() {
        return Ok(Some(binding.clone()));
    }
    if let Some(found) = find(tokens, owner, binding, &token).await? {
        return Ok(Some(found));
    }
    // An answer that may be half a minute old shows nothing of it: ask again before it goes from the state.
    match tokens.get_fresh(owner, token_id).await.map_err(|e| failed(&e))? {
        Some(token) => find(tokens, owner, binding, &token).await,
        None => Ok(None),
    }
}

/// What the token still has of the binding, if anything.
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
    // Fingerprints of an older version stay as they are while they say the same.
    let owned = if owned == seen.today(&before) { before } else { owned };
    if owned.is_empty() {
        return Ok(None);
    }
    let mut state = binding.clone();
    state.policies = matched.value(&state.policies, false);
    if state.policies != binding.policies {
        state.grants = matched.grants(false);
    }
    // A state of an older version stays without the name: a new attribute is no drift.
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
