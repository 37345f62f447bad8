//! Each example applies as it is, leaves an empty plan, and can be destroyed. For a resource, the import of its
//! `import.sh` works too.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value as Json;

use crate::support::stage::{Stage, attributes, write_config};
use crate::support::terraform::Workspace;

/// The folders of the examples, one per resource type.
fn folders() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/resources");
    let mut folders: Vec<_> = std::fs::read_dir(&root)
        .unwrap_or_else(|error| panic!("{}: {error}", root.display()))
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    folders
}

fn read(folder: &Path, file: &str) -> String {
    let path = folder.join(file);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The address that an `import.sh` imports, and the form of the id from its comment: `<account_id>/<token_id>`.
fn import(folder: &Path) -> (String, String) {
    let script = read(folder, "import.sh");
    let command = script.lines().find_map(|line| line.strip_prefix("terraform import "));
    let (address, _) =
        command.and_then(|command| command.split_once(' ')).expect("a terraform import command");
    let comment = script.lines().find_map(|line| line.strip_prefix("# "));
    let form = comment.and_then(|comment| comment.split([';', ' ', '[']).next()).expect("the form of the id");
    (address.trim_matches('\'').to_owned(), form.trim_end_matches(['.', ':', ',']).to_owned())
}

/// Builds an id of this form from the state.
fn real_id(stage: &Stage, address: &str, form: &str) -> String {
    let attributes = stage.attributes(address);
    let part = |placeholder: &str| {
        if !placeholder.starts_with('<') {
            return placeholder.to_owned();
        }
        let name = placeholder.trim_matches(['<', '>']);
        if name == "fingerprint" {
            return fingerprints(stage, &attributes, owner_of(address)).join(",");
        }
        if let Some(all) = attributes[format!("{name}s")].as_array() {
            return all.iter().filter_map(Json::as_str).collect::<Vec<_>>().join(",");
        }
        let value = attributes[name].as_str();
        // The object itself calls this attribute `id`.
        let value =
            value.or_else(|| attributes["id"].as_str().filter(|_| matches!(name, "token_id" | "secret_id")));
        value.unwrap_or_else(|| panic!("{address} has no {name}")).to_owned()
    };
    form.split('/').map(part).collect::<Vec<_>>().join("/")
}

/// The fingerprints of a binding's policies, from the data source that lists them.
fn fingerprints(stage: &Stage, binding: &Json, owner: &str) -> Vec<String> {
    let mut other = stage.other();
    credentials(&mut other, stage, owner);
    let data_source = format!("cloudflare_{owner}_api_token");
    write_config(&other, &format!("data \"{data_source}\" \"look\" {{ id = {} }}", binding["token_id"]));
    other.apply().success();
    let seen = attributes(&other, &format!("data.{data_source}.look"))["policies"].clone();
    let own = binding["policies"].as_array().unwrap();
    let is_own = |policy: &&Json| own.iter().any(|p| p["permission_groups"] == policy["permission_groups"]);
    let seen = seen.as_array().unwrap().iter().filter(is_own);
    seen.map(|policy| policy["fingerprint"].as_str().unwrap().to_owned()).collect()
}

/// The policies of each token, without the fields that the API generates at each write.
fn granted(stage: &Stage) -> BTreeSet<String> {
    let ids = stage.sim.tokens().into_iter().filter_map(|token| token["id"].as_str().map(str::to_owned));
    let one = |id: String| {
        let policies = stage.sim.policies(&id).into_iter();
        let policies: BTreeSet<_> =
            policies.map(|p| format!("{} {:?} {}", p.effect, p.groups, p.resources)).collect();
        format!("{id}: {policies:?}")
    };
    ids.map(one).collect()
}

/// The owner of a type's tokens. The type's name says it.
fn owner_of(name: &str) -> &'static str {
    if name.contains("cloudflare_user_") { "user" } else { "account" }
}

/// Gives a workspace a credential that can manage the owner's tokens.
fn credentials(tf: &mut Workspace, stage: &Stage, owner: &str) {
    if owner == "user" {
        tf.env("CLOUDFLARE_API_TOKEN", stage.sim.user_root_token());
    }
}

fn run(folder: &Path) {
    let mut stage = Stage::new();
    let user_token = stage.sim.user_root_token();
    if owner_of(folder.to_str().unwrap()) == "user" {
        stage.tf.env("CLOUDFLARE_API_TOKEN", user_token);
    }
    let script = stage.sim.with_scripts(|scripts| scripts.keys().next().cloned()).unwrap_or_default();
    stage.tf.env("TF_VAR_account_id", stage.sim.account_id()).env("TF_VAR_script_name", script);
    stage.tf.write("main.tf", &read(folder, "resource.tf"));
    stage.tf.apply().success();
    stage.settled();
    let (address, form) = import(folder);
    let id = real_id(&stage, &address, &form);
    stage.tf.run(&["state", "rm", &address]).success();
    assert_eq!(stage.attributes(&address), Json::Null);
    let before = granted(&stage);
    stage.tf.run(&["import", &address, &id]).success();
    // The apply may write what only Terraform knows (a binding's name) to the state, but must not change a right.
    stage.tf.apply().success();
    stage.settled();
    assert_eq!(granted(&stage), before, "after the import of {id}");
    stage.tf.destroy().success();
    assert!(stage.sim.tokens().is_empty(), "{}: something is left", folder.display());
}

#[test]
fn each_example_of_a_resource_applies_settles_imports_and_is_destroyed() {
    let folders = folders();
    assert!(!folders.is_empty(), "there is no example");
    std::thread::scope(|scope| {
        let runs: Vec<_> = folders.iter().map(|folder| (folder, scope.spawn(|| run(folder)))).collect();
        let failed: Vec<_> =
            runs.into_iter().filter_map(|(f, run)| run.join().is_err().then_some(f)).collect();
        assert!(failed.is_empty(), "failed: {failed:?}");
    });
}

/// Runs every example of one kind.
#[track_caller]
fn run_all(sort: &str, file: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(sort);
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let example = entry.unwrap().path().join(file);
        let content = std::fs::read_to_string(&example).unwrap();
        let mut stage = Stage::new();
        let (user_token, user_id) = (stage.sim.user_root_token(), stage.sim.user_id());
        if owner_of(example.to_str().unwrap()) == "user" {
            stage.tf.env("CLOUDFLARE_API_TOKEN", user_token).env("TF_VAR_user_id", user_id);
        }
        stage.tf.write("main.tf", &content);
        let applied = stage.tf.apply();
        assert_eq!(applied.code, Some(0), "{}:\n{}{}", example.display(), applied.stdout, applied.stderr);
        stage.settled();
        stage.tf.destroy().success();
        assert!(stage.sim.tokens().is_empty(), "{} leaves tokens behind", example.display());
        count += 1;
    }
    assert!(count > 0, "there is no example of {sort}");
}

#[test]
fn every_example_of_a_data_source_runs() {
    run_all("data-sources", "data-source.tf");
}

#[test]
fn every_example_of_an_ephemeral_resource_runs() {
    run_all("ephemeral-resources", "ephemeral-resource.tf");
}

#[test]
fn every_example_of_a_function_runs() {
    run_all("functions", "function.tf");
}

#[test]
fn the_example_of_a_workers_secret_puts_the_tokens_value() {
    let stage = Stage::new();
    let example = "examples/resources/cloudflare_workers_secret/resource.tf";
    let content = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(example)).unwrap();
    stage.tf.write("main.tf", &content);
    stage.tf.apply().success();
    stage.settled();
    let id = stage.text("cloudflare_account_api_token.kv", "id");
    let secret = |name: &str| {
        stage.sim.with_scripts(|scripts| scripts["edge-api"].secrets.get(name).map(|(_, text)| text.clone()))
    };
    let first = stage.sim.token_value(&id);
    assert!(first.is_some() && secret("KV_TOKEN") == first, "the value is in the Worker");
    assert_eq!(secret("KV_TOKEN_ID").as_ref(), Some(&id));
    assert!(stage.attributes("cloudflare_workers_secret.kv_token")["value_wo"].is_null());

    let replace = ["apply", "-auto-approve", "-replace=cloudflare_account_api_token.kv"];
    // The version has a resolution of one second.
    std::thread::sleep(std::time::Duration::from_millis(1100));
    stage.tf.run(&replace).success();
    stage.settled();
    let id = stage.text("cloudflare_account_api_token.kv", "id");
    let second = stage.sim.token_value(&id);
    assert!(second != first && secret("KV_TOKEN") == second, "the new value is in the Worker");

    stage.tf.destroy().success();
    assert_eq!((secret("KV_TOKEN"), secret("KV_TOKEN_ID")), (None, None));
}
