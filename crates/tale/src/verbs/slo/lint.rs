//! `tale slo lint`: what is wrong with objectives, and what probably is; with a Prometheus, also
//! what only Prometheus knows.

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use slo::openslo::model::{Objective, Slo};
use slo::queries::events_of_slice;
use slo::{Catalogue, Period, Problem, Severity, lint_traffic};

use super::past::period;
use crate::cli::Lint;
use crate::prometheus::{Prometheus, QueryFailed, Series};
use crate::yaml::read_yaml;

/// Every finding in a line. Exit code 1 if one of them is an error.
pub(super) async fn run(args: &Lint) -> Result<(String, u8)> {
    let here = std::env::current_dir()?;
    let problems = match Catalogue::load(&read_yaml(&here, &args.files)?) {
        Err(problems) => problems,
        Ok(catalogue) => {
            let mut problems = slo::lint(&catalogue);
            if let Some(url) = &args.prometheus {
                let last = period("--last", &args.last)?;
                problems.extend(ask(&catalogue, &Prometheus::new(url), last).await?);
            }
            problems
        }
    };
    let refused = problems.iter().any(|problem| problem.severity == Severity::Error);
    let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
    let text = if lines.is_empty() { "nothing to say".to_owned() } else { lines.join("\n") };
    Ok((text, u8::from(refused)))
}

/// What a Prometheus makes of the queries, and whether its events can prove the targets.
async fn ask(catalogue: &Catalogue, prometheus: &Prometheus, last: Period) -> Result<Vec<Problem>> {
    let mut problems = Vec::new();
    let mut events_per_second = BTreeMap::new();
    for slo in &catalogue.slos {
        for objective in &slo.objectives {
            // Thresholds and raw ratios have no events.
            let Ok(queries) = events_of_slice(slo, objective, last) else {
                continue;
            };
            for (events, promql) in [("bad", &queries.bad), ("all", &queries.total)] {
                match prometheus.query(promql, None).await {
                    Ok(series) if events == "all" => {
                        let count = series.first().map_or(0.0, Series::number);
                        let rate = count / last.as_secs_f64();
                        events_per_second.insert(slo.objective_id(objective), rate);
                    }
                    Ok(_) => {}
                    Err(QueryFailed::Refused(why)) => {
                        problems.push(refused(slo, objective, events, &why))
                    }
                    Err(why) => bail!("{why}"),
                }
            }
        }
    }
    problems.extend(lint_traffic(catalogue, &events_per_second));
    Ok(problems)
}

fn refused(slo: &Slo, objective: &Objective, events: &str, why: &str) -> Problem {
    Problem::error(
        &slo.metadata.file,
        format!("SLO/{}: objective {}", slo.metadata.name, objective.id),
        format!("Prometheus refuses the query for {events} events: {why}"),
        "correct the PromQL",
    )
}
