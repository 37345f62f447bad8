//! Many bindings of one token in one run.

use std::time::Duration;

use super::*;

#[test]
fn forty_bindings_in_one_apply_are_few_requests_and_none_is_lost() {
    // As long as an answer takes at least from somewhere else: what comes meanwhile is gathered.
    let stage = Stage::alone(Options { latency: Duration::from_millis(30), ..Options::default() });
    let groups: Vec<String> = account_groups().into_iter().take(40).collect();
    let config = |groups: &[String]| {
        format!(
            r#"{TOKEN}
            resource "cloudflare_token_binding" "b" {{
              for_each = toset({groups:?})
              token_id = cloudflare_account_api_token.t.id
              policies = [{{ permission_groups = [each.key] }}]
            }}
            "#
        )
    };
    stage.config(&config(&groups)).tf.apply().success();
    let id = stage.text(T, "id");
    let spent = requests_to(&stage.sim, &id);
    let each: Vec<[&str; 1]> = groups.iter().map(|group| [group.as_str()]).collect();
    let each: Vec<&[&str]> = each.iter().map(|group| &group[..]).collect();
    has_exactly(&stage.sim, &id, &each);
    assert!(spent <= 20, "{spent} requests for 40 bindings");

    stage.sim.reset_requests();
    stage.settled();
    let refreshed = stage.sim.requests().len();
    assert!(refreshed <= 6, "{refreshed} requests to refresh them");

    // One goes, the others stay.
    stage.apply(&config(&groups[1..]));
    assert_eq!(granted(&stage.sim, &id).len(), 39);

    stage.sim.reset_requests();
    stage.tf.destroy().success();
    let destroyed = requests_to(&stage.sim, &id);
    assert!(stage.sim.tokens().is_empty());
    assert_eq!(stage.tf.state()["resources"], json!([]));
    assert!(destroyed <= 20, "{destroyed} requests to destroy them");
    eprintln!("40 bindings: {spent} requests to apply, {refreshed} to refresh, {destroyed} to destroy");
}
