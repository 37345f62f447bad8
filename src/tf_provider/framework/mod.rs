//! Terraform's semantics without protobuf: values, types, paths, diagnostics, schema, planning, typed traits, and the
//! registry that the wire serves. It knows no protocol version and no remote API.

mod catch;
mod diagnostics;
mod ephemeral;
mod erased;
mod function;
mod model;
mod nulls;
mod path;
mod plan;
mod provider;
mod raw;
mod resource;
mod schema;
mod server;
mod types;
mod validate;
mod value;

pub use catch::report_panics;
pub use diagnostics::{Diagnostic, Diagnostics, Severity};
pub use ephemeral::{EphemeralResource, Opened, Renewed};
pub use function::{Arguments, Function, FunctionError};
pub use model::{Model, attribute_name};
pub use path::{Path, Step};
pub use plan::{Plan, mark_unknown, plan};
pub use provider::{ClientCapabilities, DataSource, Provider};
pub use raw::{Number, Raw};
pub use resource::{
    Applied, Created, Imported, MoveSource, Planning, PriorState, ReadBack, Resource, ResourceId, Updating,
};
pub use schema::{
    Attribute, Equality, Fault, IdentityAttribute, IdentitySchema, Kind, Mode, Nesting, Parameter, Schema,
    Schemas, Signature, Spec, Validator, block, computed, object, optional, required,
};
pub use server::{
    ApplyRequest, ApplyResponse, ImportResponse, OpenResponse, PlanRequest, PlanResponse, ReadResponse,
    RenewResponse, Server, ServerBuilder, StateResponse,
};
pub use types::Type;
pub use validate::{may_be_secret, validate};
pub use value::{Attr, Element, List, Map, Mismatch, Set, Value};
