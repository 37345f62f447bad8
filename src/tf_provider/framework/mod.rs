//! Terraform's semantics without protobuf: values, types, paths, diagnostics, schema, planning, typed traits, and the
//! registry that the wire serves. It knows no protocol version and no remote API.

mod catch;
mod diagnostics;
mod erased;
mod kinds;
mod path;
mod plan;
mod schema;
mod server;
mod value;

pub use catch::report_panics;
pub use diagnostics::{Diagnostic, Diagnostics, Severity};
pub use kinds::{
    Applied, Arguments, ClientCapabilities, Created, DataSource, EphemeralResource, Function, FunctionError,
    Imported, MoveSource, Opened, Planning, PriorState, Provider, ReadBack, Renewed, Resource, ResourceId,
    Updating,
};
pub use path::{Path, Step};
pub use plan::{Plan, mark_unknown, plan};
pub use schema::{
    Attribute, Equality, Fault, IdentityAttribute, IdentitySchema, Kind, Mode, Model, Nesting, Parameter,
    Schema, Schemas, Signature, Spec, Validator, View, attribute_name, block, computed, may_be_secret,
    object, optional, required, validate,
};
pub use server::{
    ApplyRequest, ApplyResponse, ImportResponse, OpenResponse, PlanRequest, PlanResponse, ReadResponse,
    RenewResponse, Server, ServerBuilder, StateResponse,
};
pub use value::{Attr, Element, List, Map, Mismatch, Number, Raw, Set, Type, Value};
