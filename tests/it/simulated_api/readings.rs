//! The readings, for behaviour of Cloudflare that is not known. Each reading changes what it names.

use serde_json::{Value, json};

use super::{Client, Seen};
use crate::simulator::Readings;

/// Creates a token under a reading given as on the command line. Then updates it with only its policies.
async fn made_and_put(reading: &str) -> (Seen, Seen) {
    let (name, value) = reading.split_once('=').expect("NAME=VALUE");
    let api = Client::reading(|readings| readings.set(name, value).expect("a reading")).await;
    let mut body = json!({
        "name": "t",
        "policies": [api.policy(&["Workers Scripts Read"])],
        "condition": {"request_ip": {"in": ["192.0.2.77/24"]}},
        "expires_on": "2999-01-01T00:00:00Z",
    });
    let made = api.root("POST", "TOKENS", Some(&body)).await;
    for key in ["condition", "expires_on"] {
        body.as_object_mut().and_then(|body| body.remove(key));
    }
    let path = format!("TOKENS/{}", made.result()["id"].as_str().unwrap_or_default());
    let put = api.root("PUT", &path, Some(&body)).await;
    (made, put)
}

#[tokio::test]
async fn each_reading_of_an_answer_changes_what_it_names() {
    let policy_id = |seen: &Seen| seen.result()["policies"][0]["id"].clone();
    let (made, put) = made_and_put("policy_ids_stable=true").await;
    assert_eq!(policy_id(&made), policy_id(&put));
    let (made, put) = made_and_put("policy_ids_stable=false").await;
    assert_ne!(policy_id(&made), policy_id(&put));

    let (made, _) = made_and_put("cidr_normalised=true").await;
    assert_eq!(made.result()["condition"]["request_ip"]["in"], json!(["192.0.2.0/24"]));
    let (made, _) = made_and_put("cidr_normalised=false").await;
    assert_eq!(made.result()["condition"]["request_ip"]["in"], json!(["192.0.2.77/24"]));

    let (made, put) = made_and_put("unset_is_null=true").await;
    assert_eq!(
        (made.result().get("not_before"), put.result().get("not_before")),
        (Some(&Value::Null), Some(&Value::Null))
    );
    let (made, put) = made_and_put("unset_is_null_on_create=true").await;
    assert_eq!((made.result().get("not_before"), put.result().get("not_before")), (Some(&Value::Null), None));

    let (made, _) = made_and_put("legacy_condition_key=true").await;
    assert!(made.result()["condition"]["request.ip"].is_object());

    let (_, put) = made_and_put("omitted_kept=false").await;
    assert_eq!((put.result().get("expires_on"), put.result().get("condition")), (None, None));

    let (_, put) = made_and_put("status_required=true").await;
    assert_eq!(put.code(), (400, 1001));
}

#[tokio::test]
async fn each_reading_of_a_request_refuses_or_takes_what_it_names() {
    for (reading, body, expected) in [
        ("empty_policies_accepted=true", json!({"name": "t", "policies": []}), 200),
        ("empty_policies_accepted=false", json!({"name": "t", "policies": []}), 400),
        ("unknown_fields_refused=false", json!({"name": "t", "policies": [], "note": 1}), 200),
        (
            "utc_seconds_only=false",
            json!({"name": "t", "policies": [], "expires_on": "2999-01-01T00:00:00.5+01:00"}),
            200,
        ),
    ] {
        let (name, value) = reading.split_once('=').expect("NAME=VALUE");
        let api = Client::reading(|readings| readings.set(name, value).expect("a reading")).await;
        assert_eq!(api.root("POST", "TOKENS", Some(&body)).await.status, expected, "{reading}");
    }
    let api = Client::reading(|readings| readings.total_pages = true).await;
    assert_eq!(api.root("GET", "TOKENS", None).await.body["result_info"]["total_pages"], 1);
}

#[tokio::test]
async fn a_create_with_a_status_is_refused_or_ignores_or_honours_it() {
    for (reading, expected) in
        [("refused", Err((400, 1001))), ("ignored", Ok("active")), ("honoured", Ok("disabled"))]
    {
        let api =
            Client::reading(|readings| readings.set("create_status", reading).expect("a reading")).await;
        let body = json!({"name": "t", "policies": [], "status": "disabled"});
        let made = api.root("POST", "TOKENS", Some(&body)).await;
        match expected {
            Err(code) => assert_eq!(made.code(), code),
            Ok(status) => assert_eq!(made.result()["status"], status),
        }
    }
}

#[tokio::test]
async fn an_expired_token_is_updated_only_to_an_end_in_the_future() {
    let api = Client::start().await;
    let (id, _) = api.mint(&["D1 Read"]);
    let path = format!("TOKENS/{id}");
    api.sim.expire(&id);
    let mut body = json!({"name": "t", "policies": [], "expires_on": "2026-01-01T00:00:00Z"});
    let refused = api.root("PUT", &path, Some(&body)).await;
    assert_eq!((refused.code(), refused.message()), ((400, 1001), "expires_on must be in the future"));
    assert_eq!(api.root("POST", "TOKENS", Some(&body)).await.code(), (400, 1001));
    assert!(!api.sim.policies(&id).is_empty(), "nothing was changed");
    body["expires_on"] = Value::Null;
    assert_eq!(api.root("PUT", &path, Some(&body)).await.result()["status"], "active");

    let lax = Client::reading(|readings| readings.past_expiry_refused = false).await;
    let (id, _) = lax.mint(&["D1 Read"]);
    body["expires_on"] = json!("2026-01-01T00:00:00Z");
    let put = lax.root("PUT", &format!("TOKENS/{id}"), Some(&body)).await;
    assert_eq!((&put.result()["status"], &put.result()["policies"]), (&json!("expired"), &json!([])));
}

#[tokio::test]
async fn a_list_is_filtered_by_the_whole_name_or_a_part_of_it() {
    for (exact, expected) in [(true, 1), (false, 2)] {
        let api = Client::reading(|readings| readings.list_name_exact = exact).await;
        for name in ["ci", "ci-2", "other"] {
            api.sim.mint(&json!({"name": name, "policies": []}));
        }
        let list = api.root("GET", "TOKENS?name=ci", None).await;
        assert_eq!(list.result().as_array().map(Vec::len), Some(expected));
    }
}

#[test]
fn a_reading_that_is_not_there_is_named() {
    let mut readings = Readings::default();
    assert_eq!(
        readings.set("condition_nul_clears", "true"),
        Err("no reading is called condition_nul_clears".to_owned())
    );
    assert!(readings.set("create_status", "half").is_err_and(|problem| problem.contains("honoured")));
    assert!(readings.set("creator_cap", "half").is_err_and(|problem| problem.contains("specific_zones")));
    assert!(readings.set("list_self", "yes").is_err_and(|problem| problem.contains("true or false")));
}
