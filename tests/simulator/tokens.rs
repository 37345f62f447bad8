//! The token endpoints, for accounts and for the user.

use std::time::Instant;

use serde_json::{Value, json};
use time::OffsetDateTime;

use super::body::{self, Field, TokenBody};
use super::envelope::{Answer, Refusal, Reply};
use super::faults::Sticky;
use super::history::{Lag, Seen};
use super::options::CreateStatus;
use super::policies::{self, Policy};
use super::resources::Resource;
use super::rights::Area;
use super::routes::Call;
use super::state::{Owner, State, Token, stamp};

impl State {
    /// A token as GET shows it, without its value.
    pub fn show(&self, token: &Token) -> Value {
        let readings = &self.options.readings;
        let mut shown = json!({
            "id": token.id,
            "name": token.name,
            "status": token.status_at(self.now()),
            "issued_on": stamp(token.issued_on),
            "modified_on": stamp(token.modified_on),
            "policies": token.policies.iter().map(|policy| policy.show(self)).collect::<Vec<_>>(),
        });
        for (key, at) in [
            ("last_used_on", token.last_used_on),
            ("expires_on", token.expires_on),
            ("not_before", token.not_before),
        ] {
            match at {
                Some(at) => shown[key] = json!(stamp(at)),
                None if readings.unset_is_null => shown[key] = Value::Null,
                None => {}
            }
        }
        if let Some(condition) = token.condition.as_ref().and_then(|condition| condition.show(readings)) {
            shown["condition"] = condition;
        }
        shown
    }
}

/// Checks that the caller may read or write the tokens of this owner.
fn authorize(state: &State, call: &Call, owner: &Owner, write: bool) -> Result<(), Refusal> {
    let (area, on) = match owner {
        Owner::Account(id) if call.caller.is_user(state) && !state.accounts.iter().any(|a| a.id == *id) => {
            return Err(Refusal::new(401, 1001, "Account ID is invalid or has not been initialized."));
        }
        Owner::Account(id) => (Area::AccountTokens, Resource::Account(id.clone())),
        Owner::User if !call.caller.is_user(state) => {
            return Err(Refusal::new(403, 9109, "Valid user-level authentication not found"));
        }
        Owner::User => (Area::UserTokens, Resource::User(state.user.clone())),
    };
    if area.granted(state, &call.caller, write, &on) { Ok(()) } else { Err(Refusal::unauthorized()) }
}

/// What a read with this lag shows of each token of an owner, in order of creation.
fn seen<'a>(state: &'a State, owner: &'a Owner, lag: Lag) -> impl Iterator<Item = Value> + 'a {
    let now = Instant::now();
    let present = state.tokens.iter().map(|token| (token, true));
    let removed = state.removed.iter().map(|token| (token, false));
    let tokens = present.chain(removed.filter(move |_| lag != Lag::No));
    tokens.filter(|(token, _)| token.owner == *owner).filter_map(move |(token, exists)| {
        match token.history.seen(now, lag) {
            Seen::Present => exists.then(|| state.show(token)),
            Seen::Past(shown) => Some(shown.clone()),
            Seen::Nothing => None,
        }
    })
}

fn not_found() -> Refusal {
    Refusal::new(404, 1003, "API token not found")
}

fn owned<'a>(state: &'a State, owner: &Owner, id: &str) -> Result<&'a Token, Refusal> {
    let found = state.token(id).filter(|token| token.owner == *owner);
    found.ok_or_else(not_found)
}

/// `GET …/tokens`
pub fn list(state: &State, call: &Call, owner: &Owner) -> Answer {
    let readings = &state.options.readings;
    let mut visible: Vec<Value> = seen(state, owner, call.lag).collect();
    if let Err(refusal) = authorize(state, call, owner, false) {
        if !readings.list_self {
            return Err(refusal);
        }
        visible.retain(|token| token["id"] == call.caller.label());
    }
    let known = ["page", "per_page", "direction", "include_expired", "name"];
    if let Some((key, _)) = call.query.iter().find(|(key, _)| !known.contains(&key.as_str()))
        && readings.unknown_fields_refused
    {
        return Err(Refusal::policy(format!("Unknown parameter {key}")));
    }
    match call.parameter("include_expired") {
        Some("true") => {}
        None | Some("false") => {
            visible.retain(|token| token["status"] == "active" || token["status"] == "disabled");
        }
        Some(_) => return Err(Refusal::policy("include_expired must be a boolean")),
    }
    if let Some(wanted) = call.parameter("name") {
        let name = |token: &Value| token["name"].as_str().unwrap_or_default().to_owned();
        visible.retain(|token| {
            if readings.list_name_exact { name(token) == wanted } else { name(token).contains(wanted) }
        });
    }
    match call.parameter("direction") {
        None | Some("asc") => {}
        Some("desc") => visible.reverse(),
        Some(_) => return Err(Refusal::policy("direction must be one of asc, desc")),
    }
    let page = call.number("page", 1, 1..=usize::MAX)?;
    let per_page = call.number("per_page", 20, 5..=50)?;
    let total = visible.len();
    let shown: Vec<Value> =
        visible.into_iter().skip((page - 1).saturating_mul(per_page)).take(per_page).collect();
    let mut info = json!({"count": shown.len(), "page": page, "per_page": per_page, "total_count": total});
    if readings.total_pages {
        info["total_pages"] = json!(total.div_ceil(per_page));
    }
    Ok(Reply::ok(Value::Array(shown)).with_info(info))
}

/// `GET …/tokens/{id}`. It also returns expired, disabled and revoked tokens.
pub fn get(state: &State, call: &Call, owner: &Owner, id: &str) -> Answer {
    authorize(state, call, owner, false)?;
    seen(state, owner, call.lag).find(|token| token["id"] == id).map(Reply::ok).ok_or_else(not_found)
}

/// `POST …/tokens`. Only its answer and the answer to a roll contain a value.
pub fn create(state: &mut State, call: &Call, owner: &Owner) -> Answer {
    authorize(state, call, owner, true)?;
    let object = body::object(call.content_type, call.body)?;
    let body = TokenBody::read(&object, false, &state.options.readings)?;
    let policies = policies::read(state, owner, &call.caller, &body.policies, None)?;
    let limit = match owner {
        Owner::Account(_) => state.options.account_token_limit,
        Owner::User => state.options.user_token_limit,
    };
    if state.tokens.iter().filter(|token| token.owner == *owner).count() >= limit {
        // The real code and message are not known.
        return Err(Refusal::policy(format!("The limit of {limit} API tokens has been reached")));
    }
    future(state, &body.expires_on)?;
    let mut token = Token { policies, ..state.blank_token(owner.clone(), &body.name) };
    if let Some(status) =
        body.status.filter(|_| state.options.readings.create_status == CreateStatus::Honoured)
    {
        token.status = status;
    }
    token.history.written(Instant::now(), None);
    token.minted = Some(Instant::now());
    set(&mut token.condition, body.condition, true, true);
    set(&mut token.expires_on, body.expires_on, true, true);
    set(&mut token.not_before, body.not_before, true, true);
    let mut shown = state.show(&token);
    if state.options.readings.unset_is_null_on_create {
        for key in ["last_used_on", "expires_on", "not_before"] {
            if shown.get(key).is_none() {
                shown[key] = Value::Null;
            }
        }
    }
    shown["value"] = json!(token.value);
    state.tokens.push(token);
    Ok(Reply::ok(shown))
}

/// `PUT …/tokens/{id}`. It replaces the policies. Of the other fields, it sets those that are in the body.
pub fn update(state: &mut State, call: &Call, owner: &Owner, id: &str) -> Answer {
    authorize(state, call, owner, true)?;
    let object = body::object(call.content_type, call.body)?;
    let readings = state.options.readings.clone();
    let before = owned(state, owner, id)?;
    let body = TokenBody::read(&object, true, &readings)?;
    let policies = policies::read(state, owner, &call.caller, &body.policies, Some(&before.policies))?;
    future(state, &body.expires_on)?;
    let kept = kept(state, call.sticky, &before.policies, &policies);
    state.change(id, |token| {
        token.name = body.name;
        token.policies = policies;
        token.policies.extend(kept.iter().cloned());
        set(&mut token.condition, body.condition, readings.omitted_kept, readings.condition_null_clears);
        set(&mut token.expires_on, body.expires_on, readings.omitted_kept, true);
        set(&mut token.not_before, body.not_before, readings.omitted_kept, true);
        if let Some(status) = body.status.filter(|_| !token.status.starts_with("revoked")) {
            token.status = status;
        }
    });
    let mut shown = state.show(owned(state, owner, id)?);
    if call.sticky.is_some_and(|sticky| sticky.lies)
        && let Some(policies) = shown["policies"].as_array_mut()
    {
        policies.retain(|policy| kept.iter().all(|kept| policy["id"] != kept.id));
    }
    Ok(Reply::ok(shown))
}

/// Refuses an `expires_on` that has passed, if the readings say so.
fn future(state: &State, expires_on: &Field<OffsetDateTime>) -> Result<(), Refusal> {
    match expires_on {
        Field::Given(at) if *at <= state.now() && state.options.readings.past_expiry_refused => {
            Err(Refusal::policy("expires_on must be in the future").at("/expires_on"))
        }
        _ => Ok(()),
    }
}

/// The policies that stay although the update does not have them.
fn kept(state: &State, sticky: Option<&Sticky>, before: &[Policy], after: &[Policy]) -> Vec<Policy> {
    let Some(sticky) = sticky else { return Vec::new() };
    let meant = |policy: &&Policy| match &sticky.group {
        None => true,
        Some(name) => {
            policy.groups.iter().any(|id| state.catalogue.get(id).is_some_and(|group| group.name == *name))
        }
    };
    let goes = |policy: &&Policy| !after.iter().any(|other| other.same_content(policy));
    before.iter().filter(goes).filter(meant).cloned().collect()
}

fn set<T>(slot: &mut Option<T>, field: Field<T>, omitted_kept: bool, null_clears: bool) {
    match field {
        Field::Given(value) => *slot = Some(value),
        Field::Null if null_clears => *slot = None,
        Field::Omitted if !omitted_kept => *slot = None,
        Field::Null | Field::Omitted => {}
    }
}

/// `DELETE …/tokens/{id}`
pub fn delete(state: &mut State, call: &Call, owner: &Owner, id: &str) -> Answer {
    authorize(state, call, owner, true)?;
    if owned(state, owner, id)?.managed {
        return Err(Refusal::policy("Tokens that are managed by Cloudflare can't be deleted."));
    }
    state.remove(id);
    Ok(Reply::ok(json!({"id": id})))
}

/// `PUT …/tokens/{id}/value`. It returns only the new value, and the old value is dead at once. The documents send
/// the body `{}`, and Cloudflare's SDK sends no body.
pub fn roll(state: &mut State, call: &Call, owner: &Owner, id: &str) -> Answer {
    authorize(state, call, owner, true)?;
    if !call.body.is_empty() {
        let object = body::object(call.content_type, call.body)?;
        body::only(&object, &[], &state.options.readings)?;
    }
    owned(state, owner, id)?;
    let value = state.roll(id).ok_or_else(not_found)?;
    Ok(Reply::ok(json!(value)))
}

/// `GET …/tokens/verify`. Any token can verify itself, on the endpoint for its kind of owner.
pub fn verify(state: &State, call: &Call, owner: &Owner) -> Answer {
    let Some(token) = call.caller.token(state).filter(|token| token.owner == *owner) else {
        return Err(Refusal::new(401, 1000, "Invalid API Token"));
    };
    let status = token.status_at(state.now());
    let mut result = json!({"id": token.id, "status": status});
    for (key, at) in [("expires_on", token.expires_on), ("not_before", token.not_before)] {
        if let Some(at) = at {
            result[key] = json!(stamp(at));
        }
    }
    let reply = Reply::ok(result);
    Ok(match status {
        "active" => reply.with_message(10000, "This API Token is valid and active"),
        _ => reply,
    })
}

/// `GET …/tokens/permission_groups`
pub fn permission_groups(state: &State, call: &Call, owner: &Owner) -> Answer {
    authorize(state, call, owner, false)?;
    Ok(state.catalogue.list(*owner == Owner::User, &call.query))
}
