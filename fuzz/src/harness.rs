//! A provider in this process, configured, and the API that it asks: a server on loopback that answers what it is told to.

use std::convert::Infallible;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use cloudflare_tokens::provider::{Environment, registry};
use cloudflare_tokens::tf_provider::plugin::serve_in_process;
use http::uri::PathAndQuery;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::runtime::Runtime;
use tonic::client::Grpc;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Status};

use super::request::{Request, json};

/// The account of the configured provider.
pub const ACCOUNT: &str = "0da42c8d2132a9ddaf714f9e7c920711";
/// Its credential, which no answer may show.
const CREDENTIAL: &str = "cfat_FuzzingFuzzingFuzzingFuzzingFuzzingFuzz01";
/// What the diagnostic of a panic says.
const PANIC: &[u8] = b"The provider has a bug";

type Answer = Arc<Mutex<(u16, Vec<u8>)>>;

/// The provider, its API, and a client.
pub struct Harness {
    runtime: Runtime,
    channel: Channel,
    answer: Answer,
    ids: AtomicU64,
}

impl Harness {
    /// The one of this process.
    pub fn get() -> &'static Self {
        static HARNESS: OnceLock<Harness> = OnceLock::new();
        HARNESS.get_or_init(Self::start)
    }

    fn start() -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let answer = Answer::default();
        let listener = runtime.block_on(tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).unwrap();
        let base_url = format!("http://{}/client/v4", listener.local_addr().unwrap());
        runtime.spawn(api(listener, Arc::clone(&answer)));
        let environment = Environment {
            api_token: Some(CREDENTIAL.into()),
            api_key: None,
            email: None,
            account_id: Some(ACCOUNT.to_owned()),
            base_url: Some(base_url),
            lock_dirs: vec![std::env::temp_dir().join(format!("fuzzing-{}", std::process::id()))],
        };
        let channel = runtime.block_on(async {
            let (near, far) = tokio::io::duplex(1 << 20);
            let connections = tokio_stream::iter([Ok::<_, std::io::Error>(far)]);
            tokio::spawn(serve_in_process(registry(environment), connections));
            let mut near = Some(TokioIo::new(near));
            let once = move |_| {
                std::future::ready(near.take().ok_or_else(|| std::io::Error::other("one connection")))
            };
            Endpoint::from_static("http://localhost")
                .connect_with_connector(tower::service_fn(once))
                .await
                .unwrap()
        });
        let harness = Self { runtime, channel, answer, ids: AtomicU64::new(1) };
        harness.answer(403, b"{}");
        let config = json(&serde_json::json!({"max_retries": 0, "request_timeout": "5s"}));
        let answer =
            harness.call("ConfigureProvider", Request::new().text(1, "1.11.4").bytes(2, &config).end());
        assert!(answer.is_empty(), "{}", String::from_utf8_lossy(&answer));
        harness
    }

    /// What the API answers from now on.
    pub fn answer(&self, status: u16, body: &[u8]) {
        *self.answer.lock().unwrap() = (status, body.to_vec());
    }

    /// The id of a token that nothing is known of yet.
    pub fn new_id(&self) -> String {
        format!("{:032x}", self.ids.fetch_add(1, Ordering::Relaxed))
    }

    /// Calls an RPC: the messages of the answer, one after another.
    ///
    /// # Panics
    /// Where the provider has panicked, or its answer shows the credential.
    pub fn call(&self, method: &str, message: Vec<u8>) -> Vec<u8> {
        let answer = self.runtime.block_on(self.exchange(method, message));
        let shown = match &answer {
            Ok(bytes) => bytes.clone(),
            Err(status) => {
                let refused =
                    matches!(status.code(), Code::Unimplemented | Code::InvalidArgument | Code::NotFound)
                        || status.message().starts_with("failed to decode Protobuf message");
                assert!(refused, "{method}: {status:?}");
                status.message().as_bytes().to_vec()
            }
        };
        assert!(!has(&shown, PANIC), "{method}: {}", String::from_utf8_lossy(&shown));
        assert!(!has(&shown, CREDENTIAL.as_bytes()), "{method} shows the credential");
        answer.unwrap_or_default()
    }

    async fn exchange(&self, method: &str, message: Vec<u8>) -> Result<Vec<u8>, Status> {
        let path = PathAndQuery::try_from(format!("/tfplugin6.Provider/{method}")).unwrap();
        let mut client = Grpc::new(self.channel.clone()).max_decoding_message_size(64 << 20);
        client.ready().await.map_err(|error| Status::unknown(error.to_string()))?;
        // An answer of one message is a stream of one.
        let mut stream =
            client.server_streaming(tonic::Request::new(message), path, Plain).await?.into_inner();
        let mut all = Vec::new();
        while let Some(message) = stream.message().await? {
            all.extend(message);
        }
        Ok(all)
    }
}

fn has(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

/// Answers each request alike.
async fn api(listener: tokio::net::TcpListener, answer: Answer) {
    while let Ok((stream, _)) = listener.accept().await {
        let answer = Arc::clone(&answer);
        tokio::spawn(async move {
            let service = service_fn(move |_: hyper::Request<Incoming>| {
                let (status, body) = answer.lock().unwrap().clone();
                let response =
                    hyper::Response::builder().status(status).header("content-type", "application/json");
                std::future::ready(Ok::<_, Infallible>(response.body(Full::new(Bytes::from(body))).unwrap()))
            });
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

/// Messages as they are.
struct Plain;

impl Codec for Plain {
    type Encode = Vec<u8>;
    type Decode = Vec<u8>;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Plain {
    type Item = Vec<u8>;
    type Error = Status;

    fn encode(&mut self, message: Vec<u8>, to: &mut EncodeBuf<'_>) -> Result<(), Status> {
        bytes::BufMut::put_slice(to, &message);
        Ok(())
    }
}

impl Decoder for Plain {
    type Item = Vec<u8>;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Vec<u8>>, Status> {
        let mut message = vec![0; bytes::Buf::remaining(from)];
        bytes::Buf::copy_to_slice(from, &mut message);
        Ok(Some(message))
    }
}
