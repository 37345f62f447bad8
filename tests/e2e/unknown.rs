//! Values that are known only at apply, anywhere in the configuration. They plan, and then apply.

use std::time::Duration;

use serde_json::json;

use crate::support::stage::{SOURCE, Stage, TOKEN, token};

const POLICIES: &str = r#"policies = [{ permission_groups = ["Workers Scripts Write"] }]"#;

/// A resource whose output is known only at apply.
fn late(name: &str, value: &str) -> String {
    format!("resource \"terraform_data\" \"{name}\" {{ input = {value} }}\n")
}

/// Plans, applies and checks that nothing is left to plan. Returns the plan's output.
#[track_caller]
fn runs(stage: &Stage, config: &str) -> String {
    let plan = stage.config(config).tf.plan().success().said();
    stage.tf.apply().success();
    stage.settled();
    plan
}

#[test]
fn any_attribute_may_be_unknown() {
    let stage = Stage::new();
    let account = stage.sim.account_id();
    let config = [
        late("name", r#""late""#),
        late("account", &format!("\"{account}\"")),
        late("status", r#""disabled""#),
        late("expiry", r#""2099-01-01T00:00:00Z""#),
        late("exclusive", "false"),
        late("ip", r#""192.0.2.9/24""#),
        token(&format!(
            r#"
            account_id         = terraform_data.account.output
            name               = terraform_data.name.output
            status             = terraform_data.status.output
            not_before         = "2026-01-01T00:00:00Z"
            expires_on         = terraform_data.expiry.output
            exclusive_policies = terraform_data.exclusive.output
            condition          = {{ request_ip = {{ in = ["198.51.100.1", terraform_data.ip.output] }} }}
            {POLICIES}
            "#
        )),
    ];
    let plan = runs(&stage, &config.concat());
    assert!(plan.contains("+ name = (known after apply)"), "{plan}");
    let shown = stage.sim.token(&stage.text(TOKEN, "id")).unwrap();
    assert_eq!(shown["name"], "late");
    assert_eq!(shown["status"], "disabled");
    assert_eq!(shown["expires_on"], "2099-01-01T00:00:00Z");
    let ranges = shown["condition"]["request_ip"]["in"].as_array().unwrap();
    assert_eq!(ranges.len(), 2);
}

#[test]
fn groups_zones_buckets_and_resources_may_be_unknown() {
    let stage = Stage::new();
    let zone = &stage.sim.zone_ids()[0];
    let config = [
        late("group", r#""DNS Write""#),
        late("zone", &format!("\"{zone}\"")),
        late("bucket", r#""default/late""#),
        token(
            r#"
            policies = [
              { permission_groups = ["Zone Read", terraform_data.group.output], zones = [terraform_data.zone.output] },
              { permission_groups = ["Workers R2 Storage Bucket Item Read"], r2_buckets = [terraform_data.bucket.output] },
              { permission_groups = ["Zone Settings Read"],
                resources = { "com.cloudflare.api.account.zone.${terraform_data.zone.output}" = "*" } },
            ]
            "#,
        ),
    ];
    runs(&stage, &config.concat());
    let policies = stage.sim.policies(&stage.text(TOKEN, "id"));
    assert_eq!(policies.len(), 3);
    assert!(
        policies.iter().any(|p| p.groups.contains("DNS Write") && p.resources.to_string().contains(zone))
    );
}

#[test]
fn whole_policies_and_a_whole_condition_may_be_unknown() {
    let stage = Stage::new();
    let config = [
        late(
            "policies",
            r#"[{ permission_groups = ["Workers Scripts Write"] }, { permission_groups = ["Account Settings Read"] }]"#,
        ),
        late("condition", r#"{ request_ip = { not_in = ["192.0.2.1"] } }"#),
        token(
            r#"
            policies = [for p in terraform_data.policies.output : {
              permission_groups = p.permission_groups
            }]
            condition = terraform_data.condition.output
            "#,
        ),
    ];
    runs(&stage, &config.concat());
    let id = stage.text(TOKEN, "id");
    assert_eq!(stage.sim.policies(&id).len(), 2);
    assert_eq!(
        stage.sim.token(&id).unwrap()["condition"],
        json!({"request_ip": {"not_in": ["192.0.2.1/32"]}})
    );
    assert_eq!(stage.attributes(TOKEN)["exclusive_policies"], true);
}

#[test]
fn what_is_known_is_checked_at_plan_even_beside_what_is_not() {
    let stage = Stage::new();
    let config = format!(
        "{}{}",
        late("zone", r#""whatever""#),
        token(r#"policies = [{ permission_groups = ["DNS Wrte"], zones = [terraform_data.zone.output] }]"#)
    );
    stage
        .config(&config)
        .tf
        .plan()
        .failure("There is no permission group \"DNS Wrte\"")
        .failure("\"DNS Write\"");
}

#[test]
fn what_turns_out_wrong_at_apply_is_refused_there_and_nothing_is_made() {
    let stage = Stage::new();
    let config = format!(
        "{}{}",
        late("group", r#""DNS Wrte""#),
        token(r#"policies = [{ permission_groups = [terraform_data.group.output], zones = ["*"] }]"#)
    );
    stage.config(&config).tf.apply().failure("There is no permission group \"DNS Wrte\"");
    assert!(stage.sim.tokens().is_empty());
}

#[test]
fn an_unknown_value_in_an_update_plans_and_applies() {
    let stage = Stage::new();
    stage.apply(&token(&format!("name = \"update\"\n{POLICIES}")));
    let id = stage.text(TOKEN, "id");
    let zone = &stage.sim.zone_ids()[0];
    let config = format!(
        "{}{}",
        late("zone", &format!("\"{zone}\"")),
        token(
            r#"name = "update"
            policies = [{ permission_groups = ["DNS Write"], zones = [terraform_data.zone.output] }]"#
        )
    );
    runs(&stage, &config);
    assert_eq!(stage.text(TOKEN, "id"), id);
    assert!(stage.sim.policies(&id)[0].groups.contains("DNS Write"));
}

/// A provider whose credential and account come from a resource of the same run.
fn late_provider(stage: &Stage, generation: u8) -> String {
    format!(
        r#"
        terraform {{
          required_providers {{
            cloudflare = {{ source = "{SOURCE}" }}
          }}
        }}
        resource "terraform_data" "credential" {{
          input            = {{ token = "{}", account = "{}" }}
          triggers_replace = {generation}
        }}
        provider "cloudflare" {{
          api_token  = terraform_data.credential.output.token
          account_id = terraform_data.credential.output.account
          base_url   = "{}"
        }}
        {}
        "#,
        stage.sim.root_token(),
        stage.sim.account_id(),
        stage.sim.base_url(),
        token(&format!("name = \"late provider\"\n{POLICIES}"))
    )
}

#[test]
fn a_credential_of_the_same_run_plans_and_then_applies() {
    let mut stage = Stage::new();
    for variable in ["API_TOKEN", "ACCOUNT_ID", "BASE_URL"] {
        stage.tf.env(&format!("CLOUDFLARE_{variable}"), "");
    }
    stage.tf.write("main.tf", &late_provider(&stage, 1));
    stage.tf.plan().success().says("Plan: 2 to add");
    stage.tf.apply().success();
    stage.settled();
    let id = stage.text(TOKEN, "id");
    // The credential is replaced. The provider's configuration is unknown again while the token exists.
    stage.tf.write("main.tf", &late_provider(&stage, 2));
    stage.tf.plan().success();
    stage.tf.apply().success();
    stage.settled();
    assert_eq!(stage.text(TOKEN, "id"), id, "it is the same token");
    stage.tf.destroy().success();
    assert!(stage.sim.tokens().is_empty());
}

#[test]
fn a_rotation_whose_age_is_known_at_apply_only_comes_where_it_is_due() {
    for overlap in ["", "overlap = \"10m\""] {
        let stage = Stage::new();
        let config = |every: &str| {
            let rotation = format!("rotation = {{ every = terraform_data.every.output\n {overlap} }}");
            late("every", &format!("\"{every}\""))
                + &token(&format!("name = \"ci\"\n {POLICIES}\n {rotation}"))
        };
        stage.apply(&config("30d"));
        let value = |stage: &Stage| stage.text(TOKEN, "value");
        let first = value(&stage);
        stage.sim.advance(Duration::from_secs(2 * 3600));
        let plan = stage.config(&config("1h")).tf.plan().success().said();
        assert!(plan.contains("The token may be rolled"), "{plan}");
        // The first apply learns the maximum age of a value. The next one finds this value too old.
        stage.tf.apply().success();
        stage.tf.apply().success();
        stage.settled();
        let second = value(&stage);
        assert_ne!(second, first, "two hours are more than one");
        runs(&stage, &config("60d"));
        assert_eq!(value(&stage), second, "the value is young enough");
    }
}

#[test]
fn whether_the_value_is_stored_may_be_unknown() {
    let stage = Stage::new();
    let key = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";
    let seal = format!("seal_for = {{ me = {{ format = \"age\", public_key = \"{key}\" }} }}");
    let config = |stored: bool| {
        let body =
            format!("name = \"ci\"\n {POLICIES}\n store_value = terraform_data.stored.output\n {seal}");
        late("stored", &stored.to_string()) + &token(&body)
    };
    stage.apply(&config(true));
    let first = stage.text(TOKEN, "value");
    runs(&stage, &config(false));
    assert!(stage.attributes(TOKEN)["value"].is_null());
    runs(&stage, &config(true));
    assert_ne!(stage.text(TOKEN, "value"), first, "the API does not tell a value again");
}
