//! Ctrl-C, SIGTERM and SIGHUP, heard from the moment on at which they must no longer end this
//! process.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// All three. One that arrives while nobody waits is kept for the next [`Self::next`].
pub struct Interruptions {
    interrupt: Signal,
    terminate: Signal,
    /// The terminal was closed; none for who asked not to be told, as `nohup` does.
    hang_up: Option<Signal>,
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
            hang_up: (!ignores_hang_up()).then(|| signal(SignalKind::hangup())).transpose()?,
        })
    }

    /// Waits for the next one.
    pub async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            () = hung_up(&mut self.hang_up) => {}
        }
    }
}

async fn hung_up(hang_up: &mut Option<Signal>) {
    match hang_up {
        Some(hang_up) => drop(hang_up.recv().await),
        None => std::future::pending().await,
    }
}

/// Whether SIGHUP is to be ignored, as this process was started: bit 0 of proc_pid_status(5).
fn ignores_hang_up() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    ignored.is_some_and(|mask| mask & 1 == 1)
}

/// Waits for Ctrl-C, SIGTERM or SIGHUP.
pub async fn interrupted() {
    match Interruptions::listen() {
        Ok(mut interruptions) => interruptions.next().await,
        // Then the default action ends the process, and the kernel its children.
        Err(_) => std::future::pending().await,
    }
}
