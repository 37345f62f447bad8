//! The client: runs requests with rate limit, attempts, time-outs and envelope. The rules of each are pure functions in
//! other modules.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{self, BoxStream, StreamExt, TryStreamExt};
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use parking_lot::Mutex;
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use time::OffsetDateTime;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

use crate::owner::Owner;
use crate::random;

use super::clock::{Clock, host_time};
use super::endpoints::{ListOptions, tokens};
use super::error::{ApiError, Error, TransportKind};
use super::page::{Page, Unreadable};
use super::ratelimit::{Limiter, NotReserved, Quota};
use super::request::Request;
use super::retry::{self, Decision, Outcome};
use super::transport::{self, Answer, Failure};
use super::types::Token;
use super::{envelope, redact};

/// Cloudflare's API.
pub const DEFAULT_BASE_URL: &str = "https://api.cloudflare.com/client/v4";

/// Twenty times the number of tokens that an account can have. A longer list does not end.
const MOST_PAGES: u32 = 200;

/// The client's credential.
#[derive(Clone, Debug)]
pub enum Credentials {
    /// An API token.
    Token(SecretString),
    /// The global key of a user.
    Key {
        /// The key.
        key: SecretString,
        /// The user's e-mail address.
        email: String,
    },
}

/// How a [`Client`] is set up.
#[derive(Clone, Debug)]
pub struct ClientConfig {
    /// [`DEFAULT_BASE_URL`], or another URL. Plain HTTP is allowed to a loopback host only.
    pub base_url: String,
    /// The credential.
    pub credentials: Credentials,
    /// How many attempts may follow the first.
    pub max_retries: u32,
    /// The time limit of each attempt, from the connection to the end of the answer.
    pub request_timeout: Duration,
    /// The `user-agent` header.
    pub user_agent: String,
    /// After its cancellation no request waits any more, neither for the rate limit nor for another attempt. A request that
    /// would have to wait ends with [`Error::Stopped`]. A request that is already sent is finished, and one that does not
    /// have to wait is still sent.
    pub stop: CancellationToken,
}

impl ClientConfig {
    /// The defaults: Cloudflare's own API, 4 retries, 30 seconds for each attempt.
    pub fn new(credentials: Credentials) -> Self {
        Self {
            base_url: DEFAULT_BASE_URL.to_owned(),
            credentials,
            max_retries: 4,
            request_timeout: Duration::from_secs(30),
            user_agent: concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")).to_owned(),
            stop: CancellationToken::new(),
        }
    }
}

/// All tokens of an owner, as far as they could be read.
#[derive(Clone, Debug, Default)]
pub struct TokenList {
    /// Those that could be read.
    pub tokens: Vec<Token>,
    /// Those that could not be read.
    pub unreadable: Vec<Unreadable>,
}

/// Runs requests. Clones are cheap and share connections and the rate limit.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    config: ClientConfig,
    base: Url,
    headers: HeaderMap,
    /// Built at the first request, because it reads the system's certificates, which takes time.
    http: Mutex<Option<reqwest::Client>>,
    limiter: Limiter,
    clock: Clock,
}

impl Client {
    /// Checks the configuration. Opens no connection.
    ///
    /// # Errors
    /// [`Error::Config`] for a base URL that is none, that has a query or a user, or that is plain HTTP to another host;
    /// and for a credential that no header can hold, a line break at its end, for example.
    pub fn new(config: ClientConfig) -> Result<Self, Error> {
        let base = base_url(&config.base_url)?;
        let headers = headers(&config.credentials)?;
        HeaderValue::from_str(&config.user_agent)
            .map_err(|_| Error::Config("the user agent holds characters that no header may hold".into()))?;
        let (http, limiter, clock) = Default::default();
        Ok(Self(Arc::new(Inner { config, base, headers, http, limiter, clock })))
    }

    /// How long one attempt of a request may take.
    pub fn request_timeout(&self) -> Duration {
        self.0.config.request_timeout
    }

    /// The time by the API's clock, as its last answer showed it. Before the first answer, the time by this host's clock.
    pub fn now(&self) -> OffsetDateTime {
        self.0.clock.at(host_time())
    }

    /// A client of the same API that authenticates with this token, and does not share the rate limit.
    ///
    /// # Errors
    /// [`Error::Config`] for a value that no header can hold.
    pub fn authenticated_by(&self, token: SecretString) -> Result<Self, Error> {
        Self::new(ClientConfig { credentials: Credentials::Token(token), ..self.0.config.clone() })
    }

    /// Sends a request, repeats it if that is safe and useful, and reads its answer.
    ///
    /// # Errors
    /// That of the last attempt; [`Error::Unsettled`] where that one had no effect and an earlier one may have had;
    /// [`Error::Stopped`]. Dropped, it stops at once; what was sent may still have its effect.
    pub async fn send<T>(&self, request: Request<T>) -> Result<T, Error> {
        self.send_dated(request).await.map(|(result, _)| result)
    }

    /// As [`send`](Self::send), with the time of the API's own clock at the answer (its `date` header). A comparison with
    /// `modified_on` must not depend on this host's clock.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub async fn send_dated<T>(&self, request: Request<T>) -> Result<(T, Option<OffsetDateTime>), Error> {
        if let Some(fault) = request.fault() {
            return Err(Error::InvalidRequest(format!("{}: {fault}", request.method)));
        }
        let deadline = request.start_within.map(|limit| Instant::now() + limit);
        let mut attempt = 1;
        let mut doubt = None;
        loop {
            let error = match self.attempt(&request, attempt, deadline).await {
                Ok(result) => return Ok(result),
                Err(error) => error,
            };
            if let Some(gone) = request.when_gone.filter(|_| doubt.is_some() && error.is_not_found()) {
                return Ok((gone(), None));
            }
            let outcome = Outcome::of(&error, &request.method);
            let max_retries = self.0.config.max_retries;
            let decision =
                retry::decide(request.repeatable, attempt, max_retries, outcome, random::fraction());
            if let Outcome::RateLimited { retry_after } = outcome {
                let wait = if let Decision::Retry(wait) = decision { Some(wait) } else { retry_after };
                self.0.limiter.pause(wait.unwrap_or(Duration::from_secs(1)));
            }
            let Decision::Retry(wait) = decision else { return Err(error.after(doubt)) };
            if deadline.is_some_and(|deadline| Instant::now() + wait > deadline) {
                return Err(error.after(doubt));
            }
            tracing::warn!(method = %request.method, path = %shown(&request.path), attempt,
                wait_ms = millis(wait), %error,
                "the Cloudflare API request failed and is tried again");
            if self.0.config.stop.run_until_cancelled(tokio::time::sleep(wait)).await.is_none() {
                let stopped = if error.is_ambiguous() { error } else { stopped(&request, error.to_string()) };
                return Err(stopped.after(doubt));
            }
            if error.is_ambiguous() && request.method != Method::GET {
                doubt = Some(error);
            }
            attempt += 1;
        }
    }

    /// As [`send`](Self::send). `None` if the addressed object does not exist.
    ///
    /// # Errors
    /// All but [`Error::is_not_found`].
    pub async fn send_opt<T>(&self, request: Request<T>) -> Result<Option<T>, Error> {
        match self.send(request).await {
            Err(error) if error.is_not_found() => Ok(None),
            result => result.map(Some),
        }
    }

    /// All tokens of an owner that the credential can see, including expired ones, page after page. An unreadable token
    /// does not hide the others.
    ///
    /// # Errors
    /// As [`send`](Self::send), for any page.
    pub async fn list_tokens(&self, owner: &Owner) -> Result<TokenList, Error> {
        let all = self.token_pages(owner).try_fold(TokenList::default(), |mut all, page| async move {
            all.tokens.extend(page.tokens);
            all.unreadable.extend(page.unreadable);
            Ok(all)
        });
        all.await
    }

    /// The same, page by page. A page is requested when it is needed. An error ends the stream.
    pub fn token_pages(&self, owner: &Owner) -> BoxStream<'static, Result<TokenList, Error>> {
        // New or removed tokens shift the pages. Each token is returned once.
        let start = (self.clone(), owner.clone(), 1, HashSet::new());
        let next = |state: Option<(Self, Owner, u32, HashSet<String>)>| async move {
            let (client, owner, number, mut seen) = state?;
            if number > MOST_PAGES {
                return Some((Err(endless()), None));
            }
            let page = match client.send(tokens::list_page(&owner, &ListOptions::page(number))).await {
                Ok(page) => page,
                Err(error) => return Some((Err(error), None)),
            };
            let more = page.has_next(number);
            let tokens = page.items.into_iter().filter(|token| seen.insert(token.id.clone())).collect();
            let mut is_new = |id: &Option<String>| id.clone().is_none_or(|id| seen.insert(id));
            let unreadable = page.unreadable.into_iter().filter(|token| is_new(&token.id)).collect();
            Some((Ok(TokenList { tokens, unreadable }), more.then_some((client, owner, number + 1, seen))))
        };
        stream::unfold(Some(start), next).boxed()
    }

    /// All pages of a list. `of` makes the request for a page by its number.
    ///
    /// # Errors
    /// As [`send`](Self::send), for any page; [`Error::InvalidRequest`] for a list that does not end.
    pub async fn pages<T>(&self, of: impl Fn(u32) -> Request<Page<T>>) -> Result<Vec<Page<T>>, Error> {
        let mut all = Vec::new();
        for number in 1..=MOST_PAGES {
            let page = self.send(of(number)).await?;
            let more = page.has_next(number);
            all.push(page);
            if !more {
                return Ok(all);
            }
        }
        Err(endless())
    }

    async fn attempt<T>(
        &self,
        request: &Request<T>,
        attempt: u32,
        deadline: Option<Instant>,
    ) -> Result<(T, Option<OffsetDateTime>), Error> {
        let lost = |Failure { kind, sent, detail }| {
            let (method, path) = (request.method.clone(), shown(&request.path));
            Error::Transport { kind, sent, detail, method, path }
        };
        let permit = match self.0.limiter.reserve(deadline, &self.0.config.stop).await {
            Ok(permit) => permit,
            Err(NotReserved::Stopped) => {
                return Err(stopped(request, "it waited for the rate limit".to_owned()));
            }
            Err(NotReserved::TooLate) => {
                let detail = "the rate limit leaves no room in time".to_owned();
                return Err(lost(Failure { kind: TransportKind::TooLate, sent: false, detail }));
            }
        };
        let http = self.http()?;
        let url = self.url(&request.path_and_query())?;
        let body = request.body.as_ref().and_then(|body| body.as_ref().ok()).cloned();
        let body = body.map(|body| (body, request.content_type));
        let timeout = request.timeout.unwrap_or(self.0.config.request_timeout);
        let started = Instant::now();
        let mut status = None;
        let result = match transport::send(&http, request.method.clone(), url, body, timeout).await {
            Err(failure) => Err(lost(failure)),
            Ok(answer) => {
                let head = Head::of(&answer);
                status = Some(head.status);
                let date = answer.header("date").and_then(retry::http_date);
                let quota = Quota::parse(answer.header("ratelimit"), answer.header("ratelimit-policy"));
                permit.answered(quota, head.status == 429);
                match answer.body().await {
                    Err(failure) => Err(lost(failure)),
                    Ok(body) => self.read(request, head, &body).map(|result| (result, date)),
                }
            }
        };
        if let Ok((_, Some(date))) = &result {
            self.0.clock.set(*date, host_time());
        }
        let error = result.as_ref().err();
        tracing::debug!(
            method = %request.method,
            path = %shown(&request.path),
            status,
            code = error.and_then(|error| error.errors().first()).map(|error| error.code),
            duration_ms = millis(started.elapsed()),
            attempt,
            "Cloudflare API request"
        );
        result
    }

    /// Checks `success` as well as the status, because the status of a failure differs from endpoint to endpoint.
    fn read<T>(&self, request: &Request<T>, head: Head, body: &[u8]) -> Result<T, Error> {
        let Head { status, content_type, ray, retry_after } = head;
        let (method, path) = (request.method.clone(), shown(&request.path));
        let malformed = |detail| {
            let (method, path) = (method.clone(), path.clone());
            Error::Malformed { status, content_type: content_type.clone(), detail, method, path, retry_after }
        };
        let envelope = envelope::head(body).map_err(|error| {
            let json = content_type.as_ref().is_some_and(|kind| kind.contains("json"));
            let excerpt = match std::str::from_utf8(body) {
                Ok(text) if error.is_syntax() && !json && !request.secret_answer => redact::excerpt(text),
                _ => String::new(),
            };
            let detail = format!("{} bytes, {}", body.len(), envelope::describe(&error));
            malformed(if excerpt.is_empty() { detail } else { format!("{detail}: {excerpt}") })
        })?;
        if envelope.success && (200..300).contains(&status) {
            return (request.decode)(body).map_err(|error| {
                malformed(format!("{} was expected, but: {}", request.expects, envelope::describe(&error)))
            });
        }
        let mut secrets: Vec<&SecretString> = request.secrets.iter().collect();
        secrets.push(match &self.0.config.credentials {
            Credentials::Token(secret) | Credentials::Key { key: secret, .. } => secret,
        });
        let errors = envelope.errors().into_iter().map(|error| cleaned(error, &secrets)).collect();
        Err(Error::Api { status, errors, method, path, ray, retry_after })
    }

    fn http(&self) -> Result<reqwest::Client, Error> {
        let mut http = self.0.http.lock();
        if let Some(http) = &*http {
            return Ok(http.clone());
        }
        let built = transport::build(&self.0.base, self.0.headers.clone(), &self.0.config.user_agent)?;
        Ok(http.insert(built).clone())
    }

    fn url(&self, target: &str) -> Result<Url, Error> {
        Url::parse(&format!("{}{target}", self.0.base.as_str().trim_end_matches('/')))
            .map_err(|_| Error::InvalidRequest("its path makes no URL".into()))
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("base_url", &self.0.base.as_str()).finish_non_exhaustive()
    }
}

/// The parts of an answer's head that are kept while its body is read.
struct Head {
    status: u16,
    content_type: Option<String>,
    ray: Option<String>,
    retry_after: Option<Duration>,
}

impl Head {
    fn of(answer: &Answer) -> Self {
        let shown = |name| answer.header(name).map(redact::excerpt);
        let retry_after = answer.header("retry-after");
        Self {
            status: answer.status(),
            content_type: shown("content-type"),
            ray: answer.header("cf-ray").filter(|ray| is_ray(ray)).map(str::to_owned),
            retry_after: retry_after.and_then(|header| retry::retry_after(header, host_time())),
        }
    }
}

/// The error for a list that does not end.
fn endless() -> Error {
    Error::InvalidRequest(format!("the list does not end: after {MOST_PAGES} pages there is another one"))
}

/// Whether a text is the id of a request: hexadecimal digits and, after a hyphen, a data centre. It identifies a request for
/// Cloudflare's support and is no secret.
fn is_ray(text: &str) -> bool {
    let (id, place) = text.split_once('-').unwrap_or((text, "FRA"));
    let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    (1..=32).contains(&id.len())
        && id.bytes().all(is_hex)
        && place.len() == 3
        && place.bytes().all(|byte| byte.is_ascii_uppercase())
}

/// The error for a request that is not sent, or not repeated, because the wait before it was ended.
fn stopped<T>(request: &Request<T>, waited: String) -> Error {
    Error::Stopped { method: request.method.clone(), path: shown(&request.path), waited }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// A path that can be shown. Users sometimes write a token's value in the place of its id, so values are masked.
fn shown(path: &str) -> String {
    redact::message(path, &[])
}

fn cleaned(error: ApiError, secrets: &[&SecretString]) -> ApiError {
    ApiError {
        code: error.code,
        message: redact::message(&error.message, secrets),
        pointer: error.pointer.map(|pointer| redact::message(&pointer, secrets)),
        documentation_url: error.documentation_url.map(|url| redact::message(&url, secrets)),
        chain: error.chain.into_iter().map(|error| cleaned(error, secrets)).collect(),
    }
}

fn base_url(text: &str) -> Result<Url, Error> {
    // The text may contain a password, so no message quotes it.
    let refuse = |reason: &str| Err(Error::Config(format!("base URL: {reason}")));
    let Ok(url) = Url::parse(text) else { return refuse("not a URL") };
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    let loopback = host == "localhost" || address.is_ok_and(|address| address.is_loopback());
    match url.scheme() {
        _ if host.is_empty() => refuse("it has no host"),
        _ if !url.username().is_empty() || url.password().is_some() => {
            refuse("it holds a user or a password")
        }
        _ if url.query().is_some() || url.fragment().is_some() => refuse("it holds a query or a fragment"),
        "https" => Ok(url),
        "http" if loopback => Ok(url),
        "http" => refuse("plain HTTP would send the credential in the clear; it is for a loopback host only"),
        _ => refuse("neither https nor http"),
    }
}

fn headers(credentials: &Credentials) -> Result<HeaderMap, Error> {
    let secret = |what: &str, prefix: &str, secret: &SecretString| {
        let secret = secret.expose_secret();
        if secret.is_empty() {
            return Err(Error::Config(format!("the {what} is empty")));
        }
        let bytes = Zeroizing::new([prefix.as_bytes(), secret.as_bytes()].concat());
        let mut value = HeaderValue::from_maybe_shared(bytes::Bytes::from_owner(bytes)).map_err(|_| {
            Error::Config(format!(
                "the {what} holds characters that no header may hold, such as a line break"
            ))
        })?;
        value.set_sensitive(true);
        Ok(value)
    };
    let mut headers = HeaderMap::new();
    match credentials {
        Credentials::Token(token) => {
            headers.insert(AUTHORIZATION, secret("API token", "Bearer ", token)?);
        }
        Credentials::Key { key, email } => {
            let email = HeaderValue::from_str(email).map_err(|_| {
                Error::Config("the e-mail address holds characters that no header may hold".into())
            })?;
            headers.insert(HeaderName::from_static("x-auth-key"), secret("API key", "", key)?);
            headers.insert(HeaderName::from_static("x-auth-email"), email);
        }
    }
    Ok(headers)
}

#[cfg(test)]
mod tests;
