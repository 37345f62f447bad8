//! Turns panics in handlers into a diagnostic for the user and a source location in the log. The panic's message is
//! dropped, because it may contain anything.

use std::cell::Cell;
use std::panic::AssertUnwindSafe;

use futures_util::{FutureExt, Stream, StreamExt};

use super::diagnostics::Diagnostic;

thread_local! {
    static PLACE: Cell<Option<String>> = const { Cell::new(None) };
}

/// Replaces the panic hook by one that logs the location and not the message. Call it once at start.
pub fn report_panics() {
    std::panic::set_hook(Box::new(|info| {
        let place =
            info.location().map_or_else(|| "unknown".to_owned(), |l| format!("{}:{}", l.file(), l.line()));
        tracing::error!(place, "the provider panicked");
        PLACE.set(Some(place));
    }));
}

/// Runs a handler. A panic in it becomes an error diagnostic.
pub(super) async fn catch<T>(work: impl Future<Output = T>) -> Result<T, Diagnostic> {
    AssertUnwindSafe(work).catch_unwind().await.map_err(|_| panicked())
}

/// The items of a stream. A panic in it becomes an error diagnostic, and ends it.
pub(super) fn catch_all<T>(items: impl Stream<Item = T>) -> impl Stream<Item = Result<T, Diagnostic>> {
    AssertUnwindSafe(items).catch_unwind().map(|item| item.map_err(|_| panicked()))
}

/// The diagnostic for the last panic on this thread.
fn panicked() -> Diagnostic {
    let place = PLACE.take().map(|place| format!(" (at {place})")).unwrap_or_default();
    Diagnostic::error(
        "The provider has a bug",
        format!(
            "It panicked while it handled this request{place}. Nothing else is affected. Run `terraform plan` to see how \
             things stand, and please report this with the log of a run with TF_LOG=DEBUG."
        ),
    )
}
