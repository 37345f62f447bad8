//! Values: null, not known before apply, or known. As Terraform sends them, and as the fields of models hold them.

mod raw;
mod typed;
mod types;

pub use raw::{Number, Raw};
pub use typed::{Element, List, Map, Set, Value};
pub use types::Type;
