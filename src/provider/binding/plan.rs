//! Plans a binding as a pure function of facts.

use std::sync::Arc;

use super::BindingFields;
use crate::cloudflare::Token;
use crate::owner::Owner;
use crate::path;
use crate::policy::Catalog;
use crate::provider::blocks::PolicyBlock;
use crate::provider::guardrails::Guardrails;
use crate::provider::token::{has_ended, loses_rights};
use crate::provider::{grants, policies, wording};
use crate::tf_provider::framework::{Diagnostic, Diagnostics, Set, Value};

/// The change that Terraform asks to plan.
#[derive(Clone, Copy)]
pub(super) struct Change<'a> {
    /// The binding before. `None` on create.
    pub(super) prior: Option<&'a BindingFields>,
    /// The framework's plan.
    pub(super) planned: &'a BindingFields,
    /// The name that the token will have after this run, as far as it is known here.
    pub(super) name: Option<&'a Value<String>>,
}

/// The facts that a plan depends on.
pub(super) struct Facts<'a> {
    change: Change<'a>,
    guardrails: Arc<Guardrails>,
    /// The owner, if it is known and can be reached.
    pub(super) owner: Option<Owner>,
    /// Why the owner's tokens cannot be reached.
    pub(super) unreachable: Option<Diagnostic>,
    /// The permission groups, if they are needed.
    pub(super) catalog: Option<Result<Arc<Catalog>, Diagnostic>>,
    /// The token that the provider authenticates with, if that matters.
    pub(super) own_token: Option<Result<Option<String>, Diagnostic>>,
    /// The token as the API shows it, if policies are added to it.
    pub(super) token: Option<Result<Option<Arc<Token>>, Diagnostic>>,
}

impl<'a> Facts<'a> {
    /// The facts before any request. They determine which requests are needed.
    pub(super) fn new(change: Change<'a>, guardrails: Arc<Guardrails>) -> Self {
        let (owner, unreachable, catalog, own_token, token) = Default::default();
        Facts { change, guardrails, owner, unreachable, catalog, own_token, token }
    }

    fn prior_policies(&self) -> &Value<Set<PolicyBlock>> {
        self.change.prior.map_or(&Value::Null, |prior| &prior.policies)
    }

    fn changes(&self) -> bool {
        let moves = self.change.prior.is_some_and(|prior| prior.token_id != self.change.planned.token_id);
        moves || *self.prior_policies() != self.change.planned.policies
    }

    /// Whether the permission groups are needed.
    pub(super) fn needs_catalog(&self) -> bool {
        policies::needs_catalog(self.prior_policies(), &self.change.planned.policies)
            || self.guardrails.forbids_groups()
    }

    /// Whether it matters that the token may be the provider's own.
    pub(super) fn needs_own_token(&self) -> bool {
        loses_rights(self.prior_policies(), &self.change.planned.policies)
    }

    /// The token to read. A token that has ended takes no policies.
    pub(super) fn needs_token(&self) -> Option<&'a str> {
        self.change.planned.token_id.as_str().filter(|_| self.changes())
    }
}

/// The token's name is never planned as a new known value: somebody may rename the token between plan and apply, and
/// Terraform requires a planned value to hold. The name in the state stays, because a refresh has read it. It becomes
/// unknown if this run renames the token, or if the binding is created, moves to another token or has no name in its state
/// yet.
fn plan_name(
    prior: Option<&BindingFields>,
    planned: &BindingFields,
    name: Option<&Value<String>>,
) -> Value<String> {
    match prior {
        None => Value::Unknown,
        Some(prior) if prior.token_id != planned.token_id => Value::Unknown,
        // A state of an older version has no name. It gets one with the next other change.
        Some(prior) if prior.token_name.is_null() => {
            let is_written = prior.policies != planned.policies || prior.is_in_doubt();
            if is_written { Value::Unknown } else { Value::Null }
        }
        Some(prior) if name.is_some_and(|name| *name != prior.token_name) => Value::Unknown,
        Some(prior) => prior.token_name.clone(),
    }
}

/// Decides the plan. Terraform plans again at apply. So the API's answers may only refuse a plan, and must not change it.
pub(super) fn decide(facts: &Facts<'_>) -> (BindingFields, Diagnostics) {
    let Change { prior, planned, name } = facts.change;
    let mut planned = planned.clone();
    let mut found = Diagnostics::none();
    // An unconfirmed write is always planned again, whatever the configuration is now.
    planned.unconfirmed = Value::Null;
    match (&facts.catalog, &facts.owner) {
        (Some(Ok(catalog)), Some(owner)) => {
            let before = prior.map(BindingFields::owned).unwrap_or_default();
            let prior = facts.prior_policies();
            found.extend(policies::plan(owner, catalog, prior, &before, &mut planned.policies));
            if facts.guardrails.forbids_groups() {
                let breaches = facts.guardrails.policies(&planned.policies, catalog);
                found.extend(wording::breaches(breaches, &path!(BindingFields.policies)));
            }
        }
        (Some(Err(unlisted)), _) => found.push(unlisted.clone()),
        _ => {}
    }
    if facts.changes() || prior.is_some_and(BindingFields::is_in_doubt) {
        planned.fingerprints = Value::Unknown;
        if let (Some(Ok(catalog)), Some(owner)) = (&facts.catalog, &facts.owner)
            && let Some(fingerprints) = policies::foreseen(owner, catalog, &planned.policies)
        {
            planned.set_owned(&fingerprints);
        }
    }
    if prior.is_none_or(|prior| prior.policies != planned.policies) {
        let catalog = facts.catalog.as_ref().and_then(|catalog| catalog.as_deref().ok());
        planned.grants = grants::planned(&planned.policies, facts.owner.as_ref(), catalog);
    }
    planned.token_name = plan_name(prior, &planned, name);
    // A plan without changes needs no access to the API.
    if prior.is_none_or(|prior| *prior != planned) {
        found.extend(Diagnostics(facts.unreachable.iter().cloned().collect()));
    }
    match &facts.token {
        Some(Ok(Some(token))) if has_ended(&token.status) => {
            found.push(wording::bound_to_ended(&token.id, &token.status).at(path!(BindingFields.token_id)));
        }
        Some(Ok(None)) => {
            let (id, owner) = (planned.token_id(), facts.owner.as_ref());
            found.extend(Diagnostics(owner.map(|owner| missing(id, owner)).into_iter().collect()));
        }
        Some(Err(unreadable)) => found.push(unreadable.clone()),
        Some(Ok(Some(_))) | None => {}
    }
    match (&facts.own_token, &facts.owner) {
        (Some(Ok(Some(own))), Some(owner)) if planned.token_id.as_str() == Some(own) => {
            found.push(wording::own_rights(owner).at(path!(BindingFields.policies)));
        }
        (Some(Err(unknown)), _) => found.push(unknown.clone()),
        _ => {}
    }
    (planned, found)
}

fn missing(token_id: &str, owner: &Owner) -> Diagnostic {
    wording::bound_to_missing(token_id, owner).at(path!(BindingFields.token_id))
}
