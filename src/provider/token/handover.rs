//! How a rotation with an overlap is carried out: what happens to the token in its overlap, and which token takes its
//! place. Pure.

use std::time::Duration;

use time::OffsetDateTime;

use super::apply::{Update, changed};
use super::model::{PreviousBlock, claimant};
use super::succession::{overlap, parsed, previous_id};
use super::value::stamp;
use crate::cloudflare::Token;
use crate::owner::Owner;
use crate::tf_provider::framework::{Diagnostic, Value};
use crate::tokens::{self, Op, PolicyChange, Succession, TokenPolicies};

/// The previous token, in the state.
pub(super) fn previous(id: &str, ends: Option<OffsetDateTime>) -> Value<PreviousBlock> {
    let expires_on = ends.map_or(Value::Null, stamp);
    Value::Known(PreviousBlock { id: id.to_owned().into(), expires_on })
}

impl Update {
    /// The overlap, if a new token takes the place of the old one.
    pub(super) fn overlap(&self) -> Option<Duration> {
        parsed(&overlap(&self.planned)).filter(|_| self.planned.id.is_unknown())
    }

    /// The update in place, if the plan left open whether a new token comes and none does.
    pub(super) fn in_place(mut self) -> Self {
        if self.overlap().is_none() {
            if self.planned.id.is_unknown() {
                self.planned.previous = self.prior.previous.clone();
            }
            self.planned.id = self.prior.id.clone();
            self.planned.issued_on = self.prior.issued_on.clone();
        }
        self
    }

    /// The previous token, if the update deletes it.
    pub(super) fn dropped(&self) -> Option<&str> {
        let goes = self.overlap().is_some() || self.planned.previous.is_null();
        previous_id(&self.prior).filter(|_| goes)
    }

    /// The previous token, if the update keeps it.
    pub(super) fn kept_previous(&self) -> Option<&str> {
        if self.dropped().is_some() { None } else { previous_id(&self.prior) }
    }

    /// The previous token, if it has not got its end yet.
    pub(super) fn unended_previous(&self) -> Option<&str> {
        self.kept_previous().filter(|_| self.planned.previous.is_unknown())
    }

    /// The end of the previous token, and the operation that gives it this end and everything else that it has of the
    /// configuration. The rotation should have done that. No operation if the token has already ended. `there` is the token: its
    /// new end is never later than the one that it has.
    pub(super) fn ending(
        &self,
        owner: &Owner,
        previous: &str,
        there: Option<&Token>,
    ) -> Result<(OffsetDateTime, Option<Op>), Diagnostic> {
        let ends = there.and_then(|token| token.expires_on);
        if let Some(ended) = ends.filter(|ends| *ends <= self.now) {
            return Ok((ended, None));
        }
        let end = self.now + parsed(&overlap(&self.planned)).unwrap_or_default();
        let end = ends.map_or(end, |ends| ends.min(end));
        let policies = if self.planned.is_exclusive() {
            Some(PolicyChange::Exclusive(self.policies.clone()))
        } else {
            let remove = self.private.previous_owes.clone();
            (!remove.is_empty()).then(|| PolicyChange::Edit { remove, add: self.policies.clone() })
        };
        let fields = changed(&self.prior, &self.issued()?, true)?;
        let whole = tokens::Change { by: claimant(previous), fields, policies, again: true, since: None };
        let had = there.map(|token| TokenPolicies::of(token, owner).policies.into_keys().collect());
        Ok((end, Some(Op::from(whole.for_predecessor(&had.unwrap_or_default(), Some(end))))))
    }

    /// Whether rotations no longer have an overlap. Then what an interrupted rotation has left is of no use to the next
    /// one.
    pub(super) fn ends_overlaps(&self) -> bool {
        !overlap(&self.prior).is_null() && overlap(&self.planned).is_null()
    }

    /// The operation for the token service, if a new token takes the place of the old one.
    pub(super) fn succession(&self) -> Result<Option<Succession>, Diagnostic> {
        let Some(overlap) = self.overlap() else { return Ok(None) };
        Ok(Some(Succession { change: self.whole_change()?, overlap }))
    }
}
