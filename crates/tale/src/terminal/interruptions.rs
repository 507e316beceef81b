//! Ctrl-C and SIGTERM, heard from the moment on at which they must no longer end this process.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Both signals. One that arrives while nobody waits is kept for the next [`Self::next`].
pub struct Interruptions {
    interrupt: Signal,
    terminate: Signal,
}

impl Interruptions {
    /// From now on they no longer end this process.
    ///
    /// # Errors
    /// If the kernel refuses; then they still do.
    pub fn listen() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// Waits for the next one.
    pub async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// Waits for Ctrl-C or SIGTERM.
pub async fn interrupted() {
    match Interruptions::listen() {
        Ok(mut interruptions) => interruptions.next().await,
        // Then the default action ends the process, and the kernel its children.
        Err(_) => std::future::pending().await,
    }
}
