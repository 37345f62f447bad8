//! A deletion: done when a read shows that the token is gone.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::machine::{Action, Event, Machine, Now, Reply, cause};
use crate::cloudflare::{Error, Token};
use crate::tokens::op::{Cause, OpError, Outcome};
use crate::tokens::settings::Rules;

/// How often a deletion without an effect is repeated.
const DELETIONS: u32 = 3;
/// How often the token is read after a deletion: a read may lag behind it.
const LOOKS: u32 = 4;

/// How often a token must be missing before it counts as gone, if no answer says so.
const ABSENT: u32 = 2;

/// A deletion of one token. It is a success if the token is already gone.
#[derive(Debug)]
pub(in crate::tokens) struct DeleteWrite {
    rules: Rules,
    /// Continues although the run was stopped.
    even_if_stopped: bool,
    deletions: u32,
    /// How often the token was seen after the last deletion.
    looks: u32,
    /// How often it was missing.
    absent: u32,
    /// The API has confirmed a deletion.
    confirmed: bool,
    /// An attempt may have taken effect.
    may_have_effect: bool,
    /// The error of the last attempt, if it got no proper answer.
    unanswered: Option<Error>,
    reply: Option<Reply>,
    step: Step,
}

#[derive(Debug)]
enum Step {
    Start,
    Deleting,
    Looking,
    Pausing,
    Done,
}

impl DeleteWrite {
    pub(in crate::tokens) fn new(even_if_stopped: bool, rules: Rules) -> Self {
        Self {
            rules,
            even_if_stopped,
            deletions: 0,
            looks: 0,
            absent: 0,
            confirmed: false,
            may_have_effect: false,
            unanswered: None,
            reply: None,
            step: Step::Start,
        }
    }

    /// The caller's reply.
    pub(in crate::tokens) fn reply(&mut self) -> Reply {
        self.reply.take().unwrap_or(Err(OpError { cause: Cause::Internal, may_have_effect: true }))
    }

    /// Whether the token is gone.
    pub(in crate::tokens) fn has_succeeded(&self) -> bool {
        matches!(self.reply, Some(Ok(_)))
    }

    fn done(&mut self, reply: Reply) -> Action {
        (self.reply, self.step) = (Some(reply), Step::Done);
        Action::Done
    }

    fn fail(&mut self, cause: Cause) -> Action {
        let may_have_effect = self.may_have_effect;
        self.done(Err(OpError { cause, may_have_effect }))
    }

    fn delete(&mut self, now: Now) -> Action {
        if now.stopped && !self.even_if_stopped {
            return self.fail(Cause::Stopped);
        }
        (self.deletions, self.looks, self.absent) = (self.deletions + 1, 0, 0);
        self.step = Step::Deleting;
        Action::Delete
    }

    fn deleted(&mut self, answer: Result<(), Error>) -> Action {
        match answer {
            Ok(()) => (self.may_have_effect, self.confirmed, self.unanswered) = (true, true, None),
            Err(error) if error.is_ambiguous() => {
                (self.may_have_effect, self.unanswered) = (true, Some(error))
            }
            // A temporary 404 is as likely here as at a read.
            Err(error) if error.is_not_found() => self.unanswered = None,
            Err(error) => return self.fail(cause(error)),
        }
        self.step = Step::Looking;
        Action::Read
    }

    fn looked(&mut self, read: Result<Option<Arc<Token>>, Error>, now: Now) -> Action {
        match read {
            Ok(None) => self.absent += 1,
            // A confirmed deletion needs no second confirmation from a credential that cannot read.
            Err(_) if self.confirmed => return self.done(Ok(Outcome::default())),
            Err(error) => return self.fail(cause(error)),
            Ok(Some(_)) => (self.looks, self.absent) = (self.looks + 1, 0),
        }
        // A 404 alone may be temporary.
        let enough = if self.confirmed { 1 } else { ABSENT };
        if self.absent >= enough {
            return self.done(Ok(Outcome::default()));
        }
        if self.absent > 0 || (self.looks < LOOKS && !now.stopped) {
            self.step = Step::Pausing;
            let at_most = self.rules.pause * 2_u32.saturating_pow(self.looks);
            return Action::Wait { at_most: at_most.min(Duration::from_secs(2)), random: false };
        }
        match self.unanswered.take() {
            _ if self.deletions < DELETIONS && !now.stopped => self.delete(now),
            Some(error) => self.fail(cause(error)),
            None => self.fail(Cause::Kept { policies: BTreeSet::new() }),
        }
    }
}

impl Machine for DeleteWrite {
    fn next(&mut self, event: Event, now: Now) -> Action {
        match (std::mem::replace(&mut self.step, Step::Done), event) {
            (Step::Start, Event::Start) => self.delete(now),
            (Step::Deleting, Event::Deleted(answer)) => self.deleted(answer),
            (Step::Looking, Event::Read(read)) => self.looked(read, now),
            (Step::Pausing, Event::Waited) => {
                self.step = Step::Looking;
                Action::Read
            }
            _ => Action::Done,
        }
    }
}
