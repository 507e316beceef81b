//! From the request to stop until the listener closes.
//!
//! Lesson: *nobody learns at once that a pod is going.* Kubernetes sends SIGTERM and takes the pod
//! out of its Services at the same time; for a moment others still send requests to it, and a
//! closed port would refuse them. So readiness goes first, and the listener closes
//! `SHUTDOWN_DELAY` later. A `preStop` sleep in the manifest has the same effect.

use rocket::Shutdown;
use rocket::tokio::signal::unix::{Signal, SignalKind, signal};
use rocket::tokio::{select, time};

use super::delay::Delay;
use super::readiness::Readiness;
use crate::start_error::StartError;

/// The signals that ask a service to stop.
pub(super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// From now on they no longer end the process at once.
    pub(super) fn listen() -> Result<Self, StartError> {
        let listen = |kind| {
            signal(kind).map_err(|why| StartError::Other(format!("no signals can be had: {why}")))
        };
        Ok(Self {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
        })
    }

    /// Waits for one, takes readiness away, and lets the listener close: after the delay, or at
    /// once for Ctrl-C and for a second signal.
    pub(super) async fn stop(mut self, readiness: Readiness, delay: Delay, shutdown: Shutdown) {
        let terminated = select! {
            _ = self.terminate.recv() => true,
            _ = self.interrupt.recv() => false,
        };
        readiness.set(false);
        let Delay(delay) = delay;
        if terminated && !delay.is_zero() {
            let seconds = delay.as_secs_f64();
            tracing::info!(seconds, "not ready any more; the listener closes later");
            select! {
                () = time::sleep(delay) => {}
                _ = self.terminate.recv() => {}
                _ = self.interrupt.recv() => {}
            }
        }
        shutdown.notify();
    }
}
