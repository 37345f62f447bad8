//! What is made of foreign text before it may be shown: of API messages, of answers that are not JSON, of paths.

use secrecy::{ExposeSecret, SecretString};

const MASK: &str = "[redacted]";

/// The most of a foreign answer that is shown, in characters.
const EXCERPT: usize = 200;

/// A start of a text that is not JSON: control characters removed, and every run of 20 or more characters that a token
/// could consist of masked.
pub(super) fn excerpt(text: &str) -> String {
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    // Masked before it is cut: a cut could leave a run short enough to be shown.
    mask_runs(&text, |run| run.len() >= 20).chars().take(EXCERPT).collect()
}

/// Text of the API itself, or a path: whatever has a token's format is masked, ids of 32 hex digits stay.
pub(super) fn message(text: &str, secrets: &[&SecretString]) -> String {
    let mut text = text.to_owned();
    for secret in secrets {
        let secret = secret.expose_secret();
        if secret.len() >= 4 {
            text = text.replace(secret, MASK);
        }
    }
    mask_runs(&text, |run| {
        // https://developers.cloudflare.com/fundamentals/api/get-started/token-formats/; older ones are 40 characters.
        let prefixed = ["cfut_", "cfat_", "cfk_"].iter().any(|prefix| run.starts_with(prefix));
        (prefixed && run.len() >= 20) || run.len() == 40
    })
    .chars()
    .filter(|c| !c.is_control())
    .collect()
}

fn mask_runs(text: &str, is_secret: impl Fn(&str) -> bool) -> String {
    let in_run = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let run = in_run(first);
        let end = rest.find(|c| in_run(c) != run).unwrap_or(rest.len());
        let (piece, tail) = rest.split_at(end);
        masked.push_str(if run && is_secret(piece) { MASK } else { piece });
        rest = tail;
    }
    masked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_masks_long_runs_and_control_characters_and_is_short() {
        let text = format!("<html>\u{1b}[31m{}\n\nBad gateway {}", "x".repeat(20), "word ".repeat(100));
        let excerpt = excerpt(&text);
        assert!(excerpt.starts_with("<html> [[redacted] Bad gateway word"), "{excerpt}");
        assert_eq!(excerpt.chars().count(), 200);
    }

    #[test]
    fn an_excerpt_cut_inside_a_long_run_shows_nothing_of_it() {
        let excerpt = excerpt(&format!("{}{}", "a ".repeat(95), "S".repeat(40)));
        assert!(!excerpt.contains('S'), "{excerpt}");
    }

    #[test]
    fn a_message_keeps_ids_and_loses_token_values_and_known_secrets() {
        let id = "0123456789abcdef0123456789abcdef";
        let text =
            format!("com.cloudflare.api.account.{id} cfut_{} hunter22 {}", "a".repeat(48), "b".repeat(40));
        assert_eq!(
            message(&text, &[&"hunter22".into()]),
            format!("com.cloudflare.api.account.{id} [redacted] [redacted] [redacted]")
        );
    }
}
