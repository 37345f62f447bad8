//! go-plugin's side of the protocol: a channel to a server in this process, or a provider process with its handshake.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use cloudflare_tokens::tf_provider::framework::Registry;
use cloudflare_tokens::tf_provider::plugin::handshake::MAGIC_COOKIE;
use cloudflare_tokens::tf_provider::plugin::serve_in_process;
use data_encoding::BASE64_NOPAD;
use hyper_util::rt::TokioIo;
use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair, PKCS_ECDSA_P521_SHA512};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::UnixStream;
use tokio_rustls::TlsConnector;
use tonic::transport::{Channel, Endpoint};

/// An in-memory channel to this server.
pub async fn channel(server: Registry) -> Channel {
    let (near, far) = tokio::io::duplex(1 << 20);
    let connections = tokio_stream::iter([Ok::<_, std::io::Error>(far)]);
    tokio::spawn(serve_in_process(server, connections));
    connect(near).await.unwrap()
}

/// A channel, without TLS, to the server that listens on this socket.
pub async fn channel_to(socket: &Path) -> Channel {
    connect(UnixStream::connect(socket).await.unwrap()).await.unwrap()
}

async fn connect<T>(transport: T) -> Result<Channel, tonic::transport::Error>
where
    T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    let mut transport = Some(TokioIo::new(transport));
    let once = move |_| {
        let taken = transport.take().ok_or_else(|| std::io::Error::other("connected already"));
        std::future::ready(taken)
    };
    Endpoint::from_static("http://localhost").connect_with_connector(tower::service_fn(once)).await
}

/// The host's certificate, in the form that go-plugin makes: ECDSA P-521, self-signed, a CA.
pub struct HostCertificate {
    pub der: CertificateDer<'static>,
    pub pem: String,
    key: PrivateKeyDer<'static>,
}

impl HostCertificate {
    pub fn new() -> Self {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P521_SHA512).unwrap();
        let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let der: CertificateDer<'static> = params.self_signed(&key).unwrap().into();
        let body = data_encoding::BASE64.encode(&der);
        let pem = format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n");
        Self { der, pem, key: PrivateKeyDer::Pkcs8(key.serialize_der().into()) }
    }
}

/// A provider process that is started like go-plugin starts it.
pub struct Process {
    child: Child,
    pub stdout: BufReader<ChildStdout>,
    pub socket: PathBuf,
    pub certificate: Option<CertificateDer<'static>>,
}

impl Process {
    /// Starts the process and reads the handshake line. `host` is the host's certificate as PEM. `None` means no TLS.
    pub fn start(binary: &Path, temporary: &Path, host: Option<&str>) -> Self {
        let mut command = command(binary, temporary);
        command.envs(host.map(|pem| ("PLUGIN_CLIENT_CERT", pem)));
        let mut child = command.spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let fields: Vec<&str> = line.trim_end_matches('\n').split('|').collect();
        assert_eq!((&fields[..3], fields[4], fields.len()), (&["1", "6", "unix"][..], "grpc", 6), "{line}");
        let der = BASE64_NOPAD.decode(fields[5].as_bytes()).unwrap();
        let certificate = (!der.is_empty()).then(|| der.into());
        Self { child, stdout, socket: fields[3].into(), certificate }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Connects over TLS and presents this certificate, if any.
    pub async fn connect(
        &self,
        host: Option<&HostCertificate>,
    ) -> std::io::Result<(Channel, Option<Vec<u8>>)> {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone().unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .with_root_certificates(roots);
        let mut config = match host {
            Some(host) => config.with_client_auth_cert(vec![host.der.clone()], host.key.clone_key()).unwrap(),
            None => config.with_no_client_auth(),
        };
        config.alpn_protocols = vec![b"h2".to_vec()];
        let stream = UnixStream::connect(&self.socket).await?;
        let name = ServerName::try_from("localhost").unwrap();
        let tls = TlsConnector::from(Arc::new(config)).connect(name, stream).await?;
        let alpn = tls.get_ref().1.alpn_protocol().map(<[u8]>::to_vec);
        // In TLS 1.3 the client finishes before the server checks the client's certificate. Only the first bytes show
        // the result.
        let channel = self::connect(tls).await.map_err(std::io::Error::other)?;
        Ok((channel, alpn))
    }

    /// Waits until the process ends.
    pub fn wait(&mut self, limit: Duration) -> Option<ExitStatus> {
        let deadline = Instant::now() + limit;
        loop {
            match self.child.try_wait().unwrap() {
                Some(status) => return Some(status),
                None if Instant::now() > deadline => return None,
                None => std::thread::sleep(Duration::from_millis(2)),
            }
        }
    }

    /// The rest of stdout, once the process has ended.
    pub fn rest_of_stdout(&mut self) -> String {
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).unwrap();
        rest
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The command that starts a provider. Its environment has only go-plugin's variables.
pub fn command(binary: &Path, temporary: &Path) -> Command {
    let mut command = Command::new(binary);
    command
        .env_clear()
        .envs([("TF_PLUGIN_MAGIC_COOKIE", MAGIC_COOKIE), ("PLUGIN_PROTOCOL_VERSIONS", "5,6")])
        .env("TMPDIR", temporary)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Serves in this process. Returns the socket's directory and the value for `TF_REATTACH_PROVIDERS`.
pub fn attach(server: Registry, address: &str) -> (tempfile::TempDir, String) {
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("s");
    let listener = tokio::net::UnixListener::bind(&socket).unwrap();
    let connections = tokio_stream::wrappers::UnixListenerStream::new(listener);
    tokio::spawn(serve_in_process(server, connections));
    let instance = serde_json::json!({
        "Protocol": "grpc", "ProtocolVersion": 6, "Pid": std::process::id(), "Test": true,
        "Addr": {"Network": "unix", "String": socket},
    });
    (directory, serde_json::json!({ address: instance }).to_string())
}
