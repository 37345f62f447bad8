//! The modules under `examples/modules/`: each is formatted and valid, and its own tests pass against the simulator, as a
//! user without a registry would run them.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::stage::{BINARY, SOURCE, Stage};
use crate::support::terraform::Workspace;

/// The modules.
pub(crate) const MODULES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/modules");
/// The default registries, whose name is a part of a provider's address: Terraform's and OpenTofu's.
const REGISTRIES: [&str; 2] = ["registry.terraform.io", "registry.opentofu.org"];

#[test]
fn each_module_is_formatted_and_valid_and_passes_its_tests() {
    let mut names: Vec<_> = entries(Path::new(MODULES));
    names.retain(|module| module.join("tests").is_dir());
    assert!(!names.is_empty(), "no module in {MODULES} has tests");
    for module in names {
        let stage = of_module(&module);
        stage.tf.run(&["fmt", "-check", "-diff", "-recursive"]).success();
        stage.tf.run(&["validate"]).success();
        let runs: usize = entries(&module.join("tests")).iter().map(|file| declared(&read(file), "run").len()).sum();
        stage.tf.run(&["test"]).success().says(&format!("Success! {runs} passed, 0 failed."));
        assert!(stage.sim.tokens().is_empty(), "the tests of {} leave tokens behind", module.display());
    }
}

#[test]
fn each_module_says_what_it_takes_and_gives() {
    for module in entries(Path::new(MODULES)) {
        let readme = read(&module.join("README.md"));
        for (file, kind) in [("variables.tf", "variable"), ("outputs.tf", "output")] {
            for name in declared(&read(&module.join(file)), kind) {
                let row = format!("| `{name}` |");
                assert!(readme.contains(&row), "{}/README.md does not list the {kind} {name}", module.display());
            }
        }
    }
}

/// The names of the blocks of a kind.
fn declared<'a>(text: &'a str, kind: &str) -> Vec<&'a str> {
    let opening = format!("{kind} \"");
    let name = |line: &'a str| line.strip_prefix(&opening)?.split('"').next();
    text.lines().filter_map(name).collect()
}

fn read(file: &Path) -> String {
    fs::read_to_string(file).unwrap()
}

/// A stage with a module as its root module, initialised.
pub(crate) fn of_module(module: &Path) -> Stage {
    let mut stage = Stage::new();
    copy(module, stage.tf.path());
    mirrored(&mut stage.tf);
    stage.tf.init().success();
    stage
}

/// Lets `init` install the provider from a filesystem mirror.
pub(crate) fn mirrored(tf: &mut Workspace) {
    for registry in REGISTRIES {
        tf.mirror(&format!("{registry}/{SOURCE}"), env!("CARGO_PKG_VERSION"), Path::new(BINARY));
    }
}

/// Copies a folder's content.
pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in entries(from) {
        let target = to.join(entry.file_name().unwrap());
        if entry.is_dir() {
            copy(&entry, &target);
        } else {
            fs::copy(&entry, &target).unwrap();
        }
    }
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    entries
}
