//! `tale slo`: what it makes of files, and `leak`, `suggest` and `correlate` against a real
//! Prometheus that remembers what each test tells it.

mod correlate;
mod files;
mod leak;
mod lint;
mod schedules;
mod suggest;

use testkit::program::Ended;
use testkit::prometheus::Prometheus;

use crate::tale;

/// 2025-01-01 00:00 UTC, where most histories begin.
const START: f64 = 1_735_689_600.0;

/// `tale slo VERB ..`, asked about the time until `until`.
async fn slo(verb: &str, prometheus: &Prometheus, until: f64, args: &[&str]) -> Ended {
    let until = moment(until);
    let ask = ["--prometheus", prometheus.url(), "--until", &until];
    tale(&[&["slo", verb], args, &ask].concat()).await
}

/// A moment as the command line takes it.
fn moment(seconds: f64) -> String {
    jiff::Timestamp::from_millisecond((seconds * 1000.0).round() as i64).unwrap().to_string()
}
