//! go-plugin's own services, which its host expects of every plugin.

use std::sync::Arc;

use tokio::sync::Notify;
use tokio_stream::pending;
use tonic::codegen::BoxStream;
use tonic::{Request, Response, Status, Streaming, async_trait};

use crate::tf_provider::plugin::wire::proto::go_plugin::grpc_broker_server::GrpcBroker;
use crate::tf_provider::plugin::wire::proto::go_plugin::grpc_controller_server::GrpcController;
use crate::tf_provider::plugin::wire::proto::go_plugin::grpc_stdio_server::GrpcStdio;
use crate::tf_provider::plugin::wire::proto::go_plugin::{ConnInfo, Empty, StdioData};

/// Offers no further connections. Terraform opens the stream and does not use it.
pub(super) struct Broker;

#[async_trait]
impl GrpcBroker for Broker {
    async fn start_stream(
        &self,
        _: Request<Streaming<ConnInfo>>,
    ) -> Result<Response<BoxStream<ConnInfo>>, Status> {
        Ok(Response::new(Box::pin(pending())))
    }
}

/// Sends nothing: stdout belongs to the handshake, and Terraform reads stderr by itself. The stream stays open because
/// the host logs a stream that ends.
pub(super) struct Stdio;

#[async_trait]
impl GrpcStdio for Stdio {
    async fn stream_stdio(&self, _: Request<()>) -> Result<Response<BoxStream<StdioData>>, Status> {
        Ok(Response::new(Box::pin(pending())))
    }
}

/// Ends the process when the host calls Shutdown.
pub(super) struct Controller(pub(super) Arc<Notify>);

#[async_trait]
impl GrpcController for Controller {
    async fn shutdown(&self, _: Request<Empty>) -> Result<Response<Empty>, Status> {
        self.0.notify_one();
        Ok(Response::new(Empty {}))
    }
}
