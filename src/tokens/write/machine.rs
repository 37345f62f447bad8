//! The events and actions of a machine.

use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use time::OffsetDateTime;

use crate::cloudflare::{Error, Token, TokenUpdate, TransportKind};
use crate::tokens::op::{Cause, OpError, Outcome};

/// The reply to one caller.
pub(in crate::tokens) type Reply = Result<Outcome, OpError>;

/// The next action of the runner.
#[derive(Debug)]
pub(in crate::tokens) enum Action {
    /// Read the token.
    Read,
    /// Replace the token.
    Put(Box<TokenUpdate>),
    /// Give the token a new value.
    Roll,
    /// Delete the token.
    Delete,
    /// Wait this long, or a random part of it.
    Wait {
        /// How long at the most.
        at_most: Duration,
        /// A random part of it, so that writers who met once do not meet again.
        random: bool,
    },
    /// The write has ended: every caller has its reply.
    Done,
}

/// The result of an action.
#[derive(Debug)]
pub(in crate::tokens) enum Event {
    /// The write begins.
    Start,
    /// The token that was read. `None` if the API says that it does not exist.
    Read(Result<Option<Arc<Token>>, Error>),
    /// The answer to a replacement.
    Put(Result<Arc<Token>, Error>),
    /// The answer to a roll.
    Rolled(Result<SecretString, Error>),
    /// The answer to a deletion.
    Deleted(Result<(), Error>),
    /// The wait is over.
    Waited,
}

/// The moment of an event.
#[derive(Clone, Copy, Debug)]
pub(in crate::tokens) struct Now {
    /// The time since the write began.
    pub(in crate::tokens) at: Duration,
    /// The wall clock.
    pub(in crate::tokens) date: OffsetDateTime,
    /// The run should end soon.
    pub(in crate::tokens) stopped: bool,
}

/// A write.
pub(in crate::tokens) trait Machine {
    /// Takes the result of the last action, and returns what to do next.
    fn next(&mut self, event: Event, now: Now) -> Action;

    /// Whether it goes on, and waits as long as it needs to, although the run should end soon.
    fn ignores_stop(&self) -> bool {
        false
    }
}

/// The end of a write that has one caller.
#[derive(Debug, Default)]
pub(super) struct Ending {
    /// An attempt may have taken effect.
    pub(super) may_have_effect: bool,
    reply: Option<Reply>,
}

impl Ending {
    /// Ends the write with this reply.
    pub(super) fn done(&mut self, reply: Reply) -> Action {
        self.reply = Some(reply);
        Action::Done
    }

    /// Ends the write without success.
    pub(super) fn fail(&mut self, cause: Cause) -> Action {
        let may_have_effect = self.may_have_effect;
        self.done(Err(OpError { cause, may_have_effect }))
    }

    pub(super) fn has_succeeded(&self) -> bool {
        matches!(self.reply, Some(Ok(_)))
    }

    /// The caller's reply.
    pub(super) fn reply(&mut self) -> Reply {
        self.reply.take().unwrap_or(Err(OpError { cause: Cause::Internal, may_have_effect: true }))
    }
}

/// The API's timestamps are whole seconds.
pub(in crate::tokens) const GRANULARITY: Duration = Duration::from_secs(1);

/// Whether it was not sent because it would have been too late after the read that it is based on, or for want of quota.
pub(super) fn is_late(error: &Error) -> bool {
    error.is_rate_limited() || matches!(error, Error::Transport { kind: TransportKind::TooLate, .. })
}

/// Whether the token's status is a dead one: none of its rights can be used, whatever its policies say.
pub(in crate::tokens) fn is_dead(token: &Token) -> bool {
    token.status == "expired" || token.status.starts_with("revoked")
}

/// The cause for a write that ends with this error.
pub(super) fn cause(error: Error) -> Cause {
    if matches!(error, Error::Stopped { .. }) { Cause::Stopped } else { Cause::Api(error) }
}
