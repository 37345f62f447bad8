//! Actions: operations that run once, on request or when a resource changes, and leave no state.

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::stream::{self, BoxStream, StreamExt};
use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;

use super::handle::{Shape, handle};
use super::operation::{
    ClientCapabilities, check, model, refuse_nulls, refuse_nulls_and_unknowns, run, run_to_end, validated,
};
use crate::tf_provider::framework::schema::SecretTest;
use crate::tf_provider::framework::{Diagnostic, Diagnostics, Model, Raw};

/// An action.
#[async_trait]
pub trait Action: Send + Sync + 'static {
    /// Its configuration.
    type Config: Model;

    /// Its type's name.
    const TYPE_NAME: &'static str;

    /// Checks beyond those of the attributes. Values may be unknown.
    async fn validate(&self, config: Self::Config) -> Diagnostics {
        let _ = config;
        Diagnostics::none()
    }

    /// Says at plan whether it will be refused. Values may be unknown.
    async fn plan(&self, config: Self::Config) -> Diagnostics {
        let _ = config;
        Diagnostics::none()
    }

    /// Runs the action. The configuration is completely known.
    async fn invoke(&self, config: Self::Config, progress: Progress) -> Diagnostics;
}

/// The channel for an action's progress.
pub struct Progress(mpsc::UnboundedSender<String>);

impl Progress {
    /// Sends a message to the user, who may be gone.
    pub fn report(&self, message: impl Into<String>) {
        let _ = self.0.send(message.into());
    }
}

/// An event of a running action.
pub enum ActionEvent {
    /// How far it is.
    Progress(String),
    /// It has ended. This is the last event.
    Completed(Diagnostics),
}

/// An action that the provider has.
pub struct ActionHandle {
    erased: Arc<dyn Erased>,
    shape: Shape,
    writes: TaskTracker,
}

handle!(ActionHandle);

impl ActionHandle {
    pub(in crate::tf_provider::framework) fn new<A: Action>(
        action: A,
        secret: SecretTest,
        writes: TaskTracker,
    ) -> Self {
        Self {
            erased: Arc::new(Typed(action, secret)),
            shape: Shape::of_configuration::<A::Config>(),
            writes,
        }
    }

    /// Says whether it will be refused.
    pub async fn plan(&self, config: Raw) -> Diagnostics {
        run(self.erased.clone().plan(config)).await
    }

    /// Runs the action. It starts at once, and is finished even if no one listens any more.
    pub fn invoke(&self, config: Raw) -> BoxStream<'static, ActionEvent> {
        let (progress, mut told) = mpsc::unbounded_channel();
        let (writes, invoked) = (self.writes.clone(), self.erased.clone().invoke(config, Progress(progress)));
        let work = tokio::spawn(async move { run_to_end(&writes, invoked).await });
        let told = stream::poll_fn(move |context| told.poll_recv(context)).map(ActionEvent::Progress);
        let stopping = || Diagnostic::error("The provider is stopping", "The action was not finished.");
        let end = async move { ActionEvent::Completed(work.await.unwrap_or_else(|_| stopping().into())) };
        told.chain(stream::once(end)).boxed()
    }
}

#[async_trait]
trait Erased: Send + Sync {
    async fn validate(self: Arc<Self>, config: Raw, client: ClientCapabilities) -> Diagnostics;
    async fn plan(self: Arc<Self>, config: Raw) -> Diagnostics;
    async fn invoke(self: Arc<Self>, config: Raw, progress: Progress) -> Diagnostics;
}

struct Typed<A>(A, SecretTest);

#[async_trait]
impl<A: Action> Erased for Typed<A> {
    async fn validate(self: Arc<Self>, config: Raw, client: ClientCapabilities) -> Diagnostics {
        validated(config, client, self.1, |config| self.0.validate(config)).await
    }

    async fn plan(self: Arc<Self>, config: Raw) -> Diagnostics {
        check!(refuse_nulls::<A::Config>(&config, self.1));
        self.0.plan(check!(model(&config))).await
    }

    async fn invoke(self: Arc<Self>, config: Raw, progress: Progress) -> Diagnostics {
        check!(refuse_nulls_and_unknowns::<A::Config>(&config, self.1));
        self.0.invoke(check!(model(&config)), progress).await
    }
}
