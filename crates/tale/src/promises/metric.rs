//! `metric: PROMQL`: a query yields something, which a comparison does when it holds.

use anyhow::{Result, ensure};
use schemars::JsonSchema;
use serde::Deserialize;

use super::look::Look;
use super::{Known, PromiseKind, Sources};
use crate::prometheus::Series;

/// Values that are shown of an answer.
const SHOWN: usize = 4;

/// PromQL that has to yield something, which a comparison does when it holds.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Metric {
    /// The query.
    metric: String,
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
        match sources.prometheus.query(&self.metric, None).await {
            Ok(series) if series.is_empty() => Look::not_yet("it yields nothing"),
            Ok(series) => Look::holds(values(&series)),
            Err(why) => why.into(),
        }
    }
}

/// The values of an answer, for people.
fn values(series: &[Series]) -> String {
    let shown: Vec<String> =
        series.iter().take(SHOWN).map(|series| short(series.number())).collect();
    let more = if series.len() > SHOWN { ", .." } else { "" };
    format!("{}{more}", shown.join(", "))
}

/// A number with three significant digits.
fn short(number: f64) -> String {
    if number == number.trunc() && number.abs() < 1e6 {
        return format!("{number}");
    }
    let digits = (2 - number.abs().log10().floor() as i32).clamp(0, 6) as usize;
    format!("{number:.digits$}")
}
