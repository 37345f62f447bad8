//! Reads tokens in states of the official provider as tokens of this provider. Pure.
//!
//! Version 5 has a list `policies`. Its `resources` are JSON text since 5.13 and a map before. Version 4 has blocks
//! `policy` with plain ids as permission groups, and writes optional blocks as lists of at most one element. Both have
//! schema version 0, so the attributes show which version wrote a state. Every form is converted into the API's own, which
//! the rest of the provider reads.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};
use time::OffsetDateTime;

use super::model::{Private, TokenFields};
use crate::cloudflare::{Condition, RequestIp, Token, TokenPolicy};
use crate::policy::{Names, describe};
use crate::provider::blocks::policy_set;
use crate::provider::official::{self, Malformed, required, text};
use crate::provider::owner::{Account, Ownership, User, known};
use crate::provider::{checks, wording};
use crate::tf_provider::framework::{Diagnostic, Model, MoveSource};
use crate::tokens::TokenPolicies;

/// The schema versions that are known.
const VERSIONS: [i64; 4] = [0, 1, 500, 501];

/// Reads a token of the official provider. `None` if the state is of another provider or type.
pub(super) fn read<O: Ownership>(
    source: &MoveSource,
) -> Option<Result<(O, TokenFields, Private), Diagnostic>> {
    if !official::is_of(source, &[Account::OFFICIAL_TOKEN, User::OFFICIAL_TOKEN]) {
        return None;
    }
    if source.type_name != O::OFFICIAL_TOKEN {
        return Some(Err(wording::moved_to_other_owner(source)));
    }
    let part = |attribute: &str| source.json[attribute].as_str();
    let owner =
        if O::OFFICIAL_TOKEN == User::OFFICIAL_TOKEN { Some(User::IMPORT) } else { part("account_id") };
    let import = format!("{}/{}", owner.unwrap_or(O::IMPORT), part("id").unwrap_or("<token_id>"));
    if !VERSIONS.contains(&source.schema_version) {
        return Some(Err(wording::moved_from_unknown_version(source, &VERSIONS, &import)));
    }
    let taken = owner.and_then(O::of_import).ok_or_else(|| Malformed("account_id".to_owned()));
    let taken = taken.and_then(|owner| {
        let (token, private) = taken_over(&source.json, &owner)?;
        Ok((owner, token, private))
    });
    Some(taken.map_err(|Malformed(at)| wording::moved_malformed(source, &at, &import)))
}

/// The token in this provider's form. Its policies have ids instead of names, because a process that moves a state is not
/// configured. The first read finds the names.
fn taken_over<O: Ownership>(state: &Json, owner: &O) -> Result<(TokenFields, Private), Malformed> {
    let token = token(state)?;
    let owner = known(owner.owner()).map_err(|_| Malformed("account_id".to_owned()))?;
    let seen = TokenPolicies::of(&token, &owner);
    if !seen.unreadable.is_empty() {
        return Err(Malformed("policies".to_owned()));
    }
    let owned: BTreeSet<_> = seen.policies.keys().copied().collect();
    let described = seen.policies.values().map(|policy| describe(policy, &owner, None, &Names::default()));
    let mut fields = TokenFields {
        policies: policy_set(described),
        // The official provider manages all policies of a token.
        exclusive_policies: (!owned.is_empty()).into(),
        store_value: true.into(),
        ..TokenFields::null()
    };
    fields.observe(&token);
    if let Some(value) = token.value {
        // The official provider never rolls a token, so a value in its state dates from the token's creation.
        fields.value_issued_on = fields.issued_on.clone();
        fields.value = value.into();
    }
    let private = Private {
        applied: Some(owned.clone()),
        owned,
        moved: true,
        // A later writer of the token may have rolled it. The value is known to belong to that version only.
        written_on: token.issued_on.map(OffsetDateTime::unix_timestamp),
        ..Private::default()
    };
    Ok((fields, private))
}

/// The token as the API would show it.
fn token(state: &Json) -> Result<Token, Malformed> {
    let time = |attribute: &str| {
        let text = text(state, attribute)?;
        let read = |text: String| checks::instant(&text).ok_or_else(|| Malformed(attribute.to_owned()));
        text.map(read).transpose()
    };
    let id = required(state, "id")?;
    Ok(Token {
        id: Some(id).filter(|id| checks::is_id(id)).ok_or_else(|| Malformed("id".to_owned()))?,
        name: required(state, "name")?,
        status: text(state, "status")?.unwrap_or_else(|| "active".to_owned()),
        issued_on: time("issued_on")?,
        modified_on: time("modified_on")?,
        last_used_on: None,
        expires_on: time("expires_on")?,
        not_before: time("not_before")?,
        condition: condition(&state["condition"])?,
        policies: policies(state)?,
        value: text(state, "value")?.map(Into::into),
    })
}

/// The policies: of `policies` in version 5, of `policy` in version 4.
fn policies(state: &Json) -> Result<Vec<TokenPolicy>, Malformed> {
    let (attribute, list) = match (&state["policies"], &state["policy"]) {
        (Json::Null, policy) => ("policy", policy),
        (policies, _) => ("policies", policies),
    };
    let malformed = || Malformed(attribute.to_owned());
    let list = list.as_array().ok_or_else(malformed)?;
    list.iter().map(|policy| read_policy(policy).ok_or_else(malformed)).collect()
}

/// A policy of either version. Names of permission groups do not count: states of version 0 have wrong names beside the
/// ids.
fn read_policy(policy: &Json) -> Option<TokenPolicy> {
    let id = |group: &Json| Some(json!({ "id": group.as_str().or(group["id"].as_str())? }));
    let groups = policy["permission_groups"].as_array()?.iter().map(id).collect::<Option<Vec<_>>>()?;
    let resources = match &policy["resources"] {
        Json::String(text) => serde_json::from_str(text).ok()?,
        map => map.clone(),
    };
    let effect = policy["effect"].as_str().unwrap_or("allow");
    serde_json::from_value(json!({ "effect": effect, "permission_groups": groups, "resources": resources }))
        .ok()
}

/// The condition, with objects or with lists of at most one element. An empty side counts as none: the API has none there
/// either, or the first read shows it.
fn condition(condition: &Json) -> Result<Option<Condition>, Malformed> {
    let malformed = || Malformed("condition".to_owned());
    let Some(condition) = single(condition).ok_or_else(malformed)? else { return Ok(None) };
    let Some(ip) = single(&condition["request_ip"]).ok_or_else(malformed)? else { return Ok(None) };
    let side = |list: &Json| match list {
        Json::Null => Some(Vec::new()),
        list => list.as_array()?.iter().map(|cidr| cidr.as_str().map(str::to_owned)).collect(),
    };
    let (inside, outside) =
        (side(&ip["in"]).ok_or_else(malformed)?, side(&ip["not_in"]).ok_or_else(malformed)?);
    let asked = Condition { request_ip: Some(RequestIp::new(inside, outside)), ..Condition::default() };
    Ok((!asked.is_empty()).then_some(asked))
}

/// The object in an attribute that has an object or a list of at most one. `None` if it has neither.
fn single(json: &Json) -> Option<Option<&Json>> {
    match json {
        Json::Null => Some(None),
        Json::Object(_) => Some(Some(json)),
        Json::Array(list) => match list.as_slice() {
            [] => Some(None),
            // A list has null for an empty block.
            [Json::Null] => Some(None),
            [one @ Json::Object(_)] => Some(Some(one)),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;
    use crate::policy::{Selection, Target};
    use crate::provider::blocks::specs;
    use crate::provider::official::tests::sources;
    use crate::tf_provider::framework::Value;

    const ACCOUNT_KEY: &str = "com.cloudflare.api.account.b67e14daa5f8dceeb91fe5449ba496eb";
    const ZONE: &str = "023e105f4ecef8ad9ca31a8372d0c353";

    fn taken<O: Ownership>(source: &MoveSource) -> (O, TokenFields, Private) {
        read::<O>(source).unwrap().unwrap_or_else(|error| panic!("{error:?}"))
    }

    fn refused<O: Ownership>(source: &MoveSource) -> String {
        let error = read::<O>(source).unwrap().err().unwrap();
        assert!(!format!("{error:?}").contains("cfat_"), "a value is in {error:?}");
        format!("{}: {}", error.summary, error.detail)
    }

    /// Every attribute of the token `full` of the fixtures.
    fn is_full(state: &str, token: &TokenFields, private: &Private) {
        let known = |value: &Value<String>| value.as_str().unwrap_or_default().to_owned();
        assert_eq!(known(&token.not_before), "2026-01-01T00:00:00Z", "{state}");
        assert_eq!(known(&token.expires_on), "2030-01-02T03:04:05Z");
        assert_eq!(known(&token.status), "active");
        assert_eq!(token.value_issued_on, token.issued_on);
        let ip = token.condition.known().unwrap().request_ip.known().unwrap().clone();
        assert_eq!(ip.r#in.known().unwrap().all_known().unwrap(), ["192.0.2.0/24"]);
        assert_eq!(ip.not_in.known().unwrap().all_known().unwrap(), ["192.0.2.66/32"]);
        let policies = specs(&token.policies).unwrap();
        let granted = policies.iter().find(|policy| policy.permission_groups.len() == 2).unwrap();
        let ids = ["e086da7e2179491d91ee5f35b3ca210a", "f7f0eda5697f475c90846e879bab8666"].map(str::to_owned);
        assert_eq!(granted.permission_groups, BTreeSet::from(ids));
        // Version 5.8 could not nest a zone under its account.
        for denied in policies.iter().filter(|policy| policy.permission_groups.len() == 1) {
            assert_eq!(denied.effect.as_str(), "deny");
            let zone = Selection::Only(BTreeSet::from([ZONE.to_owned()]));
            assert_eq!(denied.target, Target::Zones(zone), "nested or not, it is a zone");
        }
        assert_eq!(private.owned.len(), policies.len());
    }

    fn every_token<O: Ownership>() -> usize {
        let all = sources(O::OFFICIAL_TOKEN);
        for (state, source) in &all {
            let (_, token, private) = taken::<O>(source);
            assert_eq!(token.id.as_str(), source.json["id"].as_str());
            assert_eq!(token.name.as_str(), source.json["name"].as_str());
            assert_eq!(token.issued_on.as_str(), source.json["issued_on"].as_str());
            assert!(private.written_on.is_some());
            assert_eq!(token.value.known().map(|value| value.expose_secret()), source.json["value"].as_str());
            assert!(token.is_exclusive() && token.store_value == Value::Known(true));
            assert!(private.moved && !private.imported && private.applied.as_ref() == Some(&private.owned));
            match token.name.as_str() {
                Some("full") => is_full(state, &token, &private),
                _ => assert!(token.condition.is_null() && token.expires_on.is_null()),
            }
        }
        all.len()
    }

    #[test]
    fn tokens_of_every_version_are_taken_over_with_their_values() {
        assert!(every_token::<Account>() >= 6);
        assert!(every_token::<User>() >= 9);
        let (_, source) = sources(Account::OFFICIAL_TOKEN).remove(0);
        let (owner, ..) = taken::<Account>(&source);
        assert_eq!(owner.account_id.as_str(), ACCOUNT_KEY.rsplit('.').next());
    }

    #[test]
    fn an_unknown_version_is_refused_with_the_import_id() {
        let (_, mut source) = sources(Account::OFFICIAL_TOKEN).remove(0);
        source.schema_version = 502;
        let refusal = refused::<Account>(&source);
        let id = source.json["id"].as_str().unwrap();
        let import = format!("b67e14daa5f8dceeb91fe5449ba496eb/{id}");
        assert!(refusal.contains("version 502") && refusal.contains(&import), "{refusal}");
    }

    #[test]
    fn an_attribute_of_another_form_is_named() {
        for (attribute, wrong) in [
            ("id", json!("no id")),
            ("name", json!(null)),
            ("account_id", json!("no id")),
            ("value", json!(["cfat_secret"])),
            ("issued_on", json!("yesterday")),
            ("condition", json!("none")),
            ("condition", json!([{ "request_ip": [{ "in": [5] }] }])),
            ("policies", json!({})),
            ("policies", json!([{ "permission_groups": [{ "name": "x" }], "resources": {} }])),
            ("policies", json!([{ "permission_groups": [{ "id": "no id" }], "resources": {} }])),
            ("policies", json!([{ "permission_groups": [], "resources": "{" }])),
            ("policies", json!([{ "permission_groups": [], "resources": { "k": 5 } }])),
        ] {
            let (_, mut source) = sources(Account::OFFICIAL_TOKEN).remove(0);
            source.json[attribute] = wrong.clone();
            let refusal = refused::<Account>(&source);
            assert!(refusal.contains(&format!("`{attribute}`")), "{wrong}: {refusal}");
        }
    }

    #[test]
    fn a_value_that_the_state_does_not_have_leaves_open_when_it_was_issued() {
        for none in [json!(null), json!("")] {
            let (_, mut source) = sources(User::OFFICIAL_TOKEN).remove(0);
            source.json["value"] = none;
            let (_, token, _) = taken::<User>(&source);
            assert!(token.value.is_null() && token.value_issued_on.is_null());
        }
    }

    #[test]
    fn an_empty_condition_is_none() {
        for empty in
            [json!([]), json!([{ "request_ip": [] }]), json!({ "request_ip": { "in": [], "not_in": null } })]
        {
            let (_, mut source) = sources(User::OFFICIAL_TOKEN).remove(0);
            source.json["condition"] = empty.clone();
            assert!(taken::<User>(&source).1.condition.is_null(), "{empty}");
        }
    }

    #[test]
    fn an_owner_stays_the_owner() {
        let (_, source) = sources(User::OFFICIAL_TOKEN).remove(0);
        assert!(refused::<Account>(&source).contains("cloudflare_user_api_token"));
        let (_, source) = sources(Account::OFFICIAL_TOKEN).remove(0);
        assert!(refused::<User>(&source).contains("cloudflare_account_api_token"));
    }

    #[test]
    fn what_is_not_the_official_providers_token_is_not_read() {
        let (_, source) = sources(Account::OFFICIAL_TOKEN).remove(0);
        let other = MoveSource { type_name: "cloudflare_zone".to_owned(), ..source };
        assert!(read::<Account>(&other).is_none());
    }

    #[test]
    fn an_object_may_stand_alone_or_in_a_list() {
        let object = json!({"in": []});
        for one in [&object, &json!([object])] {
            assert_eq!(single(one), Some(Some(&object)), "{one}");
        }
        for none in [json!(null), json!([]), json!([null])] {
            assert_eq!(single(&none), Some(None), "{none}");
        }
        for wrong in [json!("text"), json!([object, object]), json!(["text"])] {
            assert_eq!(single(&wrong), None, "{wrong}");
        }
    }
}
