//! Which trace is this? The ids for log lines and outgoing calls, whether or not anybody collects
//! spans.
//!
//! Without a collector there is no span that could hold the ids of a request. Making ids for each
//! would cost half as much again as its golden signals, and most requests never log a line nor call
//! anybody. So a request carries only its number, and its ids are computed from it when somebody
//! asks.

use std::cell::Cell;
use std::hash::{BuildHasher, RandomState};
use std::pin::Pin;
use std::sync::LazyLock;
use std::task::{self, Poll};

use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState};

thread_local! {
    /// The number of the request that this thread works on right now.
    static NUMBER: Cell<Option<u64>> = const { Cell::new(None) };
}

/// A future that is a part of the request with this number.
pub(super) struct Numbered<F> {
    pub(super) number: u64,
    pub(super) future: F,
}

impl<F: Future + Unpin> Future for Numbered<F> {
    type Output = F::Output;

    // Each time the future goes on it may be on another thread, hence not once for all of it.
    fn poll(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<F::Output> {
        let _outer = Restore(NUMBER.replace(Some(self.number)));
        Pin::new(&mut self.future).poll(cx)
    }
}

/// Gives the thread its former number back, even if the future panics.
struct Restore(Option<u64>);

impl Drop for Restore {
    fn drop(&mut self) {
        NUMBER.set(self.0);
    }
}

/// The context that log lines and outgoing calls belong to: the span's, else the caller's, else
/// one made from the request's number. Invalid outside of requests.
pub(super) fn current() -> Context {
    let context = Context::current();
    if context.span().span_context().is_valid() {
        return context;
    }
    match NUMBER.get() {
        Some(number) => context.with_remote_span_context(ids(number)),
        None => context, // not in a request
    }
}

/// The same ids for the same number, as often as they are asked for. Marked as not sampled: they
/// correlate log lines and calls, but no span will be found under them.
fn ids(number: u64) -> SpanContext {
    /// Random keys for this process, so that no two processes make the same ids.
    static KEYS: LazyLock<[RandomState; 3]> = LazyLock::new(Default::default);
    let [high, low, span] = KEYS.each_ref().map(|key| key.hash_one(number));
    SpanContext::new(
        TraceId::from(u128::from(high) << 64 | u128::from(low)),
        SpanId::from(span),
        TraceFlags::default(),
        false,
        TraceState::NONE,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_keeps_its_ids_and_no_two_requests_share_them() {
        let first = ids(1);
        assert!(first.is_valid());
        assert_eq!(first, ids(1));
        assert_ne!(first.trace_id(), ids(2).trace_id());
        assert_ne!(first.span_id(), ids(2).span_id());
    }
}
