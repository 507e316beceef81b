//! A real Prometheus with three quarters of an hour of history.

use std::net::SocketAddr;

use jiff::Timestamp;
use testkit::history::History;
use testkit::program::Ended;
use testkit::prometheus::Prometheus;
use testkit::wait::eventually;
use tokio::net::TcpStream;

use super::gate;

/// Seconds between samples.
const SCRAPE: i64 = 15;
/// Length of a part of the history; the memory grows from part to part.
pub(crate) const PART: i64 = 15 * 60;
/// Resident memory in each part.
const MEMORY: [f64; 3] = [100e6, 109e6, 121e6];

/// A server that is killed at the end of the test.
pub(crate) struct Real {
    server: Prometheus,
    pub(crate) url: String,
    begin: i64,
}

impl Real {
    pub(crate) async fn start() -> Self {
        let now = Timestamp::now().as_second();
        let begin = now - now % PART - 8 * PART;
        let start = move || Prometheus::with(&history(begin));
        let server = tokio::task::spawn_blocking(start).await.unwrap();
        Self { url: server.url().to_owned(), server, begin }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.url.trim_start_matches("http://").parse().unwrap()
    }

    /// When the part of this number, from 1, ends.
    pub(crate) fn end(&self, part: i64) -> String {
        self.at(part * PART)
    }

    /// This many seconds after the beginning of the history.
    pub(crate) fn at(&self, seconds: i64) -> String {
        Timestamp::from_second(self.begin + seconds).unwrap().to_string()
    }

    pub(crate) fn pid(&self) -> i32 {
        self.server.pid().try_into().unwrap()
    }

    /// Waits until nobody listens any more. A process that is killed may take a moment to go.
    pub(crate) async fn has_died(&self) {
        let gone = async || TcpStream::connect(self.address()).await.err();
        eventually("that nobody listens", gone).await;
    }

    /// Judges the last ten minutes of a part, with more arguments.
    pub(crate) async fn gate(&self, part: i64, args: &[&str]) -> Ended {
        let end = self.end(part);
        let window = ["--clock", "real", "--last", "10m", "--to", &end];
        let all = [args, &window, &["--prometheus", &self.url]].concat();
        gate(&all).await
    }
}

/// `good` has no errors, `bad` a tenth; `few` serves 1500 requests in ten minutes, all of them
/// well.
fn history(begin: i64) -> History {
    let jobs = [("good", 100.0, 0.0), ("bad", 90.0, 10.0), ("few", 37.5, 0.0)];
    let scrapes =
        || (0..=3 * PART / SCRAPE).map(|scrape| (scrape, (begin + scrape * SCRAPE) as f64));
    let mut history = History::new();
    for (job, good, bad) in jobs {
        for (code, each) in [("200", good), ("500", bad)] {
            history.series(
                &format!("http_requests_total{{job=\"{job}\",code=\"{code}\"}}"),
                scrapes().map(|(scrape, time)| (time, scrape as f64 * each)),
            );
        }
        // The sample at the very end of a part belongs to it.
        let part = |scrape: i64| ((scrape * SCRAPE - 1).max(0) / PART) as usize;
        history.series(
            &format!("process_resident_memory_bytes{{job=\"{job}\"}}"),
            scrapes().map(|(scrape, time)| (time, MEMORY[part(scrape)])),
        );
    }
    history
}
