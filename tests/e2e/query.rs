//! `terraform query`, which exists from Terraform 1.14 on: what it lists, and that its generated configuration
//! imports without changes. These tests always use the newer Terraform.

use serde_json::{Value as Json, json};

use crate::simulator::Options;
use crate::support::stage::{SOURCE, Stage, TOKEN, token};
use crate::support::terraform::{Output, Terraform};

const ACCOUNT: &str = "com.cloudflare.api.account";
const ZONE: &str = "com.cloudflare.api.account.zone";
const BUCKET: &str = "com.cloudflare.edge.r2.bucket";
const WORKER: &str = "com.cloudflare.edge.worker.script";

fn stage() -> Stage {
    Stage::on(&Terraform::library(), Options::default())
}

fn user_stage() -> Stage {
    let mut stage = stage();
    let token = stage.sim.user_root_token();
    stage.tf.env("CLOUDFLARE_API_TOKEN", token);
    stage
}

/// Writes a `list` block. The local name is the provider's type, because Terraform writes `provider = <the provider's
/// type>` into the generated configuration.
fn list(stage: &Stage, kind: &str, arguments: &str) {
    let main = format!(
        "terraform {{\n  required_providers {{\n    cloudflare-tokens = {{ source = \"{SOURCE}\" }}\n  }}\n}}\n"
    );
    let list = format!("list \"{kind}\" \"all\" {{\n  provider = cloudflare-tokens\n{arguments}\n}}\n");
    stage.tf.write("main.tf", &main).write("all.tfquery.hcl", &list);
}

fn query(stage: &Stage) -> Output {
    stage.tf.run(&["query"]).success()
}

/// The configuration that `terraform query` generates.
fn generated(stage: &Stage) -> String {
    stage.tf.run(&["query", "-generate-config-out=generated.tf"]).success();
    std::fs::read_to_string(stage.tf.path().join("generated.tf")).unwrap()
}

/// Plans the generated configuration. Expects this number of imports and nothing else.
#[track_caller]
fn imports(stage: &Stage, count: usize) -> Output {
    let plan = stage.tf.plan().success();
    plan.says(&format!("Plan: {count} to import, 0 to add, 0 to change, 0 to destroy."))
}

/// A policy in the API's format.
fn policy(stage: &Stage, effect: &str, resources: Json, groups: &[(&str, &str)]) -> Json {
    let id = |(name, scope): &(&str, &str)| json!({"id": stage.sim.group_id(name, scope)});
    let groups: Vec<_> = groups.iter().map(id).collect();
    json!({"effect": effect, "resources": resources, "permission_groups": groups})
}

/// Tokens in each form that the API accepts: the name, and the rest of the body.
fn shapes(stage: &Stage) -> Vec<(String, Json)> {
    let id = stage.sim.account_id();
    let account = format!("{ACCOUNT}.{id}");
    let zones: Vec<_> = stage.sim.zone_ids().iter().map(|zone| format!("{ZONE}.{zone}")).collect();
    let tag = stage.sim.with_scripts(|scripts| scripts["edge-api"].tag.clone());
    let all = |keys: &[String]| -> Json { keys.iter().map(|key| (key.clone(), json!("*"))).collect() };
    let nested = |keys: &[String]| json!({ account.clone(): all(keys) });
    let one = |resources: Json, group: (&str, &str)| json!([policy(stage, "allow", resources, &[group])]);
    let on_account = all(std::slice::from_ref(&account));
    let bucket = format!("{BUCKET}.{id}_default_logs");
    let of_bucket = ("Workers R2 Storage Bucket Item Read", BUCKET);
    let mixed = json!([
        policy(
            stage,
            "allow",
            on_account.clone(),
            &[("Workers Scripts Write", ACCOUNT), ("Logs Write", ACCOUNT)]
        ),
        policy(stage, "allow", nested(&zones), &[("Logs Write", ZONE), ("DNS Read", ZONE)]),
        policy(stage, "deny", all(&zones[..1]), &[("DNS Write", ZONE)]),
    ]);
    let policies = [
        ("account", one(on_account.clone(), ("Workers Scripts Write", ACCOUNT))),
        ("a name that zones have too", one(on_account.clone(), ("Logs Write", ACCOUNT))),
        ("a zone's group on the account", one(on_account.clone(), ("DNS Write", ZONE))),
        ("a zone", one(all(&zones[..1]), ("DNS Write", ZONE))),
        ("zones", one(all(&zones), ("DNS Write", ZONE))),
        ("a nested zone", one(nested(&zones[..1]), ("DNS Write", ZONE))),
        ("nested zones", one(nested(&zones), ("DNS Write", ZONE))),
        ("all zones", one(nested(&[format!("{ZONE}.*")]), ("DNS Read", ZONE))),
        ("a bucket", one(all(&[bucket]), of_bucket)),
        ("all buckets", one(nested(&[format!("{BUCKET}.*")]), of_bucket)),
        ("a Worker", one(nested(&[format!("{WORKER}.{tag}")]), ("Individual Workers Editor", WORKER))),
        ("mixed", mixed.clone()),
        ("deny", json!([policy(stage, "deny", on_account.clone(), &[("Logs Write", ACCOUNT)])])),
        ("nothing", json!([])),
        ("\"quoted\" ${var.x} %{ if true } \\ üñï", mixed),
        // Terraform writes `jsonencode` for a text that is JSON, which loses the spaces in it.
        ("[1,2]", json!([])),
    ];
    let bodies =
        policies.into_iter().map(|(name, policies)| (name.to_owned(), json!({ "policies": policies })));
    let mut bodies: Vec<_> = bodies.collect();
    let condition =
        json!({"request_ip": {"in": ["192.0.2.0/24", "2001:db8::/32"], "not_in": ["192.0.2.7/32"]}});
    bodies.push(("condition".to_owned(), json!({"policies": [], "condition": condition})));
    let times =
        json!({"policies": [], "not_before": "2026-01-01T00:00:00Z", "expires_on": "2099-01-01T00:00:00Z"});
    bodies.push(("times".to_owned(), times));
    bodies
}

fn mint(stage: &Stage, name: &str, body: &Json) -> String {
    let mut body = body.clone();
    body["name"] = json!(name);
    stage.sim.mint(&body).0
}

/// Asserts that the generated configuration has no nulls and no ids of permission groups.
#[track_caller]
fn is_clean(stage: &Stage, generated: &str) {
    let nulls: Vec<_> = generated.lines().filter(|line| line.contains("null")).collect();
    assert!(nulls.is_empty(), "{nulls:?}\n{generated}");
    let groups = stage.sim.with_state(|state| state.catalogue.groups.clone());
    assert!(groups.iter().all(|group| !generated.contains(&group.id)), "{generated}");
}

#[test]
fn an_account_of_120_tokens_comes_over_without_a_change() {
    let stage = stage();
    let shapes = shapes(&stage);
    // One of them is the provider's own token.
    for (number, (name, body)) in (1..120).zip(shapes.iter().cycle()) {
        mint(&stage, &format!("{name} {number}"), body);
    }
    list(&stage, "cloudflare_account_api_token", "  include_resource = true\n  limit = 1000");
    stage.sim.reset_requests();
    let generated = generated(&stage);
    assert_eq!(stage.sim.count("GET", "/accounts/*/tokens"), 3, "one request for fifty tokens");
    assert_eq!(
        stage.sim.requests().len(),
        5,
        "and the permission groups, and the Workers: {:?}",
        stage.sim.requests()
    );
    is_clean(&stage, &generated);
    stage.tf.init().success();
    stage.sim.reset_requests();
    imports(&stage, 120);
    let reads = stage.sim.count("GET", "/accounts/*/tokens") + stage.sim.count("GET", "/accounts/*/tokens/*");
    assert!(reads <= 7, "{reads} requests to read 120 tokens");
    stage.tf.apply().success().says("120 imported, 0 added, 0 changed, 0 destroyed");
    stage.settled();
    assert_eq!(stage.sim.count("PUT", "**") + stage.sim.count("POST", "**"), 0);
}

#[test]
fn each_shape_and_each_state_of_a_token_is_imported_and_left_alone() {
    let stage = stage();
    let shapes = shapes(&stage);
    for (name, body) in &shapes {
        mint(&stage, name, body);
    }
    let dead = |name: &str| mint(&stage, name, &shapes[0].1);
    stage.sim.set_status(&dead("off"), "disabled");
    stage.sim.expire(&dead("ended"));
    stage.sim.revoke_exposed(&dead("leaked"));
    let arguments = "  include_resource = true\n  config {\n    include_expired = true\n  }";
    list(&stage, "cloudflare_account_api_token", arguments);
    let generated = generated(&stage);
    is_clean(&stage, &generated);
    for written in ["zones ", "r2_buckets ", "workers ", "\"Logs Write\"", "status "] {
        assert!(generated.contains(written), "no {written:?} in\n{generated}");
    }
    assert!(!generated.contains("\"active\"") && !generated.contains("\"expired\""), "{generated}");
    // One of them is the provider's own token.
    let count = shapes.len() + 4;
    imports(&stage, count).says("The imported token has ended");
    stage.tf.apply().success();
    stage.settled();
    assert_eq!(stage.sim.count("PUT", "**") + stage.sim.count("POST", "**"), 0);
    // The other tokens can be changed. An expired token blocks nothing.
    let edited = generated.replace("\"a zone's group on the account\"", "\"renamed\"");
    stage.tf.write("generated.tf", &edited).apply().success().says("0 added, 1 changed, 0 destroyed");
    stage.settled();
}

#[test]
fn another_end_in_the_configuration_replaces_an_imported_ended_token() {
    let stage = stage();
    let id = mint(&stage, "old", &shapes(&stage)[0].1);
    stage.sim.expire(&id);
    list(
        &stage,
        "cloudflare_account_api_token",
        "  include_resource = true\n  config {\n    status = \"expired\"\n  }",
    );
    let generated = generated(&stage);
    imports(&stage, 1);
    stage.tf.apply().success();
    stage.settled();
    let end = generated.lines().find(|line| line.trim_start().starts_with("expires_on")).unwrap();
    stage.tf.write("generated.tf", &generated.replace(end, "  expires_on = \"2099-01-01T00:00:00Z\""));
    stage.tf.plan().success().says("must be replaced").says("1 to add, 0 to change, 1 to destroy");
    stage.tf.apply().success();
    stage.settled();
}

#[test]
fn a_query_lists_names_and_takes_its_filters_and_no_more_pages_than_it_needs() {
    let stage = stage();
    let shapes = shapes(&stage);
    for number in 0..60 {
        mint(&stage, &format!("ci-{number:02}"), &shapes[0].1);
    }
    let other = mint(&stage, "deploy", &shapes[3].1);
    let used = stage.sim.now() - std::time::Duration::from_secs(86_400 * 100);
    stage.sim.set_last_used(&other, Some(used));
    let listed = |arguments: &str| {
        list(&stage, "cloudflare_account_api_token", arguments);
        stage.sim.reset_requests();
        query(&stage)
    };
    listed("  limit = 5").says("ci-03").never_says("ci-04");
    assert_eq!(stage.sim.count("GET", "/accounts/*/tokens"), 1);
    for filter in ["name_prefix = \"dep\"", "unused_for = \"90d\"", "permission_group = \"DNS Write\""] {
        listed(&format!("  config {{\n    {filter}\n  }}")).says("deploy").never_says("ci-");
    }
    listed("  config {\n    permission_group = \"DNS Wriet\"\n  }")
        .says("No such permission group")
        .says("DNS Write");
    stage.sim.expire(&other);
    listed("  limit = 100").never_says("deploy");
    listed("  config {\n    status = \"expired\"\n  }").says("deploy (expired)");
    list(&stage, "cloudflare_account_api_token", "  config {\n    unused_for = \"soon\"\n  }");
    stage.tf.run(&["query"]).failure("Invalid `unused_for`");
}

#[test]
fn a_users_tokens_come_over_too() {
    let stage = user_stage();
    let zones = policy(&stage, "allow", json!({format!("{ZONE}.*"): "*"}), &[("DNS Read", ZONE)]);
    let own = json!({format!("{ACCOUNT}.{}", stage.sim.account_id()): "*"});
    let account = policy(&stage, "allow", own, &[("Workers Scripts Read", ACCOUNT)]);
    let user = json!({format!("com.cloudflare.api.user.{}", stage.sim.user_id()): "*"});
    let details = policy(&stage, "allow", user, &[("User Details Read", "com.cloudflare.api.user")]);
    for (name, policies) in [
        ("zones", json!([zones])),
        ("account", json!([account])),
        ("user", json!([details])),
        ("none", json!([])),
    ] {
        stage.sim.mint_user_token(&json!({"name": name, "policies": policies}));
    }
    list(&stage, "cloudflare_user_api_token", "  include_resource = true");
    let generated = generated(&stage);
    is_clean(&stage, &generated);
    // One of them is the provider's own token.
    imports(&stage, 5);
    stage.tf.apply().success();
    stage.settled();
}

#[test]
fn the_secrets_of_a_worker_are_imported_without_their_values_and_stay() {
    let stage = stage();
    stage.sim.with_scripts(|scripts| {
        let secrets = &mut scripts.get_mut("edge-api").unwrap().secrets;
        secrets.insert("KEY".to_owned(), ("secret_text".to_owned(), "by hand".to_owned()));
        secrets.insert("OTHER".to_owned(), ("secret_text".to_owned(), "by hand".to_owned()));
    });
    let arguments = "  include_resource = true\n  config {\n    script_name = \"edge-api\"\n  }";
    list(&stage, "cloudflare_workers_secret", arguments);
    let generated = generated(&stage);
    assert!(!generated.contains("by hand"));
    imports(&stage, 2);
    stage.tf.apply().success();
    stage.settled();
    assert_eq!(stage.sim.secret("edge-api", "KEY").as_deref(), Some("by hand"));
    list(&stage, "cloudflare_workers_secret", "  config {\n    script_name = \"gone\"\n  }");
    stage.tf.run(&["query"]).failure("Could not list the secrets of the Worker gone");
}

#[test]
fn an_import_block_generates_configuration_without_nulls() {
    let stage = stage();
    let id = mint(&stage, "by hand", &shapes(&stage)[11].1);
    let config = format!(
        r#"
        terraform {{
          required_providers {{
            cloudflare-tokens = {{ source = "{SOURCE}" }}
          }}
        }}
        import {{
          to       = cloudflare_account_api_token.t
          identity = {{ id = "{id}" }}
          provider = cloudflare-tokens
        }}
        "#
    );
    stage.tf.write("main.tf", &config).run(&["plan", "-generate-config-out=generated.tf"]).success();
    is_clean(&stage, &std::fs::read_to_string(stage.tf.path().join("generated.tf")).unwrap());
    imports(&stage, 1);
}

/// Creates this resource, then imports it by the identity in the state.
fn by_identity(stage: &Stage, address: &str, config: &str) {
    stage.apply(config);
    let (kind, _) = address.split_once('.').unwrap();
    let state = stage.tf.state();
    let resource = state["resources"].as_array().unwrap().iter().find(|r| r["type"] == kind).unwrap();
    let identity = resource["instances"][0]["identity"].clone();
    assert!(identity.is_object(), "{address} has no identity");
    stage.tf.run(&["state", "rm", address]).success();
    let pairs: Vec<_> =
        identity.as_object().unwrap().iter().map(|(name, value)| format!("    {name} = {value}")).collect();
    let import = format!("import {{\n  to = {address}\n  identity = {{\n{}\n  }}\n}}\n", pairs.join("\n"));
    stage.config(&format!("{config}\n{import}"));
    stage.tf.plan().success().says("1 to import, 0 to add, 0 to change, 0 to destroy");
    stage.tf.apply().success();
    stage.settled();
}

#[test]
fn what_an_account_has_is_imported_by_identity() {
    let config = r#"
        resource "cloudflare_account_api_token" "t" {
          name = "bound"
        }
        resource "cloudflare_token_binding" "b" {
          token_id = cloudflare_account_api_token.t.id
          policies = [
            { permission_groups = ["DNS Write"], zones = ["*"] },
            { permission_groups = ["Workers Scripts Read"] },
          ]
        }
        "#;
    let stage = stage();
    by_identity(&stage, "cloudflare_token_binding.b", config);
    // Other policies have another identity.
    stage.apply(&config.replace("Scripts Read", "Scripts Write"));
    stage.tf.destroy().success();
    let policies = "policies = [{ permission_groups = [\"Workers Scripts Read\"] }]";
    by_identity(&stage, TOKEN, &token(&format!("name = \"own\"\n{policies}")));
}

#[test]
fn what_a_user_has_is_imported_by_identity() {
    let stage = user_stage();
    let config = r#"
        resource "cloudflare_user_api_token" "t" {
          name = "bound"
        }
        resource "cloudflare_user_token_binding" "b" {
          token_id = cloudflare_user_api_token.t.id
          policies = [{ permission_groups = ["DNS Write"], zones = ["*"] }]
        }
        "#;
    by_identity(&stage, "cloudflare_user_token_binding.b", config);
    stage.tf.destroy().success();
    let token = "resource \"cloudflare_user_api_token\" \"t\" {\n  name = \"cli\"\n}";
    by_identity(&stage, "cloudflare_user_api_token.t", token);
}

#[test]
fn a_workers_secret_is_imported_by_identity() {
    let stage = stage();
    let secret =
        "resource \"cloudflare_workers_secret\" \"s\" {\n  script_name = \"edge-api\"\n  name = \"KEY\"\n}";
    stage.sim.with_scripts(|scripts| {
        let secret = ("secret_text".to_owned(), "by hand".to_owned());
        scripts.get_mut("edge-api").unwrap().secrets.insert("KEY".to_owned(), secret);
    });
    stage.config(secret).tf.plan().failure("No value");
    let identity = "identity = { script_name = \"edge-api\", name = \"KEY\" }";
    stage.config(&format!("{secret}\nimport {{\n  to = cloudflare_workers_secret.s\n  {identity}\n}}"));
    stage.tf.plan().success().says("1 to import, 0 to add, 0 to change, 0 to destroy");
    stage.tf.apply().success();
    stage.settled();
}

#[test]
fn workers_secrets_are_imported_by_identity() {
    let stage = stage();
    stage.sim.with_scripts(|scripts| {
        for name in ["A", "B,C"] {
            let secret = ("secret_text".to_owned(), "by hand".to_owned());
            scripts.get_mut("edge-api").unwrap().secrets.insert(name.to_owned(), secret);
        }
    });
    let secrets = "resource \"cloudflare_workers_secrets\" \"s\" {\n  script_name = \"edge-api\"\n}";
    let identity = "identity = { script_name = \"edge-api\", names = [\"A\", \"B,C\"] }";
    stage.config(&format!("{secrets}\nimport {{\n  to = cloudflare_workers_secrets.s\n  {identity}\n}}"));
    stage.tf.plan().success().says("1 to import, 0 to add, 0 to change, 0 to destroy");
    stage.tf.apply().success();
    stage.settled();
    assert_eq!(stage.sim.secret("edge-api", "B,C").as_deref(), Some("by hand"));
    // The names are part of the identity, and they may change.
    let fewer = secrets.replace('}', "  secrets = { A = \"ours\" }\n}");
    stage.apply(&fewer);
    assert_eq!(stage.sim.secret("edge-api", "A").as_deref(), Some("ours"));
    assert_eq!(stage.sim.secret("edge-api", "B,C"), None);
}

#[test]
fn each_example_of_a_list_is_taken() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/list-resources");
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let stage = if name.contains("_user_") { user_stage() } else { stage() };
        list(&stage, &name, "");
        let example = std::fs::read_to_string(entry.path().join("list-resource.tfquery.hcl")).unwrap();
        stage.tf.write("all.tfquery.hcl", &example);
        query(&stage);
        let formatted = stage.tf.run(&["fmt", "-check", "-diff"]);
        assert_eq!(formatted.code, Some(0), "{name}: {}", formatted.stdout);
    }
}
