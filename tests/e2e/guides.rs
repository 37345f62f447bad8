//! The guides and the modules' pages. Complete configurations apply, partial ones are valid, and links have targets.

use std::path::Path;

use serde_json::json;

use crate::modules::{MODULES, REGISTRIES, copy, entries, read};
use crate::support::stage::{BINARY, SOURCE, Stage};

pub(crate) const GUIDES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/guides");
/// What the partial configurations on the pages leave out.
const PREAMBLE: &str = r#"
terraform {
  required_providers {
    cloudflare        = { source = "cloudflare/cloudflare" }
    cloudflare-tokens = { source = "cloudflare-tokens/cloudflare-tokens" }
  }
}
variable "zone_id" {}
"#;
/// The types of providers that these tests lack. Blocks with them get only a check of their form.
const OTHERS: [&str; 7] =
    ["\"github_", "\"gitlab_", "\"kubernetes_", "\"vault_", "\"aws_", "\"google_", "\"azurerm_"];
/// The token that the guides import.
const IMPORTED: &str = "0da42c8d2132a9ddaf714f9e7c920711/6e4a9b1c3f5d4e0f8a7b6c5d4e3f2a1b";

#[test]
fn every_whole_configuration_of_a_guide_applies_and_leaves_nothing_to_plan() {
    for guide in entries(Path::new(GUIDES)) {
        for config in blocks(&read(&guide)).into_iter().filter(|block| is_whole(block)) {
            let stage = stage();
            let config = config.replace(IMPORTED, &existing(&stage));
            stage.tf.write("main.tf", &config);
            for command in [&["init"][..], &["validate"], &["apply", "-auto-approve"]] {
                let output = stage.tf.run(command);
                let said = output.said();
                assert_eq!(output.code, Some(0), "{}: {command:?}: {said}\n{config}", guide.display());
            }
            stage.settled();
            stage.tf.destroy().success();
        }
    }
}

#[test]
fn what_is_a_part_of_a_configuration_is_valid_in_one() {
    let readmes = entries(Path::new(MODULES)).into_iter().map(|module| module.join("README.md"));
    for page in entries(Path::new(GUIDES)).into_iter().chain(readmes) {
        for block in blocks(&read(&page)).into_iter().filter(|block| is_part(block)) {
            let stage = stage();
            stage.tf.write("main.tf", &format!("{PREAMBLE}\n{block}\n"));
            for command in ["init", "validate"] {
                let output = stage.tf.run(&[command]);
                let said = output.said();
                assert_eq!(output.code, Some(0), "{}: {command}: {said}\n{block}", page.display());
            }
        }
    }
}

#[test]
fn a_token_of_the_official_provider_comes_over_unchanged() {
    let guide = read(&Path::new(GUIDES).join("coming-from-cloudflare_account_token.md"));
    let config =
        blocks(&guide).into_iter().find(|block| is_whole(block) && block.contains("import {")).unwrap();
    let stage = stage();
    let id = existing(&stage);
    let token = id.rsplit('/').next().unwrap();
    let (value, before) = (stage.sim.token_value(token), stage.sim.token(token));
    stage.tf.write("main.tf", &config.replace(IMPORTED, &id));
    stage.tf.init().success();
    stage.tf.plan().success().says("1 to import, 0 to add, 0 to change, 0 to destroy");
    stage.tf.apply().success();
    assert_eq!((stage.sim.token_value(token), stage.sim.token(token)), (value, before));
}

#[test]
fn a_token_moves_with_its_value_and_then_the_official_provider_goes() {
    let guide = read(&Path::new(GUIDES).join("coming-from-cloudflare_account_token.md"));
    let whole: Vec<_> = blocks(&guide).into_iter().filter(|block| is_whole(block)).collect();
    let stage = stage();
    let id = existing(&stage);
    let (account, token) = id.split_once('/').unwrap();
    let value = stage.sim.token_value(token).unwrap();
    stage.tf.write("terraform.tfstate", &official_state(&stage, account, token, &value).to_string());
    stage.tf.write("main.tf", &whole[0]);
    stage.tf.init().success();
    stage.tf.plan().success().says("has moved to").says("0 to add, 0 to change, 0 to destroy");
    stage.tf.apply().success();
    stage.tf.write("main.tf", &whole[1]);
    stage.settled();
    // A state does not contain a provider's local name.
    let short = whole[1]
        .replace("    cloudflare-tokens = {", "    cloudflare = {")
        .replace("  provider = cloudflare-tokens\n\n", "");
    stage.tf.write("main.tf", &short);
    stage.settled();
    assert_eq!(stage.text("cloudflare_account_api_token.deploy", "value"), value);
}

#[test]
fn a_module_gets_this_provider_whatever_its_caller_calls_it() {
    let stage = stage();
    let module = "module \"tunnels\" {\n  source = \"./modules/tunnel-token\"\n  access = \"read\"\n}\n";
    let account = stage.sim.account_id();
    let provider = format!("provider \"cloudflare-tokens\" {{\n  account_id = \"{account}\"\n}}\n");
    let official = "provider \"cloudflare\" {\n  account_id = \"00000000000000000000000000000000\"\n}\n";
    stage.tf.write("main.tf", &[PREAMBLE, &provider, official, module].concat());
    stage.tf.init().success();
    stage.tf.apply().success();
    assert_eq!(stage.sim.tokens().len(), 1);
}

#[test]
fn every_block_is_formatted() {
    let readmes = entries(Path::new(MODULES)).into_iter().map(|module| module.join("README.md"));
    for page in entries(Path::new(GUIDES)).into_iter().chain(readmes) {
        let stage = stage();
        for (number, block) in blocks(&read(&page)).iter().enumerate() {
            stage.tf.write(&format!("{number}.tf"), &format!("{block}\n"));
        }
        let output = stage.tf.run(&["fmt", "-check", "-diff"]);
        assert_eq!(output.code, Some(0), "{}:\n{}{}", page.display(), output.stdout, output.stderr);
    }
}

#[test]
fn guides_have_front_matter_are_linked_and_link_to_what_there_is() {
    let index = read(&Path::new(GUIDES).join("../index.md"));
    for guide in entries(Path::new(GUIDES)) {
        let text = read(&guide);
        for field in ["---\npage_title: \"", "\nsubcategory: \"", "\ndescription: |-\n  "] {
            assert!(text.contains(field), "{} lacks {field:?}", guide.display());
        }
        let file = guide.file_name().unwrap().to_string_lossy();
        assert!(index.contains(&format!("(guides/{file})")), "docs/index.md does not link {file}");
        for link in links(&text) {
            let target = Path::new(GUIDES).join(link);
            assert!(target.exists(), "{} links to {link}, which is not there", guide.display());
        }
    }
}

/// A stage that has the modules and can install both providers. The provider under test stands in for the official
/// one, because there is no registry. The guides use no types of the official provider.
fn stage() -> Stage {
    let mut stage = Stage::new();
    copy(Path::new(MODULES), &stage.tf.path().join("modules"));
    for registry in REGISTRIES {
        for (address, version) in [(SOURCE, env!("CARGO_PKG_VERSION")), ("cloudflare/cloudflare", "5.22.0")] {
            stage.tf.mirror(&format!("{registry}/{address}"), version, Path::new(BINARY));
        }
    }
    let recipient = age::x25519::Identity::generate().to_public().to_string();
    stage.tf.env("TF_VAR_age_recipient", recipient);
    stage
}

/// Creates the token that the guides import, as the official provider would. Returns its id for an import.
fn existing(stage: &Stage) -> String {
    let account = stage.sim.account_id();
    let group = |name: &str| json!({ "id": stage.sim.group_id(name, "com.cloudflare.api.account") });
    let (id, _) = stage.sim.mint(&json!({
        "name": "deploy",
        "policies": [{
            "effect": "allow",
            "resources": { format!("com.cloudflare.api.account.{account}"): "*" },
            "permission_groups": [group("Workers Scripts Write"), group("Workers KV Storage Write")],
        }],
    }));
    format!("{account}/{id}")
}

/// The state of that token as the official provider writes it.
fn official_state(stage: &Stage, account: &str, token: &str, value: &str) -> serde_json::Value {
    let group = |name: &str| json!({ "id": stage.sim.group_id(name, "com.cloudflare.api.account") });
    let attributes = json!({
        "account_id": account, "id": token, "name": "deploy", "status": "active", "value": value,
        "issued_on": "2026-11-26T14:29:27Z", "modified_on": "2026-11-26T14:29:27Z",
        "policies": [{
            "effect": "allow",
            "permission_groups": [group("Workers KV Storage Write"), group("Workers Scripts Write")],
            "resources": json!({ format!("com.cloudflare.api.account.{account}"): "*" }).to_string(),
        }],
    });
    let registry = crate::support::terraform::Terraform::find().registry();
    json!({
        "version": 4, "terraform_version": "1.11.4", "serial": 1, "lineage": "2b1f7b0e-5a0d-4a58-9d4c-3f6f0a1c9e11",
        "outputs": {}, "check_results": null,
        "resources": [{
            "mode": "managed", "type": "cloudflare_account_token", "name": "deploy",
            "provider": format!("provider[\"{registry}/cloudflare/cloudflare\"]"),
            "instances": [{ "schema_version": 501, "attributes": attributes }],
        }],
    })
}

/// The blocks of HCL on a page.
fn blocks(page: &str) -> Vec<String> {
    code(page, "terraform")
}

/// The blocks of a language on a page.
pub(crate) fn code(page: &str, language: &str) -> Vec<String> {
    let opening = format!("```{language}\n");
    let after = page.split(&opening).skip(1);
    after.map(|rest| rest.split("\n```").next().unwrap_or_default().to_owned()).collect()
}

/// Whether a block is a complete configuration.
fn is_whole(block: &str) -> bool {
    block.lines().any(|line| line == "terraform {")
}

/// Whether a block can be added to a configuration that has the two providers.
fn is_part(block: &str) -> bool {
    let first = block.lines().next().unwrap_or_default();
    let others = OTHERS.iter().any(|prefix| block.contains(prefix));
    !is_whole(block) && first.ends_with(" {") && !first.contains('=') && !others
}

/// The relative links on a page.
fn links(page: &str) -> Vec<&str> {
    let targets = page.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    targets.filter(|target| !target.contains("://") && !target.starts_with('#')).collect()
}
