//! `cloudflare_secrets_store_secret` and the data source against the simulator.

use cloudflare_tokens::tf_provider::framework::{Raw, Severity};
use serde_json::json;

use crate::simulator::store::Store;
use crate::simulator::{Effect, Fault, FaultKind, Options, Simulator};
use crate::support::provider::{Provider, UNKNOWN, errors, plain, told};

const TYPE: &str = "cloudflare_secrets_store_secret";
const SECRETS: &str = "/accounts/*/secrets_store/stores/*/secrets";

async fn start() -> (Simulator, Provider) {
    let sim = Simulator::start(Options::default()).await;
    let provider = Provider::start(&sim).await;
    (sim, provider)
}

fn store(sim: &Simulator) -> String {
    sim.with_stores(|stores| stores[0].id.clone())
}

#[tokio::test]
async fn a_secret_is_made_changed_and_deleted_and_waited_for() {
    let (sim, provider) = start().await;
    let config = |value: &str, comment: &str| json!({"name": "KEY", "value": value, "comment": comment});
    let made = provider.apply(TYPE, None, &config("one", "x")).await;
    assert_eq!(made.text("store_id"), Some(store(&sim).as_str()), "the account's only store");
    assert_eq!(plain(made.state.get("scopes")), json!(["workers"]));
    assert_eq!(sim.store_secret("KEY").as_deref(), Some("one"));
    assert!(sim.with_stores(|stores| stores[0].secrets[0].pending == 0), "it is waited for");
    assert!(provider.read(TYPE, &made).await.is_some_and(|read| read.state == made.state));
    let unchanged = provider.plan(TYPE, Some(&made), &config("one", "x")).await;
    assert_eq!(unchanged.planned.as_ref(), Some(&made.state));
    let changed = provider.apply(TYPE, Some(&made), &config("two", "y")).await;
    assert_eq!((changed.text("id"), sim.store_secret("KEY").as_deref()), (made.text("id"), Some("two")));
    assert!(provider.destroy(TYPE, changed.clone()).await.is_empty());
    assert_eq!(sim.store_secret("KEY"), None);
    assert!(provider.destroy(TYPE, changed).await.is_empty(), "a second delete finds nothing, which is well");
}

#[tokio::test]
async fn a_value_is_not_sent_where_only_the_comment_changes() {
    let (sim, provider) = start().await;
    let config =
        |comment: &str| json!({"name": "KEY", "value_wo": "one", "value_wo_version": 1, "comment": comment});
    let made = provider.apply(TYPE, None, &config("x")).await;
    sim.with_stores(|stores| stores[0].secrets[0].value = "by hand".to_owned());
    provider.apply(TYPE, Some(&made), &config("y")).await;
    assert_eq!(sim.store_secret("KEY").as_deref(), Some("by hand"));
}

#[tokio::test]
async fn a_secret_that_was_removed_or_changed_outside_is_seen() {
    let (sim, provider) = start().await;
    let config = json!({"name": "KEY", "value_wo": "one", "value_wo_version": 1});
    let made = provider.apply(TYPE, None, &config).await;
    sim.with_stores(|stores| stores[0].secrets[0].modified = "2030-01-01T00:00:00Z".to_owned());
    let read = provider.read(TYPE, &made).await.unwrap();
    assert_eq!(read.state.get("value_wo_version"), &Raw::Null);
    let put = provider.apply(TYPE, Some(&read), &config).await;
    assert!(provider.read(TYPE, &put).await.is_some_and(|read| read.state == put.state));
    sim.with_stores(|stores| stores[0].secrets.clear());
    assert!(provider.read(TYPE, &put).await.is_none());
}

#[tokio::test]
async fn a_name_that_is_taken_is_told_with_the_id_for_an_import() {
    let (sim, provider) = start().await;
    let config = json!({"name": "KEY", "value": "one"});
    let made = provider.apply(TYPE, None, &config).await;
    let import = format!("{}/{}/{}", sim.account_id(), store(&sim), made.text("id").unwrap());
    let plan = provider.plan(TYPE, None, &config).await;
    assert!(told(&plan.diagnostics, Severity::Warning).contains(&import));
    let refused = errors(provider.apply_planned(TYPE, None, &config, plan).await);
    assert!(refused.starts_with("name: ") && refused.contains(&import), "{refused}");
    let imported = provider.import(TYPE, &import).await.unwrap().unwrap();
    assert_eq!((imported.text("name"), imported.state.get("value")), (Some("KEY"), &Raw::Null));
    let wrong = errors(provider.import(TYPE, "KEY").await);
    assert!(wrong.contains("<account_id>/<store_id>/<secret_id>"), "{wrong}");
}

#[tokio::test]
async fn without_a_store_id_there_must_be_one_store() {
    let (sim, provider) = start().await;
    let config = json!({"name": "KEY", "value": "one"});
    sim.with_stores(|stores| stores.push(Store::new("second")));
    let found = told(&provider.plan(TYPE, None, &config).await.diagnostics, Severity::Error);
    assert!(found.starts_with("store_id: ") && found.contains("(second)"), "{found}");
    sim.with_stores(Vec::clear);
    let found = told(&provider.plan(TYPE, None, &config).await.diagnostics, Severity::Error);
    assert!(found.contains("no Secrets Store"), "{found}");
    let later = json!({"account_id": UNKNOWN, "name": UNKNOWN, "value": UNKNOWN});
    assert!(provider.plan(TYPE, None, &later).await.diagnostics.is_empty());
}

#[tokio::test]
async fn a_create_that_had_no_answer_and_no_effect_is_made_again() {
    let (sim, provider) = start().await;
    let fault = sim.fault(Fault::new(FaultKind::Html(502, Effect::None)).method("POST").path(SECRETS));
    let made = provider.apply(TYPE, None, &json!({"name": "KEY", "value": "one"})).await;
    assert_eq!(sim.hits(fault), 1);
    assert!(made.text("id").is_some() && made.state.get("unconfirmed").is_null());
    assert_eq!(sim.store_secret("KEY").as_deref(), Some("one"));
}

#[tokio::test]
async fn what_has_the_name_after_a_create_without_an_answer_is_not_overwritten() {
    let (sim, provider) = start().await;
    let config = json!({"name": "KEY", "value": "one"});
    let fault = sim.fault(Fault::new(FaultKind::Reset(Effect::Done)).method("POST").path(SECRETS));
    let plan = provider.plan(TYPE, None, &config).await;
    let (left, found) = provider.apply_failing(TYPE, None, &config, plan).await;
    assert_eq!(sim.hits(fault), 1);
    assert!(left.is_none(), "the place is free for the import");
    let id = sim.with_stores(|stores| {
        // The API does not show whether this create or somebody else made the secret.
        stores[0].secrets[0].value = "theirs".to_owned();
        stores[0].secrets[0].id.clone()
    });
    let import = format!("{}/{}/{id}", sim.account_id(), store(&sim));
    let said = told(&found, Severity::Error);
    assert!(said.contains(&import) && said.contains("nothing was overwritten"), "{said}");
    let refused = errors(provider.try_apply(TYPE, None, &config).await);
    assert!(refused.contains(&import), "{refused}");
    assert_eq!(sim.store_secret("KEY").as_deref(), Some("theirs"));
    let imported = provider.import(TYPE, &import).await.unwrap().unwrap();
    provider.apply(TYPE, Some(&imported), &config).await;
    assert_eq!(sim.store_secret("KEY").as_deref(), Some("one"));
    assert_eq!(sim.with_stores(|stores| stores[0].secrets.len()), 1);
}

#[tokio::test]
async fn the_destruction_of_a_create_in_doubt_leaves_what_may_be_somebody_elses() {
    let (sim, provider) = start().await;
    let config = json!({"name": "KEY", "value": "one"});
    sim.fault(Fault::new(FaultKind::Html(502, Effect::None)).method("POST").path(SECRETS).times(2));
    let plan = provider.plan(TYPE, None, &config).await;
    let (doubtful, _) = provider.apply_failing(TYPE, None, &config, plan).await;
    let doubtful = doubtful.unwrap();
    assert!(provider.destroy(TYPE, doubtful.clone()).await.is_empty(), "nothing is there");
    // Another host creates a secret with the same name.
    Provider::start(&sim).await.apply(TYPE, None, &json!({"name": "KEY", "value": "theirs"})).await;
    let found = provider.destroy(TYPE, doubtful).await;
    let id = sim.with_stores(|stores| stores[0].secrets[0].id.clone());
    let said = told(&found, Severity::Warning);
    assert!(!found.has_error() && said.contains(&id), "{said}");
    assert_eq!(sim.store_secret("KEY").as_deref(), Some("theirs"));
}

#[tokio::test]
async fn a_time_that_moves_when_a_pending_write_is_done_is_no_foreign_change() {
    let (sim, provider) = start().await;
    let config = json!({"name": "KEY", "value_wo": "one", "value_wo_version": 1});
    // The write stays pending for longer than the request timeout.
    let slow = Provider::configured(&sim, json!({"request_timeout": "1s"})).await;
    let path = format!("{SECRETS}/*");
    let pending = FaultKind::Edited("/result/status".to_owned(), Some(json!("pending")));
    let pending = sim.fault(Fault::new(pending).method("GET").path(&path).always());
    let made = slow.apply(TYPE, None, &config).await;
    assert!(sim.hits(pending) > 0 && told(&made.warnings, Severity::Warning).contains("not in force"));
    sim.clear_faults();
    sim.with_stores(|stores| stores[0].secrets[0].modified = "2030-01-01T00:00:00Z".to_owned());
    let read = provider.read(TYPE, &made).await.unwrap();
    assert_eq!(read.state, made.state);
    // The same time in another spelling.
    sim.with_stores(|stores| stores[0].secrets[0].modified = "2030-01-01T00:00:00.000Z".to_owned());
    let read = provider.read(TYPE, &read).await.unwrap();
    assert_eq!(read.state, made.state);
    sim.with_stores(|stores| stores[0].secrets[0].modified = "2030-01-01T00:00:01Z".to_owned());
    let read = provider.read(TYPE, &read).await.unwrap();
    assert_eq!(read.state.get("value_wo_version"), &Raw::Null);
}

#[tokio::test]
async fn a_create_in_doubt_is_in_the_state_and_its_destroy_spares_others() {
    let (sim, provider) = start().await;
    let config = json!({"name": "KEY", "value": "one"});
    sim.fault(Fault::new(FaultKind::Html(502, Effect::None)).method("POST").path(SECRETS).times(2));
    let plan = provider.plan(TYPE, None, &config).await;
    let (doubtful, found) = provider.apply_failing(TYPE, None, &config, plan).await;
    let doubtful = doubtful.unwrap();
    assert!(found.has_error() && !doubtful.state.get("unconfirmed").is_null());
    assert!(provider.read(TYPE, &doubtful).await.is_some(), "it may come yet");
    let other = provider.apply(TYPE, None, &config).await;
    assert!(provider.destroy(TYPE, doubtful).await.is_empty());
    assert_eq!(sim.store_secret("KEY").as_deref(), Some("one"), "it is the other object's");
    assert!(provider.destroy(TYPE, other).await.is_empty());
    assert_eq!(sim.store_secret("KEY"), None);
}

#[tokio::test]
async fn the_data_source_lists_stores_and_secrets_without_values() {
    let (sim, provider) = start().await;
    for name in ["B", "A"] {
        provider.apply(TYPE, None, &json!({"name": name, "value": "hidden-value"})).await;
    }
    let stores = provider.data("cloudflare_secrets_store", &json!({})).await.unwrap();
    let stores = plain(stores.state.get("stores"));
    assert_eq!(stores[0]["id"], json!(store(&sim)));
    let secrets = &stores[0]["secrets"];
    assert_eq!((&secrets[0]["name"], &secrets[1]["name"]), (&json!("A"), &json!("B")));
    assert_eq!(secrets[0]["status"], "active");
    assert!(!stores.to_string().contains("hidden-value"));
}

#[tokio::test]
async fn a_secret_is_not_gone_by_a_passing_404_or_a_deletion_that_is_not_made() {
    let (sim, provider) = start().await;
    let made = provider.apply(TYPE, None, &json!({"name": "KEY", "value": "one"})).await;
    let one = format!("{SECRETS}/*");
    let missing = || FaultKind::Api(404, 1001, "secret not found", Effect::None);
    sim.fault(Fault::new(missing()).method("GET").path(&one));
    assert!(provider.read(TYPE, &made).await.is_some());
    let success = json!({"success": true, "errors": [], "messages": [], "result": null});
    let lies = Fault::new(FaultKind::Json(200, success, Effect::None)).method("DELETE").path(&one);
    sim.fault(lies.always());
    let found = provider.destroy(TYPE, made.clone()).await;
    assert!(told(&found, Severity::Error).contains("still there"), "{found:?}");
    sim.clear_faults();
    sim.fault(Fault::new(missing()).method("DELETE").path(&one));
    assert!(provider.destroy(TYPE, made).await.is_empty());
    assert_eq!(sim.store_secret("KEY"), None);
}

#[tokio::test]
async fn a_secret_whose_name_only_begins_alike_is_another_one() {
    let (sim, provider) = start().await;
    provider.apply(TYPE, None, &json!({"name": "KEY_OLD", "value": "old"})).await;
    let config = json!({"name": "KEY", "value": "new"});
    assert!(provider.plan(TYPE, None, &config).await.diagnostics.is_empty());
    provider.apply(TYPE, None, &config).await;
    assert_eq!(
        (sim.store_secret("KEY_OLD").as_deref(), sim.store_secret("KEY").as_deref()),
        (Some("old"), Some("new"))
    );
}

#[tokio::test]
async fn a_change_that_no_state_knows_of_is_made_again_as_the_configuration_says() {
    let (sim, provider) = start().await;
    let config = |value: &str| json!({"name": "KEY", "value": value});
    let made = provider.apply(TYPE, None, &config("one")).await;
    // Terraform is killed before it saves the new state.
    provider.apply(TYPE, Some(&made), &config("two")).await;
    let read = provider.read(TYPE, &made).await.unwrap();
    let back = provider.apply(TYPE, Some(&read), &config("one")).await;
    assert_eq!(sim.store_secret("KEY").as_deref(), Some("one"));
    assert_eq!(provider.read(TYPE, &back).await.map(|read| read.state), Some(back.state.clone()));
}
