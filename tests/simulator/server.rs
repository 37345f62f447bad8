//! The HTTP side: connections, the way of a request to its handler, and the faults on that way.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use http_body_util::{BodyExt, Limited};
use hyper::body::{Body, Bytes, Frame, Incoming as HyperBody};
use hyper::http::request::Parts;
use hyper::{Request, Response, service::service_fn};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use time::format_description::well_known::Rfc2822;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::time::{Sleep, sleep};

use super::envelope::{Refusal, Reply};
use super::faults::{Effect, FaultKind};
use super::history::Lag;
use super::log::{Entry, Ticket};
use super::routes::{Incoming, answer};
use super::{Shared, admin};

/// The path of the API on the host, as on `api.cloudflare.com`.
pub const BASE: &str = "/client/v4";
const BODY_LIMIT: usize = 1 << 20;

/// Serves until the other end of `stopped` is dropped.
pub async fn serve(listener: std::net::TcpListener, shared: Arc<Shared>, mut stopped: oneshot::Receiver<()>) {
    let listener = TcpListener::from_std(listener).expect("the listener is non-blocking");
    loop {
        tokio::select! {
            _ = &mut stopped => return,
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => drop(tokio::spawn(connection(stream, peer, Arc::clone(&shared)))),
                // The process probably has no free file descriptors. New connections wait in the backlog.
                Err(_) => sleep(Duration::from_millis(20)).await,
            },
        }
    }
}

async fn connection(stream: TcpStream, peer: SocketAddr, shared: Arc<Shared>) {
    let _ = stream.set_nodelay(true);
    let reset = Arc::new(AtomicBool::new(false));
    let wire = TokioIo::new(Wire { stream, reset: Arc::clone(&reset) });
    let service = service_fn(move |request| {
        let (shared, reset) = (Arc::clone(&shared), Arc::clone(&reset));
        async move {
            // The request runs in its own task, so that it takes effect even if the client disconnects.
            let response = tokio::spawn(handle(shared, request, peer.ip())).await.ok().flatten();
            if response.is_none() {
                reset.store(true, Ordering::Relaxed);
            }
            response.ok_or_else(|| io::Error::from(io::ErrorKind::ConnectionReset))
        }
    });
    // An error here means that the client disconnected or that a fault struck.
    let _ = hyper::server::conn::http1::Builder::new().serve_connection(wire, service).await;
}

/// A request that takes effect at once, after a wait, or after its answer.
struct Job {
    shared: Arc<Shared>,
    parts: Parts,
    body: Bytes,
    path: String,
    peer: IpAddr,
    ticket: Ticket,
    fault: Option<FaultKind>,
}

impl Job {
    /// Makes the request take effect now.
    fn run(&self) -> Reply {
        let mut state = self.shared.state();
        let lag = match self.fault {
            Some(FaultKind::Stale) => Lag::LastWrite,
            _ if state.options.read_lag.is_zero() => Lag::No,
            _ => Lag::Time(state.options.read_lag),
        };
        let sticky = match &self.fault {
            Some(FaultKind::Sticky(sticky)) => Some(sticky),
            _ => None,
        };
        let incoming = Incoming {
            method: &self.parts.method,
            path: &self.path,
            query: self.parts.uri.query().unwrap_or_default(),
            headers: &self.parts.headers,
            body: &self.body,
            peer: self.peer,
            lag,
            sticky,
        };
        let (reply, caller) = answer(&mut state, &incoming);
        self.shared.log().update(self.ticket, |entry| entry.caller = caller);
        reply
    }

    /// Makes the request take effect now, later or never.
    fn perform(self: &Arc<Self>, effect: Effect) {
        match effect {
            Effect::None => {}
            Effect::Done => drop(self.run()),
            Effect::Later(after) => {
                let job = Arc::clone(self);
                job.shared.faults().effect_awaited();
                tokio::spawn(async move {
                    sleep(after).await;
                    drop(job.run());
                    job.shared.faults().effect_came();
                });
            }
        }
    }
}

/// Handles a request. `None` resets the connection.
async fn handle(shared: Arc<Shared>, request: Request<HyperBody>, peer: IpAddr) -> Option<Response<Payload>> {
    let (parts, body) = request.into_parts();
    let body = Limited::new(body, BODY_LIMIT).collect().await.ok()?.to_bytes();
    let method = parts.method.as_str();
    if let Some(path) = parts.uri.path().strip_prefix("/__sim/") {
        return Some(respond(admin::answer(&shared, method, path, &body)));
    }
    let Some(path) = parts.uri.path().strip_prefix(BASE).map(str::to_owned) else {
        return Some(respond(Refusal::new(404, 7000, "No route for that URI").into()));
    };
    let entry = Entry {
        method: method.to_owned(),
        path: path.clone(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        user_agent: parts.headers.get("user-agent").and_then(|value| value.to_str().ok()).map(str::to_owned),
        status: None,
        caller: None,
        faulted: false,
    };
    let ticket = shared.log().arrived(entry);
    let fault = shared.faults().strike(method, &path);
    shared.log().update(ticket, |entry| entry.faulted = fault.is_some());
    let latency = shared.state().options.latency;
    if !latency.is_zero() {
        sleep(latency).await;
    }
    let job = Arc::new(Job { shared, parts, body, path, peer, ticket, fault });
    let mut response = faulty(&job).await?;
    let now = job.shared.state().now().to_offset(time::UtcOffset::UTC);
    // RFC 2822 writes the zone as `+0000`, but HTTP requires `GMT`.
    let date = now.format(&Rfc2822).unwrap_or_default().replace("+0000", "GMT");
    if let Ok(date) = date.parse() {
        response.headers_mut().insert("date", date);
    }
    job.shared.log().update(ticket, |entry| entry.status = Some(response.status().as_u16()));
    Some(response)
}

/// Runs a request with its fault.
async fn faulty(job: &Arc<Job>) -> Option<Response<Payload>> {
    match &job.fault {
        None | Some(FaultKind::Stale | FaultKind::Sticky(_)) => Some(respond(job.run())),
        Some(FaultKind::LatencyBefore(wait)) => {
            sleep(*wait).await;
            Some(respond(job.run()))
        }
        Some(FaultKind::LatencyAfter(wait)) => {
            let reply = job.run();
            sleep(*wait).await;
            Some(respond(reply))
        }
        Some(FaultKind::RateLimited(after)) => {
            let refusal = Refusal::new(429, 971, "Please wait and consider throttling your request speed");
            Some(respond(match after {
                Some(after) => refusal.retry_after(after).into(),
                None => refusal.into(),
            }))
        }
        Some(FaultKind::Api(status, code, message, effect)) => {
            job.perform(*effect);
            Some(respond(Refusal::new(*status, *code, *message).into()))
        }
        Some(FaultKind::Json(status, body, effect)) => {
            job.perform(*effect);
            Some(respond(Reply { status: *status, body: body.clone(), headers: Vec::new() }))
        }
        Some(FaultKind::Html(status, effect)) => {
            job.perform(*effect);
            let page = format!(
                "<!DOCTYPE html>\n<html><head><title>{status}</title></head>\n<body><center><h1>{status}</h1></center>\
                 <hr><center>cloudflare</center></body></html>\n"
            );
            Some(raw(*status, "text/html; charset=UTF-8", &[], Payload::whole(page.into())))
        }
        Some(FaultKind::Reset(effect)) => {
            job.perform(*effect);
            None
        }
        Some(FaultKind::Hang(effect)) => {
            job.perform(*effect);
            std::future::pending().await
        }
        Some(FaultKind::Truncated) => {
            let reply = job.run();
            let whole = reply.body.to_string();
            let length = ("content-length", whole.len().to_string());
            let half = Payload::cut(whole.as_bytes()[..whole.len() / 2].to_vec().into());
            Some(raw(reply.status, "application/json", &[length], half))
        }
        Some(FaultKind::WrongTypes) => {
            let mut reply = job.run();
            reply.body["result"] = wrong(&reply.body["result"]);
            Some(respond(reply))
        }
        Some(FaultKind::Edited(path, to)) => {
            let mut reply = job.run();
            reply.edit(path, to.as_ref());
            Some(respond(reply))
        }
    }
}

/// Changes the types in a result: each field of an object becomes a number, a list becomes an object, and any other
/// value becomes a list.
fn wrong(result: &Value) -> Value {
    match result {
        Value::Object(fields) => {
            let numbers = fields.keys().map(|key| (key.clone(), json!(7)));
            Value::Object(numbers.collect())
        }
        Value::Array(_) => json!({"items": 7}),
        _ => json!([7]),
    }
}

fn respond(reply: Reply) -> Response<Payload> {
    raw(reply.status, "application/json", &reply.headers, Payload::whole(reply.body.to_string().into()))
}

fn raw(status: u16, kind: &str, headers: &[(&'static str, String)], body: Payload) -> Response<Payload> {
    let ray = format!("{}-FRA", &super::state::new_id()[..16]);
    let mut response = Response::builder().status(status).header("content-type", kind).header("cf-ray", ray);
    for (name, value) in headers {
        response = response.header(*name, value);
    }
    response.body(body).expect("the simulator's own headers are valid")
}

/// A body that may break off.
struct Payload {
    data: Option<Bytes>,
    cut: Option<Pin<Box<Sleep>>>,
}

impl Payload {
    fn whole(data: Bytes) -> Self {
        Self { data: Some(data), cut: None }
    }

    /// Breaks off after `data`. The wait gives `data` time to arrive.
    fn cut(data: Bytes) -> Self {
        Self { data: Some(data), cut: Some(Box::pin(sleep(Duration::from_millis(20)))) }
    }
}

impl Body for Payload {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if let Some(data) = self.data.take() {
            return Poll::Ready(Some(Ok(Frame::data(data))));
        }
        let Some(cut) = self.cut.as_mut() else { return Poll::Ready(None) };
        cut.as_mut().poll(context).map(|()| Some(Err(io::Error::from(io::ErrorKind::ConnectionReset))))
    }

    fn size_hint(&self) -> hyper::body::SizeHint {
        match (&self.data, &self.cut) {
            (Some(data), None) => hyper::body::SizeHint::with_exact(data.len() as u64),
            _ => hyper::body::SizeHint::default(),
        }
    }
}

/// A connection that can be reset instead of closed.
struct Wire {
    stream: TcpStream,
    reset: Arc<AtomicBool>,
}

impl Drop for Wire {
    fn drop(&mut self) {
        if self.reset.load(Ordering::Relaxed) {
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, data)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    /// An orderly shutdown must not precede a reset.
    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.reset.load(Ordering::Relaxed) {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
