//! Where Terraform connects: a unix socket, or on Windows a TCP port on loopback.
//!
//! `unix.rs` and `windows.rs` have the same functions, and only the one of the system that is built for is compiled.

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
