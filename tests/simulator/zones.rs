//! Zones and their DNS records. They are just complete enough to show whether a token's rights on a zone work.

use serde_json::{Value, json};

use super::body;
use super::envelope::{Answer, Refusal, Reply};
use super::resources::Resource;
use super::rights::Area;
use super::routes::Call;
use super::state::{State, Zone, new_id, stamp};

fn show(zone: &Zone) -> Value {
    json!({"id": zone.id, "name": zone.name, "status": "active", "account": {"id": zone.account}})
}

fn zone<'a>(
    state: &'a mut State,
    call: &Call,
    area: Area,
    id: &str,
    write: bool,
) -> Result<&'a mut Zone, Refusal> {
    if !area.granted(state, &call.caller, write, &Resource::Zone(id.to_owned())) {
        return Err(Refusal::authentication());
    }
    state.zone(id).ok_or_else(Refusal::authentication)
}

fn listed(items: Vec<Value>) -> Reply {
    let info = json!({"count": items.len(), "page": 1, "per_page": 100, "total_count": items.len(), "total_pages": 1});
    Reply::ok(Value::Array(items)).with_info(info)
}

/// `GET /zones` lists the zones that the caller may read.
pub fn list(state: &State, call: &Call) -> Answer {
    let readable =
        |zone: &&Zone| Area::Zone.granted(state, &call.caller, false, &Resource::Zone(zone.id.clone()));
    Ok(listed(state.zones.iter().filter(readable).map(show).collect()))
}

/// `GET /zones/{z}`
pub fn get(state: &mut State, call: &Call, id: &str) -> Answer {
    Ok(Reply::ok(show(zone(state, call, Area::Zone, id, false)?)))
}

/// `GET /zones/{z}/dns_records`
pub fn records(state: &mut State, call: &Call, id: &str) -> Answer {
    Ok(listed(zone(state, call, Area::Dns, id, false)?.records.values().cloned().collect()))
}

/// `POST /zones/{z}/dns_records`
pub fn add_record(state: &mut State, call: &Call, id: &str) -> Answer {
    let now = stamp(state.now());
    let zone = zone(state, call, Area::Dns, id, true)?;
    let mut record = body::object(call.content_type, call.body)?;
    if let Some(key) =
        ["type", "name", "content"].into_iter().find(|key| !record.get(*key).is_some_and(Value::is_string))
    {
        return Err(Refusal::new(400, 1004, "DNS Validation Error").at(format!("/{key}")));
    }
    let record_id = new_id();
    record.insert("id".to_owned(), json!(record_id));
    record.insert("created_on".to_owned(), json!(now));
    record.insert("modified_on".to_owned(), json!(now));
    zone.records.insert(record_id, Value::Object(record.clone()));
    Ok(Reply::ok(Value::Object(record)))
}

/// `DELETE /zones/{z}/dns_records/{id}`
pub fn remove_record(state: &mut State, call: &Call, id: &str, record: &str) -> Answer {
    let zone = zone(state, call, Area::Dns, id, true)?;
    zone.records.remove(record).ok_or_else(|| Refusal::new(404, 81044, "Record does not exist."))?;
    Ok(Reply::ok(json!({"id": record})))
}
