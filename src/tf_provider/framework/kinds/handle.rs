//! What every handle has: the schema of a type, and the type of its values, built when they are first asked for.

use std::sync::OnceLock;

use crate::tf_provider::framework::{Mode, Model, Schema, Type};

/// A schema and its type. It is built when it is needed, because most processes serve only one or two types.
pub(super) struct Shape {
    build: fn() -> Schema,
    built: OnceLock<(Schema, Type)>,
}

impl Shape {
    /// The shape of a kind without state. Attributes that are shared with resources do not require a replacement there.
    pub(super) fn of<M: Model>() -> Self {
        let build = || {
            let mut schema = schema::<M>(0);
            schema.attributes.iter_mut().for_each(|attribute| attribute.requires_replace = false);
            schema
        };
        Self { build, built: OnceLock::new() }
    }

    /// The shape of a kind that has only a configuration. Nothing in it is computed.
    pub(super) fn of_configuration<M: Model>() -> Self {
        let build = || {
            let mut schema = schema::<M>(0);
            for attribute in &mut schema.attributes {
                attribute.requires_replace = false;
                if attribute.mode == Mode::OptionalComputed {
                    attribute.mode = Mode::Optional;
                }
            }
            schema
        };
        Self { build, built: OnceLock::new() }
    }

    /// The shape that this builds.
    pub(super) fn new(build: fn() -> Schema) -> Self {
        Self { build, built: OnceLock::new() }
    }

    pub(super) fn schema(&self) -> &Schema {
        &self.built().0
    }

    pub(super) fn ty(&self) -> &Type {
        &self.built().1
    }

    fn built(&self) -> &(Schema, Type) {
        self.built.get_or_init(|| {
            let schema = (self.build)();
            let ty = schema.ty();
            (schema, ty)
        })
    }
}

/// The methods of every handle. It has a `shape` and an `erased`.
macro_rules! handle {
    ($handle:ident) => {
        impl $handle {
            /// Its schema.
            pub fn schema(&self) -> &$crate::tf_provider::framework::Schema {
                self.shape.schema()
            }

            /// The type of its values.
            pub fn ty(&self) -> &$crate::tf_provider::framework::Type {
                self.shape.ty()
            }

            /// Checks a configuration.
            pub async fn validate(
                &self,
                config: $crate::tf_provider::framework::Raw,
                client: $crate::tf_provider::framework::ClientCapabilities,
            ) -> $crate::tf_provider::framework::Diagnostics {
                run(self.erased.clone().validate(config, client)).await
            }
        }
    };
}
pub(super) use handle;

/// The schema that a model declares.
pub(super) fn schema<M: Model>(version: i64) -> Schema {
    Schema { version, description: M::DESCRIPTION, attributes: M::attributes() }
}
