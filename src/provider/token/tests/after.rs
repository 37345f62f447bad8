//! What the state says after each write, and how a rotation with an overlap is carried out.

use std::time::Duration;

use super::*;
use crate::provider::token::after::{Seen, created, not_succeeded, succeeded};
use crate::provider::token::model::{PreviousBlock, SealBlock};
use crate::tf_provider::framework::Diagnostic;
use crate::tokens::{Created, Op, Succeeded, Unfinished};

/// A public key for a sealed box.
const KEY: &str = "CQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
const PREVIOUS: &str = "22222222222222222222222222222222";

fn seal_for(key: &str) -> Value<Map<SealBlock>> {
    let block = SealBlock { format: "libsodium".to_owned().into(), public_key: key.to_owned().into() };
    Value::Known(Map::from_iter([("ops".to_owned(), block)]))
}

fn sealed(text: &str) -> Value<Map<String>> {
    Value::Known(Map::from_iter([("ops".to_owned(), text.to_owned())]))
}

fn exposed(state: &TokenFields) -> Option<&str> {
    state.value.known().map(|value| value.expose_secret())
}

fn rolled(groups: &[&str], value: Option<&str>) -> Outcome {
    Outcome { value: value.map(Into::into), ..done(groups) }
}

fn error() -> Diagnostics {
    Diagnostic::error("Less", "Less was taken.").into()
}

/// An update that rolls, as it is planned over `prior`.
fn rolling(prior: &TokenFields, private: &Private, config: &TokenFields) -> Update {
    update(prior, private, planned(prior, private, &triggered(config), "another").planned, &["A"])
}

/// A token with all that belongs to its value.
fn full() -> TokenFields {
    TokenFields {
        value_version: 7.into(),
        seal_for: seal_for("the old key"),
        sealed_values: sealed("the old text"),
        expires_in: "30d".to_owned().into(),
        expires_on: "2026-12-24T00:00:00Z".to_owned().into(),
        ..state(&["A"], true)
    }
}

fn changed() -> TokenFields {
    TokenFields {
        seal_for: seal_for(KEY),
        store_value: false.into(),
        expires_in: "60d".to_owned().into(),
        expires_on: Value::Null,
        ..full()
    }
}

fn is_as_before(after: &TokenFields) {
    let before = full();
    assert_eq!(
        (&after.value_issued_on, &after.value_version, &after.rotation, &after.seal_for, &after.store_value),
        (
            &before.value_issued_on,
            &before.value_version,
            &before.rotation,
            &before.seal_for,
            &before.store_value
        ),
    );
    assert_eq!((&after.expires_on, &after.expires_in), (&before.expires_on, &before.expires_in));
}

/// The outcome of each write: as given for the roll, and good for what comes before it.
fn with_roll(
    update: Update,
    roll: Result<Outcome, OpError>,
) -> (Option<(TokenFields, Private)>, Diagnostics) {
    let before = update.steps().unwrap().iter().position(|step| matches!(step, Step::Roll)).unwrap();
    let mut outcomes: Vec<_> = (0..before).map(|_| Ok(done(&["A"]))).collect();
    outcomes.push(roll);
    carried_out(update, outcomes)
}

#[test]
fn a_refused_roll_leaves_all_that_belongs_to_the_old_value() {
    let (after, _) = with_roll(rolling(&full(), &private(&["A"]), &changed()), Err(refused()));
    let (after, kept) = after.unwrap();
    is_as_before(&after);
    assert_eq!((exposed(&after), &after.sealed_values), (Some("old"), &sealed("the old text")));
    assert!(!kept.value_lost && !after.is_in_doubt());
}

#[test]
fn a_roll_in_doubt_leaves_no_value_and_all_else_of_the_old_one() {
    for outcome in [Err(lost()), Ok(rolled(&["A"], None))] {
        let is_answered = outcome.is_ok();
        let (after, found) = with_roll(rolling(&full(), &private(&["A"]), &changed()), outcome);
        let (after, kept) = after.unwrap();
        assert_eq!(
            (&after.rotation, &after.seal_for, &after.store_value),
            (&full().rotation, &full().seal_for, &full().store_value)
        );
        assert!(after.value.is_null() && after.sealed_values.is_null() && after.value_issued_on.is_null());
        assert!(kept.value_lost && after.is_in_doubt());
        assert_eq!(found.has_error(), is_answered, "an answer without a value is an error of its own");
    }
}

#[test]
fn a_lost_value_is_in_doubt_until_a_roll_succeeds() {
    let prior = TokenFields {
        value: Value::Null,
        value_issued_on: Value::Null,
        unconfirmed: "the roll".to_owned().into(),
        ..state(&["A"], true)
    };
    let lost = Private { value_lost: true, ..private(&["A"]) };
    let rolls = update(&prior, &lost, planned(&prior, &lost, &prior, "another").planned, &["A"]);
    let (after, kept) = with_roll(rolls.clone(), Err(refused())).0.unwrap();
    assert!(kept.value_lost);
    assert_eq!(after.unconfirmed.as_str(), Some("the roll"));
    // Where the value is there and another change was in doubt, that one is certain now.
    let doubtful = TokenFields { unconfirmed: "a change".to_owned().into(), ..state(&["A"], true) };
    let (after, _) =
        with_roll(rolling(&doubtful, &private(&["A"]), &state(&["A"], true)), Err(refused())).0.unwrap();
    assert!(!after.is_in_doubt() && exposed(&after) == Some("old"));
}

#[test]
fn a_roll_records_when_the_token_was_written_and_hands_out_the_value() {
    let (after, kept) =
        with_roll(rolling(&full(), &private(&["A"]), &full_for(KEY)), Ok(rolled(&["A"], Some("new"))))
            .0
            .unwrap();
    assert_eq!(kept.written_on, Some(now().unix_timestamp()));
    assert_eq!(exposed(&after), Some("new"));
    assert!(after.sealed_values.known().and_then(Map::all_known).is_some_and(|all| all.len() == 1));
    let hidden = TokenFields { store_value: false.into(), ..full_for(KEY) };
    let (after, _) =
        with_roll(rolling(&full(), &private(&["A"]), &hidden), Ok(rolled(&["A"], Some("new")))).0.unwrap();
    assert!(after.value.is_null() && after.sealed_values.known().is_some());
    // A key that seals nothing.
    let (after, found) =
        with_roll(rolling(&full(), &private(&["A"]), &full_for("no key")), Ok(rolled(&["A"], Some("new"))));
    assert!(after.unwrap().0.sealed_values.is_null() && found.has_error());
}

fn full_for(key: &str) -> TokenFields {
    TokenFields { seal_for: seal_for(key), expires_on: Value::Null, ..full() }
}

#[test]
fn a_value_that_stays_is_sealed_for_whoever_is_new() {
    let prior = state(&["A"], true);
    let config = TokenFields { name: "new".to_owned().into(), ..prior.clone() };
    let planned = TokenFields { seal_for: seal_for(KEY), sealed_values: Value::Unknown, ..config };
    let (after, _) =
        carried_out(update(&prior, &private(&["A"]), planned, &["A"]), vec![Ok(done(&["A"]))]).0.unwrap();
    let text = after.sealed_values.known().and_then(Map::all_known).unwrap();
    assert!(matches!(text[..], [("ops", text)] if !text.is_empty()));
}

/// What a step with these findings leaves, and whether the next one may follow.
fn after_step(
    update: Update,
    nth: usize,
    outcome: Result<Outcome, OpError>,
    found: Diagnostics,
) -> (bool, TokenFields, Private, Diagnostics) {
    let mut steps = update.steps().unwrap();
    let mut progress = Progress::new(update, None);
    let goes_on = progress.took(steps.swap_remove(nth), outcome, found, &owner(), Some(&catalog()));
    let (after, found) = progress.end();
    let (after, kept) = after.unwrap();
    (goes_on, after, kept, found)
}

#[test]
fn a_change_that_was_taken_in_part_leaves_the_old_value() {
    let config = TokenFields { name: "new".to_owned().into(), ..changed() };
    let rolls = rolling(&full(), &private(&["A"]), &config);
    let (goes_on, after, _, found) = after_step(rolls, 0, Ok(done(&["A"])), error());
    assert!(!goes_on && found.has_error());
    assert_eq!((exposed(&after), &after.value_issued_on), (Some("old"), &full().value_issued_on));
    assert_eq!(after.store_value, full().store_value);
    // Without a roll the rest is as it was planned.
    let every = RotationBlock { every: "30d".to_owned().into(), ..RotationBlock::null() };
    let planned =
        TokenFields { name: "new".to_owned().into(), rotation: every.into(), ..state(&["A"], true) };
    let changes = update(&state(&["A"], true), &private(&["A"]), planned.clone(), &["A"]);
    let (_, after, _, _) = after_step(changes, 0, Ok(done(&["A"])), error());
    assert_eq!(after.rotation, planned.rotation);
}

#[test]
fn a_change_of_fields_leaves_what_is_own() {
    let prior = state(&["A"], true);
    let renamed = TokenFields { name: "new".to_owned().into(), ..prior.clone() };
    for outcome in [Ok(done(&["A"])), Err(lost())] {
        let changes = update(&prior, &private(&[]), renamed.clone(), &["A"]);
        let warning = Diagnostic::warning("Beware", "Of something.").into();
        let (_, _, kept, found) = after_step(changes, 0, outcome, warning);
        assert_eq!((kept.owned, kept.applied), (prints(&[]), Some(prints(&[]))));
        assert_eq!(found.0.len(), 1);
    }
    let changes = update(&prior, &private(&["A"]), state(&["B"], true), &["B"]);
    let (goes_on, _, kept, _) = after_step(changes, 0, Ok(done(&["B"])), Diagnostics::none());
    assert!(goes_on);
    assert_eq!((kept.owned, kept.applied), (prints(&["B"]), Some(prints(&["B"]))));
}

#[test]
fn an_import_has_been_changed_once_a_change_went_well() {
    let prior = state(&["A"], true);
    let renamed = TokenFields { name: "new".to_owned().into(), ..prior.clone() };
    let imported = Private { imported: true, ..private(&["A"]) };
    for (found, stays) in [(Diagnostics::none(), false), (error(), true)] {
        let changes = update(&prior, &imported, renamed.clone(), &["A"]);
        let (_, _, kept, _) = after_step(changes, 0, Ok(done(&["A"])), found);
        assert_eq!(kept.imported, stays);
    }
    let own = update(&prior, &private(&["A"]), renamed, &["A"]);
    assert!(!after_step(own, 0, Ok(done(&["A"])), error()).2.imported);
}

#[test]
fn the_end_of_a_new_value_is_in_the_state_where_it_was_set() {
    let config = TokenFields { expires_in: "60d".to_owned().into(), expires_on: Value::Null, ..full() };
    let rolls = rolling(&full(), &private(&["A"]), &config);
    let extend = rolls.steps().unwrap().len() - 1;
    let new_end = rolls.issued().unwrap().expires_on;
    let extended = |outcome, found| after_step(rolls.clone(), extend, outcome, found);
    let (goes_on, after, kept, _) = extended(Ok(done(&["A"])), Diagnostics::none());
    assert!(goes_on && after.expires_on == new_end && new_end != full().expires_on);
    assert_eq!(kept.written_on, Some(now().unix_timestamp()));
    let (goes_on, after, ..) = extended(Err(lost()), error());
    assert!(!goes_on && after.is_in_doubt() && after.expires_on == full().expires_on);
    let (goes_on, after, ..) = extended(Err(refused()), error());
    assert!(!goes_on && !after.is_in_doubt() && after.expires_on == full().expires_on);
    // The API kept the token without an end.
    let (goes_on, after, ..) = extended(Ok(done(&["A"])), error());
    assert!(!goes_on && after.expires_on.is_null());
}

fn made(groups: &[&str], not_disabled: Option<OpError>) -> Created {
    Created {
        sent_on: 1,
        token: Arc::new(token(groups)),
        value: "new".into(),
        concerns: Vec::new(),
        left_behind: Vec::new(),
        not_disabled,
    }
}

#[test]
fn a_new_token_is_as_planned_or_as_it_is() {
    let after = |not_disabled, exclusive, has: &[&str], faulty| {
        let planned =
            TokenFields { name: Value::Unknown, issued_on: Value::Unknown, ..state(&["A"], exclusive) };
        let token = token(has);
        let seen = Seen { owner: &owner(), token: &token, catalog: Some(&catalog()) };
        created(planned, &resolved(&["A"]), &made(has, not_disabled), &seen, faulty)
    };
    let (state, kept, found) = after(None, true, &["A"], false);
    assert_eq!((state.name.as_str(), state.issued_on.as_str()), (Some("ci"), Some("2026-11-01T00:00:00Z")));
    assert_eq!((exposed(&state), kept.written_on), (Some("new"), Some(now().unix_timestamp())));
    assert!(!state.is_in_doubt() && found.is_empty());
    assert!(after(Some(lost()), true, &["A"], true).0.is_in_doubt());
    assert!(!after(Some(refused()), true, &["A"], true).0.is_in_doubt());
    // B came with it: it is drift of an exclusive token, and somebody else's beside an additive one.
    assert_eq!(after(None, true, &["A", "B"], false).0.policies, policies(&["A"]));
    let (state, kept, _) = after(None, true, &["A", "B"], true);
    assert_eq!((state.policies, kept.owned), (policies(&["A", "B"]), prints(&["A", "B"])));
    let (state, kept, _) = after(None, false, &["A", "B"], true);
    assert_eq!((state.policies, kept.owned), (policies(&["A"]), prints(&["A"])));
}

/// A token whose rotation makes a new one.
fn overlapping(overlap: Option<&str>, previous: Option<&str>) -> TokenFields {
    let rotation = RotationBlock { overlap: overlap.map(str::to_owned).into(), ..RotationBlock::null() };
    let block = |id: &str| PreviousBlock { id: id.to_owned().into(), expires_on: Value::Null };
    TokenFields {
        rotation: rotation.into(),
        previous: previous.map_or(Value::Null, |id| Value::Known(block(id))),
        ..state(&["A"], true)
    }
}

fn hand_over(prior: &TokenFields, planned: &TokenFields) -> Update {
    let kept = Private { previous_over: true, ..private(&["A"]) };
    update(prior, &kept, planned.clone(), &["A"])
}

#[test]
fn a_previous_token_goes_before_the_next_one_comes_and_stays_otherwise() {
    let (prior, none) = (overlapping(Some("1h"), Some(PREVIOUS)), overlapping(Some("1h"), None));
    let new = TokenFields { id: Value::Unknown, previous: Value::Unknown, ..prior.clone() };
    let open = TokenFields { previous: Value::Unknown, ..prior.clone() };
    for (planned, goes) in [(&prior, false), (&open, false), (&new, true), (&none, true)] {
        let update = hand_over(&prior, planned);
        assert_eq!(update.dropped(), goes.then_some(PREVIOUS));
        assert_eq!(update.kept_previous(), (!goes).then_some(PREVIOUS));
        assert_eq!(not_succeeded(&update).is_some(), goes);
        if let Some((after, kept)) = not_succeeded(&update) {
            assert!(after.previous.is_null() && !kept.previous_over && exposed(&after) == Some("old"));
        }
        let (_, kept) = Progress::new(update, None).end().0.unwrap();
        assert_eq!(kept.previous_over, !goes);
    }
    assert_eq!((hand_over(&none, &none).dropped(), hand_over(&none, &none).kept_previous()), (None, None));
}

#[test]
fn a_previous_token_without_an_end_gets_one() {
    let prior = overlapping(Some("1h"), Some(PREVIOUS));
    let open = hand_over(&prior, &TokenFields { previous: Value::Unknown, ..prior.clone() });
    assert_eq!(open.unended_previous(), Some(PREVIOUS));
    assert_eq!(hand_over(&prior, &prior).unended_previous(), None);
    let (end, op) = open.ending(&owner(), PREVIOUS, None).unwrap();
    assert_eq!(end, now() + Duration::from_secs(3600));
    let Some(Op::Change(change)) = op else { panic!("no change") };
    assert_eq!(change.fields.expires_on, Some(Some(end)));
    // The end is never later than the one that it has, and a token that has ended stays as it is.
    let sooner = now() + Duration::from_secs(60);
    let ends = |end| Token { expires_on: Some(end), ..token(&["A"]) };
    assert_eq!(open.ending(&owner(), PREVIOUS, Some(&ends(sooner))).unwrap().0, sooner);
    let (ended, op) = open.ending(&owner(), PREVIOUS, Some(&ends(now()))).unwrap();
    assert!(ended == now() && op.is_none());
    let previous = |update, end| Progress::new(update, end).end().0.unwrap().0.previous;
    let shown = previous(open, Some(end));
    assert_eq!(shown.known().and_then(|previous| previous.expires_on.as_str()), Some("2026-11-28T13:00:00Z"));
    assert_eq!(shown.known().and_then(|previous| previous.id.as_str()), Some(PREVIOUS));
    assert_eq!(previous(hand_over(&prior, &prior), Some(end)), prior.previous);
}

#[test]
fn a_previous_token_loses_with_its_end_what_the_rotation_should_have_taken() {
    let prior = overlapping(Some("1h"), Some(PREVIOUS));
    let open =
        TokenFields { previous: Value::Unknown, status: "disabled".to_owned().into(), ..prior.clone() };
    let written_to =
        |update: &Update, had: &[&str]| match update.ending(&owner(), PREVIOUS, Some(&token(had))).unwrap().1
        {
            Some(Op::Change(change)) => *change,
            other => panic!("{other:?}"),
        };
    let written = |update: &Update| written_to(update, &["A", "B"]);
    let exclusive = written(&hand_over(&prior, &open));
    assert!(written_to(&hand_over(&prior, &open), &[]).policies.is_none(), "it gets no more rights");
    assert!(exclusive.again && exclusive.fields.status.as_deref() == Some("disabled"));
    assert!(
        matches!(exclusive.policies, Some(PolicyChange::Exclusive(all)) if fingerprints(&all) == prints(&["A"]))
    );
    let additive = TokenFields { exclusive_policies: false.into(), ..open.clone() };
    let mut update = hand_over(&prior, &additive);
    assert!(written(&update).policies.is_none(), "it owes nothing");
    update.private.previous_owes = prints(&["A", "B"]);
    let Some(PolicyChange::Edit { remove, add }) = written(&update).policies else { panic!("no edit") };
    assert_eq!((remove, fingerprints(&add)), (prints(&["A", "B"]), prints(&["A"])));
    let owes = |ends| Progress::new(update.clone(), ends).end().0.unwrap().1.previous_owes;
    assert_eq!((owes(None), owes(Some(now()))), (prints(&["A", "B"]), Default::default()));
}

#[test]
fn a_refused_change_is_in_doubt_if_the_previous_token_has_a_part_of_it() {
    let refused = || OpError::without_effect(Cause::Stopped);
    let prior = overlapping(Some("1h"), Some(PREVIOUS));
    let planned = TokenFields { policies: state(&["B"], true).policies, ..prior.clone() };
    for wrote_previous in [false, true] {
        let update = update(&prior, &private(&["A"]), planned.clone(), &["B"]);
        let step = update.steps().unwrap().swap_remove(0);
        let mut progress = Progress::new(update, None);
        progress.wrote_previous = wrote_previous;
        assert!(!progress.took(step, Err(refused()), error(), &owner(), None));
        let (after, _) = progress.end();
        assert_eq!(after.is_some(), wrote_previous);
        if let Some((after, kept)) = after {
            assert!(after.is_in_doubt() && after.policies == prior.policies);
            assert_eq!(kept.owned, prints(&["A", "B"]));
        }
    }
}

#[test]
fn a_new_token_comes_where_one_is_planned_and_has_an_overlap() {
    let prior = overlapping(Some("1h"), None);
    let new =
        |overlap| TokenFields { id: Value::Unknown, issued_on: Value::Unknown, ..overlapping(overlap, None) };
    let succession = |planned: &TokenFields| hand_over(&prior, planned).succession().unwrap();
    let made = succession(&new(Some("2h"))).unwrap();
    assert_eq!(made.overlap, Duration::from_secs(7200));
    assert!(
        matches!(&made.change.policies, Some(PolicyChange::Exclusive(all)) if fingerprints(all) == prints(&["A"]))
    );
    assert!(succession(&prior).is_none() && succession(&new(None)).is_none());
    // It was open whether one comes, and none does.
    let open = TokenFields { previous: Value::Unknown, ..new(None) };
    let in_place = hand_over(&overlapping(None, Some(PREVIOUS)), &open).in_place().planned;
    assert_eq!(in_place.id.as_str(), Some(ID));
    assert_eq!(
        (in_place.issued_on, &in_place.previous),
        (prior.issued_on.clone(), &overlapping(None, Some(PREVIOUS)).previous)
    );
    let kept = TokenFields { previous: Value::Unknown, ..overlapping(None, Some(PREVIOUS)) };
    assert!(hand_over(&overlapping(None, Some(PREVIOUS)), &kept).in_place().planned.previous.is_unknown());
    assert!(hand_over(&prior, &new(Some("2h"))).in_place().planned.id.is_unknown());
    let ends =
        |before, after| hand_over(&overlapping(before, None), &overlapping(after, None)).ends_overlaps();
    assert!(
        ends(Some("1h"), None)
            && !ends(Some("1h"), Some("1h"))
            && !ends(None, None)
            && !ends(None, Some("1h"))
    );
}

#[test]
fn a_succession_says_what_is_not_finished() {
    let prior = overlapping(Some("1h"), None);
    let new = TokenFields { id: Value::Unknown, previous: Value::Unknown, ..prior.clone() };
    let after = |unfinished: Vec<Unfinished>| {
        let made = Succeeded {
            sent_on: None,
            token: Arc::new(token(&["A"])),
            value: "new".into(),
            predecessor_ends: Some(at("2026-11-28T13:00:00Z")),
            predecessor_ended: None,
            concerns: Vec::new(),
            left_behind: Vec::new(),
            unfinished,
        };
        let token = token(&["A"]);
        let seen = Seen { owner: &owner(), token: &token, catalog: Some(&catalog()) };
        succeeded(&hand_over(&prior, &new), &made, &seen, false).unwrap()
    };
    let (state, kept, _) = after(vec![]);
    let previous = state.previous.known().unwrap();
    assert_eq!(
        (previous.id.as_str(), previous.expires_on.as_str()),
        (Some(ID), Some("2026-11-28T13:00:00Z"))
    );
    assert!(!state.is_in_doubt() && exposed(&state) == Some("new"));
    assert_eq!((kept.owned, kept.applied), (prints(&["A"]), Some(prints(&["A"]))));
    assert!(!after(vec![Unfinished::Predecessor(lost())]).0.is_in_doubt());
    assert!(after(vec![Unfinished::Successor(lost())]).0.is_in_doubt());
    assert!(after(vec![Unfinished::NotDisabled(lost())]).0.is_in_doubt());
}

#[test]
fn only_what_narrows_a_token_is_for_the_previous_one_too() {
    let narrowed = |planned: TokenFields, groups: &[&str]| {
        let steps = update(&state(&["A"], false), &private(&["A"]), planned, groups).steps().unwrap();
        steps[0].narrowed(PREVIOUS, &prints(&["A"])).is_some()
    };
    assert!(narrowed(state(&["B"], false), &["B"]));
    assert!(!narrowed(TokenFields { name: "new".to_owned().into(), ..state(&["A"], false) }, &["A"]));
    assert!(Step::Roll.narrowed(PREVIOUS, &prints(&["A"])).is_none());
    assert!(Step::Roll.failed(ID).contains(ID));
}
