//! What only some versions of Prometheus understand. Each rule names its source; "migration guide"
//! is Prometheus' `docs/migration.md`, "changelog" its `CHANGELOG.md`. Bounds without a point are
//! in `bounds.rs`.

use super::Warn;
use crate::openslo::model::Objective;
use crate::promql::{called, selectors, subqueries};

/// Functions that left with Prometheus 3 (changelog, 3.0.0), and what to write.
const GONE: [(&str, &str); 1] = [(
    "holt_winters",
    "avoid it: Prometheus 3 has double_exponential_smoothing, behind a feature flag",
)];

/// Functions that Prometheus 2.42 does not have (changelog, 2.43 to 3.9).
const NEW: [&str; 18] = [
    "double_exponential_smoothing",
    "first_over_time",
    "histogram_avg",
    "histogram_quantiles",
    "histogram_stddev",
    "histogram_stdvar",
    "info",
    "limit_ratio",
    "limitk",
    "mad_over_time",
    "sort_by_label",
    "sort_by_label_desc",
    "step",
    "ts_of_first_over_time",
    "ts_of_last_over_time",
    "ts_of_max_over_time",
    "ts_of_min_over_time",
    "range",
];

pub(super) fn check(objective: &Objective, warn: &mut Warn<'_>) {
    for query in objective.indicator.metric.queries() {
        let functions = called(&query.text);
        for (name, remedy) in GONE {
            if functions.iter().any(|function| function == name) {
                warn("", format!("{name}() does not exist in Prometheus 3"), remedy);
            }
        }
        for name in NEW.iter().filter(|name| functions.iter().any(|function| function == **name)) {
            warn(
                "",
                format!(
                    "{name}() does not exist in Prometheus 2.42, or only behind a feature flag"
                ),
                "ask your Prometheus with --prometheus URL, or write it without",
            );
        }
        // Ranges are open on the left since 3.0.0 (migration guide, "Range selectors and
        // lookback").
        for (range, step) in subqueries(&query.text) {
            if range == step {
                warn(
                    "",
                    format!(
                        "the subquery [{range}:{step}] has two points in Prometheus 2 and one in Prometheus 3"
                    ),
                    "write a range of at least two steps",
                );
            }
        }
        // Names outside of [a-zA-Z_:] stand in quotes inside the braces, since 3.0.0 (migration
        // guide, "UTF-8 names").
        for selector in selectors(&query.text).iter().filter(|selector| has_quoted_name(selector)) {
            warn(
                "",
                format!("{selector} has a name in quotes, which Prometheus 2 does not read"),
                "ask your Prometheus with --prometheus URL, or select it by {__name__=\"..\"}",
            );
        }
    }
}

/// `{"my.metric"}` or `{"my.label"="x"}`: a quoted text where a label's name belongs.
fn has_quoted_name(selector: &str) -> bool {
    let inside = selector.split_once('{').map_or("", |(_, inside)| inside);
    inside.trim_start().starts_with(['"', '\'', '`'])
}

#[cfg(test)]
mod tests {
    use super::super::tests::findings;

    const BAD: &str = "'bad_total{le=~\"1(\\\\.0)?\"}'";

    fn queried(text: &str) -> Vec<String> {
        findings(BAD, &format!("'{text}'"))
    }

    #[test]
    fn functions_that_came_or_went_are_found() {
        let found = queried("sum(holt_winters(bad_total[{{.window}}], 0.5, 0.5))");
        assert!(
            found.iter().any(|line| line.contains("does not exist in Prometheus 3")),
            "{found:?}"
        );
        let found = queried("sum(mad_over_time(bad_total[{{.window}}]))");
        assert!(found.iter().any(|line| line.contains("Prometheus 2.42")), "{found:?}");
    }

    #[test]
    fn a_subquery_of_one_step_and_a_quoted_name_are_found() {
        let found = queried("sum(rate(bad_total[{{.window}}])) + sum(max_over_time(x[1m:1m]))");
        assert!(found.iter().any(|line| line.contains("one in Prometheus 3")), "{found:?}");
        let found = queried("sum(rate(bad_total[{{.window}}])) + sum(max_over_time(x[5m:1m]))");
        assert!(!found.iter().any(|line| line.contains("one in Prometheus 3")), "{found:?}");
    }
}
