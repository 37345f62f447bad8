//! What a read of a token changes in the state, and when a value is in doubt.

use std::time::Duration;

use super::*;
use crate::provider::token::model::PreviousBlock;
use crate::provider::token::refresh::{doubtful_value, is_importing, is_usable};
use crate::provider::wording;

fn text(text: &str) -> Value<String> {
    text.to_owned().into()
}

/// What a read of this token makes of the state.
fn read(state: &TokenFields, private: &Private, token: &Token) -> (TokenFields, Private, Diagnostics) {
    let seen = TokenPolicies::of(token, &owner());
    let written = specs(&state.policies).unwrap_or_default();
    let shows_others = state.is_exclusive() || is_importing(state);
    let own = Own { written: &written, fingerprints: &private.owned, shows_others };
    let matched = match_with(own, &seen, &owner(), Some(&catalog()));
    refresh::decide(state, private, token, &seen, &matched, now())
}

fn unreadable(groups: &[&str]) -> Token {
    let mut token = token(groups);
    let new_style = json!({
        "effect": "allow", "permission_groups": [{"id": "new-style"}], "resources": {"x": {"y": "*"}},
    });
    token.policies.push(serde_json::from_value(new_style).unwrap());
    token
}

#[test]
fn an_import_takes_over_all_that_the_token_is() {
    let id_only = TokenFields { id: text(ID), ..TokenFields::null() };
    let (imported, private, found) = read(&id_only, &Private::default(), &token(&["A"]));
    assert!(found.is_empty());
    let issued_on = at("2026-11-01T00:00:00Z").unix_timestamp() * 1000;
    let expected = TokenFields {
        grants: Value::Known(Set::from_iter(["allow \"A\" on the account".to_owned()])),
        value: Value::Null,
        value_issued_on: Value::Null,
        value_version: issued_on.into(),
        ..state(&["A"], true)
    };
    assert_eq!(imported, expected);
    let nothing_written = Some(Default::default());
    assert_eq!((private.owned, private.applied), (prints(&["A"]), nothing_written));
    assert!(private.imported && !private.imported_ended);

    let bare = read(&id_only, &Private::default(), &token(&[])).0;
    assert_eq!((bare.exclusive_policies, bare.policies), (false.into(), Value::Null));
    let ended = Token { status: "expired".to_owned(), ..token(&["A"]) };
    assert!(read(&id_only, &Private::default(), &ended).1.imported_ended);
}

#[test]
fn only_an_exclusive_token_shows_the_policies_of_others() {
    let now_there = token(&["A", "B"]);
    let prior = |exclusive| TokenFields {
        grants: Value::Known(Set::from_iter(["as it was worded".to_owned()])),
        ..state(&["A"], exclusive)
    };
    let (shown, kept, _) = read(&prior(true), &private(&["A"]), &now_there);
    assert_eq!((shown.policies, kept.owned), (policies(&["A", "B"]), prints(&["A", "B"])));
    let both = ["allow \"A\" on the account", "allow \"B\" on the account"];
    assert_eq!(shown.grants, Value::Known(both.into_iter().map(str::to_owned).collect()));
    let (shown, kept, _) = read(&prior(false), &private(&["A"]), &now_there);
    assert_eq!((shown, kept), (prior(false), private(&["A"])));

    let warning = |exclusive| read(&prior(exclusive), &private(&["A"]), &unreadable(&["A"])).2;
    let seen = TokenPolicies::of(&unreadable(&["A"]), &owner());
    assert_eq!(warning(true), wording::unreadable_policies(&seen).into());
    assert!(warning(false).is_empty(), "the next change leaves them");
}

#[test]
fn a_read_shows_the_token_as_it_is_but_not_a_name_for_the_meantime() {
    let named = |name: &str| Token { name: name.to_owned(), status: "disabled".to_owned(), ..token(&["A"]) };
    let previous = PreviousBlock { id: text("older"), ..PreviousBlock::null() };
    let prior = TokenFields { previous: previous.into(), ..state(&["A"], true) };
    let name = |token: &Token| {
        let (state, _, _) = read(&prior, &private(&["A"]), token);
        assert_eq!(state.status.as_str(), Some("disabled"));
        state.name
    };
    assert_eq!(name(&named("renamed")), text("renamed"));
    assert_eq!(name(&named("tf-successor-of-older")), prior.name);
    assert_eq!(name(&named("tf-successor-of-another")), text("tf-successor-of-another"));
}

#[test]
fn a_read_keeps_the_time_for_the_plan_that_follows() {
    let rotation = RotationBlock { every: text("10d"), ..RotationBlock::null() };
    let previous = |end: &str| PreviousBlock { id: text("older"), expires_on: text(end) };
    let prior = |end| TokenFields {
        rotation: rotation.clone().into(),
        previous: previous(end).into(),
        ..state(&["A"], true)
    };
    let kept = |end| read(&prior(end), &private(&["A"]), &token(&["A"])).1;
    let over = kept("2026-11-28T12:00:00Z");
    assert_eq!((over.previous_over, over.seen_on), (true, now().unix_timestamp()));
    assert!(!kept("2026-11-28T12:00:01Z").previous_over);
}

#[test]
fn a_value_is_in_doubt_if_only_the_version_of_the_token_has_changed() {
    let prior = state(&["A"], true);
    // The token was last modified at the time that the tests call now.
    let written = |ago: i64| Private { written_on: Some(now().unix_timestamp() - ago), ..private(&["A"]) };
    let doubt = |before: &TokenFields, after: &TokenFields, private: &Private| {
        doubtful_value(before, after, private, &token(&["A"]), now()).map(|doubt| (doubt.since, doubt.up_to))
    };
    let (versions, unix) = ((now().unix_timestamp() - 9, now().unix_timestamp()), written(9));
    assert_eq!(doubt(&prior, &prior, &unix), Some(versions));
    assert_eq!(doubt(&prior, &prior, &written(0)), None, "nothing has written it");
    assert_eq!(doubt(&prior, &prior, &private(&["A"])), None, "a state of 0.1.0");
    let renamed = TokenFields { name: text("new"), ..prior.clone() };
    assert_eq!(doubt(&prior, &renamed, &unix), None, "a visible change explains it");
    let disabled = TokenFields { status: text("disabled"), ..prior.clone() };
    assert_eq!(doubt(&disabled, &disabled, &unix), None);
    let unknown = TokenFields { value: Value::Null, ..prior.clone() };
    assert_eq!(doubt(&unknown, &unknown, &unix), None);

    let patience = |issued: &str| {
        let prior = TokenFields { value_issued_on: text(issued), ..prior.clone() };
        doubtful_value(&prior, &prior, &unix, &token(&["A"]), now()).unwrap().patience
    };
    assert_eq!(patience("2026-11-28T11:59:45Z"), Duration::from_secs(5), "it may be unknown in places");
    assert_eq!(patience("2026-11-28T11:00:00Z"), Duration::ZERO);
}

#[test]
fn a_token_is_usable_between_its_start_and_a_minute_before_its_end() {
    let usable = |status: &str, start: Option<&str>, end: Option<&str>| {
        let time = |time: Option<&str>| time.map(str::to_owned).into();
        let token = TokenFields {
            status: text(status),
            not_before: time(start),
            expires_on: time(end),
            ..state(&["A"], true)
        };
        is_usable(&token, now())
    };
    assert!(usable("active", None, None) && !usable("disabled", None, None));
    let (begins, later) = (Some("2026-11-28T12:00:00Z"), Some("2026-11-28T12:00:01Z"));
    assert!(usable("active", begins, None) && !usable("active", later, None));
    let (ends, soon) = (Some("2026-11-28T12:01:01Z"), Some("2026-11-28T12:01:00Z"));
    assert!(usable("active", None, ends) && !usable("active", None, soon));
    assert!(!usable("disabled", begins, ends));
}
