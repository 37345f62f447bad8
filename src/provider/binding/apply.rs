//! A binding's write, and what the state says after it. Pure.

use std::collections::BTreeSet;

use super::BindingFields;
use crate::owner::Owner;
use crate::policy::{Catalog, Policy};
use crate::provider::blocks::specs;
use crate::provider::policies::{self, Own, applied, fingerprints};
use crate::tf_provider::framework::Value;
use crate::tokens::{OpError, Outcome, PolicyChange, TokenPolicies};

/// The write that makes a binding as planned.
pub(super) struct Write {
    /// The binding before. `None` on create.
    pub(super) prior: Option<BindingFields>,
    pub(super) planned: BindingFields,
    /// The planned policies.
    pub(super) add: Vec<Policy>,
    /// Other tokens with the binding's policies were already written, or may have been.
    pub(super) wrote_others: bool,
}

impl Write {
    /// How the token's policies change.
    pub(super) fn change(&self) -> PolicyChange {
        let remove = self.prior.as_ref().map(BindingFields::owned).unwrap_or_default();
        PolicyChange::Edit { remove, add: self.add.clone() }
    }

    /// Whether an earlier write is in doubt, so that it must be repeated.
    pub(super) fn is_again(&self) -> bool {
        self.prior.as_ref().is_some_and(BindingFields::is_in_doubt)
    }

    /// The state after a write that may have been made. Policies that a token may have stay owned: nothing else would ever
    /// remove them.
    pub(super) fn in_doubt(&self) -> BindingFields {
        let mut state = self.prior.as_ref().unwrap_or(&self.planned).in_doubt(&fingerprints(&self.add));
        if state.token_name.is_unknown() {
            state.token_name = Value::Null;
        }
        state
    }

    /// The state after the write. `None` if nothing has changed. `faulty` means that the API granted less than was
    /// requested.
    pub(super) fn after(
        self,
        outcome: Result<Outcome, OpError>,
        faulty: bool,
        owner: &Owner,
        catalog: Option<&Catalog>,
    ) -> Option<BindingFields> {
        let asked = fingerprints(&self.add);
        let is_new = self.prior.is_none();
        match outcome {
            Ok(outcome) => {
                let mut state = self.planned;
                let owned = applied(&asked, &outcome.concerns);
                state.set_owned(&owned);
                if state.token_name.is_unknown() {
                    state.token_name = outcome.token.as_ref().map(|token| token.name.clone()).into();
                }
                if let Some(token) = outcome.token.filter(|_| faulty) {
                    let seen = TokenPolicies::of(&token, owner);
                    let written = specs(&state.policies).unwrap_or_default();
                    let own = Own { written: &written, fingerprints: &BTreeSet::new(), shows_others: false };
                    let matched = policies::match_with(own, &seen, owner, catalog);
                    let owned = matched.still_owned(&owned, &seen);
                    state.policies = matched.value(&state.policies, false);
                    state.grants = matched.grants(false);
                    state.set_owned(&owned);
                    if is_new && owned.is_empty() {
                        return None;
                    }
                }
                Some(state)
            }
            Err(error) if error.may_have_effect() || self.wrote_others => Some(self.in_doubt()),
            Err(_) => None,
        }
    }
}
