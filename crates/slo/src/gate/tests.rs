//! What passes, what fails, and what is inconclusive.

mod evidence;

use std::collections::BTreeMap;

use super::*;
use crate::clock::Clock;
use crate::openslo::Catalogue;
use crate::period::Period;

const EVENTS: &str = "
apiVersion: openslo/v1
kind: Service
metadata: {name: shop}
spec: {}
---
apiVersion: openslo/v1
kind: SLO
metadata: {name: answers}
spec:
  service: shop
  timeWindow: [{duration: 30d, isRolling: true}]
  budgetingMethod: Occurrences
  indicator:
    metadata: {name: answers}
    spec:
      ratioMetric:
        counter: true
        bad: {metricSource: {type: Prometheus, spec: {query: 'http_requests_total{code=~\"5..\"}'}}}
        total: {metricSource: {type: Prometheus, spec: {query: http_requests_total}}}
  objectives: [{target: 0.99}]
";
const MEMORY: &str = include_str!("../../../../manifests/slo/dns-leaker.yaml");

fn plan_of(text: &str) -> Plan {
    let catalogue = Catalogue::load(&[("slo.yaml", text)]).unwrap();
    plan(&catalogue, Period::minutes(1), Clock::Stage).unwrap()
}

fn sample(labels: &[(&str, &str)], value: f64) -> Sample {
    let labels =
        labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    Sample { labels, value }
}

fn parts(parts: &[(&str, f64)]) -> Vec<Sample> {
    parts.iter().map(|(part, value)| sample(&[("gate_part", part)], *value)).collect()
}

fn events(bad: f64, total: f64, points: f64, age: f64) -> Verdict {
    let answer = parts(&[("bad", bad), ("total", total), ("points", points), ("age", age)]);
    judge(&plan_of(EVENTS), vec![Ok(answer)], None)
}

/// The memory objective with all slices but `bad` good, and its relative criterion met.
pub(super) fn memory(bad: f64, points: f64, baseline: Option<f64>) -> Verdict {
    let mut answer = parts(&[("bad", bad), ("total", points), ("points", points), ("age", 1.0)]);
    answer.push(sample(&[("gate_part", "worst"), ("pod", "leaker-1")], 1.02));
    answer.push(sample(&[("gate_part", "worst"), ("pod", "leaker-2")], 1.24));
    let value = parts(&[("value", 11_000_000.0), ("points", 60.0), ("age", 1.0)]);
    let baseline = baseline.map(|value| Baseline {
        schema: 1,
        values: BTreeMap::from([("dns-leaker/memory-growth/gate".to_owned(), value)]),
    });
    judge(&plan_of(MEMORY), vec![Ok(answer), Ok(value)], baseline.as_ref())
}

#[test]
fn enough_good_events_pass_and_enough_bad_ones_fail() {
    assert_eq!(events(0.0, 268.0, 60.0, 1.0).outcome, Outcome::Pass);
    assert_eq!(events(100.0, 1000.0, 60.0, 1.0).outcome, Outcome::Fail);
}

#[test]
fn too_few_events_are_inconclusive_even_if_all_are_good() {
    let verdict = events(0.0, 267.0, 60.0, 1.0);
    assert_eq!(verdict.outcome, Outcome::Inconclusive);
    assert!(
        verdict.objectives[0].reason.contains("268 without an error would"),
        "{:?}",
        verdict.objectives[0]
    );
}

#[test]
fn what_is_not_evidence_never_passes() {
    let plan = plan_of(EVENTS);
    let outage = || QueryError { message: "connection refused".to_owned() };
    let cases: Vec<(&str, Vec<Answer>)> = vec![
        ("no answer", vec![]),
        ("an error", vec![Err(outage())]),
        ("no data", vec![Ok(vec![])]),
        (
            "NaN",
            vec![Ok(parts(&[
                ("bad", f64::NAN),
                ("total", 5000.0),
                ("points", 60.0),
                ("age", 1.0),
            ]))],
        ),
        (
            "infinite",
            vec![Ok(parts(&[
                ("bad", 0.0),
                ("total", f64::INFINITY),
                ("points", 60.0),
                ("age", 1.0),
            ]))],
        ),
        (
            "no traffic",
            vec![Ok(parts(&[("bad", 0.0), ("total", 0.0), ("points", 60.0), ("age", 1.0)]))],
        ),
        (
            "stale",
            vec![Ok(parts(&[("bad", 0.0), ("total", 5000.0), ("points", 60.0), ("age", 60.0)]))],
        ),
        ("gone", vec![Ok(parts(&[("bad", 0.0), ("total", 5000.0), ("points", 60.0)]))]),
        ("no points", vec![Ok(parts(&[("bad", 0.0), ("total", 5000.0), ("age", 1.0)]))]),
        (
            "little coverage",
            vec![Ok(parts(&[("bad", 0.0), ("total", 5000.0), ("points", 40.0), ("age", 1.0)]))],
        ),
    ];
    for (name, answers) in cases {
        let verdict = judge(&plan, answers, None);
        assert_eq!(verdict.outcome, Outcome::Inconclusive, "{name}");
        assert_eq!(verdict.exit_code(&[]), 2);
        assert!(!verdict.objectives[0].reason.is_empty(), "{name}");
    }
}

#[test]
fn a_gate_without_objectives_cannot_judge() {
    let verdict = judge(&plan_of("[]"), vec![], None);
    assert_eq!(verdict.outcome, Outcome::Inconclusive);
}

#[test]
fn a_failed_time_slice_objective_names_the_worst_pod() {
    let verdict = memory(10.0, 60.0, Some(10_500_000.0));
    let judgement = &verdict.objectives[0];
    assert_eq!(judgement.outcome, Outcome::Fail);
    assert_eq!(judgement.bound, None, "slices are not independent");
    assert_eq!(judgement.worst.as_ref().unwrap().name(), "pod leaker-2");
    assert!(
        judgement.reason.contains("the worst was pod leaker-2 at 1.24, wanted <= 1.1"),
        "{}",
        judgement.reason
    );
    assert_eq!(verdict.exit_code(&[]), 1);
}

#[test]
fn missing_slices_could_have_been_good() {
    // 1 of 10 seen is bad, but 1 of 100 would be within the objective.
    let verdict = memory(0.1, 10.0, Some(10_500_000.0));
    assert_eq!(verdict.objectives[0].outcome, Outcome::Inconclusive);
    // 5 of 50: even if the other 10 were good, 8 % are too many.
    assert_eq!(memory(5.0, 50.0, Some(10_500_000.0)).objectives[0].outcome, Outcome::Fail);
}

#[test]
fn a_relative_criterion_compares_with_the_pinned_baseline() {
    assert_eq!(memory(0.0, 60.0, Some(10_000_000.0)).outcome, Outcome::Pass);
    assert_eq!(memory(0.0, 60.0, Some(9_990_000.0)).outcome, Outcome::Fail);
    let unpinned = memory(0.0, 60.0, None);
    assert_eq!(unpinned.objectives[0].outcome, Outcome::Pass);
    assert_eq!(unpinned.outcome, Outcome::Inconclusive);
    assert!(unpinned.objectives[1].reason.contains("no earlier value"));
}

#[test]
fn a_baseline_survives_its_json() {
    let baseline = memory(0.0, 60.0, None).to_baseline();
    assert_eq!(baseline.values["dns-leaker/memory-growth/gate"], 11_000_000.0);
    assert_eq!(baseline.values.len(), 1);
    assert_eq!(Baseline::from_json(&baseline.to_json()).unwrap(), baseline);
    assert!(
        Baseline::from_json("{\"schema\":2,\"values\":{}}")
            .unwrap_err()
            .to_string()
            .contains("pin the baseline again")
    );
    assert!(Baseline::from_json("not json").is_err());
}

#[test]
fn the_exit_code_tells_warnings_and_doubt_apart_when_asked() {
    let asked = [Outcome::Warning, Outcome::Inconclusive];
    for (outcome, plain, strict) in [
        (Outcome::Pass, 0, 0),
        (Outcome::Warning, 0, 3),
        (Outcome::Inconclusive, 2, 3),
        (Outcome::Fail, 1, 1),
    ] {
        let mut verdict = events(0.0, 268.0, 60.0, 1.0);
        verdict.outcome = outcome;
        assert_eq!(verdict.exit_code(&[]), plain, "{outcome:?}");
        assert_eq!(verdict.exit_code(&asked), strict, "{outcome:?}");
    }
}

#[test]
fn a_composite_slo_is_as_good_as_its_worst_part_whatever_it_weighs() {
    let indicator = EVENTS.find("  indicator:").unwrap()..EVENTS.find("  objectives:").unwrap();
    let own = EVENTS[indicator.clone()].replace("\n", "\n    ");
    let part = |name: &str, weight: &str| {
        format!(
            "    - displayName: {name}\n      target: 0.99\n      compositeWeight: {weight}\n    {}\n",
            own.trim_end()
        )
    };
    let text = format!(
        "{}  objectives:\n{}{}",
        &EVENTS[..indicator.start],
        part("heavy", "1000"),
        part("light", "0.001")
    );
    let plan = plan_of(&text);
    assert_eq!(plan.queries().len(), 2);
    let answer =
        |bad| Ok(parts(&[("bad", bad), ("total", 1000.0), ("points", 60.0), ("age", 1.0)]));
    let verdict = judge(&plan, vec![answer(0.0), answer(500.0)], None);
    assert_eq!(verdict.objectives[0].outcome, Outcome::Pass);
    assert_eq!(verdict.objectives[1].objective, "light");
    assert_eq!(verdict.outcome, Outcome::Fail);
    assert_eq!(judge(&plan, vec![answer(0.0), answer(0.0)], None).outcome, Outcome::Pass);
}

#[test]
fn one_query_per_objective_and_no_literal_range_is_touched() {
    let plan = plan_of(MEMORY);
    let queries = plan.queries();
    assert_eq!(queries.len(), 2);
    assert!(queries[0].promql.contains("warm:bytes[1d]"));
    assert!(queries[0].promql.contains("[1m:1s]"));
    assert_eq!(queries[1].id, "dns-leaker/memory-growth/gate");
}

#[test]
fn half_a_gate_annotation_is_refused() {
    let text = MEMORY.replace("tales.dev/gate-criterion: <=+10%", "note: none");
    let catalogue = Catalogue::load(&[("slo.yaml", &text)]).unwrap();
    let problems = plan(&catalogue, Period::minutes(1), Clock::Stage).unwrap_err();
    assert!(problems[0].to_string().contains("gate-criterion: is missing"));
}
