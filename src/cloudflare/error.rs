//! The client's errors. Callers use the predicates and do not compare codes.
//!
//! No error contains a credential, a token's value or a body. Errors are cheap to clone, because one write can answer
//! several callers.

use std::fmt;
use std::time::Duration;

use http::Method;

/// An item of an envelope's `errors`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError {
    /// Cloudflare's code. 0 if it gave none.
    pub code: u32,
    /// Cloudflare's message, with everything that looks like a token's value masked.
    pub message: String,
    /// The JSON pointer into the request that it is about.
    pub pointer: Option<String>,
    /// Where Cloudflare explains it.
    pub documentation_url: Option<String>,
    /// Its causes, in the API's older style.
    pub chain: Vec<Self>,
}

/// The reason why a request has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransportKind {
    /// No connection: name resolution, TCP or TLS failed, so nothing was sent.
    #[error("can't connect")]
    Connect,
    /// No answer in time.
    #[error("no answer in time")]
    Timeout,
    /// The connection ended before an answer.
    #[error("the connection was lost")]
    Reset,
    /// The answer ended too soon, or was larger than any that makes sense.
    #[error("the answer was incomplete")]
    Truncated,
    /// It would have started later than [`Request::start_within`](super::Request::start_within) allows, and was not sent.
    #[error("not sent, since it would have been too late")]
    TooLate,
}

/// Why a request has no result.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The API refused the request.
    #[error("{method} {path}: HTTP {status}: {}{}", said(errors), ray_of(ray.as_ref()))]
    Api {
        /// The HTTP status.
        status: u16,
        /// The API's errors, the most important first. May be empty.
        errors: Vec<ApiError>,
        /// The request's method.
        method: Method,
        /// The request's path.
        path: String,
        /// The `cf-ray` header, which Cloudflare's support asks for.
        ray: Option<String>,
        /// How long it asks to wait, capped.
        retry_after: Option<Duration>,
    },
    /// The answer does not come from the API: it has no envelope, or not the result that was asked for.
    #[error(
        "{method} {path}: HTTP {status}: not an answer of the Cloudflare API ({}): {detail}",
        content_type.as_deref().unwrap_or("no content type")
    )]
    Malformed {
        /// The HTTP status.
        status: u16,
        /// Its `content-type`.
        content_type: Option<String>,
        /// What is wrong with it, and a masked excerpt if that is safe.
        detail: String,
        /// The request's method.
        method: Method,
        /// The request's path.
        path: String,
        /// How long it asks to wait, capped.
        retry_after: Option<Duration>,
    },
    /// There is no answer.
    #[error("{method} {path}: {kind}{}: {detail}", effect(*sent))]
    Transport {
        /// What happened.
        kind: TransportKind,
        /// Whether the request may have reached the API.
        sent: bool,
        /// What the network said.
        detail: String,
        /// The request's method.
        method: Method,
        /// The request's path.
        path: String,
    },
    /// All answers were older than a version that the API has confirmed before.
    #[error("GET {path}: the API keeps showing an older version than the one that was written last")]
    Outdated {
        /// The request's path.
        path: String,
    },
    /// A wait before the request, or before another attempt at it, was ended by
    /// [`ClientConfig::stop`](super::ClientConfig::stop). It had no effect.
    #[error("{method} {path}: not sent, since the wait for it was ended: {waited}")]
    Stopped {
        /// The request's method.
        method: Method,
        /// The request's path.
        path: String,
        /// Why it waited.
        waited: String,
    },
    /// The last attempt had no effect, and an earlier one may have had. So the outcome of the request is not known.
    #[error("{last}; and an earlier attempt may have had its effect: {earlier}")]
    Unsettled {
        /// What the last attempt ended with.
        last: Box<Self>,
        /// What the attempt that is in doubt ended with.
        earlier: Box<Self>,
    },
    /// The client's configuration can't work. Nothing was sent.
    #[error("Cloudflare API client: {0}")]
    Config(String),
    /// The request can't be sent: an empty id, for example. Nothing was sent.
    #[error("the request can't be sent: {0}")]
    InvalidRequest(String),
}

impl Error {
    /// The HTTP status, if there was an answer.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Api { status, .. } | Self::Malformed { status, .. } => Some(*status),
            Self::Unsettled { last, .. } => last.status(),
            _ => None,
        }
    }

    /// The API's errors, without those behind them.
    pub fn errors(&self) -> &[ApiError] {
        match self {
            Self::Api { errors, .. } => errors,
            Self::Unsettled { last, .. } => last.errors(),
            _ => &[],
        }
    }

    /// Whether the API gave this code, at any depth.
    pub fn has_code(&self, code: u32) -> bool {
        fn within(errors: &[ApiError], code: u32) -> bool {
            errors.iter().any(|error| error.code == code || within(&error.chain, code))
        }
        within(self.errors(), code)
    }

    /// Whether one of the API's messages contains this, at any depth; case does not count.
    pub fn says(&self, words: &str) -> bool {
        fn within(errors: &[ApiError], words: &str) -> bool {
            errors.iter().any(|e| e.message.to_ascii_lowercase().contains(words) || within(&e.chain, words))
        }
        within(self.errors(), &words.to_ascii_lowercase())
    }

    /// Whether the error has the address of an explanation. Then the refusal is final and not temporary.
    pub(super) fn is_explained(&self) -> bool {
        fn within(errors: &[ApiError]) -> bool {
            errors.iter().any(|error| error.documentation_url.is_some() || within(&error.chain))
        }
        within(self.errors())
    }

    /// Whether a deletion was refused because Cloudflare itself manages the token.
    pub fn is_managed_by_cloudflare(&self) -> bool {
        let Self::Api { status, method, .. } = self else { return false };
        let refused = matches!(*status, 400 | 403 | 409) && *method == Method::DELETE;
        refused && self.has_code(1001) && !self.says("account id")
    }

    fn has_any(&self, codes: &[u32]) -> bool {
        codes.iter().any(|code| self.has_code(*code))
    }

    /// Whether the addressed object does not exist: a token, a secret, or the Worker that would have it.
    ///
    /// A route that does not exist (7000, 7001, 7003, also for a bad account id) is different. So is a 404 from another
    /// server: with a wrong base URL, the objects must not appear to be gone.
    pub fn is_not_found(&self) -> bool {
        match self {
            Self::Api { status, .. } => {
                let missing = *status == 404 || self.has_any(&[1003, 10007, 10056]);
                missing && *status < 500 && !self.has_any(&[7000, 7001, 7003])
            }
            _ => false,
        }
    }

    /// Whether the Worker does not exist (10007).
    pub fn is_worker_not_found(&self) -> bool {
        self.has_code(10007)
    }

    /// Whether the Worker has no such secret (10056).
    pub fn is_secret_not_found(&self) -> bool {
        self.has_code(10056)
    }

    /// Whether the credential is the reason: it is unknown, malformed, or without the permission.
    pub fn is_auth(&self) -> bool {
        const CODES: [u32; 8] = [1000, 6003, 9103, 9106, 9109, 10000, 10001, 10502];
        match self {
            Self::Api { status, .. } => {
                !self.is_rate_limited() && (matches!(status, 401 | 403) || self.has_any(&CODES))
            }
            _ => false,
        }
    }

    /// Whether the API does not know the credential (1000).
    pub fn is_unknown_credential(&self) -> bool {
        self.has_code(1000)
    }

    /// Whether the credential existed and has ended (9109).
    pub fn is_dead_credential(&self) -> bool {
        self.has_code(9109) && self.says("invalid access token")
    }

    /// Whether the credential cannot be used from this address (9109).
    pub fn is_wrong_address(&self) -> bool {
        self.has_code(9109) && self.says("from location")
    }

    /// Whether the quota is used up: status 429, or a code that says so under another status. It had no effect.
    pub fn is_rate_limited(&self) -> bool {
        let unsettled = matches!(self, Self::Unsettled { .. });
        !unsettled && (self.status() == Some(429) || self.has_any(&[971, 10100, 10429]))
    }

    /// Whether the request may have taken effect all the same: it was sent, and no definite answer came back.
    pub fn is_ambiguous(&self) -> bool {
        match self {
            _ if self.is_rate_limited() => false,
            Self::Api { status, .. } => *status >= 500 || *status == 408,
            Self::Malformed { status, .. } => *status >= 500 || *status == 408 || (200..300).contains(status),
            Self::Transport { sent, .. } => *sent,
            Self::Unsettled { .. } => true,
            Self::Stopped { .. } | Self::Outdated { .. } | Self::Config(_) | Self::InvalidRequest(_) => false,
        }
    }

    /// Whether the API refused the content of the body: a policy, a name, a condition. The same body fails again.
    pub fn is_policy_rejection(&self) -> bool {
        match self {
            Self::Api { status, .. } => {
                matches!(status, 400 | 422)
                    && !self.is_auth()
                    && !self.is_rate_limited()
                    && !self.is_not_found()
            }
            _ => false,
        }
    }

    /// Whether a wait was ended before the request was sent.
    pub fn is_stopped(&self) -> bool {
        matches!(self, Self::Stopped { .. })
    }

    /// This error of the last attempt, if the outcome of an earlier one is in doubt.
    pub(super) fn after(self, doubt: Option<Self>) -> Self {
        match doubt {
            Some(earlier) if !self.is_ambiguous() => {
                Self::Unsettled { last: Box::new(self), earlier: Box::new(earlier) }
            }
            _ => self,
        }
    }

    /// How long the API asks to wait, capped at five minutes.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Api { retry_after, .. } | Self::Malformed { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let message = if self.message.is_empty() { "no message" } else { &self.message };
        write!(f, "{message} (code {})", self.code)?;
        if let Some(pointer) = &self.pointer {
            write!(f, " at {pointer}")?;
        }
        if let Some(url) = &self.documentation_url {
            write!(f, " (see {url})")?;
        }
        self.chain.iter().try_for_each(|behind| write!(f, ": {behind}"))
    }
}

/// The API's errors as text. It also says that there are none.
fn said(errors: &[ApiError]) -> String {
    if errors.is_empty() {
        return "the API gave no reason".to_owned();
    }
    errors.iter().map(ApiError::to_string).collect::<Vec<_>>().join("; ")
}

fn ray_of(ray: Option<&String>) -> String {
    ray.map_or_else(String::new, |ray| format!(" [ray {ray}]"))
}

fn effect(sent: bool) -> &'static str {
    if sent { " (it may have had its effect)" } else { "" }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(crate) fn item(code: u32, message: &str) -> ApiError {
        ApiError { code, message: message.into(), pointer: None, documentation_url: None, chain: vec![] }
    }

    pub(crate) fn api(status: u16, code: u32, message: &str) -> Error {
        let errors = if code == 0 { vec![] } else { vec![item(code, message)] };
        let path = "/user/tokens".to_owned();
        Error::Api { status, errors, method: Method::GET, path, ray: None, retry_after: None }
    }

    pub(crate) fn malformed(status: u16) -> Error {
        let (method, path) = (Method::GET, "/user/tokens".to_owned());
        Error::Malformed {
            status,
            content_type: None,
            detail: "not JSON".into(),
            method,
            path,
            retry_after: None,
        }
    }

    pub(crate) fn transport(kind: TransportKind, sent: bool) -> Error {
        let (method, path) = (Method::GET, "/user/tokens".to_owned());
        Error::Transport { kind, sent, detail: "reset".into(), method, path }
    }

    #[test]
    fn a_missing_token_is_known_by_code_or_status_but_a_missing_route_is_not_one() {
        assert!(api(404, 1003, "").is_not_found());
        assert!(api(400, 1003, "").is_not_found());
        assert!(api(404, 0, "").is_not_found());
        assert!(!api(404, 7003, "").is_not_found());
        assert!(!malformed(404).is_not_found());
        assert!(!api(503, 1003, "").is_not_found());
    }

    #[test]
    fn a_worker_and_its_secret_are_told_apart() {
        let (worker, secret) = (api(404, 10007, ""), api(404, 10056, ""));
        assert!(worker.is_not_found() && worker.is_worker_not_found() && !worker.is_secret_not_found());
        assert!(secret.is_not_found() && secret.is_secret_not_found() && !secret.is_worker_not_found());
    }

    #[test]
    fn a_code_behind_an_error_counts() {
        let mut error = item(6003, "Invalid request headers");
        error.chain.push(item(6111, "Invalid format for Authorization header"));
        let path = "/user/tokens".to_owned();
        let error = Error::Api {
            status: 400,
            errors: vec![error],
            method: Method::GET,
            path,
            ray: None,
            retry_after: None,
        };
        assert!(error.has_code(6111) && error.is_auth() && !error.is_policy_rejection());
        assert_eq!(
            error.to_string(),
            "GET /user/tokens: HTTP 400: Invalid request headers (code 6003): \
             Invalid format for Authorization header (code 6111)"
        );
    }

    #[test]
    fn a_spent_quota_is_known_by_its_code_under_any_status_and_had_no_effect() {
        for error in [api(429, 0, ""), api(403, 971, ""), api(503, 10429, ""), malformed(429)] {
            assert!(error.is_rate_limited() && !error.is_ambiguous() && !error.is_auth(), "{error}");
        }
    }

    #[test]
    fn only_what_was_sent_and_not_answered_definitely_is_ambiguous() {
        for error in
            [api(502, 0, ""), malformed(200), malformed(524), transport(TransportKind::Timeout, true)]
        {
            assert!(error.is_ambiguous(), "{error}");
        }
        for error in [api(400, 1001, ""), malformed(403), transport(TransportKind::Connect, false)] {
            assert!(!error.is_ambiguous(), "{error}");
        }
    }

    #[test]
    fn a_refusal_after_an_attempt_in_doubt_is_ambiguous_and_nothing_else() {
        for last in [api(404, 1003, ""), api(429, 971, ""), api(403, 9109, "no"), api(400, 1001, "no")] {
            let told = last.to_string();
            let error = last.after(Some(transport(TransportKind::Reset, true)));
            assert!(error.is_ambiguous() && !error.is_not_found() && !error.is_rate_limited(), "{error}");
            assert!(!error.is_auth() && !error.is_policy_rejection(), "{error}");
            assert!(error.to_string().starts_with(&told) && error.to_string().contains("earlier attempt"));
        }
        let again = api(502, 0, "").after(Some(malformed(500)));
        assert!(matches!(again, Error::Api { status: 502, .. }));
        assert!(matches!(api(400, 1001, "").after(None), Error::Api { status: 400, .. }));
    }

    #[test]
    fn a_policy_rejection_is_a_400_that_is_about_the_body() {
        assert!(api(400, 1001, "x").is_policy_rejection());
        assert!(!api(400, 6003, "x").is_policy_rejection());
        assert!(!api(400, 971, "x").is_policy_rejection());
    }
}
