//! Tests of the decisions about a binding, without Terraform and without an API.

mod planning;

use std::sync::Arc;

use serde_json::json;

use super::BindingFields;
use super::apply::Write;
use super::plan::{Change, Facts, decide};
use crate::cloudflare::{Error, Token};
use crate::owner::Owner;
use crate::policy::{Catalog, Effect, PermissionGroup, Policy, PolicySpec, Scope, Target, resolve_all};
use crate::provider::blocks::{PolicyBlock, policy_set, specs};
use crate::provider::guardrails::Guardrails;
use crate::provider::policies::fingerprints;
use crate::tf_provider::framework::{Model, Set, Value};
use crate::tokens::{Cause, OpError, Outcome, PolicyChange};

const TOKEN: &str = "11111111111111111111111111111111";

fn owner() -> Owner {
    Owner::Account("0123456789abcdef0123456789abcdef".to_owned())
}

fn catalog() -> Catalog {
    let group = |digit: &str, name: &str| PermissionGroup {
        id: digit.repeat(32).parse().unwrap(),
        name: name.to_owned(),
        scopes: vec![Scope::Account],
        deprecated: false,
        selectable: None,
        description: None,
        category: None,
    };
    Catalog::new(vec![group("a", "A"), group("b", "B"), group("c", "Account API Tokens Write")])
}

fn policies(groups: &[&str]) -> Value<Set<PolicyBlock>> {
    policy_set(groups.iter().map(|group| PolicySpec {
        effect: Effect::Allow,
        permission_groups: [(*group).to_owned()].into(),
        target: Target::Account,
    }))
}

fn resolved(groups: &[&str]) -> Vec<Policy> {
    resolve_all(&specs(&policies(groups)).unwrap(), &owner(), &catalog()).unwrap().policies
}

/// A binding of these policies, as applied.
fn binding(groups: &[&str]) -> BindingFields {
    let mut binding = BindingFields {
        id: "binding-1".to_owned().into(),
        token_id: TOKEN.to_owned().into(),
        policies: policies(groups),
        ..BindingFields::null()
    };
    binding.set_owned(&fingerprints(&resolved(groups)));
    binding
}

fn facts<'a>(prior: Option<&'a BindingFields>, planned: &'a BindingFields) -> Facts<'a> {
    let mut facts = Facts::new(Change { prior, planned, name: None }, Arc::new(Guardrails::default()));
    facts.owner = Some(owner());
    facts.catalog = facts.needs_catalog().then(|| Ok(Arc::new(catalog())));
    facts
}

fn token(status: &str) -> Arc<Token> {
    Arc::new(
        serde_json::from_value(json!({"id": TOKEN, "name": "shared", "status": status, "policies": []}))
            .unwrap(),
    )
}

fn lost() -> OpError {
    OpError { cause: Cause::Api(Error::Config("lost".to_owned())), may_have_effect: true }
}

#[test]
fn a_doubt_plans_a_write_even_where_the_old_configuration_is_back() {
    // The binding changed from {A} to {A, B}, the write got no answer, and the configuration says {A} again.
    let write = Write {
        prior: Some(binding(&["A"])),
        planned: binding(&["A", "B"]),
        add: resolved(&["A", "B"]),
        wrote_others: false,
    };
    assert!(!write.is_again());
    let doubtful = write.after(Err(lost()), false, &owner(), None).unwrap();
    assert_eq!(doubtful.policies, policies(&["A"]));
    assert_eq!(doubtful.owned(), fingerprints(&resolved(&["A", "B"])));
    let planned = BindingFields { policies: policies(&["A"]), ..doubtful.clone() };
    let (planned, _) = decide(&facts(Some(&doubtful), &planned));
    assert!(planned != doubtful && planned.unconfirmed.is_null() && planned.fingerprints.is_unknown());
    let write = Write { prior: Some(doubtful), planned, add: resolved(&["A"]), wrote_others: false };
    assert!(write.is_again());
    let PolicyChange::Edit { remove, .. } = write.change() else { panic!("not an edit") };
    assert_eq!(remove, fingerprints(&resolved(&["A", "B"])), "B goes");
    let certain = write.after(Ok(Outcome::default()), false, &owner(), None).unwrap();
    assert!(certain == binding(&["A"]));
}

#[test]
fn an_unchanged_binding_plans_nothing_and_needs_no_request() {
    let prior = binding(&["A"]);
    let facts = facts(Some(&prior), &prior);
    assert!(!facts.needs_catalog() && !facts.needs_own_token() && facts.needs_token().is_none());
    let (planned, found) = decide(&facts);
    assert!(planned == prior && found.is_empty());
}

#[test]
fn the_name_of_the_token_is_open_where_it_may_change_before_the_end_of_the_run() {
    let named = |name: &str| BindingFields { token_name: name.to_owned().into(), ..binding(&["A"]) };
    let plan = |prior: Option<&BindingFields>, groups: &[&str], run: Option<&str>| {
        let before = prior.map_or(Value::Unknown, |prior| prior.token_name.clone());
        let planned = BindingFields { token_name: before, ..binding(groups) };
        let name = run.map(|name| name.to_owned().into());
        let mut facts = Facts::new(Change { prior, planned: &planned, name: name.as_ref() }, Arc::default());
        facts.owner = Some(owner());
        facts.catalog = facts.needs_catalog().then(|| Ok(Arc::new(catalog())));
        decide(&facts).0.token_name
    };
    let (ci, of_0_1_0) = (named("ci"), binding(&["A"]));
    assert_eq!(plan(None, &["A"], None), Value::Unknown);
    assert_eq!(plan(Some(&ci), &["A"], None), ci.token_name);
    assert_eq!(plan(Some(&ci), &["B"], None), ci.token_name, "what a refresh has seen stays");
    assert_eq!(plan(Some(&ci), &["A"], Some("ci")), ci.token_name);
    assert_eq!(plan(Some(&ci), &["A"], Some("deploy")), Value::Unknown);
    assert_eq!(plan(Some(&of_0_1_0), &["A"], Some("ci")), Value::Null, "a new attribute is no change");
    assert_eq!(plan(Some(&of_0_1_0), &["B"], Some("ci")), Value::Unknown);
}

#[test]
fn a_binding_learns_the_name_of_its_token_by_its_own_write() {
    let planned = BindingFields { token_name: Value::Unknown, ..binding(&["A"]) };
    let write =
        || Write { prior: None, planned: planned.clone(), add: resolved(&["A"]), wrote_others: false };
    let outcome = Outcome { token: Some(token("active")), ..Outcome::default() };
    let state = write().after(Ok(outcome), false, &owner(), None).unwrap();
    assert_eq!(state.token_name.as_str(), Some("shared"));
    let doubtful = write().after(Err(lost()), false, &owner(), None).unwrap();
    assert!(doubtful.token_name.is_null());
}

#[test]
fn nothing_is_bound_to_a_token_that_has_ended() {
    let planned = binding(&["A"]);
    for (status, is_refused) in
        [("expired", true), ("revoked (exposed)", true), ("active", false), ("disabled", false)]
    {
        let mut facts = facts(None, &planned);
        assert_eq!(facts.needs_token(), Some(TOKEN));
        facts.token = Some(Ok(Some(token(status))));
        let (_, found) = decide(&facts);
        assert_eq!(found.has_error(), is_refused, "{status}: {found:?}");
    }
}

#[test]
fn the_own_token_keeps_its_right_to_manage_tokens() {
    let prior = binding(&["A", "Account API Tokens Write"]);
    let planned = binding(&["A"]);
    for (own, is_refused) in [(TOKEN, true), ("22222222222222222222222222222222", false)] {
        let mut facts = facts(Some(&prior), &planned);
        assert!(facts.needs_own_token());
        facts.own_token = Some(Ok(Some(own.to_owned())));
        assert_eq!(decide(&facts).1.has_error(), is_refused, "{own}");
    }
}

#[test]
fn a_refused_write_leaves_the_state() {
    let write = Write {
        prior: Some(binding(&["A"])),
        planned: binding(&["B"]),
        add: resolved(&["B"]),
        wrote_others: false,
    };
    let refused = OpError::without_effect(Cause::Api(Error::Config("refused".to_owned())));
    assert!(write.after(Err(refused.clone()), false, &owner(), None).is_none());
    // Unless another token got the policies before it.
    let write = Write {
        prior: Some(binding(&["A"])),
        planned: binding(&["B"]),
        add: resolved(&["B"]),
        wrote_others: true,
    };
    let after = write.after(Err(refused), false, &owner(), None).unwrap();
    assert!(after.is_in_doubt() && after.policies == policies(&["A"]));
    assert_eq!(after.owned(), fingerprints(&resolved(&["A", "B"])));
}
