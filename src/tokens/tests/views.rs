//! What others are shown of a token's policies, and the words of an error.

use super::*;
use crate::tokens::op::{Cause, OpError};
use crate::tokens::view::TokenPolicies;

#[test]
fn the_inert_policy_is_hidden_where_it_stands_alone() {
    let inert = || view::write(&inert(), &owner());
    let shown =
        |policies| TokenPolicies::of(&token(policies), &owner()).policies.into_keys().collect::<Vec<_>>();
    assert_eq!(shown(vec![inert()]), []);
    assert_eq!(shown(vec![view::write(&policy(1), &owner())]), [fingerprint(1)]);
    assert_eq!(shown(vec![inert(), view::write(&policy(1), &owner())]).len(), 2);
}

#[test]
fn a_fingerprint_of_the_first_version_is_todays() {
    let former = view::former(&nested(), &owner()).unwrap();
    let seen = TokenPolicies::of(&token(vec![nested()]), &owner());
    assert_eq!(seen.today(&BTreeSet::from([former, fingerprint(2)])), set(&[1, 2]));
}

#[test]
fn the_names_of_groups_are_as_the_api_says() {
    let mut wire = view::write(&policy(1), &owner());
    wire.permission_groups[0].name = Some("DNS Write".into());
    let id = wire.permission_groups[0].id.parse().unwrap();
    let seen = TokenPolicies::of(&token(vec![wire]), &owner());
    assert_eq!(seen.names.get(&id).map(String::as_str), Some("DNS Write"));
}

#[test]
fn an_error_says_whether_the_change_may_have_been_made_and_what_is_kept() {
    let text = |cause, may_have_effect| OpError { cause, may_have_effect }.to_string();
    assert_eq!(text(Cause::Gone, false), "the token does not exist");
    let doubtful = text(Cause::Gone, true);
    assert!(doubtful.contains("not known whether") && doubtful.ends_with("the token does not exist"));
    let kept = |policies| text(Cause::Kept { policies }, false);
    assert!(kept(BTreeSet::new()).contains("the token still exists"));
    assert!(kept(set(&[1, 2])).contains("keeps 2 of the policies"));
}
