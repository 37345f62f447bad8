//! Data sources: what is read and not managed.

use std::sync::Arc;

use async_trait::async_trait;

use super::handle::{Shape, handle};
use super::operation::{ClientCapabilities, check, failed, model, refuse_nulls_and_unknowns, run, validated};
use crate::tf_provider::framework::schema::SecretTest;
use crate::tf_provider::framework::{Diagnostics, Model, Raw};

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

    /// Reads it. The configuration is completely known. The result has no unknown in it.
    async fn read(&self, config: Self::Model) -> (Option<Self::Model>, Diagnostics);
}

/// The answer of a data source.
#[derive(Default)]
pub struct DataResponse {
    /// The configuration with the result. Absent on errors.
    pub state: Option<Raw>,
    /// The diagnostics.
    pub diagnostics: Diagnostics,
}
failed!(DataResponse);

/// A data source that the provider has.
pub struct DataSourceHandle {
    erased: Arc<dyn Erased>,
    shape: Shape,
}

handle!(DataSourceHandle);

impl DataSourceHandle {
    pub(in crate::tf_provider::framework) fn new<D: DataSource>(data_source: D, secret: SecretTest) -> Self {
        Self { erased: Arc::new(Typed(data_source, secret)), shape: Shape::of::<D::Model>() }
    }

    /// Reads it.
    pub async fn read(&self, config: Raw) -> DataResponse {
        run(self.erased.clone().read(config)).await
    }
}

#[async_trait]
trait Erased: Send + Sync {
    async fn validate(self: Arc<Self>, config: Raw, client: ClientCapabilities) -> Diagnostics;
    async fn read(self: Arc<Self>, config: Raw) -> DataResponse;
}

struct Typed<D>(D, SecretTest);

#[async_trait]
impl<D: DataSource> Erased for Typed<D> {
    async fn validate(self: Arc<Self>, config: Raw, client: ClientCapabilities) -> Diagnostics {
        validated(config, client, self.1, |config| self.0.validate(config)).await
    }

    async fn read(self: Arc<Self>, config: Raw) -> DataResponse {
        check!(refuse_nulls_and_unknowns::<D::Model>(&config, self.1));
        let (state, diagnostics) = self.0.read(check!(model(&config))).await;
        DataResponse { state: state.map(|model: D::Model| model.to_object()), diagnostics }
    }
}
