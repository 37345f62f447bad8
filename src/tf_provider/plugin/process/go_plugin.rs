//! go-plugin's own services: what its host expects of any plugin.

use std::sync::Arc;

use tokio::sync::Notify;
use tokio_stream::pending;
use tonic::codegen::BoxStream;
use tonic::{Request, Response, Status, Streaming, async_trait};

use crate::tf_provider::plugin::wire::proto::go_plugin::grpc_broker_server::GrpcBroker;
use crate::tf_provider::plugin::wire::proto::go_plugin::grpc_controller_server::GrpcController;
use crate::tf_provider::plugin::wire::proto::go_plugin::grpc_stdio_server::GrpcStdio;
use crate::tf_provider::plugin::wire::proto::go_plugin::{ConnInfo, Empty, StdioData};

/// Offers no further connections. Terraform opens the stream and leaves it alone.
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

/// Has nothing to print: stdout is the handshake's, and Terraform reads stderr by itself. The stream stays open, since
/// the host logs one that ends.
pub(super) struct Stdio;

#[async_trait]
impl GrpcStdio for Stdio {
    async fn stream_stdio(&self, _: Request<()>) -> Result<Response<BoxStream<StdioData>>, Status> {
        Ok(Response::new(Box::pin(pending())))
    }
}

/// Ends the process when it is told to.
pub(super) struct Controller(pub(super) Arc<Notify>);

#[async_trait]
impl GrpcController for Controller {
    async fn shutdown(&self, _: Request<Empty>) -> Result<Response<Empty>, Status> {
        self.0.notify_one();
        Ok(Response::new(Empty {}))
    }
}
