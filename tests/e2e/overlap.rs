//! Rotation with an overlap. A new token is created, the old value works for a while, and no token is left at the
//! end.

use std::collections::BTreeSet;
use std::time::Duration;

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use crate::sealing::Recipient;
use crate::simulator::{Effect, Fault, FaultKind, Options};
use crate::support::stage::{Stage, TOKEN, settled, token, write_config};

const DAY: Duration = Duration::from_secs(24 * 3600);

fn with(arguments: &str) -> String {
    token(&format!(
        "name = \"rotated\"\npolicies = [{{ permission_groups = [\"Cloudflare Tunnel Write\"] }}]\n{arguments}"
    ))
}

fn monthly() -> String {
    with(r#"rotation = { every = "30d", overlap = "7d" }"#)
}

fn triggered(by: &str) -> String {
    with(&format!("rotation = {{ triggers = {{ by = \"{by}\" }}, overlap = \"7d\" }}"))
}

/// Whether the API accepts a value at the simulator's time.
fn works(stage: &Stage, value: &str) -> bool {
    stage.sim.with_state(|state| {
        let now = state.now();
        state.tokens.iter().any(|token| {
            token.value == value && token.status == "active" && token.expires_on.is_none_or(|end| end > now)
        })
    })
}

/// The ids of the tokens that exist.
fn ids(stage: &Stage) -> Vec<String> {
    stage.sim.tokens().iter().map(|token| token["id"].as_str().unwrap().to_owned()).collect()
}

#[track_caller]
fn apply(stage: &Stage) -> String {
    stage.tf.apply().success().stdout
}

#[test]
fn a_due_rotation_makes_a_new_token_and_the_old_value_works_on_for_the_overlap() {
    let stage = Stage::new();
    stage.apply(&monthly());
    let (old, old_value) = (stage.text(TOKEN, "id"), stage.text(TOKEN, "value"));
    stage.sim.advance(DAY * 29);
    stage.settled();
    // The API tells its time in whole seconds, so an age of exactly 31 days may seem shorter.
    stage.sim.advance(DAY * 2 + Duration::from_secs(60));
    let plan = stage.tf.run(&["plan"]).success();
    assert!(plan.stdout.contains("A new token takes the place of \"rotated\""), "{}", plan.stdout);
    let words = plan.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("its value is 31 days old (`rotation.every = \"30d\"`)"), "{words}");
    apply(&stage);
    let (new, new_value) = (stage.text(TOKEN, "id"), stage.text(TOKEN, "value"));
    assert!(new != old && new_value != old_value);
    assert!(works(&stage, &old_value) && works(&stage, &new_value));
    assert_eq!(stage.attributes(TOKEN)["previous"]["id"], old.as_str());
    assert_eq!(stage.sim.token(&new).unwrap()["name"], "rotated");
    stage.settled();

    stage.sim.advance(DAY * 6);
    assert!(works(&stage, &old_value));
    stage.settled();
    stage.sim.advance(DAY * 2);
    assert!(!works(&stage, &old_value) && works(&stage, &new_value));
    apply(&stage);
    assert_eq!((ids(&stage), &stage.attributes(TOKEN)["previous"]), (vec![new], &serde_json::Value::Null));
    stage.settled();
}

#[test]
fn a_destroy_in_the_overlap_leaves_nothing() {
    let stage = Stage::new();
    stage.apply(&triggered("one"));
    stage.config(&triggered("two"));
    apply(&stage);
    assert_eq!(ids(&stage).len(), 2);
    stage.tf.destroy().success();
    assert_eq!(ids(&stage), Vec::<String>::new());
}

#[test]
fn ten_rotations_in_a_row_leave_one_live_token_and_one_in_its_overlap() {
    let stage = Stage::new();
    stage.apply(&triggered("0"));
    for by in 1..=10 {
        let before = stage.text(TOKEN, "value");
        stage.config(&triggered(&by.to_string()));
        apply(&stage);
        assert_eq!(ids(&stage).len(), 2, "{by}");
        assert!(works(&stage, &before) && works(&stage, &stage.text(TOKEN, "value")), "{by}");
    }
    stage.settled();
}

#[test]
fn a_year_of_monthly_applies_never_refuses_a_daily_reader() {
    let stage = Stage::new();
    stage.apply(&monthly());
    let (first, mut read, mut seen) = (stage.text(TOKEN, "id"), stage.text(TOKEN, "value"), BTreeSet::new());
    for day in 1..=365 {
        stage.sim.advance(DAY);
        assert!(works(&stage, &read), "day {day}");
        // Some applies are late, by less than the overlap.
        if day % 36 == 0 {
            apply(&stage);
            assert!(ids(&stage).len() <= 2, "day {day}");
        }
        read = stage.text(TOKEN, "value");
        seen.insert(stage.text(TOKEN, "id"));
    }
    assert!(seen.contains(&first) && seen.len() == 11, "{seen:?}");
}

#[test]
fn one_apply_after_a_year_rotates_once() {
    let stage = Stage::new();
    stage.apply(&monthly());
    let old = stage.text(TOKEN, "value");
    stage.sim.advance(DAY * 365);
    apply(&stage);
    assert!(works(&stage, &old) && works(&stage, &stage.text(TOKEN, "value")));
    assert_eq!(ids(&stage).len(), 2);
    stage.settled();
}

#[test]
fn a_length_of_life_starts_anew_with_the_new_token() {
    let stage = Stage::new();
    stage.apply(&with("expires_in = \"60d\"\nrotation = { every = \"30d\", overlap = \"7d\" }"));
    let old = stage.text(TOKEN, "id");
    stage.sim.advance(DAY * 31);
    apply(&stage);
    stage.settled();
    let ends = |id: &str| {
        stage.sim.with_state(|state| {
            let token = state.tokens.iter().find(|token| token.id == id).unwrap();
            token.expires_on.unwrap() - state.now()
        })
    };
    let (new, previous) = (ends(&stage.text(TOKEN, "id")), ends(&old));
    assert!((new - DAY * 60).whole_minutes().abs() <= 1, "{new}");
    assert!((previous - DAY * 7).whole_minutes().abs() <= 1, "{previous}");
}

#[test]
fn a_full_account_keeps_the_old_token_and_the_next_apply_rotates() {
    let stage = Stage::new();
    stage.apply(&triggered("one"));
    let (old, value) = (stage.text(TOKEN, "id"), stage.text(TOKEN, "value"));
    let full = FaultKind::Api(400, 1001, "You have reached the maximum number of tokens", Effect::None);
    stage.sim.fault(Fault::new(full).method("POST"));
    stage.config(&triggered("two"));
    let failed = stage.tf.apply();
    assert_ne!(failed.code, Some(0));
    assert!(failed.stderr.contains("Could not make a new API token in the place of"), "{}", failed.stderr);
    assert!(works(&stage, &value) && ids(&stage) == [old.clone()]);
    assert_eq!(stage.text(TOKEN, "id"), old);
    apply(&stage);
    assert_ne!(stage.text(TOKEN, "id"), old);
    stage.settled();
}

#[test]
fn what_could_not_be_finished_is_finished_by_the_next_apply() {
    for which in ["old", "new"] {
        let stage = Stage::new();
        stage.apply(&triggered("one"));
        let (old, value) = (stage.text(TOKEN, "id"), stage.text(TOKEN, "value"));
        let refused = FaultKind::Api(403, 9109, "Unauthorized to access requested resource", Effect::None);
        // The first PUT sets the expiry of the old token. The second sets the name of the new token.
        let skip = usize::from(which == "new");
        stage.sim.fault(Fault::new(refused).method("PUT").skip(skip));
        stage.config(&triggered("two"));
        let failed = stage.tf.apply();
        assert_ne!(failed.code, Some(0), "{which}");
        let new = stage.text(TOKEN, "id");
        assert!(new != old && works(&stage, &value) && works(&stage, &stage.text(TOKEN, "value")), "{which}");
        apply(&stage);
        stage.settled();
        assert_eq!(stage.text(TOKEN, "id"), new, "{which}");
        assert_eq!(stage.sim.token(&new).unwrap()["name"], "rotated", "{which}");
        assert!(stage.sim.token(&old).unwrap()["expires_on"].is_string(), "{which}");
    }
}

#[test]
fn a_rotation_that_could_not_narrow_the_old_token_does_it_in_the_next_apply() {
    for exclusive in [true, false] {
        let stage = Stage::new();
        let config = |groups: &str, by: &str| {
            token(&format!(
                "name = \"rotated\"\nexclusive_policies = {exclusive}\npolicies = [{{ permission_groups = [{groups}] }}]\n\
                 rotation = {{ triggers = {{ by = \"{by}\" }}, overlap = \"7d\" }}"
            ))
        };
        stage.apply(&config(r#""Cloudflare Tunnel Write", "Workers Scripts Write""#, "one"));
        let old = stage.text(TOKEN, "id");
        let refused = FaultKind::Api(403, 9109, "Unauthorized to access requested resource", Effect::None);
        stage.sim.fault(Fault::new(refused).method("PUT"));
        stage.config(&config(r#""Cloudflare Tunnel Write""#, "two"));
        stage.tf.apply().failure("may have rights that it should lose");
        assert_eq!(groups(&stage, &old).len(), 2, "the old token is as it was");
        apply(&stage);
        assert_eq!(groups(&stage, &old), ["Cloudflare Tunnel Write".to_owned()].into(), "{exclusive}");
        assert!(stage.sim.token(&old).unwrap()["expires_on"].is_string());
        stage.settled();
    }
}

#[test]
fn an_added_right_is_only_for_the_new_token() {
    for in_rotation in [true, false] {
        let stage = Stage::new();
        let config = |groups: &[&str], by: &str| {
            let policies: String =
                groups.iter().map(|group| format!("{{ permission_groups = [\"{group}\"] }},")).collect();
            token(&format!(
                "name = \"rotated\"\npolicies = [{policies}]\n\
                 rotation = {{ triggers = {{ by = \"{by}\" }}, overlap = \"7d\" }}"
            ))
        };
        stage.apply(&config(&["D1 Read"], "one"));
        let old = stage.text(TOKEN, "id");
        stage.config(&config(if in_rotation { &["D1 Read", "D1 Write"] } else { &["D1 Read"] }, "two"));
        apply(&stage);
        stage.config(&config(&["D1 Read", "D1 Write"], "two"));
        apply(&stage);
        assert_eq!(groups(&stage, &old), ["D1 Read".to_owned()].into(), "the old value may have leaked");
        assert_eq!(groups(&stage, &stage.text(TOKEN, "id")).len(), 2);
        stage.settled();
    }
}

#[test]
fn an_end_that_the_api_does_not_set_is_not_in_the_state() {
    let stage = Stage::new();
    stage.apply(&triggered("one"));
    let old = stage.text(TOKEN, "id");
    let path = format!("/accounts/*/tokens/{old}");
    let answer = stage.sim.token(&old).unwrap();
    let success = serde_json::json!({"success": true, "errors": [], "messages": [], "result": answer});
    stage
        .sim
        .fault(Fault::new(FaultKind::Json(200, success, Effect::None)).method("PUT").path(&path).always());
    stage.config(&triggered("two"));
    stage.tf.apply().failure("does not have the new");
    assert_eq!(stage.attributes(TOKEN)["previous"]["expires_on"], serde_json::Value::Null);
    stage.sim.clear_faults();
    apply(&stage);
    assert!(stage.sim.token(&old).unwrap()["expires_on"].is_string());
    stage.settled();
}

#[test]
fn a_change_that_only_the_previous_token_has_goes_back_with_the_configuration() {
    let stage = Stage::new();
    let config = |group: &str, by: &str| {
        token(&format!(
            "name = \"rotated\"\npolicies = [{{ permission_groups = [\"{group}\"] }}]\n\
             rotation = {{ triggers = {{ by = \"{by}\" }}, overlap = \"7d\" }}"
        ))
    };
    stage.apply(&config("D1 Read", "one"));
    let old = stage.text(TOKEN, "id");
    stage.config(&config("D1 Read", "two"));
    apply(&stage);
    let new = stage.text(TOKEN, "id");
    // The previous token is written first. The change of the present one is refused.
    let refused = FaultKind::Api(403, 9109, "Unauthorized to access requested resource", Effect::None);
    stage.sim.fault(Fault::new(refused).method("PUT").skip(1));
    stage.config(&config("D1 Write", "two"));
    assert_ne!(stage.tf.apply().code, Some(0));
    assert_eq!(groups(&stage, &old), ["D1 Write".to_owned()].into());
    stage.config(&config("D1 Read", "two"));
    apply(&stage);
    for id in [&old, &new] {
        assert_eq!(groups(&stage, id), ["D1 Read".to_owned()].into());
    }
    stage.settled();
}

#[test]
fn narrower_rights_and_a_disabled_token_hold_for_the_previous_one_too() {
    let stage = Stage::new();
    let config = |groups: &str, more: &str| {
        token(&format!(
            "name = \"rotated\"\npolicies = [{{ permission_groups = [{groups}] }}]\n\
             rotation = {{ triggers = {{ by = \"{more}\" }}, overlap = \"7d\" }}"
        ))
    };
    let both = r#""Cloudflare Tunnel Write", "Workers Scripts Write""#;
    stage.apply(&config(both, "one"));
    let old = stage.text(TOKEN, "id");
    stage.config(&config(both, "two"));
    apply(&stage);
    stage.config(&config(r#""Cloudflare Tunnel Write""#, "two"));
    apply(&stage);
    stage.settled();
    assert_eq!(stage.sim.policies(&old)[0].groups.len(), 1);
    let disabled =
        config(r#""Cloudflare Tunnel Write""#, "two").replace("name =", "status = \"disabled\"\nname =");
    stage.config(&disabled);
    apply(&stage);
    assert_eq!(stage.sim.token(&old).unwrap()["status"], "disabled");
}

fn bound(rotation: &str, more: &str) -> String {
    format!(
        "resource \"cloudflare_account_api_token\" \"t\" {{\n  name = \"bound\"\n  {rotation}\n}}\n\
         resource \"cloudflare_token_binding\" \"b\" {{\n  token_id = {TOKEN}.id\n  \
         policies = [{{ permission_groups = [\"Cloudflare Tunnel Write\"] }}]\n}}\n{more}"
    )
}

fn rotation(by: &str) -> String {
    format!("rotation = {{ triggers = {{ by = \"{by}\" }}, overlap = \"7d\" }}")
}

/// The names of the permission groups that a token has.
fn groups(stage: &Stage, id: &str) -> BTreeSet<String> {
    stage.sim.policies(id).into_iter().flat_map(|policy| policy.groups).collect()
}

#[test]
fn a_binding_goes_over_and_takes_nothing_from_the_old_token() {
    let stage = Stage::new();
    stage.apply(&bound(&rotation("one"), ""));
    let old = stage.text(TOKEN, "id");
    let rights = groups(&stage, &old);
    stage.config(&bound(&rotation("two"), ""));
    let plan = stage.tf.run(&["plan"]).success().stdout;
    assert!(plan.contains("0 to add, 2 to change, 0 to destroy"), "{plan}");
    apply(&stage);
    stage.settled();
    let new = stage.text(TOKEN, "id");
    assert_eq!((groups(&stage, &new), groups(&stage, &old)), (rights.clone(), rights));
    assert_eq!(stage.text("cloudflare_token_binding.b", "token_id"), new);
    // The right is removed on purpose, so both tokens lose it.
    let without = bound(&rotation("two"), "");
    let without = without.split("resource \"cloudflare_token_binding\"").next().unwrap().to_owned();
    stage.apply(&without);
    for id in [&new, &old] {
        assert!(!groups(&stage, id).iter().any(|name| name.contains("Tunnel")), "{id}");
    }
}

#[test]
fn a_binding_of_another_state_hears_of_the_new_token_and_moves_without_a_gap() {
    let stage = Stage::new();
    let own = format!(
        "resource \"cloudflare_account_api_token\" \"t\" {{\n  name = \"shared\"\n  {}\n}}\n",
        rotation("one")
    );
    stage.apply(&own);
    let old = stage.text(TOKEN, "id");
    let binding = |id: &str| {
        format!(
            "resource \"cloudflare_token_binding\" \"b\" {{\n  token_id = \"{id}\"\n  \
             policies = [{{ permission_groups = [\"Cloudflare Tunnel Write\"] }}]\n}}\n"
        )
    };
    let other = stage.other();
    write_config(&other, &binding(&old));
    other.apply().success();
    stage.config(&own.replace("one", "two"));
    apply(&stage);
    let new = stage.text(TOKEN, "id");
    assert_eq!(groups(&stage, &new), groups(&stage, &old));
    // Another host does not know about the rotation. It finds the new token once the old one has expired.
    let elsewhere = tempfile::tempdir().unwrap();
    for advance in [0, 8] {
        stage.sim.advance(DAY * advance);
        let mut tf = stage.other();
        if advance == 0 {
            tf.env("HOME", stage.tf.path());
        } else {
            tf.env("HOME", elsewhere.path());
        }
        write_config(&tf, &binding(&old));
        tf.write("terraform.tfstate", &other.state().to_string());
        let plan = tf.run(&["plan"]).success().stdout;
        assert!(plan.contains(&format!("Another token has taken the place of {old}")), "{advance}: {plan}");
        assert!(plan.contains(&new), "{advance}: {plan}");
    }
    write_config(&other, &binding(&new));
    other.apply().success();
    settled(&other);
    assert!(groups(&stage, &new).iter().any(|name| name.contains("Tunnel")));
    other.destroy().success();
    assert!(!groups(&stage, &new).iter().any(|name| name.contains("Tunnel")));
}

#[test]
fn a_binding_that_is_given_another_token_leaves_the_first_one() {
    let stage = Stage::new();
    let config = |which: &str| {
        format!(
            "resource \"cloudflare_account_api_token\" \"t\" {{\n  name = \"t\"\n}}\n\
             resource \"cloudflare_account_api_token\" \"u\" {{\n  name = \"u\"\n}}\n\
             resource \"cloudflare_token_binding\" \"b\" {{\n  token_id = cloudflare_account_api_token.{which}.id\n  \
             policies = [{{ permission_groups = [\"Cloudflare Tunnel Write\"] }}]\n}}\n"
        )
    };
    stage.apply(&config("t"));
    let (t, u) = (stage.text(TOKEN, "id"), stage.text("cloudflare_account_api_token.u", "id"));
    stage.apply(&config("u"));
    assert!(!groups(&stage, &t).iter().any(|name| name.contains("Tunnel")));
    assert!(groups(&stage, &u).iter().any(|name| name.contains("Tunnel")));
}

#[test]
fn an_overlap_without_a_rotation_or_longer_than_it_is_refused() {
    let stage = Stage::with(Options::default());
    for (rotation, words) in [
        (r#"rotation = { overlap = "7d" }"#, "overlap needs every or triggers"),
        (r#"rotation = { every = "7d", overlap = "7d" }"#, "overlap must be shorter than every"),
        (
            "expires_in = \"35d\"\nrotation = { every = \"30d\", overlap = \"7d\" }",
            "expires_in leaves no time for the overlap",
        ),
    ] {
        stage.config(&with(rotation));
        let refused = stage.tf.run(&["validate"]);
        assert!(refused.stderr.contains(words) || refused.stdout.contains(words), "{}", refused.stderr);
    }
}

#[test]
fn whatever_has_the_value_gets_that_of_the_new_token() {
    let stage = Stage::new();
    let github = Recipient::libsodium();
    let token = with(&format!(
        "rotation = {{ every = \"30d\", overlap = \"7d\" }}\nseal_for = {{ {} }}",
        github.as_named("github").trim()
    ));
    let config = format!(
        r#"{token}
        resource "cloudflare_workers_secret" "s" {{
          script_name      = "edge-api"
          name             = "KEY"
          value_wo         = {TOKEN}.value
          value_wo_version = {TOKEN}.value_version
        }}
        resource "cloudflare_secrets_store_secret" "s" {{
          name  = "SHARED"
          value = {TOKEN}.value
        }}
        output "r2" {{
          sensitive = true
          value     = [{TOKEN}.id, provider::cloudflare::r2_secret_access_key({TOKEN}.value)]
        }}"#
    );
    stage.apply(&config);
    for _ in 0..3 {
        stage.sim.advance(DAY * 31);
        stage.tf.apply().success();
        let (id, value) = (stage.text(TOKEN, "id"), stage.text(TOKEN, "value"));
        assert!(works(&stage, &value));
        assert_eq!(stage.sim.secret("edge-api", "KEY").as_deref(), Some(&*value));
        assert_eq!(stage.sim.store_secret("SHARED").as_deref(), Some(&*value));
        let sealed = stage.attributes(TOKEN)["sealed_values"]["github"].as_str().unwrap().to_owned();
        assert_eq!(github.open(&sealed), value);
        let r2: Vec<String> =
            serde_json::from_str(&stage.tf.run(&["output", "-json", "r2"]).success().stdout).unwrap();
        assert_eq!(r2, [id, HEXLOWER.encode(&Sha256::digest(&value))]);
        stage.settled();
    }
}
