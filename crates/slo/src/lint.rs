//! Warnings about objectives that are valid and probably not what their author meant.

use std::collections::BTreeMap;

use crate::compile::part_of;
use crate::compile::windows::pairs;
use crate::openslo::Catalogue;
use crate::openslo::model::{BudgetingMethod, Metric, Objective, Slo};
use crate::problem::Problem;
use crate::promql::{has_placeholder, selectors, windowed};
use crate::span::Span;
use crate::stats::events_to_prove;
use crate::words::label_name;

/// Labels that the rules set themselves.
const RESERVED: [&str; 6] = [
    "service",
    "slo",
    "objective",
    "severity",
    "alertname",
    "targets",
];

/// Checks every objective; all findings are warnings.
pub fn lint(catalogue: &Catalogue) -> Vec<Problem> {
    let mut found = Vec::new();
    for slo in &catalogue.slos {
        window(slo, &mut found);
        labels(slo, &mut found);
        policies(slo, &mut found);
        for (index, objective) in slo.objectives.iter().enumerate() {
            let mut warn = |field: &str, message: String, remedy: &str| {
                let field = format!("SLO/{}: spec.objectives[{index}]{field}", slo.metadata.name);
                found.push(Problem::warning(&slo.metadata.file, field, message, remedy));
            };
            reachability(slo, objective, &mut warn);
            operator(objective, &mut warn);
            slices(objective, &mut warn);
            queries(slo, objective, &mut warn);
        }
    }
    found
}

/// Checks that each objective has enough traffic to be judged: events per second by objective id
/// ([`Slo::objective_id`]), measured by the caller.
pub fn lint_traffic(
    catalogue: &Catalogue,
    events_per_second: &BTreeMap<String, f64>,
) -> Vec<Problem> {
    let mut found = Vec::new();
    for slo in &catalogue.slos {
        for objective in &slo.objectives {
            let Some(rate) = events_per_second.get(&slo.objective_id(objective)) else {
                continue;
            };
            let events = rate * slo.window.duration.as_secs_f64();
            let needed = events_to_prove(objective.target.to_f64());
            if slo.method == BudgetingMethod::Occurrences && events < needed {
                found.push(Problem::warning(
                    &slo.metadata.file,
                    format!("SLO/{}: spec.objectives", slo.metadata.name),
                    format!(
                        "{events:.0} events in {} cannot prove {}: that takes {needed:.0} without one error",
                        slo.window.duration, objective.target
                    ),
                    "lower the target, lengthen the window or use Timeslices",
                ));
            }
        }
    }
    found
}

fn window(slo: &Slo, found: &mut Vec<Problem>) {
    let period = slo.window.duration;
    let field = format!("SLO/{}: spec.timeWindow[0].duration", slo.metadata.name);
    if period < Span::days(1) && slo.window.calendar.is_some() {
        found.push(Problem::warning(
            &slo.metadata.file,
            field,
            format!("a calendar window of {period}; a lower-case m means minutes"),
            "write 1M for a month",
        ));
    } else if pairs(period).is_empty() {
        found.push(Problem::warning(
            &slo.metadata.file,
            field,
            format!("{period} is too short for burn-rate alerts"),
            "write at least 4h; 28d is usual",
        ));
    }
}

fn labels(slo: &Slo, found: &mut Vec<Problem>) {
    let mut seen = BTreeMap::new();
    for key in slo.metadata.labels.keys() {
        let name = label_name(key);
        let clash = if RESERVED.contains(&name.as_str()) {
            Some("a label of the generated rules".to_owned())
        } else {
            seen.insert(name.clone(), key)
                .map(|other| format!("the label {other}"))
        };
        if let Some(clash) = clash {
            found.push(Problem::warning(
                &slo.metadata.file,
                format!("SLO/{}: metadata.labels.{key}", slo.metadata.name),
                format!("becomes {name} in Prometheus, which collides with {clash}"),
                "rename the label",
            ));
        }
    }
}

fn policies(slo: &Slo, found: &mut Vec<Problem>) {
    for policy in slo
        .alert_policies
        .iter()
        .filter(|policy| policy.op.high_is_bad())
    {
        found.push(Problem::warning(
            &slo.metadata.file,
            format!("AlertPolicy/{}: condition.op", policy.name),
            "alerts when the budget burns slowly, not fast",
            "write gt or gte",
        ));
    }
}

type Warn<'a> = dyn FnMut(&str, String, &str) + 'a;

fn reachability(slo: &Slo, objective: &Objective, warn: &mut Warn<'_>) {
    for pair in pairs(slo.window.duration) {
        let threshold = pair.factor.to_f64() * objective.target.one_minus().to_f64();
        if threshold >= 1.0 {
            warn(
                ".target",
                format!(
                    "the {} alert over {} and {} can never fire: {} times the budget is {:.0} % errors",
                    pair.urgency.label(),
                    pair.short,
                    pair.long,
                    pair.factor,
                    threshold * 100.0
                ),
                "raise the target or rely on the slower alerts",
            );
        }
    }
}

fn operator(objective: &Objective, warn: &mut Warn<'_>) {
    let is_threshold = matches!(objective.indicator.metric, Metric::Threshold(_));
    if objective.threshold.is_some() && !is_threshold {
        warn(
            ".op",
            "op and value mean nothing on a ratio".to_owned(),
            "remove both",
        );
    }
}

fn slices(objective: &Objective, warn: &mut Warn<'_>) {
    let longest = Span::minutes(5);
    if let Some(slice) = objective.slice.filter(|slice| *slice > longest) {
        warn(
            ".timeSliceWindow",
            format!(
                "the alert windows of {longest} hold no whole slice of {slice}; they are stretched to one slice"
            ),
            "write 5m or less",
        );
    }
}

fn queries(slo: &Slo, objective: &Objective, warn: &mut Warn<'_>) {
    if let Metric::Good { good: part, total } | Metric::Bad { bad: part, total } =
        &objective.indicator.metric
        && part == total
    {
        warn(
            "",
            "both queries of the ratio are the same".to_owned(),
            "select the good or bad events in one of them",
        );
    }
    for query in objective.indicator.metric.queries() {
        let needs_window = !matches!(
            objective.indicator.metric,
            Metric::Threshold(_) | Metric::Raw { .. }
        );
        if needs_window && let Err(error) = windowed(query, "5m") {
            warn(
                "",
                part_of(slo, objective).refuse(error).message,
                error.remedy(),
            );
        } else if needs_window && !query.counter && !has_placeholder(&query.text) {
            warn(
                "",
                format!("{:?} is read as a gauge and averaged", query.text),
                "write counter: true or put {{.window}} where the range belongs",
            );
        }
        if selectors(&query.text)
            .iter()
            .any(|selector| integer_le(selector))
        {
            warn(
                "",
                "le=\"1\" matches nothing in Prometheus 3, which writes 1.0".to_owned(),
                "write le=~\"1(\\\\.0)?\"",
            );
        }
    }
}

/// `le="1"` or `quantile="1"`: a bound without a point, compared exactly.
fn integer_le(selector: &str) -> bool {
    ["le", "quantile"].iter().any(|label| {
        let compact: String = selector.chars().filter(|c| !c.is_whitespace()).collect();
        let matcher = format!("{label}=\"");
        compact
            .split(['{', ','])
            .filter_map(|part| part.strip_prefix(&matcher))
            .any(|rest| {
                rest.split('"')
                    .next()
                    .is_some_and(|bound| bound.parse::<u64>().is_ok())
            })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLEAN: &str = "
apiVersion: openslo/v1
kind: Service
metadata: {name: shop}
spec: {}
---
apiVersion: openslo/v1
kind: SLO
metadata: {name: answers, labels: {team: ops}}
spec:
  service: shop
  timeWindow: [{duration: 30d, isRolling: true}]
  budgetingMethod: Occurrences
  indicator:
    metadata: {name: answers}
    spec:
      ratioMetric:
        counter: true
        bad: {metricSource: {type: Prometheus, spec: {query: 'bad_total{le=~\"1(\\\\.0)?\"}'}}}
        total: {metricSource: {type: Prometheus, spec: {query: all_total}}}
  objectives: [{target: 0.999}]
";

    fn findings(from: &str, to: &str) -> Vec<String> {
        let text = CLEAN.replace(from, to);
        assert!(from == to || text != CLEAN, "{from} is not in the document");
        let catalogue = Catalogue::load(&[("slo.yaml", &text)]).unwrap();
        lint(&catalogue).iter().map(ToString::to_string).collect()
    }

    fn only(from: &str, to: &str, expected: &str) {
        let found = findings(from, to);
        assert!(
            found.iter().any(|text| text.contains(expected)),
            "expected {expected:?} in {found:?}"
        );
    }

    #[test]
    fn a_sound_objective_has_no_findings() {
        assert_eq!(findings("30d", "30d").len(), 0);
    }

    #[test]
    fn an_alert_that_cannot_fire_is_found() {
        only(
            "0.999",
            "0.93",
            "the page alert over 5m and 1h can never fire",
        );
        assert_eq!(findings("0.999", "0.9306").len(), 0);
    }

    #[test]
    fn a_calendar_month_written_as_a_minute_is_found() {
        only(
            "duration: 30d, isRolling: true",
            "duration: 1m, calendar: {startTime: '2026-01-01 00:00:00', timeZone: UTC}",
            "write 1M for a month",
        );
    }

    #[test]
    fn a_period_without_alerts_is_found() {
        only("30d", "1h", "too short for burn-rate alerts");
    }

    #[test]
    fn an_operator_on_a_ratio_is_found() {
        only(
            "{target: 0.999}",
            "{target: 0.999, op: gt, value: 1}",
            "mean nothing on a ratio",
        );
    }

    #[test]
    fn an_alert_policy_below_a_burn_rate_is_found() {
        let policy = "  alertPolicies:
    - metadata: {name: slow}
      spec:
        conditions: [{metadata: {name: c}, spec: {severity: page, condition: {kind: burnrate, op: lte, threshold: 2, lookbackWindow: 1h}}}]
        notificationTargets: [{metadata: {name: t}, spec: {target: chat}}]
  objectives:";
        only("  objectives:", policy, "write gt or gte");
    }

    #[test]
    fn a_ratio_of_a_query_by_itself_is_found() {
        only(
            "'bad_total{le=~\"1(\\\\.0)?\"}'",
            "all_total",
            "both queries of the ratio are the same",
        );
    }

    #[test]
    fn a_query_without_a_window_is_found() {
        only(
            "query: all_total",
            "query: 'rate(all_total[5m])'",
            "the query has a fixed range",
        );
        only("counter: true", "counter: false", "is read as a gauge");
    }

    #[test]
    fn an_integer_bucket_bound_is_found() {
        only(
            "'bad_total{le=~\"1(\\\\.0)?\"}'",
            "'bad_total{le=\"1\"}'",
            "Prometheus 3",
        );
    }

    #[test]
    fn a_label_that_collides_is_found() {
        only(
            "team: ops",
            "severity: ops",
            "collides with a label of the generated rules",
        );
        only("team: ops", "a-b: x, a.b: y", "collides with the label");
    }

    #[test]
    fn a_slice_longer_than_the_shortest_window_is_found() {
        let found = CLEAN
            .replace("Occurrences", "RatioTimeslices")
            .replace("{target: 0.999}", "{target: 0.999, timeSliceWindow: 10m}");
        let catalogue = Catalogue::load(&[("slo.yaml", &found)]).unwrap();
        assert!(lint(&catalogue)[0].to_string().contains("write 5m or less"));
    }

    #[test]
    fn a_target_that_the_traffic_cannot_prove_is_found() {
        let catalogue = Catalogue::load(&[("slo.yaml", CLEAN)]).unwrap();
        let traffic = |rate| BTreeMap::from([("shop/answers/objective-1".to_owned(), rate)]);
        let found = lint_traffic(&catalogue, &traffic(0.001));
        assert!(found[0].message.contains("cannot prove 0.999"), "{found:?}");
        assert!(lint_traffic(&catalogue, &traffic(0.01)).is_empty());
    }
}
