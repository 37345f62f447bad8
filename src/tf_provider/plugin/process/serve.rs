//! Serving: from the listening socket to the end of the process.
//!
//! A managed process has one host and one connection. It leaves on Shutdown or when the connection ends. The connection
//! also ends when Terraform is killed. The process leaves at once if no operation is running. Otherwise it first waits
//! for the running operations: a new token must not be left without an owner, and a write must not land after its lock
//! is released. The host kills the process 2 seconds after a Shutdown. If the host is gone, nothing kills the process.
//!
//! Ctrl-C at the terminal also reaches Terraform, and Terraform then sends StopProvider. So a managed process
//! ignores Ctrl-C itself. A signal to this process alone asks its operations to stop. If no host has connected, it ends
//! the process.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, mpsc};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_stream::wrappers::ReceiverStream;
use tokio_stream::{Stream, StreamExt};
use tonic::transport::server::{Connected, Router};

use super::connection::{Connection, Transport};
use super::go_plugin::{Broker, Controller, Stdio};
use super::listener::Listener;
use super::signals::{Asked, Signals};
use crate::tf_provider::framework::Registry;
use crate::tf_provider::plugin::rpc::Service;
use crate::tf_provider::plugin::wire::proto::go_plugin::grpc_broker_server::GrpcBrokerServer;
use crate::tf_provider::plugin::wire::proto::go_plugin::grpc_controller_server::GrpcControllerServer;
use crate::tf_provider::plugin::wire::proto::go_plugin::grpc_stdio_server::GrpcStdioServer;
use crate::tf_provider::plugin::wire::proto::provider_server::ProviderServer;

/// The largest request, as in Go's SDK. tonic's default of 4 MiB is too small for a state.
const MAX_REQUEST: usize = 256 << 20;

/// The time that the host has to connect. The host allows a plugin the same time for the handshake line.
const CONNECT_WITHIN: Duration = Duration::from_secs(60);

/// The time limit of a TLS handshake.
const TLS_WITHIN: Duration = Duration::from_secs(10);

/// If leaving takes longer than this, the log says why.
const LEAVING_IS_LONG: Duration = Duration::from_secs(1);

/// The way in which the process was started.
pub(super) enum Mode {
    /// A host started it and connects once.
    Managed(Option<TlsAcceptor>),
    /// A developer started it. It serves any number of hosts in turn, until it is interrupted.
    Debug,
}

/// Serves until the process should end, and then waits for running operations.
pub(super) async fn serve(listener: Listener, mode: Mode, mut signals: Signals, server: Arc<Registry>) {
    let (shutdown, connected, ended) =
        (Arc::new(Notify::new()), Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (debug, tls) = match mode {
        Mode::Managed(tls) => (false, tls),
        Mode::Debug => (true, None),
    };
    let (sender, incoming) = mpsc::channel(8);
    let accepting = tokio::spawn(accept(listener, tls, !debug, sender, connected.clone(), ended.clone()));
    let incoming = ReceiverStream::new(incoming).map(Ok::<_, io::Error>);
    tokio::spawn(router(server.clone(), shutdown.clone()).serve_with_incoming(incoming));

    let deadline = tokio::time::sleep(CONNECT_WITHIN);
    tokio::pin!(deadline);
    let mut waiting = !debug;
    loop {
        tokio::select! {
            () = shutdown.notified() => break,
            () = ended.notified(), if !debug => break,
            () = connected.notified() => waiting = false,
            () = &mut deadline, if waiting => break,
            asked = signals.next() => match asked {
                _ if debug => break,
                Asked::ToEnd if waiting => break,
                Asked::ToEnd => stop(&server),
                Asked::ByTheTerminal => {}
            },
        }
    }
    accepting.abort();
    // The end of the task drops the listener, which removes the socket if no host has connected.
    let _ = accepting.await;
    leave(debug, signals, &server).await;
}

/// Stops waiting operations. The call runs in its own task because a provider may take its time.
fn stop(server: &Arc<Registry>) {
    let server = server.clone();
    tokio::spawn(async move { server.provider().stop().await });
}

/// Waits until no operation is running. Usually none is, and this returns at once.
async fn leave(debug: bool, mut signals: Signals, server: &Arc<Registry>) {
    let close = server.leave();
    tokio::pin!(close);
    if timeout(LEAVING_IS_LONG, &mut close).await.is_ok() {
        return;
    }
    tracing::info!("the provider leaves as soon as what is under way is finished");
    loop {
        tokio::select! {
            () = &mut close => break,
            asked = signals.next() => match asked {
                // In debug mode, Ctrl-C ends this wait too.
                _ if debug => break,
                Asked::ToEnd => stop(server),
                Asked::ByTheTerminal => {}
            },
        }
    }
}

/// All services of the process. `shutdown` is notified when the host calls Shutdown.
fn router(server: Arc<Registry>, shutdown: Arc<Notify>) -> Router {
    let provider = ProviderServer::new(Service::new(server)).max_decoding_message_size(MAX_REQUEST);
    tonic::transport::Server::builder()
        .trace_fn(|request| {
            // Every log line of a call names the call and the type. The look-up of the type fills in `tf_type`.
            let rpc = request.uri().path().rsplit('/').next().unwrap_or_default();
            let span = tracing::error_span!("rpc", tf_rpc = rpc, tf_type = tracing::field::Empty);
            span.in_scope(|| tracing::debug!("received"));
            span
        })
        .add_service(provider)
        .add_service(GrpcBrokerServer::new(Broker))
        .add_service(GrpcControllerServer::new(Controller(shutdown)))
        .add_service(GrpcStdioServer::new(Stdio))
}

/// Serves existing connections in plaintext, for tests without a process or a socket.
///
/// # Errors
/// If the transport fails.
pub async fn serve_in_process<IO>(
    server: Registry,
    connections: impl Stream<Item = io::Result<IO>>,
) -> Result<(), tonic::transport::Error>
where
    IO: tokio::io::AsyncRead + tokio::io::AsyncWrite + Connected + Unpin + Send + 'static,
{
    router(Arc::new(server), Arc::default()).serve_with_incoming(connections).await
}

/// Accepts connections. Each TLS handshake has its own task, so that a slow one does not delay the others. With `once`,
/// only the first successful connection is served, and the listener is dropped before.
async fn accept(
    listener: Listener,
    tls: Option<TlsAcceptor>,
    once: bool,
    accepted: mpsc::Sender<Connection>,
    connected: Arc<Notify>,
    ended: Arc<Notify>,
) {
    let hand_over = async |transport| {
        connected.notify_one();
        let _ = accepted.send(Connection::new(transport, ended.clone())).await;
    };
    let (through, mut arrivals) = mpsc::channel(1);
    let first = loop {
        tokio::select! {
            stream = listener.accept() => match stream {
                Ok(stream) => drop(tokio::spawn(encrypt(stream, tls.clone(), through.clone()))),
                Err(error) => {
                    // The process probably has no free file descriptor. Other connections may end soon.
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            },
            Some(transport) = arrivals.recv() => {
                if once {
                    break transport;
                }
                hand_over(transport).await;
            }
        }
    };
    drop(listener);
    hand_over(first).await;
}

/// Does the TLS handshake of a connection, if there is TLS, and passes the connection on.
async fn encrypt(
    stream: impl Transport,
    tls: Option<TlsAcceptor>,
    through: mpsc::Sender<Pin<Box<dyn Transport>>>,
) {
    let transport: Pin<Box<dyn Transport>> = match tls {
        None => Box::pin(stream),
        Some(tls) => match timeout(TLS_WITHIN, tls.accept(stream)).await.map_err(io::Error::from).flatten() {
            Ok(stream) => Box::pin(stream),
            Err(error) => return tracing::warn!(%error, "a connection was refused"),
        },
    };
    // This fails if another connection was faster and no further one is wanted.
    let _ = through.send(transport).await;
}
