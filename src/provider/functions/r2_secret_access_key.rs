//! The S3 credentials of a token for R2. The access key id is the token's id, and the secret is computed from its value.

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use super::{parameter, wrong};
use crate::tf_provider::framework::{Arguments, Function, FunctionError, Raw, Signature, Type};

/// `r2_secret_access_key`
pub(crate) struct R2SecretAccessKey;

impl Function for R2SecretAccessKey {
    const NAME: &'static str = "r2_secret_access_key";

    fn signature(&self) -> Signature {
        Signature {
            summary: "The secret access key of R2's S3 API that belongs to an API token",
            description: "Returns the lower-case hexadecimal SHA-256 of a token's value, which is what R2's S3-compatible \
                          API takes as the secret access key; the access key id is the token's `id`. Where the value is \
                          sensitive or ephemeral, so is the result.",
            parameters: vec![parameter("value", "The token's value.")],
            variadic: None,
            result: Type::String,
        }
    }

    fn call(&self, arguments: &Arguments) -> Result<Raw, FunctionError> {
        let value = arguments.string(0)?;
        if value.is_empty() || value.contains(char::is_whitespace) {
            let right = "value is not the value of an API token: that is neither empty nor has it white space. After an \
                         import the value is not known; roll or replace the token to have one.";
            return Err(wrong(0, right));
        }
        Ok(Raw::string(HEXLOWER.encode(&Sha256::digest(value))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(value: &str) -> Result<Raw, FunctionError> {
        R2SecretAccessKey.call(&Arguments(vec![Raw::string(value)]))
    }

    #[test]
    fn the_secret_is_the_lower_case_sha_256_of_the_value() {
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(call("abc").unwrap().as_str(), Some(expected), "the test vector of FIPS 180-2");
    }

    #[test]
    fn what_is_no_value_is_refused_and_not_quoted() {
        for wrong in ["", "a-value-to-hide\n", "a-value-to-hide x"] {
            let error = call(wrong).unwrap_err();
            assert_eq!(error.argument, Some(0));
            assert!(error.text.starts_with("value ") && !error.text.contains("to-hide"));
        }
    }
}
