//! Windows: Ctrl-C and Ctrl-Break reach all processes of a console. Where the console is closed, or the user leaves, Windows
//! ends the process some seconds later, and Terraform is not told in time: that is taken as a request to end.

use std::io;

use tokio::signal::windows::{
    CtrlBreak, CtrlC, CtrlClose, CtrlLogoff, CtrlShutdown, ctrl_break, ctrl_c, ctrl_close, ctrl_logoff,
    ctrl_shutdown,
};

use super::Asked;

/// The events that are not to end the process where it stands.
pub(crate) struct Signals {
    interrupt: CtrlC,
    interrupt_by_break: CtrlBreak,
    close: CtrlClose,
    logoff: CtrlLogoff,
    shutdown: CtrlShutdown,
}

impl Signals {
    /// Takes them over. To be called within the runtime.
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self {
            interrupt: ctrl_c()?,
            interrupt_by_break: ctrl_break()?,
            close: ctrl_close()?,
            logoff: ctrl_logoff()?,
            shutdown: ctrl_shutdown()?,
        })
    }

    /// The next one. May be dropped and called again.
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
