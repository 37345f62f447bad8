//! The state contains only what is known. If an apply sends a change without learning the outcome, the state records
//! that. The next apply sends the change again, whatever the configuration is by then.

use cloudflare_tokens::tf_provider::framework::{Raw, Severity};
use serde_json::{Value as Json, json};

use crate::simulator::{Effect, Fault, FaultKind, Options, PolicyView, Simulator};
use crate::support::provider::{Object, Provider, plain, told};

const TOKEN: &str = "cloudflare_account_api_token";
const BINDING: &str = "cloudflare_token_binding";
const SECRET: &str = "cloudflare_workers_secret";

async fn start() -> (Simulator, Provider) {
    let sim = Simulator::start(Options::default()).await;
    let provider = Provider::start(&sim).await;
    (sim, provider)
}

fn policies(groups: &[&str]) -> Json {
    groups.iter().map(|group| json!({"permission_groups": [group]})).collect()
}

/// The current permission groups of a token, one list per policy.
fn has(sim: &Simulator, id: &str) -> Vec<Vec<String>> {
    let groups = |policy: PolicyView| policy.groups.into_iter().collect();
    let mut all: Vec<Vec<String>> = sim.policies(id).into_iter().map(groups).collect();
    all.sort();
    all
}

/// The next write of a token takes effect, but neither its answer nor any later read arrives.
fn lose_the_next_write(sim: &Simulator) {
    let path = "/accounts/*/tokens/*";
    sim.fault(Fault::new(FaultKind::Reset(Effect::Done)).method("PUT").path(path));
    let unreadable = FaultKind::Api(400, 1, "Out of order", Effect::None);
    // The read before the write succeeds.
    sim.fault(Fault::new(unreadable).method("GET").path(path).skip(1).always());
}

/// Applies a configuration whose write gets no answer.
async fn apply_lost(sim: &Simulator, provider: &Provider, ty: &str, prior: &Object, config: &Json) -> Object {
    let plan = provider.plan(ty, Some(prior), config).await;
    lose_the_next_write(sim);
    let (saved, found) = provider.apply_failing(ty, Some(prior), config, plan).await;
    sim.clear_faults();
    assert!(found.has_error(), "the apply has failed");
    let saved = saved.unwrap();
    assert!(saved.text("unconfirmed").is_some(), "{}", plain(&saved.state));
    saved
}

#[tokio::test(flavor = "multi_thread")]
async fn a_binding_in_doubt_is_written_again_where_the_old_configuration_is_back() {
    let (sim, provider) = start().await;
    let token = provider.apply(TOKEN, None, &json!({"name": "app"})).await;
    let id = token.text("id").unwrap().to_owned();
    let config = |groups: &[&str]| json!({"token_id": id, "policies": policies(groups)});
    let one = config(&["Workers Scripts Read"]);
    let made = provider.apply(BINDING, None, &one).await;
    let both = config(&["Workers Scripts Read", "Workers KV Storage Read"]);
    let lost = apply_lost(&sim, &provider, BINDING, &made, &both).await;
    assert_eq!(has(&sim, &id).len(), 2, "the write took effect");
    // A refresh does not end the doubt, and the old configuration plans a write.
    let read = provider.read(BINDING, &lost).await.unwrap();
    assert_eq!(read.state, lost.state);
    let plan = provider.plan(BINDING, Some(&read), &one).await;
    assert_ne!(plan.planned.as_ref(), Some(&read.state));
    let settled = provider.apply(BINDING, Some(&read), &one).await;
    assert_eq!(has(&sim, &id), [["Workers Scripts Read"]]);
    assert_eq!(settled.text("unconfirmed"), None);
    let again = provider.plan(BINDING, Some(&settled), &one).await;
    assert_eq!(again.planned.as_ref(), Some(&settled.state));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_binding_in_doubt_is_destroyed_with_all_that_it_may_have_added() {
    let (sim, provider) = start().await;
    let token = provider.apply(TOKEN, None, &json!({"name": "app"})).await;
    let id = token.text("id").unwrap().to_owned();
    let config = |groups: &[&str]| json!({"token_id": id, "policies": policies(groups)});
    let made = provider.apply(BINDING, None, &config(&["Workers Scripts Read"])).await;
    let both = config(&["Workers Scripts Read", "Workers KV Storage Read"]);
    let lost = apply_lost(&sim, &provider, BINDING, &made, &both).await;
    assert!(provider.destroy(BINDING, lost).await.is_empty());
    let data = provider.data(TOKEN, &json!({"id": id})).await.unwrap();
    assert_eq!(plain(data.state.get("policies")), json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_in_doubt_is_written_again_where_the_old_configuration_is_back() {
    let (sim, provider) = start().await;
    let config = |name: &str, groups: &[&str]| json!({"name": name, "exclusive_policies": false, "policies": policies(groups)});
    let old = config("one", &["Workers Scripts Read"]);
    let made = provider.apply(TOKEN, None, &old).await;
    let id = made.text("id").unwrap().to_owned();
    let new = config("two", &["Workers Scripts Read", "Workers KV Storage Read"]);
    let lost = apply_lost(&sim, &provider, TOKEN, &made, &new).await;
    assert_eq!(has(&sim, &id).len(), 2);
    let read = provider.read(TOKEN, &lost).await.unwrap();
    let settled = provider.apply(TOKEN, Some(&read), &old).await;
    assert_eq!(has(&sim, &id), [["Workers Scripts Read"]]);
    assert_eq!(sim.token(&id).unwrap()["name"], "one");
    assert_eq!((settled.text("unconfirmed"), settled.text("value")), (None, made.text("value")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_roll_in_doubt_leaves_no_value_and_the_old_configuration_rolls_again() {
    let (sim, provider) = start().await;
    let config = |n: &str| json!({"name": "ci", "rotation": {"triggers": {"n": n}}});
    let made = provider.apply(TOKEN, None, &config("1")).await;
    let id = made.text("id").unwrap().to_owned();
    let plan = provider.plan(TOKEN, Some(&made), &config("2")).await;
    sim.fault(
        Fault::new(FaultKind::Reset(Effect::Done)).method("PUT").path("/accounts/*/tokens/*/value").always(),
    );
    let (lost, found) = provider.apply_failing(TOKEN, Some(&made), &config("2"), plan).await;
    sim.clear_faults();
    let lost = lost.unwrap();
    assert!(found.has_error() && lost.text("unconfirmed").is_some());
    assert_eq!((lost.text("value"), lost.text("value_issued_on")), (None, None));
    let read = provider.read(TOKEN, &lost).await.unwrap();
    let plan = provider.plan(TOKEN, Some(&read), &config("1")).await;
    assert_eq!(plan.planned.as_ref().unwrap().get("value"), &Raw::Unknown);
    let warned = told(&plan.diagnostics, Severity::Warning);
    assert!(warned.contains("The token is rolled"), "{warned}");
    let settled = provider.apply(TOKEN, Some(&read), &config("1")).await;
    assert_eq!(settled.text("value").map(str::to_owned), sim.token_value(&id));
    let again = provider.plan(TOKEN, Some(&settled), &config("1")).await;
    assert_eq!(again.planned.as_ref(), Some(&settled.state));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workers_secret_in_doubt_is_put_again_where_the_old_configuration_is_back() {
    let (sim, provider) = start().await;
    let config = |value: &str| json!({"script_name": "edge-api", "name": "KEY", "value": value});
    let made = provider.apply(SECRET, None, &config("one")).await;
    assert!(made.text("id").is_some());
    let plan = provider.plan(SECRET, Some(&made), &config("two")).await;
    // The put takes effect, but its answer is lost. The provider repeats it, and the repetition is refused.
    let path = "/accounts/*/workers/scripts/*/secrets";
    sim.fault(Fault::new(FaultKind::Reset(Effect::Done)).method("PUT").path(path));
    let refused = FaultKind::Api(403, 10000, "Authentication error", Effect::None);
    sim.fault(Fault::new(refused).method("PUT").path(path).always());
    let (lost, found) = provider.apply_failing(SECRET, Some(&made), &config("two"), plan).await;
    sim.clear_faults();
    let lost = lost.unwrap();
    assert!(found.has_error() && lost.text("unconfirmed").is_some());
    assert_eq!(sim.secret("edge-api", "KEY").as_deref(), Some("two"), "it took effect");
    let read = provider.read(SECRET, &lost).await.unwrap();
    let settled = provider.apply(SECRET, Some(&read), &config("one")).await;
    assert_eq!(sim.secret("edge-api", "KEY").as_deref(), Some("one"));
    assert_eq!((settled.text("unconfirmed"), settled.text("id")), (None, made.text("id")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deposed_secret_leaves_the_live_one() {
    let (sim, provider) = start().await;
    let config = json!({"script_name": "edge-api", "name": "KEY", "value": "one"});
    let old = provider.apply(SECRET, None, &config).await;
    let new = provider.apply(SECRET, None, &config).await;
    assert!(provider.destroy(SECRET, old).await.is_empty());
    assert_eq!(sim.secret("edge-api", "KEY").as_deref(), Some("one"));
    assert!(provider.destroy(SECRET, new).await.is_empty());
    assert_eq!(sim.secret("edge-api", "KEY"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn becoming_additive_leaves_the_binding_of_another_state() {
    let (sim, provider) = start().await;
    let exclusive = json!({"name": "app", "policies": policies(&["Workers Scripts Read"])});
    let made = provider.apply(TOKEN, None, &exclusive).await;
    let id = made.text("id").unwrap().to_owned();
    let other = Provider::start(&sim).await;
    let config = json!({"token_id": id, "policies": policies(&["Workers KV Storage Read"])});
    other.apply(BINDING, None, &config).await;
    // This needs a new provider, because the first one caches its reads for a while.
    let provider = Provider::start(&sim).await;
    let drifted = provider.read(TOKEN, &made).await.unwrap();
    let mut additive = exclusive.clone();
    additive["exclusive_policies"] = json!(false);
    provider.apply(TOKEN, Some(&drifted), &additive).await;
    assert_eq!(has(&sim, &id).len(), 2, "the other state's right stays");
    // Only the policy that this resource wrote is removed with it.
    let drifted = provider.read(TOKEN, &made).await.unwrap();
    let none = json!({"name": "app", "exclusive_policies": false});
    provider.apply(TOKEN, Some(&drifted), &none).await;
    assert_eq!(has(&sim, &id), [["Workers KV Storage Read"]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_bound_to_a_token_that_has_expired_and_the_plan_says_the_way_out() {
    let (sim, provider) = start().await;
    let token = provider.apply(TOKEN, None, &json!({"name": "app"})).await;
    let id = token.text("id").unwrap().to_owned();
    sim.expire(&id);
    let provider = Provider::start(&sim).await;
    let config = json!({"token_id": id, "policies": policies(&["Workers KV Storage Read"])});
    let plan = provider.plan(BINDING, None, &config).await;
    let found = told(&plan.diagnostics, Severity::Error);
    assert!(found.starts_with("token_id: ") && found.contains("expired"), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_own_token_keeps_its_right_to_manage_tokens() {
    let (sim, first) = start().await;
    let rights = ["Account API Tokens Write", "Workers Scripts Read", "Workers KV Storage Read"];
    let config = json!({"name": "admin", "policies": policies(&rights)});
    let made = first.apply(TOKEN, None, &config).await;
    let block = json!({"api_token": made.text("value")});
    let provider = Provider::configured(&sim, block).await;
    let fewer = json!({"name": "admin", "policies": policies(&rights[1..])});
    let plan = provider.plan(TOKEN, Some(&made), &fewer).await;
    let found = told(&plan.diagnostics, Severity::Error);
    assert!(found.starts_with("policies: ") && found.contains("right to manage tokens"), "{found}");
    let others = json!({"name": "admin", "policies": policies(&rights[..2])});
    let plan = provider.plan(TOKEN, Some(&made), &others).await;
    assert!(!plan.diagnostics.has_error(), "{:?}", plan.diagnostics);
}
