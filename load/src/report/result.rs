//! What came out of a run, in the form that is printed as JSON. Field names are a contract;
//! `schema` names its version.

use std::{collections::BTreeMap, time::Duration};

use serde::Serialize;

use crate::{
    plan::Plan,
    record::{Counts, Outcome, Summary},
};

/// The version of the JSON form. Fields may be added; anything else makes a new version.
pub const SCHEMA: &str = "tales/load/v1";

/// Percentile of the scheduler's lag above which a warning is printed: the run measured this
/// machine, too.
pub(crate) const LAG_WARNING: Duration = Duration::from_millis(10);

/// The result of a run. Times in seconds. `sent + dropped = due`, and `ok + errors + censored =
/// sent`.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// Every trace id of the run begins with these 16 digits.
    pub run_id: String,
    /// What was called.
    pub url: String,
    /// Name of the profile; `rate` or `max` without one.
    pub profile: String,
    /// What the profile says it is for; empty without one, or if it was scaled.
    pub about: String,
    /// Repeats the arrival times.
    pub seed: u64,
    /// `open`: on schedule. `closed`: as fast as answers came.
    pub r#loop: &'static str,
    /// `keep-alive` or `churn`.
    pub mode: &'static str,
    /// Connections at most.
    pub connections: usize,
    /// Connections that were opened in all.
    pub connections_opened: u64,
    /// Threads that sent.
    pub workers: usize,
    /// How long the run took.
    pub seconds: f64,
    /// The run was ended by a signal.
    pub interrupted: bool,
    /// Requests whose time came.
    pub due: u64,
    /// Those handed to a connection or its queue.
    pub sent: u64,
    /// Those left out because too many were in flight.
    pub dropped: u64,
    /// Requests that came to no end before the run did.
    pub censored: u64,
    /// Requests answered as expected.
    pub ok: u64,
    /// Requests that failed, all kinds.
    pub errors: u64,
    /// Requests due, per second.
    pub due_per_second: f64,
    /// Answers, with whatever status.
    pub answered: u64,
    /// The same, per second.
    pub answered_per_second: f64,
    /// Number of requests by how they ended; all kinds, also those that did not occur.
    pub outcomes: BTreeMap<Outcome, u64>,
    /// The first message of each kind of error, where there is one.
    pub messages: BTreeMap<Outcome, String>,
    /// Number of answers by HTTP status.
    pub statuses: BTreeMap<usize, u64>,
    /// Number of answers by the value of the header that `--count-header` names.
    pub answers_by: BTreeMap<String, u64>,
    /// Time from when a request was due (closed loop: sent) to the end of its answer.
    pub latency: Latency,
    /// How late requests were released.
    pub scheduler_lag: Summary,
    /// False if the lag's p99 is above 10 ms: then the latencies tell about this machine, too.
    pub on_schedule: bool,
    /// Processor time of the load generator.
    pub cpu_seconds: f64,
    /// The same, per request that ended, in microseconds.
    pub cpu_us_per_request: f64,
    /// Bytes of bodies.
    pub body_bytes: u64,
    /// Conditions of `--fail-if` that hold, with what was measured.
    pub failed: Vec<String>,
}

/// Latencies, errors apart: a fast 503 must not make the percentiles look better.
#[derive(Clone, Debug, Serialize)]
pub struct Latency {
    /// Successes, and censored requests with the time they had waited.
    pub success: Summary,
    /// Errors of all kinds.
    pub error: Summary,
}

/// What is known besides the counts.
pub(crate) struct Facts {
    pub(crate) ran: Duration,
    pub(crate) cpu: Duration,
    pub(crate) interrupted: bool,
}

impl Report {
    pub(crate) fn new(plan: &Plan, counts: &Counts, facts: &Facts) -> Self {
        let seconds = facts.ran.as_secs_f64();
        let ended = counts.ended();
        let kinds = || Outcome::ALL.into_iter();
        Self {
            schema: SCHEMA,
            run_id: format!("{:016x}", plan.run_id),
            url: plan.url.clone(),
            profile: plan.profile.clone(),
            about: plan.about.clone(),
            seed: plan.seed,
            r#loop: if plan.closed_loop { "closed" } else { "open" },
            mode: if plan.churn { "churn" } else { "keep-alive" },
            connections: plan.connections,
            connections_opened: counts.connections_opened,
            workers: plan.workers,
            seconds,
            interrupted: facts.interrupted,
            due: counts.due,
            sent: counts.sent,
            dropped: counts.dropped,
            censored: counts.count(Outcome::Censored),
            ok: counts.count(Outcome::Ok),
            errors: counts.errors(),
            due_per_second: counts.due as f64 / seconds,
            answered: counts.answered(),
            answered_per_second: counts.answered() as f64 / seconds,
            outcomes: kinds().map(|outcome| (outcome, counts.count(outcome))).collect(),
            messages: kinds()
                .filter_map(|outcome| Some((outcome, counts.example(outcome)?.to_owned())))
                .collect(),
            statuses: counts.statuses().collect(),
            answers_by: plan
                .count_header
                .iter()
                .flat_map(|_| counts.values.iter())
                .map(|(value, count)| (value.to_owned(), count))
                .collect(),
            latency: Latency { success: counts.success.summary(), error: counts.error.summary() },
            scheduler_lag: counts.lag.summary(),
            on_schedule: counts.lag.quantile(0.99) <= LAG_WARNING,
            cpu_seconds: facts.cpu.as_secs_f64(),
            cpu_us_per_request: if ended == 0 {
                0.0
            } else {
                facts.cpu.as_secs_f64() * 1e6 / ended as f64
            },
            body_bytes: counts.body_bytes,
            failed: Vec::new(),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use clap::Parser;

    use super::*;
    use crate::options::{Environment, Options};

    /// A report on these counts after one second.
    pub(crate) fn report_of(counts: &Counts) -> Report {
        let options =
            Options::parse_from(["load", "http://127.0.0.1:1/", "--rate", "1", "--seed", "7"]);
        let plan = Plan::new(&options, &Environment::default()).unwrap();
        let facts = Facts {
            ran: Duration::from_secs(1),
            cpu: Duration::from_millis(1),
            interrupted: false,
        };
        Report::new(&plan, counts, &facts)
    }

    #[test]
    fn the_json_form_names_its_version_and_every_kind_of_end() {
        let mut counts = Counts::new();
        counts.end(Outcome::Status429, Duration::from_millis(2));
        counts.status(429);
        let json = serde_json::to_value(report_of(&counts)).unwrap();
        assert_eq!(json["schema"], SCHEMA);
        assert_eq!(json["outcomes"].as_object().unwrap().len(), Outcome::ALL.len());
        assert_eq!(
            (&json["outcomes"]["429"], &json["statuses"]["429"], &json["loop"]),
            (&1.into(), &1.into(), &"open".into())
        );
        assert_eq!(json["latency"]["error"]["count"], 1);
    }
}
