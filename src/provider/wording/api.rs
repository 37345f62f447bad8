//! Answers of the API that are errors.

use super::hints::hint;
use crate::cloudflare::{ApiError, Error};
use crate::provider::blocks::POLICIES;
use crate::tf_provider::framework::{Diagnostic, Diagnostics, Path};

/// The attributes of a token that requests carry. The API uses the same names for them.
pub(in crate::provider) const SENT: [&str; 6] =
    ["name", POLICIES, "condition", EXPIRES_ON, "not_before", "status"];

const EXPIRES_ON: &str = "expires_on";

/// A request that has failed. `failed` is the summary: what could not be done.
pub(crate) fn api(failed: &str, error: &Error) -> Diagnostic {
    let mut detail = format!("{error}.");
    if detail.ends_with("..") {
        detail.pop();
    }
    if let Some(hint) = hint(error) {
        detail.push_str("\n\n");
        detail.push_str(&hint);
    }
    let diagnostic = Diagnostic::error(failed, detail);
    match error.errors().iter().find_map(attribute) {
        Some(path) => diagnostic.at(path),
        None => diagnostic,
    }
}

/// The attribute that the API's error is about.
fn attribute(error: &ApiError) -> Option<Path> {
    let pointed = error.pointer.as_deref().unwrap_or_default().trim_start_matches('/');
    let head = pointed.split('/').next().unwrap_or_default();
    let by_code = || (error.code == 1001).then_some(POLICIES);
    let pointed = SENT.into_iter().find(|attribute| *attribute == head);
    pointed.or_else(|| by_words(&error.message)).or_else(by_code).map(Path::of)
}

/// The attribute that the API's message names in its words. Policies are recognised by the error's code.
fn by_words(message: &str) -> Option<&'static str> {
    const WORDS: [(&str, &str); 5] = [
        ("not_before", "not_before"),
        ("expires_on", EXPIRES_ON),
        ("expir", EXPIRES_ON),
        ("request_ip", "condition"),
        ("request.ip", "condition"),
    ];
    let message = message.to_ascii_lowercase();
    WORDS.into_iter().find(|(words, _)| message.contains(words)).map(|(_, attribute)| attribute)
}

/// Moves what is about the token's end to the attribute that sets the end.
pub(crate) fn at_lifetime(mut found: Diagnostics, lifetime: &Path) -> Diagnostics {
    let end = Path::of(EXPIRES_ON);
    for diagnostic in &mut found.0 {
        if diagnostic.path.as_ref() == Some(&end) {
            diagnostic.path = Some(lifetime.clone());
        }
    }
    found
}
