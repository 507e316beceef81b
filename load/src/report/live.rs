//! The line on the terminal while the run lasts: what happened in the last second.

use std::{
    io::{IsTerminal, Write},
    time::{Duration, Instant},
};

use tokio::time::{MissedTickBehavior, interval};

use crate::{
    duration::rounded,
    record::{Recorder, Shared},
};

/// Rewrites one line of standard error each second, until dropped; does nothing where nobody looks.
pub(crate) async fn show(shared: &Shared, start: Instant, length: Duration) {
    if !std::io::stderr().is_terminal() {
        return std::future::pending().await;
    }
    let _wipe = Wipe;
    let mut seconds = interval(Duration::from_secs(1));
    seconds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    seconds.tick().await;
    let mut before = (0, 0, 0);
    loop {
        seconds.tick().await;
        let now = {
            let total = shared.total();
            (total.due, total.answered(), total.errors())
        };
        let line = line(shared, start.elapsed().min(length), length, before, now);
        // A terminal that is gone is no reason to stop.
        let _ = write!(std::io::stderr(), "\r\x1b[2K{line}");
        let _ = std::io::stderr().flush();
        before = now;
    }
}

/// Numbers of due, answered and failed requests, a second ago and now, in a line.
fn line(
    shared: &Shared,
    ran: Duration,
    length: Duration,
    before: (u64, u64, u64),
    now: (u64, u64, u64),
) -> String {
    let recent = shared.take_recent();
    format!(
        "{:.0}/{:.0} s  due {}/s  answered {}/s  errors {}/s  p50 {}  p99 {}  in flight {}  dropped {}",
        ran.as_secs_f64(),
        length.as_secs_f64(),
        now.0 - before.0,
        now.1 - before.1,
        now.2 - before.2,
        latency(&recent, 0.5),
        latency(&recent, 0.99),
        shared.in_flight_by_worker().sum::<usize>(),
        shared.total().dropped,
    )
}

/// A percentile, where there is one.
fn latency(recent: &Recorder, q: f64) -> String {
    if recent.count() == 0 { "-".to_owned() } else { rounded(recent.quantile(q)) }
}

/// Leaves a clean line behind for the report.
struct Wipe;

impl Drop for Wipe {
    fn drop(&mut self) {
        let _ = write!(std::io::stderr(), "\r\x1b[2K");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Counts, Outcome};

    #[test]
    fn the_line_shows_the_last_second() {
        let shared = Shared::new(1);
        let mut counts = Counts::new();
        counts.dropped = 3;
        counts.end(Outcome::Ok, Duration::from_millis(20));
        shared.merge(&mut counts);
        let line =
            line(&shared, Duration::from_secs(2), Duration::from_secs(10), (5, 4, 0), (10, 8, 1));
        assert_eq!(
            line,
            "2/10 s  due 5/s  answered 4/s  errors 1/s  p50 20.0 ms  p99 20.0 ms  in flight 0  dropped 3"
        );
    }
}
