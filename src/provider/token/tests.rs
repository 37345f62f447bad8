//! What is decided about a token, without Terraform and without an API.

mod after;
mod agreement;
mod planning;
mod refreshing;
mod value;
mod writes;

use std::sync::Arc;

use secrecy::ExposeSecret;
use serde_json::{Value as Json, json};
use time::OffsetDateTime;

use super::after::Progress;
use super::apply::{Step, Update, new_token};
use super::model::{Change, Private, RotationBlock, TokenFields};
use super::{plan, refresh};
use crate::cloudflare::{Error, Token};
use crate::owner::Owner;
use crate::policy::{Catalog, Fingerprint, PermissionGroup, Policy, PolicySpec, Scope, resolve_all};
use crate::provider::blocks::{PolicyBlock, policy_set, specs};
use crate::provider::checks;
use crate::provider::guardrails::Guardrails;
use crate::provider::policies::{Own, fingerprints, match_with};
use crate::tf_provider::framework::{Diagnostics, Map, Model, Set, Value};
use crate::tokens::{Cause, OpError, Outcome, PolicyChange, TokenPolicies};

const ACCOUNT: &str = "0123456789abcdef0123456789abcdef";
const ID: &str = "11111111111111111111111111111111";
const TOKENS_WRITE: &str = "5bc3f8b21c554832afc660159ab75fa4";

fn now() -> OffsetDateTime {
    at("2026-11-28T12:00:00Z")
}

fn at(text: &str) -> OffsetDateTime {
    checks::instant(text).unwrap()
}

fn owner() -> Owner {
    Owner::Account(ACCOUNT.to_owned())
}

fn catalog() -> Catalog {
    let group = |id: &str, name: &str| PermissionGroup {
        id: id.parse().unwrap(),
        name: name.to_owned(),
        scopes: vec![Scope::Account],
        deprecated: false,
        selectable: None,
        description: None,
        category: None,
    };
    Catalog::new(vec![
        group(&"a".repeat(32), "A"),
        group(&"b".repeat(32), "B"),
        group(TOKENS_WRITE, "Account API Tokens Write"),
    ])
}

/// A policy for each of these permission groups.
fn policies(groups: &[&str]) -> Value<Set<PolicyBlock>> {
    policy_set(groups.iter().map(|group| PolicySpec {
        effect: crate::policy::Effect::Allow,
        permission_groups: [(*group).to_owned()].into(),
        target: crate::policy::Target::Account,
    }))
}

fn resolved(groups: &[&str]) -> Vec<Policy> {
    resolve_all(&specs(&policies(groups)).unwrap(), &owner(), &catalog()).unwrap().policies
}

fn prints(groups: &[&str]) -> std::collections::BTreeSet<Fingerprint> {
    fingerprints(&resolved(groups))
}

/// A token in the state.
fn state(groups: &[&str], exclusive: bool) -> TokenFields {
    TokenFields {
        id: ID.to_owned().into(),
        name: "ci".to_owned().into(),
        policies: policies(groups),
        exclusive_policies: exclusive.into(),
        status: "active".to_owned().into(),
        store_value: true.into(),
        value: Value::Known("old".into()),
        issued_on: "2026-11-01T00:00:00Z".to_owned().into(),
        value_issued_on: "2026-11-01T00:00:00Z".to_owned().into(),
        ..TokenFields::null()
    }
}

fn private(groups: &[&str]) -> Private {
    Private { owned: prints(groups), applied: Some(prints(groups)), ..Private::default() }
}

/// The token as the API answers it.
fn token(groups: &[&str]) -> Token {
    let policies: Vec<Json> = resolved(groups)
        .iter()
        .map(|policy| {
            let wire = policy.to_wire(&owner());
            let groups: Vec<_> = wire.permission_groups.iter().map(|id| json!({"id": id})).collect();
            json!({"effect": "allow", "permission_groups": groups, "resources": wire.resources})
        })
        .collect();
    serde_json::from_value(json!({
        "id": ID, "name": "ci", "status": "active", "policies": policies,
        "issued_on": "2026-11-01T00:00:00Z", "modified_on": "2026-11-28T12:00:00Z",
    }))
    .unwrap()
}

/// Plans `config` over `prior`; `own`: the token that the provider authenticates with.
fn planned(prior: &TokenFields, private: &Private, config: &TokenFields, own: &str) -> plan::Decision {
    // The framework's plan: computed attributes stay as they were.
    let planned = TokenFields { unconfirmed: prior.unconfirmed.clone(), ..config.clone() };
    let change = Change { config, prior: Some(prior), planned: &planned, private, replaced: false };
    let mut facts = plan::Facts::new(now(), change, Arc::new(Guardrails::default()), Some(owner()), None);
    facts.catalog = facts.needs_catalog().then(|| Ok(Arc::new(catalog())));
    facts.own_token = facts.needs_own_token().then(|| Ok(Some(own.to_owned())));
    plan::decide(&facts)
}

fn update(prior: &TokenFields, private: &Private, planned: TokenFields, groups: &[&str]) -> Update {
    Update { prior: prior.clone(), planned, private: private.clone(), policies: resolved(groups), now: now() }
}

fn lost() -> OpError {
    OpError { cause: Cause::Api(Error::Config("lost".to_owned())), may_have_effect: true }
}

fn refused() -> OpError {
    OpError::without_effect(Cause::Api(Error::Config("refused".to_owned())))
}

fn done(groups: &[&str]) -> Outcome {
    Outcome { token: Some(Arc::new(token(groups))), ..Outcome::default() }
}

/// Carries an update out with these outcomes of its writes.
fn carried_out(
    update: Update,
    outcomes: Vec<Result<Outcome, OpError>>,
) -> (Option<(TokenFields, Private)>, Diagnostics) {
    let steps = update.steps().unwrap();
    let mut progress = Progress::new(update, None);
    for (step, outcome) in steps.into_iter().zip(outcomes) {
        if !progress.took(step, outcome, Diagnostics::none(), &owner(), Some(&catalog())) {
            break;
        }
    }
    progress.end()
}

#[test]
fn a_change_in_doubt_keeps_the_old_state_with_all_that_may_be_there() {
    let (prior, config) = (state(&["A"], false), state(&["A", "B"], false));
    let update = update(&prior, &private(&["A"]), config, &["A", "B"]);
    let (after, _) = carried_out(update, vec![Err(lost())]);
    let (after, kept) = after.unwrap();
    assert_eq!(after.policies, prior.policies);
    assert!(after.is_in_doubt());
    assert_eq!((kept.owned, kept.applied), (prints(&["A", "B"]), Some(prints(&["A", "B"]))));
}

#[test]
fn a_refused_change_leaves_the_state() {
    let update = update(&state(&["A"], true), &private(&["A"]), state(&["B"], true), &["B"]);
    assert!(carried_out(update, vec![Err(refused())]).0.is_none());
}

#[test]
fn a_doubt_plans_a_write_even_if_the_old_configuration_is_back() {
    let config = state(&["A"], false);
    let doubtful = TokenFields { unconfirmed: "something".to_owned().into(), ..config.clone() };
    let kept = private(&["A", "B"]);
    let decided = planned(&doubtful, &kept, &config, "another").planned;
    assert!(decided != doubtful && !decided.is_in_doubt());
    let update = update(&doubtful, &kept, decided, &["A"]);
    let steps = update.steps().unwrap();
    let [Step::Change { fields, policies, again: true }] = &steps[..] else { panic!("{steps:?}") };
    assert_eq!(fields.named().len(), 5, "every field is sent");
    let Some(PolicyChange::Edit { remove, add }) = policies else { panic!("{policies:?}") };
    assert_eq!((remove, fingerprints(add)), (&prints(&["A", "B"]), prints(&["A"])));
    let (after, kept) = carried_out(update, vec![Ok(done(&["A"]))]).0.unwrap();
    assert!(!after.is_in_doubt());
    assert_eq!(kept.applied, Some(prints(&["A"])));
}

#[test]
fn an_unchanged_token_plans_nothing_and_needs_no_request() {
    let prior = state(&["A"], true);
    let decided = planned(&prior, &private(&["A"]), &prior, ID);
    assert!(decided.planned == prior && decided.found.is_empty() && decided.replace.is_empty());
}

fn triggered(token: &TokenFields) -> TokenFields {
    let triggers = Value::Known(Map::from_iter([("n".to_owned(), "2".to_owned())]));
    let rotation = RotationBlock { triggers, ..RotationBlock::null() };
    TokenFields { rotation: rotation.into(), ..token.clone() }
}

#[test]
fn a_roll_in_doubt_leaves_no_value_and_is_always_planned_again() {
    let prior = state(&["A"], true);
    let config = planned(&prior, &private(&["A"]), &triggered(&prior), "another").planned;
    assert!(config.value.is_unknown());
    let (after, kept) =
        carried_out(update(&prior, &private(&["A"]), config, &["A"]), vec![Err(lost())]).0.unwrap();
    assert!(after.value.is_null() && after.value_issued_on.is_null() && after.sealed_values.is_null());
    assert!(after.is_in_doubt() && kept.value_lost);
    let again = TokenFields { value: Value::Null, value_issued_on: Value::Null, ..prior.clone() };
    let decided = planned(&after, &kept, &again, "another");
    assert!(decided.planned.value.is_unknown() && decided.planned.value_issued_on.is_unknown());
    let rolled = Outcome { value: Some("new".into()), ..done(&["A"]) };
    let update = update(&after, &kept, decided.planned, &["A"]);
    let (after, kept) = carried_out(update, vec![Ok(done(&["A"])), Ok(rolled)]).0.unwrap();
    assert_eq!(after.value.known().map(|value| value.expose_secret()), Some("new"));
    assert!(!kept.value_lost && !after.is_in_doubt());
}

#[test]
fn a_refused_roll_keeps_the_old_value_and_is_planned_again() {
    let prior = state(&["A"], true);
    let config = planned(&prior, &private(&["A"]), &triggered(&prior), "another").planned;
    let (after, kept) =
        carried_out(update(&prior, &private(&["A"]), config, &["A"]), vec![Err(refused())]).0.unwrap();
    assert_eq!(after.value.known().map(|value| value.expose_secret()), Some("old"));
    assert!(after.rotation.is_null() && !kept.value_lost && !after.is_in_doubt());
}

#[test]
fn a_roll_comes_after_the_change_and_before_its_expiry() {
    let prior = state(&["A"], true);
    let config = TokenFields { expires_in: "1h".to_owned().into(), ..triggered(&state(&["B"], true)) };
    let decided = planned(&prior, &private(&["A"]), &config, "another").planned;
    let steps = update(&prior, &private(&["A"]), decided, &["B"]).steps().unwrap();
    let [Step::Change { fields, .. }, Step::Roll, Step::Extend(extended)] = &steps[..] else {
        panic!("{steps:?}")
    };
    assert!(fields.expires_on.is_none(), "the end is for the new value only");
    assert_eq!(extended.expires_on, Some(Some(at("2026-11-28T13:00:00Z"))));
}

#[test]
fn becoming_additive_removes_what_this_resource_wrote_and_nothing_else() {
    // B has drifted in: it is in the state of an exclusive token, but was never applied.
    let prior = state(&["A", "B"], true);
    let seen = Private { owned: prints(&["A", "B"]), ..private(&["A"]) };
    let removed = |private: &Private| {
        let steps = update(&prior, private, state(&[], false), &[]).steps().unwrap();
        match &steps[..] {
            [Step::Change { policies: Some(PolicyChange::Edit { remove, .. }), .. }] => remove.clone(),
            [] => Default::default(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(removed(&seen), prints(&["A"]));
    let imported = Private { applied: Some(Default::default()), imported: true, ..seen.clone() };
    assert_eq!(removed(&imported), prints(&[]));
    let of_0_1_0 = Private { applied: None, ..seen };
    assert_eq!(removed(&of_0_1_0), prints(&["A", "B"]));
}

#[test]
fn a_refresh_keeps_what_may_be_there_while_a_write_is_in_doubt() {
    let doubtful = TokenFields { unconfirmed: "something".to_owned().into(), ..state(&["A"], false) };
    let kept = private(&["A", "B"]);
    let look = |state: &TokenFields, private: &Private, there: &[&str]| {
        let token = token(there);
        let seen = TokenPolicies::of(&token, &owner());
        let written = specs(&state.policies).unwrap();
        let own = Own { written: &written, fingerprints: &private.owned, shows_others: false };
        let matched = match_with(own, &seen, &owner(), Some(&catalog()));
        refresh::decide(state, private, &token, &seen, &matched, now())
    };
    for there in [&["A"][..], &["B"], &["A", "B"]] {
        let (state, private, _) = look(&doubtful, &kept, there);
        assert_eq!((&state.policies, &private), (&doubtful.policies, &kept), "{there:?}");
        assert!(state.is_in_doubt());
    }
    let (certain, private, _) = look(&state(&["A", "B"], false), &kept, &["A"]);
    assert_eq!(certain.policies, policies(&["A"]));
    assert_eq!((private.owned, private.applied), (prints(&["A"]), Some(prints(&["A"]))));
}

#[test]
fn a_plan_says_what_is_granted_and_keeps_the_words_of_policies_that_stay() {
    let lines = |grants: &[&str]| Value::Known(Set::from_iter(grants.iter().map(|&line| line.to_owned())));
    let prior = TokenFields { grants: lines(&["as it was worded"]), ..state(&["A"], true) };
    let grants =
        |groups: &[&str]| planned(&prior, &private(&["A"]), &state(groups, true), "another").planned.grants;
    assert_eq!(grants(&["A"]), prior.grants);
    assert_eq!(grants(&["A", "B"]), lines(&["allow \"A\" on the account", "allow \"B\" on the account"]));
    let by_id = grants(&["A", &"b".repeat(32)]);
    assert_eq!(by_id, lines(&["allow \"A\" on the account", "allow \"B\" on the account"]));
    assert_eq!(grants(&[]), lines(&[]));
}

#[test]
fn a_value_has_a_higher_version_than_the_one_before_it_also_in_a_new_token() {
    let prior = TokenFields { value_version: 7.into(), ..state(&["A"], true) };
    let private = private(&["A"]);
    let unchanged = planned(&prior, &private, &prior, "another").planned;
    assert_eq!(unchanged.value_version, Value::Known(7));
    let config = planned(&prior, &private, &triggered(&prior), "another").planned;
    assert!(config.value_version.is_unknown());
    let rolled = Outcome { value: Some("new".into()), ..done(&["A"]) };
    let (after, kept) =
        carried_out(update(&prior, &private, config.clone(), &["A"]), vec![Ok(rolled)]).0.unwrap();
    assert_eq!((after.value_version, kept.version), ((now().unix_timestamp() * 1000).into(), None));
    let (refused, _) =
        carried_out(update(&prior, &private, config.clone(), &["A"]), vec![Err(self::refused())]).0.unwrap();
    assert_eq!(refused.value_version, Value::Known(7), "the old value stays");
    // The clock of another host is behind, or the last value is of the same second.
    let ahead = now().unix_timestamp() * 1000 + 60;
    let mut new = config;
    new_token(&mut new, Vec::new(), Some(ahead), now()).unwrap();
    assert_eq!(new.value_version, Value::Known(ahead + 1));
}

#[test]
fn what_the_api_did_not_take_is_in_the_state_as_it_is() {
    let (prior, config) = (state(&["A"], true), state(&["A", "B"], true));
    let config = TokenFields { name: "renamed".to_owned().into(), ..config };
    let update = update(&prior, &private(&["A"]), config, &["A", "B"]);
    let mut progress = Progress::new(update.clone(), None);
    let step = update.steps().unwrap().remove(0);
    let error = crate::tf_provider::framework::Diagnostic::error("Less", "Less was taken.");
    assert!(!progress.took(step, Ok(done(&["A"])), error.into(), &owner(), Some(&catalog())));
    let (after, kept) = progress.end().0.unwrap();
    assert_eq!((after.policies, after.name.as_str()), (policies(&["A"]), Some("ci")));
    assert_eq!((kept.owned, kept.applied), (prints(&["A"]), Some(prints(&["A"]))));
    assert_eq!(after.grants, Value::Known(Set::from_iter(["allow \"A\" on the account".to_owned()])));
}

#[test]
fn the_own_token_keeps_its_right_to_manage_tokens() {
    let mine = "Account API Tokens Write";
    let prior = state(&["A", mine], true);
    let refused = |config: &TokenFields, own: &str| {
        planned(&prior, &private(&["A", mine]), config, own).found.has_error()
    };
    assert!(refused(&state(&["A"], true), ID));
    assert!(!refused(&state(&["A"], true), "another"));
    assert!(!refused(&state(&["B", mine], true), ID));
    let by_id = state(&["A", TOKENS_WRITE], true);
    assert!(!refused(&by_id, ID), "the same right, written otherwise");
    let mut denied = specs(&prior.policies).unwrap();
    denied.push(PolicySpec {
        effect: crate::policy::Effect::Deny,
        permission_groups: [mine.to_owned()].into(),
        target: crate::policy::Target::Account,
    });
    assert!(refused(&TokenFields { policies: policy_set(denied), ..prior.clone() }, ID));
}

#[test]
fn the_private_state_of_0_1_0_is_read() {
    let owned = prints(&["A"]);
    let json = json!({"owned": owned, "seen_on": 7});
    let read: Private = serde_json::from_value(json).unwrap();
    assert_eq!(read, Private { owned: owned.clone(), seen_on: 7, ..Private::default() });
    assert_eq!(read.own(), owned);
    let imported: Private = serde_json::from_value(json!({"owned": owned, "imported": true})).unwrap();
    assert!(imported.own().is_empty());
}

/// A token that had ended when it was imported.
fn dead(status: &str, expires_on: Option<&str>) -> (TokenFields, Private) {
    let mut prior = state(&["A"], true);
    prior.status = status.to_owned().into();
    prior.expires_on = expires_on.map(str::to_owned).into();
    prior.value = Value::Null;
    (prior, Private { imported: true, imported_ended: true, ..private(&["A"]) })
}

#[test]
fn a_token_that_had_ended_when_it_was_imported_stays_until_it_gets_another_end() {
    let (past, later) = (Some("2026-11-01T00:00:00Z"), Some("2098-01-01T00:00:00Z"));
    for (status, end) in [("expired", past), ("revoked (exposed)", later), ("revoked (exposed)", None)] {
        let (prior, adopted) = dead(status, end);
        let config = |expires_on: Option<&str>| TokenFields {
            status: Value::Null,
            expires_on: expires_on.map(str::to_owned).into(),
            ..prior.clone()
        };
        let replaces = |private: &Private, expires_on| {
            let decision = planned(&prior, private, &config(expires_on), "other");
            assert!(!decision.found.has_error(), "{:?}", decision.found);
            !decision.replace.is_empty()
        };
        assert!(!replaces(&adopted, end), "{status}");
        assert!(replaces(&adopted, Some("2099-01-01T00:00:00Z")), "{status}");
        // One that has ended since is replaced, if the new one can live.
        let since = Private { imported_ended: false, ..adopted.clone() };
        assert_eq!(replaces(&since, end), status != "expired", "{status}");
    }
}

#[test]
fn generated_configuration_has_only_what_can_be_written() {
    use super::generate::refine;
    let (prior, _) = dead("expired", Some("2026-11-01T00:00:00Z"));
    let mut config = prior.clone();
    assert_eq!(refine(&prior, &mut config).0.len(), 1, "a warning");
    assert!(config.status.is_null() && config.exclusive_policies.is_null() && !config.expires_on.is_null());
    let disabled = TokenFields { status: "disabled".to_owned().into(), ..state(&["A"], false) };
    let mut config = disabled.clone();
    assert!(refine(&disabled, &mut config).is_empty());
    assert_eq!(config.status.as_str(), Some("disabled"));
    assert_eq!(config.exclusive_policies, Value::Known(false), "it is not what follows from the policies");
}
