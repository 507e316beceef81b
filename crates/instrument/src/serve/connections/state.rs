//! What a connection is doing, and since when.
//!
//! A connection writes down what it does in three numbers, and whoever ends connections reads them
//! (`sweep.rs`). Well-behaved requests pay for a few stores, not for timers. Each number stands by
//! itself, so that a look in between two of them costs at most one round of the sweep.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll};
use std::time::Duration;

use rocket::tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use rocket::tokio::net::TcpStream;

use super::limits::Limits;
use super::metrics::Reason;
use crate::serve::delay::Delay;

/// Milliseconds since the listener started, set by the sweep and read by everyone. Asking the
/// kernel each time would cost more than all that is written down.
#[derive(Default)]
pub(super) struct Clock(AtomicU64);

impl Clock {
    pub(super) fn set(&self, time: Duration) {
        self.0.store(u64::try_from(time.as_millis()).unwrap_or(u64::MAX), Relaxed);
    }

    fn now(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// What a connection can be doing, in the lowest bits of [`State::phase`].
const IDLE: u64 = 0;
/// A request has begun.
const HEAD: u64 = 1;
/// Its head is there, its body is not.
const BODY: u64 = 2;
/// A request is there, and its answer is not all given out.
const REQUEST: u64 = 3;
/// Its answer is a stream, which may take as long as it likes.
const STREAM: u64 = 4;
const PHASES: u64 = 8;

/// One connection.
pub(super) struct State {
    clock: Arc<Clock>,
    /// The time of its beginning, times [`PHASES`], plus the phase.
    phase: AtomicU64,
    /// When the last request was there.
    asked: AtomicU64,
    /// Since when the client takes nothing of what is to be sent, plus 1; 0 if nothing waits.
    blocked: AtomicU64,
}

impl State {
    pub(super) fn new(clock: Arc<Clock>) -> Self {
        let phase = AtomicU64::new(clock.now() * PHASES + IDLE);
        Self { clock, phase, asked: AtomicU64::new(0), blocked: AtomicU64::new(0) }
    }

    fn begin(&self, phase: u64) {
        self.phase.store(self.clock.now() * PHASES + phase, Relaxed);
    }

    /// A request's head was read, and a body is to come.
    pub(super) fn asks(&self) {
        self.begin(BODY);
    }

    /// A request was read.
    pub(super) fn asked(&self) {
        self.asked.store(self.clock.now(), Relaxed);
        self.begin(REQUEST);
    }

    /// The answer's head is there, and its body is a stream.
    pub(super) fn streams(&self) {
        self.begin(STREAM);
    }

    /// The answer was given out to its last byte.
    pub(super) fn answered(&self) {
        self.begin(IDLE);
    }

    fn received(&self) {
        if self.phase.load(Relaxed) % PHASES == IDLE {
            self.begin(HEAD);
        }
    }

    fn sent(&self, sent: &Poll<io::Result<usize>>) {
        let waits = self.blocked.load(Relaxed) != 0;
        if sent.is_pending() != waits {
            let since = if sent.is_pending() { self.clock.now() + 1 } else { 0 };
            self.blocked.store(since, Relaxed);
        }
    }

    /// For how long it has kept a place without a whole request, in milliseconds, if it does.
    pub(super) fn asks_nothing(&self) -> Option<u64> {
        let phase = self.phase.load(Relaxed);
        let nothing = [IDLE, HEAD, BODY].contains(&(phase % PHASES));
        nothing.then(|| self.clock.now().saturating_sub(phase / PHASES))
    }

    /// Why it has to end now, if it has to.
    pub(super) fn overdue(&self, limits: &Limits) -> Option<Reason> {
        let now = self.clock.now();
        let over = |since: u64, Delay(limit): Delay| {
            let limit = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX);
            limit > 0 && now.saturating_sub(since) > limit
        };
        let (phase, blocked) = (self.phase.load(Relaxed), self.blocked.load(Relaxed));
        let (phase, since) = (phase % PHASES, phase / PHASES);
        if blocked != 0 && over(blocked - 1, limits.write) {
            return Some(Reason::SlowReader);
        }
        match phase {
            // Its answer was given out, but not read: it is not idle yet.
            IDLE if blocked != 0 => {
                over(self.asked.load(Relaxed), limits.request).then_some(Reason::SlowReader)
            }
            IDLE => over(since, limits.idle).then_some(Reason::Idle),
            HEAD => over(since, limits.head).then_some(Reason::SlowHead),
            REQUEST => over(since, limits.request).then_some(Reason::SlowAnswer),
            // A body has a timer of its own, because whoever sends it gets an answer.
            _ => None,
        }
    }
}

/// A socket that writes down what goes through it.
pub(super) struct Watched {
    pub(super) socket: TcpStream,
    pub(super) state: Arc<State>,
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.socket).poll_read(cx, buf);
        if buf.filled().len() > before {
            self.state.received();
        }
        read
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let sent = Pin::new(&mut self.socket).poll_write(cx, buf);
        self.state.sent(&sent);
        sent
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let sent = Pin::new(&mut self.socket).poll_write_vectored(cx, bufs);
        self.state.sent(&sent);
        sent
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}
