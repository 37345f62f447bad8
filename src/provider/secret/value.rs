//! The value of a secret, wherever it goes: its attributes, what is decided of it, and how it is written without losing sight of
//! what an attempt may have done. The API never tells a value.

use secrecy::SecretString;

use crate::cloudflare::{Client, Error, Request};
use crate::model;
use crate::path;
use crate::provider::wording;
use crate::tf_provider::framework::{Diagnostics, Value, computed, optional};

model! {
    /// What is put.
    pub(crate) struct SecretValue {
        /// The secret. It is kept in Terraform's state: `value_wo` is not. One of the two is required, but of a secret that was
        /// imported: without a value that one stays as it is.
        value: SecretString = optional().conflicts_with(&["value_wo", "value_wo_version"]),
        /// The secret, in neither plan nor state; it may come from an ephemeral resource. Terraform cannot see that it
        /// changes: change `value_wo_version` with it.
        value_wo: SecretString = optional().write_only(),
        /// Any whole number. When it changes, `value_wo` is put again. Required with `value_wo`.
        value_wo_version: i64 = optional(),
        /// What the last apply sent without learning whether it took effect; null normally. The next apply sends it again.
        unconfirmed: String = computed().keep_prior(),
    }
}

impl SecretValue {
    /// Whether it says what to put.
    pub(crate) fn is_set(&self) -> bool {
        !(self.value.is_null() && self.value_wo.is_null() && self.value_wo_version.is_null())
    }

    /// Whether an earlier apply has sent something that may have taken effect, or may yet.
    pub(crate) fn is_in_doubt(&self) -> bool {
        !self.unconfirmed.is_null()
    }

    /// Whether it says the same as another, doubts apart.
    pub(crate) fn is_same(&self, other: &SecretValue) -> bool {
        let sure = |put: &SecretValue| SecretValue { unconfirmed: Value::Null, ..put.clone() };
        sure(self) == sure(other)
    }

    /// Notes that a put may have taken effect.
    pub(crate) fn doubt(&mut self) {
        let doubt =
            "It is not known whether the put of the secret took effect. The next apply sends it again.";
        self.unconfirmed = doubt.to_owned().into();
    }

    /// Somebody else has put something: the next apply puts this again.
    pub(crate) fn forget(&mut self) {
        self.value = Value::Null;
        self.value_wo_version = Value::Null;
    }

    /// What to put, by a configuration and its plan; `None` where it turned out to be null.
    pub(crate) fn chosen<'a>(config: &'a SecretValue, planned: &'a SecretValue) -> Option<&'a SecretString> {
        config.value_wo.known().or(planned.value.known())
    }

    /// Checks a configuration.
    pub(crate) fn validate(&self) -> Diagnostics {
        let SecretValue { value, value_wo, value_wo_version, .. } = self;
        match (value.is_null(), value_wo.is_null(), value_wo_version.is_null()) {
            // Not known yet, it may turn out to be null.
            (_, false, true) if !value_wo.is_unknown() => {
                wording::no_version().at(path!(SecretValue.value_wo)).into()
            }
            (true, true, false) => wording::only_version().at(path!(SecretValue.value_wo_version)).into(),
            _ => Diagnostics::none(),
        }
    }

    /// Refuses a secret without a value at plan. `stays`: nothing is written. A secret that was imported has no value in the state: without one in the configuration it stays as it is.
    pub(crate) fn plan(prior: Option<&SecretValue>, has_value: bool, stays: bool) -> Diagnostics {
        let imported = prior.is_some_and(|prior| !prior.is_set()) && stays;
        if has_value || imported {
            return Diagnostics::none();
        }
        wording::no_secret_value().at(path!(SecretValue.value)).into()
    }
}

/// How a write has ended.
#[derive(Debug)]
pub(crate) enum Put<T> {
    /// The secret is there.
    Done(T),
    /// The last error, and whether an attempt may have had its effect.
    Failed { error: Error, may_have_effect: bool },
}

/// Sends a write, and once more where it has no answer. What the first one may have done is not forgotten where the second one
/// is refused.
pub(crate) async fn put<T>(client: &Client, request: impl Fn() -> Request<T>) -> Put<T> {
    let lost = match client.send(request().once()).await {
        Ok(done) => return Put::Done(done),
        Err(error) if !error.is_ambiguous() => return Put::Failed { error, may_have_effect: false },
        Err(error) => error,
    };
    tracing::warn!(error = %lost, "the put of a secret had no answer: it is sent again");
    match client.send(request()).await {
        Ok(done) => Put::Done(done),
        Err(error) => Put::Failed { error, may_have_effect: true },
    }
}
