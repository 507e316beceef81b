//! The leaks in each output format. The method and its certainty are part of the answer.

use serde_json::{Value, json};
use slo::plain;
use stats::{LeakSettings, LeakVerdict};

use super::super::words;
use super::Judged;
use crate::terminal::Table;

const MIB: f64 = 1_048_576.0;
const METHOD: &str = "steps between the medians of 16 and of 8 blocks, held against a random walk (Student's t); troughs, where it \
     falls and rises; Theil-Sen slope with 95 % confidence interval of the longest run between restarts";

/// Everything that is printed.
pub(super) struct Output<'a> {
    pub(super) query: &'a str,
    pub(super) last: &'a str,
    pub(super) horizon: &'a str,
    pub(super) settings: LeakSettings,
    pub(super) judged: &'a [Judged],
}

impl Output<'_> {
    pub(super) fn text(&self) -> String {
        if self.judged.is_empty() {
            return self.sentence();
        }
        format!(
            "{} over the last {}\n\n{}\n{}\nMethod: {METHOD}.\n",
            self.query,
            self.last,
            self.table(),
            self.sentence()
        )
    }

    pub(super) fn markdown(&self) -> String {
        if self.judged.is_empty() {
            return format!("### Leaks\n\n{}", self.sentence());
        }
        format!(
            "### Leaks\n\n`{}` over the last {}\n\n{}\n{}\nMethod: {METHOD}.\n",
            self.query,
            self.last,
            self.table().to_markdown(),
            self.sentence()
        )
    }

    pub(super) fn json(&self) -> String {
        let series: Vec<Value> = self
            .judged
            .iter()
            .map(|judged| json!({"name": judged.name, "labels": judged.labels, "report": judged.report}))
            .collect();
        words::json(&json!({
            "query": self.query,
            "last": self.last,
            "warm_up_seconds": self.settings.warm_up_seconds,
            "horizon_seconds": self.settings.horizon_seconds,
            "method": METHOD,
            "verdict": word(self.verdict()),
            "series": series,
        }))
    }

    /// Of all series: a leak if any leaks.
    fn verdict(&self) -> LeakVerdict {
        match super::code(self.judged) {
            0 => LeakVerdict::NoLeak,
            1 => LeakVerdict::Leak,
            _ if self.count(LeakVerdict::CannotTell) > 0 => LeakVerdict::CannotTell,
            _ => LeakVerdict::TooShort,
        }
    }

    fn count(&self, verdict: LeakVerdict) -> usize {
        self.judged.iter().filter(|judged| judged.report.verdict == verdict).count()
    }

    fn table(&self) -> Table {
        let in_horizon = format!(">IN {}", self.horizon);
        let slope = format!(">{}", self.unit());
        let mut table = Table::new([
            "VERDICT",
            "SERIES",
            &slope,
            "95 % INTERVAL",
            ">P",
            ">N",
            ">RUNS",
            &in_horizon,
            ">LIMIT IN",
            "WHY",
        ]);
        for judged in self.judged {
            let report = &judged.report;
            let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
            table.row([
                word(report.verdict).to_owned(),
                plain(&judged.name),
                or_dash(report.slope.map(|slope| self.per_minute(slope))),
                or_dash(report.interval.map(|(low, high)| {
                    format!("[{}, {}]", self.per_minute(low), self.per_minute(high))
                })),
                or_dash(report.p.map(words::p)),
                report.points.to_string(),
                report.runs.to_string(),
                or_dash(report.projected_growth.map(|growth| format!("{:+.1} %", growth * 100.0))),
                or_dash(report.seconds_to_limit.map(words::duration)),
                report.reason.to_owned(),
            ]);
        }
        table
    }

    /// The result in a sentence or two.
    fn sentence(&self) -> String {
        let leaks: Vec<&Judged> = self
            .judged
            .iter()
            .filter(|judged| judged.report.verdict == LeakVerdict::Leak)
            .collect();
        let all = self.judged.len();
        match (leaks.first(), self.verdict()) {
            (Some(_), _) => {
                let lines: Vec<String> = leaks.iter().map(|judged| self.grows(judged)).collect();
                let verb = if leaks.len() == 1 { "leaks" } else { "leak" };
                format!("{} of {all} {verb}:\n{}\n", leaks.len(), lines.join("\n"))
            }
            (None, LeakVerdict::CannotTell) => format!(
                "None of {all} is known to leak, and of {} it cannot be told: see why.\n",
                self.count(LeakVerdict::CannotTell)
            ),
            (None, LeakVerdict::NoLeak) => {
                let short = |judged: &&Judged| judged.report.verdict == LeakVerdict::TooShort;
                let short = self.judged.iter().filter(short).count();
                let rest = if short > 0 {
                    format!(" {short} could not be judged: too few samples after the warm-up.")
                } else {
                    String::new()
                };
                format!("None of {} leaks, as far as the samples show.{rest}\n", all - short)
            }
            _ if all == 0 => format!(
                "Prometheus has no samples of {} in the last {}; try the query there, or a longer --last\n",
                self.query, self.last
            ),
            _ => "Too few samples after the warm-up to judge any: 16 are needed; ask for a longer --last\n".to_owned(),
        }
    }

    fn grows(&self, judged: &Judged) -> String {
        let slope = judged.report.slope.unwrap_or_default();
        let limit = judged.report.seconds_to_limit.map(|seconds| {
            format!("; at this pace it reaches its limit in {}", words::duration(seconds))
        });
        format!(
            "  {} grows by {} {} and has not stopped{}.",
            plain(&judged.name),
            self.per_minute(slope).trim_start_matches('+'),
            self.unit(),
            limit.unwrap_or_default()
        )
    }

    fn unit(&self) -> &'static str {
        if self.in_bytes() { "MiB/min" } else { "PER MIN" }
    }

    fn per_minute(&self, per_second: f64) -> String {
        if self.in_bytes() {
            format!("{:+.3}", per_second * 60.0 / MIB)
        } else {
            format!("{:+.3}", per_second * 60.0)
        }
    }

    fn in_bytes(&self) -> bool {
        self.query.contains("bytes")
    }
}

fn word(verdict: LeakVerdict) -> &'static str {
    match verdict {
        LeakVerdict::Leak => "leak",
        LeakVerdict::NoLeak => "no leak",
        LeakVerdict::CannotTell => "cannot be told",
        LeakVerdict::TooShort => "too short",
    }
}
