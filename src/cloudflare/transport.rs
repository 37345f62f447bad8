//! One attempt over the network: bytes out, bytes in, and typed failures. Only this file knows reqwest's types, apart from
//! the URL. It does not know retries or the meaning of the bytes.

use std::error::Error as _;
use std::io;
use std::time::Duration;

use http::header::CONTENT_TYPE;
use http::{HeaderMap, Method};
use reqwest::Url;
use zeroize::Zeroizing;

use super::error::{Error, TransportKind};
use super::request::Body;

/// No valid answer is larger.
const LARGEST_ANSWER: usize = 32 << 20;

/// Long enough for a slow network, short enough to leave time for another attempt.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a connection is kept for the next request. Its buffers keep what came over it, including tokens' values, until
/// it is closed. So the time is short, but long enough for a busy run.
const IDLE: Duration = Duration::from_secs(2);

/// The reason why there is no answer: the content of [`Error::Transport`] without what it was about.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) kind: TransportKind,
    pub(super) sent: bool,
    pub(super) detail: String,
}

/// Builds the HTTP client. This reads the system's root certificates, unless the base URL is plain HTTP.
pub(super) fn build(base: &Url, headers: HeaderMap, user_agent: &str) -> Result<reqwest::Client, Error> {
    let builder = reqwest::Client::builder()
        .default_headers(headers)
        .user_agent(user_agent)
        .redirect(reqwest::redirect::Policy::none())
        .pool_idle_timeout(IDLE)
        .connect_timeout(CONNECT_TIMEOUT);
    let builder = if base.scheme() == "https" {
        builder.https_only(true)
    } else {
        // A loopback host has no certificates to check, and a proxy would be sent the credential in the clear.
        builder.tls_certs_only([]).no_proxy()
    };
    builder.build().map_err(|error| Error::Config(format!("can't set up HTTP: {}", describe(error))))
}

/// The head of an answer, its body not yet read.
pub(super) struct Answer(reqwest::Response);

/// Sends a request and waits for the head of its answer. `timeout` covers that and the body together.
pub(super) async fn send(
    http: &reqwest::Client,
    method: Method,
    url: Url,
    body: Option<(Body, &'static str)>,
    timeout: Duration,
) -> Result<Answer, Failure> {
    let mut request = http.request(method, url).timeout(timeout);
    if let Some((body, content_type)) = body {
        request = request.header(CONTENT_TYPE, content_type).body(bytes::Bytes::from_owner(body));
    }
    request.send().await.map(Answer).map_err(failure)
}

impl Answer {
    pub(super) fn status(&self) -> u16 {
        self.0.status().as_u16()
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.0.headers().get(name)?.to_str().ok()
    }

    /// Reads the body, into memory that is wiped when it is dropped.
    pub(super) async fn body(mut self) -> Result<Zeroizing<Vec<u8>>, Failure> {
        let expected = self.0.content_length().unwrap_or(16 << 10).min(LARGEST_ANSWER as u64);
        let mut body = Zeroizing::new(Vec::with_capacity(usize::try_from(expected).unwrap_or(0)));
        while let Some(chunk) = self.0.chunk().await.map_err(failure)? {
            if body.len() + chunk.len() > LARGEST_ANSWER {
                let detail = format!("it is larger than {} MiB", LARGEST_ANSWER >> 20);
                return Err(Failure { kind: TransportKind::Truncated, sent: true, detail });
            }
            append(&mut body, &chunk);
            if let Ok(mut chunk) = chunk.try_into_mut() {
                zeroize::Zeroize::zeroize(&mut chunk[..]);
            }
        }
        Ok(body)
    }
}

/// Appends without leaving a copy in memory, as a `Vec` that grows by itself would.
fn append(body: &mut Zeroizing<Vec<u8>>, chunk: &[u8]) {
    let needed = body.len() + chunk.len();
    if needed > body.capacity() {
        let mut larger = Zeroizing::new(Vec::with_capacity(needed.max(body.capacity() * 2)));
        larger.extend_from_slice(body);
        *body = larger;
    }
    body.extend_from_slice(chunk);
}

fn failure(error: reqwest::Error) -> Failure {
    let (kind, sent) = if error.is_connect() || error.is_builder() {
        (TransportKind::Connect, false)
    } else if error.is_timeout() {
        (TransportKind::Timeout, true)
    } else if is_reset(&error) || !(error.is_body() || error.is_decode()) {
        (TransportKind::Reset, true)
    } else {
        (TransportKind::Truncated, true)
    };
    Failure { kind, sent, detail: describe(error) }
}

fn is_reset(error: &reqwest::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset};
    let mut behind = error.source();
    while let Some(error) = behind {
        if let Some(error) = error.downcast_ref::<io::Error>() {
            return matches!(error.kind(), BrokenPipe | ConnectionAborted | ConnectionReset);
        }
        behind = error.source();
    }
    false
}

/// An error with its causes in one line, without the URL: a query may hold names.
fn describe(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut behind = error.source();
    while let Some(error) = behind {
        let words = error.to_string();
        if !text.contains(&words) {
            text.push_str(": ");
            text.push_str(&words);
        }
        behind = error.source();
    }
    super::redact::message(&text, &[])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_grows_without_losing_anything() {
        let mut body = Zeroizing::new(Vec::new());
        for chunk in [b"abc".as_slice(), b"", &[b'x'; 1000], b"end"] {
            append(&mut body, chunk);
        }
        assert_eq!(body.len(), 1006);
        assert!(body.starts_with(b"abcx") && body.ends_with(b"xend"));
    }
}
