//! Creates with an unknown outcome.

use super::{IMPATIENT, ids};
use crate::simulator::{Effect, Fault, FaultKind};
use crate::support::stage::{Stage, token};

#[test]
fn a_create_that_is_lost_while_nothing_can_be_listed_is_sent_once() {
    for name in ["name = \"lost\"", ""] {
        let stage = Stage::new();
        stage.sim.fault(Fault::new(FaultKind::Reset(Effect::Done)).method("POST").always());
        let refused = FaultKind::Api(403, 9109, "Unauthorized to access requested resource", Effect::None);
        stage.sim.fault(Fault::new(refused).method("GET").path("/accounts/*/tokens").always());
        let config = format!("{IMPATIENT}{}", token(name));
        let failed = stage.config(&config).tf.apply().failure("Could not create the API token");
        assert_eq!(stage.sim.count("POST", "**"), 1);
        assert_eq!(ids(&stage.sim).len(), 1);
        failed.says("the list of tokens could not be read").never_says("shows no token that it made");
    }
}
