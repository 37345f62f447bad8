//! The example modules, tried as a user tries them: installed from a mirror, formatted, validated, and `terraform test`.

use std::path::{Path, PathBuf};

use crate::support::stage::{BINARY, SOURCE, Stage};

/// The modules that have tests of their own.
fn modules() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/modules");
    let all = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut tested: Vec<_> = all.filter(|module| module.join("tests").is_dir()).collect();
    tested.sort();
    tested
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if source.is_dir() {
            copy(&source, &target);
        } else {
            std::fs::copy(&source, &target).unwrap();
        }
    }
}

#[test]
fn the_example_modules_pass_their_own_tests() {
    let modules = modules();
    assert!(!modules.is_empty());
    for module in modules {
        let name = module.file_name().unwrap().to_string_lossy().into_owned();
        let stage = Stage::new();
        let mut tf = stage.other();
        // A source address without a host is at Terraform's registry, or at OpenTofu's.
        for host in ["registry.terraform.io", "registry.opentofu.org"] {
            tf.mirror(&format!("{host}/{SOURCE}"), env!("CARGO_PKG_VERSION"), Path::new(BINARY));
        }
        copy(&module, tf.path());
        tf.init().success();
        tf.run(&["fmt", "-check", "-recursive", "-diff"]).success();
        tf.run(&["validate"]).success();
        let tested = tf.run(&["test"]).success();
        assert!(tested.stdout.contains("passed, 0 failed"), "{name}: {}", tested.stdout);
        assert!(!tested.stdout.contains(" 0 passed"), "{name}: {}", tested.stdout);
        assert!(stage.sim.count("POST", "/accounts/*/tokens") > 0, "{name}: its tests make a token");
        assert!(stage.sim.tokens().is_empty(), "{name}: its tests leave nothing behind");
    }
}
