//! The course of each objective over the window, for the sparkline in a merge request.

use std::collections::BTreeMap;
use std::time::Duration;

use slo::gate::{Plan, Verdict};

use crate::prometheus::{Prometheus, Series, many};

/// Points of a course: more than the bars of a sparkline, few enough for any window.
const POINTS: f64 = 60.0;
/// A sparkline is not worth a longer wait.
const DEADLINE: Duration = Duration::from_secs(10);

/// Adds the course of each objective that has a value. Without an answer there is no sparkline; the
/// verdict stays as it is.
pub(crate) async fn add(plan: &Plan, prometheus: &Prometheus, end: f64, verdict: &mut Verdict) {
    let queries = plan.queries();
    let charts: Vec<_> = queries
        .iter()
        .zip(&verdict.objectives)
        .filter(|(_, judgement)| judgement.observed.is_some())
        .filter_map(|(query, _)| Some((query, query.chart.as_ref()?)))
        .collect();
    let courses = many::answers(charts.len(), DEADLINE, |index| {
        let (query, promql) = charts[index];
        let to = end - query.before_end_seconds as f64;
        let from = to - query.window_seconds;
        // Both ends are points.
        let step = (query.window_seconds / (POINTS - 1.0)).max(1.0);
        let (prometheus, promql) = (prometheus.clone(), promql.clone());
        async move { prometheus.query_steps(&promql, from, to, step).await }
    });
    for ((query, _), course) in charts.iter().zip(courses.await) {
        if let Some(Ok(series)) = course {
            verdict.add_series(&query.id, highest(&series));
        }
    }
}

/// One course out of several series: the highest at each time.
fn highest(series: &[Series]) -> Vec<f64> {
    let mut course: BTreeMap<i64, f64> = BTreeMap::new();
    for (time, text) in series.iter().flat_map(|series| &series.values) {
        let value: f64 = text.parse().unwrap_or(f64::NAN);
        let highest = course.entry((time * 1000.0) as i64).or_insert(f64::NAN);
        *highest = highest.max(value);
    }
    course.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_course_is_the_highest_series_at_each_time() {
        let series = |values: &[(f64, &str)]| Series {
            metric: BTreeMap::new(),
            value: None,
            values: values.iter().map(|(time, text)| (*time, (*text).to_owned())).collect(),
        };
        let course = highest(&[
            series(&[(1.0, "5"), (2.0, "NaN"), (3.0, "1")]),
            series(&[(2.0, "2"), (3.0, "+Inf")]),
        ]);
        assert_eq!(course, [5.0, 2.0, f64::INFINITY]);
    }
}
