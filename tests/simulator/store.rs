//! The Secrets Store of an account. The API accepts values but never returns them.

use serde_json::{Value, json};

use super::body;
use super::envelope::{Answer, Refusal, Reply};
use super::resources::Resource;
use super::rights::Area;
use super::routes::Call;
use super::state::{State, new_id, stamp};

/// The maximum size of a value, in bytes.
const VALUE_LIMIT: usize = 64 * 1024;
/// The services that may use a secret.
const SCOPES: [&str; 4] = ["access", "ai_gateway", "dex", "workers"];

/// A store.
#[derive(Clone)]
pub struct Store {
    /// 32 hex digits.
    pub id: String,
    /// The name of the store.
    pub name: String,
    /// The secrets in order of creation.
    pub secrets: Vec<Secret>,
}

impl Store {
    /// An empty store.
    pub fn new(name: &str) -> Self {
        Self { id: new_id(), name: name.to_owned(), secrets: Vec::new() }
    }
}

/// A secret of a store. It has no `Debug`, because it contains the value.
#[derive(Clone)]
pub struct Secret {
    /// 32 hex digits.
    pub id: String,
    /// The name, which is unique in the store.
    pub name: String,
    /// The scopes, sorted.
    pub scopes: Vec<String>,
    /// A free text about the secret.
    pub comment: Option<String>,
    /// The secret value.
    pub value: String,
    /// RFC 3339.
    pub created: String,
    /// RFC 3339.
    pub modified: String,
    /// How many more reads report that the secret is not active yet.
    pub pending: u32,
}

impl Secret {
    fn show(&self, store: &str) -> Value {
        json!({
            "id": self.id, "store_id": store, "name": self.name, "scopes": self.scopes, "comment": self.comment,
            "created": self.created, "modified": self.modified,
            "status": if self.pending > 0 { "pending" } else { "active" },
        })
    }

    /// Sets the fields that the body has.
    fn set(&mut self, object: &serde_json::Map<String, Value>) -> Result<(), Refusal> {
        if let Some(value) = object.get("value") {
            let value = value.as_str().ok_or_else(|| invalid("value"))?;
            if value.len() > VALUE_LIMIT {
                return Err(Refusal::new(400, 1007, "The value of the secret is too large."));
            }
            self.value = value.to_owned();
        }
        if let Some(scopes) = object.get("scopes") {
            let scopes = scopes.as_array().ok_or_else(|| invalid("scopes"))?.iter().map(Value::as_str);
            let known = |scope: Option<&str>| scope.filter(|s| SCOPES.contains(s)).map(str::to_owned);
            self.scopes = scopes.map(known).collect::<Option<_>>().ok_or_else(|| invalid("scopes"))?;
            self.scopes.sort();
            self.scopes.dedup();
        }
        if let Some(comment) = object.get("comment") {
            let text = comment.as_str().ok_or_else(|| invalid("comment"))?;
            self.comment = Some(text.to_owned()).filter(|text| !text.is_empty());
        }
        Ok(())
    }
}

fn invalid(field: &str) -> Refusal {
    Refusal::new(400, 1001, format!("{field} is invalid")).at(format!("/{field}"))
}

fn stores<'a>(
    state: &'a mut State,
    call: &Call,
    account: &str,
    write: bool,
) -> Result<&'a mut Vec<Store>, Refusal> {
    if !Area::Store.granted(state, &call.caller, write, &Resource::Account(account.to_owned())) {
        return Err(Refusal::authentication());
    }
    state.account(account).map(|account| &mut account.stores).ok_or_else(Refusal::authentication)
}

fn store<'a>(
    state: &'a mut State,
    call: &Call,
    account: &str,
    id: &str,
    write: bool,
) -> Result<&'a mut Store, Refusal> {
    let found = stores(state, call, account, write)?.iter_mut().find(|store| store.id == id);
    found.ok_or_else(|| Refusal::new(404, 1002, "store not found"))
}

fn secret<'a>(store: &'a mut Store, id: &str) -> Result<&'a mut Secret, Refusal> {
    let found = store.secrets.iter_mut().find(|secret| secret.id == id);
    found.ok_or_else(|| Refusal::new(404, 1004, "secret not found"))
}

fn paged(call: &Call, all: Vec<Value>) -> Answer {
    let page = call.number("page", 1, 1..=usize::MAX)?;
    let per_page = call.number("per_page", 20, 5..=100)?;
    let total = all.len();
    let shown: Vec<Value> =
        all.into_iter().skip((page - 1).saturating_mul(per_page)).take(per_page).collect();
    let info = json!({"count": shown.len(), "page": page, "per_page": per_page, "total_count": total});
    Ok(Reply::ok(Value::Array(shown)).with_info(info))
}

/// `GET …/secrets_store/stores`
pub fn list(state: &mut State, call: &Call, account: &str) -> Answer {
    let stores = stores(state, call, account, false)?;
    let shown = stores.iter().map(|store| json!({"id": store.id, "name": store.name, "account_id": account}));
    paged(call, shown.collect())
}

/// `GET …/stores/{id}/secrets`. The filter `search` matches a part of the name.
pub fn secrets(state: &mut State, call: &Call, account: &str, id: &str) -> Answer {
    let store = store(state, call, account, id, false)?;
    let search = call.parameter("search").unwrap_or_default().to_lowercase();
    let found = store.secrets.iter().filter(|secret| secret.name.to_lowercase().contains(&search));
    paged(call, found.map(|secret| secret.show(id)).collect())
}

/// `POST …/stores/{id}/secrets` with an array. It creates all secrets or none.
pub fn create(state: &mut State, call: &Call, account: &str, id: &str) -> Answer {
    let readings = state.options.readings.clone();
    let now = stamp(state.now());
    let store = store(state, call, account, id, true)?;
    let body: Value = serde_json::from_slice(call.body).map_err(|_| invalid("body"))?;
    let mut made = Vec::new();
    for object in body.as_array().filter(|list| !list.is_empty()).ok_or_else(|| invalid("body"))? {
        let object = object.as_object().ok_or_else(|| invalid("body"))?;
        body::only(object, &["name", "value", "scopes", "comment"], &readings)?;
        let name = object.get("name").and_then(Value::as_str).filter(|name| !name.is_empty());
        let name = name.ok_or_else(|| invalid("name"))?.to_owned();
        let there = store.secrets.iter().chain(&made);
        if there.into_iter().any(|secret: &Secret| secret.name == name) {
            return Err(Refusal::new(409, 1005, "secret_name_already_exists"));
        }
        if !object.contains_key("value") || !object.contains_key("scopes") {
            return Err(invalid("value"));
        }
        let (created, modified) = (now.clone(), now.clone());
        let (scopes, comment, value) = Default::default();
        let mut secret = Secret { id: new_id(), name, scopes, comment, value, created, modified, pending: 2 };
        secret.set(object)?;
        made.push(secret);
    }
    let shown = made.iter().map(|secret| secret.show(id)).collect();
    store.secrets.extend(made);
    Ok(Reply::ok(shown))
}

/// `GET …/secrets/{id}`
pub fn get(state: &mut State, call: &Call, account: &str, id: &str, of: &str) -> Answer {
    let store = store(state, call, account, id, false)?;
    let secret = secret(store, of)?;
    secret.pending = secret.pending.saturating_sub(1);
    Ok(Reply::ok(secret.show(id)))
}

/// `PATCH …/secrets/{id}`
pub fn update(state: &mut State, call: &Call, account: &str, id: &str, of: &str) -> Answer {
    let readings = state.options.readings.clone();
    let now = stamp(state.now());
    let store = store(state, call, account, id, true)?;
    let object = body::object(call.content_type, call.body)?;
    body::only(&object, &["value", "scopes", "comment"], &readings)?;
    let there = secret(store, of)?;
    let mut changed = Secret { modified: now, pending: 1, ..there.clone() };
    changed.set(&object)?;
    *there = changed;
    Ok(Reply::ok(there.show(id)))
}

/// `DELETE …/secrets/{id}`
pub fn delete(state: &mut State, call: &Call, account: &str, id: &str, of: &str) -> Answer {
    let store = store(state, call, account, id, true)?;
    secret(store, of)?;
    store.secrets.retain(|secret| secret.id != of);
    Ok(Reply::ok(Value::Null))
}
