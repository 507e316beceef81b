//! Runs the gate: `slo` says what to ask and what the answers mean, this asks.

use crate::prometheus::{Prometheus, QueryFailed};
use anyhow::{Result, anyhow};
use slo::gate::{self, Baseline, Plan, QueryError, Sample, Verdict};
use slo::{Catalogue, Clock, Span};
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::task::JoinSet;

/// What to ask for a window of this length in production; the stage clock shortens it.
///
/// # Errors
/// Objectives that the gate cannot judge.
pub fn plan(catalogue: &Catalogue, window: Span, clock: Clock) -> Result<Plan> {
    gate::plan(catalogue, clock.length(window), clock).map_err(|problems| {
        let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
        anyhow!("{}", lines.join("\n"))
    })
}

/// Asks Prometheus everything at once and judges what comes back; what does not come back cannot pass.
pub async fn run(plan: &Plan, prometheus: &Prometheus, baseline: Option<&Baseline>) -> Verdict {
    let end = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs_f64();
    let queries = plan.queries();
    let mut asked = JoinSet::new();
    for (index, query) in queries.iter().enumerate() {
        let (prometheus, promql) = (prometheus.clone(), query.promql.clone());
        let time = end - query.before_end_seconds as f64;
        asked.spawn(async move { (index, prometheus.query(&promql, Some(time)).await) });
    }
    let unanswered = || {
        Err(QueryError {
            message: "no answer".to_owned(),
        })
    };
    let mut answers: Vec<_> = queries.iter().map(|_| unanswered()).collect();
    while let Some(joined) = asked.join_next().await {
        let Ok((index, answer)) = joined else {
            continue;
        };
        answers[index] = match answer {
            Ok(series) => Ok(series
                .into_iter()
                .map(|series| Sample {
                    value: series.number(),
                    labels: series.metric,
                })
                .collect()),
            Err(QueryFailed::Refused(message) | QueryFailed::Unreachable(message)) => {
                Err(QueryError { message })
            }
        };
    }
    gate::judge(plan, answers, baseline)
}
