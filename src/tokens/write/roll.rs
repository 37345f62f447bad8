//! A roll: the token gets a new value, and the old one stops working at once.

use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;

use super::machine::{Action, Ending, Event, Machine, Now, Reply, cause};
use crate::cloudflare::{Error, Owner, Token};
use crate::tokens::belief::{Belief, Floor, Weighed};
use crate::tokens::op::{Cause, OpError, Outcome};
use crate::tokens::settings::Rules;

/// A roll of one token. If the answer is lost, the value is lost too, so the token is rolled again. If the first roll took
/// effect after the second one, it would end the second one's value. So the second one waits until that cannot happen any more.
#[derive(Debug)]
pub(in crate::tokens) struct RollWrite {
    owner: Owner,
    rules: Rules,
    pub(in crate::tokens) belief: Belief,
    /// How often the token was rolled.
    rolls: u32,
    /// Until when a roll without an answer may still take effect.
    pub(in crate::tokens) late_until: Option<Duration>,
    end: Ending,
    step: Step,
}

#[derive(Debug)]
enum Step {
    Start,
    Rolling,
    /// Wait until no earlier roll can take effect any more, then roll.
    Pausing,
    /// The API says that the token does not exist, with this error: to see whether that is so.
    Looking(Error),
    Doubting(Error),
    /// This value was issued: to read the token.
    Reading(SecretString),
    Done,
}

impl RollWrite {
    /// `late_until` is until when an earlier write without an answer may still take effect.
    pub(in crate::tokens) fn new(
        owner: &Owner,
        belief: Belief,
        late_until: Option<Duration>,
        rules: Rules,
    ) -> Self {
        Self {
            owner: owner.clone(),
            rules,
            belief,
            rolls: 0,
            late_until,
            end: Ending::default(),
            step: Step::Start,
        }
    }

    /// The caller's reply.
    pub(in crate::tokens) fn reply(&mut self) -> Reply {
        self.end.reply()
    }

    fn roll(&mut self, now: Now) -> Action {
        if now.stopped {
            return self.end.fail(Cause::Stopped);
        }
        let rest = self.late_until.map_or(Duration::ZERO, |until| until.saturating_sub(now.at));
        if !rest.is_zero() {
            self.step = Step::Pausing;
            return Action::Wait { at_most: rest, random: false };
        }
        self.rolls += 1;
        self.step = Step::Rolling;
        Action::Roll
    }

    fn rolled(&mut self, answer: Result<SecretString, Error>, now: Now) -> Action {
        match answer {
            Ok(value) => {
                self.step = Step::Reading(value);
                Action::Read
            }
            Err(error) if error.is_not_found() => {
                self.step = Step::Looking(error);
                Action::Read
            }
            Err(error) if error.is_ambiguous() => {
                self.end.may_have_effect = true;
                self.late_until = Some(now.at + self.rules.horizon);
                if now.stopped || self.rolls > self.rules.lost {
                    return self.end.fail(cause(error));
                }
                self.roll(now)
            }
            Err(error) => self.end.fail(cause(error)),
        }
    }

    /// Is the token gone, as an answer said with this error?
    fn looked(&mut self, said: Error, read: Result<Option<Arc<Token>>, Error>, now: Now) -> Action {
        let token = match read {
            Ok(token) => token,
            Err(error) => return self.end.fail(cause(error)),
        };
        match self.belief.weigh(token.as_deref(), &self.owner, now.date) {
            Weighed::Again { wait, .. } if token.is_none() && !now.stopped => {
                self.step = Step::Doubting(said);
                Action::Wait { at_most: wait, random: false }
            }
            Weighed::Believed if token.is_none() => self.end.done(Err(OpError::without_effect(Cause::Gone))),
            _ if token.is_some() && self.rolls <= self.rules.attempts => self.roll(now),
            _ => self.end.fail(cause(said)),
        }
    }

    /// A failed read must not lose the value.
    fn read(&mut self, value: SecretString, read: Result<Option<Arc<Token>>, Error>, now: Now) -> Action {
        let token = read.ok().flatten();
        if let Some(token) = &token {
            self.belief.raise(Floor::of(token, &self.owner, now.date));
        }
        self.end.done(Ok(Outcome { token, value: Some(value), ..Outcome::default() }))
    }
}

impl Machine for RollWrite {
    fn next(&mut self, event: Event, now: Now) -> Action {
        match (std::mem::replace(&mut self.step, Step::Done), event) {
            (Step::Start, Event::Start) | (Step::Pausing, Event::Waited) => self.roll(now),
            (Step::Rolling, Event::Rolled(answer)) => self.rolled(answer, now),
            (Step::Looking(said), Event::Read(read)) => self.looked(said, read, now),
            (Step::Doubting(said), Event::Waited) => {
                self.step = Step::Looking(said);
                Action::Read
            }
            (Step::Reading(value), Event::Read(read)) => self.read(value, read, now),
            _ => Action::Done,
        }
    }
}
