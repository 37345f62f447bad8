//! The value of a secret, for all places: its attributes, its plan, and a write that remembers what an attempt may have
//! done. The API never returns a value.

use secrecy::SecretString;

use crate::cloudflare::{Client, Error, Request};
use crate::model;
use crate::path;
use crate::provider::wording;
use crate::tf_provider::framework::{Diagnostics, Value, computed, optional};

model! {
    /// The value to put.
    pub(crate) struct SecretValue {
        /// The secret. It is in Terraform's state, unlike `value_wo`. One of the two is required, unless the secret was
        /// imported: without a value, an imported secret stays as it is.
        value: SecretString = optional().conflicts_with(&["value_wo", "value_wo_version"]),
        /// The secret. It is in no plan and no state, and may come from an ephemeral resource. Terraform cannot see that it
        /// changes, so change `value_wo_version` with it.
        value_wo: SecretString = optional().write_only(),
        /// Any whole number. When it changes, `value_wo` is put again. Required with `value_wo`.
        value_wo_version: i64 = optional(),
        /// What the last apply sent without learning whether it took effect. Normally null. The next apply sends it again.
        unconfirmed: String = computed().keep_prior(),
    }
}

impl SecretValue {
    /// Whether a value is set.
    pub(crate) fn is_set(&self) -> bool {
        !(self.value.is_null() && self.value_wo.is_null() && self.value_wo_version.is_null())
    }

    /// Whether an earlier apply has sent something whose outcome is not known.
    pub(crate) fn is_in_doubt(&self) -> bool {
        !self.unconfirmed.is_null()
    }

    /// Whether it is the same as another one, apart from doubts.
    pub(crate) fn is_same(&self, other: &SecretValue) -> bool {
        let sure = |put: &SecretValue| SecretValue { unconfirmed: Value::Null, ..put.clone() };
        sure(self) == sure(other)
    }

    /// Records that a put may have taken effect.
    pub(crate) fn doubt(&mut self) {
        let doubt =
            "It is not known whether the put of the secret took effect. The next apply sends it again.";
        self.unconfirmed = doubt.to_owned().into();
    }

    /// Records that something else has put a value, so that the next apply puts this again.
    pub(crate) fn forget(&mut self) {
        self.value = Value::Null;
        self.value_wo_version = Value::Null;
    }

    /// The value to put, from a configuration and its plan. `None` if it turned out to be null.
    pub(crate) fn chosen<'a>(config: &'a SecretValue, planned: &'a SecretValue) -> Option<&'a SecretString> {
        config.value_wo.known().or(planned.value.known())
    }

    /// Checks a configuration.
    pub(crate) fn validate(&self) -> Diagnostics {
        let SecretValue { value, value_wo, value_wo_version, .. } = self;
        match (value.is_null(), value_wo.is_null(), value_wo_version.is_null()) {
            // An unknown value may turn out to be null.
            (_, false, true) if !value_wo.is_unknown() => {
                wording::no_version().at(path!(SecretValue.value_wo)).into()
            }
            (true, true, false) => wording::only_version().at(path!(SecretValue.value_wo_version)).into(),
            _ => Diagnostics::none(),
        }
    }

    /// Refuses a secret without a value at plan. `stays` means that nothing is written. An imported secret has no value in
    /// the state, so without one in the configuration it stays as it is.
    pub(crate) fn plan(prior: Option<&SecretValue>, has_value: bool, stays: bool) -> Diagnostics {
        let imported = prior.is_some_and(|prior| !prior.is_set()) && stays;
        if has_value || imported {
            return Diagnostics::none();
        }
        wording::no_secret_value().at(path!(SecretValue.value)).into()
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

/// Sends a write, and repeats it once if it gets no answer. If the second attempt is refused, the result still says that
/// the first may have taken effect.
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
