//! Promises, one rule at a time: what must be there, what must be gone, and what the API grants instead.

use super::*;
use crate::tokens::promise::granted;

/// A policy that differs from the first one in what a test wants.
fn like(effect: Effect, groups: &[u8], zone: u8) -> Policy {
    let groups = groups.iter().map(|n| format!("{n:032x}").parse().unwrap()).collect();
    let zone = format!("com.cloudflare.api.account.zone.{:032x}", zone);
    Policy::new(effect, groups, BTreeMap::from([(zone, Resource::Flat("*".into()))]), &owner())
}

fn of(policies: &[&Policy]) -> Token {
    token(policies.iter().map(|policy| view::write(policy, &owner())).collect())
}

fn unreadable() -> TokenPolicy {
    serde_json::from_value(json!({
        "id": "aa", "effect": "allow", "permission_groups": [{ "id": "new-style" }], "resources": { "x": { "y": "*" } },
    }))
    .unwrap()
}

/// Whether a token that shows this keeps the promise of changes that were answered as they were sent.
fn compared(changes: &[&Change], before: &Token, shown: &Token) -> Compared {
    let folded = fold(changes, before, &owner(), &Claims::default());
    let answer = written(before, &folded.update);
    Promise::new(changes, &folded, &answer, &owner()).compare(shown, &owner())
}

#[test]
fn a_deny_that_withholds_what_was_added_is_a_concern() {
    let asked = like(Effect::Allow, &[1, 2], 7);
    let change = Change {
        policies: Some(PolicyChange::Edit { remove: BTreeSet::new(), add: vec![asked.clone()] }),
        ..Change::default()
    };
    let other = like(Effect::Deny, &[3], 7);
    assert_eq!(compared(&[&change], &of(&[&other]), &of(&[&other, &asked])), Compared::Holds(vec![vec![]]));
    let deny = like(Effect::Deny, &[2, 3], 7);
    let concern = Concern::Withheld { asked: asked.clone(), deny: deny.clone() };
    let shown = of(&[&deny, &asked]);
    assert_eq!(compared(&[&change], &of(&[&deny]), &shown), Compared::Holds(vec![vec![concern]]));
}

#[test]
fn a_field_that_somebody_set_back_is_to_be_written_again() {
    let fields = Fields { name: Some("after".into()), ..Fields::default() };
    let change = Change { fields, ..Change::default() };
    assert_eq!(compared(&[&change], &with(&[1]), &with(&[1])), Compared::Broken);
}

#[test]
fn nothing_foreign_may_be_beside_an_exclusive_change() {
    let asked = like(Effect::Allow, &[1, 2], 7);
    let change = Change { policies: Some(PolicyChange::Exclusive(vec![asked.clone()])), ..Change::default() };
    let shown = |more: &Policy| compared(&[&change], &of(&[]), &of(&[&asked, more]));
    // What the API grants instead of the policy is its own doing.
    assert_eq!(shown(&like(Effect::Allow, &[1], 7)), Compared::Holds(vec![vec![]]));
    for foreign in [
        like(Effect::Deny, &[1], 7),
        like(Effect::Allow, &[1], 8),
        like(Effect::Allow, &[1, 3], 7),
        like(Effect::Deny, &[3], 8),
    ] {
        assert_eq!(shown(&foreign), Compared::Broken, "{foreign:?}");
    }
    let odd = token(vec![view::write(&asked, &owner()), unreadable()]);
    assert_eq!(compared(&[&change], &of(&[]), &odd), Compared::Broken);
    let added =
        Change { policies: Some(PolicyChange::Edit { remove: BTreeSet::new(), add: vec![asked] }), ..change };
    assert_eq!(compared(&[&added], &of(&[]), &odd), Compared::Holds(vec![vec![]]));
}

#[test]
fn a_removal_by_a_fingerprint_of_the_first_version_is_a_promise_too() {
    let former = view::former(&nested(), &owner()).unwrap();
    let policies = Some(PolicyChange::Edit { remove: BTreeSet::from([former]), add: vec![] });
    let change = Change { policies, ..Change::default() };
    let before = token(vec![nested(), view::write(&policy(2), &owner())]);
    assert_eq!(compared(&[&change], &before, &before), Compared::Broken);
    assert_eq!(compared(&[&change], &before, &with(&[2])), Compared::Holds(vec![vec![]]));
    // One that was asked for anew under today's fingerprint may stay.
    let policies = Some(PolicyChange::Edit { remove: BTreeSet::from([former]), add: vec![policy(1)] });
    let change = Change { policies, ..change };
    assert_eq!(compared(&[&change], &before, &before), Compared::Holds(vec![vec![]]));
}

#[test]
fn a_new_token_has_what_was_asked_and_nothing_more() {
    let asked = like(Effect::Allow, &[1, 2], 7);
    let other = like(Effect::Allow, &[3], 7);
    let granted = |asked: &[&Policy], has: &[&Policy]| {
        let asked: Vec<_> = asked.iter().copied().cloned().collect();
        granted(&asked, &of(has), &owner())
    };
    assert_eq!(granted(&[&asked], &[&asked]), []);
    let more = Concern::NotAsked { granted: other.clone() };
    assert_eq!(granted(&[&asked], &[&asked, &other]), [more]);
    let part = like(Effect::Allow, &[1], 7);
    let missing = like(Effect::Allow, &[2], 7).groups().clone();
    let less = Concern::NotGranted { asked: asked.clone(), granted: Some(part.clone()), missing };
    assert_eq!(granted(&[&asked], &[&part]), [less]);
    // The inert policy stands for none, where none was asked for.
    assert_eq!(granted(&[], &[&inert()]), []);
    assert_eq!(granted(&[&asked], &[&asked, &inert()]), [Concern::NotAsked { granted: inert() }]);
    assert_eq!(granted(&[], &[&other]), [Concern::NotAsked { granted: other.clone() }]);
}

#[test]
fn what_a_dead_token_owes_goes_with_the_next_write() {
    let owing = |numbers: &[u8]| {
        let mut claims = Claims::default();
        claims.owe(set(numbers));
        claims
    };
    let change = edit("a", &[], &[2]);
    let folded = fold(&[&change], &with(&[1, 5]), &owner(), &owing(&[1]));
    assert_eq!(has(&written(&with(&[1, 5]), &folded.update)), set(&[2, 5]));
    assert!(folded.changed && !folded.claims.is_owed(&fingerprint(1)));
    // The last one leaves the inert policy, which goes with the first real one.
    let rename = Fields { name: Some("after".into()), ..Fields::default() };
    let rename = Change { fields: rename, ..Change::default() };
    let folded = fold(&[&rename], &with(&[1]), &owner(), &owing(&[1]));
    assert_eq!(has(&written(&with(&[1]), &folded.update)), BTreeSet::from([inert().fingerprint()]));
    let folded = fold(&[&change], &with(&[1]), &owner(), &owing(&[1]));
    assert_eq!(has(&written(&with(&[1]), &folded.update)), set(&[2]));
}

#[test]
fn another_order_of_the_same_policies_is_no_change() {
    let changes = [&edit("a", &[1], &[]), &edit("b", &[], &[1])];
    let folded = fold(&changes, &with(&[1, 5]), &owner(), &Claims::default());
    assert!(!folded.changed);
}

#[test]
fn every_field_that_a_change_names_is_written() {
    let begins = time::OffsetDateTime::from_unix_timestamp(1_900_000_000).unwrap();
    let fields =
        Fields { status: Some("disabled".into()), not_before: Some(Some(begins)), ..Fields::default() };
    let (after, folded) = run(&[Change { fields, ..Change::default() }], &with(&[1]));
    assert!(folded.changed);
    assert_eq!((after.status.as_str(), after.not_before), ("disabled", Some(begins)));
    assert_eq!((after.name.as_str(), after.expires_on), ("before", with(&[]).expires_on));
}
