//! What pipelines and tests need. An unknown value is not treated as missing, a credential is required only if
//! needed, mocks work, and files are in the chosen places.

use std::time::Duration;

use crate::foresight::{VERIFY, binding, times, with};
use crate::support::stage::{Stage, TOKEN};

/// A token for the time of the run. A Worker's secret takes its value.
const LENT: &str = r#"
ephemeral "cloudflare_account_api_token" "lent" {
  policies = [{ permission_groups = ["Workers Scripts Write"] }]
}
resource "cloudflare_workers_secret" "s" {
  script_name      = "edge-api"
  name             = "KEY"
  value_wo         = ephemeral.cloudflare_account_api_token.lent.value
  value_wo_version = 1
}
"#;

#[test]
fn an_account_of_the_provider_that_is_not_known_yet_defers_an_ephemeral_token() {
    let mut stage = Stage::new();
    let account = stage.sim.account_id();
    stage.tf.env("CLOUDFLARE_ACCOUNT_ID", stage.sim.other_account_id());
    stage.config(&format!(
        "resource \"terraform_data\" \"account\" {{ input = \"{account}\" }}\n\
         provider \"cloudflare\" {{ account_id = terraform_data.account.output }}\n{LENT}"
    ));
    stage.tf.plan().success();
    assert_eq!(stage.sim.count("POST", "/accounts/*/tokens"), 0, "nothing is made elsewhere");
    stage.tf.apply().success();
    assert_eq!(stage.attributes("cloudflare_workers_secret.s")["account_id"], account.as_str());
    assert!(stage.sim.tokens().is_empty());
}

#[test]
fn an_account_that_is_not_known_yet_keeps_the_token_unless_it_is_another_one() {
    let stage = Stage::new();
    let (first, second) = (stage.sim.account_id(), stage.sim.other_account_id());
    let config = |account: &str, generation: u8| {
        format!(
            "resource \"terraform_data\" \"account\" {{\n  input = \"{account}\"\n  triggers_replace = {generation}\n}}\n{}",
            with("account_id = terraform_data.account.output")
        )
    };
    stage.apply(&config(&first, 1));
    let (id, value) = (stage.text(TOKEN, "id"), stage.text(TOKEN, "value"));
    let plan = stage.config(&config(&first, 2)).tf.plan().success();
    plan.never_says(&format!("{TOKEN} must be replaced"));
    stage.tf.apply().success();
    stage.settled();
    assert!(stage.text(TOKEN, "id") == id && stage.text(TOKEN, "value") == value);
    stage.config(&config(&second, 3)).tf.plan().success().never_says(&format!("{TOKEN} must be replaced"));
    stage.tf.apply().failure("The account is another one");
    assert!(stage.sim.token(&id).is_some());
}

#[test]
fn a_value_that_was_just_made_is_handed_on_once_the_api_takes_it() {
    let stage = Stage::new();
    let config = format!(
        "{}resource \"cloudflare_workers_secret\" \"s\" {{\n  script_name = \"edge-api\"\n  name = \"KEY\"\n  \
         value = {TOKEN}.value\n}}\n",
        with("")
    );
    stage.config(&config).tf.apply().success();
    // One request verifies the credential before the create, and one verifies the new value.
    assert!(stage.sim.count("GET", VERIFY) <= 2);
    stage.tf.destroy().success();
    for config in [config.as_str(), LENT] {
        let stage = Stage::new();
        stage.sim.set_value_lag(Duration::from_secs(2));
        stage.config(config).tf.apply().success();
        let requests = stage.sim.requests();
        let put = requests.iter().position(|r| r.method == "PUT" && r.path.ends_with("/secrets")).unwrap();
        let before = &requests[..put];
        let taken = before.iter().filter(|r| r.path.ends_with("/verify") && r.status == Some(200)).count();
        let refused = before.iter().filter(|r| r.status == Some(401)).count();
        assert!(taken > 0 && refused > 0, "the put did not wait for the value: {taken} {refused}");
    }
}

#[test]
fn bare_mocks_make_a_configuration_testable() {
    let stage = Stage::new();
    stage.config(&format!(
        r#"
        {}
        {}
        data "cloudflare_account_api_tokens" "all" {{}}
        data "cloudflare_account_api_token" "one" {{ id = cloudflare_token_binding.b.token_id }}
        resource "cloudflare_workers_secret" "s" {{
          account_id  = {TOKEN}.account_id
          script_name = "edge-api"
          name        = "KEY"
          value       = {TOKEN}.value
        }}
        "#,
        with(""),
        binding(&format!("{TOKEN}.id"))
    ));
    let test = "mock_provider \"cloudflare\" {}\nrun \"applies\" {\n  assert {\n    \
                condition = cloudflare_token_binding.b.token_id == cloudflare_account_api_token.t.id\n    \
                error_message = \"the binding is to the token\"\n  }\n}\n";
    stage.tf.write("main.tftest.hcl", test);
    stage.tf.init();
    stage.tf.run(&["test"]).success().says("1 passed, 0 failed");
    // A real run refuses an id that a mock may generate.
    let config = binding("\"x8f3k2ab\"");
    stage.config(&config).tf.run(&["validate"]).success();
    stage.tf.plan().failure("is not the id of a token");
}

#[test]
fn the_lock_directory_can_be_named_and_no_lock_file_stays() {
    let mut stage = Stage::new();
    let (named, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let files = |dir: &std::path::Path| {
        let below = dir.join("terraform-provider-cloudflare-tokens");
        let entries =
            std::fs::read_dir(below).map(|all| all.flatten().collect::<Vec<_>>()).unwrap_or_default();
        let names = entries.iter().map(|entry| entry.file_name().into_string().unwrap());
        names.collect::<Vec<_>>()
    };
    stage.tf.env("CLOUDFLARE_LOCK_DIRECTORY", named.path());
    stage.apply(&with(""));
    let left = files(named.path());
    assert!(!left.is_empty() && left.iter().all(|name| name.ends_with(".json")), "{left:?}");
    let block = format!("provider \"cloudflare\" {{ lock_directory = \"{}\" }}\n", other.path().display());
    stage.apply(&format!("{block}{}", with("status = \"disabled\"")));
    assert!(!files(other.path()).is_empty());
    stage.config(&format!("provider \"cloudflare\" {{ lock_directory = \"locks\" }}\n{}", with("")));
    stage.tf.plan().failure("is not an absolute path");
}

#[test]
fn what_needs_no_api_needs_no_credential() {
    let mut stage = Stage::new();
    let config = format!("{}{}", with(""), binding(&format!("{TOKEN}.id")))
        .replace("name = \"ci\"", "name = \"ci\"\nexclusive_policies = false");
    stage.apply(&config);
    stage.tf.env("CLOUDFLARE_API_TOKEN", "");
    let plan = stage.tf.run(&["plan", "-refresh=false", "-detailed-exitcode"]);
    assert_eq!(plan.code, Some(0), "{}\n{}", plan.stdout, plan.stderr);
    stage.tf.plan().failure("No credentials");
    stage.config(&config.replace("\"ci\"", "\"other\""));
    stage.tf.run(&["plan", "-refresh=false"]).failure("No credentials");
    stage.tf.run(&["plan", "-refresh=false", "-destroy"]).failure("No credentials");
}

#[test]
fn a_credential_that_is_not_written_as_it_must_be_is_found_locally() {
    let mut stage = Stage::new();
    let token = stage.sim.root_token();
    stage.config(&with(""));
    let mut told = |text: String, what: &str| {
        stage.tf.env("CLOUDFLARE_API_TOKEN", text);
        stage.tf.plan().failure(what).failure("in CLOUDFLARE_API_TOKEN");
    };
    told(format!("{token}\n"), "starts or ends with a line break");
    told(format!(" {token}"), "starts or ends with a space");
    told(format!("Bearer {token}"), "has `Bearer` in front");
    told(stage.sim.global_key().1, "is a global API key (`cfk_…`)");
    assert!(stage.sim.requests().is_empty());
    stage.config(&format!(
        "provider \"cloudflare\" {{\n  api_key = \"{token}\"\n  email = \"a@b.c\"\n}}\n{}",
        with("")
    ));
    stage.tf.plan().failure("in `api_key` is an account's API token (`cfat_…`)");
}

#[test]
fn twenty_imports_give_one_warning() {
    let stage = Stage::new();
    let body = |number: usize| serde_json::json!({"name": format!("t{number}"), "policies": []});
    let ids: Vec<_> = (0..20).map(|number| stage.sim.mint(&body(number)).0).collect();
    let config = ids.iter().enumerate().map(|(number, id)| {
        format!(
            "import {{\n  to = cloudflare_account_api_token.t{number}\n  id = \"{}/{id}\"\n}}\n\
             resource \"cloudflare_account_api_token\" \"t{number}\" {{\n  name = \"t{number}\"\n}}\n",
            stage.sim.account_id()
        )
    });
    let plan = stage.config(&config.collect::<String>()).tf.plan().success();
    assert_eq!(times(&plan, "The token's value is not known"), 1, "{}", plan.stdout);
}
