//! The trait of ephemeral resources: values that exist while Terraform runs, in neither plan nor state.

use std::time::SystemTime;

use async_trait::async_trait;
use serde::{Serialize, de::DeserializeOwned};

use crate::tf_provider::framework::diagnostics::Diagnostics;
use crate::tf_provider::framework::schema::Model;

/// What an ephemeral resource gives when it is opened.
pub struct Opened<E: EphemeralResource + ?Sized> {
    /// The configuration, and what was computed.
    pub result: E::Model,
    /// What closing needs. Terraform hands this to `close` even after renewals, OpenTofu the latest renewal's.
    pub private: E::Private,
    /// When it has to be renewed, if it has to.
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
    /// What is carried from open to renew and close.
    type Private: Serialize + DeserializeOwned + Send + Sync + 'static;

    /// Its type's name.
    const TYPE_NAME: &'static str;

    /// Checks beyond those of the attributes. Values may be unknown.
    async fn validate(&self, config: Self::Model) -> Diagnostics {
        let _ = config;
        Diagnostics::none()
    }

    /// Makes it. The configuration is wholly known; the result must echo it.
    async fn open(&self, config: Self::Model) -> (Option<Opened<Self>>, Diagnostics);

    /// Prolongs its life.
    async fn renew(&self, private: Self::Private) -> (Option<Renewed<Self>>, Diagnostics);

    /// Ends it. Called on every way out, errors and interrupts included.
    async fn close(&self, private: Self::Private) -> Diagnostics;
}
