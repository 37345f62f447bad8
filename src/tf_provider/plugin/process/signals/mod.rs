//! What the system asks of the process while it serves.
//!
//! `unix.rs` and `windows.rs` have the same functions, and only the one of the system that is built for is compiled.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub(super) use unix::Signals;
#[cfg(windows)]
pub(super) use windows::Signals;

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// The user, at the terminal, and of all processes there: Terraform gets it too, and sends StopProvider.
    ByTheTerminal,
    /// To end, and of this process.
    ToEnd,
}
