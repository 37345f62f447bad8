//! What a binding's plan checks, foresees and refuses, and what an import names.

use std::collections::BTreeMap;

use super::*;
use crate::path;
use crate::provider::binding::import;
use crate::provider::guardrails::GuardrailsBlock;
use crate::provider::owner::{Account, Ownership as _};
use crate::provider::wording;
use crate::tf_provider::framework::{Diagnostic, Raw, ResourceId};

const OTHER: &str = "22222222222222222222222222222222";

fn forbidding(group: &str) -> Arc<Guardrails> {
    let forbidden = Value::Known(Set::from_iter([group.to_owned()]));
    let block = GuardrailsBlock { forbidden_permission_groups: forbidden, ..GuardrailsBlock::null() };
    Arc::new(Guardrails::from(&Value::Known(block)))
}

fn grants(groups: &[&str]) -> Value<Set<String>> {
    Value::Known(groups.iter().map(|group| format!("allow \"{group}\" on the account")).collect())
}

fn unknown() -> Diagnostic {
    Diagnostic::error("Unknown", "It could not be read.")
}

#[test]
fn a_plan_foresees_the_rights_and_the_fingerprints() {
    let planned = binding(&["A", "B"]);
    let open = BindingFields { fingerprints: Value::Unknown, grants: Value::Unknown, ..planned.clone() };
    let (new, found) = decide(&facts(None, &open));
    assert_eq!((new.owned(), new.grants), (planned.owned(), grants(&["A", "B"])));
    assert!(found.is_empty(), "{found:?}");
    // Without a list of the permission groups the apply finds the fingerprints.
    let mut unlisted = facts(None, &open);
    unlisted.catalog = Some(Err(unknown()));
    let (new, found) = decide(&unlisted);
    assert!(new.fingerprints.is_unknown());
    assert_eq!(found.0, [unknown()]);
}

#[test]
fn planned_policies_are_checked_and_keep_their_spelling_where_nothing_changes() {
    let prior = BindingFields { grants: grants(&["A"]), ..binding(&["A"]) };
    let planned = |groups: &[&str]| BindingFields { policies: policies(groups), ..prior.clone() };
    let wrong = planned(&["A", "no such group"]);
    assert!(decide(&facts(Some(&prior), &wrong)).1.has_error());
    let by_id = planned(&[&"a".repeat(32)]);
    let (same, found) = decide(&facts(Some(&prior), &by_id));
    assert!(same.policies == prior.policies && same.grants == prior.grants && found.is_empty());
}

#[test]
fn guardrails_are_checked_even_if_the_policies_stay() {
    let prior = binding(&["A"]);
    let change = || Change { prior: Some(&prior), planned: &prior, name: None };
    assert!(!Facts::new(change(), Arc::default()).needs_catalog());
    for (forbidden, is_refused) in [("A", true), ("B", false)] {
        let mut facts = Facts::new(change(), forbidding(forbidden));
        assert!(facts.needs_catalog());
        (facts.owner, facts.catalog) = (Some(owner()), Some(Ok(Arc::new(catalog()))));
        let found = decide(&facts).1;
        assert_eq!(found.has_error(), is_refused, "{forbidden}: {found:?}");
    }
}

#[test]
fn only_a_plan_that_changes_something_needs_a_way_to_the_api() {
    let (prior, other) = (binding(&["A"]), binding(&["B"]));
    let found = |prior: Option<&BindingFields>, planned: &BindingFields| {
        let mut facts = facts(prior, planned);
        facts.unreachable = Some(unknown());
        decide(&facts).1.0
    };
    assert_eq!(found(Some(&prior), &prior), []);
    assert_eq!(found(Some(&prior), &other), [unknown()]);
    assert_eq!(found(None, &prior), [unknown()]);
}

#[test]
fn a_binding_that_moves_takes_the_name_of_the_other_token() {
    let prior = BindingFields { token_name: "ci".to_owned().into(), ..binding(&["A"]) };
    let moved = BindingFields { token_id: OTHER.to_owned().into(), ..prior.clone() };
    let facts = facts(Some(&prior), &moved);
    assert_eq!(facts.needs_token(), Some(OTHER));
    assert!(decide(&facts).0.token_name.is_unknown());
}

#[test]
fn a_token_or_a_credential_that_cannot_be_read_is_an_error() {
    let planned = binding(&["A"]);
    let found = |set: &dyn Fn(&mut Facts<'_>)| {
        let mut facts = facts(None, &planned);
        set(&mut facts);
        decide(&facts).1.0
    };
    assert_eq!(found(&|facts| facts.own_token = Some(Err(unknown()))), [unknown()]);
    assert_eq!(found(&|facts| facts.token = Some(Err(unknown()))), [unknown()]);
    let missing = wording::bound_to_missing(TOKEN, &owner()).at(path!(BindingFields.token_id));
    assert_eq!(found(&|facts| facts.token = Some(Ok(None))), [missing]);
}

/// The token as it is after a write that was to give it these policies.
fn with(groups: &[&str]) -> Arc<Token> {
    let mut token = Token::clone(&token("active"));
    let wire = |policy: &Policy| {
        let wire = policy.to_wire(&owner());
        let groups: Vec<_> = wire.permission_groups.iter().map(|id| json!({ "id": id })).collect();
        json!({ "effect": "allow", "permission_groups": groups, "resources": wire.resources })
    };
    token.policies =
        resolved(groups).iter().map(|policy| serde_json::from_value(wire(policy)).unwrap()).collect();
    Arc::new(token)
}

#[test]
fn what_the_api_did_not_take_is_in_the_state_as_it_is() {
    let write = |prior| Write {
        prior,
        planned: BindingFields { grants: grants(&["A", "B"]), ..binding(&["A", "B"]) },
        add: resolved(&["A", "B"]),
        wrote_others: false,
    };
    let after = |prior: Option<BindingFields>, there: &[&str]| {
        let outcome = Outcome { token: Some(with(there)), ..Outcome::default() };
        write(prior).after(Ok(outcome), true, &owner(), Some(&catalog()))
    };
    for prior in [None, Some(binding(&["B"]))] {
        let state = after(prior, &["A"]).unwrap();
        assert_eq!((&state.policies, &state.grants), (&policies(&["A"]), &grants(&["A"])));
        assert_eq!(state.owned(), fingerprints(&resolved(&["A"])));
    }
    assert!(after(None, &[]).is_none(), "it was not made");
    assert!(after(Some(binding(&["B"])), &[]).is_some_and(|state| state.owned().is_empty()));
}

#[test]
fn an_import_names_the_owner_a_token_and_the_policies() {
    const ACCOUNT: &str = "0123456789abcdef0123456789abcdef";
    let of_account = Value::Known(ACCOUNT.to_owned());
    let read = |id: ResourceId, provider: &Value<String>| import::read::<Account>(&id, provider);
    let of_id = |id: &str| read(ResourceId::Id(id.to_owned()), &Value::Null);
    let of_identity = |token: Raw, wanted: Raw, provider: &Value<String>| {
        let identity = BTreeMap::from([("token_id".to_owned(), token), ("fingerprints".to_owned(), wanted)]);
        read(ResourceId::Identity(Raw::Map(identity)), provider)
    };
    let list = |wanted: &[&str]| Raw::List(wanted.iter().map(|text| Raw::string(*text)).collect());
    let both = ["abcdef012345", "123456789abc"];
    for named in [
        of_id(&format!("{ACCOUNT}/{TOKEN}/abcdef012345,123456789abc")),
        of_identity(Raw::string(TOKEN), list(&both), &of_account),
    ] {
        let (named, binding, wanted) = named.unwrap();
        assert_eq!((named.owner(), binding.token_id()), (Value::Known(owner()), TOKEN));
        assert_eq!(
            (binding.id.as_str(), &wanted[..]),
            (Some("binding-abcdef012345-123456789abc"), &both.map(str::to_owned)[..])
        );
    }
    for wrong in [
        TOKEN.to_owned(),
        format!("{ACCOUNT}/{TOKEN}"),
        format!("{ACCOUNT}/{TOKEN}/"),
        format!("{ACCOUNT}/{TOKEN}/abcdef012345,x"),
        format!("{ACCOUNT}/no-token/abcdef012345"),
    ] {
        assert!(of_id(&wrong).is_err(), "{wrong}");
    }
    assert!(of_identity(Raw::string(TOKEN), list(&both), &Value::Null).is_err(), "nothing says whose it is");
    assert!(of_identity(Raw::string(TOKEN), list(&[]), &of_account).is_err());
}
