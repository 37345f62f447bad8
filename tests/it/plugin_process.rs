//! The provider's process as go-plugin sees it: handshake, TLS, socket and exit.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use cloudflare_tokens::tf_provider::plugin::proto::get_provider_schema;
use cloudflare_tokens::tf_provider::plugin::proto::go_plugin::Empty;
use cloudflare_tokens::tf_provider::plugin::proto::go_plugin::grpc_controller_client::GrpcControllerClient;
use cloudflare_tokens::tf_provider::plugin::proto::go_plugin::grpc_stdio_client::GrpcStdioClient;
use cloudflare_tokens::tf_provider::plugin::proto::provider_client::ProviderClient;
use tempfile::TempDir;
use tonic::transport::Channel;

use crate::support::host::{HostCertificate, Process, command};

const BINARY: &str = env!("CARGO_BIN_EXE_terraform-provider-cloudflare-tokens");

/// Long enough for a busy machine. A working provider never needs this long.
const SOON: Duration = Duration::from_secs(10);

struct Running {
    temporary: TempDir,
    host: HostCertificate,
    process: Process,
}

fn start() -> Running {
    let (temporary, host) = (tempfile::tempdir().unwrap(), HostCertificate::new());
    let process = Process::start(Path::new(BINARY), temporary.path(), Some(&host.pem));
    Running { temporary, host, process }
}

async fn schema(channel: Channel) -> Result<(), tonic::Status> {
    ProviderClient::new(channel).get_provider_schema(get_provider_schema::Request {}).await.map(drop)
}

fn is_empty(directory: &Path) -> bool {
    std::fs::read_dir(directory).unwrap().next().is_none()
}

fn signal(process: &Process, name: &str) {
    assert!(crate::support::signal(name, process.id()));
}

#[tokio::test]
async fn the_host_gets_through_with_its_p521_ca_certificate_and_h2_is_chosen() {
    let running = start();
    let (channel, alpn) = running.process.connect(Some(&running.host)).await.unwrap();
    assert_eq!(alpn.as_deref(), Some(&b"h2"[..]));
    schema(channel).await.unwrap();
}

#[tokio::test]
async fn nobody_else_gets_through_and_the_host_still_does() {
    let running = start();
    for stranger in [None, Some(HostCertificate::new())] {
        let refused = match running.process.connect(stranger.as_ref()).await {
            Err(_) => true,
            Ok((channel, _)) => schema(channel).await.is_err(),
        };
        assert!(refused);
    }
    let (channel, _) = running.process.connect(Some(&running.host)).await.unwrap();
    schema(channel).await.unwrap();
}

#[tokio::test]
async fn someone_who_says_nothing_holds_up_nobody() {
    let running = start();
    let _silent = tokio::net::UnixStream::connect(&running.process.socket).await.unwrap();
    let (channel, _) = running.process.connect(Some(&running.host)).await.unwrap();
    schema(channel).await.unwrap();
}

#[tokio::test]
async fn socket_and_directory_are_gone_once_the_host_is_connected() {
    let running = start();
    assert!(!is_empty(running.temporary.path()));
    let (channel, _) = running.process.connect(Some(&running.host)).await.unwrap();
    schema(channel.clone()).await.unwrap();
    assert!(is_empty(running.temporary.path()));
    schema(channel).await.unwrap();
}

#[tokio::test]
async fn it_leaves_on_shutdown_and_says_nothing_more_on_stdout() {
    let mut running = start();
    let (channel, _) = running.process.connect(Some(&running.host)).await.unwrap();
    schema(channel.clone()).await.unwrap();
    // The answer may or may not arrive.
    let _ = GrpcControllerClient::new(channel).shutdown(Empty {}).await;
    assert!(running.process.wait(SOON).unwrap().success());
    assert_eq!(running.process.rest_of_stdout(), "");
}

#[tokio::test]
async fn it_leaves_when_the_connection_ends() {
    let mut running = start();
    let (channel, _) = running.process.connect(Some(&running.host)).await.unwrap();
    schema(channel.clone()).await.unwrap();
    assert!(running.process.wait(Duration::from_millis(50)).is_none());
    drop(channel);
    tokio::task::yield_now().await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(running.process.wait(SOON).unwrap().success());
}

#[tokio::test]
async fn the_stdio_stream_stays_open() {
    let running = start();
    let (channel, _) = running.process.connect(Some(&running.host)).await.unwrap();
    let mut stream = GrpcStdioClient::new(channel).stream_stdio(()).await.unwrap().into_inner();
    tokio::time::timeout(Duration::from_millis(100), stream.message()).await.unwrap_err();
}

#[tokio::test]
async fn signals_do_not_end_it_while_the_host_is_connected() {
    let mut running = start();
    let (channel, _) = running.process.connect(Some(&running.host)).await.unwrap();
    schema(channel.clone()).await.unwrap();
    signal(&running.process, "INT");
    signal(&running.process, "HUP");
    signal(&running.process, "TERM");
    assert!(running.process.wait(Duration::from_millis(100)).is_none());
    schema(channel).await.unwrap();
}

#[test]
fn sigterm_ends_one_that_nobody_has_connected_to() {
    let mut running = start();
    signal(&running.process, "TERM");
    assert!(running.process.wait(SOON).unwrap().success());
    assert!(is_empty(running.temporary.path()));
}

#[test]
fn without_a_client_certificate_there_is_no_tls() {
    let temporary = tempfile::tempdir().unwrap();
    let process = Process::start(Path::new(BINARY), temporary.path(), None);
    assert_eq!(process.certificate, None);
}

#[test]
fn a_damaged_client_certificate_ends_it_before_the_handshake() {
    let temporary = tempfile::tempdir().unwrap();
    let output =
        command(Path::new(BINARY), temporary.path()).env("PLUGIN_CLIENT_CERT", "garbage").output().unwrap();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
    assert!(
        String::from_utf8(output.stderr).unwrap().contains("PLUGIN_CLIENT_CERT holds no PEM certificate")
    );
    assert!(is_empty(temporary.path()));
}

#[test]
fn a_host_of_another_protocol_is_told_which_one_it_takes() {
    let temporary = tempfile::tempdir().unwrap();
    let output =
        command(Path::new(BINARY), temporary.path()).env("PLUGIN_PROTOCOL_VERSIONS", "4,5").output().unwrap();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
    assert!(String::from_utf8(output.stderr).unwrap().contains("protocol 6"));
}

#[test]
fn started_by_hand_it_says_what_it_is_and_fails() {
    let output = Command::new(BINARY).env_clear().stdin(Stdio::null()).output().unwrap();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("required_providers") && said.contains("dev_overrides"), "{said}");
}

#[test]
fn it_tells_its_version() {
    let output = Command::new(BINARY).arg("-version").env_clear().output().unwrap();
    assert!(output.status.success());
    assert!(String::from_utf8(output.stdout).unwrap().contains(env!("CARGO_PKG_VERSION")));
}
