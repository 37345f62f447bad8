//! Changes: each event in each state.

use super::*;

pub(super) fn start(changes: Vec<Change>) -> (Run<ChangeWrite>, Action) {
    let mut run = Run::new(change_write(changes));
    let action = run.next(Event::Start);
    (run, action)
}

pub(super) fn replies(mut run: Run<ChangeWrite>) -> Vec<Reply> {
    run.machine.replies()
}

/// A batch of a token whose newest version is known.
pub(super) fn with_floor(changes: Vec<Change>, newest: &Token) -> ChangeWrite {
    let floor = Floor::of(newest, &owner(), OffsetDateTime::UNIX_EPOCH);
    let belief = Belief::new(Some(floor), true, RULES.pause);
    ChangeWrite::new(&owner(), changes, Claims::default(), belief, None, RULES)
}

#[test]
fn a_change_is_read_written_once_and_read_back() {
    let (mut run, action) = start(vec![edit("a", &[], &[2])]);
    let action = run.reads(action, Some(&token(0, &[1])));
    let Action::Put(update) = &action else { panic!("{action:?}") };
    assert_eq!(numbers(update), [1, 2]);
    let action = run.puts(action, Ok(token(1, &[1, 2])));
    let action = run.reads(action, Some(&token(1, &[1, 2])));
    run.is_done(&action);
    let read = replies(run).remove(0).unwrap().token.unwrap();
    assert_eq!(read.modified_on, token(1, &[]).modified_on);
}

#[test]
fn what_the_token_shows_already_is_not_written() {
    let (mut run, action) = start(vec![edit("a", &[], &[1])]);
    let action = run.reads(action, Some(&token(0, &[1])));
    run.is_done(&action);
    assert_eq!(replies(run)[0].as_ref().unwrap().adopted, [fingerprint(1)].into());
}

#[test]
fn a_doubtful_change_is_written_although_the_token_shows_it() {
    let (mut run, action) = start(vec![Change { again: true, ..edit("a", &[1], &[1]) }]);
    let action = run.reads(action, Some(&token(0, &[1])));
    let action = run.puts(action, Ok(token(1, &[1])));
    let action = run.reads(action, Some(&token(1, &[1])));
    run.is_done(&action);
    assert!(replies(run)[0].is_ok());
}

#[test]
fn a_stop_before_the_write_sends_nothing() {
    let mut run = Run::new(change_write(vec![edit("a", &[], &[2])]));
    run.stopped = true;
    let action = run.next(Event::Start);
    run.is_done(&action);
    assert!(matches!(error(&replies(run)[0]), (Cause::Stopped, false)));
    let (mut run, action) = start(vec![edit("a", &[], &[2])]);
    run.stopped = true;
    let action = run.reads(action, Some(&token(0, &[1])));
    run.is_done(&action);
    assert!(matches!(error(&replies(run)[0]), (Cause::Stopped, false)));
}

#[test]
fn a_lost_write_that_shows_is_not_made_again() {
    let (mut run, action) = start(vec![edit("a", &[1], &[2])]);
    let action = run.reads(action, Some(&token(0, &[1])));
    let action = run.puts(action, Err(no_answer()));
    let action = run.reads(action, Some(&token(0, &[1])));
    let action = run.reads(action, Some(&token(1, &[2])));
    // It takes something away, and the lost write might come once more: so it is watched for as long.
    let action = run.reads(action, Some(&token(1, &[2])));
    run.is_done(&action);
    assert!(run.at >= RULES.horizon);
    assert!(replies(run)[0].is_ok());
}

#[test]
fn a_lost_write_that_never_shows_is_made_again_and_doubted_in_the_end() {
    let (mut run, mut action) = start(vec![edit("a", &[], &[2])]);
    let mut puts = 0;
    loop {
        action = run.waited(action);
        action = match action {
            Action::Read => run.next(Event::Read(Ok(Some(token(0, &[1]))))),
            Action::Put(_) => {
                puts += 1;
                run.next(Event::Put(Err(no_answer())))
            }
            Action::Done => break,
            other => panic!("{other:?}"),
        };
    }
    assert_eq!(puts, 1 + RULES.lost);
    assert!(matches!(error(&replies(run)[0]), (Cause::Api(_), true)));
}

#[test]
fn a_refusal_after_a_lost_write_does_not_undo_it() {
    let (mut run, action) = start(vec![edit("a", &[], &[2])]);
    let action = run.reads(action, Some(&token(0, &[1])));
    let mut action = run.puts(action, Err(no_answer()));
    while run.at < RULES.horizon {
        action = run.reads(action, Some(&token(0, &[1])));
        action = run.waited(action);
    }
    let action = run.reads(action, Some(&token(0, &[1])));
    let action = run.puts(action, Err(api(403, 9109)));
    let action = run.reads(action, Some(&token(0, &[1])));
    run.is_done(&action);
    assert!(matches!(error(&replies(run)[0]), (Cause::Api(_), true)));
}

#[test]
fn a_refusal_after_a_write_that_somebody_undid_does_not_undo_it() {
    let (mut run, action) = start(vec![edit("a", &[1], &[2])]);
    let action = run.reads(action, Some(&token(0, &[1])));
    let action = run.puts(action, Ok(token(1, &[2])));
    let action = run.reads(action, Some(&token(2, &[1, 2])));
    let action = run.reads(action, Some(&token(2, &[1, 2])));
    let action = run.puts(action, Err(api(403, 9109)));
    let action = run.reads(action, Some(&token(2, &[1, 2])));
    run.is_done(&action);
    assert!(matches!(error(&replies(run)[0]), (Cause::Api(_), true)));
}

#[test]
fn a_refusal_that_took_effect_is_seen() {
    let (mut run, action) = start(vec![edit("a", &[], &[2])]);
    let action = run.reads(action, Some(&token(0, &[1])));
    let action = run.puts(action, Err(api(403, 9109)));
    let action = run.reads(action, Some(&token(1, &[1, 2])));
    run.is_done(&action);
    assert!(replies(run)[0].is_ok());
}

#[test]
fn a_first_refusal_had_no_effect() {
    for status in [400, 403] {
        let (mut run, action) = start(vec![edit("a", &[], &[2])]);
        let action = run.reads(action, Some(&token(0, &[1])));
        let action = run.puts(action, Err(api(status, 1001)));
        let action = run.reads(action, Some(&token(0, &[1])));
        run.is_done(&action);
        assert!(matches!(error(&replies(run)[0]), (Cause::Api(_), false)));
    }
}

#[test]
fn halves_of_a_refused_batch_keep_what_a_lost_write_may_have_done() {
    let (mut run, action) = start(vec![edit("a", &[], &[2]), edit("b", &[], &[3])]);
    let action = run.reads(action, Some(&token(0, &[1])));
    let mut action = run.puts(action, Err(no_answer()));
    while run.at < RULES.horizon {
        action = run.reads(action, Some(&token(0, &[1])));
        action = run.waited(action);
    }
    let action = run.reads(action, Some(&token(0, &[1])));
    let action = run.puts(action, Err(api(400, 1001)));
    // The look after the refusal is what the first half is based on.
    let action = run.reads(action, Some(&token(0, &[1])));
    let action = run.puts(action, Ok(token(1, &[1, 2])));
    let action = run.reads(action, Some(&token(1, &[1, 2])));
    let action = run.reads(action, Some(&token(1, &[1, 2])));
    let action = run.puts(action, Err(api(400, 1001)));
    let action = run.reads(action, Some(&token(1, &[1, 2])));
    run.is_done(&action);
    let replies = replies(run);
    assert!(replies[0].is_ok());
    assert!(matches!(error(&replies[1]), (Cause::Api(_), true)), "the lost write held it too");
}

#[test]
fn an_unreadable_read_back_leaves_a_doubt() {
    let (mut run, action) = start(vec![edit("a", &[], &[2])]);
    let action = run.reads(action, Some(&token(0, &[1])));
    let action = run.puts(action, Ok(token(1, &[1, 2])));
    assert!(matches!(action, Action::Read));
    let action = run.next(Event::Read(Err(api(403, 9109))));
    run.is_done(&action);
    assert!(matches!(error(&replies(run)[0]), (Cause::Api(_), true)));
}

#[test]
fn a_passing_404_removes_nothing() {
    let (mut run, action) = start(vec![edit("a", &[1], &[])]);
    let action = run.reads(action, None);
    assert!(matches!(action, Action::Wait { .. }));
    let action = run.reads(action, Some(&token(0, &[1, 5])));
    let action = run.puts(action, Ok(token(1, &[5])));
    let action = run.reads(action, None);
    let action = run.reads(action, Some(&token(1, &[5])));
    run.is_done(&action);
    assert!(replies(run)[0].is_ok());
}

#[test]
fn a_token_that_is_gone_needs_no_removal_and_takes_no_policy() {
    let (mut run, action) = start(vec![edit("a", &[1], &[]), edit("b", &[], &[2])]);
    let action = run.reads(action, None);
    let action = run.reads(action, None);
    run.is_done(&action);
    let replies = replies(run);
    assert!(replies[0].is_ok());
    assert!(matches!(error(&replies[1]), (Cause::Gone, false)));
}

#[test]
fn an_old_read_is_not_what_a_write_is_based_on() {
    let mut run = Run::new(with_floor(vec![edit("a", &[], &[2])], &token(9, &[5])));
    let action = run.next(Event::Start);
    let action = run.reads(action, Some(&token(8, &[1, 5])));
    let action = run.reads(action, Some(&token(9, &[5])));
    let Action::Put(update) = &action else { panic!("{action:?}") };
    assert_eq!(numbers(update), [2, 5]);
}

#[test]
fn reads_that_stay_old_end_the_write() {
    let mut run = Run::new(with_floor(vec![edit("a", &[], &[2])], &token(9, &[5])));
    let mut action = run.next(Event::Start);
    while !matches!(action, Action::Done) {
        action = run.reads(action, Some(&token(8, &[1, 5])));
        action = run.waited(action);
    }
    assert!(matches!(error(&replies(run)[0]), (Cause::Outdated, false)));
}

#[test]
fn a_policy_that_the_api_keeps_is_no_removal() {
    let (mut run, mut action) = start(vec![edit("a", &[1], &[])]);
    let mut puts = 0;
    while !matches!(action, Action::Done) {
        action = match run.waited(action) {
            Action::Read => run.next(Event::Read(Ok(Some(token(puts, &[1, 5]))))),
            Action::Put(_) => {
                puts += 1;
                run.next(Event::Put(Ok(token(puts, &[1, 5]))))
            }
            other => other,
        };
    }
    let replies = replies(run);
    let (cause, may_have_effect) = error(&replies[0]);
    assert!(matches!(cause, Cause::Kept { policies } if *policies == [fingerprint(1)].into()), "{cause:?}");
    assert!(may_have_effect && puts == RULES.kept);
}

#[test]
fn a_dead_token_that_cannot_be_written_lets_go_of_everything() {
    let dead = |numbers| with_status("expired", token(0, numbers));
    let (mut run, action) = start(vec![edit("a", &[1], &[]), edit("b", &[], &[3])]);
    let action = run.reads(action, Some(&dead(&[1, 2])));
    let action = run.puts(action, Err(api(400, 1001)));
    let action = run.reads(action, Some(&dead(&[1, 2])));
    run.is_done(&action);
    // Should it come back to life, what was taken from it goes with the next write.
    assert!(run.machine.claims.is_owed(&fingerprint(1)));
    let replies = replies(run);
    assert!(replies[0].is_ok());
    assert!(matches!(error(&replies[1]), (Cause::Api(_), false)));
}

#[test]
fn a_living_token_that_cannot_be_written_keeps_its_policies() {
    let (mut run, action) = start(vec![edit("a", &[1], &[])]);
    let action = run.reads(action, Some(&token(0, &[1, 2])));
    let action = run.puts(action, Err(api(400, 1001)));
    let action = run.reads(action, Some(&token(0, &[1, 2])));
    run.is_done(&action);
    assert!(matches!(error(&replies(run)[0]), (Cause::Api(_), false)));
}

#[test]
fn a_removal_is_watched_for_the_window() {
    let rules = Rules { window: Duration::from_secs(6), ..RULES };
    let changes = vec![edit("a", &[1], &[])];
    let machine = ChangeWrite::new(&owner(), changes, Claims::default(), belief(), None, rules);
    let mut run = Run::new(machine);
    let action = run.next(Event::Start);
    let action = run.reads(action, Some(&token(0, &[1, 5])));
    let action = run.puts(action, Ok(token(1, &[5])));
    let action = run.reads(action, Some(&token(1, &[5])));
    assert!(matches!(action, Action::Wait { at_most, .. } if at_most == Duration::from_secs(7)));
    // Another host's write starts the watch anew.
    let action = run.reads(action, Some(&token(8, &[5, 6])));
    assert!(matches!(action, Action::Wait { at_most, .. } if at_most == Duration::from_secs(7)));
    // It brings the policy back: it is removed again.
    let action = run.reads(action, Some(&token(9, &[1, 5, 6])));
    let action = run.reads(action, Some(&token(9, &[1, 5, 6])));
    let Action::Put(update) = &action else { panic!("{action:?}") };
    assert_eq!(numbers(update), [5, 6]);
    let action = run.puts(action, Ok(token(10, &[5, 6])));
    run.stopped = true;
    let action = run.reads(action, Some(&token(10, &[5, 6])));
    run.is_done(&action);
    assert_eq!(replies(run)[0].as_ref().unwrap().concerns, [Concern::NotWatched]);
}

#[test]
fn an_addition_is_not_watched() {
    let rules = Rules { window: Duration::from_secs(6), ..RULES };
    let changes = vec![edit("a", &[], &[1])];
    let machine = ChangeWrite::new(&owner(), changes, Claims::default(), belief(), None, rules);
    let mut run = Run::new(machine);
    let action = run.next(Event::Start);
    let action = run.reads(action, Some(&token(0, &[5])));
    let action = run.puts(action, Ok(token(1, &[1, 5])));
    let action = run.reads(action, Some(&token(1, &[1, 5])));
    run.is_done(&action);
}

#[test]
fn a_lost_write_of_another_batch_is_waited_for_where_something_goes() {
    let changes = vec![edit("a", &[1], &[])];
    let late = Some(Duration::from_secs(3));
    let machine = ChangeWrite::new(&owner(), changes, Claims::default(), belief(), late, RULES);
    let mut run = Run::new(machine);
    let action = run.next(Event::Start);
    let action = run.reads(action, Some(&token(0, &[1, 5])));
    let action = run.puts(action, Ok(token(1, &[5])));
    let action = run.reads(action, Some(&token(1, &[5])));
    assert!(matches!(action, Action::Wait { at_most, .. } if at_most == Duration::from_secs(3)));
    let action = run.reads(action, Some(&token(2, &[1, 5])));
    let action = run.reads(action, Some(&token(2, &[1, 5])));
    let action = run.puts(action, Ok(token(3, &[5])));
    let action = run.reads(action, Some(&token(3, &[5])));
    run.is_done(&action);
    assert!(replies(run)[0].is_ok());
}

#[test]
fn contention_ends_and_what_holds_all_the_same_has_succeeded() {
    let (mut run, mut action) = start(vec![edit("a", &[], &[2]), edit("b", &[], &[3])]);
    let mut puts = 0;
    while !matches!(action, Action::Done) {
        action = match run.waited(action) {
            // Somebody takes away what `a` adds, each time.
            Action::Read => run.next(Event::Read(Ok(Some(token(2 * puts + 1, &[3, 5]))))),
            Action::Put(_) => {
                puts += 1;
                run.next(Event::Put(Ok(token(2 * puts, &[2, 3, 5]))))
            }
            other => other,
        };
    }
    assert_eq!(puts, RULES.attempts);
    let replies = replies(run);
    assert!(matches!(error(&replies[0]), (Cause::Contention { attempts: 6 }, true)));
    assert!(replies[1].is_ok());
}

#[test]
fn a_write_that_would_be_too_late_is_based_on_a_new_read() {
    let (mut run, action) = start(vec![edit("a", &[], &[2])]);
    let action = run.reads(action, Some(&token(0, &[1])));
    let action = run.puts(action, Err(transport(TransportKind::TooLate, false)));
    let action = run.reads(action, Some(&token(1, &[1, 7])));
    let Action::Put(update) = &action else { panic!("{action:?}") };
    assert_eq!(numbers(update), [1, 2, 7]);
    let action = run.puts(action, Err(stopped()));
    run.is_done(&action);
    assert!(matches!(error(&replies(run)[0]), (Cause::Stopped, false)));
}

#[test]
fn a_token_that_is_said_to_be_gone_at_the_write_is_read_again() {
    let (mut run, action) = start(vec![edit("a", &[], &[2])]);
    let action = run.reads(action, Some(&token(0, &[1])));
    let action = run.puts(action, Err(api(404, 1003)));
    let action = run.reads(action, Some(&token(0, &[1])));
    let action = run.puts(action, Ok(token(1, &[1, 2])));
    let action = run.reads(action, Some(&token(1, &[1, 2])));
    run.is_done(&action);
    assert!(replies(run)[0].is_ok());
}

#[test]
fn a_field_that_the_api_keeps_is_a_concern() {
    let fields = Fields { name: Some("new".into()), ..Fields::default() };
    let (mut run, action) = start(vec![Change { fields, ..Change::default() }]);
    let action = run.reads(action, Some(&token(0, &[1])));
    let action = run.puts(action, Ok(token(1, &[1])));
    let action = run.reads(action, Some(&token(1, &[1])));
    run.is_done(&action);
    let concerns = replies(run).remove(0).unwrap().concerns;
    assert!(matches!(concerns[..], [Concern::NotApplied(_)]), "{concerns:?}");
}

#[test]
fn an_event_that_was_not_asked_for_ends_the_write_as_a_bug() {
    let (mut run, _) = start(vec![edit("a", &[], &[2])]);
    let action = run.next(Event::Waited);
    run.is_done(&action);
    assert!(matches!(error(&replies(run)[0]), (Cause::Internal, true)));
}
