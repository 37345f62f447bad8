//! Plans a token as a pure function of facts.

use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;

use super::model::{Change, TokenFields};
use super::{own, value};
use crate::cloudflare::Token;
use crate::owner::Owner;
use crate::path;
use crate::policy::Catalog;
use crate::provider::blocks::PolicyBlock;
use crate::provider::guardrails::Guardrails;
use crate::provider::{checks, grants, policies, wording};
use crate::tf_provider::framework::{Diagnostic, Diagnostics, Path, Set, Value};
use crate::tokens::TokenPolicies;

/// The facts that a plan depends on.
pub(super) struct Facts<'a> {
    change: Change<'a>,
    guardrails: Arc<Guardrails>,
    owner: Option<Owner>,
    unreachable: Option<Diagnostic>,
    now: OffsetDateTime,
    draft: Decision,
    /// The permission groups, if they are needed and can be listed.
    pub(super) catalog: Option<Result<Arc<Catalog>, Diagnostic>>,
    /// The token that the provider authenticates with, if that matters.
    pub(super) own_token: Option<Result<Option<String>, Diagnostic>>,
    /// The token as the API shows it, if that matters.
    pub(super) token: Option<Result<Option<Arc<Token>>, Diagnostic>>,
}

/// A plan.
#[derive(Clone)]
pub(super) struct Decision {
    /// The token as it will be.
    pub(super) planned: TokenFields,
    /// The attributes whose change replaces the token.
    pub(super) replace: Vec<Path>,
    /// The diagnostics.
    pub(super) found: Diagnostics,
}

impl<'a> Facts<'a> {
    /// The facts before any request. They determine which requests are needed.
    pub(super) fn new(
        now: OffsetDateTime,
        change: Change<'a>,
        guardrails: Arc<Guardrails>,
        owner: Option<Owner>,
        unreachable: Option<Diagnostic>,
    ) -> Self {
        let draft = draft(change, now);
        let (catalog, own_token, token) = Default::default();
        Facts { change, guardrails, owner, unreachable, now, draft, catalog, own_token, token }
    }

    fn is_replaced(&self) -> bool {
        self.change.replaced || !self.draft.replace.is_empty()
    }

    fn prior_policies(&self) -> &Value<Set<PolicyBlock>> {
        self.change.prior.map_or(&Value::Null, |prior| &prior.policies)
    }

    /// Whether the permission groups are needed: to read changed policies, to check the guardrails, or to describe policies
    /// that are removed.
    pub(super) fn needs_catalog(&self) -> bool {
        let planned = &self.draft.planned.policies;
        policies::needs_catalog(self.prior_policies(), planned)
            || (self.guardrails.forbids_groups() && !planned.is_null())
            || self.needs_token().is_some()
    }

    /// Whether it matters that the token can be the provider's own.
    pub(super) fn needs_own_token(&self) -> bool {
        self.change.prior.is_some() && self.cut_off().is_some()
    }

    /// The token to read. If its policies become exclusive, the policies of others are in no state, so without a read no
    /// plan would show that they are removed.
    pub(super) fn needs_token(&self) -> Option<&'a str> {
        let prior = self.change.prior.filter(|prior| !self.is_replaced() && !prior.is_exclusive())?;
        prior.id.as_str().filter(|_| self.draft.planned.is_exclusive())
    }

    /// What the plan does that would end the access of the token's user.
    fn cut_off(&self) -> Option<CutOff> {
        let (prior, planned) = (self.change.prior?, &self.draft.planned);
        let disabled = |token: &TokenFields| token.status.as_str() == Some("disabled");
        if self.is_replaced() {
            Some(CutOff::Done("replaced"))
        } else if planned.value_issued_on.is_unknown() && !planned.id.is_unknown() {
            Some(CutOff::Done("rolled"))
        } else if disabled(planned) && !disabled(prior) {
            Some(CutOff::Done("disabled"))
        } else if own::loses_rights(&prior.policies, &planned.policies) {
            Some(CutOff::Rights)
        } else {
            None
        }
    }
}

/// How a plan would end the provider's own access.
enum CutOff {
    /// The token ends or changes. The participle says how.
    Done(&'static str),
    /// The token loses the right to manage tokens.
    Rights,
}

/// The part of a plan that follows from the configuration, the state and the clock alone.
fn draft(change: Change<'_>, now: OffsetDateTime) -> Decision {
    let mut decision =
        Decision { planned: change.planned.clone(), replace: Vec::new(), found: Diagnostics::none() };
    let planned = &mut decision.planned;
    // An unconfirmed write is always planned again, whatever the configuration is now.
    planned.unconfirmed = Value::Null;
    if change.config.exclusive_policies.is_null() {
        planned.exclusive_policies = match planned.policies {
            Value::Unknown => Value::Unknown,
            Value::Null => Value::Known(false),
            Value::Known(_) => Value::Known(true),
        };
    }
    if change.config.status.is_null() {
        planned.status = unset_status(change.prior);
    }
    ended(change, &mut decision);
    decision.found.extend(value::plan(change, &mut decision.planned, now));
    decision
}

/// Decides the plan. Terraform plans again at apply. So the API's answers and the clock may only refuse a plan, and must
/// not change it.
pub(super) fn decide(facts: &Facts<'_>) -> Decision {
    let mut decision = facts.draft.clone();
    plan_policies(facts, &mut decision);
    decision.planned.grants = plan_grants(facts, &decision.planned);
    // A plan without changes needs no access to the API.
    if facts.is_replaced() || facts.change.prior.is_none_or(|prior| *prior != decision.planned) {
        decision.found.extend(Diagnostics(facts.unreachable.iter().cloned().collect()));
    }
    decision.found.extend(guard(&facts.guardrails, facts.change.prior, &decision.planned, facts.now));
    let change = Change { replaced: facts.is_replaced(), ..facts.change };
    decision.found.extend(value::check_times(change, &decision.planned, facts.now));
    if is_undecided(facts, &decision.planned) {
        decision.found.push(wording::undecided());
    } else if releases(facts, &decision.planned) {
        decision.found.push(wording::released());
    }
    match (&facts.own_token, facts.cut_off(), &facts.owner) {
        (Some(Ok(own)), Some(cut_off), Some(owner))
            if own.as_deref() == facts.change.prior.and_then(|p| p.id.as_str()) =>
        {
            decision.found.push(match cut_off {
                CutOff::Done(done) => wording::own_token(done, owner),
                CutOff::Rights => wording::own_rights(owner).at(path!(TokenFields.policies)),
            });
        }
        (Some(Err(unknown)), Some(_), _) => decision.found.push(unknown.clone()),
        _ => {}
    }
    decision
}

fn plan_policies(facts: &Facts<'_>, decision: &mut Decision) {
    let catalog = match (&facts.catalog, &facts.owner) {
        (Some(Ok(catalog)), Some(_)) => catalog,
        (Some(Err(unlisted)), _) => return decision.found.push(unlisted.clone()),
        // The apply checks everything again, when it is known.
        _ => return,
    };
    let Some(owner) = &facts.owner else { return };
    let prior = facts.prior_policies();
    let before = &facts.change.private.owned;
    decision.found.extend(policies::plan(owner, catalog, prior, before, &mut decision.planned.policies));
    if facts.guardrails.forbids_groups() {
        let breaches = facts.guardrails.policies(&decision.planned.policies, catalog);
        decision.found.extend(wording::breaches(breaches, &path!(TokenFields.policies)));
    }
    match &facts.token {
        Some(Ok(Some(token))) => {
            let mut seen = TokenPolicies::of(token, owner);
            // The resource's own policies are in the state, so the plan shows what happens to them.
            seen.policies.retain(|fingerprint, _| !before.contains(fingerprint));
            let others = policies::others(owner, catalog, &decision.planned.policies, &seen);
            if !others.is_empty() {
                let warning = wording::taken_over(&others);
                decision.found.push(warning.at(path!(TokenFields.exclusive_policies)));
            }
        }
        Some(Err(unreadable)) => decision.found.push(unreadable.clone()),
        Some(Ok(None)) | None => {}
    }
}

/// Keeps the wording of rights whose policies stay, because the names of their permission groups may have changed.
fn plan_grants(facts: &Facts<'_>, planned: &TokenFields) -> Value<Set<String>> {
    match facts.change.prior {
        Some(prior) if prior.policies == planned.policies => prior.grants.clone(),
        _ => {
            let catalog = facts.catalog.as_ref().and_then(|catalog| catalog.as_deref().ok());
            grants::planned(&planned.policies, facts.owner.as_ref(), catalog)
        }
    }
}

/// Checks a planned token's lifetime and condition against the provider's guardrails. A new end is measured from now. An
/// end that the token already had is not judged again, so that no plan fails only because time passes. A new token in its place
/// is judged.
pub(super) fn guard(
    guardrails: &Guardrails,
    prior: Option<&TokenFields>,
    planned: &TokenFields,
    now: OffsetDateTime,
) -> Diagnostics {
    let is_same = !planned.id.is_unknown();
    let kept = prior.is_some_and(|prior| is_same && prior.expires_on == planned.expires_on);
    let until = |text: String| {
        let left = checks::instant(&text).map(|at| at - now);
        left.and_then(|left| Duration::try_from(left).ok()).unwrap_or_default()
    };
    let (lifetime, at) = match (&planned.expires_in, &planned.expires_on) {
        (_, Value::Known(_)) if kept => (Value::Unknown, path!(TokenFields.expires_on)),
        (Value::Null, expires_on) => (expires_on.clone().map(until), path!(TokenFields.expires_on)),
        (expires_in, _) => (
            expires_in.clone().map(|text| checks::parse_duration(&text).unwrap_or_default()),
            path!(TokenFields.expires_in),
        ),
    };
    let mut found = wording::breaches(guardrails.lifetime(&lifetime), &at);
    found.extend(wording::breaches(guardrails.condition(&planned.condition), &path!(TokenFields.condition)));
    found
}

/// Whether the token was imported with policies that the configuration does not have. They may belong to bindings.
fn has_unclaimed(facts: &Facts<'_>, planned: &TokenFields) -> bool {
    let had = facts.change.prior.is_some_and(|prior| !prior.policies.is_null());
    facts.change.private.imported && had && planned.policies.is_null() && !planned.is_exclusive()
}

fn is_undecided(facts: &Facts<'_>, planned: &TokenFields) -> bool {
    has_unclaimed(facts, planned) && facts.change.config.exclusive_policies.is_null()
}

fn releases(facts: &Facts<'_>, planned: &TokenFields) -> bool {
    has_unclaimed(facts, planned) && planned.exclusive_policies == Value::Known(false)
}

/// The planned status if the configuration has none: active. A status that only the API can set stays.
fn unset_status(prior: Option<&TokenFields>) -> Value<String> {
    match prior.map(|prior| &prior.status) {
        Some(Value::Known(status)) if status != "disabled" => status.clone().into(),
        _ => "active".to_owned().into(),
    }
}

/// Whether a token with this status has ended for good.
pub(crate) fn has_ended(status: &str) -> bool {
    status == "expired" || status.starts_with("revoked")
}

/// Replaces a token that has expired or was revoked, if the configuration lets the new one live. A token that had ended
/// before it was imported is in the state on purpose: it is replaced only if the configuration gives it another end.
fn ended(change: Change<'_>, decision: &mut Decision) {
    let Some(prior) = change.prior else { return };
    let Some(status) = prior.status.as_str().filter(|status| has_ended(status)) else { return };
    let configured = &change.config.expires_on;
    let lives = match configured {
        Value::Null | Value::Unknown => true,
        Value::Known(text) if status == "expired" => {
            let later = |before: &String| checks::instant(text) > checks::instant(before);
            let same = checks::is_same_instant(configured, &prior.expires_on);
            !same && prior.expires_on.known().is_none_or(later)
        }
        Value::Known(_) => true,
    };
    let same_end = (configured.is_null() && prior.expires_on.is_null())
        || checks::is_same_instant(configured, &prior.expires_on);
    if change.private.imported_ended && same_end && change.config.expires_in.is_null() {
        decision.planned.status = prior.status.clone();
        decision.found.push(wording::imported_ended(status).at(path!(TokenFields.status)));
    } else if lives {
        decision.replace.push(path!(TokenFields.status));
        decision.planned.status =
            if change.config.status.is_null() { unset_status(None) } else { change.config.status.clone() };
    } else {
        decision.planned.status = prior.status.clone();
        let warning = wording::expired(prior.expires_on.as_str());
        decision.found.push(warning.at(path!(TokenFields.expires_on)));
    }
}
