//! Writes of a token as pure state machines: `next(state, event) -> action`.
//!
//! A machine holds every decision of a write: when to read, what to send, when to look again, what to make of a refusal,
//! when to give up, and what each caller is told. It does no I/O and has no clock: each event says what time it is. The
//! runner performs the actions and hands back what came of them.

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
