//! The report for people.

use std::fmt;
use std::time::Duration;

use crate::duration::shown;
use crate::outcome::Outcome;
use crate::recorder::Summary;
use crate::report::{LAG_WARNING, Report};

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
        let share = |part: u64, of: u64| {
            if of == 0 { 0.0 } else { part as f64 * 100.0 / of as f64 }
        };
        writeln!(f, "due        {:>10}   {:.1}/s", self.due, self.due_per_second)?;
        writeln!(
            f,
            "sent       {:>10}   over {} of at most {} connections{}",
            self.sent,
            self.connections_opened,
            self.connections,
            self.reopened()
        )?;
        writeln!(
            f,
            "dropped    {:>10}   {:.2} % of those due",
            self.dropped,
            share(self.dropped, self.due)
        )?;
        writeln!(f, "answered   {:>10}   {:.1}/s", self.answered, self.answered_per_second)?;
        writeln!(f, "censored   {:>10}   in flight at the end", self.censored)?;
        writeln!(
            f,
            "errors     {:>10}   {:.2} % of those sent",
            self.errors,
            share(self.errors, self.sent)
        )?;
        for (outcome, count) in
            self.outcomes.iter().filter(|(outcome, count)| outcome.is_error() && **count > 0)
        {
            let message = self.messages.get(outcome).map_or("", String::as_str);
            writeln!(f, "  {:<10} {count:>8}   {message}", outcome.name())?;
        }
        let statuses: Vec<String> =
            self.statuses.iter().map(|(status, count)| format!("{status}: {count}")).collect();
        writeln!(
            f,
            "statuses   {}\n",
            if statuses.is_empty() { "none".to_owned() } else { statuses.join(", ") }
        )?;
        let heads = ["count", "mean", "p50", "p90", "p99", "p99.9", "max"];
        write!(f, "{:<14}", "latency")?;
        heads.iter().try_for_each(|head| write!(f, "{head:>10}"))?;
        writeln!(f)?;
        let success = match self.censored {
            0 => "success",
            _ => "ok + censored",
        };
        row(f, success, &self.latency.success)?;
        row(f, "errors", &self.latency.error)?;
        if self.r#loop == "open" {
            row(f, "scheduler lag", &self.scheduler_lag)?;
        }
        writeln!(
            f,
            "\nCPU of the load generator: {:.1} us per request, {:.2} s in all",
            self.cpu_us_per_request, self.cpu_seconds
        )?;
        self.notes(f)
    }
}

impl Report {
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
                shown(LAG_WARNING)
            )?;
        }
        if self.interrupted {
            writeln!(f, "interrupted: this is a part of the run")?;
        }
        self.failed.iter().try_for_each(|failed| writeln!(f, "failed: {failed}"))
    }
}

fn row(f: &mut fmt::Formatter<'_>, name: &str, summary: &Summary) -> fmt::Result {
    write!(f, "{name:<14}{:>10}", summary.count)?;
    for seconds in [summary.mean, summary.p50, summary.p90, summary.p99, summary.p999, summary.max]
    {
        let text = if summary.count == 0 {
            "-".to_owned()
        } else {
            shown(Duration::from_secs_f64(seconds))
        };
        write!(f, "{text:>10}")?;
    }
    writeln!(f)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tally::Tally;

    #[test]
    fn the_table_shows_drops_errors_with_their_message_and_what_is_censored() {
        let mut tally = Tally::new();
        (tally.due, tally.sent, tally.dropped) = (4, 3, 1);
        tally.end(Outcome::Ok, Duration::from_millis(250));
        tally.status(200);
        tally.end(Outcome::Connect, Duration::from_millis(1));
        tally.explain(Outcome::Connect, || "connection refused".to_owned());
        tally.end(Outcome::Censored, Duration::from_secs(2));
        tally.lag.record(Duration::from_millis(50));
        let table = crate::report::tests::report_of(&tally).to_string();
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
