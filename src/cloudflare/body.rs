//! The bodies of creates and updates, with the API's rules on what may, must and must not be in them.

use serde::{Serialize, Serializer, ser::Error as _};
use time::OffsetDateTime;

use super::types::{Condition, RequestIp, Token, TokenPolicy, wire_timestamp};

/// The body of a create. It has no status, because the API takes none, and no policy ids. It has neither a null nor an
/// empty condition, because either would lock the token out.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NewToken {
    /// 1 to 120 characters.
    pub name: String,
    /// What the token may do.
    pub policies: Vec<TokenPolicy>,
    /// Where it can be used from. Empty sides are not sent, nor is a condition without any restriction.
    #[serde(skip_serializing_if = "asks_nothing", serialize_with = "without_empty_sides")]
    pub condition: Option<Condition>,
    /// When it stops working. Sent in UTC, in whole seconds.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "timestamp")]
    pub expires_on: Option<OffsetDateTime>,
    /// When it begins to work. Sent as `expires_on` is.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "timestamp")]
    pub not_before: Option<OffsetDateTime>,
}

/// The body of an update. The API keeps the old value of a field that is left out, so a field that should be cleared is
/// sent as an explicit `null`. No other field is sent as null: the API does not show a stored condition of `{}`, which
/// denies everything, and an unwanted null would open such a token.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TokenUpdate {
    /// 1 to 120 characters.
    pub name: String,
    /// `active` or `disabled`. `None` is left out, because the API refuses `null`. Leave it out only if the current status
    /// is neither (expired, revoked), so that nothing is enabled by accident.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// All of them: an update replaces the whole list.
    pub policies: Vec<TokenPolicy>,
    /// `None` leaves it out, `Some(None)` clears it. Sent unchanged, even if an empty one was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub condition: Option<Option<Condition>>,
    /// `None` leaves it out, `Some(None)` clears it.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "change_of_timestamp")]
    pub expires_on: Option<Option<OffsetDateTime>>,
    /// `None` leaves it out, `Some(None)` clears it.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "change_of_timestamp")]
    pub not_before: Option<Option<OffsetDateTime>>,
}

impl From<&Token> for TokenUpdate {
    /// The update that changes nothing, as a start for edits.
    fn from(token: &Token) -> Self {
        Self {
            name: token.name.clone(),
            status: matches!(token.status.as_str(), "active" | "disabled").then(|| token.status.clone()),
            policies: token.policies.clone(),
            condition: token.condition.clone().map(Some),
            expires_on: token.expires_on.map(Some),
            not_before: token.not_before.map(Some),
        }
    }
}

fn trimmed(condition: &Option<Condition>) -> Option<Condition> {
    let Condition { request_ip, other } = condition.clone()?;
    let trimmed = Condition { request_ip: request_ip.map(RequestIp::trimmed), other };
    (!trimmed.is_empty()).then_some(trimmed)
}

fn asks_nothing(condition: &Option<Condition>) -> bool {
    trimmed(condition).is_none()
}

fn without_empty_sides<S: Serializer>(
    condition: &Option<Condition>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    trimmed(condition).serialize(serializer)
}

fn timestamp<S: Serializer>(at: &Option<OffsetDateTime>, serializer: S) -> Result<S::Ok, S::Error> {
    match at {
        None => serializer.serialize_none(),
        Some(at) => match wire_timestamp(*at) {
            Some(text) => serializer.serialize_str(&text),
            None => Err(S::Error::custom("a timestamp outside the years 0 to 9999")),
        },
    }
}

fn change_of_timestamp<S: Serializer>(
    change: &Option<Option<OffsetDateTime>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    timestamp(&change.flatten(), serializer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn new_token() -> NewToken {
        NewToken { name: "n".into(), policies: vec![], condition: None, expires_on: None, not_before: None }
    }

    #[test]
    fn a_create_leaves_out_what_is_not_set_and_an_empty_condition() {
        let mut body = new_token();
        assert_eq!(serde_json::to_value(&body).unwrap(), json!({"name": "n", "policies": []}));
        let sides = |allowed, denied| {
            let request_ip = Some(RequestIp { allowed, denied, other: Default::default() });
            Some(Condition { request_ip, other: Default::default() })
        };
        for nothing in [sides(None, None), sides(Some(vec![]), None)] {
            body.condition = nothing;
            assert_eq!(serde_json::to_value(&body).unwrap(), json!({"name": "n", "policies": []}));
        }
        body.condition = sides(Some(vec![]), Some(vec!["192.0.2.1".into()]));
        let sent = serde_json::to_value(&body).unwrap();
        assert_eq!(sent["condition"], json!({"request_ip": {"not_in": ["192.0.2.1"]}}));
    }

    #[test]
    fn an_update_spells_out_what_it_clears_and_nothing_else_is_null() {
        let token: Token =
            serde_json::from_value(json!({"id": "a", "name": "n", "status": "expired", "policies": []}))
                .unwrap();
        let mut body = TokenUpdate::from(&token);
        assert_eq!(serde_json::to_value(&body).unwrap(), json!({"name": "n", "policies": []}));
        (body.condition, body.expires_on, body.not_before) = (Some(None), Some(None), Some(None));
        assert_eq!(
            serde_json::to_value(&body).unwrap(),
            json!({"name": "n", "policies": [], "condition": null, "expires_on": null, "not_before": null})
        );
    }

    #[test]
    fn an_empty_condition_that_was_read_is_sent_back_and_does_not_become_none() {
        for condition in [json!({}), json!({"request_ip": {}}), json!({"request_ip": {"in": []}})] {
            let token = json!({"id": "a", "name": "n", "policies": [], "condition": condition});
            let token: Token = serde_json::from_value(token).unwrap();
            let body = serde_json::to_value(TokenUpdate::from(&token)).unwrap();
            assert_eq!(body["condition"], condition);
        }
    }

    #[test]
    fn an_update_made_from_a_token_carries_all_that_the_token_has() {
        let token: Token = serde_json::from_value(json!({
            "id": "a", "name": "n", "status": "disabled", "expires_on": "2027-01-01T00:00:00Z",
            "condition": {"request.ip": {"not_in": ["192.0.2.1"]}},
            "policies": [{"id": "p", "effect": "deny", "permission_groups": [{"id": "g"}], "resources": {"r": "*"}}]
        }))
        .unwrap();
        assert_eq!(
            serde_json::to_value(TokenUpdate::from(&token)).unwrap(),
            json!({
                "name": "n", "status": "disabled", "expires_on": "2027-01-01T00:00:00Z",
                "condition": {"request_ip": {"not_in": ["192.0.2.1"]}},
                "policies": [{"effect": "deny", "permission_groups": [{"id": "g"}], "resources": {"r": "*"}}]
            })
        );
    }
}
