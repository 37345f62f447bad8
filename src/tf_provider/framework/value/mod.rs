//! Values: null, not known before apply, or known. In Terraform's form, and as fields of models.

mod raw;
mod typed;
mod types;

pub use raw::{Number, Raw};
pub use typed::{Element, List, Map, Set, Value};
pub use types::Type;
