//! Masks foreign text before it is shown: messages of the API, answers that are not JSON, paths.

use secrecy::{ExposeSecret, SecretString};

use super::credential_format::{OLD_LENGTH, find_prefix, is_of_credential};

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
    mask_runs(&text, |run, encoded| {
        let prefixed = find_prefix(run).filter(|start| run.len() - start >= 20);
        let old = [0, encoded].into_iter().find(|start| run.len() - start == OLD_LENGTH);
        prefixed.or(old)
    })
    .chars()
    .filter(|c| !c.is_control())
    .collect()
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
