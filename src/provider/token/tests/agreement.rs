//! Core plans again at apply, when every value is known. What the first plan knew must still be so, or core refuses the apply.

use proptest::prelude::*;

use super::{ID, Private, TokenFields, catalog, now, owner, policies, prints, state};
use crate::provider::blocks::{ConditionBlock, PolicyBlock};
use crate::provider::guardrails::Guardrails;
use crate::provider::token::model::{Change, PreviousBlock, RotationBlock, SealBlock};
use crate::provider::token::plan::{Decision, Facts, decide};
use crate::tf_provider::framework::{Element, Map, Model, Raw, Set, Value, mark_unknown, plan};

/// One of these, `null`, or unknown.
fn any_of<T: Clone + std::fmt::Debug + 'static>(known: Vec<T>) -> BoxedStrategy<Value<T>> {
    let known = prop::sample::select(known).prop_map(Value::Known);
    prop_oneof![3 => known, 2 => Just(Value::Null), 2 => Just(Value::Unknown)].boxed()
}

fn text(known: &[&str]) -> BoxedStrategy<Value<String>> {
    any_of(known.iter().map(|&text| text.to_owned()).collect())
}

fn triggers() -> BoxedStrategy<Value<Map<String>>> {
    let map = |value: Element<String>| Map([("n".to_owned(), value)].into());
    let (old, new) = (Element::Known("1".to_owned()), Element::Known("2".to_owned()));
    any_of(vec![map(old), map(new), map(Element::Unknown)])
}

fn rotation() -> BoxedStrategy<Value<RotationBlock>> {
    let known = (text(&["1h", "3650d"]), triggers(), text(&["10m"]))
        .prop_map(|(every, triggers, overlap)| Value::Known(RotationBlock { every, triggers, overlap }));
    prop_oneof![4 => known, 1 => Just(Value::Null), 1 => Just(Value::Unknown)].boxed()
}

/// The keys are not looked at by a plan.
fn seal_for() -> BoxedStrategy<Value<Map<SealBlock>>> {
    let to = |key: &str| SealBlock { format: "age".to_owned().into(), public_key: key.to_owned().into() };
    let map = |key: &str| Map([("somebody".to_owned(), Element::Known(to(key)))].into());
    any_of(vec![map("one"), map("two")])
}

fn policy_sets() -> BoxedStrategy<Value<Set<PolicyBlock>>> {
    let known = |groups: &[&str]| policies(groups).known().unwrap().clone();
    any_of(vec![known(&["A"]), known(&["A", "B"])])
}

prop_compose! {
    fn config()(
        name in text(&["ci", "another"]),
        policies in policy_sets(),
        exclusive_policies in any_of(vec![true, false]),
        ends in prop_oneof![
            (text(&["1h", "3650d"]), Just(Value::Null)),
            (Just(Value::Null), text(&["2026-11-02T00:00:00Z", "2098-01-01T00:00:00Z"])),
        ],
        status in text(&["active", "disabled"]),
        rotation in rotation(),
        store_value in any_of(vec![true, false]),
        seal_for in seal_for(),
    ) -> TokenFields {
        let (expires_in, expires_on) = ends;
        TokenFields {
            name, policies, exclusive_policies, expires_in, expires_on, status, rotation, store_value, seal_for,
            condition: Value::<ConditionBlock>::Null, ..TokenFields::null()
        }
    }
}

prop_compose! {
    /// A token in the state, and what is kept beside it.
    fn before()(
        config in config(),
        status in prop::sample::select(vec!["active", "disabled", "expired", "revoked (exposed)"]),
        has_value in any::<bool>(),
        previous in any::<Option<bool>>(),
        flags in any::<[bool; 6]>(),
    ) -> (TokenFields, Private) {
        let [value_lost, value_dead, previous_over, imported, imported_ended, in_doubt] = flags;
        let end = |text: &str| text.to_owned().into();
        let config = raw_without_unknown(&config.to_object(), &Raw::Null);
        let config = TokenFields::from_object(&config).unwrap();
        let previous = previous.map(|has_end| PreviousBlock {
            id: ID.to_owned().into(),
            expires_on: if has_end { end("2026-11-02T00:00:00Z") } else { Value::Null },
        });
        let prior = TokenFields {
            store_value: if config.store_value.is_null() { true.into() } else { config.store_value },
            value: if has_value { Value::Known("old".into()) } else { Value::Null },
            sealed_values: config.seal_for.clone().map(|to| {
                to.0.keys().map(|name| (name.clone(), "sealed".to_owned())).collect()
            }),
            status: status.to_owned().into(),
            expires_on: if status == "expired" { end("2026-11-02T00:00:00Z") } else { config.expires_on.clone() },
            previous: previous.into(),
            unconfirmed: in_doubt.then(|| "something".to_owned()).into(),
            name: "ci".to_owned().into(),
            exclusive_policies: true.into(),
            value_version: 7.into(),
            ..config
        };
        let prior = TokenFields {
            id: ID.to_owned().into(),
            issued_on: state(&[], true).issued_on,
            value_issued_on: state(&[], true).value_issued_on,
            ..prior
        };
        let owned = prints(&["A"]);
        let private = Private {
            applied: Some(owned.clone()), owned, value_lost, value_dead, previous_over, imported, imported_ended,
            seen_on: now().unix_timestamp(), ..Private::default()
        };
        (prior, private)
    }
}

/// Every unknown has become what the other value has in its place, if it is known there, and null otherwise.
fn raw_without_unknown(raw: &Raw, otherwise: &Raw) -> Raw {
    match raw {
        Raw::Unknown if otherwise.is_wholly_known() => otherwise.clone(),
        Raw::Unknown => Raw::Null,
        Raw::Map(map) => Raw::Map(
            map.iter()
                .map(|(key, value)| {
                    // An element is never null.
                    if key == "n" && value.is_unknown() {
                        return (key.clone(), Raw::string("2"));
                    }
                    let otherwise = if otherwise.is_null() { &Raw::Null } else { otherwise.get(key) };
                    (key.clone(), raw_without_unknown(value, otherwise))
                })
                .collect(),
        ),
        other => other.clone(),
    }
}

/// All three steps of planning.
fn planned(prior: Option<&TokenFields>, private: &Private, config: &TokenFields) -> Decision {
    let attributes = TokenFields::attributes();
    let (before, written) = (prior.map_or(Raw::Null, Model::to_object), config.to_object());
    let draft = plan(&attributes, &before, &written).planned;
    let draft = TokenFields::from_object(&draft).unwrap();
    let change = Change { config, prior, planned: &draft, private, replaced: false };
    let mut facts = Facts::new(now(), change, Guardrails::default().into(), Some(owner()), None);
    facts.catalog = facts.needs_catalog().then(|| Ok(catalog().into()));
    let mut decision = decide(&facts);
    let mut planned = decision.planned.to_object();
    mark_unknown(&attributes, &before, &written, &mut planned);
    decision.planned = TokenFields::from_object(&planned).unwrap();
    decision
}

/// Where a plan differs from what an earlier one knew.
fn differs(first: &Raw, second: &Raw, at: &str, found: &mut Vec<String>) {
    match (first, second) {
        (Raw::Unknown, _) => {}
        (Raw::Map(a), Raw::Map(b)) if a.keys().eq(b.keys()) => {
            a.iter().for_each(|(key, value)| differs(value, &b[key], &format!("{at}.{key}"), found));
        }
        (a, b) if a == b => {}
        _ => found.push(at.to_owned()),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn the_plan_at_apply_agrees_with_the_plan_before((prior, private) in before(), first in config(), other in config()) {
        let known = raw_without_unknown(&first.to_object(), &other.to_object());
        let second = TokenFields::from_object(&known).unwrap();
        for prior in [None, Some(&prior)] {
            let before = planned(prior, &private, &first);
            // A token that is replaced is planned anew, as one without a prior state.
            if before.found.has_error() || !before.replace.is_empty() {
                continue;
            }
            let after = planned(prior, &private, &second);
            if after.found.has_error() {
                continue;
            }
            prop_assert!(after.replace.is_empty(), "the token is replaced after all: {:?}", after.replace);
            let mut found = Vec::new();
            differs(&before.planned.to_object(), &after.planned.to_object(), "token", &mut found);
            prop_assert!(found.is_empty(), "changed after all: {found:?}");
        }
    }
}
