//! A deletion: done when a read shows that the token is gone.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::machine::{Action, Ending, Event, Machine, Now, Reply, cause};
use crate::cloudflare::{Error, Owner, Token};
use crate::tokens::belief::{Belief, Weighed};
use crate::tokens::op::{Cause, Outcome};
use crate::tokens::settings::Rules;

/// How often a deletion without an effect is repeated.
const DELETIONS: u32 = 3;
/// How often the token is read after a deletion: a read may lag behind it.
const LOOKS: u32 = 4;
/// The longest pause between two of these reads.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// A deletion of one token. It is a success if the token is already gone.
#[derive(Debug)]
pub(in crate::tokens) struct DeleteWrite {
    owner: Owner,
    rules: Rules,
    belief: Belief,
    /// The token is discarded, which continues although the run was stopped.
    discards: bool,
    deletions: u32,
    /// How often the token was seen after the last deletion.
    looks: u32,
    /// The API has confirmed a deletion.
    confirmed: bool,
    /// The error of the last attempt, if it got no proper answer.
    unanswered: Option<Error>,
    end: Ending,
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
    /// A token that is discarded was made a moment ago, and its deletion continues although the run was stopped.
    pub(in crate::tokens) fn new(owner: &Owner, belief: Belief, discards: bool, rules: Rules) -> Self {
        Self {
            owner: owner.clone(),
            rules,
            belief: if discards { belief.of_existing() } else { belief },
            discards,
            deletions: 0,
            looks: 0,
            confirmed: false,
            unanswered: None,
            end: Ending::default(),
            step: Step::Start,
        }
    }

    /// The caller's reply.
    pub(in crate::tokens) fn reply(&mut self) -> Reply {
        self.end.reply()
    }

    /// Whether the token is gone.
    pub(in crate::tokens) fn has_succeeded(&self) -> bool {
        self.end.has_succeeded()
    }

    fn delete(&mut self, now: Now) -> Action {
        if now.stopped {
            return self.end.fail(Cause::Stopped);
        }
        (self.deletions, self.looks) = (self.deletions + 1, 0);
        self.step = Step::Deleting;
        Action::Delete
    }

    fn deleted(&mut self, answer: Result<(), Error>) -> Action {
        match answer {
            Ok(()) => (self.end.may_have_effect, self.confirmed, self.unanswered) = (true, true, None),
            Err(error) if error.is_ambiguous() => {
                (self.end.may_have_effect, self.unanswered) = (true, Some(error))
            }
            // A temporary 404 is as likely here as at a read.
            Err(error) if error.is_not_found() => self.unanswered = None,
            Err(error) => return self.end.fail(cause(error)),
        }
        self.step = Step::Looking;
        Action::Read
    }

    fn looked(&mut self, read: Result<Option<Arc<Token>>, Error>, now: Now) -> Action {
        let token = match read {
            Ok(token) => token,
            // A confirmed deletion needs no second confirmation from a credential that cannot read.
            Err(_) if self.confirmed => return self.end.done(Ok(Outcome::default())),
            Err(error) => return self.end.fail(cause(error)),
        };
        match self.belief.weigh(token.as_deref(), &self.owner, now.date) {
            Weighed::Again { wait, .. } if token.is_none() && !self.confirmed => return self.pause(wait),
            _ if token.is_none() => return self.end.done(Ok(Outcome::default())),
            _ => self.looks += 1,
        }
        if self.looks < LOOKS && !now.stopped {
            let wait = self.rules.pause * 2_u32.saturating_pow(self.looks);
            return self.pause(wait.min(LONGEST_PAUSE));
        }
        match self.unanswered.take() {
            _ if self.deletions < DELETIONS && !now.stopped => self.delete(now),
            Some(error) => self.end.fail(cause(error)),
            None => self.end.fail(Cause::Kept { policies: BTreeSet::new() }),
        }
    }

    fn pause(&mut self, wait: Duration) -> Action {
        self.step = Step::Pausing;
        Action::Wait { at_most: wait, random: false }
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

    fn ignores_stop(&self) -> bool {
        self.discards
    }
}
