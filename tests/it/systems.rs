//! Code for one operating system is in files called `unix.rs` and `windows.rs`, side by side, with the same
//! functions. The folder's own `mod.rs` chooses one. The rest of the source does not depend on the system.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::generator::root;
use crate::structure::rust_files;

const SYSTEMS: [&str; 2] = ["unix.rs", "windows.rs"];

/// Crates, and modules of the standard library and of tokio, that exist on one system only.
const OF_ONE_SYSTEM: [&str; 9] = [
    "std::os::",
    "rustix",
    "same_file",
    "windows_permissions",
    "signal::unix",
    "signal::windows",
    "UnixListener",
    "UnixStream",
    "named_pipe",
];

#[test]
fn what_differs_between_systems_stands_side_by_side_and_nowhere_else() {
    let mut folders = 0;
    for file in rust_files(&root().join("src")) {
        let text = fs::read_to_string(&file).unwrap();
        let folder = file.parent().unwrap();
        let name = file.file_name().unwrap().to_str().unwrap();
        if SYSTEMS.contains(&name) {
            let [unix, windows] = SYSTEMS.map(|system| offered(&read(&folder.join(system))));
            assert_eq!(unix, windows, "{}", folder.display());
            folders += 1;
        } else if !(name == "mod.rs" && SYSTEMS.iter().all(|system| folder.join(system).exists())) {
            assert_eq!(of_one_system(&text), Vec::<&str>::new(), "{}", file.display());
        }
    }
    assert!(folders >= 6, "{folders}");
}

fn read(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// The functions that a file offers to the rest of the source.
fn offered(text: &str) -> BTreeSet<String> {
    let text = text.split("#[cfg(test)]").next().unwrap_or_default();
    let mut offered = BTreeSet::new();
    for line in text.lines().map(str::trim).filter(|line| line.starts_with("pub")) {
        let mut words = line.split(|c: char| !c.is_alphanumeric() && c != '_');
        if words.any(|word| ["fn", "struct", "const", "enum"].contains(&word)) {
            offered.extend(words.next().map(str::to_owned));
        }
    }
    offered
}

/// The lines for one system only.
fn of_one_system(text: &str) -> Vec<&str> {
    let is_chosen = |line: &str| {
        let condition = line.split_once("cfg").map(|(_, condition)| condition).unwrap_or_default();
        ["unix", "windows", "target_os", "target_family", "target_env"]
            .iter()
            .any(|word| condition.contains(word))
    };
    let is_code = |line: &&str| !line.trim_start().starts_with("//");
    let names_one = |line: &str| OF_ONE_SYSTEM.iter().any(|name| line.contains(name));
    text.lines().filter(is_code).filter(|line| is_chosen(line) || names_one(line)).collect()
}

#[test]
fn a_line_for_one_system_is_found_however_it_is_written() {
    for line in [
        "#[cfg(unix)]",
        "#[cfg(not(windows))]",
        "#[cfg_attr(unix, path = \"a.rs\")]",
        "if cfg!(target_os = \"macos\") {",
        "use std::os::unix::fs::MetadataExt;",
        "let user = rustix::process::geteuid();",
        "use tokio::signal::unix::signal;",
    ] {
        assert_eq!(of_one_system(line), [line]);
    }
    for line in ["#[cfg(test)]", "// not on windows", "let unix = time.unix_timestamp();"] {
        assert_eq!(of_one_system(line), Vec::<&str>::new());
    }
}

#[test]
fn both_files_are_held_against_each_other() {
    let unix = "pub(crate) struct A;\nimpl A {\n    pub(crate) async fn next(&self) {}\n}\nfn own() {}\npub const N: u8 = 1;";
    assert_eq!(offered(unix), BTreeSet::from(["A", "N", "next"].map(str::to_owned)));
}
