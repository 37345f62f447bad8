//! Doc comments as Markdown for a page.

/// Unwraps the paragraphs of a doc comment, which are wrapped for the source; code blocks, lists and tables keep their
/// lines.
pub fn unwrap(doc: &str) -> String {
    let mut out = String::new();
    let mut fenced = false;
    let mut joins = false;
    for line in doc.lines() {
        let line = line.strip_prefix(' ').unwrap_or(line).trim_end();
        let fence = line.starts_with("```");
        let keeps = fenced || fence || line.is_empty() || line.starts_with(['-', '|', '#', ' ']);
        if !out.is_empty() {
            out.push(if joins && !keeps { ' ' } else { '\n' });
        }
        out.push_str(line);
        fenced ^= fence;
        joins = !fenced && !fence && !line.is_empty();
    }
    out
}

/// The first paragraph without Markdown, for a page's front matter.
pub fn summary(doc: &str) -> String {
    let text = unwrap(doc);
    text.split("\n\n").next().unwrap_or_default().replace('`', "")
}

/// The lines, each but empty ones behind `prefix`.
pub fn indent(text: &str, prefix: &str) -> String {
    let lines =
        text.lines().map(|line| if line.is_empty() { String::new() } else { format!("{prefix}{line}") });
    lines.collect::<Vec<_>>().join("\n")
}
