//! Fold and promise: what many changes come to, and what a read-back must show.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::claims::Claims;
use super::fold::{added, fold};
use super::op::{Change, Concern, Field, Fields, PolicyChange};
use super::promise::{Compared, Promise};
use super::view::{self, fingerprints, same_condition};
use crate::cloudflare::{Condition, RequestIp, Token, TokenPolicy, TokenUpdate};
use crate::owner::Owner;
use crate::policy::{Effect, Fingerprint, Policy, Resource};

mod promises;
mod views;

const ACCOUNT: &str = "0123456789abcdef0123456789abcdef";

fn owner() -> Owner {
    Owner::Account(ACCOUNT.into())
}

/// The n-th of some policies that differ.
fn policy(n: u8) -> Policy {
    let groups = [format!("{:032x}", n / 4), format!("{:032x}", 100 + n)];
    let zone = format!("com.cloudflare.api.account.zone.{:032x}", n % 4);
    Policy::new(
        Effect::Allow,
        groups.iter().map(|id| id.parse().unwrap()).collect(),
        BTreeMap::from([(zone, Resource::Flat("*".into()))]),
        &owner(),
    )
}

fn fingerprint(n: u8) -> Fingerprint {
    policy(n).fingerprint()
}

fn set(numbers: &[u8]) -> BTreeSet<Fingerprint> {
    numbers.iter().map(|n| fingerprint(*n)).collect()
}

fn token(policies: Vec<TokenPolicy>) -> Token {
    let mut token: Token = serde_json::from_value(json!({
        "id": "ffffffffffffffffffffffffffffffff", "name": "before", "status": "active",
        "expires_on": "2030-01-01T00:00:00Z", "condition": { "request_ip": { "in": ["192.0.2.0/24"] } },
        "policies": [],
    }))
    .unwrap();
    token.policies = policies;
    token
}

fn with(numbers: &[u8]) -> Token {
    token(numbers.iter().map(|n| view::write(&policy(*n), &owner())).collect())
}

fn inert() -> Policy {
    Policy::inert(&owner())
}

fn edit(by: &str, remove: &[u8], add: &[u8]) -> Change {
    let add = add.iter().map(|n| policy(*n)).collect();
    let policies = Some(PolicyChange::Edit { remove: set(remove), add });
    Change { by: by.into(), policies, ..Change::default() }
}

fn exclusive(all: &[u8]) -> Change {
    let all = all.iter().map(|n| policy(*n)).collect();
    Change { policies: Some(PolicyChange::Exclusive(all)), ..Change::default() }
}

/// A policy for one zone, nested under the account as other programs write it.
fn nested() -> TokenPolicy {
    let mut wire = view::write(&policy(1), &owner());
    wire.resources = json!({ format!("com.cloudflare.api.account.{ACCOUNT}"): wire.resources });
    wire
}

#[test]
fn a_nested_policy_keeps_the_form_that_the_server_has() {
    let rename = Change {
        fields: Fields { name: Some("after".into()), ..Fields::default() },
        ..edit("a", &[], &[1, 2])
    };
    let folded = fold(&[&rename], &token(vec![nested()]), &owner(), &Claims::default());
    assert_eq!(folded.update.policies, [nested(), view::write(&policy(2), &owner())]);
    assert!(folded.changed);
    let same = fold(&[&exclusive(&[1])], &token(vec![nested()]), &owner(), &Claims::default());
    assert!(!same.changed);
}

#[test]
fn a_policy_is_removed_by_the_fingerprint_that_the_first_version_gave_it() {
    let former = view::former(&nested(), &owner()).unwrap();
    let remove = Change {
        policies: Some(PolicyChange::Edit { remove: BTreeSet::from([former]), add: vec![] }),
        ..Change::default()
    };
    let token = token(vec![nested(), view::write(&policy(2), &owner())]);
    let folded = fold(&[&remove], &token, &owner(), &Claims::default());
    assert_eq!(folded.update.policies, [view::write(&policy(2), &owner())]);
}

/// The token as the server has it after the update.
fn written(before: &Token, update: &TokenUpdate) -> Token {
    let mut after = before.clone();
    after.name.clone_from(&update.name);
    after.status = update.status.clone().unwrap_or(after.status);
    after.policies.clone_from(&update.policies);
    after.condition = update.condition.clone().unwrap_or(after.condition);
    after.expires_on = update.expires_on.unwrap_or(after.expires_on);
    after.not_before = update.not_before.unwrap_or(after.not_before);
    after
}

fn run(changes: &[Change], before: &Token) -> (Token, super::fold::Folded) {
    let changes: Vec<_> = changes.iter().collect();
    let folded = fold(&changes, before, &owner(), &Claims::default());
    (written(before, &folded.update), folded)
}

fn has(token: &Token) -> BTreeSet<Fingerprint> {
    fingerprints(token, &owner())
}

#[test]
fn the_inert_policy_goes_with_the_first_real_one_and_comes_back_with_the_last() {
    let bare = token(vec![view::write(&inert(), &owner())]);
    let (bound, _) = run(&[edit("a", &[], &[1])], &bare);
    assert_eq!(has(&bound), set(&[1]));
    let (bare_again, _) = run(&[edit("a", &[1], &[])], &bound);
    assert_eq!(has(&bare_again), BTreeSet::from([inert().fingerprint()]));
    let (_, folded) = run(&[edit("a", &[1], &[])], &bare_again);
    assert!(!folded.changed);
}

#[test]
fn a_deny_beside_other_policies_is_somebodys_own_and_stays() {
    let inert = || view::write(&inert(), &owner());
    let theirs = token(vec![inert(), view::write(&policy(1), &owner())]);
    let (after, _) = run(&[edit("a", &[], &[2])], &theirs);
    assert_eq!(has(&after), set(&[1, 2]).into_iter().chain([self::inert().fingerprint()]).collect());
    // One that was asked for stays too.
    let asks = Change {
        policies: Some(PolicyChange::Edit { remove: BTreeSet::new(), add: vec![self::inert()] }),
        by: "b".into(),
        ..Change::default()
    };
    let (after, folded) = run(&[asks, edit("a", &[], &[2])], &token(vec![inert()]));
    assert_eq!(has(&after), set(&[2]).into_iter().chain([self::inert().fingerprint()]).collect());
    assert_eq!(folded.overruled, [false, false]);
}

#[test]
fn what_was_there_already_is_adopted_unless_it_was_the_callers_own() {
    let (_, folded) = run(&[edit("a", &[], &[1, 2])], &with(&[1]));
    assert_eq!(folded.adopted, [set(&[1])]);
    let (_, folded) = run(&[edit("a", &[1], &[1, 2])], &with(&[1]));
    assert_eq!(folded.adopted, [set(&[])]);
    let (_, folded) = run(&[edit("a", &[], &[1]), edit("b", &[], &[1])], &with(&[]));
    assert_eq!(folded.adopted, [set(&[]), set(&[1])]);
}

#[test]
fn a_policy_moves_between_bindings_in_whatever_order_they_are_applied() {
    let (lets_go, takes) = (edit("a", &[1], &[2]), edit("b", &[], &[1]));
    for changes in [[lets_go.clone(), takes.clone()], [takes.clone(), lets_go.clone()]] {
        let (after, _) = run(&changes, &with(&[1]));
        assert_eq!(has(&after), set(&[1, 2]));
    }
    // In two writes too.
    let folded = fold(&[&takes], &with(&[1]), &owner(), &Claims::default());
    let after = written(&with(&[1]), &folded.update);
    let folded = fold(&[&lets_go], &after, &owner(), &folded.claims);
    assert_eq!(has(&written(&after, &folded.update)), set(&[1, 2]));
    // Once the second lets go as well, it is gone.
    let last = edit("b", &[1], &[]);
    let folded = fold(&[&last], &with(&[1, 2]), &owner(), &folded.claims);
    assert_eq!(has(&written(&with(&[1, 2]), &folded.update)), set(&[2]));
}

#[test]
fn an_exclusive_change_removes_all_others_and_tells_whom_it_overrules() {
    let (after, folded) = run(&[edit("a", &[], &[3]), exclusive(&[1, 2])], &with(&[2, 4]));
    assert_eq!(has(&after), set(&[1, 2]));
    assert_eq!(folded.overruled, [true, false]);
    let (_, folded) = run(&[exclusive(&[1, 2])], &with(&[2, 1]));
    assert!(!folded.changed);
    let (after, folded) = run(&[exclusive(&[1])], &with(&[1, 1]));
    assert!(folded.changed && after.policies.len() == 1);
}

#[test]
fn a_policy_that_cannot_be_read_is_carried_over_as_it_is() {
    let odd: TokenPolicy = serde_json::from_value(json!({
        "id": "aa", "effect": "allow", "permission_groups": [{ "id": "new-style" }], "resources": { "x": { "y": "*" } },
    }))
    .unwrap();
    let (after, folded) = run(&[edit("a", &[], &[1])], &token(vec![odd.clone()]));
    assert!(folded.changed && after.policies.contains(&odd) && after.policies.len() == 2);
    let (after, _) = run(&[exclusive(&[1])], &after);
    assert_eq!(has(&after), set(&[1]));
    assert_eq!(after.policies.len(), 1);
}

#[test]
fn fields_and_policies_change_in_one_update_and_the_rest_stays() {
    let fields = Fields { name: Some("after".into()), expires_on: Some(None), ..Fields::default() };
    let change = Change { fields, ..edit("a", &[], &[1]) };
    let before = with(&[2]);
    let (after, folded) = run(&[change], &before);
    assert_eq!((after.name.as_str(), after.expires_on), ("after", None));
    assert_eq!(after.condition, before.condition);
    assert_eq!(folded.update.status.as_deref(), Some("active"));
    assert_eq!(has(&after), set(&[1, 2]));
}

#[test]
fn a_condition_that_means_the_same_is_no_change() {
    let condition = |allowed: &[&str]| Condition {
        request_ip: Some(RequestIp::new(allowed.iter().map(|ip| ip.to_string()).collect(), vec![])),
        ..Condition::default()
    };
    let set_to = |condition| Change {
        fields: Fields { condition: Some(condition), ..Fields::default() },
        ..Change::default()
    };
    let before = with(&[1]);
    assert!(!run(&[set_to(Some(condition(&["192.0.2.7/24"])))], &before).1.changed);
    assert!(run(&[set_to(Some(condition(&["192.0.2.7"])))], &before).1.changed);
    assert!(run(&[set_to(None)], &before).1.changed);
    for locked in [json!({}), json!({ "request_ip": {} }), json!({ "request_ip": { "in": [] } })] {
        let locked: Condition = serde_json::from_value(locked).unwrap();
        assert!(!same_condition(None, Some(&locked)));
    }
}

#[test]
fn unknown_restrictions_survive_a_change_of_condition_and_policies() {
    let mut before = with(&[1]);
    before.condition =
        serde_json::from_value(json!({ "request_ip": { "in": ["192.0.2.1"] }, "country": ["NZ"] })).unwrap();
    before.policies[0].other.insert("only_until".into(), json!("noon"));
    let wanted = serde_json::from_value(json!({ "request_ip": { "in": ["192.0.2.2"] } })).unwrap();
    let fields = Fields { condition: Some(Some(wanted)), ..Fields::default() };
    let (after, folded) = run(&[Change { fields, ..edit("a", &[], &[2]) }], &before);
    let sent = serde_json::to_value(&folded.update).unwrap();
    assert_eq!(sent["condition"], json!({ "request_ip": { "in": ["192.0.2.2"] }, "country": ["NZ"] }));
    assert_eq!(sent["policies"][0]["only_until"], "noon");
    let clears = Fields { condition: Some(None), ..Fields::default() };
    let (cleared, _) = run(&[Change { fields: clears, ..Change::default() }], &after);
    assert_eq!(serde_json::to_value(cleared.condition).unwrap(), json!({ "country": ["NZ"] }));
}

#[test]
fn each_caller_gets_the_concerns_about_its_own_groups_and_fields() {
    let fields = Fields { expires_on: Some(None), ..Fields::default() };
    let (asks, clears) = (edit("a", &[], &[1]), Change { fields, ..Change::default() });
    let changes = [&asks, &clears];
    let before = with(&[2]);
    let folded = fold(&changes, &before, &owner(), &Claims::default());
    let dropped = policy(1).groups().first().unwrap().clone();
    let granted = policy(1).retain_groups(|id| *id != dropped);
    let mut answer = written(&before, &folded.update);
    answer.policies = vec![view::write(&policy(2), &owner()), view::write(&granted, &owner())];
    answer.expires_on = before.expires_on;
    let promise = Promise::new(&changes, &folded, &answer, &owner());
    let missing = BTreeSet::from([dropped]);
    let expected = Concern::NotGranted { asked: policy(1), granted: Some(granted), missing };
    let concerns = vec![vec![expected], vec![Concern::NotApplied(Field::ExpiresOn)]];
    assert_eq!(promise.compare(&answer, &owner()), Compared::Holds(concerns));
}

#[test]
fn what_somebody_else_has_is_not_what_was_granted_instead() {
    let dropped = policy(1).groups().first().unwrap().clone();
    let theirs = policy(1).retain_groups(|id| *id != dropped);
    let change = edit("a", &[], &[1]);
    let before = token(vec![view::write(&theirs, &owner())]);
    let folded = fold(&[&change], &before, &owner(), &Claims::default());
    let promise = Promise::new(&[&change], &folded, &before, &owner());
    let missing = policy(1).groups().clone();
    let concerns = vec![vec![Concern::NotGranted { asked: policy(1), granted: None, missing }]];
    assert_eq!(promise.compare(&before, &owner()), Compared::Holds(concerns));
}

#[test]
fn a_policy_moves_from_a_binding_into_the_tokens_own_and_stays() {
    let (takes, lets_go) = (Change { by: "token".into(), ..exclusive(&[1, 2]) }, edit("a", &[1], &[]));
    for changes in [[takes.clone(), lets_go.clone()], [lets_go.clone(), takes.clone()]] {
        let (after, folded) = run(&changes, &with(&[1]));
        assert_eq!(has(&after), set(&[1, 2]));
        assert_eq!(folded.overruled, [false, false]);
    }
    // What an exclusive change takes away is nobody's any more: a later holder lets go of it for good.
    let changes = [edit("b", &[], &[3]), takes, edit("c", &[], &[3]), edit("c", &[3], &[])];
    assert_eq!(has(&run(&changes, &with(&[1])).0), set(&[1, 2]));
}

#[test]
fn a_promise_is_broken_by_what_others_undo() {
    let changes = [&edit("a", &[1], &[2])];
    let folded = fold(&changes, &with(&[1, 5]), &owner(), &Claims::default());
    let answer = written(&with(&[1, 5]), &folded.update);
    let promise = Promise::new(&changes, &folded, &answer, &owner());
    assert!(promise.takes_away());
    for (token, holds) in [(&[2, 5][..], true), (&[2], true), (&[2, 1], false), (&[5], false)] {
        let compared = promise.compare(&with(token), &owner());
        assert_eq!(compared != Compared::Broken, holds, "{token:?}");
    }
}

fn any_change() -> impl Strategy<Value = Change> {
    let numbers = || prop::collection::vec(0_u8..8, 0..3);
    let name = prop::option::of("[a-z]{3}");
    let policies = prop_oneof![
        6 => (0..3_u8, numbers(), numbers()).prop_map(|(by, remove, add)| edit(&by.to_string(), &remove, &add)),
        1 => numbers().prop_map(|all| exclusive(&all)),
        1 => Just(Change::default()),
    ];
    (policies, name)
        .prop_map(|(change, name)| Change { fields: Fields { name, ..Fields::default() }, ..change })
}

fn any_token() -> impl Strategy<Value = Token> {
    (prop::collection::vec(0_u8..8, 0..5), any::<bool>()).prop_map(|(numbers, with_inert)| {
        let mut token = with(&numbers);
        if with_inert {
            token.policies.push(view::write(&inert(), &owner()));
        }
        token
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_no_change_names_is_kept(before in any_token(), changes in prop::collection::vec(any_change(), 1..5)) {
        let exclusive = changes.iter().any(|c| matches!(c.policies, Some(PolicyChange::Exclusive(_))));
        prop_assume!(!exclusive);
        let (after, folded) = run(&changes, &before);
        let removed: BTreeSet<_> = changes.iter().flat_map(|change| match &change.policies {
            Some(PolicyChange::Edit { remove, .. }) => remove.clone(),
            _ => BTreeSet::new(),
        }).collect();
        let inert = inert().fingerprint();
        let kept: BTreeSet<_> = has(&before).into_iter().filter(|fp| *fp != inert && !removed.contains(fp)).collect();
        prop_assert!(kept.is_subset(&has(&after)));
        let named: BTreeSet<_> = changes.iter().flat_map(added).collect();
        let new: BTreeSet<_> = has(&after).difference(&has(&before)).copied().filter(|fp| *fp != inert).collect();
        prop_assert!(new.is_subset(&named));
        prop_assert_eq!(&after.condition, &before.condition);
        prop_assert_eq!(folded.update.expires_on, before.expires_on.map(Some));
        prop_assert_eq!(folded.update.not_before, None);
    }

    #[test]
    fn a_token_always_has_a_policy_and_no_inert_one_is_put_beside_others(
        before in any_token(), changes in prop::collection::vec(any_change(), 1..5),
    ) {
        let (after, _) = run(&changes, &before);
        let inert = after.policies.iter().filter(|wire| view::read(wire, &owner()) == Ok(inert())).count();
        prop_assert!(!after.policies.is_empty());
        // Beside others it is somebody's own.
        let was_beside = before.policies.len() > 1 && has(&before).contains(&self::inert().fingerprint());
        prop_assert!(inert == 0 || after.policies.len() == 1 || was_beside);
    }

    #[test]
    fn a_change_that_holds_changes_nothing(before in any_token(), change in any_change()) {
        let (after, first) = run(std::slice::from_ref(&change), &before);
        let (again, folded) = run(std::slice::from_ref(&change), &after);
        prop_assert!(!folded.changed);
        prop_assert_eq!(&again.policies, &after.policies);
        prop_assert_eq!(&first.overruled, &vec![false]);
        let promise = Promise::new(&[&change], &first, &after, &owner());
        prop_assert_eq!(promise.compare(&after, &owner()), Compared::Holds(vec![vec![]]));
    }

    #[test]
    fn a_batch_is_its_changes_one_after_the_other(
        before in any_token(), changes in prop::collection::vec(any_change(), 1..6), cut in 0_usize..6,
    ) {
        let all: Vec<_> = changes.iter().collect();
        let together = fold(&all, &before, &owner(), &Claims::default());
        let (first, second) = all.split_at(cut.min(all.len()));
        let one = fold(first, &before, &owner(), &Claims::default());
        let between = written(&before, &one.update);
        let other = fold(second, &between, &owner(), &one.claims);
        let (at_once, in_two) = (written(&before, &together.update), written(&between, &other.update));
        prop_assert_eq!(has(&at_once), has(&in_two));
        prop_assert_eq!(at_once.name, in_two.name);
    }
}

#[test]
fn the_wire_form_of_a_policy_has_no_id() {
    let wire = serde_json::to_value(view::write(&policy(1), &owner())).unwrap();
    assert_eq!(wire.get("id"), None::<&Value>);
}
