//! What to ask Prometheus about an objective's past: expressions for range queries, made from the
//! same indicators as rules and gate. The crate `stats` weighs the answers.

use std::collections::BTreeMap;

use crate::clock::Clock;
use crate::compile::{
    Count, Part, as_counted, bad_and_total, bad_series, count_factor, ratio, raw_error, values,
};
use crate::gate::GATE_QUERY;
use crate::openslo::model::{Metric, Objective, Slo};
use crate::period::Period;
use crate::problem::Problem;
use crate::promql::{
    WindowError, matchers, metric_name, selectors, substitute, windowed, without_comments,
};

/// Numbers of events, as PromQL that gives one series each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventQueries {
    /// Bad events.
    pub bad: String,
    /// All events.
    pub total: String,
}

/// The events of the slice that ends where the query is evaluated.
///
/// # Errors
/// The indicator has no events to count (thresholds, raw ratios, gauges), or a query has no place
/// for the window.
pub fn events_of_slice(
    slo: &Slo,
    objective: &Objective,
    slice: Period,
) -> Result<EventQueries, Problem> {
    let part = Part { slo, objective, clock: Clock::Real };
    let metric = &objective.indicator.metric;
    let uncountable = || {
        Problem::error(
            &slo.metadata.file,
            format!("SLO/{}: indicator", slo.metadata.name),
            "the indicator counts no events, so there is nothing to test a target on",
            "write good or bad and total counters",
        )
    };
    let factor = match count_factor(metric) {
        Count::PerSecond => slice.as_secs_f64(),
        Count::Events => 1.0,
        Count::Unknown => return Err(uncountable()),
    };
    let events = as_counted(metric, &slice.to_string()).map_err(|why| part.refuse(why))?;
    let (bad, total) = events.ok_or_else(uncountable)?;
    Ok(EventQueries { bad: format!("({bad}) * {factor}"), total: format!("({total}) * {factor}") })
}

/// One query of an objective, as Prometheus is asked it, and the selectors in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// `good`, `bad`, `total`, `raw`, `thresholdMetric`, or `tales.dev/gate-query`.
    pub part: String,
    /// With `range` where the window belongs.
    pub promql: String,
    /// What has to exist for it to have data: selector, and the metric it names.
    pub selectors: Vec<(String, String)>,
    /// The labels that its selectors compare, by metric.
    pub labels: Vec<(String, String)>,
}

/// Every query of an objective over `range`, whatever the kind of its indicator, and the gate's
/// own. What has no place for the window is left out: [`lint`](crate::lint()) names it.
pub fn each_query(slo: &Slo, objective: &Objective, range: Period) -> Vec<Asked> {
    let metric = &objective.indicator.metric;
    let range = range.to_string();
    let parts = metric.parts().into_iter().filter_map(|(part, query)| {
        let promql = if metric.has_events() {
            windowed(query, &range).ok()?
        } else {
            substitute(&query.text, &range)
        };
        Some((part.to_owned(), promql, query.text.clone()))
    });
    let gate = slo.metadata.annotations.get(GATE_QUERY).map(|query| {
        let query = without_comments(query);
        (GATE_QUERY.to_owned(), substitute(&query, &range), query)
    });
    let asked = parts.chain(gate).map(|(part, promql, text)| {
        let selected = selectors(&text);
        let named = |selector: &String| metric_name(selector).to_owned();
        let labels = selected.iter().flat_map(|selector| {
            let compared =
                matchers(selector).into_iter().filter(|matcher| matcher.label != "__name__");
            compared.map(|matcher| (named(selector), matcher.label.to_owned())).collect::<Vec<_>>()
        });
        Asked {
            part,
            promql,
            labels: labels.collect(),
            selectors: selected
                .iter()
                .map(|selector| (selector.clone(), named(selector)))
                .collect(),
        }
    });
    asked.collect()
}

/// What bad or good events are read from, if that is another metric than that of all events:
/// without a sample of it nobody knows that there were none.
pub fn sources_apart(objective: &Objective) -> Vec<String> {
    crate::gate::sources_apart(&objective.indicator.metric)
}

/// The error ratio of an objective over `range`, as PromQL that gives one series: what is above `1
/// - target` is a breach.
///
/// # Errors
/// A query has no place for the window.
pub fn error_ratio(slo: &Slo, objective: &Objective, range: Period) -> Result<String, Problem> {
    let part = Part { slo, objective, clock: Clock::Real };
    let range = range.to_string();
    match (&objective.indicator.metric, objective.threshold) {
        (Metric::Raw { ratio, failure }, _) => raw_error(&part, ratio, *failure, &range),
        (Metric::Threshold(query), Some(threshold)) => {
            let values = format!("({})", values(query, threshold, &range));
            let bad = bad_series(&values, threshold);
            // A slice is bad if any series is.
            let all = if objective.slice.is_some() { "max" } else { "avg" };
            Ok(format!("{all}({bad})"))
        }
        (metric, _) => match bad_and_total(metric, &range).map_err(|why| part.refuse(why))? {
            Some((bad, total)) => Ok(ratio(&bad, &total)),
            None => Err(part.refuse(WindowError::NoSelector)),
        },
    }
}

/// What an objective is about: its service, and the labels that its queries ask for by name
/// (`job="shop"`).
pub fn labels_of(slo: &Slo, objective: &Objective) -> BTreeMap<String, String> {
    let queries = objective.indicator.metric.queries();
    let selected = queries.iter().flat_map(|query| selectors(&query.text));
    let mut labels: BTreeMap<String, String> =
        selected.flat_map(|selector| equalities(&selector)).collect();
    labels.insert("service".to_owned(), slo.service.clone());
    labels
}

/// `key="value"` pairs of a selector; other comparisons name no single value.
fn equalities(selector: &str) -> Vec<(String, String)> {
    let equal = matchers(selector)
        .into_iter()
        .filter(|matcher| matcher.operator == "=" && matcher.label != "__name__");
    equal.map(|matcher| (matcher.label.to_owned(), matcher.value.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::openslo::Catalogue;

    fn shop() -> Catalogue {
        let text = include_str!("../tests/fixtures/shop.yaml");
        Catalogue::load(&[("shop.yaml", text)]).unwrap()
    }

    #[test]
    fn the_events_of_a_slice_are_its_rate_times_its_seconds() {
        let catalogue = shop();
        let slo = &catalogue.slos[0];
        let asked = events_of_slice(slo, &slo.objectives[0], Period::minutes(5)).unwrap();
        assert_eq!(asked.total, r#"(sum(rate(http_requests_total{job="shop"}[5m]))) * 300"#);
        assert!(asked.bad.contains(r#"code=~"5.."}[5m]"#), "{}", asked.bad);
    }

    #[test]
    fn a_threshold_has_no_events_and_says_so() {
        let text = include_str!("../../../manifests/slo/dns-leaker.yaml");
        let catalogue = Catalogue::load(&[("dns-leaker.yaml", text)]).unwrap();
        let slo = &catalogue.slos[0];
        let refused = events_of_slice(slo, &slo.objectives[0], Period::minutes(5)).unwrap_err();
        assert!(refused.to_string().contains("counts no events"), "{refused}");
        let ratio = error_ratio(slo, &slo.objectives[0], Period::minutes(5)).unwrap();
        assert!(ratio.starts_with("max((max without") && ratio.ends_with("> bool 1.1)"), "{ratio}");
    }

    #[test]
    fn the_labels_of_an_objective_are_those_its_queries_ask_for_by_name() {
        let catalogue = shop();
        let slo = &catalogue.slos[0];
        let labels = labels_of(slo, &slo.objectives[0]);
        assert_eq!(labels["job"], "shop");
        assert_eq!(labels["service"], "shop");
        assert_eq!(labels.len(), 2, "{labels:?}");
        assert_eq!(
            equalities(r#"x{a!="1", b=~"2", c = "3,d=4", e='5'}"#),
            [("c", "3,d=4"), ("e", "5")].map(|(key, value)| (key.to_owned(), value.to_owned()))
        );
    }

    #[test]
    fn a_label_behind_another_comparison_keeps_its_name() {
        assert_eq!(
            equalities(r#"x{status!~"5..",le="0.25"}"#),
            [("le".to_owned(), "0.25".to_owned())]
        );
    }

    proptest! {
        #[test]
        fn reading_a_selector_never_panics(text in ".*") {
            let _ = equalities(&text);
        }
    }
}
