//! Keptn files as checks of the gate: one query per indicator, its placeholders filled.

mod placeholders;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use slo::gate::{self, Check, EarlierResult, Subject, ValueQuery};
use slo::promql::{check_number, without_comments};
use slo::{Clock, Period, Problem};

use crate::evaluation::Evaluation;
use crate::model::{Leniency, Sli, Slo};
use placeholders::{fill, unfilled};

/// Keptn files, and all that their evaluation needs to know.
#[derive(Debug, Clone, Copy)]
pub struct Gate<'a> {
    /// Objectives and scores.
    pub slo: &'a Slo,
    /// Queries.
    pub sli: &'a Sli,
    /// Fills the placeholders `$PROJECT`, `$STAGE`, `$SERVICE`, `$DEPLOYMENT` and `$LABEL.<key>`;
    /// keys without the dollar sign. `SERVICE` also names the verdicts; without it they are called
    /// `keptn`.
    pub context: &'a BTreeMap<String, String>,
    /// The window to judge, in wall-clock time.
    pub window: Period,
    /// How dense samples are, and so how old the newest may be.
    pub clock: Clock,
    /// What to do where Keptn was lenient.
    pub leniency: Leniency,
    /// Earlier results, oldest first. A pinned baseline given to [`Evaluation::judge`] wins over
    /// them.
    pub earlier: &'a [EarlierResult],
}

/// Plans the evaluation of Keptn files.
///
/// # Errors
/// Placeholders without a value, and (unless as lenient as Keptn) objectives without a query.
pub fn plan(gate: &Gate<'_>) -> Result<Evaluation, Vec<Problem>> {
    let service = gate.context.get("SERVICE").cloned().unwrap_or_else(|| "keptn".to_owned());
    let values = placeholders::values(gate.context, &gate.slo.filter, gate.window);
    let mut problems = Vec::new();
    let mut checks = Vec::new();
    for objective in &gate.slo.objectives {
        let name = &objective.sli;
        let query = gate.sli.indicators.get(name).map(|query| fill(query, &values));
        problems.extend(problem(gate, name, query.as_deref()));
        let subject = Subject {
            id: format!("{service}/{name}"),
            service: service.clone(),
            slo: "keptn".to_owned(),
            objective: name.clone(),
        };
        let value = value_query(gate, query.as_deref());
        checks.push(Check::measured(subject, value, gate.window, query));
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    Ok(Evaluation {
        plan: gate::Plan::new(gate.window.as_secs_f64(), checks),
        slo: gate.slo.clone(),
        leniency: gate.leniency,
        earlier: by_indicator(gate.earlier, &service),
    })
}

/// What is wrong with the query of an indicator.
fn problem(gate: &Gate<'_>, indicator: &str, query: Option<&str>) -> Option<Problem> {
    let field = format!("indicators.{indicator}");
    match query {
        None if gate.leniency == Leniency::Strict => Some(Problem::error(
            &gate.sli.file,
            field,
            format!("is missing, and {} has an objective for it", gate.slo.file),
            "add its query",
        )),
        None => None,
        Some(query) => match unfilled(query) {
            Some(placeholder) => Some(Problem::error(
                &gate.sli.file,
                field,
                format!("{placeholder} has no value"),
                format!("write --context {}=..", placeholder.trim_start_matches('$')),
            )),
            // Keptn sent it whatever it was, and failed.
            None if gate.leniency == Leniency::Compat => None,
            None => unusable(gate.sli, field, query),
        },
    }
}

fn unusable(sli: &Sli, field: String, query: &str) -> Option<Problem> {
    let why = check_number(&without_comments(query)).err()?;
    Some(Problem::error(&sli.file, field, why.message, why.remedy))
}

/// What is wrong with Keptn's files before anybody knows what fills the placeholders: objectives
/// without a query, and queries that are not PromQL.
pub fn lint(slo: Option<&Slo>, sli: Option<&Sli>) -> Vec<Problem> {
    let mut found = Vec::new();
    if let (Some(slo), Some(sli)) = (slo, sli) {
        for objective in slo.objectives.iter().filter(|it| !sli.indicators.contains_key(&it.sli)) {
            found.push(Problem::error(
                &sli.file,
                format!("indicators.{}", objective.sli),
                format!("is missing, and {} has an objective for it", slo.file),
                "add its query",
            ));
        }
    }
    let Some(sli) = sli else {
        return found;
    };
    let filter = slo.map(|slo| slo.filter.clone()).unwrap_or_default();
    let values = placeholders::values(&BTreeMap::new(), &filter, Period::minutes(5));
    for (name, query) in &sli.indicators {
        let mut query = fill(query, &values);
        while let Some(placeholder) = unfilled(&query) {
            query = query.replace(&placeholder, "placeholder");
        }
        found.extend(unusable(sli, format!("indicators.{name}"), &query));
    }
    found
}

fn value_query(gate: &Gate<'_>, query: Option<&str>) -> ValueQuery {
    match (query, gate.leniency) {
        // Keptn fails a missing indicator as any other without data: this selects nothing.
        (None, _) => ValueQuery::plain("vector(1) < 0"),
        (Some(query), Leniency::Compat) => ValueQuery::plain(query),
        (Some(query), Leniency::Strict) => {
            ValueQuery::with_coverage(query, gate.window, gate.clock)
        }
    }
}

/// Values by `service/indicator`, as verdicts hold them, become values by indicator.
fn by_indicator(earlier: &[EarlierResult], service: &str) -> Vec<EarlierResult> {
    let indicator = |id: &str| Some(id.strip_prefix(service)?.strip_prefix('/')?.to_owned());
    let renamed = |result: &EarlierResult| EarlierResult {
        outcome: result.outcome,
        cells: Vec::new(),
        values: result
            .values
            .iter()
            .filter_map(|(id, value)| Some((indicator(id)?, *value)))
            .collect(),
    };
    // Other services may share the folder: their results are not those of this one.
    earlier.iter().map(renamed).filter(|result| !result.values.is_empty()).collect()
}
