//! The socket that Terraform connects to: a unix socket, or on Windows a TCP port on loopback.
//!
//! `unix.rs` and `windows.rs` have the same functions. Only the file for the target system is compiled.

mod address;
pub mod ports;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

pub use address::{Address, Network};
#[cfg(unix)]
pub use unix::{Listener, NETWORK, bind};
#[cfg(windows)]
pub use windows::{Listener, NETWORK, bind};
