//! `cloudflare_workers_secrets` against the simulator.

use cloudflare_tokens::tf_provider::framework::{Raw, Severity};
use serde_json::{Value as Json, json};

use crate::simulator::{Effect, Fault, FaultId, FaultKind, Options, Simulator};
use crate::support::provider::{Object, Provider, UNKNOWN, errors, plain, told};

const TYPE: &str = "cloudflare_workers_secrets";
const ONE: &str = "cloudflare_workers_secret";
const BULK: &str = "/accounts/*/workers/scripts/*/secrets-bulk";
const LIST: &str = "/accounts/*/workers/scripts/*/secrets";

async fn start() -> (Simulator, Provider) {
    let sim = Simulator::start(Options::default()).await;
    let provider = Provider::start(&sim).await;
    put_by_hand(&sim, "OTHER");
    (sim, provider)
}

fn put_by_hand(sim: &Simulator, name: &str) {
    sim.with_scripts(|scripts| {
        let secret = ("secret_text".to_owned(), "theirs".to_owned());
        scripts.get_mut("edge-api").unwrap().secrets.insert(name.to_owned(), secret);
    });
}

fn remove_by_hand(sim: &Simulator, name: &str) {
    sim.with_scripts(|scripts| scripts.get_mut("edge-api").unwrap().secrets.remove(name));
}

fn stored(secrets: &Json) -> Json {
    json!({"script_name": "edge-api", "secrets": secrets})
}

fn write_only(secrets: &Json, version: i64) -> Json {
    json!({"script_name": "edge-api", "secrets_wo": secrets, "secrets_wo_version": version})
}

/// The Worker's secrets, without the one that is not ours.
fn held(sim: &Simulator) -> Json {
    sim.with_scripts(|scripts| {
        let secrets = scripts["edge-api"].secrets.iter().filter(|(name, _)| *name != "OTHER");
        secrets.map(|(name, (_, text))| (name.clone(), json!(text))).collect::<serde_json::Map<_, _>>().into()
    })
}

fn versions(sim: &Simulator) -> usize {
    sim.with_scripts(|scripts| scripts["edge-api"].versions)
}

fn lost(sim: &Simulator, effect: Effect) -> FaultId {
    sim.fault(Fault::new(FaultKind::Reset(effect)).method("PATCH").path(BULK).always())
}

/// An apply that fails. Returns the object that is left and the errors.
async fn failing(provider: &Provider, prior: Option<&Object>, config: &Json) -> (Option<Object>, String) {
    let plan = provider.plan(TYPE, prior, config).await;
    let (left, found) = provider.apply_failing(TYPE, prior, config, plan).await;
    assert!(found.has_error());
    (left, told(&found, Severity::Error))
}

#[tokio::test]
async fn each_apply_is_one_version_and_one_request_and_others_are_left_alone() {
    let (sim, provider) = start().await;
    let made = provider.apply(TYPE, None, &stored(&json!({"A": "1", "B": "2"}))).await;
    assert_eq!((held(&sim), versions(&sim)), (json!({"A": "1", "B": "2"}), 1));
    assert_eq!(plain(made.state.get("names")), json!(["A", "B"]));
    let unchanged = provider.plan(TYPE, Some(&made), &stored(&json!({"A": "1", "B": "2"}))).await;
    assert_eq!(unchanged.planned.as_ref(), Some(&made.state));
    let changed = provider.apply(TYPE, Some(&made), &stored(&json!({"B": "new", "C": "3"}))).await;
    assert_eq!((held(&sim), versions(&sim)), (json!({"B": "new", "C": "3"}), 2));
    assert!(provider.read(TYPE, &changed).await.is_some_and(|read| read.state == changed.state));
    assert!(provider.destroy(TYPE, changed.clone()).await.is_empty());
    assert_eq!((held(&sim), versions(&sim)), (json!({}), 3));
    assert_eq!(sim.count("PATCH", BULK), 3);
    // There is one list for each plan with a new name, and one for the refresh. The API's answers make others
    // unnecessary.
    assert_eq!(sim.count("GET", LIST), 3);
    assert!(
        provider.destroy(TYPE, changed).await.is_empty(),
        "a second removal finds nothing, which is well"
    );
    assert_eq!(sim.secret("edge-api", "OTHER").as_deref(), Some("theirs"));
}

#[tokio::test]
async fn only_what_changes_is_sent() {
    let (sim, provider) = start().await;
    let config = |version: i64| json!({"script_name": "edge-api", "secrets": {"A": "1"}, "secrets_wo": {"W": "2"}, "secrets_wo_version": version});
    let made = provider.apply(TYPE, None, &config(1)).await;
    assert_eq!((made.state.get("secrets_wo"), held(&sim)), (&Raw::Null, json!({"A": "1", "W": "2"})));
    for name in ["A", "W"] {
        put_by_hand(&sim, name);
    }
    provider.apply(TYPE, Some(&made), &config(2)).await;
    assert_eq!(held(&sim), json!({"A": "theirs", "W": "2"}), "a value that was changed outside is not seen");
}

#[tokio::test]
async fn a_write_only_name_that_is_new_is_put_without_another_version() {
    let (sim, provider) = start().await;
    let made = provider.apply(TYPE, None, &write_only(&json!({"A": "1"}), 1)).await;
    // Another value with the same version is not detected. The version exists for that.
    let same = provider.plan(TYPE, Some(&made), &write_only(&json!({"A": "unseen"}), 1)).await;
    assert_eq!(same.planned.as_ref(), Some(&made.state));
    let more = provider.apply(TYPE, Some(&made), &write_only(&json!({"A": "unseen", "B": "2"}), 1)).await;
    assert_eq!(held(&sim), json!({"A": "1", "B": "2"}));
    provider.apply(TYPE, Some(&more), &write_only(&json!({"B": "3"}), 2)).await;
    assert_eq!(held(&sim), json!({"B": "3"}));
}

#[tokio::test]
async fn what_is_not_known_yet_plans() {
    let (_sim, provider) = start().await;
    let config = json!({"account_id": UNKNOWN, "script_name": UNKNOWN, "secrets": {"A": UNKNOWN}});
    let plan = provider.plan(TYPE, None, &config).await;
    assert!(plan.diagnostics.is_empty(), "{:?}", plan.diagnostics);
    assert_eq!(plain(plan.planned.unwrap().get("names")), json!(["A"]));
}

#[tokio::test]
async fn null_elements_and_a_name_in_both_maps_are_refused_without_their_values() {
    let (_sim, provider) = start().await;
    let cases = [
        (stored(&json!({"A": null, "B": "hide-me"})), "`secrets[\"A\"]` is null"),
        (stored(&json!({" ": "hide-me"})), "empty name"),
        (write_only(&json!({"": "hide-me"}), 1), "empty name"),
        (
            json!({"script_name": "s", "secrets": {"A": "hide-me"}, "secrets_wo": {"A": "hide-me"}, "secrets_wo_version": 1}),
            "The secret A is in both maps",
        ),
        (
            json!({"script_name": "s", "secrets_wo": {"A": "hide-me"}}),
            "`secrets_wo` needs `secrets_wo_version`",
        ),
        (json!({"script_name": "s", "secrets_wo_version": 1}), "`secrets_wo_version` without `secrets_wo`"),
    ];
    for (config, expected) in cases {
        let found = told(&provider.validate(TYPE, &config).await, Severity::Error);
        assert!(found.contains(expected) && !found.contains("hide-me"), "{config}: {found}");
    }
    let none = json!({"script_name": "edge-api"});
    let found = provider.plan(TYPE, None, &none).await.diagnostics;
    assert!(told(&found, Severity::Error).contains("No secrets"));
}

#[tokio::test]
async fn what_was_removed_outside_is_put_again_and_nothing_else() {
    let (sim, provider) = start().await;
    let config = json!({"script_name": "edge-api", "secrets": {"A": "1", "B": "2"}, "secrets_wo": {"W": "3"}, "secrets_wo_version": 1});
    let made = provider.apply(TYPE, None, &config).await;
    for name in ["A", "W"] {
        remove_by_hand(&sim, name);
    }
    put_by_hand(&sim, "B");
    let read = provider.read(TYPE, &made).await.unwrap();
    assert_eq!(plain(read.state.get("names")), json!(["B"]));
    let again = provider.apply(TYPE, Some(&read), &config).await;
    assert_eq!(held(&sim), json!({"A": "1", "B": "theirs", "W": "3"}));
    assert!(again.state == made.state);
    // Deleting the Worker deletes all of its secrets.
    sim.with_scripts(|scripts| scripts.clear());
    assert!(provider.read(TYPE, &again).await.is_none());
    assert!(provider.destroy(TYPE, again).await.is_empty());
}

#[tokio::test]
async fn a_secret_that_is_there_already_is_told_at_plan_and_taken_over() {
    let (sim, provider) = start().await;
    put_by_hand(&sim, "A");
    let config = stored(&json!({"A": "ours", "B": "2"}));
    let plan = provider.plan(TYPE, None, &config).await;
    let warned = told(&plan.diagnostics, Severity::Warning);
    assert!(warned.starts_with("secrets: The Worker edge-api already has the secret A"), "{warned}");
    let made = provider.apply(TYPE, None, &config).await;
    assert_eq!(held(&sim), json!({"A": "ours", "B": "2"}));
    let more = provider.plan(TYPE, Some(&made), &stored(&json!({"A": "ours", "B": "2", "OTHER": "x"}))).await;
    assert!(told(&more.diagnostics, Severity::Warning).contains("already has the secret OTHER"));
}

#[tokio::test]
async fn an_import_takes_the_named_ones_and_the_next_apply_puts_the_values() {
    let (sim, provider) = start().await;
    for name in ["A", "B"] {
        put_by_hand(&sim, name);
    }
    let import = |names: &str| format!("{}/edge-api/{names}", sim.account_id());
    let imported = provider.import(TYPE, &import("B,A,GONE")).await.unwrap().unwrap();
    assert_eq!(plain(imported.state.get("names")), json!(["A", "B"]));
    assert_eq!(imported.state.get("secrets"), &Raw::Null);
    let stays = provider.plan(TYPE, Some(&imported), &json!({"script_name": "edge-api"})).await;
    assert_eq!(stays.planned.as_ref(), Some(&imported.state), "without values they stay as they are");
    provider.apply(TYPE, Some(&imported), &stored(&json!({"A": "ours"}))).await;
    assert_eq!(held(&sim), json!({"A": "ours"}));
    assert!(provider.import(TYPE, &import("NONE")).await.unwrap().is_none());
    for wrong in ["edge-api/A", &import(""), &import("A,,B")] {
        let found = errors(provider.import(TYPE, wrong).await);
        assert!(found.contains("<account_id>/<script_name>/<name>[,<name>…]"), "{wrong}: {found}");
    }
}

#[tokio::test]
async fn a_lost_answer_is_asked_for_again_also_where_the_removal_has_happened() {
    let (sim, provider) = start().await;
    let made = provider.apply(TYPE, None, &stored(&json!({"A": "1", "B": "2"}))).await;
    let fault = sim.fault(Fault::new(FaultKind::Reset(Effect::Done)).method("PATCH").path(BULK));
    // The first attempt removes B. The second is refused because B is gone, so the provider repeats it without B.
    let changed = provider.apply(TYPE, Some(&made), &stored(&json!({"A": "new"}))).await;
    assert_eq!((sim.hits(fault), held(&sim)), (1, json!({"A": "new"})));
    assert_eq!(plain(changed.state.get("names")), json!(["A"]));
    sim.fault(Fault::new(FaultKind::Reset(Effect::Done)).method("PATCH").path(BULK));
    assert!(provider.destroy(TYPE, changed).await.is_empty());
    assert_eq!(held(&sim), json!({}));
}

#[tokio::test]
async fn a_name_that_was_removed_outside_is_removed_without_an_error() {
    for refused in [true, false] {
        let mut options = Options::default();
        options.readings.bulk_misses_refused = refused;
        let sim = Simulator::start(options).await;
        let provider = Provider::start(&sim).await;
        let made = provider.apply(TYPE, None, &stored(&json!({"A": "1", "B": "2", "C": "3"}))).await;
        remove_by_hand(&sim, "B");
        let fewer = provider.apply(TYPE, Some(&made), &stored(&json!({"A": "new"}))).await;
        assert_eq!(held(&sim), json!({"A": "new"}), "{refused}");
        remove_by_hand(&sim, "A");
        assert!(provider.destroy(TYPE, fewer).await.is_empty());
    }
}

#[tokio::test]
async fn a_removal_is_done_when_it_is_seen_to_be_gone() {
    let mut options = Options::default();
    options.readings.bulk_answers_edited_only = true;
    let sim = Simulator::start(options).await;
    let provider = Provider::start(&sim).await;
    let made = provider.apply(TYPE, None, &stored(&json!({"A": "1", "B": "2"}))).await;
    let looks = sim.count("GET", LIST);
    let config = stored(&json!({"A": "1"}));
    provider.apply(TYPE, Some(&made), &config).await;
    assert_eq!(sim.count("GET", LIST), looks + 1, "the answer does not tell, a look does");
    // The API reports success but removes nothing.
    put_by_hand(&sim, "B");
    let liar = FaultKind::Json(
        200,
        json!({"success": true, "errors": [], "messages": [], "result": {}}),
        Effect::None,
    );
    let liar = sim.fault(Fault::new(liar).method("PATCH").path(BULK).always());
    let (left, said) = failing(&provider, Some(&made), &config).await;
    let left = left.unwrap();
    assert!(sim.hits(liar) == 1 && said.contains("may still have the secret B"), "{said}");
    assert_eq!(plain(left.state.get("names")), json!(["A", "B"]));
    let found = provider.destroy(TYPE, left.clone()).await;
    assert!(told(&found, Severity::Error).contains("may still have the secrets A, B"), "{found:?}");
    let (unsure, said) = failing(&provider, Some(&left), &stored(&json!({"A": "1", "N": "3"}))).await;
    assert!(said.contains("does not have the secret N"), "{said}");
    sim.clear_faults();
    let config = stored(&json!({"A": "1"}));
    provider.apply(TYPE, unsure.as_ref(), &config).await;
    assert_eq!(held(&sim), json!({"A": "1"}));
}

#[tokio::test]
async fn a_read_that_lags_behind_a_removal_is_made_again() {
    let mut options = Options::default();
    options.readings.bulk_answers_edited_only = true;
    let sim = Simulator::start(options).await;
    let provider = Provider::start(&sim).await;
    let made = provider.apply(TYPE, None, &stored(&json!({"A": "1", "B": "2"}))).await;
    let stale = json!([{"name": "A", "type": "secret_text"}, {"name": "B", "type": "secret_text"}]);
    let stale = json!({"success": true, "errors": [], "messages": [], "result": stale});
    let stale = sim.fault(Fault::new(FaultKind::Json(200, stale, Effect::None)).method("GET").path(LIST));
    provider.apply(TYPE, Some(&made), &stored(&json!({"A": "1"}))).await;
    assert_eq!((sim.hits(stale), held(&sim)), (1, json!({"A": "1"})));
}

#[tokio::test]
async fn an_answer_in_another_form_is_no_failure() {
    let (sim, provider) = start().await;
    for result in
        [json!(null), json!([{"name": "A", "type": "secret_text"}]), json!({"A": null}), json!("ok")]
    {
        let edited = FaultKind::Edited("/result".to_owned(), Some(result));
        let fault = sim.fault(Fault::new(edited).method("PATCH").path(BULK));
        let made = provider.apply(TYPE, None, &stored(&json!({"A": "1"}))).await;
        assert_eq!((sim.hits(fault), held(&sim)), (1, json!({"A": "1"})));
        assert!(provider.destroy(TYPE, made).await.is_empty());
    }
}

#[tokio::test]
async fn a_doubt_is_in_the_state_and_writes_again_whatever_the_configuration_says() {
    let (sim, provider) = start().await;
    let (old, new) = (stored(&json!({"A": "1", "B": "2"})), stored(&json!({"A": "x", "C": "3"})));
    let made = provider.apply(TYPE, None, &old).await;
    for effect in [Effect::Done, Effect::None] {
        lost(&sim, effect);
        let (left, _) = failing(&provider, Some(&made), &new).await;
        sim.clear_faults();
        let left = left.unwrap();
        assert!(!left.state.get("unconfirmed").is_null());
        let read = provider.read(TYPE, &left).await.unwrap();
        assert_eq!(plain(read.state.get("names")), json!(["A", "B", "C"]));
        let settled = provider.apply(TYPE, Some(&read), &old).await;
        assert_eq!(held(&sim), json!({"A": "1", "B": "2"}));
        assert!(settled.state == made.state);
    }
}

#[tokio::test]
async fn a_refusal_after_an_attempt_that_took_effect_is_a_doubt() {
    let (sim, provider) = start().await;
    let made = provider.apply(TYPE, None, &stored(&json!({"A": "1"}))).await;
    sim.fault(Fault::new(FaultKind::Reset(Effect::Done)).method("PATCH").path(BULK));
    let refused = FaultKind::Api(403, 10000, "Authentication error", Effect::None);
    sim.fault(Fault::new(refused).method("PATCH").path(BULK).always());
    let (left, _) = failing(&provider, Some(&made), &stored(&json!({"A": "2"}))).await;
    assert!(!left.unwrap().state.get("unconfirmed").is_null());
    // A refusal alone changes nothing.
    let (left, said) = failing(&provider, Some(&made), &stored(&json!({"A": "hide-me"}))).await;
    assert!(left.unwrap().state == made.state && said.contains("Workers Scripts Write"), "{said}");
    assert!(!said.contains("hide-me"));
}

#[tokio::test]
async fn a_deposed_object_leaves_the_live_ones_secrets() {
    let (sim, provider) = start().await;
    let old = provider.apply(TYPE, None, &stored(&json!({"A": "1", "B": "2"}))).await;
    let new = provider.apply(TYPE, None, &stored(&json!({"A": "1"}))).await;
    assert!(provider.destroy(TYPE, old).await.is_empty());
    assert_eq!(held(&sim), json!({"A": "1"}), "B was the old one's alone");
    assert!(provider.destroy(TYPE, new).await.is_empty());
    assert_eq!(held(&sim), json!({}));
}

#[tokio::test]
async fn a_name_that_moves_to_the_other_resource_stays() {
    let (sim, provider) = start().await;
    let many = provider.apply(TYPE, None, &stored(&json!({"A": "1", "B": "2"}))).await;
    let one = provider.apply(ONE, None, &json!({"script_name": "edge-api", "name": "B", "value": "2"})).await;
    let many = provider.apply(TYPE, Some(&many), &stored(&json!({"A": "1"}))).await;
    assert_eq!(held(&sim), json!({"A": "1", "B": "2"}));
    let many = provider.apply(TYPE, Some(&many), &stored(&json!({"A": "1", "B": "2"}))).await;
    assert!(provider.destroy(ONE, one).await.is_empty());
    assert_eq!(held(&sim), json!({"A": "1", "B": "2"}));
    assert!(provider.destroy(TYPE, many).await.is_empty());
    assert_eq!(held(&sim), json!({}));
}

#[tokio::test]
async fn a_first_put_in_doubt_removes_no_secret_that_may_be_somebody_elses() {
    let (sim, provider) = start().await;
    put_by_hand(&sim, "THEIRS");
    let config = stored(&json!({"NEW": "1", "THEIRS": "2"}));
    lost(&sim, Effect::Done);
    let (left, _) = failing(&provider, None, &config).await;
    sim.clear_faults();
    let left = left.unwrap();
    let found = provider.destroy(TYPE, left.clone()).await;
    let said = told(&found, Severity::Warning);
    assert!(!found.has_error() && said.contains("keeps the secret THEIRS"), "{said}");
    assert_eq!(held(&sim), json!({"THEIRS": "2"}), "NEW was free before, and there right after");
    // A put with an answer makes the secrets ours.
    let put = provider.apply(TYPE, Some(&left), &config).await;
    assert!(provider.destroy(TYPE, put).await.is_empty());
    assert_eq!(held(&sim), json!({}));
}

#[tokio::test]
async fn the_apis_codes_are_explained_and_no_value_is_told() {
    let (sim, provider) = start().await;
    sim.with_scripts(|scripts| {
        scripts.get_mut("edge-api").unwrap().bindings.push("DB".into());
        scripts.get_mut("cron").unwrap().undeployed = true;
    });
    let cases = [
        ("no-such-worker", "A", "script_name: ", "(code 10007)"),
        ("edge-api", "DB", "", "(code 10053)"),
        ("cron", "A", "script_name: ", "(code 10215)"),
    ];
    for (script, name, at, code) in cases {
        let config = json!({"script_name": script, "secrets": {name: "hide-me"}});
        let said = errors(provider.try_apply(TYPE, None, &config).await);
        assert!(said.starts_with(at) && said.contains(code) && !said.contains("hide-me"), "{said}");
    }
}

#[tokio::test]
async fn a_set_of_names_over_the_limit_of_one_request_is_removed_in_several() {
    let (sim, provider) = start().await;
    let of = |prefix: &str, number: usize| -> Json {
        (0..number).map(|n| (format!("{prefix}{n}"), json!("x"))).collect::<serde_json::Map<_, _>>().into()
    };
    let made = provider.apply(TYPE, None, &stored(&of("A", 70))).await;
    let changed = provider.apply(TYPE, Some(&made), &stored(&of("B", 50))).await;
    assert_eq!(held(&sim), of("B", 50));
    assert_eq!(sim.count("PATCH", BULK), 3);
    assert!(provider.destroy(TYPE, changed).await.is_empty());
    let found = provider.validate(TYPE, &stored(&of("A", 101))).await;
    assert!(told(&found, Severity::Error).contains("Too many secrets"));
}

#[tokio::test]
async fn secrets_are_not_gone_by_a_passing_404_or_an_old_list() {
    let (sim, provider) = start().await;
    let made = provider.apply(TYPE, None, &stored(&json!({"A": "one", "B": "two"}))).await;
    let old = json!({"success": true, "errors": [], "messages": [], "result": []});
    let missing = FaultKind::Api(404, 10007, "This Worker does not exist on your account.", Effect::None);
    for kind in [missing.clone(), FaultKind::Json(200, old, Effect::None)] {
        sim.fault(Fault::new(kind).method("GET").path(LIST));
        assert!(provider.read(TYPE, &made).await.is_some_and(|read| read.state == made.state));
    }
    sim.fault(Fault::new(missing).method("PATCH").path(BULK));
    let found = provider.destroy(TYPE, made.clone()).await;
    assert!(found.has_error(), "the Worker is there: {found:?}");
    assert!(provider.destroy(TYPE, made).await.is_empty());
    assert_eq!(held(&sim), json!({}));
}

#[tokio::test]
async fn what_a_later_request_could_not_remove_stays_managed_and_goes_with_the_next() {
    let (sim, provider) = start().await;
    let of = |prefix: &str, number: usize| -> Json {
        (0..number).map(|n| (format!("{prefix}{n:02}"), json!("x"))).collect::<serde_json::Map<_, _>>().into()
    };
    let made = provider.apply(TYPE, None, &stored(&of("A", 70))).await;
    let refused = FaultKind::Api(403, 10000, "Authentication error", Effect::None);
    sim.fault(Fault::new(refused).method("PATCH").path(BULK).skip(1).always());
    let (left, said) = failing(&provider, Some(&made), &stored(&of("B", 50))).await;
    assert!(said.contains("A69"), "{said}");
    let left = left.unwrap();
    assert_eq!(plain(left.state.get("names")).as_array().map(Vec::len), Some(70), "20 of A, and all of B");
    sim.clear_faults();
    provider.apply(TYPE, Some(&left), &stored(&of("B", 50))).await;
    assert_eq!(held(&sim), of("B", 50));
}

#[tokio::test]
async fn a_write_that_no_state_knows_of_is_made_again_as_the_configuration_says() {
    let (sim, provider) = start().await;
    let made = provider.apply(TYPE, None, &stored(&json!({"A": "one"}))).await;
    // Terraform is killed before it saves the new state.
    provider.apply(TYPE, Some(&made), &stored(&json!({"A": "two", "B": "new"}))).await;
    let read = provider.read(TYPE, &made).await.unwrap();
    assert_ne!(read.state.get("unconfirmed"), &Raw::Null);
    let back = provider.apply(TYPE, Some(&read), &stored(&json!({"A": "one"}))).await;
    assert_eq!(held(&sim), json!({"A": "one"}));
    assert_eq!(provider.read(TYPE, &back).await.map(|read| read.state), Some(back.state.clone()));
}
