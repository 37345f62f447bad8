//! The writes that carry out a planned change of a token, in their order. Pure.

use std::collections::BTreeSet;

use time::OffsetDateTime;

use super::model::{Private, TokenFields, claimant};
use super::plan::has_ended;
use super::value::{expiry, stamp, version};
use crate::path;
use crate::policy::{Fingerprint, Policy};
use crate::provider::blocks::condition;
use crate::provider::policies::fingerprints;
use crate::provider::{checks, wording};
use crate::tf_provider::framework::{Diagnostic, Path, Value};
use crate::tokens::{Change, Fields, NewToken, Op, PolicyChange};

/// An update of which everything is known.
#[derive(Clone)]
pub(super) struct Update {
    pub(super) prior: TokenFields,
    pub(super) planned: TokenFields,
    pub(super) private: Private,
    /// The planned policies.
    pub(super) policies: Vec<Policy>,
    pub(super) now: OffsetDateTime,
}

/// A write of an update.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// The fields and policies that the plan changes.
    Change { fields: Fields, policies: Option<PolicyChange>, again: bool },
    /// A new value.
    Roll,
    /// The end of the new value.
    Extend(Fields),
}

impl Step {
    /// The operation for the token service.
    /// `since` is the time of the last change that the state knows of.
    pub(super) fn op(&self, id: &str, since: Option<i64>) -> Op {
        let by = claimant(id);
        match self.clone() {
            Self::Change { fields, policies, again } => {
                Op::from(Change { by, fields, policies, again, since })
            }
            Self::Roll => Op::Roll,
            Self::Extend(fields) => Op::from(Change { by, fields, since, ..Change::default() }),
        }
    }

    /// The part of it that also applies to the previous token during its overlap. `had` are the policies before.
    pub(super) fn narrowed(&self, previous: &str, had: &BTreeSet<Fingerprint>) -> Option<(&Self, Op)> {
        let Self::Change { fields, policies, again } = self.clone() else { return None };
        let change = Change { by: claimant(previous), fields, policies, again, since: None }
            .for_predecessor(had, None);
        (!change.is_empty()).then(|| (self, Op::from(change)))
    }

    /// The summary of its failure.
    pub(super) fn failed(&self, id: &str) -> String {
        match self {
            Self::Change { .. } => wording::not_changed(id),
            Self::Roll => wording::not_rolled(id),
            Self::Extend(_) => wording::not_extended(id),
        }
    }
}

impl Update {
    /// Whether the token gets a new value.
    pub(super) fn rolls(&self) -> bool {
        self.planned.value_issued_on.is_unknown()
    }

    /// The fingerprints of the planned policies.
    pub(super) fn asked(&self) -> BTreeSet<Fingerprint> {
        fingerprints(&self.policies)
    }

    /// The planned token. If a value is issued, it has its time and its end.
    pub(super) fn issued(&self) -> Result<TokenFields, Diagnostic> {
        let mut planned = self.planned.clone();
        if self.rolls() {
            let before = self.prior.value_version.known().copied();
            issue(&mut planned, before.max(self.private.version), self.now)?;
        }
        Ok(planned)
    }

    /// The writes, in their order. The roll comes last, so that an earlier failure leaves the old value working. A new end
    /// belongs to the new value, so it is not set before the roll.
    pub(super) fn steps(&self) -> Result<Vec<Step>, Diagnostic> {
        let again = self.prior.is_in_doubt();
        let planned = self.issued()?;
        let mut fields = changed(&self.prior, &planned, again)?;
        let policies = self.policy_change(again);
        let extended = if self.rolls() { fields.expires_on.take() } else { None };
        let mut steps = Vec::new();
        if policies.is_some() || !fields.named().is_empty() {
            steps.push(Step::Change { fields, policies, again });
        }
        if self.rolls() {
            steps.push(Step::Roll);
        }
        if extended.is_some() {
            steps.push(Step::Extend(Fields { expires_on: extended, ..Fields::default() }));
        }
        Ok(steps)
    }

    /// Everything that the plan changes, as one change: the difference of a successor.
    pub(super) fn whole_change(&self) -> Result<Change, Diagnostic> {
        let again = self.prior.is_in_doubt();
        let planned = self.issued()?;
        let expires_on = instant(&planned.expires_on, path!(TokenFields.expires_on))?;
        let fields = Fields { expires_on: Some(expires_on), ..changed(&self.prior, &planned, again)? };
        let exclusive = || PolicyChange::Exclusive(self.policies.clone());
        let policies = if planned.is_exclusive() { Some(exclusive()) } else { self.policy_change(again) };
        let by = claimant(self.prior.token_id());
        Ok(Change { by, fields, policies, again: false, since: self.private.sent_on })
    }

    /// How the policies change, if they do. If they become additive, only policies that this resource has written itself
    /// are removed.
    fn policy_change(&self, again: bool) -> Option<PolicyChange> {
        let (prior, planned) = (&self.prior, &self.planned);
        if prior.keeps_policies(planned) {
            return None;
        }
        let add = self.policies.clone();
        if planned.is_exclusive() {
            return Some(PolicyChange::Exclusive(add));
        }
        let remove = self.private.own();
        (again || !(remove.is_empty() && add.is_empty())).then_some(PolicyChange::Edit { remove, add })
    }
}

/// The token to create. Sets in `planned` when its value was issued and when it ends. `before` is the value's version of
/// the token that this one replaces.
pub(super) fn new_token(
    planned: &mut TokenFields,
    policies: Vec<Policy>,
    before: Option<i64>,
    now: OffsetDateTime,
) -> Result<NewToken, Diagnostic> {
    issue(planned, before, now)?;
    Ok(NewToken {
        name: planned.name.known().cloned(),
        policies,
        condition: condition(&planned.condition),
        expires_on: instant(&planned.expires_on, path!(TokenFields.expires_on))?,
        not_before: instant(&planned.not_before, path!(TokenFields.not_before))?,
        disabled: planned.status.as_str() == Some("disabled"),
    })
}

/// Issues a value: its age and `expires_in` count from now. `before` is the version of the last value.
fn issue(planned: &mut TokenFields, before: Option<i64>, now: OffsetDateTime) -> Result<(), Diagnostic> {
    planned.value_issued_on = stamp(now);
    planned.value_version = version(now, before).into();
    if planned.expires_on.is_unknown() {
        let expiry = expiry(now, &planned.expires_in);
        planned.expires_on = stamp(expiry.ok_or_else(|| wording::endless(path!(TokenFields.expires_in)))?);
    }
    Ok(())
}

/// The instant that a planned timestamp means. `None` if the timestamp is null. An unknown or impossible timestamp is an
/// error and must not count as null.
fn instant(planned: &Value<String>, at: Path) -> Result<Option<OffsetDateTime>, Diagnostic> {
    match planned {
        Value::Null => Ok(None),
        Value::Unknown => Err(wording::endless(at)),
        Value::Known(text) => checks::instant(text).map(Some).ok_or_else(|| wording::endless(at)),
    }
}

/// The fields that a plan changes. All of them if an earlier write is in doubt.
pub(super) fn changed(prior: &TokenFields, planned: &TokenFields, again: bool) -> Result<Fields, Diagnostic> {
    let text = |prior: &Value<String>, planned: &Value<String>| {
        planned.known().filter(|_| again || prior != planned).cloned()
    };
    let time = |prior: &Value<String>, planned: &Value<String>, at: Path| {
        (again || prior != planned).then(|| instant(planned, at)).transpose()
    };
    Ok(Fields {
        name: text(&prior.name, &planned.name),
        // Only the API can set the status of a token that has ended.
        status: text(&prior.status, &planned.status).filter(|status| !has_ended(status)),
        condition: (again || prior.condition != planned.condition).then(|| condition(&planned.condition)),
        expires_on: time(&prior.expires_on, &planned.expires_on, path!(TokenFields.expires_on))?,
        not_before: time(&prior.not_before, &planned.not_before, path!(TokenFields.not_before))?,
    })
}
