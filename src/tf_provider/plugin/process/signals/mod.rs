//! The signals that the process gets while it serves.
//!
//! `unix.rs` and `windows.rs` have the same functions. Only the file for the target system is compiled.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub(super) use unix::Signals;
#[cfg(windows)]
pub(super) use windows::Signals;

/// The meaning of a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// The user interrupts all processes of the terminal. Terraform gets the signal too, and then sends StopProvider.
    ByTheTerminal,
    /// This process must end.
    ToEnd,
}
