//! The `account_id` that resources share: their own, or the provider's.

use super::session::{Session, no_account};
use crate::tf_provider::framework::{Diagnostics, Path, Value};

/// Plans `account_id`. A resource without one of its own is in the provider's account; another account makes another object.
pub(crate) fn plan(
    session: &Session,
    config: &Value<String>,
    prior: Option<&Value<String>>,
    planned: &mut Value<String>,
    requires_replace: &mut Vec<Path>,
) -> Diagnostics {
    if !config.is_null() {
        return Diagnostics::none();
    }
    match (session.account_id(&Value::Null), prior) {
        (Value::Null, None) => return no_account().into(),
        (Value::Null | Value::Unknown, Some(_)) => {}
        (Value::Unknown, None) => *planned = Value::Unknown,
        (account, prior) => {
            if prior.is_some_and(|prior| *prior != account) {
                requires_replace.push(Path::of("account_id"));
            }
            *planned = account;
        }
    }
    Diagnostics::none()
}
