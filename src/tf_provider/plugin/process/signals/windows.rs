//! Windows: Ctrl-C and Ctrl-Break reach all processes of a console. If the console is closed or the user logs off,
//! Windows ends the process some seconds later. Terraform cannot react in time, so these events count as a request to
//! end.

use std::io;

use tokio::signal::windows::{
    CtrlBreak, CtrlC, CtrlClose, CtrlLogoff, CtrlShutdown, ctrl_break, ctrl_c, ctrl_close, ctrl_logoff,
    ctrl_shutdown,
};

use super::Asked;

/// The events that must not end the process at once.
pub(crate) struct Signals {
    interrupt: CtrlC,
    interrupt_by_break: CtrlBreak,
    close: CtrlClose,
    logoff: CtrlLogoff,
    shutdown: CtrlShutdown,
}

impl Signals {
    /// Replaces the default handling of the events. The caller must be inside the runtime.
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self {
            interrupt: ctrl_c()?,
            interrupt_by_break: ctrl_break()?,
            close: ctrl_close()?,
            logoff: ctrl_logoff()?,
            shutdown: ctrl_shutdown()?,
        })
    }

    /// Waits for the next event. The future may be dropped and the method called again.
    pub(crate) async fn next(&mut self) -> Asked {
        tokio::select! {
            _ = self.interrupt.recv() => Asked::ByTheTerminal,
            _ = self.interrupt_by_break.recv() => Asked::ByTheTerminal,
            _ = self.close.recv() => Asked::ToEnd,
            _ = self.logoff.recv() => Asked::ToEnd,
            _ = self.shutdown.recv() => Asked::ToEnd,
        }
    }
}
