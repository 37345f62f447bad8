//! Guardrails that a plan breaks.

use super::quoted;
use crate::provider::guardrails::Breach;
use crate::tf_provider::framework::{Diagnostic, Diagnostics, Path};

/// Broken guardrails, at the attribute that breaks them.
pub(crate) fn breaches(breaches: impl IntoIterator<Item = Breach>, at: &Path) -> Diagnostics {
    Diagnostics(breaches.into_iter().map(|breach| one(&breach).at(at.clone())).collect())
}

fn one(breach: &Breach) -> Diagnostic {
    const EXCEPTION: &str =
        "Or ask whoever is responsible for the provider's configuration to change its `guardrails`.";
    let refused = |what: String, way_out: &str| {
        Diagnostic::error(
            "A guardrail of the provider refuses this",
            format!("{what}\n\n{way_out} {EXCEPTION}"),
        )
    };
    match breach {
        Breach::Forbidden(groups) => refused(
            format!("`forbidden_permission_groups` does not allow a policy to grant {}.", quoted(groups)),
            "Remove the permission group, or grant a narrower one.",
        ),
        Breach::NoSuchGroup(name, nearest) => {
            let meant = if nearest.is_empty() {
                String::new()
            } else {
                format!(" Did you mean {}?", quoted(nearest))
            };
            let detail = format!(
                "`forbidden_permission_groups` contains \"{name}\", but the account has no permission group of that name, so this \
                 element forbids nothing.{meant}\n\nCorrect it in the provider's configuration. If only other accounts or users have \
                 the group, write its id."
            );
            Diagnostic::error("A guardrail of the provider forbids nothing", detail)
        }
        Breach::Endless(None) => refused(
            "`require_expiry` requires every token to expire, and this one does not.".to_owned(),
            "Set `expires_on` or `expires_in`.",
        ),
        Breach::Endless(Some(limit)) => refused(
            format!(
                "`max_lifetime` requires every token to expire within {}, and this one does not expire.",
                limit.written
            ),
            "Set `expires_on` or `expires_in`.",
        ),
        Breach::TooLong(limit) => refused(
            format!(
                "`max_lifetime` requires every token to expire within {}, and this one expires later.",
                limit.written
            ),
            "Choose an earlier end.",
        ),
        Breach::Everywhere => refused(
            "`require_ip_condition` requires every token to be limited to some addresses, and this one is not.".to_owned(),
            "Set `condition = { request_ip = { in = […] } }` to the addresses that use the token.",
        ),
    }
}
