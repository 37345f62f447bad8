//! The imports between the source's folders go one way, as the doc comment of `src/lib.rs` says. The test reads the
//! paths in the source, because the compiler allows imports that the map forbids.

use std::fs;
use std::path::{Path, PathBuf};

use crate::generator::root;
use crate::paths::{Paths, paths};

/// The areas of the map: the path below `src/`, and the areas that it may use. Everything outside the areas is a
/// seam.
const AREAS: [(&str, &[&str]); 10] = [
    ("tf_provider/framework", &[]),
    ("tf_provider/plugin", &["tf_provider/framework", "random"]),
    ("owner", &[]),
    ("random", &[]),
    ("cloudflare", &["owner", "random"]),
    ("policy", &["owner"]),
    ("capabilities", &[]),
    ("host", &[]),
    ("tokens", &["owner", "random", "cloudflare", "host", "policy"]),
    (
        "provider",
        &[
            "tf_provider/framework",
            "owner",
            "random",
            "cloudflare",
            "host",
            "policy",
            "capabilities",
            "tokens",
        ],
    ),
];

/// Crates that only one area uses.
const SOLE_USERS: [(&str, &str); 5] = [
    ("getrandom", "random"),
    ("reqwest", "cloudflare"),
    ("tonic", "tf_provider/plugin"),
    ("tonic_prost", "tf_provider/plugin"),
    ("prost", "tf_provider/plugin"),
];

/// The seams, which join the areas and may use all of them.
const JOINTS: [&str; 3] = ["lib.rs", "main.rs", "tf_provider/mod.rs"];

#[test]
fn the_source_draws_no_edge_that_the_map_does_not_allow() {
    let src = root().join("src");
    let mut found = Vec::new();
    for file in rust_files(&src) {
        let name = file.strip_prefix(&src).unwrap().to_str().unwrap().replace('\\', "/");
        found.extend(edges(&name, &fs::read_to_string(&file).unwrap()));
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn the_simulator_does_not_use_the_crate() {
    for file in rust_files(&root().join("tests/simulator")) {
        let Paths { idents, literals, .. } = paths(&fs::read_to_string(&file).unwrap(), &[]);
        assert!(!idents.contains("cloudflare_tokens"), "{} uses the crate", file.display());
        assert!(!literals.iter().any(|text| text.contains("src/")), "{} takes in source", file.display());
    }
}

#[test]
fn the_provider_writes_no_attribute_path_that_the_compiler_does_not_check() {
    for file in rust_files(&root().join("src/provider")) {
        let text = fs::read_to_string(&file).unwrap();
        for free in ["Path::of(\"", ".attribute(\""] {
            assert!(!text.contains(free), "{}: {free}…: write path!(Model.field)", file.display());
        }
        assert!(!text.contains("to_raw() == ") && !text.contains("to_raw() != "), "{}", file.display());
    }
}

#[test]
fn unit_tests_stand_at_the_end_of_their_file_or_in_tests_rs() {
    const MOST_LINES: usize = 250;
    for file in rust_files(&root().join("src")) {
        let (name, text) = (file.display(), fs::read_to_string(&file).unwrap());
        assert!(!text.contains("#[path"), "{name}: a module stands where its name says");
        let Some((_, tests)) = text.split_once("\nmod tests {") else { continue };
        assert!(tests.trim_end().ends_with("\n}") && !tests.contains("\n}\n\n"), "{name}: tests come last");
        assert!(tests.lines().count() <= MOST_LINES, "{name}: move the tests to tests.rs");
    }
}

#[test]
fn only_the_folder_wording_makes_the_providers_diagnostics() {
    let provider = root().join("src/provider");
    for file in rust_files(&provider) {
        let name = file.strip_prefix(&provider).unwrap();
        let is_test = name.iter().any(|part| part == "tests") || name.ends_with("tests.rs");
        if name.starts_with("wording") || is_test {
            continue;
        }
        let text = fs::read_to_string(&file).unwrap();
        let text = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
        for maker in ["Diagnostic::error(", "Diagnostic::warning(", "Diagnostic {", "\"Could not"] {
            let found = text.lines().find(|line| line.contains(maker) && !line.contains("-> Diagnostic {"));
            assert!(found.is_none(), "{}: {found:?}: move it to src/provider/wording", name.display());
        }
    }
}

#[test]
fn the_client_and_the_policies_do_not_know_the_words_of_terraform() {
    const WORDS: [&str; 6] = ["terraform", "opentofu", "hcl", "jsonencode", "terraform.io", "tfstate"];
    const ATTRIBUTES: [&str; 12] = [
        "account_id",
        "api_key",
        "api_token",
        "exclusive_policies",
        "expires_in",
        "max_retries",
        "r2_buckets",
        "request_timeout",
        "script_name",
        "store_id",
        "zones = ",
        "apply again",
    ];
    for folder in ["src/cloudflare", "src/policy"] {
        for file in rust_files(&root().join(folder)) {
            let text = fs::read_to_string(&file).unwrap();
            let lower = text.to_lowercase();
            let words = lower.split(|c: char| !c.is_alphanumeric() && c != '.');
            let found = words.into_iter().find(|word| WORDS.contains(word));
            assert_eq!(found, None, "{} knows Terraform", file.display());
            let Paths { literals, .. } = paths(&text, &[]);
            for attribute in ATTRIBUTES {
                let found = literals.iter().find(|literal| literal.contains(attribute));
                assert_eq!(found, None, "{} knows an attribute", file.display());
            }
        }
    }
}

#[test]
fn a_tests_name_has_at_most_75_characters() {
    const LONGEST: usize = 75;
    for folder in ["src", "tests"] {
        for file in rust_files(&root().join(folder)) {
            let text = fs::read_to_string(&file).unwrap();
            for declared in text.split("fn ").skip(1) {
                let name = declared.split(['(', '<']).next().unwrap_or_default();
                let is_name = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
                assert!(!is_name || name.len() <= LONGEST, "{}: {name}", file.display());
            }
        }
    }
}

/// All `.rs` files below a folder. Asserts that there is at least one.
pub(crate) fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let files = files_of(folder);
    assert!(!files.is_empty(), "{} has no source in it", folder.display());
    files
}

fn files_of(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(files_of(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
    files
}

/// The imports of a file that the map forbids, one per line. `name` is its path below `src/`.
fn edges(name: &str, text: &str) -> Vec<String> {
    if JOINTS.contains(&name) {
        return Vec::new();
    }
    let within = |area: &str| name == format!("{area}.rs") || name.starts_with(&format!("{area}/"));
    let Some((own, allowed)) = AREAS.iter().find(|(area, _)| within(area)) else {
        return vec![format!("{name} is in no area of the map")];
    };
    let module: Vec<&str> = name.trim_end_matches(".rs").trim_end_matches("/mod").split('/').collect();
    let read = paths(text, &module);
    let mut found = Vec::new();
    for path in &read.paths {
        match area(path) {
            Some(target) if target == *own || allowed.contains(&target) => {}
            Some(target) => found.push(format!("{name}: {own} may not use {target}: {}", path.join("::"))),
            None => found.push(format!("{name}: not in the map: {}", path.join("::"))),
        }
    }
    for (krate, user) in SOLE_USERS {
        if user != *own && read.idents.contains(krate) {
            found.push(format!("{name}: only {user} uses {krate}"));
        }
    }
    found
}

/// The area that a path from the crate's root leads to.
fn area(path: &[String]) -> Option<&'static str> {
    // `model!` and `path!` are at the crate's root, because macros are exported there.
    if path.first().is_some_and(|first| first == "model" || first == "path") {
        return Some("tf_provider/framework");
    }
    let leads_to =
        |area: &str| area.split('/').zip(path).filter(|(a, b)| a == b).count() == area.split('/').count();
    AREAS.iter().map(|(area, _)| *area).find(|area| leads_to(area))
}

#[test]
fn an_edge_against_the_arrows_is_found_however_it_is_written() {
    for (file, text) in [
        ("policy/a.rs", "use crate::tokens::Op;"),
        ("policy/a.rs", "use crate::{policy::Policy, cloudflare};"),
        ("policy/mod.rs", "use super::provider;"),
        ("policy/a.rs", "use super::super::tokens;"),
        ("policy/a/b.rs", "fn f() { super::super::super::tokens::g() }"),
        ("policy/a.rs", "mod tests { use super::super::super::tokens; }"),
        ("policy/a.rs", "fn f(x: cloudflare_tokens::tokens::Op) {}"),
        ("policy/a.rs", "const C: char = '\\''; use crate::tokens; const D: char = '\"';"),
        ("policy/a.rs", "/* a /* b */ */ use crate::model;"),
        ("cloudflare/a.rs", "use crate::{tf_provider::{framework::Path}};"),
        ("tf_provider/framework/a.rs", "use super::super::plugin;"),
        ("tf_provider/plugin/a.rs", "use crate::provider::registry;"),
        ("provider/a.rs", "use crate::tf_provider::plugin::serve;"),
        ("tokens/a.rs", "use crate::provider as p;"),
        ("tokens/a.rs", "use crate::*;"),
        ("tokens/a.rs", "use reqwest::Client;"),
        ("tf_provider/framework/a.rs", "fn f() -> tonic::Status { x }"),
        ("provider/a.rs", "use prost::Message;"),
        ("elsewhere.rs", ""),
    ] {
        assert_eq!(edges(file, text).len(), 1, "{file}: {text}: {:?}", edges(file, text));
    }
}

#[test]
fn an_edge_along_the_arrows_is_none_to_complain_of() {
    for (file, text) in [
        ("tokens/a.rs", "use crate::{cloudflare::Client, policy::{self, Policy}}; use super::op::Op;"),
        ("tokens/a.rs", "mod tests { use super::super::op; use super::*; }"),
        ("provider/a/b.rs", "use crate::model; use super::super::session; use crate::tokens::Op;"),
        ("policy/a.rs", "// use crate::tokens;\n/// [`crate::tokens`]\nconst A: &str = \"crate::tokens\";"),
        ("policy/a.rs", "const A: &str = r#\"use \"crate::tokens\"\"#; fn f<'a>(x: &'a str) {}"),
        ("policy/a.rs", "pub(crate) fn f() {} pub(super) fn g(tokens: u8) { self.h(); }"),
        ("cloudflare/a.rs", "use reqwest::Client;"),
        ("tf_provider/plugin/a.rs", "use crate::tf_provider::framework::Raw; use tonic::Status;"),
        ("main.rs", "use cloudflare_tokens::tf_provider::plugin;"),
    ] {
        assert_eq!(edges(file, text), Vec::<String>::new(), "{file}: {text}");
    }
}
