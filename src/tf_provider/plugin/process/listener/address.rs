//! An address in the form of the handshake line.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

/// The kind of network that a listener uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    /// A unix socket in a directory that only this user can enter.
    Unix,
    /// A TCP port on loopback. Every user of the machine can connect to it.
    Tcp,
}

impl Network {
    /// Go's name for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unix => "unix",
            Self::Tcp => "tcp",
        }
    }

    /// Whether only this user can connect.
    pub fn is_private(self) -> bool {
        self == Self::Unix
    }
}

/// The address that a host connects to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// The socket's path.
    Unix(PathBuf),
    /// The IP address and port.
    Tcp(SocketAddr),
}

impl Address {
    /// The network of the address.
    pub fn network(&self) -> Network {
        match self {
            Self::Unix(_) => Network::Unix,
            Self::Tcp(_) => Network::Tcp,
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => path.display().fmt(f),
            Self::Tcp(address) => address.fmt(f),
        }
    }
}
