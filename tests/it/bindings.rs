//! Bindings in process: what a refresh shows, what a move leaves, and what is refused.

use cloudflare_tokens::tf_provider::framework::{
    Diagnostics, PlanRequest, Raw, ReadRequest, ResourceId, Severity,
};
use serde_json::{Value as Json, json};

use crate::simulator::{Effect, Fault, FaultKind, Options, Simulator};
use crate::support::provider::{Object, Provider, UNKNOWN, plain, told};

const TOKEN: &str = "cloudflare_account_api_token";
const BINDING: &str = "cloudflare_token_binding";
const SCRIPTS: &str = "Workers Scripts Read";
const STORAGE: &str = "Workers KV Storage Read";
const TOKENS_WRITE: &str = "Account API Tokens Write";

fn policies(groups: &[&str]) -> Json {
    groups.iter().map(|group| json!({"permission_groups": [group]})).collect()
}

fn config(token: &str, groups: &[&str]) -> Json {
    json!({"token_id": token, "policies": policies(groups)})
}

/// Creates a token that something else manages. Returns its id and its value.
fn mint(sim: &Simulator, name: &str, groups: &[&str]) -> (String, String) {
    let account = format!("com.cloudflare.api.account.{}", sim.account_id());
    let policy = |group: &&str| {
        let id = sim.group_id(group, "com.cloudflare.api.account");
        json!({"effect": "allow", "permission_groups": [{"id": id}], "resources": {&account: "*"}})
    };
    sim.mint(&json!({"name": name, "policies": groups.iter().map(policy).collect::<Json>()}))
}

/// The permission groups of a token, sorted.
fn has(sim: &Simulator, id: &str) -> Vec<String> {
    let mut all: Vec<_> =
        sim.policies(id).into_iter().filter(|p| p.effect == "allow").flat_map(|p| p.groups).collect();
    all.sort();
    all
}

fn remove(sim: &Simulator, id: &str, group: &str) {
    assert_eq!(sim.remove_policies(id, |policy| policy.groups.iter().eq([group])), 1);
}

async fn start() -> (Simulator, Provider) {
    let sim = Simulator::start(Options::default()).await;
    let provider = Provider::start(&sim).await;
    (sim, provider)
}

/// Refreshes an object in the next run.
async fn refreshed(sim: &Simulator, object: &Object) -> Option<Object> {
    Provider::start(sim).await.read(BINDING, object).await
}

fn warnings(found: &Diagnostics) -> String {
    told(found, Severity::Warning)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_shows_what_the_token_still_has() {
    let (sim, provider) = start().await;
    let (id, _) = mint(&sim, "shared", &[TOKENS_WRITE]);
    let made = provider.apply(BINDING, None, &config(&id, &[SCRIPTS, STORAGE])).await;
    assert_eq!(made.text("token_name"), Some("shared"));
    assert_eq!(refreshed(&sim, &made).await.unwrap().state, made.state);

    sim.edit(&id, |token| token.name = "renamed".to_owned());
    remove(&sim, &id, STORAGE);
    let less = refreshed(&sim, &made).await.unwrap();
    let shown = plain(&less.state);
    assert_eq!(
        (&shown["token_name"], &shown["grants"]),
        (&json!("renamed"), &json!([format!("allow \"{SCRIPTS}\" on the account")]))
    );
    assert_eq!(shown["policies"].as_array().map(Vec::len), Some(1));
    assert_eq!(shown["fingerprints"].as_array().map(Vec::len), Some(1));
    let again = provider.apply(BINDING, Some(&less), &config(&id, &[SCRIPTS, STORAGE])).await;
    assert_eq!(again.state.get("fingerprints"), made.state.get("fingerprints"));

    remove(&sim, &id, STORAGE);
    remove(&sim, &id, SCRIPTS);
    assert!(refreshed(&sim, &again).await.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_binding_that_moves_takes_its_policies_along() {
    let (sim, provider) = start().await;
    let ((one, _), (other, _)) = (mint(&sim, "one", &[SCRIPTS]), mint(&sim, "other", &[]));
    let made = provider.apply(BINDING, None, &config(&one, &[STORAGE])).await;
    let moved = provider.apply(BINDING, Some(&made), &config(&other, &[STORAGE])).await;
    assert_eq!((has(&sim, &one), has(&sim, &other)), (vec![SCRIPTS.to_owned()], vec![STORAGE.to_owned()]));
    assert_eq!(moved.text("token_name"), Some("other"));
    // The token that it leaves is gone.
    sim.delete(&other);
    provider.apply(BINDING, Some(&moved), &config(&one, &[STORAGE])).await;
    assert_eq!(has(&sim, &one), [STORAGE, SCRIPTS]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_binding_that_may_not_have_left_its_token_stays_there() {
    let api = |status, code| FaultKind::Api(status, code, "Refused", Effect::None);
    for (kind, in_doubt) in [(api(403, 9109), false), (FaultKind::Reset(Effect::Done), true)] {
        let (sim, provider) = start().await;
        let ((one, _), (other, _)) = (mint(&sim, "one", &[]), mint(&sim, "other", &[]));
        let made = provider.apply(BINDING, None, &config(&one, &[STORAGE])).await;
        let plan = provider.plan(BINDING, Some(&made), &config(&other, &[STORAGE])).await;
        let path = format!("/accounts/*/tokens/{one}");
        sim.fault(Fault::new(kind).method("PUT").path(&path));
        if in_doubt {
            // The read before the write succeeds, and those after it do not.
            sim.fault(Fault::new(api(400, 1)).method("GET").path(&path).skip(1).always());
        }
        let moved = config(&other, &[STORAGE]);
        let (kept, found) = provider.apply_failing(BINDING, Some(&made), &moved, plan).await;
        assert!(found.has_error() && found.0[0].summary.contains(&one), "{found:?}");
        let kept = kept.unwrap();
        assert_eq!(kept.text("token_id"), Some(one.as_str()));
        assert_eq!(kept.text("unconfirmed").is_some(), in_doubt);
        assert_eq!((has(&sim, &one).is_empty(), has(&sim, &other)), (in_doubt, vec![]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rename_in_the_same_run_is_the_new_name_of_the_token() {
    let (sim, provider) = start().await;
    let token = provider.apply(TOKEN, None, &json!({"name": "before"})).await;
    let id = token.text("id").unwrap().to_owned();
    let binding = config(&id, &[SCRIPTS]);
    let made = provider.apply(BINDING, None, &binding).await;
    let next = Provider::start(&sim).await;
    let named = json!({"name": "after"});
    let (token_plan, plan) =
        (next.plan(TOKEN, Some(&token), &named).await, next.plan(BINDING, Some(&made), &binding).await);
    assert_eq!(plain(plan.planned.as_ref().unwrap())["token_name"], json!(UNKNOWN));
    next.apply_planned(TOKEN, Some(&token), &named, token_plan).await.unwrap();
    let before = sim.requests().len();
    let renamed = next.apply_planned(BINDING, Some(&made), &binding, plan).await.unwrap();
    assert_eq!((renamed.text("token_name"), sim.requests().len()), (Some("after"), before));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_own_tokens_right_to_manage_tokens_is_not_taken_back() {
    let (sim, _) = start().await;
    let ((own, value), (other, _)) = (mint(&sim, "own", &[TOKENS_WRITE, SCRIPTS]), mint(&sim, "other", &[]));
    let provider = Provider::configured(&sim, json!({"api_token": value})).await;
    for (token, groups, is_refused) in
        [(&own, TOKENS_WRITE, true), (&own, SCRIPTS, false), (&other, TOKENS_WRITE, false)]
    {
        let made = provider.apply(BINDING, None, &config(token, &[groups])).await;
        let gone = PlanRequest {
            prior: made.state.clone(),
            proposed: Raw::Null,
            config: Raw::Null,
            private: made.private.clone(),
            identity: None,
            again: false,
        };
        let planned = provider.resource(BINDING).plan(gone).await.diagnostics;
        assert_eq!(planned.has_error(), is_refused, "{groups}: {planned:?}");
        assert_eq!(provider.destroy(BINDING, made).await.has_error(), is_refused, "{groups}");
    }
    assert_eq!(has(&sim, &own), [TOKENS_WRITE]);
}

#[tokio::test(flavor = "multi_thread")]
async fn policies_that_somebody_else_has_added_already_are_told() {
    let (sim, provider) = start().await;
    let (id, _) = mint(&sim, "shared", &[SCRIPTS]);
    let made = provider.apply(BINDING, None, &config(&id, &[SCRIPTS])).await;
    assert!(warnings(&made.warnings).contains(&id), "{:?}", made.warnings);
    let other = provider.apply(BINDING, None, &config(&id, &[STORAGE])).await;
    assert!(other.warnings.is_empty(), "{:?}", other.warnings);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_with_exclusive_policies_takes_no_binding() {
    let (_sim, provider) = start().await;
    let exclusive = json!({"name": "ci", "policies": policies(&[SCRIPTS])});
    let open = config(UNKNOWN, &[STORAGE]);
    assert!(provider.plan(BINDING, None, &open).await.diagnostics.is_empty());
    let token = provider.apply(TOKEN, None, &exclusive).await;
    let found = provider.plan(BINDING, None, &open).await.diagnostics;
    assert!(!warnings(&found).is_empty() && !found.has_error(), "{found:?}");
    let known = provider.plan(BINDING, None, &config(token.text("id").unwrap(), &[STORAGE])).await;
    assert!(known.diagnostics.has_error(), "{:?}", known.diagnostics);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_takes_over_the_policies_that_it_names() {
    let (sim, provider) = start().await;
    let (id, _) = mint(&sim, "shared", &[]);
    let made = provider.apply(BINDING, None, &config(&id, &[SCRIPTS])).await;
    provider.apply(BINDING, None, &config(&id, &[STORAGE])).await;
    let fingerprint = plain(made.state.get("fingerprints"))[0].as_str().unwrap().to_owned();
    let import = |prefix: &str| format!("{}/{id}/{prefix}", sim.account_id());
    let imported = provider.import(BINDING, &import(&fingerprint[..12])).await.unwrap().unwrap();
    for attribute in ["token_id", "token_name", "policies", "grants", "fingerprints"] {
        assert_eq!(imported.state.get(attribute), made.state.get(attribute), "{attribute}");
    }
    let unknown = import_refused(&provider, &import("000000000000")).await;
    assert!(unknown.contains("000000000000") && unknown.contains(&fingerprint), "{unknown}");
}

/// What is said of an import whose read fails.
async fn import_refused(provider: &Provider, id: &str) -> String {
    let imported = provider.resource(BINDING).import(ResourceId::Id(id.to_owned())).await;
    let (state, private) = (imported.state.unwrap(), imported.private);
    let read = provider.resource(BINDING).read(ReadRequest { state, private, identity: None }).await;
    told(&read.diagnostics, Severity::Error)
}

/// The rotation of a token with an overlap: its successor has another id.
fn rotated(n: &str) -> Json {
    json!({"name": "deploy", "rotation": {"triggers": {"n": n}, "overlap": "1h"}})
}

/// A token that was rotated after a binding of [`SCRIPTS`] and [`STORAGE`] was made.
struct Rotated {
    old: String,
    new: String,
    made: Object,
}

async fn bound_and_rotated(provider: &Provider) -> Rotated {
    let token = provider.apply(TOKEN, None, &rotated("1")).await;
    let old = token.text("id").unwrap().to_owned();
    let made = provider.apply(BINDING, None, &config(&old, &[SCRIPTS, STORAGE])).await;
    let token = provider.apply(TOKEN, Some(&token), &rotated("2")).await;
    let new = token.text("id").unwrap().to_owned();
    Rotated { old, new, made }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_binding_goes_over_to_a_successor_and_its_removal_reaches_both_tokens() {
    let (sim, provider) = start().await;
    let Rotated { old, new, made } = bound_and_rotated(&provider).await;
    assert_ne!(new, old);
    let behind = provider.read(BINDING, &made).await.unwrap();
    assert!(warnings(&behind.warnings).contains(&new), "{:?}", behind.warnings);
    let moved = provider.apply(BINDING, Some(&made), &config(&new, &[SCRIPTS, STORAGE])).await;
    for id in [&old, &new] {
        assert_eq!(has(&sim, id), [STORAGE, SCRIPTS], "nothing is removed from the old one");
    }
    let less = provider.apply(BINDING, Some(&moved), &config(&new, &[SCRIPTS])).await;
    for id in [&old, &new] {
        assert_eq!(has(&sim, id), [SCRIPTS]);
    }
    let more = provider.apply(BINDING, Some(&less), &config(&new, &[SCRIPTS, STORAGE])).await;
    assert_eq!(
        (has(&sim, &old), has(&sim, &new)),
        (vec![SCRIPTS.to_owned()], vec![STORAGE.to_owned(), SCRIPTS.to_owned()])
    );
    // The old one is gone.
    sim.delete(&old);
    let other = provider.apply(BINDING, Some(&more), &config(&new, &[TOKENS_WRITE])).await;
    assert_eq!(has(&sim, &new), [TOKENS_WRITE]);
    assert!(provider.destroy(BINDING, other).await.is_empty());
    assert_eq!(has(&sim, &new), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removal_that_does_not_reach_the_old_token_fails() {
    let (sim, provider) = start().await;
    let token = provider.apply(TOKEN, None, &rotated("1")).await;
    let old = token.text("id").unwrap().to_owned();
    let made = provider.apply(BINDING, None, &config(&old, &[SCRIPTS])).await;
    let token = provider.apply(TOKEN, Some(&token), &rotated("2")).await;
    let moved = provider.apply(BINDING, Some(&made), &config(token.text("id").unwrap(), &[SCRIPTS])).await;
    let refused = FaultKind::Api(403, 9109, "Unauthorized to access requested resource", Effect::None);
    sim.fault(Fault::new(refused).method("PUT").path(&format!("/accounts/*/tokens/{old}")).always());
    assert!(provider.destroy(BINDING, moved).await.has_error());
    assert_eq!(has(&sim, &old), [SCRIPTS]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_has_ended_is_likely_followed_by_the_newest_of_its_name() {
    let (sim, provider) = start().await;
    let (old, _) = mint(&sim, "deploy", &[]);
    let made = provider.apply(BINDING, None, &config(&old, &[SCRIPTS])).await;
    let issued = |id: &str, minutes: i64| {
        sim.edit(id, |token| token.issued_on += time::Duration::minutes(minutes));
    };
    let like = |name: &str, minutes: i64| {
        let (id, _) = mint(&sim, name, &[SCRIPTS]);
        issued(&id, minutes);
        id
    };
    like("deploy", -9);
    like("another", 9);
    let disabled = like("deploy", 8);
    sim.set_status(&disabled, "disabled");
    let told = async || refreshed(&sim, &made).await.unwrap().warnings;
    assert!(told().await.is_empty(), "the token is alive");
    sim.expire(&old);
    assert!(told().await.is_empty(), "nothing follows it");
    let (_, newest, _) = (like("deploy", 5), like("deploy", 7), like("deploy", 6));
    let found = told().await;
    assert!(warnings(&found).contains(&newest), "{found:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_has_reached_only_the_old_token_is_in_doubt() {
    let (sim, provider) = start().await;
    let Rotated { old, new, made } = bound_and_rotated(&provider).await;
    let moved = provider.apply(BINDING, Some(&made), &config(&new, &[SCRIPTS, STORAGE])).await;
    let less = config(&new, &[SCRIPTS]);
    let plan = provider.plan(BINDING, Some(&moved), &less).await;
    let refused = FaultKind::Api(403, 9109, "Unauthorized to access requested resource", Effect::None);
    sim.fault(Fault::new(refused).method("PUT").path(&format!("/accounts/*/tokens/{new}")).always());
    let (kept, found) = provider.apply_failing(BINDING, Some(&moved), &less, plan).await;
    assert!(found.has_error());
    assert_eq!((has(&sim, &old), has(&sim, &new).len()), (vec![SCRIPTS.to_owned()], 2));
    assert!(kept.unwrap().text("unconfirmed").is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_binding_that_moves_and_changes_takes_nothing_from_others() {
    let (sim, provider) = start().await;
    let ((one, _), (other, _)) = (mint(&sim, "one", &[]), mint(&sim, "other", &[SCRIPTS]));
    let made = provider.apply(BINDING, None, &config(&one, &[SCRIPTS])).await;
    provider.apply(BINDING, Some(&made), &config(&other, &[STORAGE])).await;
    assert_eq!((has(&sim, &one), has(&sim, &other)), (vec![], vec![STORAGE.to_owned(), SCRIPTS.to_owned()]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_keeps_what_a_write_in_doubt_may_still_add() {
    let (sim, provider) = start().await;
    let (id, _) = mint(&sim, "shared", &[]);
    let made = provider.apply(BINDING, None, &config(&id, &[SCRIPTS])).await;
    let both = config(&id, &[SCRIPTS, STORAGE]);
    let plan = provider.plan(BINDING, Some(&made), &both).await;
    let path = format!("/accounts/*/tokens/{id}");
    sim.fault(Fault::new(FaultKind::Reset(Effect::None)).method("PUT").path(&path));
    let unreadable = FaultKind::Api(400, 1, "Refused", Effect::None);
    sim.fault(Fault::new(unreadable).method("GET").path(&path).skip(1).always());
    let lost = provider.apply_failing(BINDING, Some(&made), &both, plan).await.0.unwrap();
    sim.clear_faults();
    assert_eq!(has(&sim, &id), [SCRIPTS]);
    assert_eq!(plain(&lost.state)["fingerprints"].as_array().map(Vec::len), Some(2));
    assert_eq!(refreshed(&sim, &lost).await.unwrap().state, lost.state);
}

#[tokio::test]
async fn a_change_that_no_state_knows_of_goes_back_with_the_configuration() {
    let (sim, provider) = start().await;
    let (id, _) = mint(&sim, "shared", &[]);
    let made = provider.apply(BINDING, None, &config(&id, &[SCRIPTS])).await;
    // Terraform is killed after the answer, before it saves the new state.
    provider.apply(BINDING, Some(&made), &config(&id, &[SCRIPTS, STORAGE])).await;
    let read = provider.read(BINDING, &made).await.unwrap();
    assert_ne!(read.state.get("unconfirmed"), &Raw::Null);
    let back = provider.apply(BINDING, Some(&read), &config(&id, &[SCRIPTS])).await;
    assert_eq!(has(&sim, &id), [SCRIPTS]);
    assert_eq!(provider.read(BINDING, &back).await.map(|read| read.state), Some(back.state.clone()));
}
