//! Writes of a token as pure state machines: `next(state, event) -> action`.
//!
//! A machine makes every decision of a write: when to read, what to send, when to read again, how to treat a refusal, when
//! to give up, and the reply to each caller. It does no I/O and has no clock: each event has the time. The runner performs
//! the actions and returns their results.

mod change;
mod delete;
mod machine;
mod roll;
mod runner;
#[cfg(test)]
mod tests;

pub(super) use change::ChangeWrite;
pub(super) use delete::DeleteWrite;
pub(super) use machine::{Reply, is_dead};
pub(super) use roll::RollWrite;
pub(super) use runner::{Target, run};
