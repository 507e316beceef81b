//! Keptn files as a plan: one query per indicator, one total score.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use super::asked::{Asked, is_unknown};
use super::numbers::short;
use super::{
    Baseline, Check, EarlierResult, Judgement, Judging, Needed, Outcome, Plan, Query, SCHEMA,
    Verdict,
};
use crate::clock::Clock;
use crate::keptn::{Evaluation, KeptnSli, KeptnSlo, Leniency, score};
use crate::period::Period;
use crate::problem::Problem;

/// Keptn files, and all that their evaluation needs to know.
#[derive(Debug, Clone, Copy)]
pub struct KeptnGate<'a> {
    /// Objectives and scores.
    pub slo: &'a KeptnSlo,
    /// Queries.
    pub sli: &'a KeptnSli,
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
    /// Earlier results, oldest first. A pinned baseline given to [`judge`](super::judge()) wins
    /// over them.
    pub earlier: &'a [EarlierResult],
}

/// Plans the evaluation of Keptn files.
///
/// # Errors
/// Placeholders without a value, and (unless as lenient as Keptn) objectives without a query.
pub fn plan_keptn(gate: &KeptnGate<'_>) -> Result<Plan, Vec<Problem>> {
    let (slo, sli) = (gate.slo, gate.sli);
    let service = gate.context.get("SERVICE").cloned().unwrap_or_else(|| "keptn".to_owned());
    let variables = variables(gate);
    let mut problems = Vec::new();
    let mut checks = Vec::new();
    for objective in &slo.objectives {
        let name = &objective.sli;
        let query = sli.indicators.get(name).map(|query| fill(query, &variables));
        match &query {
            None if gate.leniency == Leniency::Strict => problems.push(Problem::error(
                &sli.file,
                format!("indicators.{name}"),
                format!("is missing, and {} has an objective for it", slo.file),
                "add its query",
            )),
            Some(query) => problems.extend(unfilled(query).map(|placeholder| {
                Problem::error(
                    &sli.file,
                    format!("indicators.{name}"),
                    format!("{placeholder} has no value"),
                    format!("write --context {}=..", placeholder.trim_start_matches('$')),
                )
            })),
            None => {}
        }
        let asked = match (&query, gate.leniency) {
            // Keptn fails a missing indicator as any other without data: this selects nothing.
            (None, _) => Asked::plain("vector(1) < 0"),
            (Some(query), Leniency::Compat) => Asked::plain(query),
            (Some(query), Leniency::Strict) => Asked::with_coverage(query, gate.window, gate.clock),
        };
        checks.push(Check {
            query: Query {
                id: format!("{service}/{name}"),
                promql: asked.promql,
                before_end_seconds: 0,
                window_seconds: gate.window.as_secs_f64(),
                chart: query,
            },
            service: service.clone(),
            slo: "keptn".to_owned(),
            objective: name.clone(),
            since: None,
            expected_points: asked.expected_points,
            stale_after_seconds: asked.stale_after_seconds,
            bad_source: None,
            rule: Judging::Indicator,
        });
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    Ok(Plan {
        window_seconds: gate.window.as_secs_f64(),
        checks,
        keptn: Some(Evaluation {
            slo: slo.clone(),
            leniency: gate.leniency,
            earlier: by_indicator(gate.earlier, &service),
        }),
    })
}

/// Placeholders and their values, the longest first, or `$LABEL.a` would eat the head of
/// `$LABEL.ab`.
fn variables(gate: &KeptnGate<'_>) -> Vec<(String, String)> {
    let seconds = format!("{}s", gate.window.as_millis().div_ceil(1000));
    let mut variables: Vec<_> = gate
        .context
        .iter()
        .chain(&gate.slo.filter)
        .map(|(key, value)| (format!("${key}"), value.clone()))
        .collect();
    variables.push(("$DURATION_SECONDS".to_owned(), seconds));
    variables.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
    variables
}

fn fill(query: &str, variables: &[(String, String)]) -> String {
    variables.iter().fold(query.to_owned(), |text, (name, value)| text.replace(name, value))
}

/// The first placeholder of Keptn that is left. Other dollar signs belong to regular expressions.
fn unfilled(query: &str) -> Option<String> {
    let known = ["$PROJECT", "$STAGE", "$SERVICE", "$DEPLOYMENT"];
    if let Some(name) = known.into_iter().find(|name| query.contains(name)) {
        return Some(name.to_owned());
    }
    let label = &query[query.find("$LABEL.")?..];
    let end =
        label.find(|c: char| c != '$' && c != '.' && c != '-' && c != '_' && !c.is_alphanumeric());
    Some(label[..end.unwrap_or(label.len())].to_owned())
}

/// Values by `service/indicator`, as verdicts hold them, become values by indicator.
fn by_indicator(earlier: &[EarlierResult], service: &str) -> Vec<EarlierResult> {
    let indicator = |id: &str| Some(id.strip_prefix(service)?.strip_prefix('/')?.to_owned());
    let of_service = |result: &EarlierResult| EarlierResult {
        outcome: result.outcome,
        values: result
            .values
            .iter()
            .filter_map(|(id, value)| Some((indicator(id)?, *value)))
            .collect(),
    };
    earlier.iter().map(of_service).collect()
}

/// Scores judgements that hold nothing but their value yet.
pub(super) fn judge(
    plan: &Plan,
    evaluation: &Evaluation,
    mut judgements: Vec<Judgement>,
    baseline: Option<&Baseline>,
) -> Verdict {
    // A value that was weighed and found too light is none.
    let weighed =
        |judgement: &Judgement| judgement.observed.filter(|_| judgement.outcome == Outcome::Pass);
    let values: Vec<_> = judgements.iter().map(weighed).collect();
    let ids: BTreeMap<&str, &str> = plan
        .checks
        .iter()
        .map(|check| (check.objective.as_str(), check.query.id.as_str()))
        .collect();
    let pinned = |sli: &str| {
        let id = ids.get(sli)?;
        baseline.and_then(|baseline| baseline.values.get(*id)).copied()
    };
    let (outcome, total, scored) = score(evaluation, &values, pinned);
    let objectives = evaluation.slo.objectives.iter();
    for (judgement, objective) in judgements.iter_mut().zip(objectives.clone()) {
        judgement.title.clone_from(&objective.display_name);
    }
    let failed_keys = objectives
        .zip(&scored)
        .filter(|(objective, scored)| objective.key_sli && scored.outcome == Outcome::Fail)
        .map(|(objective, _)| objective.sli.clone());
    let needed = Needed {
        pass: evaluation.slo.pass_score,
        warning: evaluation.slo.warning_score,
        failed_keys: failed_keys.collect(),
    };
    for (((judgement, scored), value), check) in
        judgements.iter_mut().zip(scored).zip(values).zip(&plan.checks)
    {
        judgement.outcome = scored.outcome;
        judgement.baseline = scored.earlier;
        judgement.uncompared = scored.uncompared;
        judgement.reason = match (value, scored.outcome) {
            (Some(value), _) => format!("{}; {}", short(value), scored.reason),
            (None, Outcome::Fail) => format!("{} That counts as failed.", judgement.reason),
            (None, Outcome::Info) => format!("{} It is for information only.", judgement.reason),
            (None, _) => std::mem::take(&mut judgement.reason),
        };
        if evaluation.leniency == Leniency::Strict && value.is_some() && is_unknown(check) {
            judgement.reason.push_str(" Coverage unknown: the query names no series to look for.");
        }
    }
    Verdict {
        schema: SCHEMA,
        outcome,
        window_seconds: plan.window_seconds,
        until: None,
        score: Some(total),
        needed: Some(needed),
        objectives: judgements,
    }
}
