//! The trait of provider functions. They run unconfigured, in validate too, and must be pure.

use crate::tf_provider::framework::schema::Signature;
use crate::tf_provider::framework::value::Raw;

/// Why a function has no result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionError {
    /// What is wrong, and what would be right.
    pub text: String,
    /// The argument that is at fault, from 0.
    pub argument: Option<i64>,
}

/// A function's arguments: as many as its signature has, none null, and known but where the parameter allows it.
pub struct Arguments(pub Vec<Raw>);

impl Arguments {
    /// A string argument.
    pub fn string(&self, index: usize) -> Result<&str, FunctionError> {
        self.0.get(index).and_then(Raw::as_str).ok_or_else(|| FunctionError {
            text: "a string was expected.".to_owned(),
            argument: i64::try_from(index).ok(),
        })
    }
}

/// A provider function.
pub trait Function: Send + Sync + 'static {
    /// Its name, after `provider::<local name>::`.
    const NAME: &'static str;

    /// Its parameters and its result's type.
    fn signature(&self) -> Signature;

    /// Its result. The same arguments must always give the same.
    fn call(&self, arguments: &Arguments) -> Result<Raw, FunctionError>;
}
