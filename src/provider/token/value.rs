//! The life of a token's value: when it is rolled, for whom it is sealed, whether it is stored.
//!
//! A plan must give the same answer again at apply. So only a read looks at the clock, and keeps the time in the private
//! state. A plan looks at the clock only to refuse.

use std::collections::BTreeMap;
use std::time::Duration;

use secrecy::SecretString;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::model::{Change, RotationBlock, SealBlock, TokenFields};
use super::succession;
use crate::cloudflare::milliseconds;
use crate::path;
use crate::provider::blocks::same_or;
use crate::provider::checks::{instant, is_same_instant, parse_duration};
use crate::provider::seal::{Format, Recipient, is_private};
use crate::provider::wording::{self, RollReason, Trigger};
use crate::tf_provider::framework::{Diagnostic, Diagnostics, Element, Map, Value};

/// A timestamp for the state, in whole seconds, as the API keeps it.
pub(super) fn stamp(at: OffsetDateTime) -> Value<String> {
    at.replace_nanosecond(0).unwrap_or(at).format(&Rfc3339).ok().into()
}

/// The version of a value that is issued now, after one of version `before`. It is the time in milliseconds, so that it
/// also rises from one token to the next if the state has no earlier version, for example after a taint.
pub(super) fn version(now: OffsetDateTime, before: Option<i64>) -> i64 {
    before.map_or(i64::MIN, |before| before.saturating_add(1)).max(milliseconds(now))
}

/// The version of a value whose state has none: an older version of the provider wrote the state, or the token was
/// imported.
pub(super) fn first_version(token: &TokenFields) -> Value<i64> {
    let issued = token.value_issued_on.as_str().or(token.issued_on.as_str()).and_then(instant);
    issued.map(milliseconds).into()
}

/// When a value that was issued at `base` stops working, by `expires_in`.
pub(super) fn expiry(base: OffsetDateTime, expires_in: &Value<String>) -> Option<OffsetDateTime> {
    after(base, expires_in.as_str().and_then(parse_duration)?)
}

fn after(base: OffsetDateTime, wait: Duration) -> Option<OffsetDateTime> {
    base.checked_add(wait.try_into().ok()?)
}

/// `rotation.every` as the user wrote it.
fn every(token: &TokenFields) -> Option<&str> {
    token.rotation.known().and_then(|rotation| rotation.every.as_str())
}

/// When the present value was issued.
pub(super) fn issued(token: &TokenFields) -> Option<OffsetDateTime> {
    token.value_issued_on.as_str().or(token.issued_on.as_str()).and_then(instant)
}

/// Whether a value was older than the planned `rotation.every` at the last check, in Unix seconds.
fn is_due(prior: &TokenFields, planned: &TokenFields, seen_on: i64) -> bool {
    let every = every(planned).and_then(parse_duration);
    let due = every.zip(issued(prior)).and_then(|(every, issued)| after(issued, every));
    due.is_some_and(|due| due.unix_timestamp() <= seen_on)
}

/// The time of the check that decides a rotation. It stays at the last check until a later one gives another verdict, so
/// that a refresh without news leaves the private state unchanged. It also stays if there is no `rotation.every`.
pub(super) fn look(state: &TokenFields, last: i64, now: i64) -> i64 {
    if is_due(state, state, last) == is_due(state, state, now) { last } else { now }
}

/// Why a value is rolled.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Reason {
    /// An earlier roll may have taken effect, and its value is lost.
    Lost,
    /// Something else has rolled the token, so that the value in the state has stopped working.
    Dead,
    /// These triggers are new, have changed, or are not known yet.
    Triggered(Vec<Trigger>),
    /// `rotation.every`, as the user wrote it, has passed.
    Due(String),
    /// `rotation.every` is not known yet: it may have passed.
    MayBeDue,
    /// A new recipient needs the value, and it is not known any more.
    Recipient,
    /// The state should have the value, and the value is not known any more.
    Store,
}

impl Reason {
    /// Whether the old value may keep working for a while. Not if it has stopped working anyway, or if it is not known
    /// which value works.
    fn leaves_time(&self) -> bool {
        !matches!(self, Self::Lost | Self::Dead)
    }
}

/// Plans `value` and what depends on it.
pub(super) fn plan(change: Change<'_>, planned: &mut TokenFields, now: OffsetDateTime) -> Diagnostics {
    let mut found = Diagnostics::none();
    let Some(prior) = change.prior else {
        plan_new_value(planned);
        planned.previous = Value::Null;
        plan_expiry(change, planned, true, now, &mut found);
        return found;
    };
    let reason = reason(change, prior, planned);
    let succeeded = reason.as_ref().is_some_and(Reason::leaves_time) && succession::makes_new_token(planned);
    if reason.is_some() {
        plan_new_value(planned);
    } else {
        plan_old_value(prior, planned);
    }
    if succeeded {
        succession::plan_new_token(planned);
    } else {
        succession::plan_previous(change, planned);
    }
    plan_expiry(change, planned, reason.is_some(), now, &mut found);
    match reason {
        Some(reason) => {
            let overlap = succeeded.then(|| succession::words(planned));
            found.push(worded(&reason, prior, now, overlap.as_deref()));
        }
        None if is_due_next_time(change, prior, planned, now) => {
            let every = path!(TokenFields.rotation).then(path!(RotationBlock.every));
            found.push(wording::rolled_next_time(&token_name(prior), &age(prior, now)).at(every));
        }
        None => {}
    }
    found
}

/// The token's name in diagnostics.
fn token_name(prior: &TokenFields) -> String {
    format!("\"{}\" ({})", prior.name.as_str().unwrap_or_default(), prior.token_id())
}

/// How old the value is, in words.
fn age(prior: &TokenFields, now: OffsetDateTime) -> String {
    let age = issued(prior).and_then(|issued| Duration::try_from(now - issued).ok());
    wording::length(age.unwrap_or_default())
}

/// The warning about a roll, at the attribute that causes it.
fn worded(reason: &Reason, prior: &TokenFields, now: OffsetDateTime, overlap: Option<&str>) -> Diagnostic {
    let rolled = |why: RollReason| match overlap {
        Some(overlap) => {
            wording::succeeded(&token_name(prior), &why, overlap, succession::previous_id(prior))
        }
        None => wording::rolled(&token_name(prior), &why),
    };
    let rotation = || path!(TokenFields.rotation);
    match reason {
        Reason::Dead => wording::rolled_outside(&token_name(prior)),
        Reason::Lost => rolled(RollReason::Lost),
        Reason::Due(every) => rolled(RollReason::Due { age: age(prior, now), every: every.clone() })
            .at(rotation().then(path!(RotationBlock.every))),
        Reason::MayBeDue => {
            wording::may_be_rolled(&token_name(prior)).at(rotation().then(path!(RotationBlock.every)))
        }
        Reason::Triggered(triggers) => {
            rolled(RollReason::Triggered(triggers.clone())).at(rotation().then(path!(RotationBlock.triggers)))
        }
        Reason::Store => rolled(RollReason::Stored).at(path!(TokenFields.store_value)),
        Reason::Recipient => rolled(RollReason::Recipient).at(path!(TokenFields.seal_for)),
    }
}

fn reason(change: Change<'_>, prior: &TokenFields, planned: &TokenFields) -> Option<Reason> {
    let triggers = changed_triggers(prior, planned);
    if change.private.value_lost {
        Some(Reason::Lost)
    } else if change.private.value_dead {
        Some(Reason::Dead)
    } else if !triggers.is_empty() {
        Some(Reason::Triggered(triggers))
    } else if is_due(prior, planned, change.private.seen_on) {
        every(planned).map(|every| Reason::Due(every.to_owned()))
    } else if planned.rotation.known().is_some_and(|rotation| rotation.every.is_unknown()) {
        Some(Reason::MayBeDue)
    } else if prior.store_value == Value::Known(false) && planned.store_value != Value::Known(false) {
        Some(Reason::Store)
    } else if prior.value.is_null() && seals_anew(prior, planned) {
        Some(Reason::Recipient)
    } else {
        None
    }
}

/// Whether this plan makes the rotation so frequent that the next refresh finds it due. The clock causes only a warning
/// here: a plan that depends on the clock could come out differently at apply.
fn is_due_next_time(
    change: Change<'_>,
    prior: &TokenFields,
    planned: &TokenFields,
    now: OffsetDateTime,
) -> bool {
    !change.replaced && every(prior) != every(planned) && is_due(prior, planned, now.unix_timestamp())
}

/// The triggers that have changed. A removed trigger rolls nothing, even if all are removed.
fn changed_triggers(prior: &TokenFields, planned: &TokenFields) -> Vec<Trigger> {
    let triggers = |model: &TokenFields| match &model.rotation {
        Value::Null => Value::Null,
        Value::Unknown => Value::Unknown,
        Value::Known(rotation) => rotation.triggers.clone(),
    };
    let Value::Known(after) = triggers(planned) else {
        return if triggers(planned).is_unknown() { vec![Trigger::AllUnknown] } else { Vec::new() };
    };
    let before = triggers(prior).known().cloned().unwrap_or_default();
    let changed = |(key, value): (&String, &Element<String>)| match (before.0.get(key), value) {
        (_, Element::Unknown) => Some(Trigger::Unknown(key.clone())),
        (None, _) => Some(Trigger::New(key.clone())),
        (Some(old), new) if old != new => Some(Trigger::Changed(key.clone())),
        (Some(_), _) => None,
    };
    after.0.iter().filter_map(changed).collect()
}

/// Whether a recipient does not have the value sealed yet.
fn seals_anew(prior: &TokenFields, planned: &TokenFields) -> bool {
    match &planned.seal_for {
        Value::Null => false,
        Value::Unknown => true,
        Value::Known(recipients) => recipients.0.iter().any(|(name, to)| !is_sealed(prior, name, to)),
    }
}

/// Whether the state has the value sealed for this recipient.
fn is_sealed(prior: &TokenFields, name: &str, to: &Element<SealBlock>) -> bool {
    let before = prior.seal_for.known().and_then(|recipients| recipients.0.get(name));
    let sealed = prior.sealed_values.known().is_some_and(|sealed| sealed.0.contains_key(name));
    sealed && before == Some(to)
}

/// Plans a new value: unknown, and sealed again for every recipient.
fn plan_new_value(planned: &mut TokenFields) {
    planned.value = if planned.store_value == Value::Known(false) { Value::Null } else { Value::Unknown };
    planned.value_issued_on = Value::Unknown;
    planned.value_version = Value::Unknown;
    planned.sealed_values = match &planned.seal_for {
        Value::Null => Value::Null,
        Value::Unknown => Value::Unknown,
        Value::Known(recipients) => {
            Value::Known(Map(recipients.0.keys().map(|name| (name.clone(), Element::Unknown)).collect()))
        }
    };
}

/// Plans the present value: sealed for recipients who do not have it yet.
fn plan_old_value(prior: &TokenFields, planned: &mut TokenFields) {
    match planned.store_value {
        Value::Known(true) | Value::Null => {}
        Value::Known(false) => planned.value = Value::Null,
        Value::Unknown => planned.value = Value::Unknown,
    }
    planned.sealed_values = match &planned.seal_for {
        Value::Null => Value::Null,
        Value::Unknown => Value::Unknown,
        Value::Known(recipients) => {
            let sealed = prior.sealed_values.known();
            let of = |name: &String, to| match sealed.and_then(|sealed| sealed.0.get(name)) {
                Some(text) if is_sealed(prior, name, to) => text.clone(),
                _ => Element::Unknown,
            };
            Value::Known(Map(recipients.0.iter().map(|(name, to)| (name.clone(), of(name, to))).collect()))
        }
    };
}

/// Plans `expires_on`: from the configuration, or from `expires_in` and the time when the value was issued.
fn plan_expiry(
    change: Change<'_>,
    planned: &mut TokenFields,
    new_value: bool,
    now: OffsetDateTime,
    found: &mut Diagnostics,
) {
    if !change.config.expires_on.is_null() {
        return;
    }
    planned.expires_on = match (&planned.expires_in, change.prior) {
        (Value::Null, _) => Value::Null,
        (Value::Known(_), Some(prior)) if !new_value => {
            let expiry = issued(prior).and_then(|issued| expiry(issued, &planned.expires_in));
            let changed = prior.expires_in != planned.expires_in;
            if changed && expiry.is_some_and(|expiry| expiry <= now) {
                found.push(wording::expires_at_once().at(path!(TokenFields.expires_in)));
            }
            expiry.map(stamp).map_or(Value::Unknown, |stamp| same_or(&prior.expires_on, stamp))
        }
        _ => Value::Unknown,
    };
}

/// Seals a value for every recipient. Sealed values that are known stay. The keys were checked before.
pub(super) fn seal(planned: &TokenFields, value: &SecretString) -> Result<Value<Map<String>>, Diagnostic> {
    let Some(recipients) = planned.seal_for.known() else { return Ok(Value::Null) };
    let plan = match &planned.sealed_values {
        Value::Null => return Ok(Value::Null),
        Value::Unknown => BTreeMap::new(),
        Value::Known(plan) => plan.0.clone(),
    };
    let mut sealed = BTreeMap::new();
    for (name, to) in recipients.known_so_far() {
        let text = match plan.get(name) {
            Some(Element::Known(text)) => text.clone(),
            _ => {
                let recipient = to.recipient().and_then(Result::ok);
                let text = recipient.and_then(|recipient| recipient.seal(value));
                text.ok_or_else(|| wording::not_sealed(name, path!(TokenFields.seal_for).key(name)))?
            }
        };
        sealed.insert(name.to_owned(), text);
    }
    Ok(Value::Known(sealed.into_iter().collect()))
}

impl SealBlock {
    /// The recipient. `None` while a part of it is unknown.
    pub(super) fn recipient(&self) -> Option<Result<Recipient, &'static str>> {
        let format: Format = self.format.as_str()?.parse().ok()?;
        Some(Recipient::parse(format, self.public_key.as_str()?))
    }
}

/// Checks the keys, and that a recipient or the state will have the value.
pub(super) fn validate(config: &TokenFields) -> Diagnostics {
    let mut found = Diagnostics::none();
    for (name, to) in config.seal_for.known().into_iter().flat_map(Map::known_so_far) {
        if let Some(Err(fault)) = to.recipient() {
            let error = wording::invalid_key(name, fault);
            // An error about a private key has no path, because Terraform shows the line that a path points at.
            found.push(match to.public_key.as_str() {
                Some(key) if is_private(key) => error,
                _ => error.at(path!(TokenFields.seal_for).key(name).then(path!(SealBlock.public_key))),
            });
        }
    }
    if config.store_value == Value::Known(false) && config.seal_for.is_null() {
        found.push(wording::value_goes_nowhere().at(path!(TokenFields.store_value)));
    }
    found.extend(succession::validate(config));
    found.extend(times(config));
    found
}

/// Refuses times that contradict each other, whatever the clock says.
fn times(config: &TokenFields) -> Diagnostics {
    let mut found = Diagnostics::none();
    let (start, end) = (config.not_before.as_str(), config.expires_on.as_str());
    if let (Some(start), Some(end)) = (start, end)
        && instant(start).zip(instant(end)).is_some_and(|(start, end)| start >= end)
    {
        found.push(wording::never_works(start, end).at(path!(TokenFields.not_before)));
    }
    if let (Some(every), Some(expires_in)) = (every(config), config.expires_in.as_str())
        && parse_duration(every).zip(parse_duration(expires_in)).is_some_and(|(every, end)| every >= end)
    {
        let at = path!(TokenFields.rotation).then(path!(RotationBlock.every));
        found.push(wording::rotated_too_late(every, expires_in).at(at));
    }
    found
}

/// Refuses times that are useless now. Times that the token already had are not judged again, so that no plan fails only
/// because time passes.
pub(super) fn check_times(change: Change<'_>, planned: &TokenFields, now: OffsetDateTime) -> Diagnostics {
    let prior = change.prior.filter(|_| !change.replaced);
    let is_new = |at: fn(&TokenFields) -> &Value<String>| {
        prior.is_none_or(|prior| !is_same_instant(at(prior), at(planned)))
    };
    let (end_is_new, start_is_new) = (is_new(|token| &token.expires_on), is_new(|token| &token.not_before));
    let mut found = Diagnostics::none();
    if let Some(text) = change.config.expires_on.as_str()
        && end_is_new
        && instant(text).is_some_and(|end| end <= now)
    {
        found.push(wording::ends_in_the_past(text).at(path!(TokenFields.expires_on)));
    }
    let end = match &planned.expires_on {
        Value::Unknown => expiry(now, &planned.expires_in),
        end => end.as_str().and_then(instant),
    };
    if let (Some(start), Some(end), true) =
        (planned.not_before.as_str(), end, change.config.expires_on.is_null())
        && (end_is_new || start_is_new)
        && instant(start).is_some_and(|start| start >= end)
    {
        let end = stamp(end);
        found.push(
            wording::never_works(start, end.as_str().unwrap_or_default()).at(path!(TokenFields.not_before)),
        );
    }
    found
}
