//! A request as a value: what to send, how to read the answer, and whether it can be repeated. No I/O.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::Method;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::SecretString;
use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use super::envelope;
use crate::owner::Owner;

/// The path of an owner's tokens, without a slash at the end. Every token endpoint exists for each owner, with the same
/// shapes.
pub(super) fn tokens_path(owner: &Owner) -> String {
    match owner {
        Owner::Account(id) => format!("/accounts/{}/tokens", encode(id)),
        Owner::User => "/user/tokens".to_owned(),
    }
}

/// Turns the answer of a success into a `T`.
pub(super) type Decode<T> = fn(&[u8]) -> Result<T, serde_json::Error>;

/// A request whose answer is a `T`. Built by the functions of [`tokens`](super::tokens),
/// [`permission_groups`](super::permission_groups) and [`workers`](super::workers).
pub struct Request<T> {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) query: Vec<(&'static str, String)>,
    pub(super) body: Option<Result<Body, &'static str>>,
    pub(super) content_type: &'static str,
    pub(super) repeatable: bool,
    pub(super) secret_answer: bool,
    pub(super) secrets: Vec<SecretString>,
    pub(super) timeout: Option<Duration>,
    pub(super) start_within: Option<Duration>,
    pub(super) expects: &'static str,
    pub(super) decode: Decode<T>,
    pub(super) when_gone: Option<fn() -> T>,
}

impl<T: DeserializeOwned> Request<T> {
    /// A request whose `result` is a `T`; `expects` names it in an error message.
    pub(super) fn new(method: Method, path: String, expects: &'static str) -> Self {
        Self::decoded(method, path, expects, envelope::result::<T>)
    }
}

impl Request<()> {
    /// A request that removes the object at this path.
    pub(super) fn removal(path: String) -> Self {
        let removal = Self::decoded(Method::DELETE, path, "a confirmation", envelope::nothing);
        Self { when_gone: Some(|| ()), ..removal }
    }
}

impl<T> Request<T> {
    pub(super) fn decoded(method: Method, path: String, expects: &'static str, decode: Decode<T>) -> Self {
        let repeatable = method != Method::POST;
        Self {
            method,
            path,
            query: Vec::new(),
            body: None,
            content_type: "application/json",
            repeatable,
            secret_answer: false,
            secrets: Vec::new(),
            timeout: None,
            start_within: None,
            expects,
            decode,
            when_gone: None,
        }
    }

    pub(super) fn query(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.query.push((name, value.into()));
        self
    }

    pub(super) fn json(mut self, body: &impl Serialize) -> Self {
        self.body = Some(Body::json(body).map_err(|_| "its body can't be written as JSON"));
        self
    }

    /// A body that says what changes (RFC 7396): null removes, and what it leaves out stays.
    pub(super) fn merge_patch(self, body: &impl Serialize) -> Self {
        Self { content_type: "application/merge-patch+json", ..self.json(body) }
    }

    /// The answer holds a secret: nothing of it may be shown, whatever it looks like.
    pub(super) fn secret_answer(mut self) -> Self {
        self.secret_answer = true;
        self
    }

    /// Forbids a repetition if the effect of the first attempt is unknown: the caller reads before it writes again. An
    /// attempt that certainly had no effect (a 429, or no connection) is still repeated.
    #[must_use]
    pub fn once(mut self) -> Self {
        self.repeatable = false;
        self
    }

    /// Sets the time limit of each attempt, instead of the client's own request time-out.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// No attempt starts later than this after the call of `send`, even if the rate limit makes it wait. For a write that
    /// is based on a recent read. After that time, `send` returns the error of the last attempt, or
    /// [`TransportKind::TooLate`](super::TransportKind::TooLate) if there was none.
    #[must_use]
    pub fn start_within(mut self, limit: Duration) -> Self {
        self.start_within = Some(limit);
        self
    }

    /// The method.
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// The path below the base URL, percent-encoded.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The path and the query, percent-encoded.
    pub fn path_and_query(&self) -> String {
        let mut target = self.path.clone();
        for (index, (name, value)) in self.query.iter().enumerate() {
            target.push(if index == 0 { '?' } else { '&' });
            target.push_str(name);
            target.push('=');
            target.push_str(&encode(value));
        }
        target
    }

    /// The JSON body. It may contain a secret: not for logs.
    pub fn body(&self) -> Option<&[u8]> {
        self.body.as_ref()?.as_ref().ok().map(|body| body.as_ref())
    }

    /// How a body is to be read.
    pub fn content_type(&self) -> &'static str {
        self.content_type
    }

    /// Whether a second attempt has no further effect, so that a lost answer is no reason to give up.
    pub fn is_repeatable(&self) -> bool {
        self.repeatable
    }

    /// The reason why it cannot be sent, if there is one. An empty id or a dot segment would address something else:
    /// `DELETE …/tokens/..` is a request to delete what is above.
    pub(super) fn fault(&self) -> Option<&'static str> {
        if self.path.split('/').skip(1).any(|segment| matches!(segment, "" | "." | "..")) {
            return Some("an id or a name in its path is empty, `.` or `..`");
        }
        self.body.as_ref()?.as_ref().err().copied()
    }
}

impl<T> fmt::Debug for Request<T> {
    /// Without the body.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("target", &self.path_and_query())
            .field("body_bytes", &self.body().map(<[u8]>::len))
            .field("repeatable", &self.repeatable)
            .finish_non_exhaustive()
    }
}

/// JSON that is wiped when its last user drops it; clones share it.
#[derive(Clone)]
pub(super) struct Body(Arc<Zeroizing<Vec<u8>>>);

impl Body {
    fn json(value: &impl Serialize) -> Result<Self, serde_json::Error> {
        // The length is measured first, because a growing buffer leaves copies of itself behind.
        let mut length = Length(0);
        serde_json::to_writer(&mut length, value)?;
        let mut bytes = Zeroizing::new(Vec::with_capacity(length.0));
        serde_json::to_writer(&mut *bytes, value)?;
        Ok(Self(Arc::new(bytes)))
    }
}

impl AsRef<[u8]> for Body {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

struct Length(usize);

impl std::io::Write for Length {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Percent-encodes everything except RFC 3986's unreserved characters, once: right for a path segment and for a query value.
pub(super) fn encode(text: &str) -> String {
    /// Everything except RFC 3986's unreserved characters.
    const RESERVED: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    utf8_percent_encode(text, &RESERVED).to_string()
}

/// Method with path and query, the body as JSON, and whether it may be repeated.
#[cfg(test)]
pub(super) fn parts<T>(request: &Request<T>) -> (String, serde_json::Value, bool) {
    let body = request.body().map_or(serde_json::Value::Null, |body| serde_json::from_slice(body).unwrap());
    (format!("{} {}", request.method(), request.path_and_query()), body, request.is_repeatable())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_cannot_leave_its_segment() {
        let owner = Owner::Account("a/../b?c#d e".into());
        assert_eq!(tokens_path(&owner), "/accounts/a%2F..%2Fb%3Fc%23d%20e/tokens");
    }

    #[test]
    fn an_empty_or_dotted_segment_is_a_fault() {
        for id in ["", ".", ".."] {
            let request =
                Request::<()>::new(Method::DELETE, format!("/user/tokens/{}", encode(id)), "nothing");
            assert!(request.fault().is_some(), "{id:?}");
        }
        assert!(Request::<()>::new(Method::GET, "/user/tokens/a..b".into(), "nothing").fault().is_none());
    }

    #[test]
    fn query_values_are_encoded_once() {
        let request = Request::<()>::new(Method::GET, "/x".into(), "nothing").query("name", "R2 & 100%");
        assert_eq!(request.path_and_query(), "/x?name=R2%20%26%20100%25");
    }

    #[test]
    fn debug_output_shows_no_body() {
        let request = Request::<()>::new(Method::PUT, "/x".into(), "nothing").json(&"hide-this");
        assert_eq!(request.body(), Some(br#""hide-this""#.as_slice()));
        assert!(!format!("{request:?}").contains("hide-this"));
    }
}
