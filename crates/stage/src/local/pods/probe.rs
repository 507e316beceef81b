//! Readiness and liveness probes: when the next attempt is due, and what a row of results means.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use slo::Clock;

use crate::local::http;
use crate::manifest::{Container, Probe};

/// What one attempt does.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Check {
    Get { port: u16, path: String },
    Connect { port: u16 },
}

impl Check {
    /// What `probe` asks of `container`; `None` unless exactly one action with a known port is
    /// given.
    pub(super) fn new(probe: &Probe, container: &Container) -> Option<Self> {
        match (&probe.http_get, &probe.tcp_socket) {
            (Some(get), None) => {
                Some(Self::Get { port: container.port(&get.port)?, path: get.path.clone() })
            }
            (None, Some(tcp)) => Some(Self::Connect { port: container.port(&tcp.port)? }),
            _ => None,
        }
    }

    /// One attempt; `Err` says why it failed.
    pub(super) async fn attempt(&self, ip: Ipv4Addr, within: Duration) -> Result<(), String> {
        match self {
            Self::Connect { port } => {
                http::connects(ip, *port, within).await.map_err(|e| e.to_string())
            }
            Self::Get { port, path } => {
                match http::request("GET", SocketAddr::from((ip, *port)), path, within).await {
                    Ok((200..=399, _)) => Ok(()),
                    Ok((status, _)) => Err(format!("GET {path} on port {port} answered {status}")),
                    Err(error) => Err(format!("GET {path} on port {port}: {error}")),
                }
            }
        }
    }
}

/// The state of one probe of one life of a container.
#[derive(Debug, Clone)]
pub(super) struct ProbeState {
    pub(super) check: Check,
    pub(super) time_out: Duration,
    spec: Probe,
    clock: Clock,
    due: Instant,
    in_flight: bool,
    row: i64,
    /// The verdict so far.
    pub(super) good: bool,
}

impl ProbeState {
    /// A readiness probe starts as bad, a liveness probe as good.
    pub(super) fn new(spec: &Probe, check: Check, clock: Clock, now: Instant, good: bool) -> Self {
        let delay = clock.scale(Duration::from_secs(spec.initial_delay_seconds.into()));
        let time_out = Duration::from_secs(spec.timeout_seconds.max(1).into());
        Self {
            check,
            time_out,
            spec: spec.clone(),
            clock,
            due: now + delay,
            in_flight: false,
            row: 0,
            good,
        }
    }

    /// Whether an attempt starts now; the caller then makes it and reports to [`Self::result`].
    pub(super) fn start_if_due(&mut self, now: Instant) -> bool {
        let starts = !self.in_flight && now >= self.due;
        self.in_flight |= starts;
        starts
    }

    /// Takes in one result; returns whether the verdict changed.
    pub(super) fn result(&mut self, success: bool, now: Instant) -> bool {
        self.in_flight = false;
        let declared = Duration::from_secs(self.spec.period_seconds.max(1).into());
        self.row = if success { self.row.max(0) + 1 } else { self.row.min(0) - 1 };
        let before = self.good;
        if self.row >= i64::from(self.spec.success_threshold) {
            self.good = true;
        } else if -self.row >= i64::from(self.spec.failure_threshold) {
            self.good = false;
        }
        self.due = now + period(self.clock, declared, self.good);
        before != self.good
    }
}

/// Time between probes. On the stage clock a pod that is not ready is asked ten times a second, so
/// that a story does not wait for it, and a ready one once a second at most, which keeps 200 pods
/// cheap.
fn period(clock: Clock, declared: Duration, good: bool) -> Duration {
    match clock {
        Clock::Real => declared,
        Clock::Stage if good => declared.min(Duration::from_secs(1)),
        Clock::Stage => declared.min(Duration::from_millis(100)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::{HttpGet, IntOrString};

    fn probe(good: bool, now: Instant) -> ProbeState {
        let spec = Probe {
            http_get: Some(HttpGet { path: "/".into(), port: IntOrString::Int(80) }),
            tcp_socket: None,
            initial_delay_seconds: 60,
            period_seconds: 10,
            timeout_seconds: 1,
            success_threshold: 2,
            failure_threshold: 3,
        };
        ProbeState::new(&spec, Check::Connect { port: 80 }, Clock::Stage, now, good)
    }

    #[test]
    fn thresholds_count_results_in_a_row() {
        let now = Instant::now();
        let mut state = probe(false, now);
        let verdicts: Vec<bool> =
            [true, false, true, true, false, false, true, false, false, false]
                .map(|success| {
                    state.result(success, now);
                    state.good
                })
                .into();
        assert_eq!(verdicts, [false, false, false, true, true, true, true, true, true, false]);
    }

    #[test]
    fn the_first_attempt_waits_for_the_delay_and_none_overlaps() {
        let now = Instant::now();
        let mut state = probe(false, now);
        assert!(!state.start_if_due(now + Duration::from_millis(999)));
        assert!(state.start_if_due(now + Duration::from_secs(1)));
        assert!(!state.start_if_due(now + Duration::from_secs(9)));
        state.result(false, now);
        assert!(!state.start_if_due(now + Duration::from_millis(99)));
        assert!(state.start_if_due(now + Duration::from_millis(100)));
    }
}
