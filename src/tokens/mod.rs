//! The token service over the API client and the policy domain: coalesced reads, group-committed writes.
//!
//! The API replaces a token's policies as a whole and has no conditional write. So a change of a part must read, change and
//! write everything, and check that nothing else did the same meanwhile. [`TokenService`] does that: it has one writer per
//! token, which turns the changes of many callers into one request. Callers say what to change, and learn the outcome of
//! their own change.

mod belief;
mod claims;
mod context;
mod create;
mod fold;
mod maker;
mod op;
mod orphans;
mod own;
mod promise;
mod read_plan;
mod reads;
mod record;
mod service;
mod settings;
mod standing;
mod stop;
mod succession;
#[cfg(test)]
mod tests;
mod view;
mod write;
mod writer;

pub use create::{CreateError, Created, NewToken};
pub use op::{Cause, Change, Concern, Field, Fields, Op, OpError, Outcome, PolicyChange};
pub use orphans::Orphan;
pub use own::OwnToken;
pub use reads::Listed;
pub use service::TokenService;
pub use settings::{AMBIGUITY_HORIZON, Settings};
pub use standing::Standing;
pub use stop::{Stop, Stopper};
pub use succession::{Succeeded, Succession, SuccessionError, Unfinished, successor_name};
pub use view::{TokenPolicies, same_condition};
