//! `policies`: the user's input, the request to the API, the state, and the treatment of policies by others.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

use crate::simulator::PolicyView;
use crate::support::stage::{Stage, TOKEN, token};

/// The groups and resources of a token's policies, as the API has them.
fn granted(stage: &Stage) -> Vec<(BTreeSet<String>, Json)> {
    let policies = stage.sim.policies(&stage.text(TOKEN, "id"));
    let mut granted: Vec<_> = policies.into_iter().map(|p| (p.groups, p.resources)).collect();
    granted.sort_by_key(|(groups, _)| groups.clone());
    granted
}

fn names(of: &[&str]) -> BTreeSet<String> {
    of.iter().map(|&name| name.to_owned()).collect()
}

fn account(stage: &Stage) -> String {
    format!("com.cloudflare.api.account.{}", stage.sim.account_id())
}

#[test]
fn each_scope_reaches_the_api_in_its_own_form() {
    let stage = Stage::new();
    let (account_id, zone) = (stage.sim.account_id(), stage.sim.zone_ids()[1].clone());
    stage.apply(&token(&format!(
        r#"
        name = "scopes"
        policies = [
          {{ permission_groups = ["Account Settings Read"] }},
          {{ permission_groups = ["DNS Write", "Zone Read"], zones = ["{zone}"] }},
          {{ permission_groups = ["Cache Purge"], zones = ["*"] }},
          {{ permission_groups = ["Workers R2 Storage Bucket Item Read"], r2_buckets = ["eu/logs", "default/photos"] }},
          {{ permission_groups = ["Workers R2 Storage Bucket Item Write"], r2_buckets = ["*"] }},
          {{ permission_groups = ["Zone Settings Read"], resources = {{ "com.cloudflare.api.account.zone.{zone}" = "*" }} }},
        ]
        "#
    )));
    let account = account(&stage);
    let bucket = |name: &str| format!("com.cloudflare.edge.r2.bucket.{account_id}_{name}");
    let expected = [
        (names(&["Account Settings Read"]), json!({account.clone(): "*"})),
        (names(&["Cache Purge"]), json!({account.clone(): {"com.cloudflare.api.account.zone.*": "*"}})),
        (names(&["DNS Write", "Zone Read"]), json!({format!("com.cloudflare.api.account.zone.{zone}"): "*"})),
        (
            names(&["Workers R2 Storage Bucket Item Read"]),
            json!({bucket("eu_logs"): "*", bucket("default_photos"): "*"}),
        ),
        (
            names(&["Workers R2 Storage Bucket Item Write"]),
            json!({account: {"com.cloudflare.edge.r2.bucket.*": "*"}}),
        ),
        (names(&["Zone Settings Read"]), json!({format!("com.cloudflare.api.account.zone.{zone}"): "*"})),
    ];
    assert_eq!(granted(&stage), expected);
    let written = stage.attributes(TOKEN)["policies"].clone();
    let all_zones =
        written.as_array().unwrap().iter().find(|p| p["permission_groups"] == json!(["Cache Purge"]));
    assert_eq!(all_zones.unwrap()["zones"], json!(["*"]));
}

#[test]
fn flat_keys_of_all_zones_are_nested_on_the_wire_and_flat_in_the_state() {
    let stage = Stage::new();
    stage.apply(&token(
        r#"
        policies = [{ permission_groups = ["DNS Read"], resources = { "com.cloudflare.api.account.zone.*" = "*" } }]
        "#,
    ));
    let nested = json!({account(&stage): {"com.cloudflare.api.account.zone.*": "*"}});
    assert_eq!(granted(&stage), [(names(&["DNS Read"]), nested)]);
    let written = &stage.attributes(TOKEN)["policies"][0]["resources"];
    assert_eq!(*written, json!({"com.cloudflare.api.account.zone.*": "*"}));
}

#[test]
fn a_deny_policy_withholds_what_it_names() {
    let stage = Stage::new();
    let zone = &stage.sim.zone_ids()[0];
    stage.apply(&token(&format!(
        r#"
        policies = [
          {{ permission_groups = ["DNS Write"], zones = ["*"] }},
          {{ effect = "deny", permission_groups = ["DNS Write"], zones = ["{zone}"] }},
        ]
        "#
    )));
    let effects = |p: PolicyView| (p.effect, p.resources.to_string().contains(zone.as_str()));
    let effects: BTreeSet<_> =
        stage.sim.policies(&stage.text(TOKEN, "id")).into_iter().map(effects).collect();
    assert_eq!(effects, BTreeSet::from([("allow", false), ("deny", true)]));
}

#[test]
fn one_name_in_two_scopes_is_resolved_by_what_the_policy_applies_to() {
    let stage = Stage::new();
    stage.apply(&token(&format!(
        r#"
        policies = [
          {{ permission_groups = ["Logs Write"], resources = {{ "{}" = "*" }} }},
          {{ permission_groups = ["Logs Write"], zones = ["*"] }},
        ]
        "#,
        account(&stage)
    )));
    let shown = stage.sim.token(&stage.text(TOKEN, "id")).unwrap();
    let by_group = |id: &str| {
        let of = |p: &&Json| p["permission_groups"][0]["id"] == id;
        shown["policies"].as_array().unwrap().iter().find(of).unwrap()["resources"].clone()
    };
    assert_eq!(by_group("96163bd1b0784f62b3e44ed8c2ab1eb6"), json!({account(&stage): "*"}));
    assert_eq!(
        by_group("3e0b5820118e47f3922f7c989e673882"),
        json!({account(&stage): {"com.cloudflare.api.account.zone.*": "*"}})
    );
}

#[test]
fn another_order_or_an_id_for_a_name_is_no_change() {
    let stage = Stage::new();
    stage.apply(&token(
        r#"
        name = "spelling"
        policies = [
          { permission_groups = ["Workers Scripts Write", "Workers KV Storage Write"] },
          { permission_groups = ["DNS Read"], zones = ["*"] },
        ]
        "#,
    ));
    let written = stage.attributes(TOKEN)["policies"].clone();
    let id = stage.sim.with_state(|state| {
        let scope = "com.cloudflare.api.account";
        state.catalogue.named("Workers KV Storage Write", scope).unwrap().id.clone()
    });
    stage.sim.reset_requests();
    stage.config(&token(&format!(
        r#"
        name = "spelling"
        policies = [
          {{ effect = "allow", permission_groups = ["DNS Read"], resources = {{ "com.cloudflare.api.account.zone.*" = "*" }} }},
          {{ permission_groups = ["{id}", "Workers Scripts Write"] }},
        ]
        "#
    )));
    stage.settled();
    stage.tf.apply().success();
    assert_eq!(stage.sim.count("PUT", "**"), 0);
    assert_eq!(stage.attributes(TOKEN)["policies"], written);
    // A real change of one group also writes the new spelling.
    stage.apply(&token(&format!(
        r#"name = "spelling"
        policies = [{{ permission_groups = ["{id}"] }}]"#
    )));
    assert_eq!(stage.attributes(TOKEN)["policies"][0]["permission_groups"], json!([id]));
}

#[test]
fn a_group_renamed_by_cloudflare_is_no_drift() {
    let stage = Stage::new();
    stage.apply(&token(r#"policies = [{ permission_groups = ["Workers Scripts Write"] }]"#));
    let id = stage.sim.with_state(|state| {
        state.catalogue.named("Workers Scripts Write", "com.cloudflare.api.account").unwrap().id.clone()
    });
    stage.config(&token(&format!(r#"policies = [{{ permission_groups = ["{id}"] }}]"#)));
    stage.tf.apply().success();
    stage.sim.rename_group(&id, "Workers Code Write");
    stage.settled();
}

#[test]
fn an_exclusive_token_shows_a_foreign_policy_by_name_and_removes_it() {
    let stage = Stage::new();
    let zone = stage.sim.zone_ids()[0].clone();
    stage.apply(&token(r#"policies = [{ permission_groups = ["Workers Scripts Write"] }]"#));
    let id = stage.text(TOKEN, "id");
    let key = format!("com.cloudflare.api.account.zone.{zone}");
    stage.sim.add_policy(&id, &["DNS Write"], json!({key: "*"}));
    let plan = stage.tf.run(&["plan", "-detailed-exitcode"]);
    assert_eq!(plan.code, Some(2));
    let removed = plan.stdout.lines().filter(|line| line.trim_start().starts_with("- "));
    let removed = removed.collect::<Vec<_>>().join("\n");
    assert!(removed.contains("\"DNS Write\"") && removed.contains(&zone), "{}", plan.stdout);
    stage.tf.apply().success();
    assert_eq!(granted(&stage), [(names(&["Workers Scripts Write"]), json!({account(&stage): "*"}))]);
    stage.settled();
}

#[test]
fn an_additive_token_keeps_foreign_policies_and_can_switch_both_ways() {
    let stage = Stage::new();
    let config = |exclusive: bool, group: &str| {
        token(&format!(
            r#"
            exclusive_policies = {exclusive}
            policies           = [{{ permission_groups = ["{group}"] }}]
            "#
        ))
    };
    stage.apply(&config(false, "Workers Scripts Write"));
    let id = stage.text(TOKEN, "id");
    let foreign = || json!({account(&stage): "*"});
    stage.sim.add_policy(&id, &["Account Settings Read"], foreign());
    stage.settled();
    let groups = || granted(&stage).into_iter().flat_map(|(groups, _)| groups).collect::<BTreeSet<_>>();
    stage.apply(&config(false, "Workers Scripts Read"));
    assert_eq!(groups(), names(&["Account Settings Read", "Workers Scripts Read"]));
    stage.apply(&config(true, "Workers Scripts Read"));
    assert_eq!(groups(), names(&["Workers Scripts Read"]));
    stage.apply(&config(false, "Workers Scripts Read"));
    stage.sim.add_policy(&id, &["Account Settings Read"], foreign());
    stage.settled();
    // Without policies in the configuration, the policies of others stay.
    stage.apply(&token(""));
    assert_eq!(groups(), names(&["Account Settings Read"]));
}

#[test]
fn a_token_without_policies_can_do_nothing_and_shows_none() {
    let stage = Stage::new();
    stage.apply(&token(r#"name = "empty""#));
    let id = stage.text(TOKEN, "id");
    assert!(stage.sim.policies(&id).iter().all(|policy| policy.effect == "deny"));
    assert_eq!(stage.attributes(TOKEN)["policies"], Json::Null);
    stage.apply(&token(
        r#"name = "empty"
        policies = [{ permission_groups = ["Workers Scripts Write"] }]"#,
    ));
    assert_eq!(granted(&stage).len(), 1);
    stage.apply(&token(r#"name = "empty""#));
    assert!(stage.sim.policies(&id).iter().all(|policy| policy.effect == "deny"));
}

#[test]
fn a_name_or_scope_that_does_not_fit_is_refused_at_plan_with_the_way_out() {
    let stage = Stage::new();
    let refused = |policy: &str, why: &str| {
        let plan = stage.config(&token(&format!("policies = [{policy}]"))).tf.plan();
        plan.failure(why).failure("policies");
    };
    refused(r#"{ permission_groups = ["Workers Script Write"] }"#, "\"Workers Scripts Write\"");
    refused(r#"{ permission_groups = ["workers scripts write"] }"#, "\"Workers Scripts Write\"");
    let account = format!("resources = {{ \"{}\" = \"*\" }}", account(&stage));
    for no_target in [
        r#"{ permission_groups = ["DNS Write"] }"#,
        r#"{ permission_groups = ["DNS Write"], zone = ["*"] }"#,
        r#"{ permission_groups = ["DNS Write"], zones = null }"#,
        r#"{ permission_groups = ["4755a26eedb94da69e1066d98aa820be"] }"#,
        r#"{ permission_groups = ["Logs Write"] }"#,
        r#"{ permission_groups = ["Workers R2 Storage Bucket Item Read"] }"#,
    ] {
        refused(no_target, &account);
    }
    refused(r#"{ permission_groups = ["Logs Write"] }"#, "zones = [\"*\"] for all zones");
    refused(
        r#"{ permission_groups = ["Workers Scripts Write"], zones = ["*"] }"#,
        "\"Workers Scripts Write\" is an account-scoped permission group",
    );
    refused(
        r#"{ permission_groups = ["Workers Scripts Write", "DNS Write"], zones = ["*"] }"#,
        "Write one policy per scope.",
    );
    refused(
        r#"{ permission_groups = ["ffffffffffffffffffffffffffffffff"] }"#,
        "There is no permission group with the id",
    );
    refused(
        r#"{ permission_groups = ["Workers Scripts Write", "e086da7e2179491d91ee5f35b3ca210a"] }"#,
        "the same permission group",
    );
    assert!(stage.sim.tokens().is_empty());
}

#[test]
fn two_policies_that_differ_in_a_written_default_only_are_refused() {
    let stage = Stage::new();
    let groups = r#"permission_groups = ["Workers Scripts Write"]"#;
    stage.config(&token(&format!("policies = [{{ {groups} }}, {{ effect = \"allow\", {groups} }}]")));
    stage.tf.plan().failure("two elements that mean the same");
}
