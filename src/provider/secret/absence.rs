//! Whether a secret is gone. The API may say for a moment that a thing does not exist although it does, and it may confirm a
//! deletion that it does not make. So one answer is not enough: the secret has the value of a token.

use std::time::Duration;

use tokio::time::sleep;

use crate::cloudflare::{Client, Error, Request};
use crate::tokens::AMBIGUITY_HORIZON;

/// The pause before an absent secret is looked for again.
const SECOND_LOOK: Duration = Duration::from_millis(500);
/// The pauses before the looks after a confirmed deletion: a read may lag behind it.
const LOOKS: [Duration; 3] = [Duration::ZERO, SECOND_LOOK, Duration::from_secs(2)];
/// How often a deletion without an effect is made.
const DELETIONS: u32 = 2;

/// The result of a deletion.
pub(crate) enum Removed {
    /// The secret is gone.
    Done,
    /// The API answers success, and the secret is still there.
    Kept,
    /// The deletion failed, or it could not be seen whether there is anything to delete.
    Failed(Error),
}

/// Looks for something, and once more after a pause if the first look did not find it.
///
/// # Errors
/// Those of the looks.
pub(super) async fn twice<T, F: Future<Output = Result<T, Error>>>(
    look: impl Fn() -> F,
    is_found: impl Fn(&T) -> bool,
) -> Result<T, Error> {
    let first = look().await?;
    if is_found(&first) {
        return Ok(first);
    }
    sleep(SECOND_LOOK).await;
    look().await
}

/// Reads a secret. It is absent if two reads say so. `is_there` is whether an answer means that it is there.
///
/// # Errors
/// Those of the client.
pub(crate) async fn find<T>(
    client: &Client,
    look: impl Fn() -> Request<T>,
    is_there: impl Fn(&T) -> bool,
) -> Result<Option<T>, Error> {
    let seen = || async { Ok(client.send_opt(look()).await?.filter(&is_there)) };
    twice(seen, Option::is_some).await
}

/// Deletes a secret, and looks whether it is gone.
pub(crate) async fn remove<T>(
    client: &Client,
    delete: impl Fn() -> Request<()>,
    look: impl Fn() -> Request<T>,
    is_there: impl Fn(&T) -> bool,
) -> Removed {
    let mut lost = None;
    for _ in 0..DELETIONS {
        let confirmed = match client.send_opt(delete().once()).await {
            Ok(answer) => answer.is_some(),
            Err(error) if error.is_ambiguous() => {
                // Whatever it does, it does before anything else is written.
                sleep(AMBIGUITY_HORIZON).await;
                lost = Some(error);
                false
            }
            Err(error) => return Removed::Failed(lost.unwrap_or(error)),
        };
        // The answer that there is nothing to delete is one look.
        let pauses = if confirmed { &LOOKS[..] } else { &LOOKS[1..2] };
        for pause in pauses {
            sleep(*pause).await;
            match client.send_opt(look()).await {
                Ok(Some(there)) if is_there(&there) => {}
                Ok(_) => return Removed::Done,
                // A credential that may write need not be one that may read.
                Err(_) if confirmed => return Removed::Done,
                Err(error) => return Removed::Failed(error),
            }
        }
    }
    lost.map_or(Removed::Kept, Removed::Failed)
}
