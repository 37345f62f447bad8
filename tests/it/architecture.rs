//! Everything that ARCHITECTURE.md names exists.

use std::collections::BTreeSet;
use std::fs;

use crate::generator::root;
use crate::structure::rust_files;

/// The texts in backticks on a page.
fn quoted(page: &str) -> impl Iterator<Item = &str> {
    page.split('`').skip(1).step_by(2)
}

#[test]
fn every_file_and_every_test_that_the_map_names_exists() {
    let root = root();
    let page = fs::read_to_string(root.join("ARCHITECTURE.md")).unwrap();
    let sources = ["src", "tests/it", "tests/e2e"].map(|folder| rust_files(&root.join(folder))).concat();
    let text: Vec<String> = sources.iter().map(|file| fs::read_to_string(file).unwrap()).collect();
    let is_path = |name: &&str| name.contains('/') && !name.contains(' ');
    let is_test = |name: &&str| name.matches('_').count() >= 4;
    let files: BTreeSet<&str> = quoted(&page).filter(is_path).collect();
    let tests: BTreeSet<&str> = quoted(&page).filter(is_test).collect();
    assert!(files.len() > 20 && tests.len() > 5, "{files:?} {tests:?}");
    for file in files {
        assert!(root.join(file).exists(), "there is no {file}");
    }
    for test in tests {
        let declared = format!("fn {test}(");
        assert!(text.iter().any(|source| source.contains(&declared)), "there is no test {test}");
    }
}
