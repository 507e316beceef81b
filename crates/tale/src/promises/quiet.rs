//! `quiet: true`: no alert of the tale is pending or firing.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};
use schemars::JsonSchema;
use serde::Deserialize;

use super::look::Look;
use super::{Known, PromiseKind, Sources};
use crate::prometheus::Series;

/// No alert that the tale's own rules define is pending or firing. Alerts of others change nothing.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Quiet {
    /// Always `true`.
    quiet: bool,
}

impl PromiseKind for Quiet {
    fn check(&self, known: &Known) -> Result<()> {
        ensure!(self.quiet, "quiet: false promises nothing; write quiet: true, or an alert");
        ensure!(
            known.alerts().next().is_some(),
            "quiet: no rule of the tale defines an alert, so none could ever fire; add slos"
        );
        Ok(())
    }

    fn text(&self) -> String {
        "no alert is pending or firing".to_owned()
    }

    async fn look(&self, sources: &Sources) -> Look {
        let names: Vec<&str> = sources.known.alerts().collect();
        let query = format!("ALERTS{{alertname=~\"{}\"}}", names.join("|"));
        match sources.prometheus.query(&query, None).await {
            Ok(_) if !sources.has_data().await => Look::unknown("no pod is scraped"),
            Ok(series) if series.is_empty() => Look::holds("none"),
            Ok(series) => {
                let label = |alert: &Series, name| alert.metric.get(name).cloned();
                let names = series.iter().filter_map(|alert| {
                    let name = label(alert, "alertname")?;
                    let state = label(alert, "alertstate").unwrap_or_default();
                    let severity =
                        label(alert, "severity").map(|severity| format!(" ({severity})"));
                    Some(format!("{name}{} is {state}", severity.unwrap_or_default()))
                });
                // One alert of many pods is said once.
                let names: BTreeSet<String> = names.collect();
                Look::not_yet(names.into_iter().collect::<Vec<_>>().join(", "))
            }
            Err(why) => why.into(),
        }
    }
}
