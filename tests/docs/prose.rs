//! Converts doc comments to Markdown for a page.

pub use cloudflare_tokens::tf_provider::framework::unwrap;

/// The first paragraph without Markdown, for the front matter of a page.
pub fn summary(doc: &str) -> String {
    let text = unwrap(doc);
    text.split("\n\n").next().unwrap_or_default().replace('`', "")
}

/// Puts `prefix` before each line that is not empty.
pub fn indent(text: &str, prefix: &str) -> String {
    let lines =
        text.lines().map(|line| if line.is_empty() { String::new() } else { format!("{prefix}{line}") });
    lines.collect::<Vec<_>>().join("\n")
}
