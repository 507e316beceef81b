//! Ctrl-C, SIGTERM and SIGHUP, heard from the moment on at which they must no longer end this
//! process.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// All three. One that arrives while nobody waits is kept for the next [`Self::next`].
pub struct Interruptions {
    interrupt: Signal,
    terminate: Signal,
    /// The terminal was closed.
    hang_up: Signal,
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
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    /// Waits for the next one.
    pub async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = self.hang_up.recv() => {}
        }
    }
}

/// Waits for Ctrl-C, SIGTERM or SIGHUP.
pub async fn interrupted() {
    match Interruptions::listen() {
        Ok(mut interruptions) => interruptions.next().await,
        // Then the default action ends the process, and the kernel its children.
        Err(_) => std::future::pending().await,
    }
}
