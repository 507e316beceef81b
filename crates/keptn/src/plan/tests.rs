//! How placeholders become queries.

use slo::gate::{Outcome, Sample, Verdict};

use super::*;
use crate::tests::{SLI, SLO, context};

#[test]
fn a_placeholder_without_a_value_and_an_objective_without_a_query_are_refused() {
    let slo = Slo::load("slo.yaml", SLO).unwrap();
    let sli = Sli::load("sli.yaml", &SLI.replace("throughput", "traffic")).unwrap();
    let gate = Gate {
        slo: &slo,
        sli: &sli,
        context: &context(&[("SERVICE", "shop"), ("STAGE", "prod")]),
        window: Period::minutes(5),
        clock: Clock::Real,
        leniency: Leniency::Strict,
        earlier: &[],
    };
    let problems = plan(&gate).unwrap_err();
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
fn a_query_that_is_not_promql_is_refused_before_anybody_asks_and_lint_finds_it_without_a_context() {
    let slo = Slo::load("slo.yaml", SLO).unwrap();
    assert_eq!(lint(Some(&slo), Some(&Sli::load("sli.yaml", SLI).unwrap())), []);
    for (broken, wanted) in [
        ("sum(rate(t[$DURATION_SECOND])", "indicators.throughput"),
        ("t[5m]", "a range, not a value"),
    ] {
        let text = SLI.replace("sum(rate(t[$DURATION_SECONDS]))", broken);
        let sli = Sli::load("sli.yaml", &text).unwrap();
        let found = lint(Some(&slo), Some(&sli));
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].to_string().contains(wanted), "{found:?}");
    }
    let short = Sli::load("sli.yaml", "indicators: {}\n").unwrap();
    assert_eq!(lint(Some(&slo), Some(&short)).len(), 3);
}

#[test]
fn placeholders_are_filled() {
    let slo = Slo::load("slo.yaml", SLO).unwrap();
    let sli = Sli::load("sli.yaml", SLI).unwrap();
    let gate = Gate {
        slo: &slo,
        sli: &sli,
        context: &context(&[("SERVICE", "shop"), ("STAGE", "prod"), ("LABEL.team", "ops")]),
        window: Period::minutes(5),
        clock: Clock::Real,
        leniency: Leniency::Strict,
        earlier: &[],
    };
    let lenient = Gate { leniency: Leniency::Compat, ..gate };
    let evaluation = plan(&lenient).unwrap();
    let queries = evaluation.plan().queries();
    assert!(queries[0].promql.contains("{job='shop',handler='ItemsController'}[300s]"));
    assert_eq!(queries[1].promql, "sum(rate(e{stage='prod',team='ops'}[300s]))");
}

/// The verdict over an hour of one indicator, from the parts of its answer.
fn hour(query: &str, leniency: Leniency, answer: &[(&str, f64)]) -> (String, Verdict) {
    let slo = "objectives: [{sli: a, pass: [{criteria: ['<600']}]}]\ntotal_score: {pass: 90}\n";
    let slo = Slo::load("slo.yaml", slo).unwrap();
    let sli = Sli::load("sli.yaml", &format!("indicators: {{a: '{query}'}}\n")).unwrap();
    let evaluation = plan(&Gate {
        slo: &slo,
        sli: &sli,
        context: &context(&[]),
        window: Period::hours(1),
        clock: Clock::Real,
        leniency,
        earlier: &[],
    });
    let evaluation = evaluation.unwrap();
    let samples = answer.iter().map(|(part, value)| Sample {
        labels: match *part {
            "" => BTreeMap::new(),
            part => context(&[("gate_part", part)]),
        },
        value: *value,
    });
    let promql = evaluation.plan().queries()[0].promql.clone();
    (promql, evaluation.judge(vec![Ok(samples.collect())], None))
}

#[test]
fn a_target_that_was_dead_for_fifty_of_sixty_minutes_does_not_pass() {
    let query = "sum(rate(t{job=\"shop\"}[$DURATION_SECONDS])) # all";
    let judge = |answer: &[(&str, f64)]| hour(query, Leniency::Strict, answer).1;
    let whole = [("value", 5.0), ("age", 10.0), ("points", 120.0)];
    let (promql, passed) = hour(query, Leniency::Strict, &whole);
    assert_eq!(passed.outcome, Outcome::Pass, "{passed:?}");
    assert_eq!(passed.objectives[0].coverage, Some(1.0));
    assert!(promql.contains("time() - max(timestamp(t{job=\"shop\"}))"), "{promql}");
    assert!(promql.contains("(count(t{job=\"shop\"}))[1h:30s]"), "{promql}");
    for (light, wanted) in [
        (&[("value", 5.0), ("points", 20.0)][..], "the target is gone"),
        (&[("value", 5.0), ("age", 200.0), ("points", 120.0)], "is 200 s old"),
        (&[("value", 5.0), ("age", 10.0), ("points", 20.0)], "Only 16.666 %"),
        (&[("value", 5.0), ("age", 10.0)], "Only 0 %"),
    ] {
        let verdict = judge(light);
        assert_eq!(verdict.outcome, Outcome::Inconclusive, "{light:?}");
        let reason = &verdict.objectives[0].reason;
        assert!(reason.contains(wanted), "{reason}");
        assert!(!verdict.objectives[0].uncompared);
    }
    // Keptn saw the number and asked no further.
    let (promql, lenient) = hour(query, Leniency::Compat, &[("", 5.0)]);
    assert!(promql.starts_with("sum("), "{promql}");
    assert_eq!(lenient.outcome, Outcome::Pass);
}

#[test]
fn without_a_series_to_look_for_the_coverage_is_unknown_and_said_to_be() {
    for query in ["vector(5)", "scalar (sum(t)) / 2"] {
        let (promql, verdict) = hour(query, Leniency::Strict, &[("", 5.0)]);
        assert_eq!(promql, query);
        assert_eq!(verdict.outcome, Outcome::Pass);
        let reason = &verdict.objectives[0].reason;
        assert!(reason.contains("Coverage unknown"), "{reason}");
    }
}

#[test]
fn errors_that_do_not_exist_in_good_times_leave_no_gap() {
    let (promql, _) = hour("(sum(e) or vector(0)) / sum(t)", Leniency::Strict, &[]);
    assert!(promql.contains("(count(e or t))[1h:30s]"), "{promql}");
    let (promql, _) = hour("sum(e) / sum(t)", Leniency::Strict, &[]);
    assert!(promql.contains("(count(e))[1h:30s]"), "{promql}");
}
