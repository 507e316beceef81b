//! How placeholders become queries.

use super::*;
use crate::keptn::tests::{SLI, SLO, context};

#[test]
fn a_placeholder_without_a_value_and_an_objective_without_a_query_are_refused() {
    let slo = KeptnSlo::load("slo.yaml", SLO).unwrap();
    let sli = KeptnSli::load("sli.yaml", &SLI.replace("throughput", "traffic")).unwrap();
    let gate = KeptnGate {
        slo: &slo,
        sli: &sli,
        context: &context(&[("SERVICE", "shop"), ("STAGE", "prod")]),
        window: Span::minutes(5),
        leniency: Leniency::Strict,
        earlier: &[],
    };
    let problems = plan_keptn(&gate).unwrap_err();
    let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        lines,
        [
            "error: sli.yaml: indicators.error_rate: $LABEL.team has no value; write --context LABEL.team=..",
            "error: sli.yaml: indicators.throughput: is missing, and slo.yaml has an objective for it; add its query",
        ]
    );
}

#[test]
fn placeholders_are_filled() {
    let slo = KeptnSlo::load("slo.yaml", SLO).unwrap();
    let sli = KeptnSli::load("sli.yaml", SLI).unwrap();
    let gate = KeptnGate {
        slo: &slo,
        sli: &sli,
        context: &context(&[
            ("SERVICE", "shop"),
            ("STAGE", "prod"),
            ("LABEL.team", "ops"),
        ]),
        window: Span::minutes(5),
        leniency: Leniency::Strict,
        earlier: &[],
    };
    let plan = plan_keptn(&gate).unwrap();
    let queries = plan.queries();
    assert!(
        queries[0]
            .promql
            .contains("{job='shop',handler='ItemsController'}[300s]")
    );
    assert_eq!(
        queries[1].promql,
        "sum(rate(e{stage='prod',team='ops'}[300s]))"
    );
}
