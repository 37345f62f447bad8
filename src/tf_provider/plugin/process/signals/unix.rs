//! Linux and macOS: the terminal sends SIGINT and SIGHUP to the whole process group. SIGTERM is for this process alone.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::Asked;

/// The signals that must not end the process at once.
pub(crate) struct Signals {
    interrupt: Signal,
    hangup: Signal,
    terminate: Signal,
}

impl Signals {
    /// Replaces the default handling of the signals. The caller must be inside the runtime.
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// Waits for the next signal. The future may be dropped and the method called again.
    pub(crate) async fn next(&mut self) -> Asked {
        tokio::select! {
            _ = self.interrupt.recv() => Asked::ByTheTerminal,
            _ = self.hangup.recv() => Asked::ByTheTerminal,
            _ = self.terminate.recv() => Asked::ToEnd,
        }
    }
}
