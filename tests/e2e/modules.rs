//! The modules under `examples/modules/`. Each is formatted and valid, and its own tests pass against the simulator,
//! run as by a user without a registry.

use std::fs;
use std::path::{Path, PathBuf};

use data_encoding::BASE64;

use crate::support::stage::{BINARY, SOURCE, Stage};
use crate::support::terraform::Workspace;

/// The modules.
pub(crate) const MODULES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/modules");
/// The default registries of Terraform and OpenTofu. A provider's address contains one of them.
pub(crate) const REGISTRIES: [&str; 2] = ["registry.terraform.io", "registry.opentofu.org"];

#[test]
fn each_module_is_formatted_and_valid_and_passes_its_tests() {
    let mut names: Vec<_> = entries(Path::new(MODULES));
    names.retain(|module| module.join("tests").is_dir());
    assert!(!names.is_empty(), "no module in {MODULES} has tests");
    for module in names {
        let stage = of_module(&module);
        stage.tf.run(&["fmt", "-check", "-diff", "-recursive"]).success();
        stage.tf.run(&["validate"]).success();
        let runs: usize =
            hcl_files(&module.join("tests")).iter().map(|file| declared(&read(file), "run").len()).sum();
        stage.tf.run(&["test"]).success().says(&format!("Success! {runs} passed, 0 failed."));
        assert!(
            stage.sim.count("POST", "/accounts/*/tokens") > 0,
            "the tests of {} make no token",
            module.display()
        );
        assert!(stage.sim.tokens().is_empty(), "the tests of {} leave tokens behind", module.display());
    }
}

/// OpenTofu cannot read the outputs of other runs there. `tests/compare` in each module compares two runs instead.
#[test]
fn no_condition_of_a_modules_tests_names_another_run() {
    for module in entries(Path::new(MODULES)) {
        for file in hcl_files(&module.join("tests")) {
            for line in read(&file).lines().filter(|line| line.trim_start().starts_with("condition ")) {
                assert!(!line.contains(" run."), "{}: {line}", file.display());
            }
        }
    }
}

#[test]
fn each_module_says_what_it_takes_and_gives() {
    for module in entries(Path::new(MODULES)) {
        let readme = read(&module.join("README.md"));
        for (file, kind) in [("variables.tf", "variable"), ("outputs.tf", "output")] {
            for name in declared(&read(&module.join(file)), kind) {
                let said = readme.contains(&format!("`{name}`"));
                assert!(said, "{}/README.md does not list the {kind} {name}", module.display());
            }
        }
    }
}

/// The names of the blocks of one kind.
fn declared<'a>(text: &'a str, kind: &str) -> Vec<&'a str> {
    let opening = format!("{kind} \"");
    let name = |line: &'a str| line.strip_prefix(&opening)?.split('"').next();
    text.lines().filter_map(name).collect()
}

pub(crate) fn read(file: &Path) -> String {
    fs::read_to_string(file).unwrap()
}

/// The test files in a folder. The folder can also have subfolders with modules for the tests.
fn hcl_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = entries(folder);
    files.retain(|file| file.extension().is_some_and(|kind| kind == "hcl"));
    files
}

/// A stage with this module as the root module, initialised.
fn of_module(module: &Path) -> Stage {
    let mut stage = Stage::new();
    copy(module, stage.tf.path());
    mirrored(&mut stage.tf);
    stage.tf.init().success();
    stage
}

/// Lets `init` install the provider from a filesystem mirror.
fn mirrored(tf: &mut Workspace) {
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

pub(crate) fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    entries
}

#[test]
fn only_the_repository_can_open_the_value_for_its_workflows() {
    let key = crypto_box::SecretKey::from([7; 32]);
    let stage = of_module(&Path::new(MODULES).join("github-actions-token"));
    let public_key = BASE64.encode(key.public_key().as_bytes());
    let groups = r#"policies = [{ permission_groups = ["Workers Scripts Write"] }]"#;
    stage.tf.write("terraform.tfvars", &format!("public_key = \"{public_key}\"\n{groups}\n"));
    stage.tf.apply().success();
    let sealed = stage.tf.output("encrypted_value");
    let opened = key.unseal(&BASE64.decode(sealed.as_str().unwrap().as_bytes()).unwrap()).unwrap();
    let id = stage.tf.output("token_id");
    let value = stage.sim.token_value(id.as_str().unwrap()).unwrap();
    assert_eq!(String::from_utf8(opened).unwrap(), value);
    assert!(!stage.tf.state().to_string().contains(&value), "the state has the value");
}

#[test]
fn the_audit_names_the_tokens_to_look_at_at_a_request_for_fifty() {
    let stage = of_module(&Path::new(MODULES).join("token-audit"));
    let account = stage.sim.account_id();
    let mint = |name: &str, group: &str| {
        let group = stage.sim.group_id(group, "com.cloudflare.api.account");
        let (id, _) = stage.sim.mint(&serde_json::json!({
            "name": name,
            "policies": [{
                "effect": "allow",
                "resources": { format!("com.cloudflare.api.account.{account}"): "*" },
                "permission_groups": [{ "id": group }],
            }],
        }));
        id
    };
    let old = mint("old", "Workers Scripts Read");
    let used = mint("used", "Account API Tokens Write");
    let now = stage.sim.now();
    stage.sim.edit(&old, |token| token.issued_on = now - std::time::Duration::from_secs(400 * 86_400));
    stage.sim.edit(&used, |token| token.issued_on = now - std::time::Duration::from_secs(400 * 86_400));
    stage.sim.set_last_used(&used, Some(now - std::time::Duration::from_secs(3 * 86_400)));
    stage.sim.reset_requests();
    stage
        .tf
        .apply()
        .success()
        .says("May manage tokens, members or billing")
        .says("Not used for 90 days: old");
    assert_eq!(stage.sim.requests().len(), 1, "the tokens are one page");
    let names = |output: &str| -> Vec<String> {
        let tokens = stage.tf.output(output);
        let names = tokens.as_array().unwrap().iter().map(|token| token["name"].as_str().unwrap().to_owned());
        names.collect()
    };
    assert!(names("stale").contains(&"old".to_owned()) && !names("stale").contains(&"used".to_owned()));
    assert!(
        names("dangerous").contains(&"used".to_owned()) && !names("dangerous").contains(&"old".to_owned())
    );
    assert!(names("unrestricted").contains(&"old".to_owned()));
    let report = stage.tf.output("report");
    let row = "| old | the account: Workers Scripts Read | 400 days | never | never | all |";
    assert!(report.as_str().unwrap().contains(row), "{report}");
}
