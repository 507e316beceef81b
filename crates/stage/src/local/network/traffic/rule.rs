//! What one network fault does to the bytes that leave a pod, and what several of them do together.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use chaos::fault::{NetworkDelay, NetworkFault};
use rand::Rng;

use super::destination::Destination;

/// TCP sends a lost segment again after this long, and after twice that if it is lost again (RFC
/// 6298, Linux' minimum).
const RETRANSMISSION: Duration = Duration::from_millis(200);
/// The same before anything is known about the way.
const SYN_RETRANSMISSION: Duration = Duration::from_secs(1);
/// 12.6 s together, 63 s of a SYN: nobody watches longer.
const MAX_LOSSES: u32 = 6;
/// A slow link passes bytes on this often, so that they trickle instead of coming in lumps.
const TRICKLES_PER_SECOND: u64 = 20;

/// One network fault on one pod.
#[derive(Debug, Default)]
pub(crate) struct NetworkRule {
    /// None: everybody.
    pub(super) towards: Option<Vec<Destination>>,
    delay: Option<NetworkDelay>,
    jitter: Chance,
    /// Percent.
    loss: f64,
    losses: Chance,
    /// Shared by all connections of the pod, as `tbf` is.
    bandwidth: Option<Bandwidth>,
    partition: bool,
}

/// A link that is busy until its last byte has gone out.
#[derive(Debug)]
pub(crate) struct Bandwidth {
    bytes_per_second: u64,
    free_at: Mutex<Instant>,
}

/// Draws that depend on the one before, as the kernel's `netem` correlates them: each is a mixture
/// of a new one and the last.
#[derive(Debug, Default)]
struct Chance {
    /// The part of the last one, 0 to 1.
    memory: f64,
    last: Mutex<Option<f64>>,
}

impl Chance {
    fn new(correlation_percent: f64) -> Self {
        Self { memory: (correlation_percent / 100.0).clamp(0.0, 1.0), last: Mutex::new(None) }
    }

    /// From 0 to 1, without 1.
    fn draw(&self, random: &mut impl Rng) -> f64 {
        let new = random.random_range(0.0..1.0);
        if self.memory == 0.0 {
            return new;
        }
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let drawn = last.map_or(new, |last| new * (1.0 - self.memory) + last * self.memory);
        *last = Some(drawn);
        drawn
    }
}

/// Everything that bytes on one way of one connection suffer; nothing, by default.
#[derive(Default)]
pub(crate) struct Shape {
    rules: Vec<Arc<NetworkRule>>,
    /// When the first of them lapses.
    pub(crate) until: Option<Instant>,
}

/// When a chunk of bytes has left the sender, and when it arrives.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Times {
    pub(crate) sent: Instant,
    pub(crate) due: Instant,
}

impl NetworkRule {
    /// The fault on packets `towards` these destinations; none means everybody.
    pub(crate) fn new(fault: &NetworkFault, towards: Option<Vec<Destination>>) -> Self {
        Self {
            towards,
            delay: fault.delay,
            jitter: Chance::new(fault.delay.map_or(0.0, |delay| delay.correlation)),
            loss: fault.loss_percent,
            losses: Chance::new(fault.loss_correlation),
            bandwidth: fault.bytes_per_second.map(Bandwidth::new),
            // What never arrives is a partition, whatever it is called.
            partition: fault.partition || fault.loss_percent >= 100.0,
        }
    }

    /// How long a chunk waits: its delay, and its losses, the first of which costs `first`.
    fn wait(&self, first: Duration, random: &mut impl Rng) -> Duration {
        self.delay(random) + self.stall(first, random)
    }

    /// Evenly spread over latency ± jitter, never negative.
    fn delay(&self, random: &mut impl Rng) -> Duration {
        let Some(delay) = self.delay else {
            return Duration::ZERO;
        };
        let jitter = delay.jitter.as_secs_f64();
        let off = if jitter > 0.0 { jitter * (2.0 * self.jitter.draw(random) - 1.0) } else { 0.0 };
        Duration::from_secs_f64((delay.latency.as_secs_f64() + off).max(0.0))
    }

    /// Whether this packet is lost.
    fn loses(&self, random: &mut impl Rng) -> bool {
        self.loss > 0.0 && self.losses.draw(random) * 100.0 < self.loss
    }

    /// How long a chunk stalls because it is lost, perhaps several times in a row. An
    /// approximation: a real stream loses single packets and mends some of them faster; what is the
    /// same is that some requests take 200 ms more, and a few far more.
    fn stall(&self, first: Duration, random: &mut impl Rng) -> Duration {
        let mut stall = Duration::ZERO;
        if self.loss <= 0.0 {
            return stall;
        }
        for again in 0..MAX_LOSSES {
            if !self.loses(random) {
                break;
            }
            stall += first * 2u32.pow(again);
        }
        stall
    }

    /// Whether packets for one of these are hit.
    pub(crate) fn concerns(&self, there: &[SocketAddr]) -> bool {
        let Some(towards) = &self.towards else {
            return true;
        };
        let hit = |socket: &SocketAddr| towards.iter().any(|d| d.includes(*socket));
        there.iter().any(hit)
    }
}

impl Bandwidth {
    /// `bytes_per_second` of 0 counts as 1: a link that passes nothing is a partition.
    pub(crate) fn new(bytes_per_second: u64) -> Self {
        Self { bytes_per_second: bytes_per_second.max(1), free_at: Mutex::new(Instant::now()) }
    }

    /// Takes the link for `bytes`; returns when they are out.
    fn reserve(&self, bytes: usize, now: Instant) -> Instant {
        let mut free_at = self.free_at.lock().unwrap_or_else(PoisonError::into_inner);
        *free_at = (*free_at).max(now) + self.takes(bytes);
        *free_at
    }

    fn takes(&self, bytes: usize) -> Duration {
        Duration::from_secs_f64(bytes as f64 / self.bytes_per_second as f64)
    }
}

impl Shape {
    /// Those of `rules` that concern packets for one of `there`.
    pub(crate) fn new(rules: Vec<(Arc<NetworkRule>, Instant)>, there: &[SocketAddr]) -> Self {
        let (rules, ends): (Vec<_>, Vec<_>) =
            rules.into_iter().filter(|(rule, _)| rule.concerns(there)).unzip();
        Self { rules, until: ends.into_iter().min() }
    }

    /// Whether bytes pass as if nothing was there.
    pub(crate) fn is_clear(&self) -> bool {
        self.rules.is_empty()
    }

    /// Whether nothing passes.
    pub(crate) fn partitioned(&self) -> bool {
        self.rules.iter().any(|rule| rule.partition)
    }

    /// Whether one of these rules is not among the other's.
    pub(crate) fn had_more_than(&self, other: &Self) -> bool {
        let kept = |rule: &Arc<NetworkRule>| other.rules.iter().any(|same| Arc::ptr_eq(same, rule));
        !self.rules.iter().all(kept)
    }

    /// The longest that `bytes` take, losses aside.
    pub(crate) fn longest(&self, bytes: usize) -> Duration {
        let delays = self.rules.iter().filter_map(|rule| rule.delay);
        let delays: Duration = delays.map(|delay| delay.latency + delay.jitter).sum();
        let links = self.bandwidths().map(|link| link.takes(bytes));
        delays + links.max().unwrap_or_default()
    }

    /// How long a SYN of this way takes: a lost one is sent again after a second, and not after 200
    /// ms (RFC 6298).
    pub(crate) fn syn(&self, random: &mut impl Rng) -> Duration {
        self.rules.iter().map(|rule| rule.wait(SYN_RETRANSMISSION, random)).sum()
    }

    /// Most bytes to take at once.
    pub(crate) fn chunk(&self, most: usize) -> usize {
        let slowest = self.bandwidths().map(|b| b.bytes_per_second).min();
        slowest.map_or(most, |rate| {
            usize::try_from(rate / TRICKLES_PER_SECOND).unwrap_or(most).clamp(256.min(most), most)
        })
    }

    /// When a chunk that is read now arrives.
    pub(crate) fn times(&self, bytes: usize, now: Instant, random: &mut impl Rng) -> Times {
        let reserved = self.bandwidths().map(|b| b.reserve(bytes, now));
        let sent = reserved.max().unwrap_or(now);
        let waits = self.rules.iter().map(|rule| rule.wait(RETRANSMISSION, random));
        Times { sent, due: sent + waits.sum::<Duration>() }
    }

    /// When a datagram that is sent now arrives; none when it is lost: nobody sends it again.
    pub(crate) fn datagram(
        &self,
        bytes: usize,
        now: Instant,
        random: &mut impl Rng,
    ) -> Option<Instant> {
        if self.partitioned() || self.rules.iter().any(|rule| rule.loses(random)) {
            return None;
        }
        let sent = self.bandwidths().map(|b| b.reserve(bytes, now)).max().unwrap_or(now);
        Some(sent + self.rules.iter().map(|rule| rule.delay(random)).sum::<Duration>())
    }

    fn bandwidths(&self) -> impl Iterator<Item = &Bandwidth> {
        self.rules.iter().filter_map(|rule| rule.bandwidth.as_ref())
    }
}

#[cfg(test)]
mod tests;
