//! An HTTPS server on loopback that answers GET requests with files, like a registry or a mirror.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::{Request, Response, service::service_fn};
use hyper_util::rt::TokioIo;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use tempfile::TempDir;
use tokio_rustls::TlsAcceptor;

/// The files by path.
pub type Files = BTreeMap<String, Vec<u8>>;

/// The server. It stops when it is dropped.
pub struct Https {
    address: SocketAddr,
    folder: TempDir,
    files: Arc<Mutex<Files>>,
    _runtime: tokio::runtime::Runtime,
}

impl Https {
    /// Starts without files. The certificate is for `name`, from a new certificate authority.
    pub fn new(name: &str) -> Self {
        let (ca, config) = certificates(name);
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ca.pem"), ca).unwrap();
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).unwrap();
        let address = listener.local_addr().unwrap();
        let files = Arc::new(Mutex::new(Files::new()));
        runtime.spawn(serve(listener, TlsAcceptor::from(Arc::new(config)), Arc::clone(&files)));
        Self { address, folder, files, _runtime: runtime }
    }

    /// The server's host for URLs and provider addresses. The certificate must be for `localhost`.
    pub fn host(&self) -> String {
        format!("localhost:{}", self.address.port())
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// The file of the certificate authority, for `SSL_CERT_FILE`.
    pub fn ca(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// Adds a file. The path starts with a slash.
    pub fn put(&self, path: &str, content: impl Into<Vec<u8>>) {
        assert!(path.starts_with('/'), "{path}");
        self.files.lock().unwrap().insert(path.to_owned(), content.into());
    }

    /// Adds the files of a folder below a path.
    pub fn put_folder(&self, path: &str, folder: &Path) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let below = format!("{path}/{}", entry.file_name().to_str().unwrap());
            if entry.path().is_dir() {
                self.put_folder(&below, &entry.path());
            } else {
                self.put(&below, std::fs::read(entry.path()).unwrap());
            }
        }
    }

    /// Changes the file at a path.
    pub fn change(&self, path: &str, change: impl FnOnce(&mut Vec<u8>)) {
        let mut files = self.files.lock().unwrap();
        change(files.get_mut(path).unwrap_or_else(|| panic!("nothing at {path}")));
    }
}

/// A new certificate authority, as PEM, and a server configuration with a certificate from it.
fn certificates(name: &str) -> (String, rustls::ServerConfig) {
    let (ca_key, key) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(rcgen::DnType::CommonName, "Tests");
    let ca = params.self_signed(&ca_key).unwrap();
    let leaf = CertificateParams::new([name.to_owned()]).unwrap();
    let leaf = leaf.signed_by(&key, &Issuer::new(params, ca_key)).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![leaf.into()], PrivateKeyDer::Pkcs8(key.serialize_der().into()))
        .unwrap();
    let body = data_encoding::BASE64.encode(ca.der());
    (format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n"), config)
}

async fn serve(listener: tokio::net::TcpListener, acceptor: TlsAcceptor, files: Arc<Mutex<Files>>) {
    while let Ok((stream, _)) = listener.accept().await {
        let (acceptor, files) = (acceptor.clone(), Arc::clone(&files));
        tokio::spawn(async move {
            let Ok(stream) = acceptor.accept(stream).await else { return };
            let service = service_fn(move |request: Request<hyper::body::Incoming>| {
                let found = files.lock().unwrap().get(request.uri().path()).cloned();
                std::future::ready(Ok::<_, Infallible>(answer(request.uri().path(), found)))
            });
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

fn answer(path: &str, found: Option<Vec<u8>>) -> Response<Full<Bytes>> {
    let media_type = match path.rsplit('.').next() {
        Some("zip") => "application/zip",
        Some("sig") => "application/octet-stream",
        _ => "application/json",
    };
    let status = if found.is_some() { 200 } else { 404 };
    Response::builder()
        .status(status)
        .header("content-type", media_type)
        .body(Full::new(Bytes::from(found.unwrap_or_default())))
        .unwrap()
}
