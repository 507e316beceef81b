//! Answers of 500 and more, said in the log with the ids of their trace: the metrics tell how many
//! there are, the trace tells where one came from, and the line joins the two.
//!
//! An overloaded service fails as often as it is asked, so the lines have a limit. What is left out
//! is still in the metrics.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use rocket::Request;
use rocket::http::Status;

/// Lines per second, at most: enough to see that something is wrong, and no load of their own.
const MOST: u64 = 10;

/// The line is written inside the request's span, if the catcher is traced: see
/// `traces/handlers.rs`.
pub(super) fn say(status: Status, request: &Request<'_>) {
    if status.code >= 500 && LINES.admits(START.elapsed().as_secs()) {
        tracing::warn!(
            status = status.code,
            method = request.method().as_str(),
            route = request.route().map(|route| route.uri.as_str()),
            "answered with a server error"
        );
    }
}

static START: LazyLock<Instant> = LazyLock::new(Instant::now);
static LINES: Limit = Limit(AtomicU64::new(0));

/// So many in each second: the second in the upper bits, how many there were in the lower 16.
struct Limit(AtomicU64);

impl Limit {
    /// Whether there may be one more.
    fn admits(&self, second: u64) -> bool {
        let next = |now: u64| match now & 0xffff {
            _ if now >> 16 != second => Some(second << 16 | 1),
            count if count < MOST => Some(now + 1),
            _ => None,
        };
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_second_has_its_lines_and_no_more() {
        let limit = Limit(AtomicU64::new(0));
        let admitted = |second| (0..100).filter(|_| limit.admits(second)).count() as u64;
        // The first second begins with none said.
        assert_eq!([admitted(0), admitted(1), admitted(1), admitted(7)], [MOST, MOST, 0, MOST]);
    }
}
