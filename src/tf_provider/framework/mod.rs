//! Terraform's semantics without protobuf: values, types, paths, diagnostics, schema, planning, kinds of things, and the
//! registry that the wire serves. It knows no protocol version and no remote API.

mod catch;
mod diagnostics;
mod generate;
mod kinds;
mod path;
mod plan;
mod registry;
mod schema;
mod value;

pub use catch::report_panics;
pub use diagnostics::{Diagnostic, Diagnostics, Severity};
pub use kinds::{
    Action, ActionEvent, ActionHandle, Applied, ApplyRequest, ApplyResponse, Arguments, ClientCapabilities,
    ConfigResponse, DataResponse, DataSource, DataSourceHandle, EphemeralResource, EphemeralResourceHandle,
    Function, FunctionError, FunctionHandle, IdentityResponse, ImportResponse, Imported, ListEvent,
    ListRequest, ListResource, ListResourceHandle, Listed, Listing, MoveSource, OpenResponse, Opened,
    PlanRequest, PlanResponse, Planning, PriorState, Progress, Provider, ProviderHandle, ReadBack,
    ReadRequest, ReadResponse, RenewResponse, Renewed, Resource, ResourceHandle, ResourceId, StateResponse,
    Updating, Written,
};
pub use path::{Path, Step};
pub use plan::{Plan, mark_unknown, plan};
pub use registry::{Registry, RegistryBuilder};
pub use schema::{
    Attr, Attribute, Equality, Fault, IdentityAttribute, IdentitySchema, Kind, Mismatch, Mode, Model,
    Nesting, Parameter, Schema, Schemas, SecretLikeness, SecretTest, Signature, Spec, Validator, View,
    attribute_name, block, computed, described, hcl, object, optional, required, unwrap, validate,
};
pub use value::{Element, List, Map, Number, Raw, Set, Type, Value};
