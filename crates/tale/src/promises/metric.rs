//! `metric: PROMQL`: a query yields something, which a comparison does when it holds.

mod comparison;

use anyhow::{Result, ensure};
use schemars::JsonSchema;
use serde::Deserialize;

use super::look::{Look, Measured, number};
use super::{Known, PromiseKind, Sources};
use crate::prometheus::{QueryFailed, Series};
use crate::report::Unit;
use comparison::Comparison;

/// Values that are shown of an answer.
const SHOWN: usize = 4;

/// PromQL that has to yield something, which a comparison does when it holds.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Metric {
    /// The query.
    metric: String,
    /// What its value is measured in, for people.
    #[serde(default)]
    unit: Option<Unit>,
}

impl PromiseKind for Metric {
    fn check(&self, _: &Known) -> Result<()> {
        ensure!(!self.metric.trim().is_empty(), "metric: it is empty; write a PromQL comparison");
        Ok(())
    }

    fn text(&self) -> String {
        self.metric.clone()
    }

    fn query(&self) -> Option<&str> {
        Some(&self.metric)
    }

    async fn look(&self, sources: &Sources) -> Look {
        let series = match sources.prometheus.query(&self.metric, None).await {
            Ok(series) => series,
            Err(why) => return why.into(),
        };
        let look = if series.is_empty() {
            Look::not_yet("there is no such series yet")
        } else {
            Look::holds(values(&series, self.unit))
        };
        match Comparison::read(&self.metric) {
            Some(comparison) => match self.measured(&comparison, sources).await {
                Ok(measured) => look.of(measured),
                // What holds, holds; the value is only for people.
                Err(_) => look,
            },
            None => look,
        }
    }
}

impl Metric {
    /// The value that is compared, whether or not the comparison holds, and with what.
    async fn measured(
        &self,
        comparison: &Comparison,
        sources: &Sources,
    ) -> Result<Measured, QueryFailed> {
        let numbers = async |query: &str| {
            let series = sources.prometheus.query(query, None).await?;
            let numbers = series.iter().map(Series::number).filter(|number| number.is_finite());
            Ok(numbers.collect::<Vec<f64>>())
        };
        let limit = match comparison.limit {
            Some(limit) => Some(limit),
            None => numbers(&comparison.right).await?.first().copied(),
        };
        let now = comparison.nearest(&numbers(&comparison.left).await?, limit);
        let shown = limit.map_or_else(|| "?".to_owned(), |limit| number(limit, self.unit));
        Ok(Measured { now, unit: self.unit, wanted: comparison.wanted(&shown), limit })
    }
}

/// The values of an answer, for people.
fn values(series: &[Series], unit: Option<Unit>) -> String {
    let shown: Vec<String> =
        series.iter().take(SHOWN).map(|series| number(series.number(), unit)).collect();
    let more = if series.len() > SHOWN { ", .." } else { "" };
    format!("{}{more}", shown.join(", "))
}
