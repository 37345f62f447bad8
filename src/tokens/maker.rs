//! What makes tokens, and deletes those that nobody has the value of.

use super::context::Context;
use super::op::{Op, OpError};
use super::writer::Writers;
use crate::cloudflare::Owner;

/// Makes an owner's tokens.
pub(super) struct Maker {
    pub(super) context: Context,
    pub(super) writers: Writers,
    pub(super) owner: Owner,
}

impl Maker {
    pub(super) fn new(context: &Context, writers: &Writers, owner: &Owner) -> Self {
        Self { context: context.clone(), writers: writers.clone(), owner: owner.clone() }
    }

    /// Deletes a token that nobody has the value of, even if the run was stopped.
    ///
    /// # Errors
    /// [`OpError`]: the token may still be there.
    pub(super) async fn discard(&self, id: &str) -> Result<(), OpError> {
        let deleted = self.writers.submit(&self.context, &self.owner, id, Op::Discard).await;
        if let Err(error) = &deleted {
            tracing::error!(token = id, %error, "a token that nobody has the value of could not be deleted");
        }
        deleted.map(drop)
    }
}
