//! Masks foreign text before it is shown: messages of the API, answers that are not JSON, paths.

use secrecy::{ExposeSecret, SecretString};

use super::credential_format::{find_prefix, is_of_credential, is_old};

const MASK: &str = "[redacted]";

/// The longest excerpt of a foreign answer, in characters.
const EXCERPT: usize = 200;

/// The start of a text that is not JSON. Control characters are removed, and every run of 20 or more characters that could
/// be a token is masked.
pub(super) fn excerpt(text: &str) -> String {
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    // The text is masked before it is cut: a cut could leave a run short enough to be shown.
    mask_runs(&text, |run, _| (run.len() >= 20).then_some(0)).chars().take(EXCERPT).collect()
}

/// A text of the API, or a path. Everything in a token's format is masked. Ids of 32 hexadecimal digits stay.
pub(super) fn message(text: &str, secrets: &[&SecretString]) -> String {
    let mut text = text.to_owned();
    for secret in secrets {
        let secret = secret.expose_secret();
        if secret.len() >= 4 {
            text = text.replace(secret, MASK);
        }
    }
    let text = mask_prefixed(&text);
    mask_runs(&text, |run, encoded| [0, encoded].into_iter().find(|start| is_old(&run[*start..])))
        .chars()
        .filter(|c| !c.is_control())
        .collect()
}

/// Masks everything that starts with a documented prefix and is long enough. A prefix may have characters that the rest of a
/// credential cannot have.
fn mask_prefixed(text: &str) -> String {
    let (mut masked, mut rest) = (String::with_capacity(text.len()), text);
    while let Some((start, prefix)) = find_prefix(rest) {
        let (before, from) = rest.split_at(start);
        let tail = &from[prefix.len()..];
        let end = prefix.len() + tail.find(|c| !is_of_credential(c)).unwrap_or(tail.len());
        masked.extend([before, if end >= 20 { MASK } else { &from[..end] }]);
        rest = &from[end..];
    }
    masked + rest
}

/// Masks each run of a token's characters, from the position where `secret` finds a token. Its second argument is the
/// number of characters at the start of the run that may belong to a percent-encoded byte.
fn mask_runs(text: &str, secret: impl Fn(&str, usize) -> Option<usize>) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    let mut after_percent = false;
    while let Some(first) = rest.chars().next() {
        let run = is_of_credential(first);
        let end = rest.find(|c| is_of_credential(c) != run).unwrap_or(rest.len());
        let (piece, tail) = rest.split_at(end);
        let encoded = if after_percent { piece.len().min(2) } else { 0 };
        match secret(piece, encoded).filter(|_| run) {
            Some(start) => masked.extend([&piece[..start], MASK]),
            None => masked.push_str(piece),
        }
        after_percent = piece.ends_with('%');
        rest = tail;
    }
    masked
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloudflare::credential_format::PREFIXES;

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

    #[test]
    fn every_documented_format_is_masked() {
        let long = "a1-_".repeat(10);
        for credential in PREFIXES.map(|(prefix, _)| format!("{prefix}{long}")) {
            assert_eq!(message(&format!("/scripts/{credential}/x"), &[]), "/scripts/[redacted]/x");
        }
        for old in ["aZ0-_".repeat(8), "0123456789abcdef0123456789abcdef01234".to_owned()] {
            assert_eq!(message(&format!("the key {old}."), &[]), "the key [redacted].");
        }
        // The name of a Worker may have as many characters as an old key.
        let name = "a-worker-whose-name-is-37-characters-";
        assert_eq!(message(name, &[]), name);
    }

    #[test]
    fn a_token_is_masked_inside_a_longer_run_and_after_what_is_percent_encoded() {
        let (new, old) = (format!("cfat_{}", "a".repeat(48)), "b".repeat(40));
        for (text, shown) in [
            (format!("x-{new}"), "x-[redacted]"),
            (format!("/tokens%3D{new}/x"), "/tokens%3D[redacted]/x"),
            (format!("?t%3d{old}%26x"), "?t%3d[redacted]%26x"),
            (format!("100%{new} 5%é"), "100%[redacted] 5%é"),
            ("cfat_short cfk_".to_owned(), "cfat_short cfk_"),
        ] {
            assert_eq!(message(&text, &[]), shown);
        }
    }
}
