//! The examples, as they stand: each applies, and then leaves nothing to plan.

use std::path::Path;

use crate::support::stage::Stage;

/// Runs every example of a sort.
#[track_caller]
fn run_all(sort: &str, file: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(sort);
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let example = entry.unwrap().path().join(file);
        let content = std::fs::read_to_string(&example).unwrap();
        let stage = Stage::new();
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
    // The version has the resolution of a second.
    std::thread::sleep(std::time::Duration::from_millis(1100));
    stage.tf.run(&replace).success();
    stage.settled();
    let id = stage.text("cloudflare_account_api_token.kv", "id");
    let second = stage.sim.token_value(&id);
    assert!(second != first && secret("KV_TOKEN") == second, "the new value is in the Worker");

    stage.tf.destroy().success();
    assert_eq!((secret("KV_TOKEN"), secret("KV_TOKEN_ID")), (None, None));
}
