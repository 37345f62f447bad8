//! Summaries of what could not be done. The reason follows in the detail.

/// A binding's policies could not be added.
pub(crate) fn not_bound(name: Option<&str>, token: &str) -> String {
    format!("Could not bind the capability{} to the token {token}", called(name))
}

/// A binding's policies could not be removed.
pub(crate) fn not_unbound(name: Option<&str>, token: &str) -> String {
    format!("Could not remove the capability{} from the token {token}", called(name))
}

fn called(name: Option<&str>) -> String {
    name.map(|name| format!(" {name:?}")).unwrap_or_default()
}

/// A token could not be changed.
pub(crate) fn not_changed(id: &str) -> String {
    format!("Could not change the API token {id}")
}

/// A token could not be rolled.
pub(crate) fn not_rolled(id: &str) -> String {
    format!("Could not roll the API token {id}")
}

/// A token has a new value, but not its new end.
pub(crate) fn not_extended(id: &str) -> String {
    format!("The API token {id} was rolled, but its `expires_on` was not changed")
}

/// A token was made, but is still active.
pub(crate) fn not_disabled() -> String {
    "The API token was created, but could not be disabled".to_owned()
}

/// A token could not be deleted.
pub(crate) fn not_deleted(id: &str) -> String {
    format!("Could not delete the API token {id}")
}

/// An ephemeral token could not be deleted.
pub(crate) fn ephemeral_not_deleted(id: &str) -> String {
    format!("Could not delete the ephemeral API token {id}, which expires by itself")
}

/// An ephemeral token could not get a later end.
pub(crate) fn ephemeral_not_prolonged(id: &str) -> String {
    format!("Could not prolong the ephemeral API token {id}")
}

/// An action could not revoke a token's value.
pub(crate) fn not_revoked(id: &str) -> String {
    format!("Could not revoke the value of the API token {id}")
}

/// The old token of a rotation with an overlap could not be written.
pub(crate) fn previous_not_written(previous: &str) -> String {
    format!("Could not write the previous API token {previous}, which is in its overlap")
}

/// An unfinished successor may be left.
pub(crate) fn successor_not_deleted(id: &str) -> String {
    format!("Could not check that no unfinished successor of the API token {id} is left")
}

/// An operation on a Worker's secret. `what` is a verb, such as `read`.
pub(crate) fn workers_secret_failed(what: &str, name: &str, script: &str) -> String {
    format!("Could not {what} the secret {name} of the Worker {script}")
}

/// An operation on several secrets of a Worker. `what` is a verb, such as `read`.
pub(crate) fn workers_secrets_failed(what: &str, script: &str) -> String {
    format!("Could not {what} the secrets of the Worker {script}")
}

/// A Worker's secrets could not be listed.
pub(crate) fn workers_secrets_unlisted(script: &str) -> String {
    format!("Could not list the secrets of the Worker {script}")
}

/// An operation on a secret of a store. `what` is a verb, such as `read`.
pub(crate) fn store_secret_failed(what: &str, name: &str) -> String {
    format!("Could not {what} the secret {name} of the store")
}

/// An account's stores could not be listed.
pub(crate) fn stores_unlisted() -> String {
    "Could not list the account's Secrets Stores".to_owned()
}

/// The secrets of an account's stores could not be read.
pub(crate) fn stores_unreadable() -> String {
    "Could not read the account's Secrets Stores".to_owned()
}
