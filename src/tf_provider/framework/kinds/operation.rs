//! What the operations of all kinds share: their own task, failures as answers, and conversions of models and private
//! state.
//!
//! An operation runs in its own task. So it still ends if the client has given up on it, and a panic in it becomes a
//! diagnostic.

use serde::{Serialize, de::DeserializeOwned};
use tokio::task::JoinError;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

use crate::tf_provider::framework::catch::catch;
use crate::tf_provider::framework::schema::{SecretTest, nulls, validate_again};
use crate::tf_provider::framework::{Diagnostic, Diagnostics, Mismatch, Model, Path, Raw, validate};

/// The client's capabilities, from a request.
#[derive(Clone, Copy, Debug, Default)]
pub struct ClientCapabilities {
    /// It knows write-only attributes. Older clients would store their values.
    pub write_only_attributes: bool,
    /// It takes deferred answers. Terraform sets this in the walk that applies, and not in the one that plans.
    pub deferral: bool,
}

/// An answer that can report that its operation failed.
pub(super) trait Failed {
    fn failed(why: Diagnostics) -> Self;
}

impl Failed for Diagnostics {
    fn failed(why: Diagnostics) -> Self {
        why
    }
}

/// Implements the failed answer of a type: only its diagnostics.
macro_rules! failed {
    ($($answer:ty),*) => {$(
        impl $crate::tf_provider::framework::kinds::operation::Failed for $answer {
            fn failed(why: $crate::tf_provider::framework::Diagnostics) -> $answer {
                Self { diagnostics: why, ..Self::default() }
            }
        }
    )*};
}
pub(super) use failed;

/// Turns `Err` into the operation's failed answer.
macro_rules! check {
    ($result:expr) => {
        match $result {
            Ok(value) => value,
            Err(why) => return $crate::tf_provider::framework::kinds::operation::Failed::failed(why.into()),
        }
    };
}
pub(super) use check;

/// Runs an operation in its own task, which logs as part of the caller's span.
pub(super) async fn run<T: Failed + Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> T {
    answer(tokio::spawn(catch(work).in_current_span()).await)
}

/// The same for an operation that may write: the process does not end before it.
pub(super) async fn run_to_end<T: Failed + Send + 'static>(
    writes: &TaskTracker,
    work: impl Future<Output = T> + Send + 'static,
) -> T {
    answer(writes.spawn(catch(work).in_current_span()).await)
}

fn answer<T: Failed>(ended: Result<Result<T, Diagnostic>, JoinError>) -> T {
    match ended {
        Ok(Ok(done)) => done,
        Ok(Err(panicked)) => T::failed(panicked.into()),
        Err(_) => {
            T::failed(Diagnostic::error("The provider is stopping", "The request was not finished.").into())
        }
    }
}

/// The checks of a configuration: those of its declarations, and then `more`, which sees a sound model.
pub(super) async fn validated<M: Model, F: Future<Output = Diagnostics>>(
    config: Raw,
    client: ClientCapabilities,
    secret: SecretTest,
    more: impl FnOnce(M) -> F,
) -> Diagnostics {
    let mut found = validate(&M::attributes(), &config, client.write_only_attributes, secret);
    if !found.has_error() {
        found.extend(more(check!(model(&config))).await);
    }
    found
}

/// Refuses null elements that validation could not see because they were unknown, and values that validation accepted
/// because they could come from a mock. This is the last check before anything is sent.
pub(super) fn refuse_nulls<M: Model>(config: &Raw, secret: SecretTest) -> Result<(), Diagnostics> {
    let attributes = M::attributes();
    let mut found = nulls(&attributes, config);
    found.extend(validate_again(&attributes, config, secret));
    found.into_result()
}

/// The same if everything must be known. Core promises that. An unknown value could be mistaken for an absent one.
pub(super) fn refuse_nulls_and_unknowns<M: Model>(
    config: &Raw,
    secret: SecretTest,
) -> Result<(), Diagnostics> {
    if !config.is_wholly_known() {
        let detail = "Terraform asked for something to be done while a value of the configuration is unknown. This is a bug.";
        return Err(Diagnostic::error("The configuration is not wholly known", detail).into());
    }
    refuse_nulls::<M>(config, secret)
}

/// An object as its model.
pub(super) fn model<M: Model>(raw: &Raw) -> Result<M, Diagnostic> {
    M::from_object(raw).map_err(|e| mismatch(&e))
}

/// An object as its model. `None` if it is null.
pub(super) fn maybe<M: Model>(raw: &Raw) -> Result<Option<M>, Diagnostic> {
    if raw.is_null() { Ok(None) } else { model(raw).map(Some) }
}

fn mismatch(mismatch: &Mismatch) -> Diagnostic {
    let detail = format!("Terraform and the provider disagree about the schema. {mismatch}. This is a bug.");
    // The path ends here, because the names do not show the elements of lists, sets and maps on the way.
    let at = mismatch.at.first().map_or_else(Path::root, |name| Path::of(name));
    Diagnostic::error("A value does not fit the schema", detail).at(at)
}

/// Reads private state. Without one, it is the default. This SDK writes JSON objects. Anything else comes from another
/// provider that managed the object before, and counts as none.
pub(super) fn decode<P: DeserializeOwned + Default>(bytes: &[u8]) -> Result<P, Diagnostic> {
    if !is_object(bytes) {
        return Ok(P::default());
    }
    serde_json::from_slice(bytes).map_err(|e| {
        let detail = format!(
            "What the provider keeps beside the state cannot be read (line {}, column {}). Was the state written by a \
             newer version of the provider?",
            e.line(),
            e.column()
        );
        Diagnostic::error("The private state is damaged", detail)
    })
}

fn is_object(bytes: &[u8]) -> bool {
    serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(bytes).is_ok()
}

/// Writes private state.
pub(super) fn encode<P: Serialize>(private: &P) -> Vec<u8> {
    serde_json::to_vec(private).unwrap_or_default()
}
