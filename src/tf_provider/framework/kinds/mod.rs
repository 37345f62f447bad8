//! The kinds of things that a provider has, a file each: what implements them, and what they are asked and answer.

mod ephemeral_resource;
mod function;
mod provider;
mod resource;

pub use ephemeral_resource::{EphemeralResource, Opened, Renewed};
pub use function::{Arguments, Function, FunctionError};
pub use provider::{ClientCapabilities, DataSource, Provider};
pub use resource::{
    Applied, Created, Imported, MoveSource, Planning, PriorState, ReadBack, Resource, ResourceId, Updating,
};
