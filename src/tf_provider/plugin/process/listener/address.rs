//! An address as the handshake line has it.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

/// What a listener listens on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    /// A unix socket in a directory that only this user can enter.
    Unix,
    /// A TCP port on loopback. Every user of the machine can connect to it.
    Tcp,
}

impl Network {
    /// What Go calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unix => "unix",
            Self::Tcp => "tcp",
        }
    }

    /// Whether the system lets only this user connect.
    pub fn is_private(self) -> bool {
        self == Self::Unix
    }
}

/// Where a host connects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// The socket's path.
    Unix(PathBuf),
    /// The port, with its host.
    Tcp(SocketAddr),
}

impl Address {
    /// What it is an address of.
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
