//! The rules of HashiCorp's registry for a provider's pages, as its validator (`tfplugindocs validate`) checks them:
//! front matter by kind of page, file names, folders, sizes, and a page for each type.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::generator::{root, schemas};

/// The folders below `docs/` that the registry shows.
const FOLDERS: [&str; 7] =
    ["resources", "data-sources", "ephemeral-resources", "list-resources", "actions", "functions", "guides"];
/// The folders below `docs/` that the registry does not look at.
const UNSEEN: [&str; 1] = ["design"];
/// The registry's limits.
const MOST_PAGES: usize = 2000;
const LARGEST_PAGE: usize = 500_000;

#[test]
fn every_page_keeps_the_registrys_rules() {
    let docs = root().join("docs");
    let mut pages = vec!["index.md".to_owned()];
    for folder in FOLDERS {
        pages.extend(names(&docs.join(folder)).into_iter().map(|name| format!("{folder}/{name}")));
    }
    assert!(pages.len() < MOST_PAGES, "{} pages", pages.len());
    let found: Vec<_> =
        pages.iter().flat_map(|page| problems(page, &fs::read_to_string(docs.join(page)).unwrap())).collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn docs_has_no_folder_that_nobody_reads() {
    let known: BTreeSet<_> = FOLDERS.into_iter().chain(UNSEEN).collect();
    for name in names(&root().join("docs")) {
        assert!(name == "index.md" || known.contains(name.as_str()), "docs/{name}");
    }
}

#[test]
fn every_type_has_a_page_and_every_page_a_type() {
    let schemas = schemas();
    let pages = |folder: &str| -> BTreeSet<String> {
        names(&root().join("docs").join(folder)).iter().map(|name| name.replace(".md", "")).collect()
    };
    let short = |name: &&str| name.trim_start_matches("cloudflare_").to_owned();
    assert_eq!(pages("resources"), schemas.resources.keys().map(short).collect());
    assert_eq!(pages("data-sources"), schemas.data_sources.keys().map(short).collect());
    assert_eq!(pages("ephemeral-resources"), schemas.ephemeral_resources.keys().map(short).collect());
    assert_eq!(pages("list-resources"), schemas.list_resources.keys().map(short).collect());
    assert_eq!(pages("actions"), schemas.actions.keys().map(short).collect());
    assert_eq!(pages("functions"), schemas.functions.keys().map(short).collect());
}

#[test]
fn a_page_that_breaks_a_rule_is_found() {
    let page = |matter: &str| format!("---\n{matter}---\n\n# T\n");
    let good = page("page_title: \"T\"\nsubcategory: \"\"\ndescription: |-\n  D.\n");
    assert_eq!(problems("resources/a.md", &good), [""; 0]);
    assert_eq!(problems("guides/a.md", &good), [""; 0]);
    let cases = [
        ("index.md", good.clone(), "index.md: subcategory is not allowed"),
        ("guides/a.md", page("subcategory: \"\"\n"), "guides/a.md: page_title is missing"),
        ("resources/a.md", page("layout: \"x\"\n"), "resources/a.md: layout is not allowed"),
        (
            "resources/a.md",
            page("sidebar_current: \"x\"\n"),
            "resources/a.md: sidebar_current is not allowed",
        ),
        ("resources/a.markdown", good.clone(), "resources/a.markdown: the file's name does not end in .md"),
        ("resources/a.md", "# T\n".to_owned(), "resources/a.md: there is no front matter"),
        (
            "resources/a.md",
            good + &"x".repeat(LARGEST_PAGE),
            "resources/a.md: it is larger than 500000 bytes",
        ),
    ];
    for (path, text, expected) in cases {
        assert_eq!(problems(path, &text), [expected]);
    }
}

/// The rules that a page breaks. `path` is below `docs/`.
fn problems(path: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut add = |what: &str| found.push(format!("{path}: {what}"));
    if !path.ends_with(".md") {
        add("the file's name does not end in .md");
    }
    if text.len() > LARGEST_PAGE {
        add(&format!("it is larger than {LARGEST_PAGE} bytes"));
    }
    let Some((matter, _)) = text.strip_prefix("---\n").and_then(|rest| rest.split_once("\n---\n")) else {
        add("there is no front matter");
        return found;
    };
    let has = |key: &str| matter.lines().any(|line| line.starts_with(&format!("{key}:")));
    for key in ["layout", "sidebar_current"] {
        if has(key) {
            add(&format!("{key} is not allowed"));
        }
    }
    if path == "index.md" && has("subcategory") {
        add("subcategory is not allowed");
    }
    if path.starts_with("guides/") && !has("page_title") {
        add("page_title is missing");
    }
    found
}

/// The names in a folder. Empty if there is no such folder.
fn names(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}
