//! Runs the gate: `slo` says what to ask and what the answers mean, this asks.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Result;
use slo::gate::{self, Answer, Baseline, Plan, QueryError, Sample, Verdict};
use slo::{Catalogue, Clock, Period};

use crate::prometheus::{Prometheus, QueryFailed, Series, many};
use crate::yaml::listed;

/// All queries of a verdict have to be answered within this time; each for itself has less.
const DEADLINE: Duration = Duration::from_secs(30);

/// What to ask for a window of this length in production; the stage clock shortens it.
///
/// # Errors
/// Objectives that the gate cannot judge.
pub fn plan(catalogue: &Catalogue, window: Period, clock: Clock) -> Result<Plan> {
    gate::plan(catalogue, clock.length(window), clock).map_err(listed)
}

/// Asks Prometheus about the window that ends now and judges the answers; what is not answered
/// cannot pass.
pub async fn run(plan: &Plan, prometheus: &Prometheus, baseline: Option<&Baseline>) -> Verdict {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let answers = ask(plan, prometheus, now.as_secs_f64()).await;
    gate::judge(plan, answers, baseline)
}

/// Asks Prometheus about the window that ends at `end` (seconds since 1970), each query once.
pub(crate) async fn ask(plan: &Plan, prometheus: &Prometheus, end: f64) -> Vec<Answer> {
    let queries = plan.queries();
    let answers = many::answers(queries.len(), DEADLINE, |index| {
        let (prometheus, promql) = (prometheus.clone(), queries[index].promql.clone());
        let time = end - queries[index].before_end_seconds as f64;
        async move { prometheus.query_whole(&promql, time).await }
    });
    answers.await.into_iter().map(answer).collect()
}

fn answer(answered: Option<Result<Vec<Series>, QueryFailed>>) -> Answer {
    match answered {
        Some(Ok(series)) => Ok(series.into_iter().map(sample).collect()),
        Some(Err(QueryFailed::Refused(message) | QueryFailed::Unreachable(message))) => {
            Err(QueryError { message })
        }
        None => Err(QueryError { message: format!("no answer within {} s", DEADLINE.as_secs()) }),
    }
}

fn sample(series: Series) -> Sample {
    Sample { value: series.number(), labels: series.metric }
}
