//! Finds out without the API what is wrong with a credential as it is written. The result never quotes the credential.

use crate::cloudflare::{CredentialFormat, credential_format, may_hold_credential};
use crate::tf_provider::framework::SecretLikeness;

/// The kind of credential that an argument is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// An API token.
    Token,
    /// The global API key.
    Key,
    /// The e-mail address of the key's user.
    Email,
}

/// What is wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    /// `Bearer` or the whole header is in front.
    Bearer,
    /// It starts or ends with a line break.
    LineBreak,
    /// It starts or ends with a space or a tab.
    Space,
    /// It is in quotation marks.
    Quotes,
    /// It has a space or a line break inside.
    Inside,
    /// It is a global API key where a token belongs.
    KeyAsToken,
    /// It is a user's token where the key belongs.
    UserTokenAsKey,
    /// It is an account's token where the key belongs.
    AccountTokenAsKey,
}

/// How much a text looks like a credential, for the framework.
pub(super) fn secret_likeness(text: &str) -> SecretLikeness {
    match credential_format(text.trim_start()) {
        Some(_) => SecretLikeness::Certain,
        None if may_hold_credential(text) => SecretLikeness::Possible,
        None => SecretLikeness::None,
    }
}

/// The flaw of a text, if it has one.
pub(super) fn flaw(kind: Kind, text: &str) -> Option<Flaw> {
    let core = text.trim();
    let lower = core.to_ascii_lowercase();
    let quoted = |mark: char| core.len() > 1 && core.starts_with(mark) && core.ends_with(mark);
    if lower.starts_with("bearer ") || lower.starts_with("authorization:") {
        Some(Flaw::Bearer)
    } else if core.len() != text.len() {
        let rest = text.trim_start_matches([' ', '\t']).trim_end_matches([' ', '\t']);
        Some(if rest.len() == core.len() { Flaw::Space } else { Flaw::LineBreak })
    } else if quoted('"') || quoted('\'') {
        Some(Flaw::Quotes)
    } else if core.contains(char::is_whitespace) {
        Some(Flaw::Inside)
    } else {
        match (kind, credential_format(core)?) {
            (Kind::Token, CredentialFormat::GlobalKey) => Some(Flaw::KeyAsToken),
            (Kind::Key, CredentialFormat::UserToken) => Some(Flaw::UserTokenAsKey),
            (Kind::Key, CredentialFormat::AccountToken) => Some(Flaw::AccountTokenAsKey),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_flaw_is_told_from_the_others() {
        for (kind, text, expected) in [
            (Kind::Token, "cfat_abc", None),
            (Kind::Token, "abc-DEF_1", None),
            (Kind::Token, "cfat_abc\n", Some(Flaw::LineBreak)),
            (Kind::Token, "cfat_abc\r\n", Some(Flaw::LineBreak)),
            (Kind::Token, "\ncfat_abc", Some(Flaw::LineBreak)),
            (Kind::Token, "cfat_abc ", Some(Flaw::Space)),
            (Kind::Token, " cfat_abc", Some(Flaw::Space)),
            (Kind::Token, "Bearer cfat_abc", Some(Flaw::Bearer)),
            (Kind::Token, "bearer cfat_abc\n", Some(Flaw::Bearer)),
            (Kind::Token, "Authorization: Bearer cfat_abc", Some(Flaw::Bearer)),
            (Kind::Token, "\"cfat_abc\"", Some(Flaw::Quotes)),
            (Kind::Token, "cfat_a bc", Some(Flaw::Inside)),
            (Kind::Token, "cfk_abc", Some(Flaw::KeyAsToken)),
            (Kind::Key, "cfk_abc", None),
            (Kind::Key, "cfut_abc", Some(Flaw::UserTokenAsKey)),
            (Kind::Key, "cfat_abc", Some(Flaw::AccountTokenAsKey)),
            (Kind::Email, "a@example.com", None),
            (Kind::Email, "a@example.com\n", Some(Flaw::LineBreak)),
        ] {
            assert_eq!(flaw(kind, text), expected, "{text:?}");
        }
    }
}
