//! The lighthouse algorithm: criteria to points, points to a total score, the total score to an
//! outcome.

use slo::Criterion;
use slo::gate::Outcome;

use crate::model::{Leniency, Objective, Slo};

/// One objective after scoring.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Scored {
    pub(crate) outcome: Outcome,
    /// Points won whatever the undecided turns out to be.
    pub(crate) points: f64,
    /// Points won if all that is undecided goes well.
    pub(crate) best: f64,
    /// Without pass criteria an objective is for information and not counted.
    pub(crate) counted: bool,
    /// The earlier value that relative criteria were compared with.
    pub(crate) earlier: Option<f64>,
    /// Undecided only because there is no earlier value.
    pub(crate) uncompared: bool,
    pub(crate) reason: String,
}

/// All objectives after scoring.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Score {
    pub(crate) outcome: Outcome,
    /// In percent of the points that can be won.
    pub(crate) total: f64,
    /// In the order of the file.
    pub(crate) objectives: Vec<Scored>,
}

/// Scores values, in the order of the objectives; `None` is a failed indicator. `earlier` knows
/// the value of an indicator that relative criteria are compared with.
pub(crate) fn score(
    slo: &Slo,
    values: &[Option<f64>],
    leniency: Leniency,
    earlier: impl Fn(&str) -> Option<f64>,
) -> Score {
    let scored: Vec<Scored> = slo
        .objectives
        .iter()
        .enumerate()
        .map(|(index, objective)| {
            let value = values.get(index).copied().flatten();
            score_objective(objective, value, earlier(&objective.sli), leniency)
        })
        .collect();
    let counted = || {
        let all = slo.objectives.iter().zip(&scored);
        all.filter(|(_, scored)| scored.counted)
    };
    let most: f64 = counted().map(|(objective, _)| f64::from(objective.weight)).sum();
    let percent = |points: fn(&Scored) -> f64| {
        let points: f64 = counted().map(|(_, scored)| points(scored)).sum();
        match leniency {
            _ if most > 0.0 => points / most * 100.0,
            // Keptn's, of files that are for information only.
            Leniency::Compat if !slo.objectives.is_empty() => 100.0,
            _ => 0.0,
        }
    };
    let key_failed =
        counted().any(|(objective, scored)| objective.key_sli && scored.outcome == Outcome::Fail);
    let undecided = counted().any(|(_, scored)| scored.outcome == Outcome::Inconclusive);
    // If it fails even with everything undecided going well, it fails. Anything better is not
    // proven.
    let outcome = match best_outcome(slo, percent(|scored| scored.best), key_failed) {
        // Nothing that could pass or fail was there: nobody judged anything.
        _ if leniency == Leniency::Strict && most <= 0.0 && !slo.objectives.is_empty() => {
            Outcome::Inconclusive
        }
        Outcome::Fail => Outcome::Fail,
        _ if undecided => Outcome::Inconclusive,
        decided => decided,
    };
    Score { outcome, total: percent(|scored| scored.points), objectives: scored }
}

fn best_outcome(slo: &Slo, best: f64, key_failed: bool) -> Outcome {
    if slo.objectives.is_empty() || key_failed {
        Outcome::Fail
    } else if best >= slo.pass_score {
        Outcome::Pass
    } else if slo.warning_score.is_some_and(|warning| best >= warning) {
        Outcome::Warning
    } else {
        Outcome::Fail
    }
}

fn score_objective(
    objective: &Objective,
    value: Option<f64>,
    earlier: Option<f64>,
    leniency: Leniency,
) -> Scored {
    let weight = f64::from(objective.weight);
    let counted = !objective.pass.is_empty();
    let result = |outcome, (points, best), reason: String| Scored {
        outcome,
        points,
        best,
        counted,
        earlier,
        uncompared: value.is_some() && outcome == Outcome::Inconclusive,
        reason,
    };
    if !counted {
        return result(Outcome::Info, (0.0, 0.0), "for information only.".to_owned());
    }
    let Some(value) = value else {
        return match leniency {
            Leniency::Strict => result(Outcome::Inconclusive, (0.0, weight), String::new()),
            Leniency::Compat => result(Outcome::Fail, (0.0, 0.0), String::new()),
        };
    };
    let any = |lists: &[Vec<Criterion>]| any_list_holds(lists, value, earlier, leniency);
    let half = weight / 2.0;
    let wanted = format!("wanted {}", describe(&objective.pass));
    let tolerated = format!("{wanted}, tolerated {}", describe(&objective.warning));
    let incomparable =
        |text: &str| format!("{text}, and there is no earlier value to compare with.");
    match (any(&objective.pass), any(&objective.warning)) {
        (Some(true), _) => result(Outcome::Pass, (weight, weight), wanted + "."),
        (None, warned) => {
            let sure = if warned == Some(true) { half } else { 0.0 };
            result(Outcome::Inconclusive, (sure, weight), incomparable(&wanted))
        }
        (Some(false), Some(true)) => result(Outcome::Warning, (half, half), tolerated + "."),
        (Some(false), None) => result(Outcome::Inconclusive, (0.0, half), incomparable(&tolerated)),
        (Some(false), Some(false)) => result(Outcome::Fail, (0.0, 0.0), wanted + "."),
    }
}

/// Any of the lists; `None` if that depends on an earlier value that does not exist.
fn any_list_holds(
    lists: &[Vec<Criterion>],
    value: f64,
    earlier: Option<f64>,
    leniency: Leniency,
) -> Option<bool> {
    let mut unknown = false;
    for list in lists {
        match all_hold(list, value, earlier, leniency) {
            Some(true) => return Some(true),
            Some(false) => {}
            None => unknown = true,
        }
    }
    if unknown { None } else { Some(false) }
}

/// All criteria of a list; `None` if that depends on an earlier value that does not exist.
fn all_hold(
    list: &[Criterion],
    value: f64,
    earlier: Option<f64>,
    leniency: Leniency,
) -> Option<bool> {
    let mut unknown = false;
    for criterion in list {
        let bound = match leniency {
            Leniency::Compat => criterion.bound_as_keptn(earlier),
            // Every percentage of 0 is 0: there is nothing to compare with.
            Leniency::Strict if criterion.is_meaningless(value, earlier) => None,
            Leniency::Strict => criterion.bound(earlier),
        };
        match bound {
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
        .map(|list| list.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and "))
        .collect();
    lists.join(" or ")
}
