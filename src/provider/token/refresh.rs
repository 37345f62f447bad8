//! Reads a token into the state. What the user wrote stays as written while the token means the same.

use std::collections::BTreeSet;
use std::time::Duration;

use secrecy::SecretString;
use time::OffsetDateTime;

use super::after::{doubt, lose_value, present};
use super::model::{Private, TokenFields, claimant};
use super::plan::has_ended;
use super::succession;
use super::value::{first_version, issued, look};
use crate::cloudflare::Token;
use crate::owner::Owner;
use crate::provider::blocks::specs;
use crate::provider::checks;
use crate::provider::policies::{Matched, Own, matched};
use crate::provider::wording;
use crate::tf_provider::framework::{Diagnostics, Model, Value};
use crate::tokens::{TokenPolicies, TokenService};

/// The state after a refresh. It lists the permission groups only if policies have changed.
pub(super) async fn refreshed(
    tokens: &TokenService,
    owner: &Owner,
    state: &TokenFields,
    private: &Private,
    token: &Token,
    now: OffsetDateTime,
) -> Result<(TokenFields, Private, Diagnostics), Diagnostics> {
    let seen = TokenPolicies::of(token, owner);
    let written = specs(&state.policies).unwrap_or_default();
    let shows_others = state.is_exclusive() || is_importing(state);
    let own = Own { written: &written, fingerprints: &private.owned, shows_others };
    // Policies that another provider wrote with ids are described with names, as after an import. If the permission groups
    // cannot be listed, the ids stay.
    let anew = Own { written: &[], fingerprints: &BTreeSet::new(), shows_others: true };
    let described = if private.moved { matched(tokens, owner, anew, &seen).await.ok() } else { None };
    let named = described.is_some();
    let matched = match described {
        Some(described) => described,
        None => matched(tokens, owner, own, &seen).await?,
    };
    let before = state;
    let (mut state, mut private, found) = decide(before, private, token, &seen, &matched, now);
    private.moved &= !named || state.is_in_doubt();
    if let Some(doubtful) = doubtful_value(before, &state, &private, token, now)
        && !tokens.has_written_alone(&token.id, doubtful.since, doubtful.up_to)
        && tokens.standing(owner, &token.id, doubtful.value, doubtful.patience).await.is_dead()
    {
        value_is_dead(&mut state, &mut private);
    }
    // Earlier runs on this host ended before Terraform could save what they wrote, so the state does not have it.
    if holds_value(before) {
        let issued = issued(before).map_or(0, OffsetDateTime::unix_timestamp);
        if tokens.has_lost_a_roll(&token.id, issued) {
            lose_value(&mut state, &mut private);
        } else if private.written_on.is_some_and(|version| tokens.has_rolled_since(&token.id, version)) {
            value_is_dead(&mut state, &mut private);
        }
    }
    if is_importing(before) {
        // An import reads everything.
        private.sent_on = tokens.sent_on(&token.id, &claimant(&token.id));
    }
    if let Some(unheard) = tokens.unheard(&token.id, &claimant(&token.id), private.sent_on, &private.owned) {
        state.unconfirmed = doubt("the change of the token");
        private.applied = Some(private.own().union(&unheard).copied().collect());
        private.owned.extend(unheard);
    }
    Ok((state, private, found))
}

/// The state that an import of the token gives.
pub(super) async fn imported(
    tokens: &TokenService,
    owner: &Owner,
    token: &Token,
    now: OffsetDateTime,
) -> Result<TokenFields, Diagnostics> {
    let state = TokenFields { id: token.id.clone().into(), ..TokenFields::null() };
    // The diagnostics of an import are given when it is imported.
    let (state, _, _) = refreshed(tokens, owner, &state, &Private::default(), token, now).await?;
    Ok(state)
}

/// Whether the state has the token's value, as it is or sealed.
fn holds_value(state: &TokenFields) -> bool {
    !(state.value.is_null() && state.sealed_values.is_null())
}

/// The value in the state has stopped working.
fn value_is_dead(state: &mut TokenFields, private: &mut Private) {
    (state.value, state.sealed_values) = (Value::Null, Value::Null);
    private.value_dead = true;
}

/// A value that something else may have rolled.
pub(super) struct DoubtfulValue<'a> {
    value: &'a SecretString,
    /// The version of the token to which the value is known to belong, as `modified_on` in Unix seconds.
    pub(super) since: i64,
    /// The present version.
    pub(super) up_to: i64,
    /// How long to doubt an answer that does not know the value.
    pub(super) patience: Duration,
}

/// The value in the state, if the token was written without a visible change: it may have been rolled. Pure. A token that
/// cannot be used now is not verified, because the API may refuse its value for that reason alone.
pub(super) fn doubtful_value<'a>(
    before: &'a TokenFields,
    after: &TokenFields,
    private: &Private,
    token: &Token,
    now: OffsetDateTime,
) -> Option<DoubtfulValue<'a>> {
    /// How long after its issue a value may still be unknown in places.
    const SETTLES_WITHIN: time::Duration = time::Duration::seconds(20);
    let value = before.value.known()?;
    let (since, up_to) = (private.written_on?, token.modified_on?.unix_timestamp());
    if since == up_to || before != after || !is_usable(after, now) {
        return None;
    }
    let settles_in = issued(before).map(|issued| issued + SETTLES_WITHIN - now);
    let patience = settles_in.and_then(|rest| Duration::try_from(rest).ok()).unwrap_or_default();
    Some(DoubtfulValue { value, since, up_to, patience })
}

/// Whether a token can be used now. Then the API refuses its value only if the value has stopped working.
pub(super) fn is_usable(token: &TokenFields, now: OffsetDateTime) -> bool {
    /// A token that ends within this time may have ended by the API's clock.
    const MARGIN: time::Duration = time::Duration::minutes(1);
    let at = |time: &Value<String>| time.as_str().and_then(checks::instant);
    let begun = at(&token.not_before).is_none_or(|start| start <= now);
    let ended = at(&token.expires_on).is_some_and(|end| end <= now + MARGIN);
    token.status.as_str() == Some("active") && begun && !ended
}

/// An import sets only the ids. The rest is for the first read.
pub(super) fn is_importing(state: &TokenFields) -> bool {
    state.exclusive_policies.is_null()
}

/// The state after a refresh, as a pure function of what was seen.
pub(super) fn decide(
    state: &TokenFields,
    private: &Private,
    token: &Token,
    seen: &TokenPolicies,
    matched: &Matched,
    now: OffsetDateTime,
) -> (TokenFields, Private, Diagnostics) {
    let (mut state, mut private) = (state.clone(), private.clone());
    let mut found = Diagnostics::none();
    let importing = is_importing(&state);
    // While a write is in doubt, the policies that it may have added stay in the state: its effect may be visible only
    // later.
    if !state.is_in_doubt() {
        let all = importing || state.is_exclusive();
        let own = if importing { Default::default() } else { private.own() };
        private.applied = Some(present(&own, seen));
        private.owned = matched.still_owned(&private.owned, seen);
        let policies = matched.value(&state.policies, all);
        if importing || policies != state.policies {
            state.grants = matched.grants(all);
        }
        state.policies = policies;
        if all {
            private.owned.extend(&matched.foreign_owned);
            if !seen.unreadable.is_empty() {
                found.push(wording::unreadable_policies(seen));
            }
        }
    }
    if importing {
        state.exclusive_policies = Value::Known(!state.policies.is_null());
        state.store_value = Value::Known(true);
        private.imported = true;
        private.imported_ended = has_ended(&token.status);
    }
    let name = state.name.clone();
    state.observe(token);
    if succession::is_unfinished(&state, &token.name) {
        state.name = name;
    }
    private.previous_over = succession::is_over(&state, now);
    if importing {
        state.value_version = first_version(&state);
    }
    private.seen_on = look(&state, private.seen_on, now.unix_timestamp());
    (state, private, found)
}
