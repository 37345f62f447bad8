//! Authentication: by the `Authorization` header, or by the global key and its e-mail address.

use std::net::IpAddr;

use hyper::HeaderMap;

use super::envelope::Refusal;
use super::resources::Resource;
use super::state::{EMAIL, Owner, State, Token};

/// An authenticated caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    /// A token, by its id.
    Token(String),
    /// The user's global key. It has all of the user's rights.
    Key,
}

/// Identifies the caller. It does not check the state of the token: see [`admit`].
///
/// # Errors
/// 400/6003, 400/9103, 400/9106, 401/1000 or 403/9109, like the API.
pub fn identify(state: &State, headers: &HeaderMap) -> Result<Caller, Refusal> {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    if let Some(header) = text("authorization") {
        let value = header
            .strip_prefix("Bearer ")
            .filter(|value| (40..=80).contains(&value.len()) && value.bytes().all(is_value_byte))
            .ok_or_else(|| Refusal::headers(6111, "Invalid format for Authorization header"))?;
        let is_young =
            |token: &&Token| token.minted.is_some_and(|minted| minted.elapsed() < state.options.value_lag);
        return match state.tokens.iter().find(|token| token.value == value) {
            Some(token) if is_young(&token) => Err(Refusal::new(401, 1000, "Invalid API Token")),
            Some(token) => Ok(Caller::Token(token.id.clone())),
            None if state.dead_values.contains(value) => Err(Refusal::new(403, 9109, "Invalid access token")),
            None => Err(Refusal::new(401, 1000, "Invalid API Token")),
        };
    }
    match (text("x-auth-email"), text("x-auth-key")) {
        (Some(email), Some(key)) => {
            if key.len() < 37 || !key.bytes().all(is_value_byte) {
                return Err(Refusal::headers(6103, "Invalid format for X-Auth-Key header"));
            }
            if email == EMAIL && key == state.key {
                Ok(Caller::Key)
            } else {
                Err(Refusal::new(400, 9103, "Unknown X-Auth-Key or X-Auth-Email"))
            }
        }
        _ => Err(Refusal::new(400, 9106, "Missing X-Auth-Key, X-Auth-Email or Authorization headers")),
    }
}

/// Checks that the caller may use the API now and from this address, and records the use.
///
/// # Errors
/// 403/9109 with a message that gives the reason.
pub fn admit(state: &mut State, caller: &Caller, ip: IpAddr, verify: bool) -> Result<(), Refusal> {
    let Caller::Token(id) = caller else { return Ok(()) };
    let now = state.now();
    let Some(token) = state.tokens.iter_mut().find(|token| token.id == *id) else { return Ok(()) };
    let alive = token.status_at(now) == "active" && token.not_before.is_none_or(|start| start <= now);
    // Verifying reports the status, so it works whatever the status is.
    if !alive && !verify {
        return Err(Refusal::new(403, 9109, "Invalid access token"));
    }
    if token.condition.as_ref().is_some_and(|condition| !condition.admits(ip)) {
        return Err(Refusal::new(403, 9109, format!("Cannot use the access token from location: {ip}")));
    }
    token.last_used_on = Some(now);
    Ok(())
}

impl Caller {
    /// The caller's name in the log and in the quota.
    pub fn label(&self) -> &str {
        match self {
            Self::Token(id) => id,
            Self::Key => "key",
        }
    }

    /// The caller's token. The global key has none.
    pub fn token<'a>(&self, state: &'a State) -> Option<&'a Token> {
        match self {
            Self::Token(id) => state.token(id),
            Self::Key => None,
        }
    }

    /// Whether the caller acts for the user, not for an account.
    pub fn is_user(&self, state: &State) -> bool {
        self.token(state).is_none_or(|token| token.owner == Owner::User)
    }

    /// Whether one of the groups in `allowed` is granted on the resource and `denied` is not denied there. A deny
    /// wins.
    pub fn holds(&self, state: &State, allowed: &[&str], denied: &str, wanted: &Resource) -> bool {
        let Self::Token(id) = self else { return true };
        let Some(token) = state.token(id) else { return false };
        if token.root {
            return match &token.owner {
                Owner::User => true,
                Owner::Account(own) => account_of(state, wanted).as_ref() == Some(own),
            };
        }
        let covers = |grants: &[Resource]| {
            grants.iter().any(|held| held.covers(wanted, |zone| state.account_of_zone(zone)))
        };
        let names = |groups: &[String], id: &str| groups.iter().any(|group| group == id);
        let denies = token.policies.iter().any(|p| p.deny && names(&p.groups, denied) && covers(&p.grants));
        let allows = token
            .policies
            .iter()
            .any(|p| !p.deny && allowed.iter().any(|id| names(&p.groups, id)) && covers(&p.grants));
        allows && !denies
    }
}

fn account_of(state: &State, resource: &Resource) -> Option<String> {
    match resource {
        Resource::Zone(zone) => state.account_of_zone(zone),
        Resource::Account(id)
        | Resource::ZoneIn(id, _)
        | Resource::ZonesOf(id)
        | Resource::Bucket(id, _)
        | Resource::BucketsOf(id)
        | Resource::Worker(id, _) => Some(id.clone()),
        Resource::AllAccounts | Resource::AllZones | Resource::User(_) => None,
    }
}

fn is_value_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'
}
