//! The tunnels of an account. Tests use them to exercise a token with a single right.

use serde_json::{Value, json};

use super::body;
use super::catalogue::hex;
use super::envelope::{Answer, Refusal, Reply};
use super::resources::Resource;
use super::rights::Area;
use super::routes::Call;
use super::state::{State, random, stamp};

/// A tunnel that no `cloudflared` has connected to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tunnel {
    /// A UUID.
    pub id: String,
    /// The name, unique among the tunnels that are not deleted.
    pub name: String,
    /// Whether Cloudflare stores the configuration.
    pub remote_config: bool,
    /// RFC 3339.
    pub created_at: String,
    /// RFC 3339. A deleted tunnel stays in the list, as at Cloudflare.
    pub deleted_at: Option<String>,
}

impl Tunnel {
    fn show(&self, account: &str) -> Value {
        json!({
            "id": self.id,
            "account_tag": account,
            "name": self.name,
            "created_at": self.created_at,
            "deleted_at": self.deleted_at,
            "connections": [],
            "conns_active_at": null,
            "conns_inactive_at": null,
            "tun_type": "cfd_tunnel",
            "status": "inactive",
            "metadata": {},
            "config_src": if self.remote_config { "cloudflare" } else { "local" },
            "remote_config": self.remote_config,
        })
    }
}

fn tunnels<'a>(
    state: &'a mut State,
    call: &Call,
    account: &str,
    write: bool,
) -> Result<&'a mut Vec<Tunnel>, Refusal> {
    if !Area::Tunnels.granted(state, &call.caller, write, &Resource::Account(account.to_owned())) {
        return Err(Refusal::authentication());
    }
    state.account(account).map(|account| &mut account.tunnels).ok_or_else(Refusal::authentication)
}

/// `GET …/cfd_tunnel`, with the filters `name` and `is_deleted`.
pub fn list(state: &mut State, call: &Call, account: &str) -> Answer {
    let tunnels = tunnels(state, call, account, false)?;
    let page = call.number("page", 1, 1..=usize::MAX)?;
    let per_page = call.number("per_page", 20, 1..=1000)?;
    let name = call.parameter("name");
    let deleted = call.parameter("is_deleted").map(|deleted| deleted == "true");
    let found: Vec<&Tunnel> = tunnels
        .iter()
        .filter(|tunnel| name.is_none_or(|name| tunnel.name == name))
        .filter(|tunnel| deleted.is_none_or(|deleted| tunnel.deleted_at.is_some() == deleted))
        .collect();
    let total = found.len();
    let shown: Vec<Value> = found
        .into_iter()
        .skip((page - 1).saturating_mul(per_page))
        .take(per_page)
        .map(|tunnel| tunnel.show(account))
        .collect();
    let info = json!({"count": shown.len(), "page": page, "per_page": per_page, "total_count": total});
    Ok(Reply::ok(Value::Array(shown)).with_info(info))
}

/// `POST …/cfd_tunnel`
pub fn create(state: &mut State, call: &Call, account: &str) -> Answer {
    let readings = state.options.readings.clone();
    let now = stamp(state.now());
    let tunnels = tunnels(state, call, account, true)?;
    let object = body::object(call.content_type, call.body)?;
    body::only(&object, &["name", "tunnel_secret", "config_src"], &readings)?;
    let Some(name) = object.get("name").and_then(Value::as_str).filter(|name| !name.is_empty()) else {
        return Err(Refusal::new(400, 1001, "name is required").at("/name"));
    };
    if tunnels.iter().any(|tunnel| tunnel.deleted_at.is_none() && tunnel.name == name) {
        return Err(Refusal::new(
            409,
            1013,
            "You already have a tunnel with this name. Try a different name.",
        ));
    }
    let remote_config = object.get("config_src").and_then(Value::as_str) == Some("cloudflare");
    let tunnel =
        Tunnel { id: uuid(), name: name.to_owned(), remote_config, created_at: now, deleted_at: None };
    let shown = tunnel.show(account);
    tunnels.push(tunnel);
    Ok(Reply::ok(shown))
}

/// `GET …/cfd_tunnel/{id}`
pub fn get(state: &mut State, call: &Call, account: &str, id: &str) -> Answer {
    let tunnels = tunnels(state, call, account, false)?;
    let tunnel = tunnels.iter().find(|tunnel| tunnel.id == id).ok_or_else(missing)?;
    Ok(Reply::ok(tunnel.show(account)))
}

/// `DELETE …/cfd_tunnel/{id}`
pub fn delete(state: &mut State, call: &Call, account: &str, id: &str) -> Answer {
    let now = stamp(state.now());
    let tunnels = tunnels(state, call, account, true)?;
    let found = tunnels.iter_mut().find(|tunnel| tunnel.id == id && tunnel.deleted_at.is_none());
    let tunnel = found.ok_or_else(missing)?;
    tunnel.deleted_at = Some(now);
    Ok(Reply::ok(tunnel.show(account)))
}

fn missing() -> Refusal {
    Refusal::new(404, 1003, "Tunnel not found")
}

fn uuid() -> String {
    let mut bytes = random::<16>();
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let text = hex(&bytes);
    format!("{}-{}-{}-{}-{}", &text[..8], &text[8..12], &text[12..16], &text[16..20], &text[20..])
}
