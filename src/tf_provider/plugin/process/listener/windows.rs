//! Windows: a TCP port on loopback, as go-plugin's hosts expect there. Every user of the machine can connect to it, so TLS
//! on both sides is what keeps others out.

use std::io;
use std::net::{Ipv4Addr, TcpListener};

use tokio::net::TcpStream;

use super::ports::{first_free, ports};
use super::{Address, Network};
use crate::tf_provider::plugin::process::environment::Environment;

/// What a listener of this system listens on.
pub const NETWORK: Network = Network::Tcp;

/// A listening port.
#[derive(Debug)]
pub struct Listener {
    listener: tokio::net::TcpListener,
    address: Address,
}

/// Listens on the first free port of those that the host names. To be called within the runtime.
///
/// # Errors
/// If the host's ports are no ports, or none of them is free.
pub fn bind(environment: &Environment) -> io::Result<Listener> {
    let ports = ports(environment.min_port.as_deref(), environment.max_port.as_deref())?;
    let listener = first_free(ports, |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)))?;
    listener.set_nonblocking(true)?;
    let address = Address::Tcp(listener.local_addr()?);
    Ok(Listener { listener: tokio::net::TcpListener::from_std(listener)?, address })
}

impl Listener {
    /// Where it listens.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// The next connection.
    ///
    /// # Errors
    /// If it cannot be accepted. Another may be.
    pub async fn accept(&self) -> io::Result<TcpStream> {
        let (stream, _) = self.listener.accept().await?;
        // An answer is one small write; it must not wait for the host's acknowledgement of the one before.
        stream.set_nodelay(true)?;
        Ok(stream)
    }
}
