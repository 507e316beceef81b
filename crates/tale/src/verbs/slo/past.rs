//! A stretch of the past, and the Prometheus that remembers it.

use std::collections::BTreeMap;

use anyhow::{Result, anyhow};
use slo::Period;

use crate::cli::Source;
use crate::folders::Project;
use crate::prometheus::{Prometheus, QueryFailed, Series};

/// Most points asked for at once; Prometheus refuses more than 11,000.
const CHUNK: f64 = 5_000.0;

/// A window of the past, in seconds since 1970, and the Prometheus to ask about it.
pub(super) struct Past {
    pub(super) prometheus: Prometheus,
    pub(super) from: f64,
    pub(super) to: f64,
    /// True if it is the Prometheus of a running stage, which knows its chaos.
    pub(super) on_stage: bool,
}

impl Past {
    /// The stretch of this length until the time that was asked for, or now.
    pub(super) async fn over(project: &Project, source: Source, last: Period) -> Result<Self> {
        let to = source.until.unwrap_or_else(jiff::Timestamp::now);
        let on_stage = source.server.prometheus.is_none();
        let prometheus = super::super::ask::prometheus(project, &source.server).await?;
        let to = to.as_millisecond() as f64 / 1000.0;
        Ok(Self { prometheus: prometheus.patient(), from: to - last.as_secs_f64(), to, on_stage })
    }

    /// The latest part of it.
    pub(super) fn latest(&self, length: Period) -> Self {
        Self { prometheus: self.prometheus.clone(), from: self.to - length.as_secs_f64(), ..*self }
    }

    /// The course of an expression, every `step` seconds.
    pub(super) async fn course(&self, promql: &str, step: f64) -> Result<Vec<Series>, QueryFailed> {
        let mut merged: BTreeMap<BTreeMap<String, String>, Series> = BTreeMap::new();
        let mut from = self.from;
        while from <= self.to {
            let to = (from + step * CHUNK).min(self.to);
            for series in self.prometheus.query_steps(promql, from, to, step).await? {
                match merged.get_mut(&series.metric) {
                    Some(known) => known.values.extend(series.values),
                    None => {
                        merged.insert(series.metric.clone(), series);
                    }
                }
            }
            from += step * (CHUNK + 1.0);
        }
        Ok(merged.into_values().collect())
    }

    /// The samples of a selector as they were scraped.
    pub(super) async fn samples(&self, selector: &str) -> Result<Vec<Series>, QueryFailed> {
        let millis = ((self.to - self.from) * 1000.0).round();
        let promql = format!("{selector}[{millis}ms]");
        self.prometheus.query(&promql, Some(self.to)).await
    }

    /// One expression that gives one series, as one value per step; `None` stands for no sample and
    /// for NaN.
    pub(super) async fn steps(
        &self,
        promql: &str,
        step: f64,
    ) -> Result<Vec<Option<f64>>, QueryFailed> {
        let count = ((self.to - self.from) / step + 1e-6).floor() as usize + 1;
        let mut steps = vec![None; count];
        for series in self.course(promql, step).await? {
            for (time, value) in numbers(&series) {
                let index = ((time - self.from) / step).round() as usize;
                if let Some(found) = steps.get_mut(index) {
                    *found = Some(value).filter(|value| value.is_finite());
                }
            }
        }
        Ok(steps)
    }
}

/// The course of a series as numbers.
pub(super) fn numbers(series: &Series) -> impl Iterator<Item = (f64, f64)> + '_ {
    let number = |text: &String| text.parse().unwrap_or(f64::NAN);
    series.values.iter().map(move |(time, text)| (*time, number(text)))
}

/// Reads a length of time.
pub(super) fn period(argument: &str, text: &str) -> Result<Period> {
    Period::parse(text)
        .map_err(|why| anyhow!("{argument} {text}: {why}; write e.g. 90s, 5m or 30d"))
}
