//! Ephemeral resources: values that exist while Terraform runs, in neither plan nor state.

use std::sync::Arc;
use std::time::SystemTime;

use async_trait::async_trait;
use serde::{Serialize, de::DeserializeOwned};
use tokio_util::task::TaskTracker;

use super::handle::{Shape, handle};
use super::operation::{
    ClientCapabilities, check, decode, encode, failed, model, refuse_nulls_and_unknowns, run, run_to_end,
    validated,
};
use crate::tf_provider::framework::schema::SecretTest;
use crate::tf_provider::framework::{Diagnostic, Diagnostics, Model, Raw};

/// An opened ephemeral resource.
pub struct Opened<E: EphemeralResource + ?Sized> {
    /// The configuration with the computed values.
    pub result: E::Model,
    /// The data for `close`. Terraform passes this to `close` even after renewals, OpenTofu the latest renewal's.
    pub private: E::Private,
    /// When it must be renewed, if it must.
    pub renew_at: Option<SystemTime>,
}

/// What a renewal changed.
pub struct Renewed<E: EphemeralResource + ?Sized> {
    /// For the next renewal.
    pub private: E::Private,
    /// When that is due, if it is.
    pub renew_at: Option<SystemTime>,
}

/// An ephemeral resource.
#[async_trait]
pub trait EphemeralResource: Send + Sync + 'static {
    /// Configuration and result in one.
    type Model: Model;
    /// The data that is passed from open to renew and close.
    type Private: Serialize + DeserializeOwned + Send + Sync + 'static;

    /// Its type's name.
    const TYPE_NAME: &'static str;

    /// Checks beyond those of the attributes. Values may be unknown.
    async fn validate(&self, config: Self::Model) -> Diagnostics {
        let _ = config;
        Diagnostics::none()
    }

    /// Makes it. The configuration is completely known. The result must echo it.
    async fn open(&self, config: Self::Model) -> (Option<Opened<Self>>, Diagnostics);

    /// Prolongs its life.
    async fn renew(&self, private: Self::Private) -> (Option<Renewed<Self>>, Diagnostics);

    /// Ends it. Called in every case, also after errors and interrupts.
    async fn close(&self, private: Self::Private) -> Diagnostics;
}

/// An opened ephemeral resource.
#[derive(Default)]
pub struct OpenResponse {
    /// The configuration with the computed values. Absent on errors.
    pub result: Option<Raw>,
    /// For renew and close.
    pub private: Vec<u8>,
    /// When it must be renewed.
    pub renew_at: Option<SystemTime>,
    /// The diagnostics.
    pub diagnostics: Diagnostics,
}

/// A renewed ephemeral resource.
#[derive(Default)]
pub struct RenewResponse {
    /// For the next renewal.
    pub private: Vec<u8>,
    /// When that is due.
    pub renew_at: Option<SystemTime>,
    /// The diagnostics.
    pub diagnostics: Diagnostics,
}
failed!(OpenResponse, RenewResponse);

/// An ephemeral resource type that the provider has.
pub struct EphemeralResourceHandle {
    erased: Arc<dyn Erased>,
    shape: Shape,
    writes: TaskTracker,
}

handle!(EphemeralResourceHandle);

impl EphemeralResourceHandle {
    pub(in crate::tf_provider::framework) fn new<E: EphemeralResource>(
        ephemeral: E,
        secret: SecretTest,
        writes: TaskTracker,
    ) -> Self {
        Self { erased: Arc::new(Typed(ephemeral, secret)), shape: Shape::of::<E::Model>(), writes }
    }

    /// Makes one.
    pub async fn open(&self, config: Raw) -> OpenResponse {
        run_to_end(&self.writes, self.erased.clone().open(config)).await
    }

    /// Prolongs the life of one.
    pub async fn renew(&self, private: Vec<u8>) -> RenewResponse {
        run_to_end(&self.writes, self.erased.clone().renew(private)).await
    }

    /// Ends one.
    pub async fn close(&self, private: Vec<u8>) -> Diagnostics {
        run_to_end(&self.writes, self.erased.clone().close(private)).await
    }
}

#[async_trait]
trait Erased: Send + Sync {
    async fn validate(self: Arc<Self>, config: Raw, client: ClientCapabilities) -> Diagnostics;
    async fn open(self: Arc<Self>, config: Raw) -> OpenResponse;
    async fn renew(self: Arc<Self>, private: Vec<u8>) -> RenewResponse;
    async fn close(self: Arc<Self>, private: Vec<u8>) -> Diagnostics;
}

struct Typed<E>(E, SecretTest);

#[async_trait]
impl<E: EphemeralResource> Erased for Typed<E> {
    async fn validate(self: Arc<Self>, config: Raw, client: ClientCapabilities) -> Diagnostics {
        validated(config, client, self.1, |config| self.0.validate(config)).await
    }

    async fn open(self: Arc<Self>, config: Raw) -> OpenResponse {
        check!(refuse_nulls_and_unknowns::<E::Model>(&config, self.1));
        match self.0.open(check!(model(&config))).await {
            (Some(opened), diagnostics) => OpenResponse {
                result: Some(opened.result.to_object()),
                private: encode(&opened.private),
                renew_at: opened.renew_at,
                diagnostics,
            },
            (None, diagnostics) => OpenResponse { diagnostics, ..OpenResponse::default() },
        }
    }

    async fn renew(self: Arc<Self>, private: Vec<u8>) -> RenewResponse {
        match self.0.renew(check!(carried(&private))).await {
            (Some(renewed), diagnostics) => {
                RenewResponse { private: encode(&renewed.private), renew_at: renewed.renew_at, diagnostics }
            }
            (None, diagnostics) => RenewResponse { diagnostics, ..RenewResponse::default() },
        }
    }

    async fn close(self: Arc<Self>, private: Vec<u8>) -> Diagnostics {
        self.0.close(check!(carried(&private))).await
    }
}

/// The data of an ephemeral resource from open to close. It is always there, because open wrote it.
fn carried<P: DeserializeOwned>(private: &[u8]) -> Result<P, Diagnostic> {
    match decode::<Option<P>>(private)? {
        Some(private) => Ok(private),
        None => Err(Diagnostic::error(
            "The ephemeral resource cannot be closed",
            "Terraform handed nothing back of what opening it gave.",
        )),
    }
}
