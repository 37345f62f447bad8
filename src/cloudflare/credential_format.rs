//! What the values of Cloudflare's credentials look like. No other module knows it.
//! <https://developers.cloudflare.com/fundamentals/api/get-started/token-formats/>

/// A kind of credential whose values start with a documented prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialFormat {
    /// An API token of a user.
    UserToken,
    /// An API token of an account.
    AccountToken,
    /// The global API key of a user.
    GlobalKey,
    /// The key of Cloudflare's origin certificate authority.
    OriginCaKey,
}

pub(super) const PREFIXES: [(&str, CredentialFormat); 4] = [
    ("cfut_", CredentialFormat::UserToken),
    ("cfat_", CredentialFormat::AccountToken),
    ("cfk_", CredentialFormat::GlobalKey),
    ("v1.0-", CredentialFormat::OriginCaKey),
];

/// Whether a run of characters has the form of a credential from before they had prefixes: a token of 40 characters, or a
/// global key of 37 hexadecimal digits.
pub(super) fn is_old(run: &str) -> bool {
    run.len() == 40 || (run.len() == 37 && run.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// Runs of at least this many characters may be a credential of any service.
const LONG_RUN: usize = 32;

/// The format that the text's prefix shows. Older tokens and keys have no prefix.
pub fn credential_format(text: &str) -> Option<CredentialFormat> {
    PREFIXES.iter().find(|(prefix, _)| text.starts_with(prefix)).map(|(_, format)| *format)
}

/// Whether the text may hold a credential: it starts with a known prefix, or has 32 or more characters of a credential in a
/// row. An id of 32 hexadecimal digits is no credential.
pub fn may_hold_credential(text: &str) -> bool {
    let is_id = |run: &str| run.len() == LONG_RUN && run.bytes().all(|b| b.is_ascii_hexdigit());
    let mut runs = text.split(|c: char| !is_of_credential(c));
    let long = runs.any(|run| run.len() >= LONG_RUN && !is_id(run));
    long || credential_format(text.trim_start()).is_some()
}

/// The first documented prefix in a text, and where it is.
pub(super) fn find_prefix(text: &str) -> Option<(usize, &'static str)> {
    PREFIXES.iter().filter_map(|(prefix, _)| text.find(prefix).map(|at| (at, *prefix))).min()
}

/// Whether a credential can contain this character.
pub(super) fn is_of_credential(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '-'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_shows_the_format() {
        assert_eq!(credential_format("cfut_a"), Some(CredentialFormat::UserToken));
        assert_eq!(credential_format("cfat_a"), Some(CredentialFormat::AccountToken));
        assert_eq!(credential_format("cfk_a"), Some(CredentialFormat::GlobalKey));
        assert_eq!(credential_format("v1.0-a"), Some(CredentialFormat::OriginCaKey));
        assert_eq!(credential_format("a cfut_a"), None);
    }

    #[test]
    fn a_prefix_or_a_long_run_may_be_a_credential_and_an_id_is_none() {
        let long = format!("Bearer {}", "aZ0-_".repeat(8));
        for text in ["cfat_short", "cfut_short", "cfk_short", " v1.0-short", long.as_str()] {
            assert!(may_hold_credential(text), "{text}");
        }
        for text in
            ["0123456789abcdef0123456789abcdef", "com.example.0123456789abcdef0123456789abcdef", "DNS Write"]
        {
            assert!(!may_hold_credential(text), "{text}");
        }
    }
}
