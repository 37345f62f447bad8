//! Inside each folder of the source, the modules' imports form no circles, however long. Tests do not count. The
//! imports of a folder's own `mod.rs` do not count either.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use crate::generator::root;
use crate::paths::paths;
use crate::structure::rust_files;

/// A module, as its path from the crate's root.
type Module = Vec<String>;

#[test]
fn the_modules_of_a_folder_import_each_other_one_way() {
    let src = root().join("src");
    let sources: BTreeMap<Module, String> = rust_files(&src)
        .into_iter()
        .filter_map(|file| {
            let name = file.strip_prefix(&src).unwrap().to_str().unwrap().replace('\\', "/");
            Some((module(&name)?, fs::read_to_string(&file).unwrap()))
        })
        .collect();
    let found = circles(&sources);
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

/// The module of a file below `src/`. `None` for the crate's roots and for test files.
fn module(file: &str) -> Option<Module> {
    let name = file.trim_end_matches(".rs").trim_end_matches("/mod");
    let last = name.rsplit('/').next().unwrap_or_default();
    let not_counted = matches!(name, "lib" | "main") || last == "tests" || last.ends_with("_tests");
    (!not_counted).then(|| name.split('/').map(str::to_owned).collect())
}

/// The circles, one line each: the folder, and the modules in it that need each other.
fn circles(sources: &BTreeMap<Module, String>) -> Vec<String> {
    let read = |module: &Module, text: &str| {
        let text = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
        paths(text, &module.iter().map(String::as_str).collect::<Vec<_>>()).paths
    };
    let used: BTreeMap<&Module, Vec<Module>> =
        sources.iter().map(|(module, text)| (module, read(module, text))).collect();
    let mut folders: BTreeMap<Module, BTreeMap<String, BTreeSet<String>>> = BTreeMap::new();
    for (from, targets) in &used {
        for target in targets {
            let to = resolve(target.clone(), &used);
            let common = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
            if let (Some(a), Some(b)) = (from.get(common), to.get(common)) {
                let folder = folders.entry(from[..common].to_vec()).or_default();
                folder.entry(a.clone()).or_default().insert(b.clone());
            }
        }
    }
    let mut found = Vec::new();
    for (folder, edges) in &folders {
        let reach: BTreeMap<_, _> = edges.keys().map(|from| (from, reachable(from, edges))).collect();
        let mut told = BTreeSet::new();
        for (from, to) in &reach {
            let circle: Vec<_> =
                to.iter().filter(|t| reach.get(t).is_some_and(|r| r.contains(*from))).collect();
            if !circle.is_empty() && !circle.iter().any(|member| told.contains(*member)) {
                found.push(format!(
                    "{}: {}",
                    folder.join("/"),
                    circle.iter().map(|m| m.as_str()).collect::<Vec<_>>().join(", ")
                ));
            }
            told.extend(circle.into_iter().cloned());
        }
    }
    found
}

/// The module that a path leads to. It follows the re-exports of inner modules.
fn resolve(mut path: Module, used: &BTreeMap<&Module, Vec<Module>>) -> Module {
    loop {
        let length =
            (0..=path.len()).rev().find(|&n| used.contains_key(&path[..n].to_vec())).unwrap_or_default();
        let (module, rest) = path.split_at(length);
        let handed_on = rest.first().and_then(|name| {
            let own = used.get(&module.to_vec())?;
            own.iter().find(|p| p.len() == length + 2 && p.starts_with(module) && p.last() == Some(name))
        });
        match handed_on {
            Some(from) if used.contains_key(&from[..=length].to_vec()) => path = [from, &rest[1..]].concat(),
            _ => return module.to_vec(),
        }
    }
}

fn reachable(from: &str, edges: &BTreeMap<String, BTreeSet<String>>) -> BTreeSet<String> {
    let mut reached = BTreeSet::new();
    let mut next: Vec<&String> = edges.get(from).into_iter().flatten().collect();
    while let Some(module) = next.pop() {
        if reached.insert(module.clone()) {
            next.extend(edges.get(module).into_iter().flatten());
        }
    }
    reached
}

fn found(files: &[(&str, &str)]) -> Vec<String> {
    circles(&files.iter().filter_map(|(file, text)| Some((module(file)?, (*text).to_owned()))).collect())
}

#[test]
fn a_circle_is_found_however_long_it_is_and_whichever_way_it_is_written() {
    let inside = ("f/mod.rs", "mod a;\nmod b;\nmod c;\npub use b::B;\npub(super) use c::{C, D as E};");
    for files in [
        [inside, ("f/a.rs", "use super::b::B;"), ("f/b.rs", "use super::a::A;"), ("f/c.rs", "")],
        [inside, ("f/a.rs", "use crate::f::B;"), ("f/b.rs", "fn f() { super::a::f() }"), ("f/c.rs", "")],
    ] {
        assert_eq!(found(&files), ["f: a, b"]);
    }
    let long =
        [inside, ("f/a.rs", "use super::B;"), ("f/b.rs", "use super::C;"), ("f/c.rs", "use crate::f::a::A;")];
    assert_eq!(found(&long), ["f: a, b, c"]);
    let deep = [
        ("f/mod.rs", "mod a;\nmod b;"),
        ("f/a/mod.rs", "mod inner;"),
        ("f/a/inner.rs", "use super::super::b::B;"),
        ("f/b.rs", "use crate::f::a::A;"),
    ];
    assert_eq!(found(&deep), ["f: a, b"]);
}

#[test]
fn what_goes_one_way_is_no_circle_nor_are_tests_and_the_folders_own_file() {
    let one_way = [
        ("f/mod.rs", "mod a;\nmod b;\npub use a::A;\nuse b::g;\npub struct Own;"),
        ("f/a.rs", "use super::b::B; use super::Own;\n#[cfg(test)]\nmod tests { use super::super::b::*; }"),
        ("f/b.rs", "fn g() {}\n#[cfg(test)]\nmod tests { use crate::f::a::A; }"),
        ("f/tests.rs", "use super::a::A;"),
    ];
    assert_eq!(found(&one_way), Vec::<String>::new());
}
