//! A rotation with an overlap: a new token takes the place of the old one, whose value keeps working for a while. Pure.
//!
//! `previous` is the token in its overlap. There is at most one: it is deleted before the next rotation.

use std::time::Duration;

use time::OffsetDateTime;

use super::model::{Change, RotationBlock, TokenFields};
use crate::path;
use crate::provider::checks::{instant, parse_duration};
use crate::provider::wording;
use crate::tf_provider::framework::{Diagnostics, Value};
use crate::tokens::successor_name;

/// `rotation.overlap` as the user wrote it.
pub(super) fn overlap(token: &TokenFields) -> Value<String> {
    match &token.rotation {
        Value::Known(rotation) => rotation.overlap.clone(),
        Value::Null => Value::Null,
        Value::Unknown => Value::Unknown,
    }
}

pub(super) fn parsed(text: &Value<String>) -> Option<Duration> {
    text.as_str().and_then(parse_duration)
}

/// Checks that an overlap has a rotation to overlap with, and enough time.
pub(super) fn validate(config: &TokenFields) -> Diagnostics {
    let Some(rotation) = config.rotation.known() else { return Diagnostics::none() };
    let at = || path!(TokenFields.rotation).then(path!(RotationBlock.overlap));
    let Value::Known(text) = &rotation.overlap else { return Diagnostics::none() };
    if rotation.every.is_null() && rotation.triggers.is_null() {
        return wording::overlap_of_nothing().at(at()).into();
    }
    let (Some(overlap), every) = (parse_duration(text), parsed(&rotation.every)) else {
        return Diagnostics::none();
    };
    if let Some(every) = every.filter(|every| overlap >= *every) {
        return wording::overlap_too_long(text, &wording::length(every)).at(at()).into();
    }
    match (parsed(&config.expires_in), every) {
        (Some(life), Some(every)) if life < every + overlap => {
            let expires_in = config.expires_in.as_str().unwrap_or_default();
            wording::life_too_short(expires_in).at(path!(TokenFields.expires_in)).into()
        }
        _ => Diagnostics::none(),
    }
}

/// Whether a rotation makes a new token.
pub(super) fn makes_new_token(planned: &TokenFields) -> bool {
    !overlap(planned).is_null()
}

/// The overlap in words: as the user wrote it.
pub(super) fn words(planned: &TokenFields) -> String {
    overlap(planned).as_str().unwrap_or("its overlap").to_owned()
}

/// Plans a new token in the place of the old one.
pub(super) fn plan_new_token(planned: &mut TokenFields) {
    planned.id = Value::Unknown;
    planned.issued_on = Value::Unknown;
    planned.previous = Value::Unknown;
}

/// Plans what becomes of the previous token where no new one comes: it goes once its overlap is over, and gets its end where
/// that could not be set.
pub(super) fn plan_previous(change: Change<'_>, planned: &mut TokenFields) {
    let Some(previous) = change.prior.and_then(|prior| prior.previous.known()) else { return };
    if change.private.previous_over {
        planned.previous = Value::Null;
    } else if previous.expires_on.is_null() {
        planned.previous = if makes_new_token(planned) { Value::Unknown } else { Value::Null };
    }
}

/// Whether the previous token's overlap is over.
pub(super) fn is_over(state: &TokenFields, now: OffsetDateTime) -> bool {
    let end = state.previous.known().and_then(|previous| previous.expires_on.as_str()).and_then(instant);
    end.is_some_and(|end| end <= now)
}

/// The id of the previous token.
pub(super) fn previous_id(token: &TokenFields) -> Option<&str> {
    token.previous.known().and_then(|previous| previous.id.as_str())
}

/// Whether this is the name that a successor has until it gets its own.
pub(super) fn is_unfinished(state: &TokenFields, name: &str) -> bool {
    previous_id(state).is_some_and(|previous| name == successor_name(previous))
}
