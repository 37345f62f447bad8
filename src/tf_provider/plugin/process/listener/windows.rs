//! Windows: a TCP port on loopback, as go-plugin's hosts expect there. Every user of the machine can connect to it.
//! Only TLS on both sides keeps other users out.

use std::io;
use std::net::{Ipv4Addr, TcpListener};

use tokio::net::TcpStream;

use super::ports::{first_free, ports};
use super::{Address, Network};
use crate::tf_provider::plugin::process::environment::Environment;

/// The network of this system's listeners.
pub const NETWORK: Network = Network::Tcp;

/// A listening port.
#[derive(Debug)]
pub struct Listener {
    listener: tokio::net::TcpListener,
    address: Address,
}

/// Listens on the first free port of the host's range. The caller must be inside the runtime.
///
/// # Errors
/// If the host's range is not valid, or no port in it is free.
pub fn bind(environment: &Environment) -> io::Result<Listener> {
    let ports = ports(environment.min_port.as_deref(), environment.max_port.as_deref())?;
    let listener = first_free(ports, |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)))?;
    listener.set_nonblocking(true)?;
    let address = Address::Tcp(listener.local_addr()?);
    Ok(Listener { listener: tokio::net::TcpListener::from_std(listener)?, address })
}

impl Listener {
    /// The address of the port.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Waits for the next connection.
    ///
    /// # Errors
    /// If a connection cannot be accepted. A later call may succeed.
    pub async fn accept(&self) -> io::Result<TcpStream> {
        let (stream, _) = self.listener.accept().await?;
        // An answer is one small write. It must not wait until the host acknowledges the write before it.
        stream.set_nodelay(true)?;
        Ok(stream)
    }
}
