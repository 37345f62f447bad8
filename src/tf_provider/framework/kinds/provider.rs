//! The provider itself: its configuration, and what that configures.

use std::sync::Arc;

use async_trait::async_trait;

use super::handle::{Shape, handle};
use super::operation::{ClientCapabilities, check, model, refuse_nulls, run, validated};
use crate::tf_provider::framework::schema::{SecretLikeness, SecretTest};
use crate::tf_provider::framework::{Diagnostics, Model, Raw};

/// A provider: its configuration, and what that configures.
#[async_trait]
pub trait Provider: Send + Sync + 'static {
    /// The provider block.
    type Config: Model;

    /// Its registry address, such as `registry.terraform.io/namespace/type`.
    const ADDRESS: &'static str;

    /// Judges whether a text may be a credential, so that no diagnostic quotes it.
    fn secret_likeness(text: &str) -> SecretLikeness {
        let _ = text;
        SecretLikeness::None
    }

    /// Checks beyond those of the attributes. Values may be unknown.
    async fn validate(&self, config: Self::Config) -> Diagnostics {
        let _ = config;
        Diagnostics::none()
    }

    /// Takes the configuration. At plan, values may be unknown. Operations that need them then wait for the apply. May be
    /// called again with another configuration in the same process.
    async fn configure(&self, config: Self::Config) -> Diagnostics;

    /// The user has asked Terraform to stop. Running operations soon return what they have, so that it is saved.
    async fn stop(&self);

    /// The process ends within about a second. This is the last chance to clean up what Terraform has not closed.
    async fn close(&self) {}
}

/// The provider, as the registry has it.
pub struct ProviderHandle {
    erased: Arc<dyn Erased>,
    shape: Shape,
}

handle!(ProviderHandle);

impl ProviderHandle {
    pub(in crate::tf_provider::framework) fn new<P: Provider>(provider: P, secret: SecretTest) -> Self {
        Self { erased: Arc::new(Typed(provider, secret)), shape: Shape::of::<P::Config>() }
    }

    /// Takes a provider block. Values may be unknown.
    pub async fn configure(&self, config: Raw) -> Diagnostics {
        run(self.erased.clone().configure(config)).await
    }

    /// The user has asked Terraform to stop.
    pub async fn stop(&self) {
        self.erased.stop().await;
    }

    /// The process is about to leave.
    pub async fn close(&self) {
        self.erased.close().await;
    }
}

#[async_trait]
trait Erased: Send + Sync {
    async fn validate(self: Arc<Self>, config: Raw, client: ClientCapabilities) -> Diagnostics;
    async fn configure(self: Arc<Self>, config: Raw) -> Diagnostics;
    async fn stop(&self);
    async fn close(&self);
}

struct Typed<P>(P, SecretTest);

#[async_trait]
impl<P: Provider> Erased for Typed<P> {
    async fn validate(self: Arc<Self>, config: Raw, client: ClientCapabilities) -> Diagnostics {
        validated(config, client, self.1, |config| self.0.validate(config)).await
    }

    async fn configure(self: Arc<Self>, config: Raw) -> Diagnostics {
        check!(refuse_nulls::<P::Config>(&config, self.1));
        self.0.configure(check!(model(&config))).await
    }

    async fn stop(&self) {
        self.0.stop().await;
    }

    async fn close(&self) {
        self.0.close().await;
    }
}
