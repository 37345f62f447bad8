//! The state after a write: what is known and what is in doubt. Pure.

use std::collections::BTreeSet;
use std::sync::Arc;

use secrecy::SecretString;
use time::OffsetDateTime;

use super::apply::{Step, Update};
use super::handover;
use super::model::{Private, TokenFields};
use super::value::seal;
use crate::cloudflare::Token;
use crate::owner::Owner;
use crate::policy::{Catalog, Fingerprint, Policy};
use crate::provider::blocks::specs;
use crate::provider::policies::{self, Own, applied, fingerprints};
use crate::provider::wording;
use crate::tf_provider::framework::{Diagnostic, Diagnostics, Map, Value};
use crate::tokens::{Created, OpError, Outcome, Succeeded, TokenPolicies, Unfinished};

/// The token as it was read after the write, with what is needed to read its policies.
pub(super) struct Seen<'a> {
    pub(super) owner: &'a Owner,
    pub(super) token: &'a Token,
    pub(super) catalog: Option<&'a Catalog>,
}

/// The state of a token that was made. `faulty` means that it differs from what was requested, and that an error says so.
pub(super) fn created(
    planned: TokenFields,
    asked: &[Policy],
    created: &Created,
    seen: &Seen<'_>,
    faulty: bool,
) -> (TokenFields, Private, Diagnostics) {
    let owned = applied(&fingerprints(asked), &created.concerns);
    let written_on = written_on(seen.token);
    let private = Private {
        applied: Some(owned.clone()),
        owned,
        written_on,
        sent_on: Some(created.sent_on),
        ..Private::default()
    };
    let (mut state, private) = settled(planned, private, seen, faulty);
    let found = hand_out(&mut state, created.value.clone());
    if created.not_disabled.as_ref().is_some_and(OpError::may_have_effect) {
        state.unconfirmed = doubt("`status = \"disabled\"` of the new token");
    }
    (state, private, found)
}

/// The state of a token that has taken the place of another one. `faulty` means that it differs from what was requested,
/// and that an error says so.
pub(super) fn succeeded(
    update: &Update,
    made: &Succeeded,
    seen: &Seen<'_>,
    faulty: bool,
) -> Result<(TokenFields, Private, Diagnostics), Diagnostic> {
    let before = &update.private;
    let own =
        if update.policies.is_empty() { before.own() } else { applied(&update.asked(), &made.concerns) };
    let owned = if update.policies.is_empty() { before.owned.clone() } else { own.clone() };
    let private = Private {
        owned,
        applied: Some(own),
        written_on: written_on(seen.token),
        seen_on: before.seen_on,
        sent_on: made.sent_on,
        ..Private::default()
    };
    let (mut state, mut private) = settled(update.issued()?, private, seen, faulty);
    state.previous = handover::previous(update.prior.token_id(), made.predecessor_ends);
    for unfinished in &made.unfinished {
        match unfinished {
            // `previous` has no end, so the next plan sets it, and with it the rest.
            Unfinished::Predecessor(_) => {
                private.previous_owes = before.own().difference(&private.own()).copied().collect()
            }
            Unfinished::Successor(_) => {
                state.name = update.planned.name.clone();
                state.unconfirmed = doubt("the name of the new token");
            }
            Unfinished::NotDisabled(_) => {
                state.unconfirmed = doubt("`status = \"disabled\"` of the new token");
            }
        }
    }
    let found = hand_out(&mut state, made.value.clone());
    Ok((state, private, found))
}

/// The state if no new token was made. The previous token, if there was one, is gone in any case.
pub(super) fn not_succeeded(update: &Update) -> Option<(TokenFields, Private)> {
    update.dropped()?;
    let private = Private { previous_over: false, ..update.private.clone() };
    Some((TokenFields { previous: Value::Null, ..update.prior.clone() }, private))
}

/// The progress of an update, write by write.
pub(super) struct Progress {
    update: Update,
    state: Option<TokenFields>,
    private: Private,
    found: Diagnostics,
    token: Option<Arc<Token>>,
    /// A part of the first step was already written to the previous token.
    pub(super) wrote_previous: bool,
}

impl Progress {
    /// `previous_ends` is the end that the previous token was given, if it had none.
    pub(super) fn new(update: Update, previous_ends: Option<OffsetDateTime>) -> Self {
        let mut private = Private { version: None, ..update.private.clone() };
        if previous_ends.is_some() || update.dropped().is_some() {
            private.previous_owes.clear();
        }
        private.previous_over &= update.dropped().is_none();
        let mut state = update.issued().ok();
        if let (Some(state), Some(previous)) = (&mut state, update.kept_previous())
            && state.previous.is_unknown()
        {
            state.previous = handover::previous(previous, previous_ends);
        }
        Self { state, update, private, found: Diagnostics::none(), token: None, wrote_previous: false }
    }

    /// The planned token.
    pub(super) fn planned(&self) -> &TokenFields {
        &self.update.planned
    }

    /// The time of the last change that the state knows of.
    pub(super) fn sent_on(&self) -> Option<i64> {
        self.private.sent_on
    }

    /// The token's id.
    pub(super) fn id(&self) -> &str {
        self.update.prior.token_id()
    }

    /// Records the outcome of a write and its diagnostics. True if the next write may follow.
    pub(super) fn took(
        &mut self,
        step: Step,
        outcome: Result<Outcome, OpError>,
        found: Diagnostics,
        owner: &Owner,
        catalog: Option<&Catalog>,
    ) -> bool {
        let faulty = found.has_error();
        self.found.extend(found);
        if let Ok(outcome) = &outcome {
            self.private.sent_on = outcome.sent_on.or(self.private.sent_on);
        }
        match (step, outcome) {
            (Step::Change { policies, .. }, Ok(outcome)) => {
                if policies.is_some() {
                    let owned = applied(&self.update.asked(), &outcome.concerns);
                    self.private.applied = Some(owned.clone());
                    self.private.owned = owned;
                }
                self.token = outcome.token.or(self.token.take());
                if faulty {
                    self.correct(owner, catalog);
                    self.keep_old_value();
                }
                !faulty
            }
            (Step::Change { policies, .. }, Err(error)) => {
                let wrote = error.may_have_effect() || self.wrote_previous;
                self.state = wrote.then(|| self.update.prior.clone());
                if let Some(state) = &mut self.state {
                    state.unconfirmed = doubt("the change of the token");
                    if policies.is_some() {
                        // Policies that the token may have stay owned: nothing else would ever remove them.
                        let asked = self.update.asked();
                        self.private.applied = Some(self.private.own().union(&asked).copied().collect());
                        self.private.owned.extend(asked);
                    }
                }
                false
            }
            (Step::Roll, Ok(outcome)) => {
                self.token = outcome.token.or(self.token.take());
                match outcome.value {
                    Some(value) => {
                        (self.private.value_lost, self.private.value_dead) = (false, false);
                        let handed = self.state.as_mut().map(|state| hand_out(state, value));
                        self.found.extend(handed.unwrap_or_default());
                        true
                    }
                    None => {
                        self.found.push(wording::value_lost(self.id()));
                        self.lose_value();
                        false
                    }
                }
            }
            (Step::Roll, Err(error)) if error.may_have_effect() => {
                self.lose_value();
                false
            }
            (Step::Roll, Err(_)) => {
                self.keep_old_value();
                false
            }
            (Step::Extend(_), Ok(outcome)) => {
                self.token = outcome.token.or(self.token.take());
                if faulty {
                    self.correct(owner, catalog);
                }
                !faulty
            }
            (Step::Extend(_), Err(error)) => {
                let prior = &self.update.prior;
                if let Some(state) = &mut self.state {
                    state.expires_on = prior.expires_on.clone();
                    if error.may_have_effect() {
                        state.unconfirmed = doubt("`expires_on` of the new value");
                    }
                }
                false
            }
        }
    }

    /// The state and the diagnostics. `None` if nothing has changed.
    pub(super) fn end(mut self) -> (Option<(TokenFields, Private)>, Diagnostics) {
        let Some(mut state) = self.state else { return (None, self.found) };
        self.private.imported &= self.found.has_error();
        let prior = self.update.prior;
        if !self.private.value_lost {
            self.found.extend(seal_old_value(&mut state, &prior));
        }
        // Without a token, only the state was changed.
        if let Some(token) = &self.token {
            state = filled(state, token);
            self.private.written_on = written_on(token);
        }
        (Some((state, self.private)), self.found)
    }

    /// The API granted less than was requested. The state then has what the token has.
    fn correct(&mut self, owner: &Owner, catalog: Option<&Catalog>) {
        if let (Some(state), Some(token)) = (self.state.take(), &self.token) {
            let (state, private) = corrected(state, self.private.clone(), &Seen { owner, token, catalog });
            self.state = Some(state);
            self.private = private;
        }
    }

    /// Earlier changes are in the state. The roll is planned again.
    fn keep_old_value(&mut self) {
        if !self.update.rolls() {
            return;
        }
        let prior = &self.update.prior;
        if let Some(state) = &mut self.state {
            state.value = prior.value.clone();
            state.value_issued_on = prior.value_issued_on.clone();
            state.value_version = prior.value_version;
            state.sealed_values = prior.sealed_values.clone();
            state.rotation = prior.rotation.clone();
            state.seal_for = prior.seal_for.clone();
            state.store_value = prior.store_value;
            state.expires_on = prior.expires_on.clone();
            state.expires_in = prior.expires_in.clone();
            if self.private.value_lost {
                state.unconfirmed = prior.unconfirmed.clone();
            }
        }
    }

    fn lose_value(&mut self) {
        self.keep_old_value();
        self.private.value_lost = true;
        if let Some(state) = &mut self.state {
            lose_value(state, &mut self.private);
        }
    }
}

/// The old value may have stopped working, and the new one is lost.
pub(super) fn lose_value(state: &mut TokenFields, private: &mut Private) {
    private.value_lost = true;
    state.value = Value::Null;
    state.sealed_values = Value::Null;
    state.value_issued_on = Value::Null;
    state.unconfirmed = doubt("the roll of the token's value");
}

/// The time of the write that left the token as it is.
fn written_on(token: &Token) -> Option<i64> {
    token.modified_on.map(OffsetDateTime::unix_timestamp)
}

/// The text of `unconfirmed`.
pub(crate) fn doubt(what: &str) -> Value<String> {
    format!("It is not known whether {what} took effect. The next apply sends it again.").into()
}

/// The state after a successful write. If it is faulty, the state has what the token has.
fn settled(planned: TokenFields, private: Private, seen: &Seen<'_>, faulty: bool) -> (TokenFields, Private) {
    let state = filled(planned, seen.token);
    if faulty { corrected(state, private, seen) } else { (state, private) }
}

/// The planned state, with the API's values for unknown attributes. Changes that others have made since the plan appear in
/// the next refresh: Terraform treats a planned value that comes out differently as a bug.
fn filled(planned: TokenFields, token: &Token) -> TokenFields {
    fn fill<T>(planned: Value<T>, seen: Value<T>) -> Value<T> {
        if planned.is_unknown() { seen } else { planned }
    }
    let mut seen = planned.clone();
    seen.observe(token);
    TokenFields {
        id: fill(planned.id, seen.id),
        name: fill(planned.name, seen.name),
        status: fill(planned.status, seen.status),
        condition: fill(planned.condition, seen.condition),
        not_before: fill(planned.not_before, seen.not_before),
        expires_on: fill(planned.expires_on, seen.expires_on),
        issued_on: fill(planned.issued_on, seen.issued_on),
        previous: fill(planned.previous, Value::Null),
        ..planned
    }
}

/// The state that the token really has. It comes with an error, so that Terraform accepts that it differs from the plan.
fn corrected(mut state: TokenFields, mut private: Private, seen: &Seen<'_>) -> (TokenFields, Private) {
    state.observe(seen.token);
    let policies = TokenPolicies::of(seen.token, seen.owner);
    let written = specs(&state.policies).unwrap_or_default();
    // No policy counts as applied: each is matched by its meaning.
    let own = Own { written: &written, fingerprints: &BTreeSet::new(), shows_others: state.is_exclusive() };
    let matched = policies::match_with(own, &policies, seen.owner, seen.catalog);
    let before = std::mem::take(&mut private.owned);
    private.owned = matched.still_owned(&before, &policies);
    if state.is_exclusive() {
        private.owned.extend(&matched.foreign_owned);
    }
    private.applied = private.applied.map(|applied| present(&applied, &policies));
    state.policies = matched.value(&state.policies, state.is_exclusive());
    state.grants = matched.grants(state.is_exclusive());
    (state, private)
}

/// The fingerprints that the token has.
pub(super) fn present(fingerprints: &BTreeSet<Fingerprint>, seen: &TokenPolicies) -> BTreeSet<Fingerprint> {
    fingerprints.iter().copied().filter(|fingerprint| seen.policies.contains_key(fingerprint)).collect()
}

/// Hands out a new value: sealed for each recipient, and into the state if it belongs there.
fn hand_out(state: &mut TokenFields, value: SecretString) -> Diagnostics {
    let sealed = seal(state, &value);
    state.value = if state.store_value == Value::Known(false) { Value::Null } else { value.into() };
    sealed_into(state, sealed)
}

/// Keeps the value, and seals it for recipients that do not have it yet.
fn seal_old_value(state: &mut TokenFields, prior: &TokenFields) -> Diagnostics {
    let open = state.sealed_values.is_unknown()
        || state.sealed_values.known().is_some_and(|sealed| sealed.all_known().is_none());
    match prior.value.known() {
        Some(value) if open => {
            let sealed = seal(state, value);
            sealed_into(state, sealed)
        }
        _ => Diagnostics::none(),
    }
}

fn sealed_into(state: &mut TokenFields, sealed: Result<Value<Map<String>>, Diagnostic>) -> Diagnostics {
    match sealed {
        Ok(sealed) => {
            state.sealed_values = sealed;
            Diagnostics::none()
        }
        Err(diagnostic) => {
            state.sealed_values = Value::Null;
            diagnostic.into()
        }
    }
}
