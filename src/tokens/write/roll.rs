//! A roll: the token gets a new value, and the old one stops working at once.

use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use time::OffsetDateTime;

use super::machine::{Action, Event, Machine, Now, Reply, cause};
use crate::cloudflare::{Error, Owner, Token};
use crate::tokens::belief::{Belief, Floor, Weighed};
use crate::tokens::op::{Cause, OpError, Outcome};
use crate::tokens::settings::Rules;

/// A roll of one token. If the answer is lost, the value is lost too, so the token is rolled again. If the first roll takes
/// effect late, it ends the value of the second one, so that one is watched.
#[derive(Debug)]
pub(in crate::tokens) struct RollWrite {
    owner: Owner,
    rules: Rules,
    pub(in crate::tokens) belief: Belief,
    /// How often the token was rolled.
    rolls: u32,
    /// An attempt may have taken effect.
    may_have_effect: bool,
    /// Until when a roll without an answer may still take effect.
    late_until: Option<Duration>,
    reply: Option<Reply>,
    step: Step,
}

#[derive(Debug)]
enum Step {
    Start,
    Rolling,
    /// Wait, then roll again.
    Pausing,
    /// The API says that the token does not exist, with this error: to see whether that is so.
    Looking(Error),
    Doubting(Error),
    /// A value was issued: to read the token, and to check that no other value was issued after it.
    Reading(Issued),
    Waiting(Issued),
    Done,
}

#[derive(Debug)]
struct Issued {
    value: SecretString,
    /// The token's last change, as it was read after the value was issued. `None` before the first read.
    modified_on: Option<OffsetDateTime>,
}

impl RollWrite {
    pub(in crate::tokens) fn new(owner: &Owner, belief: Belief, rules: Rules) -> Self {
        Self {
            owner: owner.clone(),
            rules,
            belief,
            rolls: 0,
            may_have_effect: false,
            late_until: None,
            reply: None,
            step: Step::Start,
        }
    }

    /// The caller's reply.
    pub(in crate::tokens) fn reply(&mut self) -> Reply {
        self.reply.take().unwrap_or(Err(OpError { cause: Cause::Internal, may_have_effect: true }))
    }

    fn done(&mut self, reply: Reply) -> Action {
        (self.reply, self.step) = (Some(reply), Step::Done);
        Action::Done
    }

    fn fail(&mut self, cause: Cause) -> Action {
        let may_have_effect = self.may_have_effect;
        self.done(Err(OpError { cause, may_have_effect }))
    }

    fn roll(&mut self, now: Now) -> Action {
        if now.stopped {
            return self.fail(Cause::Stopped);
        }
        self.rolls += 1;
        self.step = Step::Rolling;
        Action::Roll
    }

    fn rolled(&mut self, answer: Result<SecretString, Error>, now: Now) -> Action {
        match answer {
            Ok(value) => {
                self.may_have_effect = true;
                self.step = Step::Reading(Issued { value, modified_on: None });
                Action::Read
            }
            Err(error) if error.is_not_found() => {
                self.step = Step::Looking(error);
                Action::Read
            }
            Err(error) if error.is_ambiguous() => {
                self.may_have_effect = true;
                self.late_until = Some(now.at + self.rules.horizon);
                if now.stopped || self.rolls > self.rules.lost {
                    return self.fail(cause(error));
                }
                self.step = Step::Pausing;
                Action::Wait { at_most: self.rules.pause * 2_u32.saturating_pow(self.rolls), random: true }
            }
            Err(error) => self.fail(cause(error)),
        }
    }

    /// Is the token gone, as an answer said with this error?
    fn looked(&mut self, said: Error, read: Result<Option<Arc<Token>>, Error>, now: Now) -> Action {
        let token = match read {
            Ok(token) => token,
            Err(error) => return self.fail(cause(error)),
        };
        match self.belief.weigh(token.as_deref(), &self.owner, now.date) {
            Weighed::Again { wait, .. } if token.is_none() && !now.stopped => {
                self.step = Step::Doubting(said);
                Action::Wait { at_most: wait, random: false }
            }
            Weighed::Believed if token.is_none() => self.done(Err(OpError::without_effect(Cause::Gone))),
            _ if token.is_some() && self.rolls <= self.rules.attempts => self.roll(now),
            _ => self.fail(cause(said)),
        }
    }

    /// A failed read must not lose the value. But a roll without an answer that took effect since has ended it.
    fn read(&mut self, issued: Issued, read: Result<Option<Arc<Token>>, Error>, now: Now) -> Action {
        let token = read.ok().flatten();
        let Some(until) = self.late_until.filter(|_| token.is_some()) else {
            return self.issued(issued, token, now);
        };
        let seen = token.as_ref().and_then(|token| token.modified_on);
        if issued.modified_on.is_some() && seen > issued.modified_on {
            if self.rolls > self.rules.attempts {
                return self.fail(Cause::Contention { attempts: self.rolls });
            }
            return self.roll(now);
        }
        let rest = until.saturating_sub(now.at);
        if rest.is_zero() || now.stopped {
            return self.issued(issued, token, now);
        }
        self.step = Step::Waiting(Issued { modified_on: seen, ..issued });
        Action::Wait { at_most: rest, random: false }
    }

    fn issued(&mut self, issued: Issued, token: Option<Arc<Token>>, now: Now) -> Action {
        if let Some(token) = &token {
            self.belief.raise(Floor::of(token, &self.owner, now.date));
        }
        self.done(Ok(Outcome { token, value: Some(issued.value), ..Outcome::default() }))
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
            (Step::Reading(issued), Event::Read(read)) => self.read(issued, read, now),
            (Step::Waiting(issued), Event::Waited) => {
                self.step = Step::Reading(issued);
                Action::Read
            }
            _ => Action::Done,
        }
    }
}
