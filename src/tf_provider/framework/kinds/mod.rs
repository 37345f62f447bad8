//! The kinds of things that a provider has. Each file has the trait that implements the kind, its requests and answers, and
//! the handle by which the registry has one without its types.

mod action;
mod data_source;
mod ephemeral_resource;
mod function;
mod handle;
mod list_resource;
mod operation;
mod provider;
mod resource;
mod resource_handle;

pub use action::{Action, ActionEvent, ActionHandle, Progress};
pub use data_source::{DataResponse, DataSource, DataSourceHandle};
pub use ephemeral_resource::{
    EphemeralResource, EphemeralResourceHandle, OpenResponse, Opened, RenewResponse, Renewed,
};
pub use function::{Arguments, Function, FunctionError, FunctionHandle};
pub use list_resource::{ListEvent, ListRequest, ListResource, ListResourceHandle, Listed, Listing};
pub use operation::ClientCapabilities;
pub use provider::{Provider, ProviderHandle};
pub use resource::{
    Applied, Imported, MoveSource, Planning, PriorState, ReadBack, Resource, ResourceId, Updating, Written,
};
pub use resource_handle::{
    ApplyRequest, ApplyResponse, ConfigResponse, IdentityResponse, ImportResponse, PlanRequest, PlanResponse,
    ReadRequest, ReadResponse, ResourceHandle, StateResponse,
};
