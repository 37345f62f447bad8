//! Refusals after an effect, and removals that the API does not make.

use std::time::Duration;

use super::{binding, foreign_token, groups};
use crate::simulator::{Effect, Fault, FaultKind, Sticky};

const REFUSED: FaultKind =
    FaultKind::Api(403, 9109, "Unauthorized to access requested resource", Effect::None);

#[test]
fn a_right_that_lands_after_a_later_refusal_is_taken_away_in_the_end() {
    let (stage, id) = foreign_token();
    let late = Effect::Later(Duration::from_secs(6));
    stage.sim.fault(Fault::new(FaultKind::Reset(late)).method("PUT"));
    stage.sim.fault(Fault::new(REFUSED).method("PUT").always());
    stage.config(&binding("b", &id, &["D1 Read"])).tf.apply().failure("9109");
    super::wait_until("the late write lands", || groups(&stage.sim, &id).contains(&"D1 Read".to_owned()));
    stage.sim.clear_faults();
    stage.tf.destroy().success();
    assert_eq!(groups(&stage.sim, &id), ["Workers Scripts Read"]);
}

#[test]
fn a_binding_that_the_api_does_not_remove_keeps_its_state() {
    for lies in [false, true] {
        let (stage, id) = foreign_token();
        stage.apply(&binding("b", &id, &["D1 Read"]));
        let sticky = FaultKind::Sticky(Sticky { group: None, lies });
        stage.sim.fault(Fault::new(sticky).method("PUT").always());
        let failed = stage.tf.destroy();
        assert_ne!(failed.code, Some(0), "lies: {lies}: {failed:?}");
        assert!(groups(&stage.sim, &id).contains(&"D1 Read".to_owned()));
        assert_eq!(stage.text("cloudflare_token_binding.b", "token_id"), id);
        stage.sim.clear_faults();
        stage.tf.destroy().success();
        assert_eq!(groups(&stage.sim, &id), ["Workers Scripts Read"]);
    }
}
