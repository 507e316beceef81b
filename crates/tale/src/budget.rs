//! How much of the error budgets a play has spent, in minutes of production time.

use slo::{Budget, Catalogue};

use crate::prometheus::{Prometheus, QueryFailed, Series};
use crate::report;

/// Every budget of the catalogue, as it is now; without a sample, what is spent is unknown.
pub async fn all(catalogue: &Catalogue, prometheus: &Prometheus) -> Vec<report::Budget> {
    let mut found = Vec::new();
    for budget in slo::budgets(catalogue) {
        let spent = spent_minutes(&budget, prometheus).await.ok().flatten();
        found.push(report::Budget {
            target: budget.target.to_f64(),
            days: budget.period.as_days(),
            minutes: budget.minutes(),
            spent_minutes: spent,
            objective: budget.id,
        });
    }
    found
}

/// The budget that a tale calls `slo/objective`.
pub fn find(catalogue: &Catalogue, name: &str) -> Option<Budget> {
    slo::budgets(catalogue)
        .into_iter()
        .find(|budget| budget.id.split_once('/').is_some_and(|(_, id)| id == name))
}

/// Minutes of it that are spent; `None` without a sample.
///
/// # Errors
/// Prometheus refuses or does not answer.
pub async fn spent_minutes(
    budget: &Budget,
    prometheus: &Prometheus,
) -> Result<Option<f64>, QueryFailed> {
    let series = prometheus.query(&budget.spent_query, None).await?;
    let share = series.first().map(Series::number);
    Ok(share.filter(|share| share.is_finite()).map(|share| share * budget.minutes()))
}
