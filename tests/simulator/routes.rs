//! Finds the endpoint of a request, and checks the request in the API's order: route, caller, quota, rights, body.

use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::time::Instant;

use hyper::{HeaderMap, Method};

use super::auth::{Caller, admit, identify};
use super::envelope::{Answer, Refusal, Reply};
use super::faults::Sticky;
use super::history::Lag;
use super::resources::is_id;
use super::state::{Owner, State};
use super::{rights, store, tokens, tunnels, workers, zones};

/// A request below the base URL, as it arrived.
pub struct Incoming<'a> {
    /// The method.
    pub method: &'a Method,
    /// The path below the base URL, still encoded.
    pub path: &'a str,
    /// The query, still encoded.
    pub query: &'a str,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// The whole body.
    pub body: &'a [u8],
    /// The address of the client.
    pub peer: IpAddr,
    /// How far the read lags behind the writes.
    pub lag: Lag,
    /// The policies that an update keeps although it should remove them.
    pub sticky: Option<&'a Sticky>,
}

/// A request with a known caller, as handlers get it.
pub struct Call<'a> {
    /// The caller.
    pub caller: Caller,
    /// The query, decoded once.
    pub query: Vec<(String, String)>,
    /// As sent.
    pub content_type: Option<&'a str>,
    /// As sent.
    pub body: &'a [u8],
    /// How far the read lags behind the writes.
    pub lag: Lag,
    /// The policies that an update keeps although it should remove them.
    pub sticky: Option<&'a Sticky>,
}

impl Call<'_> {
    /// Returns a parameter of the query.
    pub fn parameter(&self, key: &str) -> Option<&str> {
        self.query.iter().find(|(k, _)| k == key).map(|(_, value)| value.as_str())
    }

    /// Returns a number from the query.
    ///
    /// # Errors
    /// 400/1001 if the parameter is not a number or is out of range.
    pub fn number(&self, key: &str, default: usize, range: RangeInclusive<usize>) -> Result<usize, Refusal> {
        match self.parameter(key).map(str::parse::<usize>) {
            None => Ok(default),
            Some(Ok(number)) if range.contains(&number) => Ok(number),
            Some(_) => Err(Refusal::policy(format!("{key} is out of range"))),
        }
    }
}

/// What a path names.
enum Route<'a> {
    Tokens(Owner),
    Token(Owner, &'a str),
    NoTokenId,
    TokenValue(Owner, &'a str),
    Verify(Owner),
    PermissionGroups(Owner),
    RoleGroups(&'a str),
    Scripts(&'a str),
    Script(&'a str, &'a str),
    Secrets(&'a str, &'a str),
    Secret(&'a str, &'a str, &'a str),
    SecretsBulk(&'a str, &'a str),
    Stores(&'a str),
    StoreSecrets(&'a str, &'a str),
    StoreSecret(&'a str, &'a str, &'a str),
    Tunnels(&'a str),
    Tunnel(&'a str, &'a str),
    Zones,
    Zone(&'a str),
    Records(&'a str),
    Record(&'a str, &'a str),
}

/// Answers a request. Also returns the caller's name.
pub fn answer(state: &mut State, request: &Incoming) -> (Reply, Option<String>) {
    let segments: Vec<String> =
        request.path.split('/').skip(1).map(|segment| decode(segment, false)).collect();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let route = match find(&segments, request.path) {
        Ok(route) => route,
        Err(refusal) => return (refusal.into(), None),
    };
    let caller = match identify(state, request.headers) {
        Ok(caller) => caller,
        // The API answers the same for a dead value and for a value that never existed.
        Err(refusal) if matches!(route, Route::Verify(_)) && refusal.summary().contains("/9109") => {
            return (Refusal::new(401, 1000, "Invalid API Token").into(), None);
        }
        Err(refusal) => return (refusal.into(), None),
    };
    let label = Some(caller.label().to_owned());
    let standing = match state.quota.spend(caller.label(), Instant::now()) {
        Ok(standing) => standing,
        Err(refusal) => return (refusal.into(), label),
    };
    let call = Call {
        query: parse_query(request.query),
        content_type: request.headers.get("content-type").and_then(|value| value.to_str().ok()),
        body: request.body,
        lag: request.lag,
        sticky: request.sticky,
        caller,
    };
    let ip = state.client_ip(request.peer);
    let answer = admit(state, &call.caller, ip, matches!(route, Route::Verify(_)))
        .and_then(|()| dispatch(state, &call, &route, request));
    let mut reply = answer.unwrap_or_else(Reply::from);
    if let Some(standing) = standing {
        standing.tell(&mut reply);
    }
    (reply, label)
}

fn find<'a>(segments: &[&'a str], path: &str) -> Result<Route<'a>, Refusal> {
    let no_route = || Refusal::new(404, 7000, "No route for that URI");
    let id = |id: &'a str| if is_id(id) { Ok(id) } else { Err(Refusal::malformed_id(path)) };
    match *segments {
        ["user", "tokens", ref rest @ ..] => token_route(Owner::User, rest, path),
        ["accounts", account, "tokens", ref rest @ ..] => {
            token_route(Owner::Account(id(account)?.to_owned()), rest, path)
        }
        ["accounts", account, "iam", "permission_groups"] => Ok(Route::RoleGroups(id(account)?)),
        ["accounts", account, "workers", "scripts"] => Ok(Route::Scripts(id(account)?)),
        ["accounts", account, "workers", "scripts", script, ref rest @ ..] => match *rest {
            [] => Ok(Route::Script(id(account)?, script)),
            ["secrets"] => Ok(Route::Secrets(id(account)?, script)),
            ["secrets", name] => Ok(Route::Secret(id(account)?, script, name)),
            ["secrets-bulk"] => Ok(Route::SecretsBulk(id(account)?, script)),
            _ => Err(no_route()),
        },
        ["accounts", account, "secrets_store", "stores", ref rest @ ..] => match *rest {
            [] => Ok(Route::Stores(id(account)?)),
            [store, "secrets"] => Ok(Route::StoreSecrets(id(account)?, id(store)?)),
            [store, "secrets", secret] => Ok(Route::StoreSecret(id(account)?, id(store)?, id(secret)?)),
            _ => Err(no_route()),
        },
        ["accounts", account, "cfd_tunnel"] => Ok(Route::Tunnels(id(account)?)),
        ["accounts", account, "cfd_tunnel", tunnel] => Ok(Route::Tunnel(id(account)?, tunnel)),
        ["zones"] => Ok(Route::Zones),
        ["zones", zone] => Ok(Route::Zone(id(zone)?)),
        ["zones", zone, "dns_records"] => Ok(Route::Records(id(zone)?)),
        ["zones", zone, "dns_records", record] => Ok(Route::Record(id(zone)?, record)),
        _ => Err(no_route()),
    }
}

fn token_route<'a>(owner: Owner, rest: &[&'a str], path: &str) -> Result<Route<'a>, Refusal> {
    match *rest {
        [] => Ok(Route::Tokens(owner)),
        [""] => Ok(Route::NoTokenId),
        ["verify"] => Ok(Route::Verify(owner)),
        ["permission_groups"] => Ok(Route::PermissionGroups(owner)),
        [id] if is_id(id) => Ok(Route::Token(owner, id)),
        [id, "value"] if is_id(id) => Ok(Route::TokenValue(owner, id)),
        [_] | [_, "value"] => Err(Refusal::malformed_id(path)),
        _ => Err(Refusal::new(404, 7000, "No route for that URI")),
    }
}

fn dispatch(state: &mut State, call: &Call, route: &Route, request: &Incoming) -> Answer {
    match (request.method.as_str(), route) {
        ("GET", Route::Tokens(owner)) => tokens::list(state, call, owner),
        ("POST", Route::Tokens(owner)) => tokens::create(state, call, owner),
        ("GET", Route::Token(owner, id)) => tokens::get(state, call, owner, id),
        ("PUT", Route::Token(owner, id)) => tokens::update(state, call, owner, id),
        ("DELETE", Route::Token(owner, id)) => tokens::delete(state, call, owner, id),
        ("PUT", Route::TokenValue(owner, id)) => tokens::roll(state, call, owner, id),
        ("GET", Route::Verify(owner)) => tokens::verify(state, call, owner),
        ("GET", Route::PermissionGroups(owner)) => tokens::permission_groups(state, call, owner),
        ("GET", Route::RoleGroups(account)) => {
            let on = super::resources::Resource::Account((*account).to_owned());
            if !rights::Area::AccountTokens.granted(state, &call.caller, false, &on) {
                return Err(Refusal::authentication());
            }
            Ok(state.catalogue.list_roles())
        }
        ("GET", Route::Scripts(account)) => workers::scripts(state, call, account),
        ("PUT", Route::Script(account, script)) => workers::deploy(state, call, account, script),
        ("DELETE", Route::Script(account, script)) => workers::remove(state, call, account, script),
        ("GET", Route::Secrets(account, script)) => workers::list(state, call, account, script),
        ("PUT", Route::Secrets(account, script)) => workers::put(state, call, account, script),
        ("GET", Route::Secret(account, script, name)) => workers::get(state, call, account, script, name),
        ("DELETE", Route::Secret(account, script, name)) => {
            workers::delete(state, call, account, script, name)
        }
        ("PATCH", Route::SecretsBulk(account, script)) => workers::bulk(state, call, account, script),
        ("GET", Route::Stores(account)) => store::list(state, call, account),
        ("GET", Route::StoreSecrets(account, id)) => store::secrets(state, call, account, id),
        ("POST", Route::StoreSecrets(account, id)) => store::create(state, call, account, id),
        ("GET", Route::StoreSecret(account, id, secret)) => store::get(state, call, account, id, secret),
        ("PATCH", Route::StoreSecret(account, id, secret)) => store::update(state, call, account, id, secret),
        ("DELETE", Route::StoreSecret(account, id, secret)) => {
            store::delete(state, call, account, id, secret)
        }
        ("GET", Route::Tunnels(account)) => tunnels::list(state, call, account),
        ("POST", Route::Tunnels(account)) => tunnels::create(state, call, account),
        ("GET", Route::Tunnel(account, id)) => tunnels::get(state, call, account, id),
        ("DELETE", Route::Tunnel(account, id)) => tunnels::delete(state, call, account, id),
        ("GET", Route::Zones) => zones::list(state, call),
        ("GET", Route::Zone(zone)) => zones::get(state, call, zone),
        ("GET", Route::Records(zone)) => zones::records(state, call, zone),
        ("POST", Route::Records(zone)) => zones::add_record(state, call, zone),
        ("DELETE", Route::Record(zone, record)) => zones::remove_record(state, call, zone, record),
        (method, _) => Err(Refusal::new(405, 7001, format!("Method {method} not available for that URI."))),
    }
}

fn parse_query(query: &str) -> Vec<(String, String)> {
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(key, value)| (decode(key, true), decode(value, true)))
        .collect()
}

/// Decodes percent-encoding once. A client that encodes twice finds nothing, as at Cloudflare.
fn decode(text: &str, plus_is_space: bool) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escaped = text.get(at + 1..at + 3).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match (bytes[at], escaped) {
            (b'%', Some(byte)) => {
                out.push(byte);
                at += 2;
            }
            (b'+', _) if plus_is_space => out.push(b' '),
            (byte, _) => out.push(byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}
