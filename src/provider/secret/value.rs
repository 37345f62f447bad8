//! The value of a secret, for Workers and stores: its attributes, its plan, and a write that remembers whether an
//! attempt may have had an effect. The API never returns a value.

use std::collections::BTreeSet;

use secrecy::SecretString;
use tokio::time::sleep;

use crate::cloudflare::{Client, Error, Request};
use crate::model;
use crate::path;
use crate::provider::wording;
use crate::tf_provider::framework::{Diagnostics, Model as _, Value, computed, optional};
use crate::tokens::AMBIGUITY_HORIZON;

model! {
    /// Whether what was written is known to have taken effect.
    pub(crate) struct Doubt {
        /// What the last apply sent without learning whether it took effect; null normally. The next apply sends it again.
        unconfirmed: String = computed().keep_prior(),
    }
}

const DOUBT: &str = "It is not known whether the last write took effect. The next apply sends it again.";
const FOREIGN: &str = " Something else may have put these secrets, which a destroy leaves where they are: ";

impl Doubt {
    /// Notes that a write may have taken effect. What was noted before stays.
    pub(crate) fn note(&mut self) {
        if !self.is_noted() {
            self.unconfirmed = DOUBT.to_owned().into();
        }
    }

    /// The same where something else may have put secrets of these names before. It is in the state, because Terraform passes
    /// only the state to the delete of a tainted object.
    pub(crate) fn note_foreign(&mut self, names: &BTreeSet<String>) {
        let names = serde_json::to_string(names).unwrap_or_default();
        self.unconfirmed = format!("{DOUBT}{FOREIGN}{names}.").into();
    }

    /// The names that were noted so.
    pub(crate) fn foreign(&self) -> BTreeSet<String> {
        let noted = self.unconfirmed.as_str().and_then(|text| text.split_once(FOREIGN));
        let names = noted.and_then(|(_, names)| serde_json::from_str(names.trim_end_matches('.')).ok());
        names.unwrap_or_default()
    }

    /// Whether an earlier apply sent a write that may have taken effect, or may still do so.
    pub(crate) fn is_noted(&self) -> bool {
        !self.unconfirmed.is_null()
    }
}

model! {
    /// The value to put.
    pub(crate) struct SecretValue {
        ..doubt: Doubt,
        /// The secret. It is kept in Terraform's state: `value_wo` is not. One of the two is required, but of a secret that was
        /// imported: without a value that one stays as it is.
        value: SecretString = optional().conflicts_with(&["value_wo", "value_wo_version"]),
        /// The secret. It is in no plan and no state, and may come from an ephemeral resource. Terraform cannot see that it
        /// changes, so change `value_wo_version` with it.
        value_wo: SecretString = optional().write_only(),
        /// Any whole number. When it changes, `value_wo` is put again. Required with `value_wo`.
        value_wo_version: i64 = optional(),
    }
}

impl SecretValue {
    /// Whether a value is set.
    pub(crate) fn is_set(&self) -> bool {
        !(self.value.is_null() && self.value_wo.is_null() && self.value_wo_version.is_null())
    }

    /// Whether two values are the same, apart from doubts.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let sure = |put: &Self| Self { doubt: Doubt::null(), ..put.clone() };
        sure(self) == sure(other)
    }

    /// Clears the value because something else has changed the secret. The next apply then puts the value again.
    pub(crate) fn forget(&mut self) {
        self.value = Value::Null;
        self.value_wo_version = Value::Null;
    }

    /// The value to put, from a configuration and its plan. `None` if it is null.
    pub(crate) fn chosen<'a>(config: &'a Self, planned: &'a Self) -> Option<&'a SecretString> {
        config.value_wo.known().or(planned.value.known())
    }

    /// Checks a configuration.
    pub(crate) fn validate(&self) -> Diagnostics {
        match alone(&self.value_wo, &self.value_wo_version) {
            Some(Alone::Value) => wording::no_version().at(path!(SecretValue.value_wo)).into(),
            // If `value` is set, `conflicts_with` already reports an error.
            Some(Alone::Version) if self.value.is_null() => {
                wording::only_version().at(path!(SecretValue.value_wo_version)).into()
            }
            Some(Alone::Version) | None => Diagnostics::none(),
        }
    }

    /// Refuses a secret without a value at plan. `stays` means that nothing is written. An imported secret has no value
    /// in the state. It may stay as it is without a value in the configuration.
    pub(crate) fn plan(prior: Option<&Self>, has_value: bool, stays: bool) -> Diagnostics {
        let imported = prior.is_some_and(|prior| !prior.is_set()) && stays;
        if has_value || imported {
            return Diagnostics::none();
        }
        wording::no_secret_value().at(path!(SecretValue.value)).into()
    }
}

/// Which of the two is set without the other: a write-only value or its version.
pub(super) enum Alone {
    Value,
    Version,
}

/// Finds a write-only value without its version, or the reverse. An unknown value may still become null, so it does not
/// count.
pub(super) fn alone<T>(value: &Value<T>, version: &Value<i64>) -> Option<Alone> {
    match (value.is_null(), version.is_null()) {
        (false, true) if !value.is_unknown() => Some(Alone::Value),
        (true, false) => Some(Alone::Version),
        _ => None,
    }
}

/// The result of a write.
#[derive(Debug)]
pub(crate) enum Put<T> {
    /// The secret exists.
    Done(T),
    /// The last error, and whether an attempt may have had its effect.
    Failed { error: Error, may_have_effect: bool },
}

impl<T> Put<T> {
    /// Whether the secret exists.
    pub(crate) fn is_done(&self) -> bool {
        matches!(self, Self::Done(_))
    }
}

/// Sends a write, and repeats it once if it gets no answer. If the second attempt is refused, the result still says that
/// the first may have taken effect. An attempt without an answer can take effect only before this ends: the caller holds the
/// lock until then, so a later write, or a removal, is not undone.
pub(crate) async fn put<T>(client: &Client, request: impl Fn() -> Request<T>) -> Put<T> {
    let lost = match client.send(request().once()).await {
        Ok(done) => return Put::Done(done),
        Err(error) if !error.is_ambiguous() => return Put::Failed { error, may_have_effect: false },
        Err(error) => error,
    };
    tracing::warn!(error = %lost, "the put of a secret had no answer: it is sent again");
    let again = client.send(request()).await;
    sleep(AMBIGUITY_HORIZON).await;
    match again {
        Ok(done) => Put::Done(done),
        Err(error) => Put::Failed { error, may_have_effect: true },
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn stored(value: &str) -> SecretValue {
        SecretValue { value: Value::Known(value.into()), ..SecretValue::null() }
    }

    fn write_only(value: Value<SecretString>, version: Value<i64>) -> SecretValue {
        SecretValue { value_wo: value, value_wo_version: version, ..SecretValue::null() }
    }

    #[test]
    fn a_write_only_value_and_its_version_come_together() {
        let known = || Value::Known("one".into());
        let at = |found: Diagnostics| found.0.into_iter().map(|one| one.path.unwrap()).collect::<Vec<_>>();
        let found = |value, version| at(write_only(value, version).validate());
        assert_eq!(found(known(), 1.into()), []);
        assert_eq!(found(known(), Value::Null), [path!(SecretValue.value_wo)]);
        assert_eq!(found(Value::Unknown, Value::Null), [], "it may still become null");
        assert_eq!(found(Value::Null, 1.into()), [path!(SecretValue.value_wo_version)]);
        assert_eq!(found(Value::Null, Value::Null), []);
        // Another check refuses a version beside the other kind of value.
        let both = SecretValue { value_wo_version: 1.into(), ..stored("one") };
        assert_eq!(at(both.validate()), []);
    }

    #[test]
    fn a_doubt_says_which_secrets_may_be_foreign() {
        let names: BTreeSet<String> = ["A, B", "KEY."].map(str::to_owned).into();
        let mut doubt = Doubt { unconfirmed: Value::Null };
        assert!(doubt.foreign().is_empty());
        doubt.note();
        assert!(doubt.is_noted() && doubt.foreign().is_empty());
        doubt.note_foreign(&names);
        assert!(doubt.is_noted());
        doubt.note();
        assert_eq!(doubt.foreign(), names);
    }

    #[test]
    fn a_doubt_does_not_make_another_value() {
        let mut doubtful = stored("one");
        doubtful.doubt.note();
        assert!(doubtful.is_same(&stored("one")) && stored("one").is_same(&doubtful));
        assert!(!stored("one").is_same(&stored("two")));
    }

    #[test]
    fn a_value_that_was_changed_elsewhere_is_forgotten_with_its_version() {
        let mut put = SecretValue { value_wo_version: 1.into(), ..stored("one") };
        put.forget();
        assert!(!put.is_set());
    }

    #[test]
    fn a_write_only_value_comes_from_the_configuration_the_other_from_the_plan() {
        let (config, planned) = (write_only(Value::Known("hidden".into()), 1.into()), stored("shown"));
        let (chosen, none) = (SecretValue::chosen, SecretValue::null());
        let text = |value: Option<&SecretString>| value.map(|value| value.expose_secret().to_owned());
        assert_eq!(text(chosen(&config, &none)).as_deref(), Some("hidden"));
        assert_eq!(text(chosen(&planned, &planned)).as_deref(), Some("shown"));
        assert_eq!(text(chosen(&none, &none)), None);
    }
}
