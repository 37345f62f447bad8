//! The home directory is not writable. Everything that was created can still be destroyed.

use super::{binding, foreign_token, groups};
use crate::support::stage::{Stage, token};

fn without_a_home(stage: &mut Stage) {
    // HOME is a file, so even root cannot create a directory in it.
    stage.tf.write("not-a-directory", "");
    let home = stage.tf.path().join("not-a-directory");
    stage.tf.env("HOME", home);
}

#[test]
fn without_a_writable_home_a_token_is_made_changed_and_destroyed() {
    let mut stage = Stage::new();
    without_a_home(&mut stage);
    stage.apply(&token("name = \"one\""));
    stage.apply(&token("name = \"two\""));
    stage.tf.destroy().success();
    assert!(stage.sim.tokens().is_empty());
}

#[test]
fn without_a_writable_home_a_binding_is_made_and_removed() {
    let (mut stage, id) = foreign_token();
    without_a_home(&mut stage);
    stage.apply(&binding("b", &id, &["D1 Read"]));
    stage.tf.destroy().success();
    assert_eq!(groups(&stage.sim, &id), ["Workers Scripts Read"]);
}
