//! Secrets of a Worker that are written together: their plan, their edits, and the state afterwards. Pure.
//!
//! The state has the names that the resource manages. So a name that is removed from the configuration is removed from
//! the Worker, and a secret that was removed outside Terraform is put again. The API never returns a value.

use std::collections::{BTreeMap, BTreeSet};

use secrecy::{ExposeSecret, SecretString};

use super::decide::{WorkerFields, is_text};
use super::value::{Alone, Doubt, alone};
use crate::cloudflare::{Error, WorkerSecret};
use crate::model;
use crate::path;
use crate::provider::{checks, wording};
use crate::tf_provider::framework::{Diagnostics, Map, Set, Value, computed, optional};

/// The number of changes that the API takes in one request.
pub(crate) const EDIT_LIMIT: usize = 100;

model! {
    /// Secrets of a Worker.
    pub(crate) struct SecretsFields {
        ..worker: WorkerFields,
        ..doubt: Doubt,
        /// The secrets by their names. They are kept in Terraform's state: those of `secrets_wo` are not. One of the two is
        /// required, but of secrets that were imported: without values those stay as they are.
        secrets: Map<SecretString> = optional().check(checks::secret_names()),
        /// More secrets by their names, in neither plan nor state; they may come from an ephemeral resource. A name that is new
        /// here is put by the next apply. Terraform cannot see that a value changes: change `secrets_wo_version` with it.
        secrets_wo: Map<SecretString> = optional().write_only().check(checks::secret_names()),
        /// Any whole number. When it changes, all of `secrets_wo` is put again. Required with `secrets_wo`.
        secrets_wo_version: i64 = optional(),
        /// The names of the secrets that this resource manages: those of `secrets` and of `secrets_wo`. What else the Worker has
        /// stays as it is.
        names: Set<String> = computed().keep_prior().identity(),
    }
}

impl SecretsFields {
    /// Whether there are secrets or a version.
    fn is_set(&self) -> bool {
        !(self.secrets.is_null() && self.secrets_wo.is_null() && self.secrets_wo_version.is_null())
    }

    /// The managed names that are known.
    pub(crate) fn managed(&self) -> BTreeSet<&str> {
        self.names.known().into_iter().flat_map(Set::known_so_far).map(String::as_str).collect()
    }

    /// The names in a configuration. Null if the configuration has no secrets at all. Unknown while one of its maps is
    /// unknown.
    fn configured(&self) -> Value<BTreeSet<String>> {
        match (names(&self.secrets), names(&self.secrets_wo)) {
            (Value::Null, Value::Null) => Value::Null,
            (Value::Unknown, _) | (_, Value::Unknown) => Value::Unknown,
            (stored, write_only) => {
                let of = |names: Value<BTreeSet<String>>| names.known().cloned().unwrap_or_default();
                Value::Known(of(stored).into_iter().chain(of(write_only)).collect())
            }
        }
    }

    /// The known values in a configuration.
    pub(crate) fn values(&self) -> impl Iterator<Item = &SecretString> {
        let maps = [&self.secrets, &self.secrets_wo].into_iter().filter_map(Value::known);
        maps.flat_map(Map::known_so_far).map(|(_, value)| value)
    }

    /// Sets the managed names.
    fn manage<'n>(&mut self, names: impl IntoIterator<Item = &'n str>) {
        let names: BTreeSet<&str> = names.into_iter().collect();
        self.names = Value::Known(names.into_iter().map(str::to_owned).collect());
    }

    /// Checks a configuration.
    pub(crate) fn validate(&self) -> Diagnostics {
        let mut found = Diagnostics::none();
        match alone(&self.secrets_wo, &self.secrets_wo_version) {
            Some(Alone::Value) => {
                found.push(wording::no_secrets_version().at(path!(SecretsFields.secrets_wo)))
            }
            Some(Alone::Version) => {
                found.push(wording::only_secrets_version().at(path!(SecretsFields.secrets_wo_version)));
            }
            None => {}
        }
        if let (Value::Known(stored), Value::Known(write_only)) =
            (names(&self.secrets), names(&self.secrets_wo))
            && let Some(both) = stored.intersection(&write_only).next()
        {
            found.push(wording::secret_twice(both).at(path!(SecretsFields.secrets_wo)));
        }
        if let Value::Known(names) = self.configured()
            && names.len() > EDIT_LIMIT
        {
            found.push(wording::too_many_secrets(names.len(), EDIT_LIMIT).at(path!(SecretsFields.secrets)));
        }
        found
    }

    /// The secrets, in doubt if an earlier run has written some of them, or of these, without the state saying so. The state
    /// manages them all, so that the next apply puts or removes them.
    #[must_use]
    pub(crate) fn in_doubt_of<'n>(&self, unheard: impl IntoIterator<Item = &'n String>) -> Self {
        let unheard: Vec<&str> = unheard.into_iter().map(String::as_str).collect();
        let mut state = self.clone();
        if !unheard.is_empty() {
            state.manage(self.managed().into_iter().chain(unheard));
            state.doubt.note();
        }
        state
    }

    /// The state after a refresh that found these secrets. A secret that is gone or now has another kind leaves the
    /// state, so that the next apply puts it again. `None` if no secret is left.
    pub(crate) fn refreshed(&self, there: &[WorkerSecret]) -> Option<Self> {
        let there: BTreeSet<&str> =
            there.iter().filter(|secret| is_text(secret)).map(|secret| secret.name.as_str()).collect();
        let managed = self.managed();
        // If a write is in doubt, its secrets may still appear.
        if self.doubt.is_noted() || managed.is_subset(&there) {
            return Some(self.clone());
        }
        let mut state = self.clone();
        let left: Vec<&str> = managed.intersection(&there).copied().collect();
        state.manage(left.iter().copied());
        if let Value::Known(Map(secrets)) = &mut state.secrets {
            secrets.retain(|name, _| there.contains(name.as_str()));
        }
        (!left.is_empty()).then_some(state)
    }
}

fn names(secrets: &Value<Map<SecretString>>) -> Value<BTreeSet<String>> {
    secrets.clone().map(|Map(secrets)| secrets.into_keys().collect())
}

/// The facts that decide a plan.
pub(crate) struct Facts<'a> {
    /// The secrets before. `None` on create.
    pub(crate) prior: Option<&'a SecretsFields>,
    /// The framework's plan.
    pub(crate) planned: &'a SecretsFields,
    /// The configuration. Only it has the write-only values.
    pub(crate) config: &'a SecretsFields,
}

/// Decides the plan.
pub(crate) fn decide(facts: &Facts<'_>) -> (SecretsFields, Diagnostics) {
    let Facts { prior, planned, config } = facts;
    let (mut planned, mut found) = ((*planned).clone(), Diagnostics::none());
    // A doubt always plans a write, even if the configuration is back to the old values.
    planned.doubt.unconfirmed = Value::Null;
    match config.configured() {
        Value::Known(names) => planned.manage(names.iter().map(String::as_str)),
        Value::Unknown if *prior != Some(&planned) => planned.names = Value::Unknown,
        // If nothing else changes, the plan assumes that an unknown map has the same names as before.
        Value::Unknown => {}
        Value::Null if prior.is_some_and(|prior| !prior.is_set()) => {}
        Value::Null => found.push(wording::no_secrets().at(path!(SecretsFields.secrets))),
    }
    if let Some(prior) = prior
        && prior.worker.id.is_null()
        && planned != **prior
    {
        // An imported object has no id. The next write makes one.
        planned.worker.id = Value::Unknown;
    }
    (planned, found)
}

/// The known names that a plan puts for the first time.
pub(crate) fn added<'a>(prior: Option<&'a SecretsFields>, planned: &'a SecretsFields) -> BTreeSet<&'a str> {
    let before = prior.map(SecretsFields::managed).unwrap_or_default();
    planned.managed().difference(&before).copied().collect()
}

/// The changes to write: the value for each name, or `None` to remove the secret.
pub(crate) type Edits<'a> = BTreeMap<&'a str, Option<&'a SecretString>>;

/// The changes that an apply writes. A name that has left the configuration is removed if it is `ours`. `None` if the
/// names in the configuration differ from those in the plan.
pub(crate) fn edits<'a>(
    prior: Option<&'a SecretsFields>,
    planned: &'a SecretsFields,
    config: &'a SecretsFields,
    ours: impl Fn(&str) -> bool,
) -> Option<Edits<'a>> {
    let managed = planned.managed();
    let known = |secrets: &'a Value<Map<SecretString>>| {
        secrets.known().into_iter().flat_map(Map::known_so_far).collect::<BTreeMap<_, _>>()
    };
    let (stored, write_only) = (known(&planned.secrets), known(&config.secrets_wo));
    if config.is_set() && managed != stored.keys().chain(write_only.keys()).copied().collect() {
        return None;
    }
    let before = prior.map(SecretsFields::managed).unwrap_or_default();
    let stored_before = prior.map(|prior| known(&prior.secrets)).unwrap_or_default();
    let again = prior.is_none_or(|prior| prior.doubt.is_noted());
    let same_version = prior.is_some_and(|prior| prior.secrets_wo_version == planned.secrets_wo_version);
    let is_same = |a: &SecretString, b: &SecretString| a.expose_secret() == b.expose_secret();
    let stays = |name: &str, value: &SecretString| {
        let value_stays = match (stored.contains_key(name), stored_before.get(name)) {
            (true, Some(before)) => is_same(before, value),
            (false, None) => same_version,
            _ => false,
        };
        !again && before.contains(name) && value_stays
    };
    let puts = stored.iter().chain(&write_only).filter(|(name, value)| !stays(name, value));
    let removals = before.difference(&managed).filter(|name| ours(name));
    Some(puts.map(|(name, value)| (*name, Some(*value))).chain(removals.map(|name| (*name, None))).collect())
}

/// The result of the writes.
#[derive(Debug)]
pub(crate) enum Edited {
    /// All changes are in force.
    Done,
    /// All puts are in force, but these secrets should be gone and still exist. Either a request failed, or the API
    /// reported success without an effect.
    Left { names: BTreeSet<String>, error: Option<Error> },
    /// The API reported success, but these secrets do not exist.
    Missing(BTreeSet<String>),
    /// The last error of the first write, and whether an attempt may have had its effect.
    Failed { error: Error, may_have_effect: bool },
}

/// The state after the writes. `None` if nothing has changed.
pub(crate) fn after(
    edited: &Edited,
    prior: Option<SecretsFields>,
    planned: SecretsFields,
) -> Option<SecretsFields> {
    match edited {
        Edited::Done => Some(planned),
        // These names stay managed, so that the next apply removes them.
        Edited::Left { names, .. } => {
            let mut state = planned.clone();
            state.manage(planned.managed().into_iter().chain(names.iter().map(String::as_str)));
            Some(state)
        }
        Edited::Failed { may_have_effect: false, .. } => None,
        // Secrets that may exist stay in the state, so that the next apply puts them again, and a destroy removes them.
        Edited::Missing(_) | Edited::Failed { may_have_effect: true, .. } => {
            let mut state = prior.clone().unwrap_or_else(|| planned.clone());
            let before = prior.as_ref().map(SecretsFields::managed).unwrap_or_default();
            state.manage(planned.managed().union(&before).copied());
            state.worker.id = planned.worker.id;
            state.doubt.note();
            Some(state)
        }
    }
}

/// Compares a Worker's secrets with edits that the API accepted. `Done` if all puts exist and all removals are gone.
pub(crate) fn seen(edits: &Edits<'_>, there: &[WorkerSecret]) -> Edited {
    let is_there = |name: &str, any_kind: bool| {
        there.iter().any(|secret| secret.name == name && (any_kind || is_text(secret)))
    };
    let (mut missing, mut left) = (BTreeSet::new(), BTreeSet::new());
    for (name, value) in edits {
        match value {
            Some(_) if !is_there(name, false) => missing.insert((*name).to_owned()),
            None if is_there(name, true) => left.insert((*name).to_owned()),
            _ => false,
        };
    }
    match (missing.is_empty(), left.is_empty()) {
        (true, true) => Edited::Done,
        (true, false) => Edited::Left { names: left, error: None },
        (false, _) => Edited::Missing(missing),
    }
}

/// Whether the answer to edits proves that all are in force. The answer may list all of the Worker's secrets or only
/// those that were put. So it proves a removal only if it also lists a secret that was not edited.
pub(crate) fn is_told(edits: &Edits<'_>, answer: Option<&[WorkerSecret]>) -> bool {
    let Some(answer) = answer else { return false };
    let removes = edits.values().any(Option::is_none);
    let names_others = answer.iter().any(|secret| !edits.contains_key(secret.name.as_str()));
    matches!(seen(edits, answer), Edited::Done) && (!removes || names_others)
}

#[cfg(test)]
mod tests;
