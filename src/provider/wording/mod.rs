//! The provider's diagnostics. Each says what failed, what the API said with its code, which attribute it is about, and what
//! to do next. `tests/golden/diagnostics.md` has all of them with sample values.
//!
//! Only this folder makes diagnostics for the provider: other modules pass facts.

mod api;
mod bindings;
mod credentials;
mod failures;
mod faults;
mod guardrails;
mod hints;
mod inputs;
mod lifetimes;
mod moves;
mod policies;
mod rotations;
mod secrets;
mod tokens;
mod writes;

pub(crate) use api::*;
pub(crate) use bindings::*;
pub(crate) use credentials::*;
pub(crate) use failures::*;
pub(crate) use guardrails::*;
pub(crate) use inputs::*;
pub(crate) use lifetimes::*;
pub(crate) use moves::*;
pub(crate) use policies::*;
pub(crate) use rotations::*;
pub(crate) use secrets::*;
pub(crate) use tokens::*;
pub(crate) use writes::*;

use std::time::Duration;

use crate::owner::Owner;

/// What to do where a binding adds policies to a token whose own resource manages all of its policies.
const NOT_EXCLUSIVE: &str = "Set `exclusive_policies = false` on the token's resource, so that bindings can add policies. Or move \
                             the binding's policies into the token's `policies`.";

/// The place in the dashboard that lists the owner's tokens.
fn dashboard(owner: &Owner) -> &'static str {
    match owner {
        Owner::Account(_) => "in the dashboard (Manage Account > Account API Tokens)",
        Owner::User => "in the dashboard (My Profile > API Tokens)",
    }
}

/// What to do where the provider refuses to change the token that it authenticates with.
fn by_hand(owner: &Owner) -> String {
    format!("Make the change by hand {}, or give the provider another credential.", dashboard(owner))
}

/// The text with its first letter in upper case.
fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// The names in quotation marks.
fn quoted<'a>(names: impl IntoIterator<Item = &'a String>) -> String {
    names.into_iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ")
}

/// A length of time in words, in the largest unit that it fills.
pub(crate) fn length(of: Duration) -> String {
    let seconds = of.as_secs();
    let units = [(86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")];
    let (count, unit) = units
        .into_iter()
        .find(|(unit, _)| seconds >= *unit)
        .map_or((0, "second"), |(unit, name)| (seconds / unit, name));
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests;
