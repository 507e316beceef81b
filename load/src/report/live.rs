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
    let Some(shown) = Line::on_terminal() else {
        return std::future::pending().await;
    };
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
        shown.rewrite(&line(shared, start.elapsed().min(length), length, before, now));
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

/// As many whole fields from the front as fit, so that the line never wraps: what has wrapped
/// cannot be wiped any more. The last column stays free, because some terminals wrap when it is
/// written.
fn fitting(line: &str, columns: usize) -> &str {
    let ends = line.match_indices(FIELD).map(|(at, _)| at).chain([line.len()]);
    let last = ends.take_while(|end| line[..*end].chars().count() < columns).last();
    &line[..last.unwrap_or(0)]
}

/// What stands between two fields.
const FIELD: &str = "  ";

/// How wide the terminal is now; it may be resized while the run lasts.
fn columns() -> usize {
    let size = rustix::termios::tcgetwinsize(std::io::stderr());
    // A terminal that does not know says 0.
    size.ok().map(|size| size.ws_col.into()).filter(|columns| *columns > 0).unwrap_or(80)
}

/// A percentile, where there is one.
fn latency(recent: &Recorder, q: f64) -> String {
    if recent.count() == 0 { "-".to_owned() } else { rounded(recent.quantile(q)) }
}

/// The line, which leaves nothing behind.
pub(crate) struct Line(());

impl Line {
    /// None where nobody looks.
    pub(crate) fn on_terminal() -> Option<Self> {
        std::io::stderr().is_terminal().then(|| Self(()))
    }

    /// Shows another text instead, as much of it as fits.
    pub(crate) fn rewrite(&self, text: &str) {
        // A terminal that is gone is no reason to stop.
        let _ = write!(std::io::stderr(), "\r\x1b[2K{}", fitting(text, columns()));
        let _ = std::io::stderr().flush();
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        let _ = write!(std::io::stderr(), "\r\x1b[2K");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Counts, Outcome};

    #[test]
    fn a_narrow_terminal_shows_whole_fields_of_it() {
        let line = "2/10 s  due 5/s  p50 1 ms";
        assert_eq!(fitting(line, 26), line);
        assert_eq!(fitting(line, 25), "2/10 s  due 5/s");
        assert_eq!(fitting(line, 16), "2/10 s  due 5/s");
        assert_eq!(fitting(line, 15), "2/10 s");
        assert_eq!(fitting(line, 3), "");
    }

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
