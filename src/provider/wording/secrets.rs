//! What is said of secrets, of Workers and of stores.

use super::api;
use crate::cloudflare::{Error, Store, WorkerSecret};
use crate::tf_provider::framework::{Diagnostic, Path, Severity};

/// The API's codes, and the attribute of the resource that each is about.
pub(in crate::provider) const SECRET_CODES: [(u32, &str); 4] =
    [(10007, "script_name"), (10053, "name"), (10056, "name"), (10215, "script_name")];

/// An error about a Worker's secret, at the attribute that it is about.
pub(crate) fn workers_secret(failed: &str, error: &Error) -> Diagnostic {
    let diagnostic = api(failed, error);
    match SECRET_CODES.into_iter().find(|(code, _)| error.has_code(*code)) {
        Some((_, attribute)) => diagnostic.at(Path::of(attribute)),
        None => diagnostic,
    }
}

/// The Worker that is to have a secret does not exist.
pub(crate) fn no_worker_for_secret(script: &str, account: &str) -> Diagnostic {
    let detail = format!(
        "The account {account} was asked, and has no Worker of this name. The apply fails unless it exists by then. If this \
         configuration makes it, let the secret depend on it. Otherwise correct `script_name`, or `account_id` if it is another \
         account's."
    );
    Diagnostic::warning(format!("The Worker {script} does not exist yet"), detail)
}

/// The credential may not look at a Worker's secrets.
pub(crate) fn secret_unseen(name: &str, script: &str, error: &Error) -> Diagnostic {
    let mut warning = api(&format!("Could not look for the secret {name} of the Worker {script}"), error);
    warning.severity = Severity::Warning;
    warning.detail.push_str(
        "\n\nThe apply will probably be refused too: it needs \"Workers Scripts Write\" in the account that is meant.",
    );
    warning
}

/// A secret that is to be created is there already.
pub(crate) fn secret_exists(account: &str, script: &str, secret: &WorkerSecret, is_text: bool) -> Diagnostic {
    let WorkerSecret { name, kind } = secret;
    let other =
        if is_text { String::new() } else { format!(", and it will be a secret_text instead of a {kind}") };
    let detail = format!(
        "Apply overwrites its value, which nobody can read back{other}. That is as it should be where this plan replaces \
         the secret, or where Terraform takes it over for good. If something else manages it, choose another name. \
         `terraform import` with the id {account}/{script}/{name} takes it over in two steps."
    );
    Diagnostic::warning(format!("The Worker {script} already has a secret {name}"), detail)
}

/// Nothing says what to put.
pub(crate) fn no_secret_value() -> Diagnostic {
    let detail =
        "Set `value`, or `value_wo` with `value_wo_version`, which keeps the secret out of the state.";
    Diagnostic::error("No value", detail)
}

/// Configuration is generated for a secret, and nobody can tell its value.
pub(crate) fn generated_without_value(name: &str) -> Diagnostic {
    let detail = format!(
        "The API does not tell the value of {name}, so what is generated has none. The secret is imported and stays as it is. \
         Set `value_wo` with `value_wo_version` to have Terraform put it."
    );
    Diagnostic::warning("The secret's value is not in the configuration", detail)
}

/// What says what to put is null at apply.
pub(crate) fn null_secret_value() -> Diagnostic {
    let detail =
        "Neither `value` nor `value_wo` is set to anything: what it refers to turned out to be null.";
    Diagnostic::error("No value", detail)
}

/// A write-only value without a version.
pub(crate) fn no_version() -> Diagnostic {
    let detail = "Terraform keeps nothing of `value_wo` and cannot see that it changes. Set `value_wo_version` to 1, and raise \
                  it whenever the secret is to be put again.";
    Diagnostic::error("`value_wo` needs `value_wo_version`", detail)
}

/// A version without a write-only value.
pub(crate) fn only_version() -> Diagnostic {
    let detail =
        "The version says which `value_wo` was put. Set `value_wo`, or leave both out and set `value`.";
    Diagnostic::error("`value_wo_version` without `value_wo`", detail)
}

/// An import id that names no secret.
pub(crate) fn wrong_secret_id() -> Diagnostic {
    let detail = "Write <account_id>/<script_name>/<name>: the account's id of 32 hexadecimal digits, the Worker's name and \
                  the secret's name. The API does not tell the secret's value: the next apply puts the configured one.";
    Diagnostic::error("Invalid import id", detail)
}

/// An error about a secret of a store. Its codes are not those of tokens, so that no attribute follows from one.
pub(crate) fn store_secret(failed: &str, error: &Error) -> Diagnostic {
    Diagnostic { path: None, ..api(failed, error) }
}

/// The account has no store, or several, and nothing says which.
pub(crate) fn no_only_store(stores: &[Store]) -> Diagnostic {
    if stores.is_empty() {
        let detail =
            "Open the Secrets Store in the dashboard once: it makes the account's store. Then plan again.";
        return Diagnostic::error("The account has no Secrets Store", detail);
    }
    let lines: Vec<_> = stores.iter().map(|store| format!("- {} ({})", store.id, store.name)).collect();
    let detail = format!("Set `store_id` to the one that is meant:\n{}", lines.join("\n"));
    Diagnostic::error(format!("The account has {} Secrets Stores", stores.len()), detail)
}

/// A secret of the store that is to be created is there already, said at plan.
pub(crate) fn store_secret_exists(name: &str, import: &str) -> Diagnostic {
    let detail = format!(
        "That is as it should be where this plan replaces the secret: the old one goes first. Otherwise the apply fails, since a name \
         is unique in its store. Take the secret over with `terraform import` and the id {import}, or choose another name."
    );
    Diagnostic::warning(format!("The store already has a secret {name}"), detail)
}

/// The same at apply.
pub(crate) fn store_name_taken(failed: &str, import: &str) -> Diagnostic {
    let detail = format!(
        "The store has a secret of this name already, and nothing was changed. To take it over, run `terraform import` with the id \
         {import}; or choose another name. With `create_before_destroy` a replacement needs another name too."
    );
    Diagnostic::error(failed, detail)
}

/// A value is larger than a store takes.
pub(crate) fn store_value_too_large() -> Diagnostic {
    Diagnostic::error("The value is too large", "A secret of the Secrets Store has at most 64 KiB.")
}

/// The API said success, and something is not as it was asked.
pub(crate) fn store_not_applied(attribute: &str) -> Diagnostic {
    let detail = format!(
        "Cloudflare said success, but `{attribute}` of the secret is not what it was set to. Apply again."
    );
    Diagnostic::error(format!("`{attribute}` was not applied"), detail)
}

/// A secret that was written is not in force within the time of a request.
pub(crate) fn store_secret_pending(name: &str) -> Diagnostic {
    let detail = "The API took the value, and still says that it is pending: Workers may read the old one, or none, for a while.";
    Diagnostic::warning(format!("The secret {name} is not in force yet"), detail)
}

/// An import id that names no secret of a store.
pub(crate) fn wrong_store_secret_id() -> Diagnostic {
    let detail = "Write <account_id>/<store_id>/<secret_id>: three ids of 32 hexadecimal digits, which the data source \
                  cloudflare_secrets_store lists. The API does not tell the secret's value: the next apply puts the configured one.";
    Diagnostic::error("Invalid import id", detail)
}
