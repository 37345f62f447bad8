//! Reads the paths in a Rust source file, just well enough to find the modules and crates that it uses. It strips
//! comments and literals, expands groups in `use`, and resolves `self` and `super`. It reads macros as text.

use std::collections::BTreeSet;

/// The references in a source file.
#[derive(Debug, Default)]
pub(crate) struct Paths {
    /// The paths into this crate, from its root.
    pub(crate) paths: Vec<Vec<String>>,
    /// Every identifier.
    pub(crate) idents: BTreeSet<String>,
    /// Every string literal.
    pub(crate) literals: Vec<String>,
}

/// The name of the library crate in the binary and in the tests.
const CRATE: &str = "cloudflare_tokens";

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Ident(String),
    Separator,
    Other(char),
}

impl Token {
    fn ident(&self) -> Option<&str> {
        match self {
            Self::Ident(name) => Some(name),
            Self::Separator | Self::Other(_) => None,
        }
    }
}

/// Reads the text of a file. `module` is the file's module.
pub(crate) fn paths(text: &str, module: &[&str]) -> Paths {
    let mut out = Paths::default();
    let tokens = tokens(text, &mut out);
    let children = children(&tokens);
    let mut module: Vec<String> = module.iter().map(|&name| name.to_owned()).collect();
    // Whether each open brace belongs to an inline module.
    let mut open = Vec::new();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        match token {
            Token::Other('{') => {
                let inline = match at.checked_sub(2).map(|before| &tokens[before..at]) {
                    Some([Token::Ident(keyword), Token::Ident(name)]) if keyword == "mod" => Some(name),
                    _ => None,
                };
                module.extend(inline.cloned());
                open.push(inline.is_some());
            }
            Token::Other('}') => {
                if open.pop() == Some(true) {
                    module.pop();
                }
            }
            Token::Ident(first) if tokens.get(at + 1) == Some(&Token::Separator) => {
                let continues = at > 0 && tokens[at - 1] == Token::Separator;
                let from = match first.as_str() {
                    _ if continues => None,
                    "crate" | CRATE => Some(Vec::new()),
                    "self" => Some(module.clone()),
                    "super" => Some(module[..module.len().saturating_sub(1)].to_vec()),
                    child if children.contains(child) => {
                        Some([module.as_slice(), &[child.to_owned()]].concat())
                    }
                    _ => None,
                };
                if let Some(from) = from {
                    // The braces of a group are closed within the group.
                    at = path(&tokens, at + 2, from, &mut out.paths);
                    continue;
                }
            }
            Token::Ident(_) | Token::Separator | Token::Other(_) => {}
        }
        at += 1;
    }
    out
}

/// The modules that are declared here, in files of their own: `mod name;`.
fn children(tokens: &[Token]) -> BTreeSet<&str> {
    let declared = tokens.windows(3).filter_map(|three| match three {
        [Token::Ident(keyword), Token::Ident(name), Token::Other(';')] if keyword == "mod" => {
            Some(name.as_str())
        }
        _ => None,
    });
    declared.collect()
}

/// Reads on along a path that has reached `from`. The token at `at` is the next segment. Returns the end of the path.
fn path(tokens: &[Token], mut at: usize, mut from: Vec<String>, out: &mut Vec<Vec<String>>) -> usize {
    loop {
        match tokens.get(at) {
            Some(Token::Ident(name)) => {
                match name.as_str() {
                    "super" => drop(from.pop()),
                    "self" => {}
                    _ => from.push(name.clone()),
                }
                at += 1;
                if tokens.get(at) != Some(&Token::Separator) {
                    out.push(from);
                    return at;
                }
                at += 1;
            }
            Some(Token::Other('{')) => {
                at += 1;
                while tokens.get(at).is_some_and(|token| *token != Token::Other('}')) {
                    let starts = tokens[at].ident().is_some() || tokens[at] == Token::Other('{');
                    let renamed = at > 0 && tokens[at - 1].ident() == Some("as");
                    let is_as = tokens[at].ident() == Some("as");
                    at = if starts && !renamed && !is_as {
                        path(tokens, at, from.clone(), out)
                    } else {
                        at + 1
                    };
                }
                return at + 1;
            }
            Some(Token::Other('*')) => {
                from.push("*".to_owned());
                out.push(from);
                return at + 1;
            }
            // This is a turbofish or the end of the path.
            Some(Token::Other(_) | Token::Separator) | None => {
                out.push(from);
                return at;
            }
        }
    }
}

/// Returns the tokens, and collects identifiers and string literals.
fn tokens(text: &str, out: &mut Paths) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let taken = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            block_comment(rest)
        } else if let Some((length, content)) = string(rest) {
            out.literals.push(content.to_owned());
            length
        } else if c == '\'' {
            quoted(rest)
        } else if c.is_alphanumeric() || c == '_' {
            let raw = if rest.starts_with("r#") { 2 } else { 0 };
            let word = |c: char| c.is_alphanumeric() || c == '_';
            let end = rest[raw..].find(|c| !word(c)).map_or(rest.len(), |end| raw + end);
            let name = rest[raw..end].to_owned();
            out.idents.insert(name.clone());
            tokens.push(Token::Ident(name));
            end
        } else if rest.starts_with("::") {
            tokens.push(Token::Separator);
            2
        } else {
            if !c.is_whitespace() {
                tokens.push(Token::Other(c));
            }
            c.len_utf8()
        };
        rest = &rest[taken..];
    }
    tokens
}

/// The length of a block comment, which may be nested.
fn block_comment(text: &str) -> usize {
    let (mut at, mut depth) = (0, 0);
    while at < text.len() {
        let rest = &text.as_bytes()[at..];
        if rest.starts_with(b"/*") {
            (at, depth) = (at + 2, depth + 1);
        } else if rest.starts_with(b"*/") {
            (at, depth) = (at + 2, depth - 1);
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    text.len()
}

/// The length and content of a string literal of any kind, if one starts here.
fn string(text: &str) -> Option<(usize, &str)> {
    let body = text.strip_prefix(['b', 'c']).unwrap_or(text);
    let prefix = text.len() - body.len();
    if let Some(raw) = body.strip_prefix('r') {
        let hashes = raw.len() - raw.trim_start_matches('#').len();
        let content = raw[hashes..].strip_prefix('"')?;
        let close = format!("\"{}", "#".repeat(hashes));
        let length = content.find(&close).unwrap_or(content.len());
        let total = prefix + 1 + hashes + 1 + length + close.len();
        return Some((total.min(text.len()), &content[..length]));
    }
    let content = body.strip_prefix('"')?;
    let mut escaped = false;
    let length = content.find(|c| {
        let end = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        end
    });
    let length = length.unwrap_or(content.len());
    Some(((prefix + 2 + length).min(text.len()), &content[..length]))
}

/// The length of a token that starts with a quote: a character, or only the quote of a lifetime.
fn quoted(text: &str) -> usize {
    let inner = &text[1..];
    if let Some(escape) = inner.strip_prefix('\\') {
        // The character after the backslash is never the closing quote.
        let skipped = escape.chars().next().map_or(0, char::len_utf8);
        return escape[skipped..].find('\'').map_or(text.len(), |end| 2 + skipped + end + 1);
    }
    let first = inner.chars().next().map_or(0, char::len_utf8);
    if inner[first..].starts_with('\'') { 1 + first + 1 } else { 1 }
}
