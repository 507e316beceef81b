//! What a Prometheus makes of the queries: whether it takes them, whether it has series for them,
//! and whether its events can prove the targets.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, bail};
use slo::openslo::model::{Objective, Slo};
use slo::queries::{Asked, each_query, events_of_slice};
use slo::{Catalogue, Period, Problem, lint_traffic, nearest};

use crate::prometheus::{Prometheus, QueryFailed, Series};

/// Everything that it knows better.
pub(super) async fn problems(
    catalogue: &Catalogue,
    prometheus: &Prometheus,
    last: Period,
) -> Result<Vec<Problem>> {
    let mut asking =
        Asking { prometheus, last, names: None, found: Vec::new(), seen: BTreeSet::new() };
    let mut events_per_second = BTreeMap::new();
    for slo in &catalogue.slos {
        for objective in &slo.objectives {
            let before = asking.found.len();
            for asked in each_query(slo, objective, last) {
                asking.query(slo, objective, &asked).await?;
            }
            // What has no series has no events: one fault, one message.
            if asking.found.len() > before || asking.is_known(slo, objective) {
                continue;
            }
            if let Some(rate) = asking.events_per_second(slo, objective).await? {
                events_per_second.insert(slo.objective_id(objective), rate);
            }
        }
    }
    let mut found = asking.found;
    found.extend(lint_traffic(catalogue, &events_per_second));
    Ok(found)
}

struct Asking<'a> {
    prometheus: &'a Prometheus,
    last: Period,
    /// The names of all metrics, once somebody needs them.
    names: Option<Vec<String>>,
    found: Vec<Problem>,
    /// What was asked already: objectives share an indicator.
    seen: BTreeSet<(String, String)>,
}

impl Asking<'_> {
    /// Does Prometheus take the query, and has it series for it?
    async fn query(&mut self, slo: &Slo, objective: &Objective, asked: &Asked) -> Result<()> {
        if !self.seen.insert((slo.metadata.name.clone(), asked.promql.clone())) {
            return Ok(());
        }
        let field =
            format!("SLO/{}: objective {}: {}", slo.metadata.name, objective.id, asked.part);
        if let Err(why) = self.prometheus.query(&asked.promql, None).await {
            let QueryFailed::Refused(why) = why else {
                bail!("{why}");
            };
            let message = format!("Prometheus refuses the query: {why}");
            self.found.push(Problem::error(
                &slo.metadata.file,
                field,
                message,
                "correct the PromQL",
            ));
            return Ok(());
        }
        for (selector, metric) in &asked.selectors {
            if self.count(selector).await? {
                continue;
            }
            let (message, remedy) = if !self.count(&format!("{{__name__=\"{metric}\"}}")).await? {
                (
                    format!("Prometheus has no series of {metric} in the last {}", self.last),
                    self.meant(metric).await,
                )
            } else if let Some(label) = self.unknown_label(metric, &asked.labels).await? {
                let message = format!("no series of {metric} has the label {label}");
                (message, "correct the label".to_owned())
            } else if asked.part == "bad" {
                // The first error makes its series.
                continue;
            } else {
                let message = format!(
                    "Prometheus has no series that matches {selector} in the last {}",
                    self.last
                );
                (message, "correct the labels: there are others of this metric".to_owned())
            };
            // Of bad and of all events alike: one fault, one message.
            let known =
                |problem: &Problem| problem.file == slo.metadata.file && problem.message == message;
            if !self.found.iter().any(known) {
                self.found.push(Problem::warning(&slo.metadata.file, &field, message, remedy));
            }
        }
        Ok(())
    }

    /// Was something said about this SLO's series already, under another objective?
    fn is_known(&self, slo: &Slo, objective: &Objective) -> bool {
        let name = format!("SLO/{}: objective ", slo.metadata.name);
        !slo.composite
            && slo.objectives.first() != Some(objective)
            && self.found.iter().any(|problem| problem.field.starts_with(&name))
    }

    async fn events_per_second(&self, slo: &Slo, objective: &Objective) -> Result<Option<f64>> {
        // Thresholds and raw ratios have no events.
        let Ok(queries) = events_of_slice(slo, objective, self.last) else {
            return Ok(None);
        };
        match self.prometheus.query(&queries.total, None).await {
            Ok(series) => {
                let count = series.first().map_or(0.0, Series::number);
                Ok(Some(count / self.last.as_secs_f64()))
            }
            Err(QueryFailed::Refused(_)) => Ok(None),
            Err(why) => bail!("{why}"),
        }
    }

    /// Was there a sample of it?
    async fn count(&self, selector: &str) -> Result<bool> {
        let promql = format!("count(count_over_time({selector}[{}]))", self.last);
        match self.prometheus.query(&promql, None).await {
            Ok(series) => Ok(!series.is_empty()),
            Err(why) => bail!("{why}"),
        }
    }

    /// The first label that is compared and that no series of the metric has.
    async fn unknown_label(
        &self,
        metric: &str,
        labels: &[(String, String)],
    ) -> Result<Option<String>> {
        for (_, label) in labels.iter().filter(|(of, _)| of == metric) {
            if !self.count(&format!("{{__name__=\"{metric}\",{label}!=\"\"}}")).await? {
                return Ok(Some(label.clone()));
            }
        }
        Ok(None)
    }

    /// The metric that was probably meant.
    async fn meant(&mut self, metric: &str) -> String {
        if self.names.is_none() {
            self.names = Some(self.prometheus.metric_names().await.unwrap_or_default());
        }
        let names = self.names.iter().flatten().map(String::as_str);
        match nearest(metric, names) {
            Some(name) => format!("write {name}, or let its target be scraped"),
            None => "correct its name, or let its target be scraped".to_owned(),
        }
    }
}
