//! Provider functions. They run unconfigured, in validate too, and must be pure.

use std::sync::{Arc, OnceLock};

use super::operation::Failed;
use crate::tf_provider::framework::catch::catch;
use crate::tf_provider::framework::schema::null_elements;
use crate::tf_provider::framework::{Diagnostics, Path, Raw, Signature};

/// The error of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionError {
    /// What is wrong, and what to write.
    pub text: String,
    /// The wrong argument, counted from 0.
    pub argument: Option<i64>,
}

/// A function's arguments: as many as its signature has. None is null, and all are known, unless the parameter allows
/// unknown ones.
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

/// A function that the provider has.
pub struct FunctionHandle {
    erased: Arc<dyn Erased>,
    signature: OnceLock<Signature>,
}

impl FunctionHandle {
    pub(in crate::tf_provider::framework) fn new<F: Function>(function: F) -> Self {
        Self { erased: Arc::new(function), signature: OnceLock::new() }
    }

    /// Its parameters and its result's type.
    pub fn signature(&self) -> &Signature {
        self.signature.get_or_init(|| self.erased.signature())
    }

    /// Calls it. Null elements of an argument are refused.
    pub async fn call(&self, arguments: Vec<Raw>) -> Result<Raw, FunctionError> {
        let Signature { parameters, variadic, .. } = self.signature();
        for (i, argument) in arguments.iter().enumerate() {
            let Some(parameter) = parameters.get(i).or(variadic.as_ref()) else { continue };
            let nulls = null_elements(&parameter.ty, argument, &Path::of(parameter.name));
            if let Some(null) = nulls.0.into_iter().next() {
                return Err(FunctionError { text: null.detail, argument: i64::try_from(i).ok() });
            }
        }
        // It runs on the connection's own task: a pure function is done sooner than another thread would have begun it.
        let arguments = Arguments(arguments);
        match catch(async { self.erased.call(&arguments) }).await {
            Ok(result) => result,
            Err(panicked) => Failed::failed(panicked.into()),
        }
    }
}

impl Failed for Result<Raw, FunctionError> {
    fn failed(why: Diagnostics) -> Self {
        let texts: Vec<_> = why.0.into_iter().map(|d| format!("{}: {}", d.summary, d.detail)).collect();
        Err(FunctionError { text: texts.join("\n"), argument: None })
    }
}

trait Erased: Send + Sync {
    fn signature(&self) -> Signature;
    fn call(&self, arguments: &Arguments) -> Result<Raw, FunctionError>;
}

impl<F: Function> Erased for F {
    fn signature(&self) -> Signature {
        Function::signature(self)
    }

    fn call(&self, arguments: &Arguments) -> Result<Raw, FunctionError> {
        Function::call(self, arguments)
    }
}
