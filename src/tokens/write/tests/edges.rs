//! Changes: what is kept in mind from one event to the next, and where it ends.

use super::change::{replies, start, with_floor};
use super::*;

fn second(second: u32) -> i64 {
    token(second, &[]).modified_on.unwrap().unix_timestamp()
}

#[test]
fn a_batch_without_changes_reads_nothing() {
    let (mut run, action) = start(Vec::new());
    run.is_done(&action);
    assert!(replies(run).is_empty());
}

#[test]
fn a_write_records_its_claims_and_the_versions_between_which_it_was() {
    let (mut run, action) = start(vec![edit("a", &[], &[2]), edit("b", &[], &[3])]);
    let action = run.reads(action, Some(&token(4, &[1])));
    let action = run.puts(action, Ok(token(7, &[1, 2, 3])));
    let action = run.reads(action, Some(&token(7, &[1, 2, 3])));
    run.is_done(&action);
    assert!(run.machine.own.unwrap().are_all(second(4), second(7)));
    assert!(run.machine.claims.has(&fingerprint(2), "a") && run.machine.claims.has(&fingerprint(3), "b"));
    assert!(!run.machine.claims.has(&fingerprint(2), "b"));
}

#[test]
fn a_lost_write_that_shows_counts_but_another_may_have_made_the_version() {
    let (mut run, action) = start(vec![edit("a", &[], &[2])]);
    let action = run.reads(action, Some(&token(4, &[1])));
    let action = run.puts(action, Err(no_answer()));
    let action = run.reads(action, Some(&token(7, &[1, 2])));
    run.is_done(&action);
    assert!(run.machine.own.is_none());
    assert!(run.machine.claims.has(&fingerprint(2), "a"));
    // It was there after the own write: nobody else had it.
    assert!(replies(run)[0].as_ref().unwrap().adopted.is_empty());
}

#[test]
fn a_policy_that_an_own_write_has_made_is_not_adopted_by_the_next_one() {
    let (mut run, action) = start(vec![edit("a", &[1], &[2])]);
    let action = run.reads(action, Some(&token(0, &[1])));
    let action = run.puts(action, Ok(token(1, &[2])));
    let action = run.reads(action, Some(&token(2, &[1, 2])));
    let action = run.reads(action, Some(&token(2, &[1, 2])));
    let action = run.puts(action, Ok(token(3, &[2])));
    let action = run.reads(action, Some(&token(3, &[2])));
    run.is_done(&action);
    assert!(replies(run)[0].as_ref().unwrap().adopted.is_empty());
}

#[test]
fn a_read_back_that_is_older_than_the_answer_is_made_again() {
    let (mut run, action) = start(vec![edit("a", &[], &[2])]);
    let action = run.reads(action, Some(&token(0, &[1])));
    let action = run.puts(action, Ok(token(2, &[1, 2])));
    let action = run.reads(action, Some(&token(1, &[1])));
    assert!(matches!(action, Action::Wait { random: false, .. }), "{action:?}");
    let action = run.reads(action, Some(&token(2, &[1, 2])));
    run.is_done(&action);
}

#[test]
fn a_read_that_was_believed_makes_older_ones_unbelieved() {
    let (mut run, action) = start(vec![edit("a", &[], &[2])]);
    let action = run.reads(action, Some(&token(5, &[1])));
    let action = run.puts(action, Err(api(404, 1003)));
    let action = run.reads(action, Some(&token(4, &[1, 9])));
    assert!(matches!(action, Action::Wait { .. }), "{action:?}");
    let action = run.reads(action, Some(&token(5, &[1])));
    let Action::Put(update) = &action else { panic!("{action:?}") };
    assert_eq!(numbers(update), [1, 2]);
}

#[test]
fn a_read_of_the_same_second_counts_where_it_shows_the_write() {
    let (mut run, action) = start(vec![edit("a", &[], &[2])]);
    let action = run.reads(action, Some(&token(0, &[1])));
    let action = run.puts(action, Ok(token(1, &[1, 2])));
    // Somebody else has added a policy in that second.
    let both = token(1, &[1, 2, 9]);
    let action = run.reads(action, Some(&both));
    run.is_done(&action);
    assert!(run.machine.belief.floor().unwrap().allows(&both, &owner(), run.now().date));
    assert!(replies(run)[0].is_ok());
}

#[test]
fn a_read_of_the_same_second_does_not_count_against_the_write() {
    let (mut run, action) = start(vec![edit("a", &[], &[2])]);
    let action = run.reads(action, Some(&token(1, &[1])));
    let action = run.puts(action, Ok(token(1, &[1, 2])));
    let action = run.reads(action, Some(&token(1, &[1])));
    // It is read again: another write would wait for a random time first.
    assert!(matches!(action, Action::Wait { random: false, .. }), "{action:?}");
    let action = run.reads(action, Some(&token(1, &[1, 2])));
    run.is_done(&action);
}

#[test]
fn a_stop_ends_the_wait_for_a_newer_read() {
    let mut run = Run::new(with_floor(vec![edit("a", &[], &[2])], &token(9, &[5])));
    let action = run.next(Event::Start);
    let action = run.waited(action);
    assert!(matches!(action, Action::Read));
    run.stopped = true;
    let action = run.next(Event::Read(Ok(Some(token(8, &[1, 5])))));
    run.is_done(&action);
    assert!(matches!(error(&replies(run)[0]), (Cause::Stopped, false)));
}

#[test]
fn a_refusal_that_nobody_could_check_is_in_doubt() {
    let (mut run, action) = start(vec![edit("a", &[], &[2])]);
    let action = run.reads(action, Some(&token(0, &[1])));
    let action = run.puts(action, Err(api(403, 9109)));
    let action = run.waited(action);
    assert!(matches!(action, Action::Read));
    let action = run.next(Event::Read(Err(api(500, 77))));
    run.is_done(&action);
    let replies = replies(run);
    let (cause, may_have_effect) = error(&replies[0]);
    assert!(matches!(cause, Cause::Api(Error::Api { status: 403, .. })), "{cause:?}");
    assert!(may_have_effect);
}

/// How often a change is written whose writes are all answered so.
fn puts_until_it_ends(answer: impl Fn() -> Error) -> (u32, Run<ChangeWrite>) {
    let (mut run, mut action) = start(vec![edit("a", &[], &[2])]);
    let mut puts = 0;
    loop {
        action = match run.waited(action) {
            Action::Read => run.next(Event::Read(Ok(Some(token(0, &[1]))))),
            Action::Put(_) => {
                puts += 1;
                assert!(puts < 100, "it does not end");
                run.next(Event::Put(Err(answer())))
            }
            Action::Done => return (puts, run),
            other => panic!("{other:?}"),
        };
    }
}

#[test]
fn a_write_that_is_always_too_late_and_one_that_finds_no_token_end() {
    let (puts, run) = puts_until_it_ends(|| transport(TransportKind::TooLate, false));
    assert_eq!(puts, 1 + RULES.late);
    assert!(matches!(error(&replies(run)[0]), (Cause::Api(_), false)));
    let (puts, run) = puts_until_it_ends(|| api(404, 1003));
    assert_eq!(puts, 1 + RULES.attempts);
    assert!(matches!(error(&replies(run)[0]), (Cause::Api(_), false)));
}

#[test]
fn each_lost_write_is_looked_for_as_long_as_it_may_come() {
    let (puts, run) = puts_until_it_ends(no_answer);
    assert_eq!(puts, 1 + RULES.lost);
    assert!(run.at >= RULES.horizon * puts, "{:?}", run.at);
    assert!(run.machine.late_until.unwrap() >= run.at);
}

/// Answers each write so, and shows so each time it is read.
fn end_with(changes: Vec<Change>, answered: &[u8], shown: &[u8]) -> Run<ChangeWrite> {
    let (mut run, mut action) = start(changes);
    let mut puts = 0;
    loop {
        action = match run.waited(action) {
            Action::Read => run.next(Event::Read(Ok(Some(token(2 * puts + 1, shown))))),
            Action::Put(_) => {
                puts += 1;
                assert!(puts < 100, "it does not end");
                run.next(Event::Put(Ok(token(2 * puts, answered))))
            }
            Action::Done => return run,
            other => panic!("{other:?}"),
        };
    }
}

#[test]
fn each_caller_is_told_what_the_api_keeps_of_its_own() {
    let replies = replies(end_with(vec![edit("a", &[1], &[]), edit("b", &[3], &[])], &[1, 3, 5], &[1, 3, 5]));
    for (reply, kept) in replies.iter().zip([1, 3]) {
        let (cause, may_have_effect) = error(reply);
        assert!(may_have_effect);
        assert!(
            matches!(cause, Cause::Kept { policies } if *policies == [fingerprint(kept)].into()),
            "{cause:?}"
        );
    }
}

#[test]
fn an_exclusive_change_is_told_of_all_that_the_api_keeps() {
    let exclusive = PolicyChange::Exclusive(vec![policy(1)]);
    let change = Change { by: "a".into(), policies: Some(exclusive), ..Change::default() };
    let replies = replies(end_with(vec![change], &[1, 3, 5], &[1, 3, 5]));
    let (cause, _) = error(&replies[0]);
    let kept = [fingerprint(3), fingerprint(5)].into();
    assert!(matches!(cause, Cause::Kept { policies } if *policies == kept), "{cause:?}");
}

#[test]
fn a_removal_that_others_undo_is_contention_and_not_kept() {
    let run = end_with(vec![edit("a", &[1], &[]), edit("b", &[], &[3])], &[3, 5], &[1, 3, 5]);
    assert!(run.machine.claims.has(&fingerprint(3), "b"), "what holds all the same is claimed");
    let replies = replies(run);
    assert!(matches!(error(&replies[0]), (Cause::Contention { attempts: 6 }, true)));
    assert!(replies[1].is_ok());
}

#[test]
fn a_look_for_a_lost_write_waits_no_longer_than_it_may_come() {
    let (mut run, action) = start(vec![edit("a", &[], &[2])]);
    let action = run.reads(action, Some(&token(0, &[1])));
    let action = run.puts(action, Err(no_answer()));
    run.at = RULES.horizon - Duration::from_millis(100);
    let action = run.reads(action, Some(&token(0, &[1])));
    assert!(
        matches!(action, Action::Wait { at_most, .. } if at_most == Duration::from_millis(100)),
        "{action:?}"
    );
}

fn watched(changes: Vec<Change>) -> (Run<ChangeWrite>, Action) {
    let rules = Rules { window: Duration::from_secs(6), ..RULES };
    let machine = ChangeWrite::new(&owner(), changes, Claims::default(), belief(), None, rules);
    let mut run = Run::new(machine);
    let action = run.next(Event::Start);
    (run, action)
}

#[test]
fn a_removal_that_was_refused_and_took_effect_is_watched_and_stays_in_doubt() {
    let (mut run, action) = watched(vec![edit("a", &[1], &[])]);
    let action = run.reads(action, Some(&token(0, &[1, 5])));
    let action = run.puts(action, Err(api(403, 9109)));
    let action = run.reads(action, Some(&token(1, &[5])));
    assert!(matches!(action, Action::Wait { .. }), "{action:?}");
    let action = run.waited(action);
    assert!(matches!(action, Action::Read));
    let action = run.next(Event::Read(Err(api(403, 9109))));
    run.is_done(&action);
    assert!(matches!(error(&replies(run)[0]), (Cause::Api(_), true)));
}

#[test]
fn a_watch_ends_where_nobody_writes_and_is_not_begun_without_a_write() {
    let (mut run, action) = watched(vec![edit("a", &[1], &[])]);
    let action = run.reads(action, Some(&token(0, &[1, 5])));
    let action = run.puts(action, Ok(token(1, &[5])));
    let action = run.reads(action, Some(&token(1, &[5])));
    let action = run.reads(action, Some(&token(1, &[5])));
    run.is_done(&action);
    assert_eq!(run.at, Duration::from_secs(7));
    assert!(replies(run)[0].as_ref().unwrap().concerns.is_empty());
    let (mut run, action) = watched(vec![edit("a", &[1], &[])]);
    let action = run.reads(action, Some(&token(0, &[5])));
    run.is_done(&action);
}

#[test]
fn a_batch_that_is_refused_for_its_credential_is_not_halved() {
    let (mut run, action) = start(vec![edit("a", &[], &[2]), edit("b", &[], &[3])]);
    let action = run.reads(action, Some(&token(0, &[1])));
    let action = run.puts(action, Err(api(403, 9109)));
    let action = run.reads(action, Some(&token(0, &[1])));
    run.is_done(&action);
    assert!(replies(run).iter().all(|reply| matches!(error(reply), (Cause::Api(_), false))));
}

#[test]
fn halves_of_halves_adopt_nothing_that_a_write_of_the_whole_may_have_made() {
    let changes = ["a", "b", "c", "d"].iter().zip(2..).map(|(by, n)| edit(by, &[], &[n])).collect();
    let (mut run, action) = start(changes);
    let action = run.reads(action, Some(&token(0, &[1])));
    let mut action = run.puts(action, Err(no_answer()));
    while run.at < RULES.horizon {
        action = run.reads(action, Some(&token(0, &[1])));
        action = run.waited(action);
    }
    // The lost write has landed after all, and somebody has taken most of it away again.
    let shown = token(1, &[1, 5]);
    action = run.reads(action, Some(&token(0, &[1])));
    while !matches!(action, Action::Done) {
        action = match run.waited(action) {
            Action::Read => run.next(Event::Read(Ok(Some(shown.clone())))),
            Action::Put(_) => run.next(Event::Put(Err(api(400, 1001)))),
            other => panic!("{other:?}"),
        };
    }
    let replies = replies(run);
    assert!(replies[..3].iter().all(|reply| matches!(error(reply), (Cause::Api(_), true))));
    assert!(replies[3].as_ref().unwrap().adopted.is_empty());
}

#[test]
fn a_read_that_the_stop_has_ended_is_no_fault_of_the_api() {
    let (mut run, action) = start(vec![edit("a", &[], &[2])]);
    assert!(matches!(action, Action::Read));
    let action = run.next(Event::Read(Err(stopped())));
    run.is_done(&action);
    assert!(matches!(error(&replies(run)[0]), (Cause::Stopped, false)));
}
