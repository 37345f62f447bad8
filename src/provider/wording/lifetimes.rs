//! When a token begins and stops to work.

use crate::tf_provider::framework::{Diagnostic, Path};

/// A token has expired, and the configuration would give a new one the same end.
pub(crate) fn expired(expires_on: Option<&str>) -> Diagnostic {
    let at = expires_on.map(|at| format!(" on {at}")).unwrap_or_default();
    let detail = format!(
        "The token stopped working{at}. The configuration still has that time as `expires_on`, so a new token would not work \
         either. Set a later `expires_on`, or remove it. Terraform then replaces the token."
    );
    Diagnostic::warning("The token has expired", detail)
}

/// A token had ended when it was imported. It stays as it is.
pub(crate) fn imported_ended(status: &str) -> Diagnostic {
    let detail = format!(
        "The token was already {status} when it was imported, so it cannot be used, and Terraform leaves it as it is. To have a \
         new token in its place, give it another `expires_on`, or run `terraform apply -replace` with its address. To delete it, \
         remove its resource."
    );
    Diagnostic::warning("The imported token has ended", detail)
}

/// Configuration is generated for a token that has ended.
pub(crate) fn generated_for_ended(name: &str, status: &str) -> Diagnostic {
    let detail = format!(
        "The token \"{name}\" is {status}. The generated configuration leaves out `status`, which only the API can set to this \
         value. Import the token to delete it later, or remove its two blocks from the generated configuration."
    );
    Diagnostic::warning("Configuration is generated for a token that has ended", detail)
}

/// `expires_in` is over already.
pub(crate) fn expires_at_once() -> Diagnostic {
    let detail = "`expires_in` counts from the time when the token's value was issued, and is over already, so the token would stop \
                  working at once. Write a longer `expires_in`. Or change `rotation.triggers` too, which rolls the token in the \
                  same run.";
    Diagnostic::error("The token would expire at once", detail)
}

/// A token that would end before it begins.
pub(crate) fn never_works(start: &str, end: &str) -> Diagnostic {
    let detail = format!(
        "The token would begin to work on {start} (`not_before`) and stop working on {end}. Write an earlier `not_before` or a \
         later end."
    );
    Diagnostic::error("The token would never work", detail)
}

/// A new end that has passed.
pub(crate) fn ends_in_the_past(end: &str) -> Diagnostic {
    let detail = format!(
        "`expires_on` is {end}, which is in the past, so the token would not work. Write a later time, or remove `expires_on` for a \
         token that does not expire."
    );
    Diagnostic::error("The token would have expired already", detail)
}

/// A lifetime that gives no point in time.
pub(crate) fn endless(at: Path) -> Diagnostic {
    let detail = format!(
        "`{at}` gives no point in time, so the provider cannot tell when the token begins or stops to work. Nothing was sent. \
         Write another value."
    );
    Diagnostic::error("The token's lifetime is not known", detail).at(at)
}
