//! A write whose outcome is not known, and a configuration that goes back: the next apply writes again.

use super::{IMPATIENT, apply_in_doubt, groups};
use crate::support::stage::{Stage, TOKEN, token};

const ONE: &str = "/accounts/*/tokens/*";

#[test]
fn an_additive_token_that_goes_back_after_a_lost_answer_has_its_policies() {
    let stage = Stage::new();
    let policies = |text: &str| {
        format!("{IMPATIENT}{}", token(&format!("name = \"additive\"\nexclusive_policies = false\n{text}")))
    };
    let with = policies(r#"policies = [{ permission_groups = ["D1 Read"] }]"#);
    stage.apply(&with);
    let id = stage.text(TOKEN, "id");
    apply_in_doubt(&stage, &policies(""), ONE).failure("not known");
    assert!(!groups(&stage.sim, &id).contains(&"D1 Read".to_owned()), "the write has its effect");
    stage.apply(&with);
    assert_eq!(groups(&stage.sim, &id), ["D1 Read"]);
}
