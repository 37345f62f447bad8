//! `cloudflare_workers_secret` against the simulator.

use cloudflare_tokens::tf_provider::framework::{Raw, ReadRequest, Severity};
use serde_json::json;

use crate::simulator::{Effect, Fault, FaultKind, Options, Simulator};
use crate::support::provider::{Object, Provider, UNKNOWN, errors, told};

const TYPE: &str = "cloudflare_workers_secret";

fn secret(sim: &Simulator, script: &str, name: &str) -> Option<(String, String)> {
    sim.with_scripts(|scripts| scripts.get(script)?.secrets.get(name).cloned())
}

fn text(sim: &Simulator, name: &str) -> Option<String> {
    secret(sim, "edge-api", name).map(|(_, text)| text)
}

async fn start() -> (Simulator, Provider) {
    let sim = Simulator::start(Options::default()).await;
    let provider = Provider::start(&sim).await;
    (sim, provider)
}

#[tokio::test]
async fn a_secret_is_put_changed_and_deleted_and_its_neighbours_are_left_alone() {
    let (sim, provider) = start().await;
    sim.with_scripts(|scripts| {
        let script = scripts.get_mut("edge-api").unwrap();
        script.secrets.insert("OTHER".into(), ("secret_text".into(), "theirs".into()));
    });
    let config = |value: &str| json!({"script_name": "edge-api", "name": "KEY", "value": value});
    let made = provider.apply(TYPE, None, &config("one")).await;
    assert_eq!(made.text("account_id"), Some(sim.account_id().as_str()));
    assert_eq!(text(&sim, "KEY").as_deref(), Some("one"));
    let unchanged = provider.plan(TYPE, Some(&made), &config("one")).await;
    assert_eq!(unchanged.planned.as_ref(), Some(&made.state));
    let changed = provider.apply(TYPE, Some(&made), &config("two")).await;
    assert_eq!(text(&sim, "KEY").as_deref(), Some("two"));
    assert!(provider.destroy(TYPE, changed.clone()).await.is_empty());
    assert_eq!((text(&sim, "KEY"), text(&sim, "OTHER").as_deref()), (None, Some("theirs")));
    assert!(provider.destroy(TYPE, changed).await.is_empty(), "a second delete finds nothing, which is well");
}

#[tokio::test]
async fn a_write_only_value_is_put_again_when_its_version_changes_and_is_in_no_state() {
    let (sim, provider) = start().await;
    let config = |value: &str, version: i64| json!({"script_name": "edge-api", "name": "KEY", "value_wo": value, "value_wo_version": version});
    let made = provider.apply(TYPE, None, &config("one", 1)).await;
    assert_eq!(text(&sim, "KEY").as_deref(), Some("one"));
    assert_eq!((made.state.get("value"), made.state.get("value_wo")), (&Raw::Null, &Raw::Null));
    // Another value with the same version is not detected. The version exists for that.
    let same = provider.plan(TYPE, Some(&made), &config("two", 1)).await;
    assert_eq!(same.planned.as_ref(), Some(&made.state));
    provider.apply(TYPE, Some(&made), &config("two", 2)).await;
    assert_eq!(text(&sim, "KEY").as_deref(), Some("two"));
}

#[tokio::test]
async fn exactly_one_value_is_taken_and_a_version_goes_with_a_write_only_one() {
    let (_sim, provider) = start().await;
    let cases = [
        (json!({"value": "a", "value_wo": "b", "value_wo_version": 1}), "`value` conflicts with `value_wo`"),
        (json!({"value_wo": "b"}), "`value_wo` needs `value_wo_version`"),
        (json!({"value_wo_version": 1}), "`value_wo_version` without `value_wo`"),
        (json!({"value": "a", "value_wo_version": 1}), "`value` conflicts with `value_wo_version`"),
    ];
    for (mut config, expected) in cases {
        config["script_name"] = json!("edge-api");
        config["name"] = json!("KEY");
        let found = told(&provider.validate(TYPE, &config).await, Severity::Error);
        assert!(found.contains(expected), "{config}: {found}");
    }
    // An imported secret needs no value. Only a plan knows whether a secret is imported.
    let none = json!({"script_name": "edge-api", "name": "KEY"});
    let found = provider.plan(TYPE, None, &none).await.diagnostics;
    assert!(told(&found, Severity::Error).contains("No value"));
    let later = json!({"script_name": UNKNOWN, "name": "KEY", "value_wo": UNKNOWN, "value_wo_version": 1});
    assert!(provider.validate(TYPE, &later).await.is_empty());
}

#[tokio::test]
async fn what_is_not_known_yet_plans() {
    let (_sim, provider) = start().await;
    let config = json!({"account_id": UNKNOWN, "script_name": UNKNOWN, "name": "KEY", "value": UNKNOWN});
    let plan = provider.plan(TYPE, None, &config).await;
    assert!(plan.diagnostics.is_empty(), "{:?}", plan.diagnostics);
    assert_eq!(plan.planned.unwrap().get("script_name"), &Raw::Unknown);
}

#[tokio::test]
async fn a_place_that_changes_makes_a_new_secret() {
    let (_sim, provider) = start().await;
    let config = |script: &str, name: &str| json!({"script_name": script, "name": name, "value": "one"});
    let made = provider.apply(TYPE, None, &config("edge-api", "KEY")).await;
    for (script, name, at) in [("cron", "KEY", "script_name"), ("edge-api", "KEY2", "name")] {
        let plan = provider.plan(TYPE, Some(&made), &config(script, name)).await;
        assert_eq!(plan.requires_replace.iter().map(ToString::to_string).collect::<Vec<_>>(), [at]);
    }
}

#[tokio::test]
async fn a_secret_or_a_worker_that_was_removed_outside_is_gone_from_the_state() {
    let (sim, provider) = start().await;
    let made =
        provider.apply(TYPE, None, &json!({"script_name": "edge-api", "name": "KEY", "value": "one"})).await;
    assert!(provider.read(TYPE, &made).await.is_some_and(|read| read.state == made.state));
    sim.with_scripts(|scripts| scripts.get_mut("edge-api").unwrap().secrets.clear());
    assert!(provider.read(TYPE, &made).await.is_none());
    sim.with_scripts(|scripts| scripts.clear());
    assert!(provider.read(TYPE, &made).await.is_none());
    assert!(provider.destroy(TYPE, made).await.is_empty());
}

#[tokio::test]
async fn a_secret_of_another_kind_in_its_place_is_drift() {
    let (sim, provider) = start().await;
    let config = json!({"script_name": "edge-api", "name": "KEY", "value_wo": "one", "value_wo_version": 1});
    let made = provider.apply(TYPE, None, &config).await;
    sim.with_scripts(|scripts| {
        let script = scripts.get_mut("edge-api").unwrap();
        script.secrets.insert("KEY".into(), ("secret_key".into(), "{}".into()));
    });
    let drifted = provider.read(TYPE, &made).await.unwrap();
    provider.apply(TYPE, Some(&drifted), &config).await;
    assert_eq!(secret(&sim, "edge-api", "KEY"), Some(("secret_text".into(), "one".into())));
}

#[tokio::test]
async fn an_imported_secret_is_put_by_the_next_apply() {
    let (sim, provider) = start().await;
    let account = sim.account_id();
    sim.with_scripts(|scripts| {
        let script = scripts.get_mut("edge-api").unwrap();
        script.secrets.insert("KEY".into(), ("secret_text".into(), "theirs".into()));
    });
    let imported = provider.import(TYPE, &format!("{account}/edge-api/KEY")).await.unwrap().unwrap();
    assert_eq!((imported.text("script_name"), imported.text("value")), (Some("edge-api"), None));
    let config = json!({"script_name": "edge-api", "name": "KEY", "value": "ours"});
    let plan = provider.plan(TYPE, Some(&imported), &config).await;
    assert_ne!(plan.planned.as_ref(), Some(&imported.state), "the plan shows the write");
    let applied = provider.apply(TYPE, Some(&imported), &config).await;
    assert_eq!(text(&sim, "KEY").as_deref(), Some("ours"));
    assert_eq!(told(&applied.warnings, Severity::Warning), "");
    assert!(provider.import(TYPE, &format!("{account}/edge-api/NONE")).await.unwrap().is_none());
    assert!(
        errors(provider.import(TYPE, "edge-api/KEY").await).contains("<account_id>/<script_name>/<name>")
    );
}

#[tokio::test]
async fn a_secret_that_is_there_already_is_told_at_plan_and_taken_over() {
    let (sim, provider) = start().await;
    sim.with_scripts(|scripts| {
        let script = scripts.get_mut("edge-api").unwrap();
        script.secrets.insert("KEY".into(), ("secret_text".into(), "theirs".into()));
    });
    let config = json!({"script_name": "edge-api", "name": "KEY", "value": "ours"});
    let plan = provider.plan(TYPE, None, &config).await;
    let warned = told(&plan.diagnostics, Severity::Warning);
    assert!(warned.starts_with("name: The Worker edge-api already has a secret KEY"), "{warned}");
    provider.apply(TYPE, None, &config).await;
    assert_eq!(text(&sim, "KEY").as_deref(), Some("ours"));
}

#[tokio::test]
async fn the_apis_codes_are_explained_at_their_attributes() {
    let (sim, provider) = start().await;
    sim.with_scripts(|scripts| {
        scripts.get_mut("edge-api").unwrap().bindings.push("DB".into());
        scripts.get_mut("cron").unwrap().undeployed = true;
    });
    let cases = [
        (
            "no-such-worker",
            "KEY",
            "script_name",
            "(code 10007)",
            "The Worker does not exist. Deploy it first",
        ),
        ("edge-api", "DB", "name", "(code 10053)", "binding of another type"),
        ("cron", "KEY", "script_name", "(code 10215)", "Deploy the version, then apply again"),
    ];
    for (script, name, at, code, way_out) in cases {
        let config = json!({"script_name": script, "name": name, "value": "a-value-to-hide"});
        let told = errors(provider.try_apply(TYPE, None, &config).await);
        assert!(
            told.starts_with(&format!("{at}: ")) && told.contains(code) && told.contains(way_out),
            "{told}"
        );
        assert!(!told.contains("a-value-to-hide"));
    }
    // The API uses 10056 for a missing secret, but it can also answer a write with it.
    sim.fault(
        Fault::new(FaultKind::Api(404, 10056, "Binding 'KEY' not found.", Effect::None))
            .method("PUT")
            .path("/accounts/*/workers/scripts/*/secrets"),
    );
    let config = json!({"script_name": "edge-api", "name": "KEY", "value": "one"});
    let told = errors(provider.try_apply(TYPE, None, &config).await);
    assert!(told.starts_with("name: ") && told.contains("something else has removed it"), "{told}");
    assert!(!sim.faults_pending());
}

#[tokio::test]
async fn a_put_whose_answer_was_lost_is_repeated() {
    let (sim, provider) = start().await;
    sim.fault(
        Fault::new(FaultKind::Reset(Effect::Done))
            .method("PUT")
            .path("/accounts/*/workers/scripts/*/secrets"),
    );
    let config = json!({"script_name": "edge-api", "name": "KEY", "value": "one"});
    provider.apply(TYPE, None, &config).await;
    assert!(!sim.faults_pending());
    assert_eq!(text(&sim, "KEY").as_deref(), Some("one"));
    assert_eq!(sim.count("PUT", "/accounts/*/workers/scripts/*/secrets"), 2);
}

#[tokio::test]
async fn an_unreadable_secret_stays_in_the_state() {
    let (sim, provider) = start().await;
    let made: Object =
        provider.apply(TYPE, None, &json!({"script_name": "edge-api", "name": "KEY", "value": "one"})).await;
    sim.fault(
        Fault::new(FaultKind::Api(403, 10000, "Authentication error", Effect::None)).method("GET").always(),
    );
    let request = ReadRequest { state: made.state.clone(), private: made.private, identity: None };
    let read = provider.resource(TYPE).read(request).await;
    assert_eq!(read.state, Some(made.state));
    assert!(told(&read.diagnostics, Severity::Error).contains("Workers Scripts Write"));
}

/// The first put gets no answer. Returns the object that is left in the state.
async fn doubtful(sim: &Simulator, provider: &Provider, effect: Effect) -> Object {
    let config = json!({"script_name": "edge-api", "name": "KEY", "value": "one"});
    let plan = provider.plan(TYPE, None, &config).await;
    let lost = Fault::new(FaultKind::Reset(effect)).method("PUT");
    sim.fault(lost.path("/accounts/*/workers/scripts/*/secrets").always());
    let (left, found) = provider.apply_failing(TYPE, None, &config, plan).await;
    sim.clear_faults();
    assert!(found.has_error());
    left.unwrap()
}

#[tokio::test]
async fn a_first_put_that_took_effect_is_seen_and_its_secret_is_removed() {
    let (sim, provider) = start().await;
    let left = doubtful(&sim, &provider, Effect::Done).await;
    assert!(provider.destroy(TYPE, left).await.is_empty());
    assert_eq!(text(&sim, "KEY"), None);
}

#[tokio::test]
async fn a_first_put_in_doubt_removes_no_secret_that_may_be_somebody_elses() {
    let (sim, provider) = start().await;
    let put_by_hand = || {
        sim.with_scripts(|scripts| {
            let secrets = &mut scripts.get_mut("edge-api").unwrap().secrets;
            secrets.insert("KEY".into(), ("secret_text".into(), "theirs".into()))
        })
    };
    // Somebody else's secret exists before our put, or appears after it.
    put_by_hand();
    let another = Provider::start(&sim).await;
    let over = doubtful(&sim, &another, Effect::None).await;
    sim.with_scripts(|scripts| scripts.get_mut("edge-api").unwrap().secrets.clear());
    let before = doubtful(&sim, &provider, Effect::None).await;
    assert!(provider.destroy(TYPE, before.clone()).await.is_empty(), "nothing is there");
    put_by_hand();
    for (provider, left) in [(&another, over), (&provider, before)] {
        let found = provider.destroy(TYPE, left).await;
        let said = told(&found, Severity::Warning);
        assert!(!found.has_error() && said.contains("keeps the secret KEY"), "{said}");
        assert_eq!(text(&sim, "KEY").as_deref(), Some("theirs"));
    }
    // An object that leaves such a secret gives up its claim, so the next object does not treat the secret as ours.
    let again = doubtful(&sim, &provider, Effect::None).await;
    let found = provider.destroy(TYPE, again).await;
    assert!(told(&found, Severity::Warning).contains("keeps the secret KEY"), "{found:?}");
    assert_eq!(text(&sim, "KEY").as_deref(), Some("theirs"));
}

#[tokio::test]
async fn a_put_that_clears_a_doubt_makes_the_secret_ours() {
    let (sim, provider) = start().await;
    let left = doubtful(&sim, &provider, Effect::None).await;
    let config = json!({"script_name": "edge-api", "name": "KEY", "value": "one"});
    let put = provider.apply(TYPE, Some(&left), &config).await;
    assert!(provider.destroy(TYPE, put).await.is_empty());
    assert_eq!(text(&sim, "KEY"), None);
}

const ONE: &str = "/accounts/*/workers/scripts/*/secrets/KEY";

#[tokio::test]
async fn a_secret_is_not_gone_by_a_passing_404() {
    let (sim, provider) = start().await;
    let made =
        provider.apply(TYPE, None, &json!({"script_name": "edge-api", "name": "KEY", "value": "one"})).await;
    let missing = || FaultKind::Api(404, 10056, "Binding 'KEY' not found.", Effect::None);
    sim.fault(Fault::new(missing()).method("GET").path(ONE));
    assert!(provider.read(TYPE, &made).await.is_some(), "the second look finds it");
    sim.fault(Fault::new(missing()).method("DELETE").path(ONE));
    assert!(provider.destroy(TYPE, made).await.is_empty());
    assert_eq!(text(&sim, "KEY"), None);
    assert!(!sim.faults_pending());
}

#[tokio::test]
async fn a_secret_that_the_api_does_not_delete_is_not_deleted() {
    let (sim, provider) = start().await;
    let made =
        provider.apply(TYPE, None, &json!({"script_name": "edge-api", "name": "KEY", "value": "one"})).await;
    let lies = || {
        let success = json!({"success": true, "errors": [], "messages": [], "result": null});
        Fault::new(FaultKind::Json(200, success, Effect::None)).method("DELETE").path(ONE)
    };
    sim.fault(lies().always());
    let found = provider.destroy(TYPE, made.clone()).await;
    assert!(told(&found, Severity::Error).contains("still there"), "{found:?}");
    // A deletion that the API makes at the second attempt counts.
    sim.clear_faults();
    sim.fault(lies());
    assert!(provider.destroy(TYPE, made).await.is_empty());
    assert_eq!(text(&sim, "KEY"), None);
}

#[tokio::test]
async fn a_late_deletion_does_not_remove_what_is_put_after_it() {
    let (sim, provider) = start().await;
    let config = json!({"script_name": "edge-api", "name": "KEY", "value": "one"});
    let made = provider.apply(TYPE, None, &config).await;
    let late = FaultKind::Html(502, Effect::Later(std::time::Duration::from_secs(1)));
    sim.fault(Fault::new(late).method("DELETE").path(ONE));
    assert!(provider.destroy(TYPE, made).await.is_empty());
    provider.apply(TYPE, None, &config).await;
    tokio::time::sleep(std::time::Duration::from_millis(1200)).await;
    assert_eq!(text(&sim, "KEY").as_deref(), Some("one"));
}

#[tokio::test]
async fn a_put_that_no_state_knows_of_is_made_again_as_the_configuration_says() {
    let (sim, provider) = start().await;
    let config = |value: &str| json!({"script_name": "edge-api", "name": "KEY", "value": value});
    let made = provider.apply(TYPE, None, &config("one")).await;
    assert_eq!(provider.read(TYPE, &made).await.map(|read| read.state), Some(made.state.clone()));
    // Terraform is killed before it saves the new state.
    provider.apply(TYPE, Some(&made), &config("two")).await;
    let read = provider.read(TYPE, &made).await.unwrap();
    assert_ne!(read.state.get("unconfirmed"), &Raw::Null);
    let back = provider.apply(TYPE, Some(&read), &config("one")).await;
    assert_eq!(text(&sim, "KEY").as_deref(), Some("one"));
    assert_eq!(provider.read(TYPE, &back).await.map(|read| read.state), Some(back.state.clone()));
}
