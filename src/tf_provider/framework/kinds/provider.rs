//! The traits of a provider and of its data sources.

use async_trait::async_trait;

use crate::tf_provider::framework::diagnostics::Diagnostics;
use crate::tf_provider::framework::schema::Model;

/// What the client says of itself with a request.
#[derive(Clone, Copy, Debug, Default)]
pub struct ClientCapabilities {
    /// It knows write-only attributes; older clients would store their values.
    pub write_only_attributes: bool,
}

/// A provider: its configuration, and what that configures.
#[async_trait]
pub trait Provider: Send + Sync + 'static {
    /// The provider block.
    type Config: Model;

    /// Checks beyond those of the attributes. Values may be unknown.
    async fn validate(&self, config: Self::Config) -> Diagnostics {
        let _ = config;
        Diagnostics::none()
    }

    /// Takes the configuration. At plan, values may be unknown: what needs them is then left for apply. May be called
    /// again with another configuration in the same process.
    async fn configure(&self, config: Self::Config) -> Diagnostics;

    /// The user has asked Terraform to stop: what is under way returns what it has soon, so that it is saved.
    async fn stop(&self);

    /// The process is about to leave, within a second or so: the last chance to clear away what Terraform has not closed.
    async fn close(&self) {}
}

/// A data source.
#[async_trait]
pub trait DataSource: Send + Sync + 'static {
    /// Configuration and result in one.
    type Model: Model;

    /// Its type's name.
    const TYPE_NAME: &'static str;

    /// Checks beyond those of the attributes. Values may be unknown.
    async fn validate(&self, config: Self::Model) -> Diagnostics {
        let _ = config;
        Diagnostics::none()
    }

    /// Reads it. The configuration is wholly known; the result has no unknown in it.
    async fn read(&self, config: Self::Model) -> (Option<Self::Model>, Diagnostics);
}
