//! What is planned: which facts a plan needs, what it warns of, and what it refuses.

use super::*;
use crate::path;
use crate::provider::guardrails::GuardrailsBlock;
use crate::provider::wording;
use crate::tf_provider::framework::Diagnostic;

/// The facts of a plan, before the API was asked.
struct Case {
    prior: Option<TokenFields>,
    config: TokenFields,
    private: Private,
    guardrails: Guardrails,
    replaced: bool,
}

impl Case {
    fn new(prior: &TokenFields, config: &TokenFields) -> Self {
        let (prior, config) = (Some(prior.clone()), config.clone());
        Self { prior, config, private: private(&["A"]), guardrails: Guardrails::default(), replaced: false }
    }

    fn with<T>(&self, unreachable: Option<Diagnostic>, then: impl FnOnce(plan::Facts<'_>) -> T) -> T {
        let planned = self.config.clone();
        let change = Change {
            config: &self.config,
            prior: self.prior.as_ref(),
            planned: &planned,
            private: &self.private,
            replaced: self.replaced,
        };
        then(plan::Facts::new(now(), change, Arc::new(self.guardrails.clone()), Some(owner()), unreachable))
    }

    /// Whether it needs the permission groups, the own token, and to read the token.
    fn needs(&self) -> (bool, bool, bool) {
        self.with(None, |facts| {
            (facts.needs_catalog(), facts.needs_own_token(), facts.needs_token().is_some())
        })
    }

    /// The plan; `own` is the token that the provider authenticates with, and `there` what the token has.
    fn decided(&self, own: &str, there: &[&str]) -> plan::Decision {
        self.with(None, |mut facts| {
            facts.catalog = facts.needs_catalog().then(|| Ok(Arc::new(catalog())));
            facts.own_token = facts.needs_own_token().then(|| Ok(Some(own.to_owned())));
            facts.token = facts.needs_token().map(|_| Ok(Some(Arc::new(token(there)))));
            plan::decide(&facts)
        })
    }

    fn found(&self) -> Diagnostics {
        self.decided("another", &["A"]).found
    }
}

fn forbidding(group: &str) -> Guardrails {
    let forbidden = Value::Known(Set::from_iter([group.to_owned()]));
    let block = GuardrailsBlock { forbidden_permission_groups: forbidden, ..GuardrailsBlock::null() };
    Guardrails::from(&Value::Known(block))
}

fn renamed(token: &TokenFields) -> TokenFields {
    TokenFields { name: "new".to_owned().into(), ..token.clone() }
}

#[test]
fn only_what_a_plan_depends_on_is_asked_for() {
    let (exclusive, additive) = (state(&["A"], true), state(&["A"], false));
    assert_eq!(Case::new(&exclusive, &renamed(&exclusive)).needs(), (false, false, false));
    assert_eq!(Case::new(&exclusive, &state(&["B"], true)).needs(), (true, false, false));
    assert_eq!(Case::new(&additive, &exclusive).needs(), (true, false, true));
    assert_eq!(Case::new(&exclusive, &additive).needs(), (false, false, false));
    assert_eq!(Case { replaced: true, ..Case::new(&additive, &exclusive) }.needs(), (false, true, false));
    let guarded = |config: &TokenFields| Case { guardrails: forbidding("B"), ..Case::new(config, config) };
    assert!(guarded(&exclusive).needs().0);
    let none = TokenFields { policies: Value::Null, ..state(&[], false) };
    assert!(!guarded(&none).needs().0);
    assert_eq!(Case { prior: None, ..Case::new(&exclusive, &exclusive) }.needs(), (true, false, false));
}

#[test]
fn the_own_token_is_not_replaced_rolled_or_disabled() {
    let prior = state(&["A"], true);
    let with_status = |status: &str| TokenFields { status: status.to_owned().into(), ..prior.clone() };
    let refused = |case: &Case, own: &str| case.decided(own, &["A"]).found.has_error();
    for case in [
        Case { replaced: true, ..Case::new(&prior, &prior) },
        Case::new(&prior, &triggered(&prior)),
        Case::new(&prior, &with_status("disabled")),
    ] {
        assert!(refused(&case, ID) && !refused(&case, "another"));
    }
    for case in [
        Case::new(&prior, &prior),
        Case::new(&with_status("disabled"), &with_status("disabled")),
        Case::new(&with_status("disabled"), &prior),
    ] {
        assert!(!refused(&case, ID));
    }
    // A rotation with an overlap makes a new token: the old one goes on working.
    let rotation = RotationBlock {
        overlap: "1h".to_owned().into(),
        ..triggered(&prior).rotation.known().unwrap().clone()
    };
    assert!(!refused(&Case::new(&prior, &TokenFields { rotation: rotation.into(), ..prior.clone() }), ID));
}

#[test]
fn what_the_configuration_leaves_out_follows_from_the_rest() {
    let open = |policies: Value<Set<PolicyBlock>>| {
        let prior = state(&["A"], true);
        let config = TokenFields { policies, exclusive_policies: Value::Null, ..prior.clone() };
        Case::new(&prior, &config).decided("another", &["A"]).planned.exclusive_policies
    };
    assert_eq!(open(policies(&["A"])), Value::Known(true));
    assert_eq!(open(Value::Null), Value::Known(false));
    assert!(open(Value::Unknown).is_unknown());
    let said = Case::new(&state(&["A"], false), &state(&["A"], false)).decided("another", &["A"]);
    assert_eq!(said.planned.exclusive_policies, Value::Known(false));

    let status = |before: &str, config: Option<&str>| {
        let prior = TokenFields { status: before.to_owned().into(), ..state(&["A"], true) };
        let config = TokenFields { status: config.map(str::to_owned).into(), ..state(&["A"], true) };
        Case::new(&prior, &config).decided("another", &["A"]).planned.status
    };
    assert_eq!(status("disabled", None).as_str(), Some("active"));
    assert_eq!(status("active", None).as_str(), Some("active"));
    assert_eq!(status("a new word", None).as_str(), Some("a new word"));
    assert_eq!(status("active", Some("disabled")).as_str(), Some("disabled"));
    assert_eq!(status("expired", None).as_str(), Some("active"), "of the token that replaces it");
    assert_eq!(status("expired", Some("disabled")).as_str(), Some("disabled"));
}

#[test]
fn only_a_plan_that_changes_something_needs_a_way_to_the_api() {
    let prior = state(&["A"], true);
    let found = |case: Case| {
        let unreachable = Diagnostic::error("No way", "There is no credential.");
        case.with(Some(unreachable), |facts| plan::decide(&facts)).found.has_error()
    };
    assert!(!found(Case::new(&prior, &prior)));
    assert!(found(Case::new(&prior, &renamed(&prior))));
    assert!(found(Case { replaced: true, ..Case::new(&prior, &prior) }));
    assert!(found(Case { prior: None, ..Case::new(&prior, &prior) }));
}

#[test]
fn a_plan_that_takes_over_the_policies_of_others_says_so() {
    let case = Case::new(&state(&["A"], false), &state(&["A"], true));
    assert!(case.decided("another", &["A"]).found.is_empty());
    let warned = case.decided("another", &["A", "B"]).found;
    assert!(warned.0.len() == 1 && !warned.has_error(), "{warned:?}");
}

#[test]
fn facts_that_could_not_be_had_are_errors_where_they_matter() {
    let unknown = || Diagnostic::error("Unknown", "It could not be read.");
    let count = |case: &Case, set: &dyn Fn(&mut plan::Facts<'_>)| {
        case.with(None, |mut facts| {
            set(&mut facts);
            plan::decide(&facts).found.0.len()
        })
    };
    let prior = state(&["A"], true);
    assert_eq!(
        count(&Case::new(&prior, &state(&["B"], true)), &|facts| facts.catalog = Some(Err(unknown()))),
        1
    );
    let rolls = Case::new(&prior, &triggered(&prior));
    let before = count(&rolls, &|_| ());
    assert_eq!(count(&rolls, &|facts| facts.own_token = Some(Err(unknown()))), before + 1);
    assert_eq!(count(&Case::new(&prior, &prior), &|facts| facts.own_token = Some(Err(unknown()))), 0);
    let exclusive = Case::new(&state(&["A"], false), &prior);
    let unread = |facts: &mut plan::Facts<'_>| {
        facts.catalog = Some(Ok(Arc::new(catalog())));
        facts.token = Some(Err(unknown()));
    };
    assert_eq!(count(&exclusive, &unread), 1);
}

#[test]
fn guardrails_hold_for_groups_lives_and_addresses() {
    let prior = state(&["A"], true);
    let found = |guardrails: &Guardrails, prior: &TokenFields, config: &TokenFields| {
        Case { guardrails: guardrails.clone(), ..Case::new(prior, config) }.found().has_error()
    };
    assert!(found(&forbidding("A"), &prior, &prior) && !found(&forbidding("B"), &prior, &prior));

    let rule = |max_lifetime: Option<&str>, require_ip_condition: bool| {
        let (max_lifetime, addresses) = (max_lifetime.map(str::to_owned).into(), require_ip_condition.into());
        let block =
            GuardrailsBlock { max_lifetime, require_ip_condition: addresses, ..GuardrailsBlock::null() };
        Guardrails::from(&Value::Known(block))
    };
    assert!(found(&rule(None, true), &prior, &prior) && !found(&rule(None, false), &prior, &prior));
    let until = |end: &str| TokenFields { expires_on: end.to_owned().into(), ..prior.clone() };
    let month = rule(Some("30d"), false);
    let (soon, late) = (until("2026-12-20T00:00:00Z"), until("2027-06-01T00:00:00Z"));
    assert!(!found(&month, &prior, &soon) && found(&month, &prior, &late));
    assert!(!found(&month, &late, &late), "it had that end before");
    assert!(found(&month, &prior, &prior), "it has no end");
    let within = |life: &str| TokenFields { expires_in: life.to_owned().into(), ..prior.clone() };
    assert!(!found(&month, &prior, &within("29d")) && found(&month, &prior, &within("40d")));
}

#[test]
fn an_import_says_what_happens_to_policies_that_are_not_configured() {
    let prior = state(&["A"], false);
    let config = |exclusive: Value<bool>| TokenFields {
        policies: Value::Null,
        exclusive_policies: exclusive,
        ..prior.clone()
    };
    let count = |prior: &TokenFields, config: &TokenFields, imported: bool| {
        let private = Private { imported, ..private(&["A"]) };
        let found = Case { private, ..Case::new(prior, config) }.found();
        (found.has_error(), found.0.len())
    };
    assert_eq!(count(&prior, &config(Value::Null), true).1, 1);
    assert_eq!(count(&prior, &config(Value::Known(false)), true).1, 1);
    assert_ne!(count(&prior, &config(Value::Null), true), count(&prior, &config(Value::Known(false)), true));
    assert_eq!(count(&prior, &config(Value::Null), false).1, 0);
    assert_eq!(count(&prior, &prior, true).1, 0);
    let bare = TokenFields { policies: Value::Null, ..prior.clone() };
    assert_eq!(count(&bare, &config(Value::Null), true).1, 0);
    assert_eq!(count(&prior, &config(Value::Known(true)), true).1, 0);
}

#[test]
fn a_token_that_has_ended_is_replaced_where_the_new_one_can_live() {
    let past = "2026-11-01T00:00:00Z";
    let decided = |status: &str, before: Option<&str>, end: Option<&str>| {
        let token = |status: Value<String>, end: Option<&str>| TokenFields {
            status,
            expires_on: end.map(str::to_owned).into(),
            ..state(&["A"], true)
        };
        let (prior, config) = (token(status.to_owned().into(), before), token(Value::Null, end));
        let decision = Case::new(&prior, &config).decided("another", &["A"]);
        (!decision.replace.is_empty(), decision.planned.status.as_str().unwrap_or_default().to_owned())
    };
    let (replaced, stays) = ((true, "active".to_owned()), (false, "expired".to_owned()));
    assert_eq!(decided("expired", Some(past), Some("2099-01-01T00:00:00Z")), replaced);
    assert_eq!(decided("expired", Some(past), None), replaced);
    assert_eq!(decided("expired", Some(past), Some(past)), stays);
    assert_eq!(decided("expired", Some(past), Some("2026-10-01T00:00:00Z")), stays);
    assert_eq!(decided("revoked (exposed)", Some(past), Some(past)), replaced);
}

#[test]
fn a_token_that_has_ended_and_stays_keeps_its_status_and_a_warning_says_why() {
    let past = "2026-11-01T00:00:00Z";
    let with_status = |status: &str| TokenFields {
        status: status.to_owned().into(),
        expires_on: past.to_owned().into(),
        ..state(&["A"], true)
    };
    // The configuration asks for what the API can no longer give.
    let case = Case::new(&with_status("expired"), &with_status("active"));
    let stays = |case: &Case, warning: Diagnostic| {
        let decision = case.decided("another", &["A"]);
        assert_eq!(decision.planned.status.as_str(), Some("expired"));
        assert_eq!((decision.found.0, decision.replace), (vec![warning], vec![]));
    };
    stays(&case, wording::expired(Some(past)).at(path!(TokenFields.expires_on)));
    let imported = Private { imported_ended: true, ..private(&["A"]) };
    let imported = Case { private: imported, ..case };
    stays(&imported, wording::imported_ended("expired").at(path!(TokenFields.status)));
}

#[test]
fn planned_policies_are_checked_and_keep_their_spelling_where_nothing_changes() {
    let prior = state(&["A"], true);
    let wrong = Case::new(&prior, &state(&["A", "no such group"], true)).found();
    assert!(wrong.has_error() && wrong.0.len() == 1, "{wrong:?}");
    let by_id = Case::new(&prior, &state(&[&"a".repeat(32)], true)).decided("another", &["A"]);
    assert!(by_id.planned == prior && by_id.found.is_empty());
}
