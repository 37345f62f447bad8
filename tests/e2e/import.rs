//! Tokens that were created elsewhere are imported: by id, by a block with generated configuration, and by identity.

use serde_json::{Value as Json, json};

use crate::simulator::Options;
use crate::support::stage::{SOURCE, Stage, TOKEN, token};
use crate::support::terraform::Terraform;

/// Creates a token as by hand. Returns its id.
fn by_hand(stage: &Stage) -> String {
    let account = format!("com.cloudflare.api.account.{}", stage.sim.account_id());
    let zone = format!("com.cloudflare.api.account.zone.{}", stage.sim.zone_ids()[0]);
    let group = |name: &str, scope: &str| {
        stage.sim.with_state(|s| s.catalogue.named(name, scope).unwrap().id.clone())
    };
    let (of_account, of_zone) = ("com.cloudflare.api.account", "com.cloudflare.api.account.zone");
    let (id, _) = stage.sim.mint(&json!({
        "name": "by hand",
        "policies": [
            {"effect": "allow", "resources": {account.clone(): "*"}, "permission_groups": [
                {"id": group("Workers Scripts Write", of_account)}, {"id": group("Logs Write", of_account)}]},
            {"effect": "allow", "resources": {zone: "*"}, "permission_groups": [{"id": group("Logs Write", of_zone)}]},
            {"effect": "allow", "resources": {account: {"com.cloudflare.api.account.zone.*": "*"}},
             "permission_groups": [{"id": group("DNS Read", of_zone)}]},
        ],
        "condition": {"request_ip": {"in": ["192.0.2.0/24"]}},
        "expires_on": "2099-01-01T00:00:00Z",
    }));
    id
}

fn same_in_words(stage: &Stage) -> String {
    token(&format!(
        r#"
        name       = "by hand"
        expires_on = "2099-01-01T00:00:00Z"
        condition  = {{ request_ip = {{ in = ["192.0.2.0/24"] }} }}
        policies = [
          {{ permission_groups = ["Logs Write", "Workers Scripts Write"],
             resources = {{ "com.cloudflare.api.account.{}" = "*" }} }},
          {{ permission_groups = ["Logs Write"], zones = ["{}"] }},
          {{ permission_groups = ["DNS Read"], zones = ["*"] }},
        ]
        "#,
        stage.sim.account_id(),
        stage.sim.zone_ids()[0]
    ))
}

#[test]
fn an_imported_token_has_no_value_and_says_how_to_get_one() {
    let stage = Stage::new();
    let id = by_hand(&stage);
    let import = format!("{}/{id}", stage.sim.account_id());
    stage.config(&same_in_words(&stage));
    let imported = stage.tf.run(&["import", TOKEN, &import]).success();
    imported.says("The token's value is not known").says("roll the token");
    assert_eq!(stage.attributes(TOKEN)["value"], Json::Null);
    stage.settled();
    // Only the import warns, not each plan.
    stage.tf.plan().success().never_says("value is not known");
    // A roll gives the token a value, as the warning says.
    stage.apply(&same_in_words(&stage).replacen(
        '{',
        "{\nrotation = { triggers = { imported = \"1\" } }\n",
        1,
    ));
    assert_eq!(Some(stage.text(TOKEN, "value")), stage.sim.token_value(&id));
}

#[test]
fn the_providers_account_may_be_left_out_of_an_import_id() {
    let stage = Stage::new();
    let id = by_hand(&stage);
    stage.config(&same_in_words(&stage)).tf.run(&["import", TOKEN, &id]).success();
    stage.settled();
}

#[test]
fn a_wrong_import_id_or_a_missing_token_is_refused_with_the_right_form() {
    let stage = Stage::new();
    stage.config(&token(""));
    for wrong in ["nonsense", "a/b", "a/b/c", ""] {
        stage.tf.run(&["import", TOKEN, wrong]).failure("<account_id>/<token_id>");
    }
    let gone = format!("{}/{}", stage.sim.account_id(), "f".repeat(32));
    stage.tf.run(&["import", TOKEN, &gone]).failure("non-existent remote object");
}

#[test]
fn configuration_generated_by_an_import_block_has_names_and_plans_nothing() {
    let stage = Stage::new();
    let id = by_hand(&stage);
    // Terraform writes `provider = <the provider's type>` into the configuration that it generates, whatever the
    // local name is. With the type as the local name, nothing needs an edit.
    let block = format!(
        r#"
        terraform {{
          required_providers {{
            cloudflare-tokens = {{ source = "{SOURCE}" }}
          }}
        }}
        import {{
          to       = {TOKEN}
          id       = "{}/{id}"
          provider = cloudflare-tokens
        }}
        "#,
        stage.sim.account_id()
    );
    stage.tf.write("main.tf", &block).run(&["plan", "-generate-config-out=generated.tf"]).success();
    let generated = std::fs::read_to_string(stage.tf.path().join("generated.tf")).unwrap();
    for name in ["\"Workers Scripts Write\"", "\"Logs Write\"", "\"DNS Read\"", "zones"] {
        assert!(generated.contains(name), "no {name} in\n{generated}");
    }
    let groups = stage.sim.with_state(|state| state.catalogue.groups.clone());
    assert!(groups.iter().all(|group| !generated.contains(&group.id)), "{generated}");
    let plan = stage.tf.plan().success();
    plan.says("1 to import, 0 to add, 0 to change, 0 to destroy");
    stage.tf.apply().success();
    stage.settled();
    stage.sim.reset_requests();
    stage.settled();
    assert_eq!(stage.sim.requests().len(), 1, "no write, and one read");
}

#[test]
fn a_token_without_rights_of_its_own_is_imported_as_one() {
    let stage = Stage::new();
    stage.apply(&token(r#"name = "bare""#));
    let import = format!("{}/{}", stage.sim.account_id(), stage.text(TOKEN, "id"));
    stage.tf.run(&["state", "rm", TOKEN]).success();
    stage.tf.run(&["import", TOKEN, &import]).success();
    assert_eq!(stage.attributes(TOKEN)["policies"], Json::Null);
    stage.settled();
}

#[test]
fn an_import_block_by_identity_works_where_terraform_knows_identities() {
    let stage = Stage::on(&Terraform::library(), Options::default());
    let id = by_hand(&stage);
    let config = format!(
        "{}\nimport {{\n  to = {TOKEN}\n  identity = {{ id = \"{id}\" }}\n}}\n",
        same_in_words(&stage)
    );
    stage.config(&config).tf.plan().success().says("1 to import, 0 to add, 0 to change, 0 to destroy");
    stage.tf.apply().success();
    stage.settled();
    assert_eq!(stage.text(TOKEN, "id"), id);
    let state = stage.tf.state();
    let identity = &state["resources"][0]["instances"][0]["identity"];
    assert_eq!(*identity, json!({"account_id": stage.sim.account_id(), "id": id}));
}

#[test]
fn an_import_without_policies_leaves_those_of_bindings_alone() {
    let stage = Stage::new();
    let account = stage.sim.account_id().to_owned();
    let resources = serde_json::json!({ format!("com.cloudflare.api.account.{account}"): "*" });
    let (id, _) = stage.sim.mint(&serde_json::json!({ "name": "shared", "policies": [] }));
    stage.sim.add_policy(&id, &["Cloudflare Tunnel Write"], resources);
    let config = |more: &str| {
        format!("resource \"cloudflare_account_api_token\" \"t\" {{\n name = \"shared\"\n{more}\n}}")
    };
    stage.config(&config(""));
    stage.tf.run(&["import", "cloudflare_account_api_token.t", &format!("{account}/{id}")]).success();
    stage.tf.plan().failure("exclusive_policies = false").failure("exclusive_policies = true");
    stage.config(&config("exclusive_policies = false"));
    stage.tf.plan().success().says("keeps the policies that it was imported with");
    stage.tf.apply().success();
    assert_eq!(stage.sim.policies(&id).len(), 1);
    stage.settled();
    stage.config(&config("")).settled();
}

#[test]
fn imported_policies_are_removed_only_if_the_configuration_says_so() {
    let stage = Stage::new();
    let id = by_hand(&stage);
    let config = same_in_words(&stage);
    stage.config(&config).tf.run(&["import", TOKEN, &id]).success();
    stage.settled();
    stage.tf.apply().success();
    let (start, end) = (config.find("policies = [").unwrap(), config.rfind(']').unwrap());
    let without = |exclusive: &str| format!("{}{exclusive}{}", &config[..start], &config[end + 1..]);
    stage.config(&without("")).tf.plan().failure("Set exclusive_policies");
    stage.config(&without("exclusive_policies = true")).tf.plan().success().says("\"DNS Read\"");
    stage.tf.apply().success();
    let left = stage.sim.policies(&id);
    assert_eq!((left.len(), left[0].effect), (1, "deny"), "the inert one");
    assert_eq!(stage.attributes(TOKEN)["policies"], Json::Null);
    stage.settled();
}
