//! The names that a user may have meant.

use std::collections::BTreeSet;

/// How alike two spellings have to be, from 0 to 1.
const ALIKE: f64 = 0.65;
/// How many names are suggested.
const AT_MOST: usize = 3;

/// The names that are nearest to the wanted one, the likeliest first. Names that have every word of the wanted one come
/// first, the shortest of them before the others; then those that are spelled alike.
pub(super) fn nearest<'a>(wanted: &str, names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let wanted = wanted.trim().to_lowercase();
    let words = words(&wanted);
    let (mut with_words, mut alike) = (Vec::new(), Vec::new());
    for name in names {
        let likeness = strsim::normalized_damerau_levenshtein(&wanted, name);
        if !words.is_empty() && words.is_subset(&self::words(name)) {
            with_words.push((name.len(), name));
        } else if likeness >= ALIKE {
            alike.push((likeness, name));
        }
    }
    with_words.sort_unstable();
    alike.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    let with_words = with_words.into_iter().map(|(_, name)| name);
    with_words.chain(alike.into_iter().map(|(_, name)| name)).take(AT_MOST).collect()
}

fn words(name: &str) -> BTreeSet<&str> {
    name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 5] = ["dns-read", "dns-read-write", "external-dns", "certbot", "cert-manager"];

    #[test]
    fn a_misspelt_name_finds_the_right_one() {
        assert_eq!(nearest("external_dns", NAMES.into_iter()), ["external-dns"]);
        assert_eq!(nearest("certbott", NAMES.into_iter()), ["certbot"]);
        assert_eq!(nearest("Cert-Manager ", NAMES.into_iter()), ["cert-manager"]);
    }

    #[test]
    fn a_part_of_a_name_finds_the_names_that_have_it() {
        assert_eq!(nearest("dns", NAMES.into_iter()), ["dns-read", "external-dns", "dns-read-write"]);
        assert_eq!(nearest("read-dns", NAMES.into_iter())[0], "dns-read");
    }

    #[test]
    fn nothing_is_suggested_for_a_name_that_is_like_none() {
        assert_eq!(nearest("zaraz", NAMES.into_iter()), [""; 0]);
        assert_eq!(nearest("", NAMES.into_iter()), [""; 0]);
    }
}
