//! The lighthouse algorithm: criteria to points, points to a total score, the total score to an outcome.

use super::{Aggregate, Evaluation, Include, KeptnObjective, Leniency, percentile};
use crate::criterion::Criterion;
use crate::gate::{EarlierResult, Outcome};

/// One objective after scoring.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Scored {
    pub(crate) outcome: Outcome,
    /// Points won.
    pub(crate) points: f64,
    /// Without pass criteria an objective is for information and not counted.
    pub(crate) counted: bool,
    /// The earlier value that relative criteria were compared with.
    pub(crate) earlier: Option<f64>,
    /// Undecided only because there is no earlier value.
    pub(crate) uncompared: bool,
    pub(crate) reason: String,
}

/// Scores values, in the order of the objectives; `None` is a failed indicator. Returns the overall outcome, the total
/// score in percent, and each objective's share in it.
pub(crate) fn score(
    evaluation: &Evaluation,
    values: &[Option<f64>],
    pinned: impl Fn(&str) -> Option<f64>,
) -> (Outcome, f64, Vec<Scored>) {
    let slo = &evaluation.slo;
    let scored: Vec<Scored> = slo
        .objectives
        .iter()
        .enumerate()
        .map(|(index, objective)| {
            let earlier = pinned(&objective.sli).or_else(|| aggregated(evaluation, &objective.sli));
            let value = values.get(index).copied().flatten();
            one(objective, value, earlier, evaluation.leniency)
        })
        .collect();
    let points = |undecided: f64| -> f64 {
        let each = slo
            .objectives
            .iter()
            .zip(&scored)
            .filter(|(_, scored)| scored.counted);
        each.map(|(objective, scored)| match scored.outcome {
            Outcome::Inconclusive => undecided * f64::from(objective.weight),
            _ => scored.points,
        })
        .sum()
    };
    let most: f64 = slo
        .objectives
        .iter()
        .zip(&scored)
        .filter(|(_, scored)| scored.counted)
        .map(|(objective, _)| f64::from(objective.weight))
        .sum();
    let total = |points: f64| {
        if most > 0.0 {
            points / most * 100.0
        } else {
            100.0
        }
    };
    let outcome_at = |undecided: f64| {
        let key_failed = slo
            .objectives
            .iter()
            .zip(&scored)
            .any(|(objective, scored)| {
                let failed = scored.outcome == Outcome::Fail
                    || (scored.outcome == Outcome::Inconclusive && undecided == 0.0);
                objective.key_sli && scored.counted && failed
            });
        let total = total(points(undecided));
        if slo.objectives.is_empty() || key_failed {
            Outcome::Fail
        } else if total >= slo.pass_score {
            Outcome::Pass
        } else if slo.warning_score.is_some_and(|warning| total >= warning) {
            Outcome::Warning
        } else {
            Outcome::Fail
        }
    };
    let undecided = scored
        .iter()
        .any(|scored| scored.outcome == Outcome::Inconclusive);
    // With everything undecided going well it still fails: then it fails. Anything better is not proven.
    let outcome = match outcome_at(1.0) {
        Outcome::Fail => Outcome::Fail,
        _ if undecided => Outcome::Inconclusive,
        decided => decided,
    };
    (outcome, total(points(0.0)), scored)
}

fn one(
    objective: &KeptnObjective,
    value: Option<f64>,
    earlier: Option<f64>,
    leniency: Leniency,
) -> Scored {
    let weight = f64::from(objective.weight);
    let counted = !objective.pass.is_empty();
    let result = |outcome, points, reason: String| Scored {
        outcome,
        points,
        counted,
        earlier,
        uncompared: value.is_some() && outcome == Outcome::Inconclusive,
        reason,
    };
    let Some(value) = value else {
        let outcome = match leniency {
            Leniency::Strict => Outcome::Inconclusive,
            Leniency::Compat => Outcome::Fail,
        };
        return result(outcome, 0.0, String::new());
    };
    if !counted {
        return result(Outcome::Pass, 0.0, "For information only.".to_owned());
    }
    let any = |lists: &[Vec<Criterion>]| -> Option<bool> {
        let mut unknown = false;
        for list in lists {
            match all(list, value, earlier, leniency) {
                Some(true) => return Some(true),
                Some(false) => {}
                None => unknown = true,
            }
        }
        if unknown { None } else { Some(false) }
    };
    let wanted = describe(&objective.pass);
    match any(&objective.pass) {
        Some(true) => result(Outcome::Pass, weight, format!("wanted {wanted}.")),
        None => result(
            Outcome::Inconclusive,
            0.0,
            format!("wanted {wanted}, and there is no earlier value to compare with."),
        ),
        Some(false) => match any(&objective.warning) {
            Some(true) => result(
                Outcome::Warning,
                weight / 2.0,
                format!(
                    "wanted {wanted}, tolerated {}.",
                    describe(&objective.warning)
                ),
            ),
            _ => result(Outcome::Fail, 0.0, format!("wanted {wanted}.")),
        },
    }
}

/// All criteria of a list; `None` if that depends on an earlier value that does not exist.
fn all(list: &[Criterion], value: f64, earlier: Option<f64>, leniency: Leniency) -> Option<bool> {
    let mut unknown = false;
    for criterion in list {
        match criterion.bound(earlier) {
            Some(bound) if !criterion.holds(value, bound) => return Some(false),
            Some(_) => {}
            None => unknown |= leniency == Leniency::Strict,
        }
    }
    if unknown { None } else { Some(true) }
}

fn describe(lists: &[Vec<Criterion>]) -> String {
    let lists: Vec<_> = lists
        .iter()
        .map(|list| {
            list.iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(" and ")
        })
        .collect();
    lists.join(" or ")
}

/// The earlier value of an indicator: the latest results of sufficient quality, aggregated.
fn aggregated(evaluation: &Evaluation, sli: &str) -> Option<f64> {
    let comparison = &evaluation.slo.comparison;
    let counts = |result: &&EarlierResult| match comparison.include {
        // What nobody could judge is no result; Keptn had no such thing.
        Include::All => result.outcome != Outcome::Inconclusive,
        Include::Pass => result.outcome == Outcome::Pass,
        Include::PassOrWarn => matches!(result.outcome, Outcome::Pass | Outcome::Warning),
    };
    let latest = evaluation
        .earlier
        .iter()
        .rev()
        .filter(counts)
        .take(comparison.results);
    let values: Vec<f64> = latest
        .filter_map(|result| result.values.get(sli).copied())
        .collect();
    match comparison.aggregate {
        Aggregate::Percentile(percent) => percentile(&values, percent),
        Aggregate::Avg if values.is_empty() => None,
        Aggregate::Avg => Some(values.iter().sum::<f64>() / values.len() as f64),
    }
}
