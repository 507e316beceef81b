//! Keptn files as a plan: one query per indicator, one total score.

use std::collections::BTreeMap;

use super::numbers::short;
use super::{Baseline, Check, Judgement, Judging, Outcome, Plan, Query, SCHEMA, Verdict};
use crate::keptn::{EarlierResult, Evaluation, KeptnSli, KeptnSlo, Leniency, score};
use crate::span::Span;

/// Plans the evaluation of Keptn files over the last `window`.
///
/// `context` fills the placeholders `$PROJECT`, `$STAGE`, `$SERVICE`, `$DEPLOYMENT` and `$LABEL.<key>` (keys without the
/// dollar sign); `earlier` holds earlier results, oldest first. A pinned baseline given to
/// [`judge`](super::judge()) wins over them.
pub fn plan_keptn(
    slo: &KeptnSlo,
    sli: &KeptnSli,
    context: &BTreeMap<String, String>,
    window: Span,
    leniency: Leniency,
    earlier: Vec<EarlierResult>,
) -> Plan {
    let service = context
        .get("SERVICE")
        .cloned()
        .unwrap_or_else(|| "keptn".to_owned());
    let seconds = format!("{}s", window.as_millis().div_ceil(1000));
    let mut variables: Vec<(String, &str)> = context
        .iter()
        .chain(&slo.filter)
        .map(|(key, value)| (format!("${key}"), value.as_str()))
        .collect();
    variables.push(("$DURATION_SECONDS".to_owned(), &seconds));
    // Longest first, or `$LABEL.a` would eat the head of `$LABEL.ab`.
    variables.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
    let fill = |query: &str| {
        variables
            .iter()
            .fold(query.to_owned(), |text, (name, value)| {
                text.replace(name, value)
            })
    };
    let checks = slo
        .objectives
        .iter()
        .map(|objective| Check {
            query: Query {
                id: format!("{service}/{}", objective.sli),
                // A missing indicator selects nothing, so it comes back as "no data" like any other failed one.
                promql: sli
                    .indicators
                    .get(&objective.sli)
                    .map_or_else(|| "vector(1) < 0".to_owned(), |query| fill(query)),
                before_end_seconds: 0,
                chart: None,
            },
            service: service.clone(),
            slo: "keptn".to_owned(),
            objective: objective.sli.clone(),
            expected_points: 1.0,
            stale_after_seconds: f64::INFINITY,
            rule: Judging::Indicator,
        })
        .collect();
    Plan {
        window_seconds: window.as_secs_f64(),
        checks,
        keptn: Some(Evaluation {
            slo: slo.clone(),
            leniency,
            earlier,
        }),
    }
}

/// Scores judgements that hold nothing but their value yet.
pub(super) fn judge(
    plan: &Plan,
    evaluation: &Evaluation,
    mut judgements: Vec<Judgement>,
    baseline: Option<&Baseline>,
) -> Verdict {
    let values: Vec<_> = judgements
        .iter()
        .map(|judgement| judgement.observed)
        .collect();
    let ids: BTreeMap<&str, &str> = plan
        .checks
        .iter()
        .map(|check| (check.objective.as_str(), check.query.id.as_str()))
        .collect();
    let pinned = |sli: &str| {
        let id = ids.get(sli)?;
        baseline
            .and_then(|baseline| baseline.values.get(*id))
            .copied()
    };
    let (outcome, total, scored) = score(evaluation, &values, pinned);
    for (judgement, scored) in judgements.iter_mut().zip(scored) {
        judgement.outcome = scored.outcome;
        judgement.baseline = scored.earlier;
        judgement.reason = match judgement.observed {
            Some(value) => format!("{}; {}", short(value), scored.reason),
            None if scored.outcome == Outcome::Fail => {
                format!("{} That counts as failed.", judgement.reason)
            }
            None => std::mem::take(&mut judgement.reason),
        };
    }
    Verdict {
        schema: SCHEMA,
        outcome,
        window_seconds: plan.window_seconds,
        score: Some(total),
        objectives: judgements,
    }
}
