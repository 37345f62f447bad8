//! The routes below `/__sim/`, on the simulator's own port, for tests that are not written in Rust. They work only if
//! the option `admin` is on.
//!
//! | | |
//! |---|---|
//! | `GET state` | tokens as the API shows them, scripts with the names of their secrets, tunnels; no values |
//! | `GET requests`, `DELETE requests` | returns the request log; empties it |
//! | `POST clock {"advance_seconds": n}` | moves the simulated clock ahead |
//! | `POST waits {"latency_ms", "read_lag_ms"}` | sets the latency of requests, the lag of token reads, or both |
//! | `POST faults {"kind", …, "effect", "method", "path", "skip", "times"}` | arms a fault |
//! | `DELETE faults` | disarms all faults |
//!
//! `kind` is one of `latency_before` and `latency_after` (with `ms`), `rate_limited` (`retry_after`), `api`
//! (`status`, `code`), `json` (`status`, `body`), `html` (`status`), `reset`, `hang`, `truncated`, `wrong_types`,
//! `stale`, `sticky` (`group`, `lies`), `edited` (`at` and `to`; without `to`, the value at that path is removed).
//! `effect` is `none`, `done`, or a delay in milliseconds after which the request takes effect.

use std::time::Duration;

use serde_json::{Value, json};

use super::Shared;
use super::envelope::{Refusal, Reply};
use super::faults::{Effect, Fault, FaultKind, Sticky};

/// Answers an admin request.
pub fn answer(shared: &Shared, method: &str, path: &str, body: &[u8]) -> Reply {
    if !shared.state().options.admin {
        return Refusal::new(404, 7000, "No route for that URI").into();
    }
    let body: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
    match (method, path) {
        ("GET", "state") => Reply::ok(state(shared)),
        ("GET", "requests") => Reply::ok(requests(shared)),
        ("DELETE", "requests") => {
            shared.log().reset();
            Reply::ok(Value::Null)
        }
        ("POST", "clock") => match body["advance_seconds"].as_u64() {
            Some(seconds) => {
                shared.state().clock_offset += Duration::from_secs(seconds);
                Reply::ok(Value::Null)
            }
            None => Refusal::policy("advance_seconds must be a number").into(),
        },
        ("POST", "waits") => {
            let wait = |key: &str| body[key].as_u64().map(Duration::from_millis);
            let mut state = shared.state();
            state.options.latency = wait("latency_ms").unwrap_or(state.options.latency);
            state.options.read_lag = wait("read_lag_ms").unwrap_or(state.options.read_lag);
            Reply::ok(Value::Null)
        }
        ("POST", "faults") => match fault(&body) {
            Some(fault) => {
                shared.faults().add(fault);
                Reply::ok(Value::Null)
            }
            None => Refusal::policy("no such kind of fault").into(),
        },
        ("DELETE", "faults") => {
            shared.faults().clear();
            Reply::ok(Value::Null)
        }
        _ => Refusal::new(404, 7000, "No route for that URI").into(),
    }
}

fn state(shared: &Shared) -> Value {
    let state = shared.state();
    let tokens: Vec<Value> = state.tokens.iter().map(|token| state.show(token)).collect();
    let account = &state.accounts[0];
    let scripts: Vec<Value> = account
        .scripts
        .iter()
        .map(|(name, script)| json!({"name": name, "secrets": script.secrets.keys().collect::<Vec<_>>()}))
        .collect();
    let tunnels: Vec<Value> = account
        .tunnels
        .iter()
        .map(|tunnel| json!({"id": tunnel.id, "name": tunnel.name, "deleted_at": tunnel.deleted_at}))
        .collect();
    json!({"tokens": tokens, "scripts": scripts, "tunnels": tunnels})
}

fn requests(shared: &Shared) -> Value {
    let entries = shared.log().entries();
    let show = |entry: &super::Entry| {
        json!({
            "method": entry.method,
            "path": entry.path,
            "query": entry.query,
            "status": entry.status,
            "caller": entry.caller,
            "faulted": entry.faulted,
        })
    };
    entries.iter().map(show).collect()
}

fn fault(body: &Value) -> Option<Fault> {
    let fault = Fault::new(kind(body)?).skip(count(body, "skip", 0)?).times(count(body, "times", 1)?);
    let fault = match body["method"].as_str() {
        Some(method) => fault.method(method),
        None => fault,
    };
    Some(fault.path(body["path"].as_str().unwrap_or("**")))
}

fn kind(body: &Value) -> Option<FaultKind> {
    let text = |key: &str| body[key].as_str().map(str::to_owned);
    let wait = || body["ms"].as_u64().map(Duration::from_millis);
    let effect = match &body["effect"] {
        Value::Null => Effect::None,
        Value::Number(ms) => Effect::Later(Duration::from_millis(ms.as_u64()?)),
        Value::String(effect) if effect == "none" => Effect::None,
        Value::String(effect) if effect == "done" => Effect::Done,
        _ => return None,
    };
    let status = |default| count(body, "status", default);
    Some(match body["kind"].as_str()? {
        "latency_before" => FaultKind::LatencyBefore(wait()?),
        "latency_after" => FaultKind::LatencyAfter(wait()?),
        "rate_limited" => FaultKind::RateLimited(Some(text("retry_after").unwrap_or_else(|| "1".to_owned()))),
        "api" => FaultKind::Api(status(500)?, count(body, "code", 10000)?, "A fault on demand", effect),
        "json" => FaultKind::Json(status(200)?, body["body"].clone(), effect),
        "html" => FaultKind::Html(status(502)?, effect),
        "reset" => FaultKind::Reset(effect),
        "hang" => FaultKind::Hang(effect),
        "truncated" => FaultKind::Truncated,
        "wrong_types" => FaultKind::WrongTypes,
        "stale" => FaultKind::Stale,
        "sticky" => {
            let lies = body["lies"].as_bool().unwrap_or(false);
            FaultKind::Sticky(Sticky { group: text("group"), lies })
        }
        "edited" => FaultKind::Edited(text("at")?, body.get("to").cloned()),
        _ => return None,
    })
}

/// Reads a number from the body, or returns the default if the body has none.
fn count<T: TryFrom<u64>>(body: &Value, key: &str, default: T) -> Option<T> {
    match &body[key] {
        Value::Null => Some(default),
        number => number.as_u64().and_then(|number| T::try_from(number).ok()),
    }
}
