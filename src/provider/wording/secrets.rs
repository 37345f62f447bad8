//! Secrets of Workers and of the Secrets Store.

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

/// The Worker of a planned secret does not exist.
pub(crate) fn no_worker_for_secret(script: &str, account: &str) -> Diagnostic {
    let detail = format!(
        "The account {account} has no Worker of this name. The apply fails unless the Worker exists by then. If this configuration \
         makes the Worker, add `depends_on` with it to the secret. Otherwise correct `script_name`, or `account_id` if another \
         account has the Worker."
    );
    Diagnostic::warning(format!("The Worker {script} does not exist yet"), detail)
}

/// The credential cannot read a Worker's secrets at plan.
pub(crate) fn secret_unseen(name: &str, script: &str, error: &Error) -> Diagnostic {
    let mut warning = api(&format!("Could not look for the secret {name} of the Worker {script}"), error);
    warning.severity = Severity::Warning;
    warning.detail.push_str(
        "\n\nThe API will probably refuse the apply too. It needs the permission group \"Workers Scripts Write\" in the Worker's \
         account.",
    );
    warning
}

/// A secret that is to be created exists already.
pub(crate) fn secret_exists(account: &str, script: &str, secret: &WorkerSecret, is_text: bool) -> Diagnostic {
    let WorkerSecret { name, kind } = secret;
    let other = if is_text {
        String::new()
    } else {
        format!(" It also turns the secret from a {kind} into a secret_text.")
    };
    let detail = format!(
        "The apply overwrites its value, which cannot be read back.{other} That is right if this plan replaces the secret, or if \
         Terraform takes it over. If something else manages the secret, choose another name. To look before you overwrite, take the \
         secret over with `terraform import` and the id {account}/{script}/{name}."
    );
    Diagnostic::warning(format!("The Worker {script} already has a secret {name}"), detail)
}

/// Secrets that may be somebody else's are left where they are.
pub(crate) fn secrets_left(script: &str, names: &[&str]) -> Diagnostic {
    let (secrets, this) = match names {
        [name] => (format!("secret {name}"), "this name"),
        names => (format!("secrets {}", names.join(", ")), "these names"),
    };
    let detail = format!(
        "Terraform's put had no answer, and what the Worker has under {this} may be somebody else's. So it is not removed, and \
         Terraform no longer manages it. If nobody needs it, remove it with `wrangler secret delete`."
    );
    Diagnostic::warning(format!("The Worker {script} keeps the {secrets}"), detail)
}

/// Nothing says what to put.
pub(crate) fn no_secret_value() -> Diagnostic {
    let detail =
        "Set `value`, or `value_wo` with `value_wo_version`, which keeps the secret out of the state.";
    Diagnostic::error("No value", detail)
}

/// Configuration is generated for a secret, whose value is not known.
pub(crate) fn generated_without_value(name: &str) -> Diagnostic {
    let detail = format!(
        "The API does not return the value of {name}, so the generated configuration has none. The import leaves the secret as it \
         is. To have Terraform put the value, set `value_wo` with `value_wo_version`."
    );
    Diagnostic::warning("The secret's value is not in the configuration", detail)
}

/// The secret's value is null at apply.
pub(crate) fn null_secret_value() -> Diagnostic {
    let detail = "`value` and `value_wo` are null: the expression that sets one of them turned out to be null. Correct the \
                  expression.";
    Diagnostic::error("No value", detail)
}

/// A write-only value without a version.
pub(crate) fn no_version() -> Diagnostic {
    let detail = "Terraform does not store `value_wo`, so it cannot see that the value has changed. Set `value_wo_version` to 1, and \
                  raise it whenever the provider should put the secret again.";
    Diagnostic::error("`value_wo` needs `value_wo_version`", detail)
}

/// A version without a write-only value.
pub(crate) fn only_version() -> Diagnostic {
    let detail = "`value_wo_version` is the version of `value_wo`. Set `value_wo` too, or remove the version and set `value`.";
    Diagnostic::error("`value_wo_version` without `value_wo`", detail)
}

/// An error about a secret of a store. Its codes mean other things than those of tokens, so the diagnostic has no attribute.
pub(crate) fn store_secret(failed: &str, error: &Error) -> Diagnostic {
    Diagnostic { path: None, ..api(failed, error) }
}

/// The account has no store, or several, and the configuration does not choose one.
pub(crate) fn no_only_store(stores: &[Store]) -> Diagnostic {
    if stores.is_empty() {
        let detail =
            "Open the Secrets Store in the dashboard once, which makes the account's store. Then plan again.";
        return Diagnostic::error("The account has no Secrets Store", detail);
    }
    let lines: Vec<_> = stores.iter().map(|store| format!("- {} ({})", store.id, store.name)).collect();
    let detail = format!("Set `store_id` to the one that you mean:\n{}", lines.join("\n"));
    Diagnostic::error(format!("The account has {} Secrets Stores", stores.len()), detail)
}

/// At plan: a secret that is to be created exists in the store already.
pub(crate) fn store_secret_exists(name: &str, import: &str) -> Diagnostic {
    let detail = format!(
        "That is right if this plan replaces the secret, because the old one is deleted first. Otherwise the apply fails: a name is \
         unique in its store. Take the secret over with `terraform import` and the id {import}, or choose another name."
    );
    Diagnostic::warning(format!("The store already has a secret {name}"), detail)
}

/// At apply: the store has a secret of this name.
pub(crate) fn store_name_taken(failed: &str, import: &str) -> Diagnostic {
    let detail = format!(
        "The store already has a secret of this name. Nothing was changed. Take the secret over with `terraform import` and the id \
         {import}, or choose another name. A replacement with `create_before_destroy` needs another name too."
    );
    Diagnostic::error(failed, detail)
}

/// A create had no answer, and a secret has the name now.
pub(crate) fn store_create_unsure(failed: &str, import: &str, error: &Error) -> Diagnostic {
    let mut diagnostic = store_secret(failed, error);
    diagnostic.detail.push_str(&format!(
        "\n\nThe store has a secret of this name now. It may be the one that this create has made, or somebody else's: the API does \
         not tell, so nothing was overwritten. If it is yours, take it over with `terraform import` and the id {import}: the next \
         apply puts the configured value. Otherwise delete it, or choose another name."
    ));
    diagnostic
}

/// A secret of the store that may be somebody else's is left where it is.
pub(crate) fn store_secret_left(name: &str, import: &str) -> Diagnostic {
    let detail = format!(
        "The create of the secret had no answer, and a secret of this name is there. It may be somebody else's, so Terraform lets go \
         of it and leaves it. If it is yours, take it over with `terraform import` and the id {import}, or delete it in the dashboard."
    );
    Diagnostic::warning(format!("The store keeps the secret {name}"), detail)
}

/// A value is larger than a store takes.
pub(crate) fn store_value_too_large() -> Diagnostic {
    Diagnostic::error(
        "The value is too large",
        "A secret of the Secrets Store has at most 64 KiB. Store a smaller value.",
    )
}

/// The API answered success, but an attribute does not have the requested value.
pub(crate) fn store_not_applied(attribute: &str) -> Diagnostic {
    let detail = format!(
        "Cloudflare answered success, but `{attribute}` of the secret does not have the value that was requested. Apply again."
    );
    Diagnostic::error(format!("`{attribute}` was not applied"), detail)
}

/// A secret of a store is still pending when the provider stops waiting.
pub(crate) fn store_secret_pending(name: &str) -> Diagnostic {
    let detail = "The API accepted the value, and still says that it is pending. For a while, Workers may read the old value or \
                  none. You do not have to do anything.";
    Diagnostic::warning(format!("The secret {name} is not in force yet"), detail)
}
