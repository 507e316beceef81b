//! Runs the gate: `slo` says what to ask and what the answers mean, this asks.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::Result;
use slo::gate::{self, Answer, Baseline, Outcome, Plan, QueryError, Sample, Verdict};
use slo::{Catalogue, Clock, Period};

use crate::prometheus::{Prometheus, QueryFailed, Series, many};
use crate::yaml::listed;

/// All queries of a verdict have to be answered within this time, each for itself within less; of
/// long windows within two and a half times of what one has.
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
    let asked = ask(plan, prometheus, now.as_secs_f64()).await;
    gate::judge(&asked.plan, asked.answers, baseline)
}

/// Whether a verdict lets a roll-out begin; none if nobody can say.
pub(crate) fn admits(verdict: &Verdict) -> Option<bool> {
    match verdict.outcome {
        Outcome::Pass | Outcome::Info | Outcome::Warning => Some(true),
        Outcome::Fail => Some(false),
        Outcome::Inconclusive => None,
    }
}

/// The SLOs that a verdict fails because of.
pub(crate) fn failed(verdict: &Verdict) -> Vec<&str> {
    let failed = verdict.objectives.iter().filter(|judged| judged.outcome == Outcome::Fail);
    let mut names: Vec<&str> = failed.map(|judged| judged.slo.as_str()).collect();
    names.dedup();
    names
}

/// Answers in the order of a plan's queries.
pub(crate) struct Asked {
    /// The plan that was asked in the end.
    pub(crate) plan: Plan,
    pub(crate) answers: Vec<Answer>,
    /// How long each took.
    pub(crate) seconds: Vec<f64>,
}

/// Asks Prometheus about the window that ends at `end` (seconds since 1970), each query once; and
/// those whose samples turn out to be closer than the looks at them once more.
pub(crate) async fn ask(plan: &Plan, prometheus: &Prometheus, end: f64) -> Asked {
    let all: Vec<usize> = (0..plan.queries().len()).collect();
    let (mut answers, mut seconds): (Vec<_>, Vec<_>) =
        some(plan, &all, prometheus, end).await.into_iter().unzip();
    let Some((plan, again)) = plan.closer(&answers) else {
        return Asked { plan: plan.clone(), answers, seconds };
    };
    for (index, (answer, took)) in again.iter().zip(some(&plan, &again, prometheus, end).await) {
        answers[*index] = answer;
        seconds[*index] += took;
    }
    Asked { plan, answers, seconds }
}

async fn some(
    plan: &Plan,
    which: &[usize],
    prometheus: &Prometheus,
    end: f64,
) -> Vec<(Answer, f64)> {
    let queries = plan.queries();
    let deadline = DEADLINE.max(prometheus.limit().mul_f64(2.5));
    let answers = many::answers(which.len(), deadline, |index| {
        let query = queries[which[index]];
        let (prometheus, promql) = (prometheus.clone(), query.promql.clone());
        let time = end - query.before_end_seconds as f64;
        async move {
            let start = Instant::now();
            let answer = prometheus.query(&promql, Some(time)).await;
            (answer, start.elapsed().as_secs_f64())
        }
    });
    let answers = answers.await.into_iter();
    answers
        .map(|answered| match answered {
            Some((answered, took)) => (answer(answered), took),
            None => {
                let message = format!("no answer within {} s", deadline.as_secs());
                (Err(QueryError { message }), deadline.as_secs_f64())
            }
        })
        .collect()
}

fn answer(answered: Result<Vec<Series>, QueryFailed>) -> Answer {
    match answered {
        Ok(series) => Ok(series.into_iter().map(sample).collect()),
        Err(QueryFailed::Refused(message) | QueryFailed::Unreachable(message)) => {
            Err(QueryError { message })
        }
    }
}

fn sample(series: Series) -> Sample {
    Sample { value: series.number(), labels: series.metric }
}
