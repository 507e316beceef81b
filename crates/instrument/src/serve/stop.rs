//! From the request to stop until the listener closes.
//!
//! Lesson: *nobody learns at once that a pod is going.* Kubernetes sends SIGTERM and takes the pod
//! out of its Services at the same time; for a moment others still send requests to it, and a
//! closed port would refuse them. So readiness goes first, and the listener closes
//! `SHUTDOWN_DELAY` later. A `preStop` sleep in the manifest has the same effect.

use std::str::FromStr;
use std::time::Duration;

use rocket::Shutdown;
use rocket::tokio::signal::unix::{Signal, SignalKind, signal};
use rocket::tokio::{select, time};

use super::readiness::Readiness;
use crate::start_error::StartError;

/// Longest delay: Kubernetes kills after 30 s by default.
const LONGEST: Duration = Duration::from_secs(300);

/// What `SHUTDOWN_DELAY` says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Delay(pub(super) Duration);

impl Delay {
    pub(super) const REMEDY: &str = "set it to a time such as 500ms or 5s, at most 300s";
}

impl FromStr for Delay {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WRONG: &str = "that is not a time";
        let (number, unit) =
            text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
        let number: u64 = number.parse().map_err(|_| WRONG)?;
        let delay = match unit {
            "ms" => Duration::from_millis(number),
            "s" => Duration::from_secs(number),
            "" if number == 0 => Duration::ZERO,
            _ => return Err(WRONG),
        };
        if delay > LONGEST { Err("that is too long") } else { Ok(Self(delay)) }
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delay_is_a_number_with_its_unit() {
        assert_eq!("0".parse(), Ok(Delay(Duration::ZERO)));
        assert_eq!("5s".parse(), Ok(Delay(Duration::from_secs(5))));
        assert_eq!("250ms".parse(), Ok(Delay(Duration::from_millis(250))));
        for text in ["", "5", "s", "-1s", "1.5s", "5m", "301s", "5 s", "99999999999999999999s"] {
            assert!(text.parse::<Delay>().is_err(), "{text}");
        }
    }
}
