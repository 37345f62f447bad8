//! Serving: from the listening socket to the end of the process.
//!
//! A managed process has one host and one connection. It leaves on Shutdown, and when that connection ends, as it does
//! when Terraform is killed. It leaves at once where nothing is under way, and else as soon as that is finished: a token
//! that was just made must not be left to nobody, and a write must not land after its lock is gone. The host kills the
//! process 2 seconds after a Shutdown, and nobody does where the host is gone.
//!
//! Ctrl-C at the terminal reaches Terraform as well, and is its business: Terraform sends StopProvider. A signal that is for
//! this process alone is taken as just that.

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

/// The largest request. Go's SDK has the same; tonic's own limit of 4 MiB is too small for a state.
const MAX_REQUEST: usize = 256 << 20;

/// How long the host may take to connect. It gives a plugin as long for the handshake line.
const CONNECT_WITHIN: Duration = Duration::from_secs(60);

/// How long a TLS handshake may take.
const TLS_WITHIN: Duration = Duration::from_secs(10);

/// How long leaving takes without a line in the log that says why.
const LEAVING_IS_LONG: Duration = Duration::from_secs(1);

/// How the process is run.
pub(super) enum Mode {
    /// By a host that connects once.
    Managed(Option<TlsAcceptor>),
    /// By a developer, for any number of hosts in turn, until it is interrupted.
    Debug,
}

/// Serves until there is nobody left to serve.
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
    // Its end removes a listener that nobody has connected to.
    let _ = accepting.await;
    leave(debug, signals, &server).await;
}

/// Ends what waits. Not waited for: a provider may do so at its leisure.
fn stop(server: &Arc<Registry>) {
    let server = server.clone();
    tokio::spawn(async move { server.provider().stop().await });
}

/// Waits until nothing is under way any more. Most often nothing is, and it is over at once.
async fn leave(debug: bool, mut signals: Signals, server: &Arc<Registry>) {
    let close = server.provider().close();
    tokio::pin!(close);
    if timeout(LEAVING_IS_LONG, &mut close).await.is_ok() {
        return;
    }
    tracing::info!("the provider leaves as soon as what is under way is finished");
    loop {
        tokio::select! {
            () = &mut close => break,
            asked = signals.next() => match asked {
                // A second Ctrl-C.
                _ if debug => break,
                Asked::ToEnd => stop(server),
                Asked::ByTheTerminal => {}
            },
        }
    }
}

/// All services of the process. `shutdown` is told when the host calls Shutdown.
fn router(server: Arc<Registry>, shutdown: Arc<Notify>) -> Router {
    let provider = ProviderServer::new(Service::new(server)).max_decoding_message_size(MAX_REQUEST);
    tonic::transport::Server::builder()
        .trace_fn(|request| {
            // Every log line of the call says which call it was, and of which type: the look-up of the type tells that.
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

/// Serves connections that are already there, in plaintext: for tests, without a process or a socket.
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

/// Accepts connections, each in a task of its own, so that one that does not get through its TLS handshake holds up
/// nobody. With `once`, the first that gets through is the last: the listener is gone before it is served.
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
                    // Out of file descriptors, most likely: others may end soon.
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

/// Brings a connection through its TLS handshake, if there is TLS, and passes it on.
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
    // Fails where another was faster, and this one is one too many.
    let _ = through.send(transport).await;
}
