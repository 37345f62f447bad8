//! Rolls and deletions: each event in each state.

use secrecy::ExposeSecret;

use super::*;

fn roll() -> (Run<RollWrite>, Action) {
    let mut run = Run::new(RollWrite::new(&owner(), belief(), None, RULES));
    let action = run.next(Event::Start);
    (run, action)
}

fn delete(discards: bool) -> (Run<DeleteWrite>, Action) {
    let mut run = Run::new(DeleteWrite::new(&owner(), belief(), discards, RULES));
    let action = run.next(Event::Start);
    (run, action)
}

impl<M: Machine> Run<M> {
    #[track_caller]
    fn rolls(&mut self, action: Action, answer: Result<&str, Error>) -> Action {
        let action = self.waited(action);
        assert!(matches!(action, Action::Roll), "{action:?}");
        self.next(Event::Rolled(answer.map(SecretString::from)))
    }

    #[track_caller]
    fn deletes(&mut self, action: Action, answer: Result<(), Error>) -> Action {
        let action = self.waited(action);
        assert!(matches!(action, Action::Delete), "{action:?}");
        self.next(Event::Deleted(answer))
    }
}

#[test]
fn a_roll_gives_a_value_and_the_token() {
    let (mut run, action) = roll();
    let action = run.rolls(action, Ok("new"));
    let action = run.reads(action, Some(&token(1, &[1])));
    run.is_done(&action);
    let outcome = run.machine.reply().unwrap();
    assert_eq!(outcome.value.unwrap().expose_secret(), "new");
    assert!(outcome.token.is_some());
}

#[test]
fn a_value_is_not_lost_for_want_of_a_read() {
    let (mut run, action) = roll();
    let action = run.rolls(action, Ok("new"));
    assert!(matches!(action, Action::Read));
    let action = run.next(Event::Read(Err(api(500, 0))));
    run.is_done(&action);
    assert!(run.machine.reply().unwrap().value.is_some());
}

#[test]
fn a_lost_roll_ends_no_later_value() {
    let (mut run, action) = roll();
    let action = run.rolls(action, Err(no_answer()));
    assert!(matches!(action, Action::Wait { at_most, random: false } if at_most == RULES.horizon));
    let action = run.rolls(action, Ok("second"));
    assert!(run.at >= RULES.horizon, "the lost one cannot come any more");
    let action = run.reads(action, Some(&token(1, &[1])));
    run.is_done(&action);
    assert_eq!(run.machine.reply().unwrap().value.unwrap().expose_secret(), "second");
}

#[test]
fn a_roll_waits_for_what_an_earlier_run_has_sent() {
    let late = Some(Duration::from_secs(3));
    let mut run = Run::new(RollWrite::new(&owner(), belief(), late, RULES));
    let action = run.next(Event::Start);
    assert!(matches!(action, Action::Wait { at_most, random: false } if at_most == Duration::from_secs(3)));
    let action = run.rolls(action, Ok("new"));
    let action = run.reads(action, Some(&token(1, &[1])));
    run.is_done(&action);
    assert!(run.machine.reply().is_ok());
}

#[test]
fn a_run_that_is_stopped_while_a_lost_roll_may_come_rolls_no_more() {
    let (mut run, action) = roll();
    let action = run.rolls(action, Err(no_answer()));
    run.stopped = true;
    let action = run.waited(action);
    run.is_done(&action);
    assert!(matches!(error(&run.machine.reply()), (Cause::Stopped, true)));
}

#[test]
fn rolls_without_an_answer_end_in_doubt() {
    let (mut run, mut action) = roll();
    let mut rolls = 0;
    while !matches!(action, Action::Done) {
        action = run.rolls(action, Err(no_answer()));
        rolls += 1;
    }
    assert_eq!(rolls, 1 + RULES.lost);
    assert!(matches!(error(&run.machine.reply()), (Cause::Api(_), true)));
}

#[test]
fn a_refused_roll_after_a_lost_one_is_in_doubt_and_alone_it_is_not() {
    let (mut run, action) = roll();
    let action = run.rolls(action, Err(no_answer()));
    let action = run.rolls(action, Err(api(403, 9109)));
    run.is_done(&action);
    assert!(matches!(error(&run.machine.reply()), (Cause::Api(_), true)));
    let (mut run, action) = roll();
    let action = run.rolls(action, Err(api(403, 9109)));
    run.is_done(&action);
    assert!(matches!(error(&run.machine.reply()), (Cause::Api(_), false)));
}

#[test]
fn a_roll_of_a_token_that_is_gone_fails_and_a_passing_404_does_not() {
    let (mut run, action) = roll();
    let action = run.rolls(action, Err(api(404, 1003)));
    let action = run.reads(action, None);
    let action = run.reads(action, None);
    run.is_done(&action);
    assert!(matches!(error(&run.machine.reply()), (Cause::Gone, false)));
    let (mut run, action) = roll();
    let action = run.rolls(action, Err(api(404, 1003)));
    let action = run.reads(action, None);
    let action = run.reads(action, Some(&token(0, &[1])));
    let action = run.rolls(action, Ok("new"));
    let action = run.reads(action, Some(&token(1, &[1])));
    run.is_done(&action);
    assert!(run.machine.reply().is_ok());
}

#[test]
fn a_stopped_run_rolls_and_deletes_nothing_but_what_it_discards() {
    let mut run = Run::new(RollWrite::new(&owner(), belief(), None, RULES));
    run.stopped = true;
    let action = run.next(Event::Start);
    run.is_done(&action);
    assert!(matches!(error(&run.machine.reply()), (Cause::Stopped, false)));
    for discards in [false, true] {
        let mut run = Run::new(DeleteWrite::new(&owner(), belief(), discards, RULES));
        run.stopped = true;
        let action = run.next(Event::Start);
        assert_eq!(matches!(action, Action::Delete), discards);
    }
}

#[test]
fn a_deletion_is_done_once_the_token_is_gone() {
    let (mut run, action) = delete(false);
    let action = run.deletes(action, Ok(()));
    let action = run.reads(action, Some(&token(0, &[1])));
    let action = run.reads(action, None);
    run.is_done(&action);
    assert!(run.machine.has_succeeded() && run.machine.reply().is_ok());
}

#[test]
fn a_deletion_that_has_no_effect_is_made_again_and_fails_in_the_end() {
    let (mut run, mut action) = delete(false);
    let mut deletions = 0;
    while !matches!(action, Action::Done) {
        action = match run.waited(action) {
            Action::Delete => {
                deletions += 1;
                run.next(Event::Deleted(Ok(())))
            }
            Action::Read => run.next(Event::Read(Ok(Some(token(0, &[1]))))),
            other => other,
        };
    }
    assert_eq!(deletions, 3);
    assert!(matches!(error(&run.machine.reply()), (Cause::Kept { .. }, true)));
}

#[test]
fn a_404_to_a_deletion_is_believed_after_two_looks() {
    let (mut run, action) = delete(false);
    let action = run.deletes(action, Err(api(404, 1003)));
    let action = run.reads(action, None);
    assert!(matches!(action, Action::Wait { .. }));
    let action = run.reads(action, None);
    run.is_done(&action);
    assert!(run.machine.reply().is_ok());
}

#[test]
fn a_discard_goes_on_in_a_stopped_run_until_the_token_is_gone() {
    let (mut run, action) = delete(true);
    run.stopped = true;
    // No answer, and then one whose effect the first read does not show yet.
    let mut action = run.deletes(action, Err(no_answer()));
    for _ in 0..4 {
        action = run.reads(action, Some(&token(0, &[1])));
    }
    let action = run.deletes(action, Ok(()));
    let action = run.reads(action, Some(&token(0, &[1])));
    let action = run.reads(action, None);
    run.is_done(&action);
    assert!(run.machine.has_succeeded());
}

#[test]
fn a_404_to_the_deletion_of_a_token_made_a_moment_ago_is_believed_late() {
    let (mut run, action) = delete(true);
    let mut action = run.deletes(action, Err(api(404, 1003)));
    let mut looks = 0;
    while !matches!(action, Action::Done) {
        action = run.reads(action, None);
        looks += 1;
    }
    assert_eq!(looks, 6);
    assert!(run.machine.has_succeeded());
    // It was only missing for a moment.
    let (mut run, action) = delete(true);
    let mut action = run.deletes(action, Err(api(404, 1003)));
    for _ in 0..5 {
        action = run.reads(action, None);
    }
    for _ in 0..4 {
        action = run.reads(action, Some(&token(0, &[1])));
    }
    let action = run.deletes(action, Ok(()));
    let action = run.reads(action, None);
    run.is_done(&action);
    assert!(run.machine.has_succeeded());
}

#[test]
fn a_passing_404_does_not_make_a_deletion() {
    let (mut run, action) = delete(false);
    let mut action = run.deletes(action, Err(api(404, 1003)));
    for _ in 0..4 {
        action = run.reads(action, Some(&token(0, &[1])));
    }
    let action = run.deletes(action, Ok(()));
    let action = run.reads(action, None);
    run.is_done(&action);
    assert!(run.machine.reply().is_ok());
}

#[test]
fn a_refused_deletion_fails() {
    let (mut run, action) = delete(false);
    let action = run.deletes(action, Err(api(403, 9109)));
    run.is_done(&action);
    assert!(matches!(error(&run.machine.reply()), (Cause::Api(_), false)));
    // A confirmed one does not need to be seen by one who may not read.
    let (mut run, action) = delete(false);
    let action = run.deletes(action, Ok(()));
    assert!(matches!(action, Action::Read));
    let action = run.next(Event::Read(Err(api(403, 9109))));
    run.is_done(&action);
    assert!(run.machine.reply().is_ok());
}

#[test]
fn a_roll_that_was_seen_raises_the_floor() {
    let (mut run, action) = roll();
    let action = run.rolls(action, Ok("new"));
    let action = run.reads(action, Some(&token(7, &[1])));
    run.is_done(&action);
    let floor = run.machine.belief.floor().unwrap();
    assert!(floor.allows(&token(7, &[1]), &owner(), run.now().date));
    assert!(!floor.allows(&token(6, &[1]), &owner(), run.now().date));
}

#[test]
fn a_token_that_is_there_is_rolled_again_however_old_the_read_is() {
    let floor = Floor::of(&token(9, &[1]), &owner(), OffsetDateTime::UNIX_EPOCH);
    let belief = Belief::new(Some(floor), true, RULES.pause);
    let mut run = Run::new(RollWrite::new(&owner(), belief, None, RULES));
    let action = run.next(Event::Start);
    let action = run.rolls(action, Err(api(404, 1003)));
    let action = run.reads(action, Some(&token(8, &[1])));
    assert!(matches!(action, Action::Roll), "{action:?}");
}

#[test]
fn a_roll_that_never_finds_its_token_ends() {
    let (mut run, mut action) = roll();
    let mut rolls = 0;
    while !matches!(action, Action::Done) {
        action = match run.waited(action) {
            Action::Roll => {
                rolls += 1;
                run.next(Event::Rolled(Err(api(404, 1003))))
            }
            Action::Read => run.next(Event::Read(Ok(Some(token(0, &[1]))))),
            other => panic!("{other:?}"),
        };
        assert!(rolls < 100, "it does not end");
    }
    assert_eq!(rolls, 1 + RULES.attempts);
    // A read shows the token, so it is not said to be gone.
    assert!(matches!(error(&run.machine.reply()), (Cause::Api(_), false)));
}

#[test]
fn no_lost_roll_has_an_effect_on_a_token_that_is_gone() {
    let (mut run, action) = roll();
    let action = run.rolls(action, Err(no_answer()));
    let mut action = run.rolls(action, Err(api(404, 1003)));
    while !matches!(action, Action::Done) {
        action = run.reads(action, None);
    }
    assert!(matches!(error(&run.machine.reply()), (Cause::Gone, false)));
}

#[test]
fn a_stopped_run_does_not_look_twice_whether_a_token_is_gone() {
    let (mut run, action) = roll();
    let action = run.rolls(action, Err(api(404, 1003)));
    run.stopped = true;
    let action = run.reads(action, None);
    run.is_done(&action);
    assert!(matches!(error(&run.machine.reply()), (Cause::Api(_), false)));
}

#[test]
fn a_lost_deletion_is_looked_for() {
    let (mut run, action) = delete(false);
    let action = run.deletes(action, Err(no_answer()));
    let action = run.reads(action, None);
    let action = run.reads(action, None);
    run.is_done(&action);
    assert!(run.machine.has_succeeded());
    let (mut run, action) = delete(false);
    let action = run.deletes(action, Err(no_answer()));
    assert!(matches!(action, Action::Read), "{action:?}");
    let action = run.next(Event::Read(Err(api(403, 9109))));
    run.is_done(&action);
    assert!(!run.machine.has_succeeded());
    assert!(matches!(error(&run.machine.reply()), (Cause::Api(_), true)));
}

#[test]
fn a_stopped_run_looks_once_more_for_a_token_that_was_missing_once() {
    let (mut run, action) = delete(false);
    let action = run.deletes(action, Err(api(404, 1003)));
    run.stopped = true;
    let action = run.reads(action, None);
    let action = run.reads(action, None);
    run.is_done(&action);
    assert!(run.machine.has_succeeded());
}

#[test]
fn looks_after_a_deletion_come_ever_later() {
    let (mut run, action) = delete(false);
    let mut action = run.deletes(action, Ok(()));
    for pause in [2, 4, 8] {
        action = run.reads(action, Some(&token(0, &[1])));
        assert!(
            matches!(action, Action::Wait { at_most, .. } if at_most == pause * RULES.pause),
            "{action:?}"
        );
    }
}
