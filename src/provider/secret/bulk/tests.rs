use super::*;
use crate::tf_provider::framework::{Element, Model};

fn map(secrets: &[(&str, &str)]) -> Value<Map<SecretString>> {
    Value::Known(secrets.iter().map(|(name, text)| ((*name).to_owned(), (*text).into())).collect())
}

/// A configuration with stored secrets, write-only secrets, and the version of the write-only ones.
fn config(stored: &[(&str, &str)], write_only: &[(&str, &str)], version: i64) -> SecretsFields {
    let mut config = SecretsFields::null();
    config.worker.script_name = "edge".to_owned().into();
    if !stored.is_empty() {
        config.secrets = map(stored);
    }
    if !write_only.is_empty() {
        (config.secrets_wo, config.secrets_wo_version) = (map(write_only), version.into());
    }
    config
}

/// The state after an apply of a configuration.
fn applied(config: &SecretsFields) -> SecretsFields {
    let mut state = planned(None, config);
    state.worker.id = "put-1".to_owned().into();
    state
}

/// The framework's plan and the decision on it.
fn planned(prior: Option<&SecretsFields>, config: &SecretsFields) -> SecretsFields {
    let (planned, found) = plan(prior, config);
    assert!(found.is_empty(), "{found:?}");
    planned
}

fn plan(prior: Option<&SecretsFields>, config: &SecretsFields) -> (SecretsFields, Diagnostics) {
    let mut draft = SecretsFields { secrets_wo: Value::Null, ..config.clone() };
    match prior {
        Some(prior) => {
            draft.names = prior.names.clone();
            draft.worker.id = prior.worker.id.clone();
            draft.doubt = prior.doubt.clone();
        }
        None => {
            draft.names = Value::Unknown;
            draft.worker.id = Value::Unknown;
        }
    }
    decide(&Facts { prior, planned: &draft, config })
}

fn written(prior: Option<&SecretsFields>, config: &SecretsFields) -> Vec<String> {
    let planned = planned(prior, config);
    let edits = edits(prior, &planned, config, |_| true).unwrap();
    let told = |(name, value): (&&str, &Option<&SecretString>)| match value {
        Some(value) => format!("{name}={}", value.expose_secret()),
        None => format!("-{name}"),
    };
    edits.iter().map(told).collect()
}

fn secret(name: &str, kind: &str) -> WorkerSecret {
    WorkerSecret { name: name.to_owned(), kind: kind.to_owned() }
}

#[test]
fn only_what_changes_is_written() {
    let one = config(&[("A", "1"), ("B", "2")], &[("W", "3")], 1);
    assert_eq!(written(None, &one), ["A=1", "B=2", "W=3"]);
    let state = applied(&one);
    assert!(planned(Some(&state), &one) == state, "nothing is planned");
    let changed = config(&[("A", "1"), ("B", "new")], &[("W", "unseen")], 1);
    assert_eq!(written(Some(&state), &changed), ["B=new"]);
    let next = config(&[("A", "1"), ("B", "2")], &[("W", "new")], 2);
    assert_eq!(written(Some(&state), &next), ["W=new"]);
    let fewer = config(&[("A", "1")], &[("W", "3"), ("X", "4")], 1);
    assert_eq!(written(Some(&state), &fewer), ["-B", "X=4"]);
}

#[test]
fn a_secret_that_moves_between_the_maps_is_put() {
    let stored = config(&[("A", "1"), ("B", "2")], &[], 0);
    let moved = config(&[("B", "2")], &[("A", "1")], 1);
    assert_eq!(written(Some(&applied(&stored)), &moved), ["A=1"]);
    assert_eq!(written(Some(&applied(&moved)), &stored), ["A=1"]);
    assert_eq!(applied(&moved).managed(), applied(&stored).managed());
}

#[test]
fn what_was_removed_outside_or_became_another_kind_is_put_again() {
    let all = config(&[("A", "1"), ("B", "2")], &[("W", "3")], 1);
    let state = applied(&all);
    let there = [secret("A", "secret_text"), secret("B", "secret_key"), secret("OTHER", "secret_text")];
    let drifted = state.refreshed(&there).unwrap();
    assert_eq!(drifted.managed(), BTreeSet::from(["A"]));
    assert_eq!(drifted.values().count(), 1, "a value that is gone is not kept");
    assert_eq!(written(Some(&drifted), &all), ["B=2", "W=3"]);
    assert!(state.refreshed(&[]).is_none());
    let whole = ["A", "B", "W"].map(|name| secret(name, "secret_text"));
    assert!(state.refreshed(&whole).is_some_and(|same| same == state));
    let mut doubtful = state;
    doubtful.doubt.note();
    assert!(doubtful.refreshed(&[]).is_some_and(|same| same == doubtful), "they may come yet");
}

#[test]
fn a_doubt_writes_everything_again_and_keeps_what_may_be_there() {
    let (old, new) = (config(&[("A", "1"), ("B", "2")], &[], 0), config(&[("A", "x"), ("C", "3")], &[], 0));
    let state = applied(&old);
    let lost = Edited::Failed { error: Error::Config(String::new()), may_have_effect: true };
    let doubtful = after(&lost, Some(state.clone()), planned(Some(&state), &new)).unwrap();
    assert_eq!(doubtful.managed(), BTreeSet::from(["A", "B", "C"]));
    let mut imported = state.clone();
    imported.worker.id = Value::Null;
    let put = after(&lost, Some(imported), state.clone()).unwrap();
    assert_eq!(put.worker.id, state.worker.id, "so that it can delete what it has put");
    assert_eq!(written(Some(&doubtful), &old), ["A=1", "B=2", "-C"]);
    assert_eq!(written(Some(&doubtful), &new), ["A=x", "-B", "C=3"]);
    let settled = after(&Edited::Done, Some(doubtful.clone()), planned(Some(&doubtful), &old)).unwrap();
    assert!(settled == state);
    let refused = Edited::Failed { error: Error::Config(String::new()), may_have_effect: false };
    assert!(after(&refused, Some(state.clone()), planned(Some(&state), &new)).is_none());
}

#[test]
fn what_could_not_be_removed_is_removed_by_the_next_apply() {
    let (old, new) = (config(&[("A", "1"), ("B", "2")], &[], 0), config(&[("A", "1")], &[], 0));
    let state = applied(&old);
    let left = Edited::Left { names: BTreeSet::from(["B".to_owned()]), error: None };
    let kept = after(&left, Some(state.clone()), planned(Some(&state), &new)).unwrap();
    assert_eq!(written(Some(&kept), &new), ["-B"]);
    let foreign = edits(Some(&kept), &kept, &new, |_| false);
    assert!(foreign.is_none(), "the plan manages fewer names");
    let planned = planned(Some(&kept), &new);
    assert!(edits(Some(&kept), &planned, &new, |_| false).is_some_and(|edits| edits.is_empty()));
}

#[test]
fn an_imported_set_stays_without_values_and_is_put_with_them() {
    let mut imported = config(&[], &[], 0);
    imported.manage(["A", "B"]);
    assert!(planned(Some(&imported), &config(&[], &[], 0)) == imported);
    let one = config(&[("A", "1")], &[], 0);
    assert_eq!(written(Some(&imported), &one), ["A=1", "-B"]);
    assert!(planned(Some(&imported), &one).worker.id.is_unknown());
    assert!(plan(None, &config(&[], &[], 0)).1.has_error());
    let state = applied(&one);
    assert!(plan(Some(&state), &config(&[], &[], 0)).1.has_error(), "the values were taken out");
    let mut empty = config(&[], &[], 0);
    empty.secrets = map(&[]);
    assert_eq!(written(Some(&state), &empty), ["-A"]);
}

#[test]
fn names_that_are_not_known_yet_are_planned_as_they_are() {
    let known = config(&[("A", "1")], &[("W", "2")], 1);
    let state = applied(&known);
    let later = SecretsFields { secrets_wo: Value::Unknown, ..known.clone() };
    assert!(planned(Some(&state), &later) == state);
    let version = SecretsFields { secrets_wo_version: 2.into(), ..later.clone() };
    assert!(planned(Some(&state), &version).names.is_unknown());
    assert!(planned(None, &later).names.is_unknown());
    // An unknown value still has a known name.
    let mut value = known.clone();
    let secrets = [("A".to_owned(), Element::Unknown)].into_iter().collect();
    value.secrets = Value::Known(Map(secrets));
    assert_eq!(planned(Some(&state), &value).managed(), BTreeSet::from(["A", "W"]));
    // An ephemeral map may have other names at apply.
    let other = config(&[("A", "1")], &[("X", "2")], 1);
    assert!(edits(None, &applied(&known), &other, |_| true).is_none());
}

#[test]
fn a_name_in_both_maps_too_many_names_and_a_lone_version_are_refused() {
    let summary = |config: SecretsFields| {
        let found = config.validate().0;
        found.iter().map(|diagnostic| diagnostic.summary.clone()).collect::<Vec<_>>()
    };
    assert!(summary(config(&[("A", "1")], &[("B", "2")], 1)).is_empty());
    assert_eq!(summary(config(&[("A", "1")], &[("A", "2")], 1)), ["The secret A is in both maps"]);
    let many: Vec<String> = (0..=EDIT_LIMIT).map(|n| format!("S{n}")).collect();
    let many: Vec<(&str, &str)> = many.iter().map(|name| (name.as_str(), "x")).collect();
    assert_eq!(summary(config(&many, &[], 0)), ["Too many secrets"]);
    let no_version = SecretsFields { secrets_wo_version: Value::Null, ..config(&[], &[("A", "1")], 1) };
    assert_eq!(summary(no_version), ["`secrets_wo` needs `secrets_wo_version`"]);
    let no_secrets = SecretsFields { secrets_wo: Value::Null, ..config(&[], &[("A", "1")], 1) };
    assert_eq!(summary(no_secrets), ["`secrets_wo_version` without `secrets_wo`"]);
}

#[test]
fn an_answer_is_believed_where_it_tells_both_ways() {
    let text = SecretString::from("x");
    let (put, both) = (Edits::from([("A", Some(&text))]), Edits::from([("A", Some(&text)), ("B", None)]));
    let of = |names: &[&str]| names.iter().map(|name| secret(name, "secret_text")).collect::<Vec<_>>();
    assert!(is_told(&put, Some(&of(&["A"]))) && is_told(&both, Some(&of(&["A", "OTHER"]))));
    // The answer may list only the secrets that were put.
    assert!(!is_told(&both, Some(&of(&["A"]))));
    assert!(!is_told(&put, None) && !is_told(&put, Some(&[])) && !is_told(&both, Some(&of(&["A", "B"]))));
    assert!(matches!(seen(&both, &of(&["A"])), Edited::Done));
    assert!(matches!(seen(&both, &of(&["A", "B"])), Edited::Left { names, .. } if names.len() == 1));
    assert!(matches!(seen(&both, &of(&["B"])), Edited::Missing(names) if names.contains("A")));
}

#[test]
fn a_plan_knows_which_names_are_new() {
    let (old, new) = (config(&[("A", "1")], &[], 0), config(&[("A", "2"), ("B", "1")], &[("W", "3")], 1));
    let (state, planned) = (applied(&old), planned(Some(&applied(&old)), &new));
    assert_eq!(added(Some(&state), &planned), BTreeSet::from(["B", "W"]));
    assert_eq!(added(None, &planned), BTreeSet::from(["A", "B", "W"]));
}

#[test]
fn as_many_secrets_as_one_request_takes_are_well() {
    let refused = |count: usize| {
        let names: Vec<_> = (0..count).map(|number| format!("S{number}")).collect();
        let secrets: Vec<_> = names.iter().map(|name| (name.as_str(), "1")).collect();
        config(&secrets, &[], 0).validate().has_error()
    };
    assert!(!refused(EDIT_LIMIT) && refused(EDIT_LIMIT + 1));
}
