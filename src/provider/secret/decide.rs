//! Plans a Worker's secret. Pure.

use super::value::{Put, SecretValue};
use crate::cloudflare::{Error, WorkerSecret};
use crate::model;
use crate::path;
use crate::provider::{checks, wording};
use crate::tf_provider::framework::{Diagnostic, Diagnostics, Value, computed, required};

/// The kind of secret that the provider puts.
pub(crate) const SECRET_TEXT: &str = "secret_text";

model! {
    /// What Terraform puts secrets into.
    pub(crate) struct WorkerFields {
        /// The Worker's name. It must be deployed.
        script_name: String = required().requires_replace().identity().check(checks::not_blank()),
        /// An id that the provider makes up, by which it tells this object from another one in the same place.
        id: String = computed().keep_prior(),
    }
}

model! {
    /// A secret of a Worker.
    pub(crate) struct SecretFields {
        ..put: SecretValue,
        ..worker: WorkerFields,
        /// The name of the binding, by which the script reads the secret.
        name: String = required().requires_replace().identity().check(checks::not_blank()),
    }
}

impl SecretFields {
    /// The Worker and the secret's name. `None` before they are known.
    pub(crate) fn place(&self) -> Option<(&str, &str)> {
        Some((self.worker.script_name.as_str()?, self.name.as_str()?))
    }
}

/// Whether the secret has the kind that the provider puts. An answer without a kind counts as that kind.
pub(crate) fn is_text(secret: &WorkerSecret) -> bool {
    secret.kind.is_empty() || secret.kind == SECRET_TEXT
}

/// The diagnostic for a failed look for secrets at plan. `None` for errors that may be temporary: the write reports
/// those if they persist.
pub(crate) fn no_look(error: &Error, account: &str, script: &str, what: &str) -> Option<Diagnostic> {
    if error.is_worker_not_found() {
        return Some(wording::no_worker_for_secret(script, account).at(path!(WorkerFields.script_name)));
    }
    error.is_auth().then(|| wording::secret_unseen(what, script, error))
}

/// The facts that decide a plan.
pub(crate) struct Facts<'a> {
    /// The secret before. `None` on create.
    pub(crate) prior: Option<&'a SecretFields>,
    /// The framework's plan.
    pub(crate) planned: &'a SecretFields,
    /// Whether the configuration has a value. A plan never has a write-only value, so it cannot show this.
    pub(crate) has_value: bool,
    /// On create: the account, and the secret that already exists.
    pub(crate) there: Option<(&'a str, WorkerSecret)>,
}

/// Decides the plan.
pub(crate) fn decide(facts: &Facts<'_>) -> (SecretFields, Diagnostics) {
    let mut planned = facts.planned.clone();
    let mut found = Diagnostics::none();
    // A doubt always plans a put, even if the configuration is back to the old value.
    planned.put.doubt.unconfirmed = Value::Null;
    if let Some(prior) = facts.prior
        && prior.worker.id.is_null()
        && planned != *prior
    {
        // A state of version 0.1.0 has no id. The next put makes one.
        planned.worker.id = Value::Unknown;
    }
    let stays = facts.prior == Some(&planned);
    let value_before = facts.prior.map(|prior| &prior.put);
    found.extend(SecretValue::plan(value_before, facts.has_value, stays));
    if let (Some((account, secret)), Some((script, _))) = (&facts.there, planned.place()) {
        let warning = wording::secret_exists(account, script, secret, is_text(secret));
        found.push(warning.at(path!(SecretFields.name)));
    }
    (planned, found)
}

/// The state after a put. `None` if nothing has changed.
pub(crate) fn after<T>(
    put: &Put<T>,
    prior: Option<SecretFields>,
    planned: SecretFields,
) -> Option<SecretFields> {
    match put {
        Put::Done(_) => Some(planned),
        // A secret that may exist stays in the state, so that the next apply puts it again, and a destroy removes it.
        Put::Failed { may_have_effect: true, .. } => {
            let mut state = prior.unwrap_or_else(|| planned.clone());
            state.worker.id = planned.worker.id;
            state.put.doubt.note();
            Some(state)
        }
        Put::Failed { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloudflare::ApiError;
    use crate::tf_provider::framework::Model;

    fn secret(value: &str) -> SecretFields {
        SecretFields {
            worker: WorkerFields { script_name: "edge".to_owned().into(), id: "put-1".to_owned().into() },
            name: "KEY".to_owned().into(),
            put: SecretValue { value: Value::Known(value.into()), ..SecretValue::null() },
        }
    }

    fn without_id(value: &str) -> SecretFields {
        let mut secret = secret(value);
        secret.worker.id = Value::Null;
        secret
    }

    fn lost(may_have_effect: bool) -> Put<()> {
        Put::Failed { error: Error::Config(String::new()), may_have_effect }
    }

    #[test]
    fn a_doubt_plans_a_put_even_where_the_old_configuration_is_back() {
        let doubtful = after(&lost(true), Some(secret("one")), secret("two")).unwrap();
        assert!(doubtful.put.doubt.is_noted());
        // The framework plans the configuration's values. The computed attributes stay as they were.
        let planned = SecretFields {
            put: SecretValue { doubt: doubtful.put.doubt.clone(), ..secret("one").put },
            ..secret("one")
        };
        let facts = Facts { prior: Some(&doubtful), planned: &planned, has_value: true, there: None };
        let (planned, _) = decide(&facts);
        assert!(planned != doubtful && !planned.put.doubt.is_noted());
        assert!(after(&Put::Done(()), Some(doubtful), planned).unwrap() == secret("one"));
    }

    #[test]
    fn only_an_imported_secret_needs_no_value_and_only_as_long_as_it_stays() {
        let imported = SecretFields { put: SecretValue::null(), ..without_id("") };
        let refused = |prior: Option<&SecretFields>, planned: &SecretFields| {
            decide(&Facts { prior, planned, has_value: false, there: None }).1.has_error()
        };
        assert!(refused(None, &imported));
        assert!(!refused(Some(&imported), &imported));
        assert!(refused(Some(&secret("one")), &imported), "the value was taken out of the configuration");
        let renamed = SecretFields { name: "OTHER".to_owned().into(), ..imported.clone() };
        assert!(refused(Some(&imported), &renamed));
    }

    #[test]
    fn a_secret_that_exists_already_is_told_once_its_place_is_known() {
        let there = || Some(("account", WorkerSecret { name: "KEY".to_owned(), kind: String::new() }));
        let found = |planned: &SecretFields| {
            decide(&Facts { prior: None, planned, has_value: true, there: there() }).1.0
        };
        let (account, secret_there) = there().unwrap();
        let warning = wording::secret_exists(account, "edge", &secret_there, true);
        assert_eq!(found(&secret("one")), [warning.at(path!(SecretFields.name))]);
        let mut open = secret("one");
        open.worker.script_name = Value::Unknown;
        assert_eq!(found(&open), []);
    }

    #[test]
    fn only_a_look_that_no_later_write_can_mend_is_told_at_plan() {
        let refused = |status, code| {
            let message = "no".to_owned();
            let error = ApiError { code, message, pointer: None, documentation_url: None, chain: vec![] };
            let (method, path) = (http::Method::GET, "/secrets".to_owned());
            Error::Api { status, errors: vec![error], method, path, ray: None, retry_after: None }
        };
        let told = |error: &Error| no_look(error, "account", "edge", "secrets");
        let missing = wording::no_worker_for_secret("edge", "account").at(path!(WorkerFields.script_name));
        assert_eq!(told(&refused(404, 10007)), Some(missing));
        let denied = refused(403, 10000);
        assert_eq!(told(&denied), Some(wording::secret_unseen("secrets", "edge", &denied)));
        assert_eq!(told(&refused(500, 0)), None);
    }

    #[test]
    fn a_put_in_doubt_belongs_to_the_object_that_has_put() {
        let doubtful = after(&lost(true), Some(without_id("one")), secret("two")).unwrap();
        assert_eq!(doubtful.worker.id, secret("two").worker.id, "so that it can delete what it has put");
    }

    #[test]
    fn a_certain_failure_leaves_the_state() {
        assert!(after(&lost(false), Some(secret("one")), secret("two")).is_none());
    }

    #[test]
    fn an_old_state_gets_its_id_with_the_next_put_only() {
        let old = without_id("one");
        let plan = |planned: &SecretFields| {
            decide(&Facts { prior: Some(&old), planned, has_value: true, there: None }).0
        };
        assert!(plan(&old) == old);
        assert!(plan(&without_id("two")).worker.id.is_unknown());
    }
}
