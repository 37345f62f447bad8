//! `/__sim/…`, on the same listener: what tests that are not in Rust need. Served only where the options say so.
//!
//! | | |
//! |---|---|
//! | `GET state` | tokens as the API shows them, scripts with the names of their secrets, tunnels; no values |
//! | `GET requests`, `DELETE requests` | the log; empties it |
//! | `POST clock {"advance_seconds": n}` | moves the simulated clock ahead |
//! | `POST faults {"kind", "method", "path", "skip", "times"}` | arms a fault: `reset_before`, `reset_after`, `truncated`, `rate_limited`, `html`, `server_error`, `hang`, `stale` |
//! | `DELETE faults` | disarms all |

use std::time::Duration;

use serde_json::{Value, json};

use super::Shared;
use super::envelope::{Refusal, Reply};
use super::faults::{Effect, Fault, FaultKind};

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
    let kind = match body["kind"].as_str()? {
        "reset_before" => FaultKind::Reset(Effect::None),
        "reset_after" => FaultKind::Reset(Effect::Done),
        "truncated" => FaultKind::Truncated,
        "rate_limited" => FaultKind::RateLimited(Some("1".to_owned())),
        "html" => FaultKind::Html(502, Effect::None),
        "server_error" => FaultKind::Api(500, 10000, "Internal server error", Effect::None),
        "hang" => FaultKind::Hang(Effect::None),
        "stale" => FaultKind::Stale,
        _ => return None,
    };
    let count = |key: &str, default| {
        body[key].as_u64().and_then(|count| usize::try_from(count).ok()).unwrap_or(default)
    };
    let fault = Fault::new(kind).skip(count("skip", 0)).times(count("times", 1));
    let fault = match body["method"].as_str() {
        Some(method) => fault.method(method),
        None => fault,
    };
    Some(fault.path(body["path"].as_str().unwrap_or("**")))
}
