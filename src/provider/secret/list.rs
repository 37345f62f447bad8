//! The list resource of a Worker's secrets, for `terraform query`.

use super::decide::{SecretFields, WorkerFields, is_text};
use crate::cloudflare::{Client, WorkerSecret, workers};
use crate::model;
use crate::owner::Owner;
use crate::provider::{checks, wording};
use crate::tf_provider::framework::{Diagnostic, Model, required};

model! {
    /// The Worker to list.
    pub(crate) struct SecretFilter {
        /// The Worker's name.
        script_name: String = required().check(checks::not_blank()),
    }
}

/// A Worker's secrets, sorted by name, each with its display name: the name, and the kind if it is not `secret_text`.
pub(crate) async fn listed(
    client: &Client,
    owner: &Owner,
    filter: &SecretFilter,
) -> Result<Vec<(String, SecretFields)>, Diagnostic> {
    let (Owner::Account(account), Some(script)) = (owner, filter.script_name.as_str()) else {
        return Ok(Vec::new());
    };
    let failed = |error| wording::workers_secret(&wording::workers_secrets_unlisted(script), &error);
    let mut secrets = client.send(workers::list_secrets(account, script)).await.map_err(failed)?;
    secrets.sort_by(|a, b| a.name.cmp(&b.name));
    let one = |secret: WorkerSecret| {
        let display_name =
            if is_text(&secret) { secret.name.clone() } else { format!("{} ({})", secret.name, secret.kind) };
        let fields = SecretFields {
            worker: WorkerFields { script_name: script.to_owned().into(), ..WorkerFields::null() },
            name: secret.name.into(),
            ..SecretFields::null()
        };
        (display_name, fields)
    };
    Ok(secrets.into_iter().map(one).collect())
}
