//! Reads the bodies of token requests as strictly as the API does. The module `policies` reads the policies.

use std::net::IpAddr;

use ipnet::IpNet;
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::envelope::Refusal;
use super::options::{CreateStatus, Readings};

/// A field of a JSON body, which can be absent, null, or set.
pub enum Field<T> {
    /// Not in the body.
    Omitted,
    /// Null.
    Null,
    /// A value.
    Given(T),
}

/// `condition.request_ip`. An absent list and an empty list are different.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// The addresses that may use the token.
    pub inside: Option<Vec<String>>,
    /// The addresses that may not use the token.
    pub outside: Option<Vec<String>>,
}

/// The body of a create or an update. Its policies are not read yet.
pub struct TokenBody {
    /// 1 to 120 characters.
    pub name: String,
    /// As sent.
    pub policies: Vec<Value>,
    /// As sent.
    pub condition: Field<Condition>,
    /// As sent.
    pub expires_on: Field<OffsetDateTime>,
    /// As sent.
    pub not_before: Field<OffsetDateTime>,
    /// `active` or `disabled`. A reading decides what a create does with it.
    pub status: Option<String>,
}

/// Reads a body as a JSON object.
///
/// # Errors
/// 400/6003 for a content type other than JSON, 400/6007 for anything that is not a JSON object.
pub fn object(content_type: Option<&str>, body: &[u8]) -> Result<Map<String, Value>, Refusal> {
    let json = content_type.and_then(|t| t.split(';').next()).is_some_and(|t| t.trim() == "application/json");
    if !json {
        return Err(Refusal::headers(
            6105,
            "Invalid Content-Type header, valid values are application/json,multipart/form-data",
        ));
    }
    match serde_json::from_slice(body) {
        Ok(Value::Object(object)) => Ok(object),
        _ => Err(Refusal::new(400, 6007, "Malformed JSON in request body")),
    }
}

/// Refuses fields that no document names.
///
/// # Errors
/// 400/1001, unless the reading `unknown_fields_refused` is off.
pub fn only(object: &Map<String, Value>, known: &[&str], readings: &Readings) -> Result<(), Refusal> {
    match object.keys().find(|key| !known.contains(&key.as_str())) {
        Some(key) if readings.unknown_fields_refused => {
            Err(Refusal::policy(format!("Unknown field {key}")).at(format!("/{key}")))
        }
        _ => Ok(()),
    }
}

impl TokenBody {
    /// Reads the body of a create, or of an update.
    ///
    /// # Errors
    /// 400 with the API's code and message for the first mistake.
    pub fn read(object: &Map<String, Value>, update: bool, readings: &Readings) -> Result<Self, Refusal> {
        let known = ["name", "policies", "condition", "expires_on", "not_before", "status"];
        let takes_status = update || readings.create_status != CreateStatus::Refused;
        only(object, if takes_status { &known } else { &known[..5] }, readings)?;
        Ok(Self {
            name: name(object.get("name"))?,
            policies: match object.get("policies") {
                Some(Value::Array(policies)) => policies.clone(),
                _ => return Err(Refusal::policy("policies must be an array").at("/policies")),
            },
            condition: field(object, "condition", |value| Condition::read(value, readings))?,
            expires_on: field(object, "expires_on", |value| time(value, "expires_on", readings))?,
            not_before: field(object, "not_before", |value| time(value, "not_before", readings))?,
            status: status(object.get("status"), update && readings.status_required)?,
        })
    }
}

fn field<T>(
    object: &Map<String, Value>,
    key: &str,
    read: impl FnOnce(&Value) -> Result<T, Refusal>,
) -> Result<Field<T>, Refusal> {
    match object.get(key) {
        None => Ok(Field::Omitted),
        Some(Value::Null) => Ok(Field::Null),
        Some(value) => read(value).map(Field::Given),
    }
}

fn name(value: Option<&Value>) -> Result<String, Refusal> {
    match value {
        Some(Value::String(name)) if (1..=120).contains(&name.chars().count()) => Ok(name.clone()),
        _ => {
            Err(Refusal::new(400, 400, "Token name must have a length between 1 and 120 characters")
                .at("/name"))
        }
    }
}

fn status(value: Option<&Value>, required: bool) -> Result<Option<String>, Refusal> {
    match value {
        None if !required => Ok(None),
        Some(Value::String(status)) if status == "active" || status == "disabled" => Ok(Some(status.clone())),
        _ => Err(Refusal::policy("status must be one of active, disabled").at("/status")),
    }
}

fn time(value: &Value, key: &str, readings: &Readings) -> Result<OffsetDateTime, Refusal> {
    let text = value.as_str().unwrap_or_default();
    let plain = text.len() == 20 && text.ends_with('Z');
    let parsed = OffsetDateTime::parse(text, &Rfc3339).ok();
    parsed.filter(|_| plain || !readings.utc_seconds_only).ok_or_else(|| {
        Refusal::policy(format!("{key} must be a time such as 2006-01-02T15:04:05Z")).at(format!("/{key}"))
    })
}

impl Condition {
    /// Reads `condition`, under its current key or the older one.
    ///
    /// # Errors
    /// 400/1001 for an unknown key, or for a value that is neither an address nor a CIDR.
    pub fn read(value: &Value, readings: &Readings) -> Result<Self, Refusal> {
        let invalid = || Refusal::policy("Invalid condition").at("/condition");
        let object = value.as_object().ok_or_else(invalid)?;
        only(object, &["request_ip", "request.ip"], readings)?;
        let Some(ip) = object.get("request_ip").or_else(|| object.get("request.ip")) else {
            return Ok(Self { inside: None, outside: None });
        };
        let ip = ip.as_object().ok_or_else(invalid)?;
        only(ip, &["in", "not_in"], readings)?;
        let side = |key: &str| match ip.get(key) {
            None => Ok(None),
            Some(Value::Array(items)) => {
                items.iter().map(|i| address(i, readings)).collect::<Result<_, _>>().map(Some)
            }
            Some(_) => Err(invalid()),
        };
        Ok(Self { inside: side("in")?, outside: side("not_in")? })
    }

    /// Writes the condition as the API shows it. The API does not show an empty condition.
    pub fn show(&self, readings: &Readings) -> Option<Value> {
        let mut ip = Map::new();
        for (key, side) in [("in", &self.inside), ("not_in", &self.outside)] {
            if let Some(side) = side.as_ref().filter(|side| !side.is_empty()) {
                ip.insert(key.to_owned(), json!(side));
            }
        }
        let key = if readings.legacy_condition_key { "request.ip" } else { "request_ip" };
        (!ip.is_empty()).then(|| json!({key: ip}))
    }

    /// Whether a caller from this address may use the token. `not_in` is checked before `in`. An empty `in` admits
    /// nobody, and neither does a condition without addresses.
    pub fn admits(&self, caller: IpAddr) -> bool {
        let holds = |side: &[String]| side.iter().filter_map(|a| network(a)).any(|net| net.contains(&caller));
        if self.outside.as_deref().is_some_and(holds) {
            return false;
        }
        match &self.inside {
            Some(inside) => holds(inside),
            None => self.outside.as_ref().is_some_and(|outside| !outside.is_empty()),
        }
    }
}

fn address(value: &Value, readings: &Readings) -> Result<String, Refusal> {
    let text = value.as_str().unwrap_or_default();
    let net = network(text)
        .ok_or_else(|| Refusal::policy("Invalid IP address or CIDR").at("/condition/request_ip"))?;
    Ok(if readings.cidr_normalised { net.trunc().to_string() } else { text.to_owned() })
}

fn network(text: &str) -> Option<IpNet> {
    text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}
