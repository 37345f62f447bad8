//! Linux and macOS: SIGINT and SIGHUP are the terminal's, for the whole process group, and SIGTERM is for this process.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::Asked;

/// The signals that are not to end the process where it stands.
pub(crate) struct Signals {
    interrupt: Signal,
    hangup: Signal,
    terminate: Signal,
}

impl Signals {
    /// Takes them over. To be called within the runtime.
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// The next one. May be dropped and called again.
    pub(crate) async fn next(&mut self) -> Asked {
        tokio::select! {
            _ = self.interrupt.recv() => Asked::ByTheTerminal,
            _ = self.hangup.recv() => Asked::ByTheTerminal,
            _ = self.terminate.recv() => Asked::ToEnd,
        }
    }
}
