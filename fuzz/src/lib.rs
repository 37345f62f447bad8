//! What fuzzing runs: a function per kind of input, from its bytes to an assertion.
//!
//! All of them go through the plugin's RPCs, as Terraform's requests do, to a provider in this process whose API is a server
//! on loopback. An RPC may refuse its input. It must not panic, and no answer may show the provider's credential.
//!
//! The same functions run over the corpus as ordinary tests (`tests/it/fuzzing.rs`).

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a harness that cannot run ends")]
#![allow(unreachable_pub, dead_code, reason = "a crate for the fuzzer, and a module for the tests")]

mod harness;
mod request;

use harness::Harness;
use request::{Request, json};

/// What runs over an input.
pub type Target = fn(&[u8]);

/// The corpus's folders, and what runs over each.
pub const TARGETS: [(&str, Target); 7] = [
    ("rpc", rpc),
    ("messagepack", messagepack),
    ("stored_state", stored_state),
    ("api_answers", api_answers),
    ("import_ids", import_ids),
    ("durations", durations),
    ("cidrs", cidrs),
];

const TOKEN: &str = "cloudflare_account_api_token";

/// The types that an input's first byte chooses from.
const RESOURCES: [&str; 4] =
    [TOKEN, "cloudflare_token_binding", "cloudflare_workers_secret", "cloudflare_workers_secrets"];

/// A request as it comes from the wire: the first byte chooses the RPC, the rest is the message.
pub fn rpc(data: &[u8]) {
    let Some((first, message)) = data.split_first() else { return };
    let methods = request::methods();
    Harness::get().call(methods[usize::from(*first) % methods.len()], message.to_vec());
}

/// A resource's configuration in MessagePack, validated and planned as new.
pub fn messagepack(data: &[u8]) {
    let Some((first, value)) = data.split_first() else { return };
    let name = RESOURCES[usize::from(*first) % RESOURCES.len()];
    let config = request::messagepack(value);
    let null = request::messagepack(&[0xc0]);
    let harness = Harness::get();
    harness.call("ValidateResourceConfig", Request::new().text(1, name).bytes(2, &config).end());
    let plan = Request::new().text(1, name).bytes(2, &null).bytes(3, &config).bytes(4, &config).end();
    harness.call("PlanResourceChange", plan);
}

/// A resource's state as Terraform stored it, in JSON.
pub fn stored_state(data: &[u8]) {
    let Some((first, state)) = data.split_first() else { return };
    let name = RESOURCES[usize::from(*first) % RESOURCES.len()];
    let raw = Request::new().bytes(1, state).end();
    Harness::get().call("UpgradeResourceState", Request::new().text(1, name).bytes(3, &raw).end());
}

/// An answer of the API, whatever was asked: the first byte chooses the status, the rest is the body.
pub fn api_answers(data: &[u8]) {
    const STATUSES: [u16; 10] = [200, 200, 201, 400, 401, 403, 404, 409, 500, 502];
    let Some((first, body)) = data.split_first() else { return };
    let harness = Harness::get();
    harness.answer(STATUSES[usize::from(*first) % STATUSES.len()], body);
    let id = harness.new_id();
    for (source, config) in [
        (TOKEN, serde_json::json!({"token_id": id})),
        ("cloudflare_account_api_tokens", serde_json::json!({})),
        ("cloudflare_api_token_permission_groups", serde_json::json!({})),
    ] {
        harness.call("ReadDataSource", Request::new().text(1, source).bytes(2, &json(&config)).end());
    }
    let state = json(&serde_json::json!({"id": id, "account_id": harness::ACCOUNT, "name": "fuzz"}));
    harness.call("ReadResource", Request::new().text(1, TOKEN).bytes(2, &state).end());
}

/// The id of an import, for each resource.
pub fn import_ids(data: &[u8]) {
    let Ok(id) = std::str::from_utf8(data) else { return };
    let harness = Harness::get();
    harness
        .answer(403, br#"{"success":false,"errors":[{"code":9109,"message":"Unauthorized"}],"result":null}"#);
    for name in RESOURCES {
        harness.call("ImportResourceState", Request::new().text(1, name).text(2, id).end());
    }
}

/// A duration in a configuration.
pub fn durations(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    validate(&serde_json::json!({"expires_in": text, "rotation": {"every": text}}));
}

/// An address or a range in a configuration.
pub fn cidrs(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    validate(&serde_json::json!({"condition": {"request_ip": {"in": [text], "not_in": [text]}}}));
}

/// Validates a configuration of a token: the answer, in which there is a diagnostic for each fault.
pub fn validate(config: &serde_json::Value) -> Vec<u8> {
    let request = Request::new().text(1, TOKEN).bytes(2, &json(config)).end();
    Harness::get().call("ValidateResourceConfig", request)
}
