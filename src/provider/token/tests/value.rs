//! When a value is rolled and why, who gets it sealed, and when it ends.

use std::time::Duration;

use super::*;
use crate::path;
use crate::provider::token::model::{PreviousBlock, SealBlock};
use crate::provider::token::value::{check_times, first_version, issued, look, seal, validate};
use crate::provider::wording::{self, RollReason, Trigger};
use crate::tf_provider::framework::{Diagnostic, Element, Path};

const NAME: &str = "\"ci\" (11111111111111111111111111111111)";
/// A public key for a sealed box.
const KEY: &str = "CQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

fn text(text: &str) -> Value<String> {
    text.to_owned().into()
}

fn rotation(every: Value<String>, triggers: Value<Map<String>>) -> RotationBlock {
    RotationBlock { every, triggers, ..RotationBlock::null() }
}

fn with(rotation: RotationBlock) -> TokenFields {
    TokenFields { rotation: rotation.into(), ..state(&["A"], true) }
}

fn every(every: &str) -> TokenFields {
    with(rotation(text(every), Value::Null))
}

fn triggers(triggers: &[(&str, Element<String>)]) -> Value<Map<String>> {
    Value::Known(Map(triggers.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect()))
}

fn to(key: &str) -> SealBlock {
    SealBlock { format: text("libsodium"), public_key: text(key) }
}

fn seal_for(recipients: &[(&str, &str)]) -> Value<Map<SealBlock>> {
    Value::Known(recipients.iter().map(|(name, key)| ((*name).to_owned(), to(key))).collect())
}

/// A token whose value is sealed for one recipient.
fn sealed() -> TokenFields {
    let sealed_values = Value::Known(Map::from_iter([("ops".to_owned(), "sealed".to_owned())]));
    TokenFields { seal_for: seal_for(&[("ops", "one")]), sealed_values, ..state(&["A"], true) }
}

/// The last look at the clock was at this time.
fn seen(at: OffsetDateTime) -> Private {
    Private { seen_on: at.unix_timestamp(), ..private(&["A"]) }
}

/// What a plan says, after a check that it gives the token a new value or leaves the old one.
fn said(prior: &TokenFields, private: &Private, config: &TokenFields, rolls: bool) -> Vec<Diagnostic> {
    // The framework keeps the computed attributes that the configuration leaves open.
    let decision = planned(prior, private, config, "another");
    let issued = &decision.planned.value_issued_on;
    assert_eq!(issued.is_unknown(), rolls, "{:?}", decision.found);
    assert!(rolls || *issued == prior.value_issued_on);
    decision.found.0
}

fn rolled(why: &RollReason, at: Path) -> Vec<Diagnostic> {
    vec![wording::rolled(NAME, why).at(at)]
}

fn at_every() -> Path {
    path!(TokenFields.rotation).then(path!(RotationBlock.every))
}

#[test]
fn a_trigger_rolls_if_it_is_new_changed_or_not_known_yet() {
    let known = |text: &str| Element::Known(text.to_owned());
    let case = |before: Value<Map<String>>, after: Value<Map<String>>, why: Option<Trigger>| {
        let (before, after) = (with(rotation(Value::Null, before)), with(rotation(Value::Null, after)));
        let expected = why.map_or_else(Vec::new, |why| {
            let at = path!(TokenFields.rotation).then(path!(RotationBlock.triggers));
            rolled(&RollReason::Triggered(vec![why]), at)
        });
        let rolls = !expected.is_empty();
        assert_eq!(said(&before, &private(&["A"]), &after, rolls), expected);
    };
    let one = || triggers(&[("a", known("1"))]);
    case(one(), one(), None);
    case(one(), triggers(&[("a", known("2"))]), Some(Trigger::Changed("a".to_owned())));
    case(one(), triggers(&[("a", known("1")), ("b", known("1"))]), Some(Trigger::New("b".to_owned())));
    case(Value::Null, one(), Some(Trigger::New("a".to_owned())));
    case(one(), triggers(&[("a", Element::Unknown)]), Some(Trigger::Unknown("a".to_owned())));
    case(one(), Value::Unknown, Some(Trigger::AllUnknown));
    case(one(), triggers(&[]), None);
    case(one(), Value::Null, None);
    let unknown = TokenFields { rotation: Value::Unknown, ..state(&["A"], true) };
    assert_eq!(said(&state(&["A"], true), &private(&["A"]), &unknown, true).len(), 1);
    assert!(
        said(&with(rotation(Value::Null, one())), &private(&["A"]), &state(&["A"], true), false).is_empty()
    );
}

#[test]
fn a_value_is_rolled_once_a_look_has_found_it_old_enough() {
    let token = every("10d");
    let due = at("2026-11-11T00:00:00Z");
    let early = due - Duration::from_secs(1);
    assert!(said(&token, &seen(early), &token, false).is_empty(), "the clock of the plan does not count");
    let why = RollReason::Due { age: "27 days".to_owned(), every: "10d".to_owned() };
    assert_eq!(said(&token, &seen(due), &token, true), rolled(&why, at_every()));
    // A value that was never rolled is as old as its token.
    let first = TokenFields { value_issued_on: Value::Null, ..token.clone() };
    assert!(planned(&first, &seen(due), &first, "another").planned.value.is_unknown());
    assert_eq!(issued(&first), issued(&token));
    let open = with(rotation(Value::Unknown, Value::Null));
    let warning = wording::may_be_rolled(NAME).at(at_every());
    assert_eq!(said(&token, &seen(early), &open, true), [warning]);
}

#[test]
fn a_look_at_the_clock_is_kept_only_if_it_shows_something_else() {
    let (token, due) = (every("10d"), at("2026-11-11T00:00:00Z").unix_timestamp());
    assert_eq!(look(&token, due - 9, due - 1), due - 9);
    assert_eq!(look(&token, due - 9, due), due);
    assert_eq!(look(&token, due, due + 9), due);
    assert_eq!(look(&every("3650d"), due, due + 9), due);
    assert_eq!(look(&state(&["A"], true), 5, due), 5, "nothing is ever due");
}

#[test]
fn a_rotation_that_becomes_due_by_a_shorter_time_comes_with_the_next_run() {
    let (long, short) = (every("3650d"), every("10d"));
    let early = seen(at("2026-11-02T00:00:00Z"));
    let warning = wording::rolled_next_time(NAME, "27 days").at(at_every());
    assert_eq!(said(&long, &early, &short, false), vec![warning.clone()]);
    assert_eq!(said(&state(&["A"], true), &early, &short, false), [warning]);
    assert!(said(&short, &early, &short, false).is_empty(), "a refresh would have found it");
    assert!(said(&long, &early, &every("28d"), false).is_empty(), "it is not due yet");
    let change =
        |replaced| Change { config: &short, prior: Some(&long), planned: &short, private: &early, replaced };
    let found = |replaced| super::super::value::plan(change(replaced), &mut short.clone(), now());
    assert!(!found(false).is_empty() && found(true).is_empty(), "a new token has a new value");
}

#[test]
fn a_value_that_is_lost_or_dead_is_replaced_at_once_even_with_an_overlap() {
    let overlap = |token: &TokenFields| {
        let rotation = token.rotation.known().unwrap().clone();
        TokenFields { rotation: RotationBlock { overlap: text("1d"), ..rotation }.into(), ..token.clone() }
    };
    let token = overlap(&every("10d"));
    let lost = Private { value_lost: true, ..private(&["A"]) };
    assert_eq!(said(&token, &lost, &token, true), [wording::rolled(NAME, &RollReason::Lost)]);
    let dead = Private { value_dead: true, ..private(&["A"]) };
    assert_eq!(said(&token, &dead, &token, true), [wording::rolled_outside(NAME)]);
    for private in [lost, dead] {
        assert_eq!(planned(&token, &private, &token, "another").planned.id, token.id);
    }
    // Any other reason leaves time, so a new token comes.
    let due = seen(now());
    let why = RollReason::Due { age: "27 days".to_owned(), every: "10d".to_owned() };
    let before = TokenFields {
        previous: PreviousBlock { id: text("older"), ..PreviousBlock::null() }.into(),
        ..token.clone()
    };
    let succeeded = wording::succeeded(NAME, &why, "1d", Some("older")).at(at_every());
    assert_eq!(said(&before, &due, &before, true), [succeeded]);
    let new = planned(&before, &due, &before, "another").planned;
    assert!(new.id.is_unknown() && new.issued_on.is_unknown() && new.previous.is_unknown());
}

#[test]
fn a_previous_token_goes_after_its_overlap_and_gets_the_end_that_it_lacks() {
    let previous = |end: Value<String>| PreviousBlock { id: text("older"), expires_on: end };
    let token = |end| TokenFields { previous: previous(end).into(), ..state(&["A"], true) };
    let plan = |token: &TokenFields, previous_over: bool| {
        let private = Private { previous_over, ..private(&["A"]) };
        planned(token, &private, token, "another").planned.previous
    };
    let ends = token(text("2026-11-30T00:00:00Z"));
    assert_eq!((plan(&ends, false), plan(&ends, true)), (ends.previous.clone(), Value::Null));
    let endless = token(Value::Null);
    assert_eq!(plan(&endless, false), Value::Null, "without an overlap it goes");
    let overlap = RotationBlock { overlap: text("1d"), ..rotation(text("90d"), Value::Null) };
    assert!(plan(&TokenFields { rotation: overlap.into(), ..endless }, false).is_unknown());
}

#[test]
fn a_value_that_the_state_does_not_have_is_rolled_for_who_needs_it() {
    let stored =
        |store: Value<bool>| TokenFields { value: Value::Null, store_value: store, ..state(&["A"], true) };
    let case = |before: &TokenFields, after: &TokenFields, why: Option<(RollReason, Path)>| {
        let expected = why.map_or_else(Vec::new, |(why, at)| rolled(&why, at));
        let rolls = !expected.is_empty();
        assert_eq!(said(before, &private(&["A"]), after, rolls), expected);
    };
    let store = || Some((RollReason::Stored, path!(TokenFields.store_value)));
    let not = stored(false.into());
    case(&not, &not, None);
    for again in [stored(true.into()), stored(Value::Null), stored(Value::Unknown)] {
        case(&not, &again, store());
        case(&again, &again, None);
    }

    let recipient = || Some((RollReason::Recipient, path!(TokenFields.seal_for)));
    let not = TokenFields { seal_for: sealed().seal_for, sealed_values: sealed().sealed_values, ..not };
    let sealing = |seal_for| TokenFields { seal_for, ..not.clone() };
    case(&not, &not, None);
    case(&not, &sealing(Value::Null), None);
    case(&not, &sealing(Value::Unknown), recipient());
    case(&not, &sealing(seal_for(&[("ops", "another")])), recipient());
    case(&not, &sealing(seal_for(&[("ops", "one"), ("dev", "two")])), recipient());
    // The last apply ended before the value was sealed.
    let unsealed = TokenFields { sealed_values: Value::Null, ..not.clone() };
    case(&unsealed, &unsealed, recipient());
    // A value in the state can be sealed for anybody.
    let known = TokenFields { sealed_values: Value::Null, ..sealed() };
    case(&known, &known, None);
}

#[test]
fn who_has_the_present_value_sealed_keeps_it_as_it_is() {
    let prior = sealed();
    let plan = |config: &TokenFields, private: &Private| planned(&prior, private, config, "another").planned;
    let sealing = |seal_for| plan(&TokenFields { seal_for, ..prior.clone() }, &private(&["A"])).sealed_values;
    let expected = |values: &[(&str, Element<String>)]| triggers(values);
    let (as_it_is, open) = (Element::Known("sealed".to_owned()), Element::Unknown);
    assert_eq!(sealing(prior.seal_for.clone()), prior.sealed_values);
    assert_eq!(
        sealing(seal_for(&[("ops", "one"), ("dev", "two")])),
        expected(&[("ops", as_it_is), ("dev", open.clone())])
    );
    assert_eq!(sealing(seal_for(&[("ops", "another")])), expected(&[("ops", open.clone())]));
    assert_eq!(sealing(Value::Null), Value::Null);
    assert!(sealing(Value::Unknown).is_unknown());
    let lost = Private { value_lost: true, ..private(&["A"]) };
    assert_eq!(plan(&prior, &lost).sealed_values, expected(&[("ops", open)]));

    let value = |store: Value<bool>| {
        plan(&TokenFields { store_value: store, ..prior.clone() }, &private(&["A"])).value
    };
    assert!(value(false.into()).is_null() && value(Value::Unknown).is_unknown());
    for kept in [value(true.into()), value(Value::Null)] {
        assert_eq!(kept.known().map(|value| value.expose_secret()), Some("old"));
    }
    let hidden = TokenFields { store_value: false.into(), ..prior.clone() };
    assert!(plan(&hidden, &lost).value.is_null(), "and a new one is not stored either");
}

#[test]
fn only_a_recipient_without_the_value_gets_it_sealed() {
    let value = "value".into();
    let planned = |sealed_values| TokenFields {
        seal_for: seal_for(&[("ops", KEY), ("dev", KEY)]),
        sealed_values,
        ..state(&["A"], true)
    };
    let plan = triggers(&[("ops", Element::Known("sealed".to_owned())), ("dev", Element::Unknown)]);
    let sealed = seal(&planned(plan), &value).unwrap();
    let sealed: Vec<_> = sealed.known().unwrap().known_so_far().collect();
    assert_eq!((sealed.len(), sealed[1]), (2, ("ops", &"sealed".to_owned())));
    assert!(sealed[0].0 == "dev" && sealed[0].1 != "sealed");
    assert_eq!(seal(&planned(Value::Null), &value).unwrap(), Value::Null);
    let wrong = TokenFields { seal_for: seal_for(&[("ops", "no key")]), ..planned(Value::Unknown) };
    assert!(seal(&wrong, &value).is_err());
}

#[test]
fn an_end_by_expires_in_counts_from_the_issue_of_the_value() {
    // The value was issued 660 hours ago.
    let lives = |life: &str, end: &str| TokenFields {
        expires_in: text(life),
        expires_on: text(end),
        ..state(&["A"], true)
    };
    let plan = |prior: &TokenFields, config: &TokenFields| {
        let config = TokenFields { expires_on: Value::Null, ..config.clone() };
        let decision = planned(prior, &private(&["A"]), &config, "another");
        (decision.planned.expires_on, decision.found.0)
    };
    let month = lives("30d", "2026-12-01T00:00:00Z");
    assert_eq!(plan(&month, &month), (month.expires_on.clone(), vec![]));
    let written = lives("30d", "2026-12-01T01:00:00+01:00");
    assert_eq!(plan(&written, &written).0, written.expires_on, "the same time");
    assert_eq!(plan(&month, &lives("661h", "")), (text("2026-11-28T13:00:00Z"), vec![]));
    let over = wording::expires_at_once().at(path!(TokenFields.expires_in));
    assert_eq!(plan(&month, &lives("660h", "")).1, [over]);
    let passed = lives("10d", "2026-11-11T00:00:00Z");
    assert_eq!(plan(&passed, &passed).1, [], "no plan fails only because time passes");
    assert_eq!(plan(&month, &state(&["A"], true)).0, Value::Null);
    assert!(plan(&month, &TokenFields { expires_in: Value::Unknown, ..month.clone() }).0.is_unknown());
    assert!(plan(&month, &triggered(&month)).0.is_unknown(), "a new value has a new end");
    let lives_till = lives("30d", "2027-01-01T00:00:00Z");
    let fixed = TokenFields { expires_in: Value::Null, ..lives_till };
    assert_eq!(planned(&month, &private(&["A"]), &fixed, "another").planned.expires_on, fixed.expires_on);
}

#[test]
fn an_end_that_has_passed_is_refused_where_it_is_new() {
    let until = |end: &str| TokenFields { expires_on: text(end), ..state(&["A"], true) };
    let found = |prior: &TokenFields, config: &TokenFields| {
        planned(prior, &private(&["A"]), config, "another").found.0
    };
    let (open, ending) = (state(&["A"], true), until("2026-11-28T12:00:00Z"));
    let refused = wording::ends_in_the_past("2026-11-28T12:00:00Z").at(path!(TokenFields.expires_on));
    assert_eq!(found(&open, &ending), vec![refused.clone()]);
    assert_eq!(found(&open, &until("2026-11-28T12:00:01Z")), []);
    assert_eq!(found(&until("2026-11-28T13:00:00+01:00"), &ending), [], "it is the end that it had");
    let change = |replaced| {
        let private = private(&["A"]);
        let change =
            Change { config: &ending, prior: Some(&ending), planned: &ending, private: &private, replaced };
        check_times(change, &ending, now()).0
    };
    assert_eq!((change(false), change(true)), (vec![], vec![refused]));
}

#[test]
fn a_token_that_would_end_before_it_begins_is_refused() {
    let lives = |start: &str| TokenFields {
        not_before: text(start),
        expires_in: text("30d"),
        expires_on: text("2026-12-01T00:00:00Z"),
        ..state(&["A"], true)
    };
    let found = |prior: &TokenFields, config: &TokenFields| {
        let config = TokenFields { expires_on: Value::Null, ..config.clone() };
        planned(prior, &private(&["A"]), &config, "another").found.0
    };
    let never =
        |start: &str, end: &str| vec![wording::never_works(start, end).at(path!(TokenFields.not_before))];
    let (open, end) = (lives("2026-11-01T00:00:00Z"), "2026-12-01T00:00:00Z");
    assert_eq!(found(&open, &lives("2026-11-30T23:59:59Z")), []);
    assert_eq!(found(&open, &lives(end)), never(end, end), "the start is new");
    assert_eq!(found(&lives(end), &lives(end)), [], "neither is new");
    let shorter = TokenFields { expires_in: text("29d"), ..lives("2026-11-30T12:00:00Z") };
    let before = lives("2026-11-30T12:00:00Z");
    assert_eq!(
        found(&before, &shorter),
        never("2026-11-30T12:00:00Z", "2026-11-30T00:00:00Z"),
        "the end is new"
    );
    // The end of a value that is still to be made.
    let change = |config: &TokenFields| {
        let planned = TokenFields { expires_on: Value::Unknown, ..config.clone() };
        let (config, private) = (TokenFields { expires_on: Value::Null, ..config.clone() }, private(&["A"]));
        check_times(
            Change { config: &config, prior: None, planned: &planned, private: &private, replaced: false },
            &planned,
            now(),
        )
        .0
    };
    let (late, soon) = ("2026-12-28T12:00:00Z", "2026-12-28T11:59:59Z");
    assert_eq!((change(&lives(late)), change(&lives(soon))), (never(late, late), vec![]));
}

#[test]
fn a_configuration_that_contradicts_itself_is_refused_before_any_plan() {
    let open = state(&["A"], true);
    assert_eq!(validate(&open).0, []);
    let one = |config: &TokenFields| {
        let found = validate(config).0;
        assert_eq!(found.len(), 1, "{found:?}");
        found.into_iter().next().unwrap()
    };
    let hidden = TokenFields { store_value: false.into(), ..open.clone() };
    assert_eq!(one(&hidden), wording::value_goes_nowhere().at(path!(TokenFields.store_value)));
    assert_eq!(validate(&TokenFields { seal_for: seal_for(&[("ops", KEY)]), ..hidden }).0, []);

    let to_ops = |key: &str| TokenFields { seal_for: seal_for(&[("ops", key)]), ..open.clone() };
    assert_eq!(validate(&to_ops(KEY)).0, []);
    let at = path!(TokenFields.seal_for).key("ops").then(path!(SealBlock.public_key));
    assert_eq!(one(&to_ops("no key")).path, Some(at));
    let private = format!("AGE-SECRET-KEY-1{}", "Q".repeat(58));
    assert_eq!(one(&to_ops(&private)).path, None, "Terraform shows the line that a path points at");

    let times = |start: &str, end: &str| TokenFields {
        not_before: text(start),
        expires_on: text(end),
        ..open.clone()
    };
    let (noon, later) = ("2026-12-01T12:00:00Z", "2026-12-01T12:00:01Z");
    let never = wording::never_works(noon, noon).at(path!(TokenFields.not_before));
    assert_eq!((one(&times(noon, noon)), validate(&times(noon, later)).0), (never, vec![]));
    let rotated = |life: &str| TokenFields { expires_in: text(life), ..every("10d") };
    let late = wording::rotated_too_late("10d", "240h").at(at_every());
    assert_eq!((one(&rotated("240h")), validate(&rotated("241h")).0), (late, vec![]));
    // An overlap of nothing.
    let overlap = with(RotationBlock { overlap: text("1d"), ..RotationBlock::null() });
    assert_eq!(validate(&overlap).0.len(), 1);
}

#[test]
fn a_value_without_a_version_gets_the_time_of_its_issue() {
    let token = |value: Value<String>, token: Value<String>| TokenFields {
        value_issued_on: value,
        issued_on: token,
        ..state(&["A"], true)
    };
    let second = || text("1970-01-01T00:00:01Z");
    assert_eq!(first_version(&token(second(), text("1970-01-01T00:00:00Z"))), Value::Known(1000));
    assert_eq!(first_version(&token(Value::Null, second())), Value::Known(1000));
    assert_eq!(first_version(&token(Value::Null, Value::Null)), Value::Null);
}
