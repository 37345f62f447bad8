//! Rolls and deletions: each event in each state.

use secrecy::ExposeSecret;

use super::*;

fn roll() -> (Run<RollWrite>, Action) {
    let mut run = Run::new(RollWrite::new(&owner(), belief(), RULES));
    let action = run.next(Event::Start);
    (run, action)
}

fn delete(even_if_stopped: bool) -> (Run<DeleteWrite>, Action) {
    let mut run = Run::new(DeleteWrite::new(even_if_stopped, RULES));
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
fn a_lost_roll_that_takes_effect_late_does_not_leave_a_dead_value() {
    let (mut run, action) = roll();
    let action = run.rolls(action, Err(no_answer()));
    let action = run.rolls(action, Ok("second"));
    let action = run.reads(action, Some(&token(1, &[1])));
    assert!(matches!(action, Action::Wait { .. }), "the lost one may still come");
    let action = run.reads(action, Some(&token(3, &[1])));
    let action = run.rolls(action, Ok("third"));
    let action = run.reads(action, Some(&token(4, &[1])));
    run.is_done(&action);
    assert_eq!(run.machine.reply().unwrap().value.unwrap().expose_secret(), "third");
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
    let mut run = Run::new(RollWrite::new(&owner(), belief(), RULES));
    run.stopped = true;
    let action = run.next(Event::Start);
    run.is_done(&action);
    assert!(matches!(error(&run.machine.reply()), (Cause::Stopped, false)));
    for even_if_stopped in [false, true] {
        let mut run = Run::new(DeleteWrite::new(even_if_stopped, RULES));
        run.stopped = true;
        let action = run.next(Event::Start);
        assert_eq!(matches!(action, Action::Delete), even_if_stopped);
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
