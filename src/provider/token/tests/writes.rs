//! Which writes an update is, and what a new token is asked for.

use super::*;
use crate::provider::token::after::doubt;

#[test]
fn the_policies_of_an_exclusive_token_are_written_as_a_whole() {
    let policies = |exclusive| {
        let prior = state(&["A"], exclusive);
        let steps = update(&prior, &private(&["A"]), state(&["B"], exclusive), &["B"]).steps().unwrap();
        match &steps[..] {
            [Step::Change { policies: Some(policies), .. }] => policies.clone(),
            other => panic!("{other:?}"),
        }
    };
    assert!(matches!(policies(true), PolicyChange::Exclusive(all) if fingerprints(&all) == prints(&["B"])));
    let PolicyChange::Edit { remove, add } = policies(false) else { panic!("the others' would go") };
    assert_eq!((remove, fingerprints(&add)), (prints(&["A"]), prints(&["B"])));
}

#[test]
fn a_successor_of_an_additive_token_keeps_the_policies_of_others() {
    let whole = |groups: &[&str], exclusive| {
        let prior = state(&["A"], exclusive);
        update(&prior, &private(&["A"]), state(groups, exclusive), groups).whole_change().unwrap().policies
    };
    assert!(whole(&["A"], false).is_none());
    assert!(matches!(whole(&["B"], false), Some(PolicyChange::Edit { .. })));
    assert!(matches!(whole(&["A"], true), Some(PolicyChange::Exclusive(_))));
}

#[test]
fn only_a_new_value_has_a_new_version_and_time() {
    let prior = TokenFields { value_version: 7.into(), ..state(&["A"], true) };
    let renamed = TokenFields { name: "new".to_owned().into(), ..prior.clone() };
    let changes = update(&prior, &private(&["A"]), renamed.clone(), &["A"]);
    assert!(changes.issued().unwrap() == renamed);
    let mut planned = TokenFields { value_issued_on: Value::Unknown, ..renamed };
    let new = new_token(&mut planned, resolved(&["A"]), None, now()).unwrap();
    assert_eq!(planned.value_issued_on.as_str(), Some("2026-11-28T12:00:00Z"));
    assert!(!new.disabled && fingerprints(&new.policies) == prints(&["A"]));
    planned.status = "disabled".to_owned().into();
    assert!(new_token(&mut planned, Vec::new(), None, now()).unwrap().disabled);
}

#[test]
fn what_was_left_open_is_as_the_token_says() {
    let prior = state(&["A"], true);
    let planned = TokenFields { name: "new".to_owned().into(), issued_on: Value::Unknown, ..prior.clone() };
    let update = update(&prior, &private(&["A"]), planned, &["A"]);
    assert_eq!(Progress::new(update.clone(), None).id(), ID);
    let (after, _) = carried_out(update, vec![Ok(done(&["A"]))]).0.unwrap();
    assert_eq!(after.issued_on, prior.issued_on);
    assert_eq!(after.name.as_str(), Some("new"), "what is planned stays as it is planned");
    assert!(doubt("the roll").as_str().is_some_and(|text| text.contains("the roll")));
}
