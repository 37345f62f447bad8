//! Years of random rotations with an overlap. A reader that fetches the value once a day never has a dead one, and no
//! token is left over.

use std::time::Duration;

use serde_json::{Value as Json, json};

use crate::simulator::{Effect, Fault, FaultKind, Options, Simulator};
use crate::support::provider::{Object, Provider};
use crate::tokens::scatter;

const TOKEN: &str = "cloudflare_account_api_token";
const DAY: Duration = Duration::from_secs(24 * 3600);
const EVERY: u64 = 30;
const OVERLAP: u64 = 7;

/// The id of the token with this value, if the API accepts the value now.
fn opened(sim: &Simulator, value: &str) -> Option<String> {
    sim.with_state(|state| {
        let now = state.now();
        let lives = |end: Option<time::OffsetDateTime>| end.is_none_or(|end| end > now);
        let token = state.tokens.iter().find(|token| token.value == value)?;
        (token.status == "active" && lives(token.expires_on)).then(|| token.id.clone())
    })
}

/// The fault of an apply. Most applies have none.
fn fault(chance: u64) -> Option<Fault> {
    let refused = || FaultKind::Api(403, 9109, "Unauthorized to access requested resource", Effect::None);
    Some(match chance {
        0 => Fault::new(refused()).method("POST"),
        1 => Fault::new(FaultKind::Reset(Effect::Done)).method("POST"),
        2 => Fault::new(FaultKind::Reset(Effect::None)).method("POST"),
        3 => Fault::new(refused()).method("PUT"),
        4 => Fault::new(refused()).method("PUT").skip(1),
        5 => Fault::new(refused()).method("DELETE"),
        _ => return None,
    })
}

/// A run of Terraform on its own host: refresh, plan, apply. Returns false if it failed.
async fn run(sim: &Simulator, object: &mut Option<Object>, config: &Json) -> bool {
    let provider = Provider::start(sim).await;
    let prior = match object {
        Some(object) => provider.read(TOKEN, object).await,
        None => None,
    };
    assert_eq!(prior.is_some(), object.is_some(), "the token is gone");
    let plan = provider.plan(TOKEN, prior.as_ref(), config).await;
    assert!(plan.requires_replace.is_empty(), "{:?}", plan.requires_replace);
    if prior.as_ref().is_some_and(|prior| plan.planned.as_ref() == Some(&prior.state)) {
        *object = prior;
        return true;
    }
    let (saved, found) = provider.apply_failing(TOKEN, prior.as_ref(), config, plan).await;
    *object = saved;
    !found.has_error()
}

async fn years(seed: u64) {
    let sim = Simulator::start(Options::default()).await;
    let mut random = scatter(seed);
    let rotation = json!({"every": format!("{EVERY}d"), "overlap": format!("{OVERLAP}d")});
    let policies = json!([{"permission_groups": ["Workers Scripts Read"]}]);
    let config = match seed % 2 {
        0 => json!({"name": "app", "rotation": rotation, "policies": policies}),
        _ => json!({"name": "app", "rotation": rotation, "expires_in": "70d"}),
    };
    let mut object = None;
    assert!(run(&sim, &mut object, &config).await);
    let value =
        |object: &Option<Object>| object.as_ref().unwrap().state.get("value").as_str().unwrap().to_owned();
    let (mut read, mut next, mut issued) = (value(&object), random(EVERY + OVERLAP) + 1, 1);
    for day in 1..=365 {
        sim.advance(DAY);
        assert!(opened(&sim, &read).is_some(), "seed {seed}, day {day}: the reader is refused");
        next -= 1;
        if next > 0 {
            continue;
        }
        if let Some(fault) = fault(random(12)) {
            sim.fault(fault);
        }
        let done = run(&sim, &mut object, &config).await;
        sim.clear_faults();
        let now = value(&object);
        let id = object.as_ref().unwrap().text("id").map(str::to_owned);
        assert_eq!(opened(&sim, &now), id, "seed {seed}, day {day}: the state has a dead value");
        assert!(sim.tokens().len() <= 2, "seed {seed}, day {day}: {} tokens", sim.tokens().len());
        issued += u32::from(now != read);
        read = now;
        // A failed run is repeated on the next day. After a success, the next run is at most `EVERY + OVERLAP` days
        // later.
        next = if done { random(EVERY + OVERLAP) + 1 } else { 1 };
    }
    assert!(issued >= 8, "seed {seed}: {issued} values in a year");
    let left = Provider::start(&sim).await.destroy(TOKEN, object.unwrap()).await;
    assert!(!left.has_error(), "{left:?}");
    assert_eq!(sim.tokens(), Vec::<Json>::new(), "seed {seed}: a token is left");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daily_reader_is_never_refused_in_years_of_random_applies() {
    for seed in 0..4 {
        years(seed).await;
    }
}
