//! The secrets of Workers. The API accepts values but never returns them.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::body;
use super::envelope::{Answer, Refusal, Reply};
use super::resources::Resource;
use super::rights::{self, Area};
use super::routes::Call;
use super::state::{State, new_id};

/// The maximum size of a secret's text, in bytes.
const TEXT_LIMIT: usize = 5 * 1024;
/// How many secrets a Worker may have.
const SECRET_LIMIT: usize = 128;
/// How many operations one bulk edit may have.
const BULK_LIMIT: usize = 100;

/// A Worker script.
#[derive(Clone)]
pub struct Script {
    /// Identifies the Worker for its whole life, even if it is renamed.
    pub tag: String,
    /// The secrets by name: the type, and the text (or the key's JSON).
    pub secrets: BTreeMap<String, (String, String)>,
    /// The names that other bindings of the script use.
    pub bindings: Vec<String>,
    /// If true, the latest version is not deployed. Secrets cannot be edited then.
    pub undeployed: bool,
    /// How many versions were deployed by edits of secrets.
    pub versions: usize,
}

impl Default for Script {
    fn default() -> Self {
        Self { tag: new_id(), secrets: BTreeMap::new(), bindings: Vec::new(), undeployed: false, versions: 0 }
    }
}

impl Script {
    fn editable(&self) -> Result<(), Refusal> {
        if !self.undeployed {
            return Ok(());
        }
        Err(Refusal::new(
            400,
            10215,
            "Secret edit failed. You attempted to modify a secret, but the latest version of your Worker isn't \
             currently deployed.",
        ))
    }

    fn put(&mut self, name: &str, kind: String, text: String) -> Result<(), Refusal> {
        if self.bindings.iter().any(|binding| binding == name) {
            return Err(Refusal::new(400, 10053, format!("Binding name '{name}' already in use.")));
        }
        if text.len() > TEXT_LIMIT {
            return Err(Refusal::new(400, 10054, format!("The text of secret '{name}' is too large.")));
        }
        self.secrets.insert(name.to_owned(), (kind, text));
        if self.secrets.len() > SECRET_LIMIT {
            return Err(Refusal::new(400, 10055, "Too many secrets."));
        }
        Ok(())
    }
}

fn script<'a>(
    state: &'a mut State,
    call: &Call,
    account: &str,
    name: &str,
    write: bool,
) -> Result<&'a mut Script, Refusal> {
    let on = Resource::Account(account.to_owned());
    let tag =
        state.account(account).and_then(|account| account.scripts.get(name)).map(|script| script.tag.clone());
    // A token for this Worker alone can read and set its secrets. It learns nothing about other Workers.
    let own = tag.is_some_and(|tag| {
        rights::one_worker(state, &call.caller, write, &Resource::Worker(account.to_owned(), tag))
    });
    if !own && !Area::Scripts.granted(state, &call.caller, write, &on) {
        return Err(Refusal::authentication());
    }
    state
        .account(account)
        .and_then(|account| account.scripts.get_mut(name))
        .ok_or_else(|| Refusal::new(404, 10007, "This Worker does not exist on your account."))
}

/// `GET …/workers/scripts`. It is not paged, and requires the right to read all Workers.
pub fn scripts(state: &mut State, call: &Call, account: &str) -> Answer {
    if !Area::Scripts.granted(state, &call.caller, false, &Resource::Account(account.to_owned())) {
        return Err(Refusal::authentication());
    }
    let account = state.account(account).ok_or_else(Refusal::authentication)?;
    let show = |(name, script): (&String, &Script)| json!({"id": name, "tag": script.tag, "usage_model": "standard"});
    Ok(Reply::ok(account.scripts.iter().map(show).collect()))
}

/// `PUT …/workers/scripts/{name}` deploys a version. An editor of one Worker can deploy that Worker but cannot create
/// others.
pub fn deploy(state: &mut State, call: &Call, account: &str, name: &str) -> Answer {
    let there = state.account(account).is_some_and(|account| account.scripts.contains_key(name));
    if there {
        script(state, call, account, name, true)?.versions += 1;
    } else if Area::Scripts.granted(state, &call.caller, true, &Resource::Account(account.to_owned())) {
        let account = state.account(account).ok_or_else(Refusal::authentication)?;
        account.scripts.insert(name.to_owned(), Script::default());
    } else {
        return Err(Refusal::authentication());
    }
    Ok(Reply::ok(json!({"id": name})))
}

/// `DELETE …/workers/scripts/{name}`. An editor of one Worker cannot delete it.
pub fn remove(state: &mut State, call: &Call, account: &str, name: &str) -> Answer {
    if !Area::Scripts.granted(state, &call.caller, true, &Resource::Account(account.to_owned())) {
        return Err(Refusal::authentication());
    }
    let removed = state.account(account).and_then(|account| account.scripts.remove(name));
    removed.ok_or_else(|| Refusal::new(404, 10007, "This Worker does not exist on your account."))?;
    Ok(Reply::ok(Value::Null))
}

fn shown(name: &str, kind: &str) -> Value {
    json!({"name": name, "type": kind})
}

fn missing(name: &str) -> Refusal {
    Refusal::new(404, 10056, format!("Binding '{name}' not found."))
}

/// `GET …/secrets`
pub fn list(state: &mut State, call: &Call, account: &str, name: &str) -> Answer {
    let script = script(state, call, account, name, false)?;
    Ok(Reply::ok(script.secrets.iter().map(|(name, (kind, _))| shown(name, kind)).collect()))
}

/// `GET …/secrets/{name}`
pub fn get(state: &mut State, call: &Call, account: &str, name: &str, secret: &str) -> Answer {
    let script = script(state, call, account, name, false)?;
    let (kind, _) =
        script.secrets.get(secret).filter(|_| is_read(call, secret)).ok_or_else(|| missing(secret))?;
    Ok(Reply::ok(shown(secret, kind)))
}

/// `PUT …/secrets` adds or replaces a secret and deploys a version.
pub fn put(state: &mut State, call: &Call, account: &str, name: &str) -> Answer {
    let readings = state.options.readings.clone();
    let script = script(state, call, account, name, true)?;
    let object = body::object(call.content_type, call.body)?;
    let Some(secret) = object.get("name").and_then(Value::as_str).filter(|name| !name.is_empty()) else {
        return Err(invalid("name"));
    };
    let kind = object.get("type").and_then(Value::as_str).ok_or_else(|| invalid("type"))?;
    let text = match kind {
        "secret_text" => {
            body::only(&object, &["name", "type", "text"], &readings)?;
            text(&object)?
        }
        "secret_key" => {
            let known = ["name", "type", "algorithm", "format", "usages", "key_base64", "key_jwk"];
            body::only(&object, &known, &readings)?;
            Value::Object(object.clone()).to_string()
        }
        _ => return Err(invalid("type")),
    };
    script.editable()?;
    let mut edited = script.clone();
    edited.put(secret, kind.to_owned(), text)?;
    edited.versions += 1;
    *script = edited;
    Ok(Reply::ok(shown(secret, kind)))
}

/// Whether the API reads this name in a path. It reads special characters only if the request says that the name is
/// encoded.
fn is_read(call: &Call, name: &str) -> bool {
    let is_plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    is_plain || call.parameter("url_encoded") == Some("true")
}

/// `DELETE …/secrets/{name}`
pub fn delete(state: &mut State, call: &Call, account: &str, name: &str, secret: &str) -> Answer {
    let script = script(state, call, account, name, true)?;
    if !script.secrets.contains_key(secret) || !is_read(call, secret) {
        return Err(missing(secret));
    }
    script.editable()?;
    script.secrets.remove(secret);
    script.versions += 1;
    Ok(Reply::ok(Value::Null))
}

/// `PATCH …/secrets-bulk` with `{"secrets": {name: {"name", "type", "text"} | null}}`. It makes all changes or none,
/// in one version. Null deletes a secret, and secrets that are not named stay. The answer is a map of secrets by
/// name.
pub fn bulk(state: &mut State, call: &Call, account: &str, name: &str) -> Answer {
    let readings = state.options.readings.clone();
    let script = script(state, call, account, name, true)?;
    // Wrangler sends a merge patch, the SDKs plain JSON.
    let kind = call.content_type.map(|kind| kind.replace("application/merge-patch+json", "application/json"));
    let object = body::object(kind.as_deref(), call.body)?;
    body::only(&object, &["secrets", "version_tags"], &readings)?;
    let Some(Value::Object(operations)) = object.get("secrets") else { return Err(invalid("secrets")) };
    if operations.is_empty() || operations.len() > BULK_LIMIT {
        return Err(invalid("secrets"));
    }
    script.editable()?;
    let mut edited = script.clone();
    for (secret, operation) in operations {
        match operation {
            Value::Null => {
                let removed = edited.secrets.remove(secret);
                if removed.is_none() && readings.bulk_misses_refused {
                    return Err(missing(secret));
                }
            }
            Value::Object(given) if given.get("type").and_then(Value::as_str) == Some("secret_text") => {
                if given.get("name").and_then(Value::as_str) != Some(secret.as_str()) {
                    return Err(invalid("name"));
                }
                edited.put(secret, "secret_text".to_owned(), text(given)?)?;
            }
            _ => return Err(invalid("type")),
        }
    }
    edited.versions += 1;
    *script = edited;
    let all = script
        .secrets
        .iter()
        .filter(|(name, _)| !readings.bulk_answers_edited_only || operations.contains_key(name.as_str()));
    Ok(Reply::ok(
        all.map(|(name, (kind, _))| (name.clone(), shown(name, kind))).collect::<Map<_, _>>().into(),
    ))
}

fn text(object: &Map<String, Value>) -> Result<String, Refusal> {
    object.get("text").and_then(Value::as_str).map(str::to_owned).ok_or_else(|| invalid("text"))
}

fn invalid(field: &str) -> Refusal {
    Refusal::new(400, 10021, format!("Invalid {field}")).at(format!("/{field}"))
}
