//! Secrets of Workers and of the Secrets Store.

use std::collections::BTreeSet;

use super::api;
use crate::cloudflare::{Error, Store, WorkerSecret};
use crate::tf_provider::framework::{Diagnostic, Path, Severity};

/// The API's codes, and the attribute of the resource that each is about.
pub(in crate::provider) const SECRET_CODES: [(u32, &str); 4] =
    [(10007, "script_name"), (10053, "name"), (10056, "name"), (10215, "script_name")];

/// The attribute that the API's codes name.
fn named_by_code(error: &Error) -> Option<&'static str> {
    SECRET_CODES.into_iter().find(|(code, _)| error.has_code(*code)).map(|(_, attribute)| attribute)
}

/// An error about a Worker's secret, at the attribute that it is about.
pub(crate) fn workers_secret(failed: &str, error: &Error) -> Diagnostic {
    let diagnostic = api(failed, error);
    match named_by_code(error) {
        Some(attribute) => diagnostic.at(Path::of(attribute)),
        None => diagnostic,
    }
}

/// The same about several secrets: none has an attribute of its own, and the API's message says which one it is about.
pub(crate) fn workers_secrets(failed: &str, error: &Error) -> Diagnostic {
    let diagnostic = Diagnostic { path: None, ..api(failed, error) };
    match named_by_code(error).filter(|attribute| *attribute != "name") {
        Some(attribute) => diagnostic.at(Path::of(attribute)),
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

/// The credential may not look at a Worker's secrets.
pub(crate) fn secret_unseen(what: &str, script: &str, error: &Error) -> Diagnostic {
    let mut warning = api(&format!("Could not look for {what} of the Worker {script}"), error);
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
         Terraform takes it over. If something else manages the secret, choose another name. To take it over in two steps, first run \
         `terraform import` with the id {account}/{script}/{name}."
    );
    Diagnostic::warning(format!("The Worker {script} already has a secret {name}"), detail)
}

/// Secrets that are to be put for the first time are there already.
pub(crate) fn secrets_exist(account: &str, script: &str, there: &[&WorkerSecret]) -> Diagnostic {
    let names: Vec<&str> = there.iter().map(|secret| secret.name.as_str()).collect();
    let others = there.iter().filter(|secret| !secret.kind.is_empty() && secret.kind != "secret_text");
    let others: String = others
        .map(|WorkerSecret { name, kind }| format!(" It also turns {name} from a {kind} into a secret_text."))
        .collect();
    let detail = format!(
        "The apply overwrites their values, which cannot be read back.{others} That is right if this plan replaces the secrets, or \
         if Terraform takes them over. If something else manages them, choose other names. To look before you overwrite, take the \
         secrets over with `terraform import` and the id {account}/{script}/{}.",
        names.join(",")
    );
    Diagnostic::warning(format!("The Worker {script} already has {}", listed(&names)), detail)
}

/// Names of secrets, with the word before them.
fn listed(names: &[&str]) -> String {
    match names {
        [name] => format!("the secret {name}"),
        names => format!("the secrets {}", names.join(", ")),
    }
}

fn listed_all(names: &BTreeSet<String>) -> String {
    listed(&names.iter().map(String::as_str).collect::<Vec<_>>())
}

/// Secrets that were put are not there, though the API said success.
pub(crate) fn secrets_not_put(failed: &str, names: &BTreeSet<String>) -> Diagnostic {
    let detail = format!(
        "The API answered success, but the Worker does not have {}. Apply again: the next apply puts them again.",
        listed_all(names)
    );
    Diagnostic::error(failed, detail)
}

/// Secrets that were to be removed are still there.
pub(crate) fn secrets_not_removed(
    failed: &str,
    names: &BTreeSet<String>,
    error: Option<&Error>,
) -> Diagnostic {
    let left =
        format!("The Worker may still have {}. The next apply removes what is left.", listed_all(names));
    match error {
        Some(error) => {
            let mut diagnostic = workers_secrets(failed, error);
            diagnostic.detail.push_str(&format!("\n\n{left}"));
            diagnostic
        }
        None => Diagnostic::error(failed, format!("The API answered success. {left}")),
    }
}

/// Secrets that may be somebody else's are left where they are.
pub(crate) fn secrets_left(script: &str, names: &[&str]) -> Diagnostic {
    let this = if names.len() == 1 { "this name" } else { "these names" };
    let detail = format!(
        "The API did not answer when Terraform put the value. The value that the Worker has under {this} may come from somewhere \
         else, so the provider did not remove it. Terraform no longer manages it. If nothing needs it, remove it with `wrangler \
         secret delete`."
    );
    Diagnostic::warning(format!("The Worker {script} keeps {}", listed(names)), detail)
}

/// The API confirms the deletion of a secret and does not make it.
pub(crate) fn secret_kept(failed: &str) -> Diagnostic {
    let detail = "The API answers success, but the secret is still there. It has its value, so it stays in the state.\n\nApply \
                  again. If that does not help, remove it in the dashboard, and tell Cloudflare's support.";
    Diagnostic::error(failed, detail)
}

/// Nothing says what to put.
pub(crate) fn no_secret_value() -> Diagnostic {
    let detail =
        "Set `value`, or `value_wo` with `value_wo_version`, which keeps the secret out of the state.";
    Diagnostic::error("No value", detail)
}

/// Nothing says which secrets to put.
pub(crate) fn no_secrets() -> Diagnostic {
    let detail = "Set `secrets`, or `secrets_wo` with `secrets_wo_version`, which keeps the secrets out of the state. An empty map \
                  removes all that were there.";
    Diagnostic::error("No secrets", detail)
}

/// A secret has two values.
pub(crate) fn secret_twice(name: &str) -> Diagnostic {
    let detail = "`secrets` and `secrets_wo` both have it. Remove it from one of them.";
    Diagnostic::error(format!("The secret {name} is in both maps"), detail)
}

/// More secrets than the API takes at once.
pub(crate) fn too_many_secrets(number: usize, limit: usize) -> Diagnostic {
    let detail = format!(
        "The resource has {number} secrets, and the API takes at most {limit} in one request. Divide them between several \
         resources. Each resource deploys a version of its own."
    );
    Diagnostic::error("Too many secrets", detail)
}

/// Write-only secrets without a version.
pub(crate) fn no_secrets_version() -> Diagnostic {
    let detail = "Terraform does not store `secrets_wo`, so it cannot see that a value has changed. Set `secrets_wo_version` to 1, \
                  and raise it whenever the provider should put the secrets again.";
    Diagnostic::error("`secrets_wo` needs `secrets_wo_version`", detail)
}

/// A version without write-only secrets.
pub(crate) fn only_secrets_version() -> Diagnostic {
    let detail = "`secrets_wo_version` is the version of `secrets_wo`. Set `secrets_wo` too, or remove the version and set \
                  `secrets`.";
    Diagnostic::error("`secrets_wo_version` without `secrets_wo`", detail)
}

/// The configuration has other names at apply than at plan.
pub(crate) fn secret_names_changed(failed: &str) -> Diagnostic {
    let detail = "`secrets_wo` has other names than in the plan. The values that it is made of have changed since. Nothing was sent. \
                  Plan again.";
    Diagnostic::error(failed, detail)
}

/// Configuration is generated for secrets, and nobody can tell their values.
pub(crate) fn generated_without_values(names: &[&str]) -> Diagnostic {
    let detail = format!(
        "The API does not return the values of {}, so the generated configuration has none. The import leaves the secrets as they \
         are. To have Terraform put the values, set `secrets_wo` with `secrets_wo_version`.",
        listed(names)
    );
    Diagnostic::warning("The values of the secrets are not in the configuration", detail)
}

/// An import id that names no secrets.
pub(crate) fn wrong_secrets_id() -> Diagnostic {
    let detail = "Write <account_id>/<script_name>/<name>[,<name>…]: the account's id of 32 hexadecimal digits, the Worker's name and \
                  the names of the secrets to take over. Import a name with a comma by its identity. The API does not return \
                  the values: the next apply puts the configured ones.";
    Diagnostic::error("Invalid import id", detail)
}

/// Configuration is generated for a secret, and nobody can tell its value.
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
        "\n\nThe store has a secret of this name now. This create may have made it, or something else: the API does not say, so \
         nothing was overwritten. If the secret is yours, take it over with `terraform import` and the id {import}. The next apply \
         then puts the configured value. Otherwise delete the secret, or choose another name."
    ));
    diagnostic
}

/// A secret of the store that may be somebody else's is left where it is.
pub(crate) fn store_secret_left(name: &str, import: &str) -> Diagnostic {
    let detail = format!(
        "The API did not answer when Terraform created the secret, and the store has a secret of this name. Something else may have \
         made it, so the provider did not delete it. Terraform no longer manages it. If it is yours, take it over with `terraform \
         import` and the id {import}, or delete it in the dashboard."
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
