//! The report for people.

use std::{fmt, time::Duration};

use super::result::{LAG_WARNING, Report};
use crate::{
    duration::rounded,
    record::{Outcome, Summary},
};

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { url, profile, about, r#loop, mode, seed, run_id, seconds, .. } = self;
        writeln!(
            f,
            "{url}  {profile}, {loop} loop, {mode}, {seconds:.1} s, seed {seed}, run {run_id}"
        )?;
        if !about.is_empty() {
            writeln!(f, "{about}")?;
        }
        writeln!(f)?;
        self.counts(f)?;
        writeln!(f)?;
        self.latencies(f)?;
        writeln!(
            f,
            "\nCPU of the load generator: {:.1} us per request, {:.2} s in all",
            self.cpu_us_per_request, self.cpu_seconds
        )?;
        self.notes(f)
    }
}

impl Report {
    fn counts(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { due, sent, dropped, answered, censored, errors, .. } = self;
        writeln!(f, "due        {due:>10}   {:.1}/s", self.due_per_second)?;
        writeln!(
            f,
            "sent       {sent:>10}   over {} of at most {} connections{}",
            self.connections_opened,
            self.connections,
            self.reopened()
        )?;
        writeln!(f, "dropped    {dropped:>10}   {:.2} % of those due", percent(*dropped, *due))?;
        writeln!(f, "answered   {answered:>10}   {:.1}/s", self.answered_per_second)?;
        writeln!(f, "censored   {censored:>10}   in flight at the end")?;
        writeln!(f, "errors     {errors:>10}   {:.2} % of those sent", percent(*errors, *sent))?;
        for (outcome, count) in
            self.outcomes.iter().filter(|(outcome, count)| outcome.is_error() && **count > 0)
        {
            let message = self.messages.get(outcome).map_or("", String::as_str);
            writeln!(f, "  {:<10} {count:>8}   {message}", outcome.name())?;
        }
        let statuses: Vec<String> =
            self.statuses.iter().map(|(status, count)| format!("{status}: {count}")).collect();
        let statuses = if statuses.is_empty() { "none".to_owned() } else { statuses.join(", ") };
        writeln!(f, "statuses   {statuses}")?;
        for (value, count) in &self.answers_by {
            let value = if value.is_empty() { "without" } else { value };
            writeln!(
                f,
                "  {value:<10} {count:>8}   {:.2} % of the answers",
                percent(*count, self.answered)
            )?;
        }
        Ok(())
    }

    fn latencies(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<14}", "latency")?;
        let heads = ["count", "mean", "p50", "p90", "p99", "p99.9", "max"];
        heads.iter().try_for_each(|head| write!(f, "{head:>10}"))?;
        writeln!(f)?;
        let success = if self.censored == 0 { "success" } else { "ok + censored" };
        row(f, success, &self.latency.success)?;
        row(f, "errors", &self.latency.error)?;
        if self.r#loop == "open" {
            row(f, "scheduler lag", &self.scheduler_lag)?;
        }
        Ok(())
    }

    fn reopened(&self) -> &'static str {
        // More than fit at a time: some were opened again.
        if self.connections_opened > self.connections as u64 {
            ", opened again and again"
        } else {
            ""
        }
    }

    /// What a reader has to know to read the numbers rightly.
    fn notes(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.r#loop == "closed" {
            writeln!(
                f,
                "note: without a schedule, a slow answer delays the next request: these percentiles flatter (coordinated omission)"
            )?;
        }
        if self.censored > 0 {
            let censored = Outcome::Censored.name();
            writeln!(
                f,
                "note: {} {censored} requests are counted as successes with the time they had waited: upper percentiles are lower bounds",
                self.censored
            )?;
        }
        if !self.on_schedule {
            writeln!(
                f,
                "warning: requests were released late (lag p99 above {}): this machine is part of the latencies",
                rounded(LAG_WARNING)
            )?;
        }
        if self.interrupted {
            writeln!(f, "interrupted: this is a part of the run")?;
        }
        self.failed.iter().try_for_each(|failed| writeln!(f, "failed: {failed}"))
    }
}

fn percent(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 * 100.0 / whole as f64 }
}

fn row(f: &mut fmt::Formatter<'_>, name: &str, summary: &Summary) -> fmt::Result {
    write!(f, "{name:<14}{:>10}", summary.count)?;
    for seconds in [summary.mean, summary.p50, summary.p90, summary.p99, summary.p999, summary.max]
    {
        let text = if summary.count == 0 {
            "-".to_owned()
        } else {
            rounded(Duration::from_secs_f64(seconds))
        };
        write!(f, "{text:>10}")?;
    }
    writeln!(f)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Counts;

    #[test]
    fn the_table_shows_drops_errors_with_their_message_and_what_is_censored() {
        let mut counts = Counts::new();
        (counts.due, counts.sent, counts.dropped) = (4, 3, 1);
        counts.end(Outcome::Ok, Duration::from_millis(250));
        counts.status(200);
        counts.end(Outcome::Connect, Duration::from_millis(1));
        counts.explain(Outcome::Connect, || "connection refused".to_owned());
        counts.end(Outcome::Censored, Duration::from_secs(2));
        counts.lag.record(Duration::from_millis(50));
        let table = crate::report::result::tests::report_of(&counts).to_string();
        for part in [
            "dropped             1   25.00 %",
            "connect           1   connection refused",
            "statuses   200: 1",
            "250 ms",
            "lower bounds",
            "released late",
            "seed 7",
        ] {
            assert!(table.contains(part), "no `{part}` in\n{table}");
        }
        assert!(!table.contains("timeout"), "{table}");
    }
}
