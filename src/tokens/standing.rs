//! Whether a token's value works, from the API's answer to a verification with the value. Pure.

use crate::cloudflare::{Error, Verification};

/// The API's verdict on a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is the token's value.
    Live,
    /// It was a token's value and does not work any more.
    Dead,
    /// The API does not know it. That is also the answer for a value that was made a moment ago.
    NotKnown,
    /// The API refuses it for a reason that may pass.
    Refused,
    /// The answer does not show the value's state: no network, another address than those that the token works from,
    /// another token's value.
    Unclear,
}

impl Standing {
    /// Reads the answer to a verification. `id` is the token whose value it should be.
    pub(super) fn of(answer: &Result<Verification, Error>, id: &str) -> Self {
        match answer {
            Ok(verified) if verified.id == id => Self::Live,
            Ok(_) => Self::Unclear,
            Err(error) if error.is_dead_credential() => Self::Dead,
            Err(error) if error.is_unknown_credential() => Self::NotKnown,
            Err(error) if error.is_auth() && !error.is_wrong_address() => Self::Refused,
            Err(_) => Self::Unclear,
        }
    }

    /// Whether the value has certainly stopped working.
    pub fn is_dead(self) -> bool {
        matches!(self, Self::Dead | Self::NotKnown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloudflare::ApiError;

    #[test]
    fn only_clear_answers_say_that_a_value_is_dead() {
        let verified = |id: &str| {
            let json = serde_json::json!({"id": id, "status": "disabled"});
            Ok(serde_json::from_value(json).unwrap())
        };
        let refused = |status, code, message: &str| {
            let message = message.to_owned();
            let error = ApiError { code, message, pointer: None, documentation_url: None, chain: vec![] };
            let (method, path) = (http::Method::GET, "/user/tokens/verify".to_owned());
            Err(Error::Api { status, errors: vec![error], method, path, ray: None, retry_after: None })
        };
        for (answer, standing) in [
            (verified("a"), Standing::Live),
            (verified("b"), Standing::Unclear),
            (refused(403, 9109, "Invalid access token"), Standing::Dead),
            (refused(401, 1000, "Invalid API Token"), Standing::NotKnown),
            (refused(403, 9109, "Cannot use the access token from location: 192.0.2.1"), Standing::Unclear),
            (refused(403, 10000, "Authentication error"), Standing::Refused),
            (refused(429, 971, "Please wait"), Standing::Unclear),
            (refused(502, 0, ""), Standing::Unclear),
            (Err(Error::Config("no way".to_owned())), Standing::Unclear),
        ] {
            assert_eq!(Standing::of(&answer, "a"), standing, "{answer:?}");
        }
        assert!(Standing::Dead.is_dead() && Standing::NotKnown.is_dead());
        assert!(!Standing::Refused.is_dead() && !Standing::Unclear.is_dead());
    }
}
