//! Relative criteria: the gate annotations of an SLO, planned and judged.

use super::answer::{Sample, Weighed};
use super::baseline::Baseline;
use super::check::{Check, Rule, Subject};
use super::numbers::short;
use super::value;
use super::value_query::ValueQuery;
use super::verdict::{Judgement, Outcome};
use crate::clock::Clock;
use crate::criterion::{Criterion, NotACriterion};
use crate::openslo::model::Slo;
use crate::period::Period;
use crate::problem::Problem;
use crate::promql::{self, substitute, without_comments};

/// Annotation of an SLO: PromQL that yields one value.
pub(crate) const GATE_QUERY: &str = "tales.dev/gate-query";
/// Annotation of an SLO: what that value must satisfy, e.g. `<=+10%`.
const GATE_CRITERION: &str = "tales.dev/gate-criterion";

/// The gate annotations of an SLO: a query and a criterion, both or none.
pub(crate) fn plan(slo: &Slo, window: Period, clock: Clock) -> Result<Option<Check>, Problem> {
    let annotation = |key: &str| slo.metadata.annotations.get(key);
    let refuse = |key: &str, message: String, remedy: &str| {
        let field = format!("SLO/{}: metadata.annotations.{key}", slo.metadata.name);
        Err(Problem::error(&slo.metadata.file, field, message, remedy))
    };
    let (query, criterion) = match (annotation(GATE_QUERY), annotation(GATE_CRITERION)) {
        (None, None) => return Ok(None),
        (Some(query), Some(criterion)) => (query, criterion),
        (None, Some(_)) => {
            return refuse(
                GATE_QUERY,
                "is missing".to_owned(),
                "add the query that the criterion judges",
            );
        }
        (Some(_), None) => {
            return refuse(
                GATE_CRITERION,
                "is missing".to_owned(),
                "add a criterion such as <=+10%",
            );
        }
    };
    let criterion: Criterion = match criterion.parse() {
        Ok(criterion) => criterion,
        Err(error) => {
            let error: NotACriterion = error;
            return refuse(GATE_CRITERION, error.to_string(), "correct the criterion");
        }
    };
    let text = substitute(&without_comments(query), &window.to_string());
    if let Err(why) = promql::check_number(&text) {
        return refuse(GATE_QUERY, why.message, why.remedy);
    }
    let subject = Subject {
        id: format!("{}/{}/gate", slo.service, slo.metadata.name),
        service: slo.service.clone(),
        slo: slo.metadata.name.clone(),
        objective: "gate".to_owned(),
    };
    let query = ValueQuery::with_coverage(&text, window, clock);
    let check = Check::measured(subject, query, window, Some(text));
    Ok(Some(Check { rule: Rule::Criterion(criterion), ..check }))
}

/// Judges the value of a relative criterion against the pinned baseline.
pub(super) fn judge(
    check: &Check,
    criterion: &Criterion,
    samples: &[Sample],
    baseline: Option<&Baseline>,
    judgement: &mut Judgement,
) -> Weighed {
    let value = value::value(check, samples, judgement)?;
    let earlier = baseline.and_then(|baseline| baseline.values.get(&check.query.id)).copied();
    judgement.baseline = earlier.filter(|_| criterion.is_relative());
    let Some(bound) = criterion.bound(earlier) else {
        // Later values must not be compared with a value of a few seconds either.
        value::seen(judgement)?;
        judgement.uncompared = true;
        return Err(format!(
            "{}; wanted {criterion}, and there is no earlier value to compare with.",
            short(value)
        ));
    };
    if !bound.is_finite() {
        return Err("The baseline is not a number.".to_owned());
    }
    if criterion.is_meaningless(value, earlier) {
        return Err(format!(
            "{}, and the baseline is 0: wanted {criterion}, and every percentage of 0 is 0; write a difference such as <=+5, or a number.",
            short(value)
        ));
    }
    judgement.target = Some(bound);
    let holds = criterion.holds(value, bound);
    if holds {
        value::seen(judgement)?;
    }
    let outcome = if holds { Outcome::Pass } else { Outcome::Fail };
    let change = match judgement.baseline {
        Some(earlier) if earlier != 0.0 => {
            format!(
                ", {:+.1} % of the baseline {}",
                (value - earlier) / earlier.abs() * 100.0,
                short(earlier)
            )
        }
        _ => String::new(),
    };
    Ok((outcome, format!("{}{change}; wanted {criterion}.", short(value))))
}
