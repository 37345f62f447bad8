//! What guardrails refuse.

use crate::provider::guardrails::Breach;
use crate::tf_provider::framework::{Diagnostic, Diagnostics, Path};

/// Broken guardrails, at the attribute that breaks them.
pub(crate) fn breaches(breaches: impl IntoIterator<Item = Breach>, at: &Path) -> Diagnostics {
    Diagnostics(breaches.into_iter().map(|breach| self::breach(&breach).at(at.clone())).collect())
}

fn breach(breach: &Breach) -> Diagnostic {
    const WHO: &str =
        "Or have the `guardrails` of the provider's configuration changed by whoever answers for them.";
    let refused = |what: String, way_out: &str| {
        Diagnostic::error("A guardrail of the provider refuses this", format!("{what}\n\n{way_out} {WHO}"))
    };
    match breach {
        Breach::Forbidden(groups) => refused(
            format!("`forbidden_permission_groups` forbids to grant {}.", quoted(groups)),
            "Do without, or grant something narrower.",
        ),
        Breach::NoSuchGroup(name, nearest) => {
            let meant = if nearest.is_empty() {
                String::new()
            } else {
                format!(" Did you mean {}?", quoted(nearest))
            };
            let detail = format!(
                "`forbidden_permission_groups` holds \"{name}\", and the account has no permission group of that name, so \
                 that nothing would be forbidden.{meant}\n\nCorrect it in the provider's configuration. A group that only \
                 other accounts or users have can be written by its id."
            );
            Diagnostic::error("A guardrail of the provider forbids nothing", detail)
        }
        Breach::Endless(None) => {
            refused("`require_expiry` wants every token to have an end.".to_owned(), "Give it one.")
        }
        Breach::Endless(Some(limit)) => refused(
            format!(
                "`max_lifetime` wants every token to end within {}, and this one has no end.",
                limit.written
            ),
            "Give it one.",
        ),
        Breach::TooLong(limit) => refused(
            format!(
                "`max_lifetime` wants every token to end within {}, and this one ends later.",
                limit.written
            ),
            "Choose an earlier end.",
        ),
        Breach::Everywhere => refused(
            "`require_ip_condition` wants every token to be usable from some addresses only.".to_owned(),
            "Set `condition = { request_ip = { in = […] } }` to the addresses that use it.",
        ),
    }
}

fn quoted<'a>(names: impl IntoIterator<Item = &'a String>) -> String {
    names.into_iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ")
}
