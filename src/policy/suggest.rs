//! Suggests names for one that no permission group has: for the dashboard's words, the API's short ones and misspellings.
//! It compares words, not letters, because people leave words out more often than they misspell them.

use std::cmp::Reverse;
use std::collections::BTreeSet;

/// The most suggestions: more are a list to read.
const MOST: usize = 3;

/// How similar the whole text must be if the words do not match.
const ALIKE: f64 = 0.75;

/// Words of the dashboard and of older documents, with the words of the names.
const OTHER_WORDS: [(&str, &str); 8] = [
    ("argo tunnel", "cloudflare tunnel"),
    ("zero trust tunnel", "cloudflare tunnel"),
    ("dns records", "dns"),
    ("firewall rules", "firewall services"),
    ("purge cache", "cache purge"),
    ("api keys", "api tokens"),
    ("kv namespace", "kv storage"),
    ("worker", "workers"),
];

/// Words that people write although names do not always have them.
const NOISE: [&str; 6] = ["cloudflare", "zone", "account", "user", "permission", "permissions"];

/// The names that may be meant, at most three. The likeliest is first. Each name comes with whether it fits the policy's
/// target.
pub(super) fn nearest<'a>(names: impl IntoIterator<Item = (&'a str, bool)>, typed: &str) -> Vec<String> {
    let wanted = words(&without_scope(typed));
    if wanted.iter().all(|word| is_verb(word)) {
        return Vec::new();
    }
    let whole = wanted.join(" ");
    let rated = names.into_iter().filter_map(|(name, fits)| {
        let have = words(name);
        let rating = by_words(&wanted, &have).or_else(|| by_letters(&whole, &have.join(" ")))?;
        Some((
            (
                rating.missing,
                rating.slips,
                !rating.exact,
                !fits,
                rating.more,
                Reverse(rating.alike),
                name.len(),
            ),
            name,
        ))
    });
    let mut rated: Vec<_> = rated.collect();
    rated.sort();
    rated.into_iter().take(MOST).map(|(_, name)| name.to_owned()).collect()
}

/// How well a name matches what was typed. Less is better.
struct Rating {
    /// Typed words that the name lacks, without noise.
    missing: usize,
    /// Typed words that the name has in another spelling.
    slips: usize,
    /// Nothing is missing and nothing is added.
    exact: bool,
    /// Words of the name that were not typed.
    more: usize,
    /// The similarity of the texts, in thousandths.
    alike: u32,
}

/// The dashboard's paths start with the scope of the permission: `Zone.DNS:Edit`, `Account / Workers Scripts /
/// Edit`.
fn without_scope(typed: &str) -> String {
    let typed = typed.trim().trim_start_matches('#');
    let separators = ['.', ':', '/', '>', '→', '-'];
    let Some((scope, rest)) = typed.split_once(separators) else { return typed.to_owned() };
    let is_scope = ["zone", "account", "user"].contains(&scope.trim().to_lowercase().as_str());
    let says_more = words(rest).iter().any(|word| !is_verb(word));
    if is_scope && says_more { rest.to_owned() } else { typed.to_owned() }
}

fn is_verb(word: &str) -> bool {
    ["read", "write"].contains(&word)
}

/// The words in lower case, with the API's verbs instead of the dashboard's.
fn words(text: &str) -> Vec<String> {
    let mut lower: Vec<String> = text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    if let Some(last) = lower.last_mut() {
        match last.as_str() {
            "edit" => *last = "write".to_owned(),
            "view" => *last = "read".to_owned(),
            _ => {}
        }
    }
    let mut text = format!(" {} ", lower.join(" "));
    for (theirs, ours) in OTHER_WORDS {
        text = text.replace(&format!(" {theirs} "), &format!(" {ours} "));
    }
    text.split_whitespace().map(str::to_owned).collect()
}

/// Rates a name that has all typed words or lacks one at most.
fn by_words(wanted: &[String], have: &[String]) -> Option<Rating> {
    let mut left: Vec<&String> = have.iter().collect();
    let (mut missing, mut slips, mut noise, mut found) = (0, 0, 0, 0);
    for word in wanted {
        let same = left.iter().position(|other| *other == word);
        let alike = || left.iter().position(|other| is_slip(word, other));
        match same.or_else(alike) {
            Some(at) => {
                slips += usize::from(left[at] != word);
                found += usize::from(!is_verb(word));
                left.remove(at);
            }
            None if NOISE.contains(&word.as_str()) => noise += 1,
            None => missing += 1,
        }
    }
    // A verb alone matches too much, and so does half of the words.
    if found == 0 || missing > 1 || (missing == 1 && found < 2) {
        return None;
    }
    let more = left.len() + noise;
    let alike = likeness(&wanted.join(" "), &have.join(" "));
    Some(Rating { missing, slips, exact: missing + slips + more == 0, more, alike })
}

/// Whether it is the same word in another number, or with a letter or two wrong.
fn is_slip(word: &str, other: &str) -> bool {
    let (short, long) = if word.len() < other.len() { (word, other) } else { (other, word) };
    if long.strip_suffix('s') == Some(short) || long.strip_suffix("es") == Some(short) {
        return true;
    }
    if is_verb(other) && !word.starts_with(['r', 'w']) {
        return false;
    }
    let slips = match short.len() {
        0..=3 => 0,
        4..=6 => 1,
        _ => 2,
    };
    // Swapped letters count as one slip.
    strsim::damerau_levenshtein(word, other) <= slips
}

/// Rates a name whose spelling is similar to what was typed.
fn by_letters(wanted: &str, have: &str) -> Option<Rating> {
    let alike = likeness(wanted, have);
    let more = have.split(' ').collect::<BTreeSet<_>>().len();
    (f64::from(alike) >= ALIKE * 1000.0).then_some(Rating { missing: 1, slips: 1, exact: false, more, alike })
}

/// From 0 to 1000.
fn likeness(a: &str, b: &str) -> u32 {
    let alike = strsim::normalized_damerau_levenshtein(a, b).max(strsim::sorensen_dice(a, b));
    (alike * 1000.0).round() as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Vec<String> {
        let groups: Vec<serde_json::Value> =
            serde_json::from_str(include_str!("../../data/permission_groups.json")).unwrap();
        let names: BTreeSet<_> =
            groups.iter().map(|group| group["name"].as_str().unwrap().to_owned()).collect();
        names.into_iter().collect()
    }

    #[test]
    fn dashboard_spellings_short_names_and_slips_lead_to_the_name() {
        let table = [
            ("dns write", "DNS Write"),
            ("DNS Edit", "DNS Write"),
            ("DNS:Edit", "DNS Write"),
            ("Zone.DNS:Edit", "DNS Write"),
            ("Zone:DNS:Edit", "DNS Write"),
            ("Zone / DNS / Edit", "DNS Write"),
            ("Zone - DNS - Read", "DNS Read"),
            ("Zone → DNS → View", "DNS Read"),
            ("dns_records:edit", "DNS Write"),
            ("#dns_records:read", "DNS Read"),
            ("DNS Wirte", "DNS Write"),
            ("Zone:Edit", "Zone Write"),
            ("#zone:read", "Zone Read"),
            ("Zone.Zone:Edit", "Zone Write"),
            ("Zone.Zone Settings:Edit", "Zone Settings Write"),
            ("Zone.Cache Purge:Purge", "Cache Purge"),
            ("Purge Cache", "Cache Purge"),
            ("Zone.SSL and Certificates:Edit", "SSL and Certificates Write"),
            ("SSL Write", "SSL and Certificates Write"),
            ("Page Rule Write", "Page Rules Write"),
            ("zone.workers_routes:edit", "Workers Routes Write"),
            ("Worker Scripts Write", "Workers Scripts Write"),
            ("Workers Script Write", "Workers Scripts Write"),
            ("Account.Workers Scripts:Edit", "Workers Scripts Write"),
            ("workers scripts write", "Workers Scripts Write"),
            ("Tunnel Write", "Cloudflare Tunnel Write"),
            ("Argo Tunnel:Edit", "Cloudflare Tunnel Write"),
            ("R2 Write", "Workers R2 Storage Write"),
            ("Workers R2 Storage:Edit", "Workers R2 Storage Write"),
            ("R2 Bucket Item Read", "Workers R2 Storage Bucket Item Read"),
            ("KV Write", "Workers KV Storage Write"),
            ("Workers KV Storage:Edit", "Workers KV Storage Write"),
            ("Cloudflare Pages:Edit", "Pages Write"),
            ("Account / Cloudflare Pages / Edit", "Pages Write"),
            ("Account API Tokens:Edit", "Account API Tokens Write"),
            ("API Tokens:Edit", "API Tokens Write"),
            ("Account Settings:View", "Account Settings Read"),
            ("Cloudflare Images:Edit", "Images Write"),
            ("Firewall Rules:Edit", "Firewall Services Write"),
            ("Turnstile:Edit", "Turnstile Sites Write"),
            ("Load Balancing Monitors And Pools:Edit", "Load Balancing: Monitors and Pools Write"),
            ("Access Apps and Policies:Edit", "Access: Apps and Policies Write"),
            ("D1:Edit", "D1 Write"),
            ("Secret Store Write", "Secrets Store Write"),
        ];
        assert!(table.len() >= 40);
        let names = names();
        let wrong: Vec<_> = table
            .into_iter()
            .map(|(typed, meant)| {
                (typed, meant, nearest(names.iter().map(|name| (name.as_str(), true)), typed))
            })
            .filter(|(_, meant, found)| found.first().is_none_or(|first| first != meant))
            .collect();
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    #[test]
    fn a_name_that_fits_comes_first_but_not_before_the_same_name() {
        let names = [("Logs Write", false), ("Zone Logs Write", true), ("Logs Read", true)];
        assert_eq!(nearest(names, "Logs Edit")[0], "Logs Write");
        assert_eq!(
            nearest([("A Pages Write", false), ("B Pages Write", true)], "Pages Write")[0],
            "B Pages Write"
        );
    }

    #[test]
    fn what_is_like_nothing_has_no_suggestion() {
        let names = names();
        for typed in ["qqqqqqqq", "", "Write", "Kubernetes Cluster Admin"] {
            let found = nearest(names.iter().map(|name| (name.as_str(), true)), typed);
            assert_eq!(found, Vec::<String>::new(), "{typed}");
        }
    }

    #[test]
    fn there_are_three_suggestions_at_most() {
        let names = names();
        assert_eq!(nearest(names.iter().map(|name| (name.as_str(), true)), "DNS").len(), 3);
    }

    #[test]
    fn a_slip_is_another_number_or_a_few_wrong_letters() {
        for (word, other) in [
            ("rule", "rules"),
            ("rules", "rule"),
            ("box", "boxes"),
            ("pgae", "page"),
            ("scirpts", "scripts"),
            ("scxxpts", "scripts"),
            ("reed", "read"),
            ("wrtie", "write"),
            ("road", "load"),
        ] {
            assert!(is_slip(word, other), "{word} {other}");
        }
        for (word, other) in
            [("cut", "cat"), ("pxgxs", "pages"), ("xcxxpts", "scripts"), ("bead", "read"), ("trite", "write")]
        {
            assert!(!is_slip(word, other), "{word} {other}");
        }
    }

    #[test]
    fn one_word_may_be_missing_and_a_slip_is_worse_than_a_word_more() {
        let found =
            |names: &[&'static str], typed: &str| nearest(names.iter().map(|name| (*name, true)), typed);
        let long = "Alpha Beta Something Else Entirely";
        assert_eq!(found(&[long], "Alpha Beta Gamma"), [long]);
        assert_eq!(found(&[long], "Alpha Gamma"), Vec::<String>::new(), "half of the words");
        assert_eq!(found(&[long], "Alpha Beta Gamma Delta"), Vec::<String>::new());
        let names = ["Page Rules", "Page Rule Extra"];
        assert_eq!(found(&names, "Page Rule"), ["Page Rule Extra", "Page Rules"]);
    }

    #[test]
    fn three_of_four_letters_are_similar_enough() {
        assert!(by_letters("abcd", "abce").is_some() && by_letters("abc", "abd").is_none());
    }
}
