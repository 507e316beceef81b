//! The load generator's own `/metrics`, in the Prometheus text format. Every series is there from
//! the start, at 0, so that `rate()` sees the first error.

use std::fmt::Write;

use crate::record::{Outcome, Recorder, Shared};

/// What a scrape gets.
pub(crate) fn text(shared: &Shared) -> String {
    let total = shared.total();
    let mut text = Text::new();
    text.family(
        "load_requests_total",
        "counter",
        "Requests that ended, by how; `censored` only when it is interrupted.",
    );
    for outcome in Outcome::ALL {
        text.sample(
            "load_requests_total",
            &format!("{{result=\"{}\"}}", outcome.name()),
            total.count(outcome),
        );
    }
    text.family(
        "load_answers_total",
        "counter",
        "Answers by the value of the header that --count-header names; empty without it.",
    );
    for (value, count) in total.values.iter() {
        let value = value.replace('\\', "\\\\").replace('"', "\\\"");
        text.sample("load_answers_total", &format!("{{value=\"{value}\"}}"), count);
    }
    text.counter("load_arrivals_total", "Requests whose time came.", total.due);
    text.counter(
        "load_arrivals_dropped_total",
        "Requests left out because too many were in flight.",
        total.dropped,
    );
    text.counter("load_connections_opened_total", "Connections opened.", total.connections_opened);
    text.family("load_in_flight", "gauge", "Requests sent and not ended, waiting ones included.");
    text.sample("load_in_flight", "", shared.in_flight_by_worker().sum::<usize>());
    let latency = "load_request_duration_seconds";
    text.family(
        latency,
        "histogram",
        "Time from when a request was due to the end of its answer; errors apart.",
    );
    text.histogram(latency, "outcome=\"success\"", &total.success);
    text.histogram(latency, "outcome=\"error\"", &total.error);
    text.family("load_scheduler_lag_seconds", "histogram", "How late requests were released.");
    text.histogram("load_scheduler_lag_seconds", "", &total.lag);
    text.finish()
}

/// A text that grows by families of metrics.
pub(crate) struct Text(String);

impl Text {
    pub(crate) fn new() -> Self {
        Self(String::with_capacity(8 * 1024))
    }

    pub(crate) fn finish(self) -> String {
        self.0
    }

    pub(crate) fn family(&mut self, name: &str, kind: &str, help: &str) {
        self.line(format_args!("# HELP {name} {help}\n# TYPE {name} {kind}"));
    }

    pub(crate) fn counter(&mut self, name: &str, help: &str, value: u64) {
        self.family(name, "counter", help);
        self.sample(name, "", value);
    }

    pub(crate) fn sample(&mut self, name: &str, labels: &str, value: impl std::fmt::Display) {
        self.line(format_args!("{name}{labels} {value}"));
    }

    pub(crate) fn histogram(&mut self, name: &str, label: &str, recorder: &Recorder) {
        let (buckets, count, seconds) = recorder.cumulative();
        let comma = if label.is_empty() { "" } else { "," };
        for (bound, up_to) in buckets {
            self.line(format_args!("{name}_bucket{{{label}{comma}le=\"{bound}\"}} {up_to}"));
        }
        self.line(format_args!("{name}_bucket{{{label}{comma}le=\"+Inf\"}} {count}"));
        let labels = if label.is_empty() { String::new() } else { format!("{{{label}}}") };
        self.sample(&format!("{name}_sum"), &labels, seconds);
        self.sample(&format!("{name}_count"), &labels, count);
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        writeln!(self.0, "{line}").expect("a string takes all text");
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::record::Counts;

    #[test]
    fn every_series_is_there_at_zero_from_the_start() {
        let text = text(&Shared::new(1));
        for outcome in Outcome::ALL {
            assert!(
                text.contains(&format!("load_requests_total{{result=\"{}\"}} 0\n", outcome.name()))
            );
        }
        for line in [
            "load_arrivals_dropped_total 0",
            "load_in_flight 0",
            "load_request_duration_seconds_bucket{outcome=\"success\",le=\"0.1\"} 0",
            "load_request_duration_seconds_bucket{outcome=\"error\",le=\"0.25\"} 0",
            "load_request_duration_seconds_bucket{outcome=\"error\",le=\"+Inf\"} 0",
            "load_scheduler_lag_seconds_bucket{le=\"0.001\"} 0",
            "load_scheduler_lag_seconds_count 0",
        ] {
            assert!(text.contains(&format!("{line}\n")), "no `{line}` in\n{text}");
        }
    }

    #[test]
    fn histograms_add_up_from_bucket_to_bucket() {
        let shared = Shared::new(1);
        let mut counts = Counts::new();
        for ms in [1, 200, 200, 60_000] {
            counts.end(Outcome::Ok, Duration::from_millis(ms));
        }
        shared.merge(&mut counts);
        let text = text(&shared);
        for (le, count) in [("0.005", 1), ("0.1", 1), ("0.25", 3), ("10", 3), ("+Inf", 4)] {
            let line = format!(
                "load_request_duration_seconds_bucket{{outcome=\"success\",le=\"{le}\"}} {count}\n"
            );
            assert!(text.contains(&line), "no `{line}` in\n{text}");
        }
        assert!(
            text.contains("load_request_duration_seconds_sum{outcome=\"success\"} 60.4"),
            "{text}"
        );
    }
}
