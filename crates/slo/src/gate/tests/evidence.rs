//! What looks like evidence and proves nothing.

use super::*;

#[test]
fn the_absence_of_errors_is_proven_only_by_a_source_that_counts_them() {
    let text = EVENTS.replace("http_requests_total{code=~\"5..\"}", "app_errors_total");
    let plan = plan_of(&text);
    let outcome = |bad: f64, source: &[(&str, f64)]| {
        let all = [("bad", bad), ("total", 5000.0), ("points", 60.0), ("age", 1.0)];
        let verdict = judge(&plan, vec![Ok(parts(&[&all, source].concat()))], None);
        (verdict.outcome, verdict.objectives[0].reason.clone())
    };
    let alive = [("bad_points", 60.0), ("bad_now", 1.0)];
    assert_eq!(outcome(0.0, &alive).0, Outcome::Pass);
    for (source, wanted) in [
        (&[][..], "app_errors_total has no sample in the window"),
        (&alive[..1], "app_errors_total has no current sample"),
        (&[("bad_points", 40.0), ("bad_now", 1.0)], "66.666 %"),
    ] {
        let (outcome, reason) = outcome(0.0, source);
        assert_eq!(outcome, Outcome::Inconclusive, "{reason}");
        assert!(reason.contains(wanted), "{reason}");
    }
    // What was counted before it died is bad enough.
    assert_eq!(outcome(500.0, &alive[..1]).0, Outcome::Fail);
}

#[test]
fn a_ratio_of_gauges_may_fail_and_never_passes() {
    let text = EVENTS.replace("counter: true", "counter: false");
    let plan = plan_of(&text);
    let verdict = |bad: f64| {
        let answer = parts(&[("bad", bad), ("total", 0.4), ("points", 60.0), ("age", 1.0)]);
        judge(&plan, vec![Ok(answer)], None)
    };
    let met = verdict(0.0);
    assert_eq!(met.outcome, Outcome::Inconclusive);
    assert!(met.objectives[0].reason.contains("How many events"), "{}", met.objectives[0].reason);
    assert_eq!(met.objectives[0].events, None);
    assert_eq!(verdict(0.2).outcome, Outcome::Fail);
}

#[test]
fn an_infinite_value_is_written_as_prometheus_writes_it() {
    for (value, text) in [(f64::INFINITY, "+Inf"), (f64::NEG_INFINITY, "-Inf"), (2e9, "2 G")] {
        assert_eq!(numbers::short(value), text);
    }
}

#[test]
fn a_stale_value_is_not_pinned() {
    let plan = plan_of(MEMORY);
    let value = parts(&[("value", 11_000_000.0), ("points", 60.0), ("age", 60.0)]);
    let verdict = judge(&plan, vec![Ok(vec![]), Ok(value)], None);
    assert_eq!(verdict.objectives[1].observed, Some(11_000_000.0));
    assert!(verdict.to_baseline().values.is_empty());
}

#[test]
fn a_value_of_a_few_seconds_neither_passes_nor_is_pinned() {
    let plan = plan_of(MEMORY);
    let verdict = |value: f64, baseline: Option<f64>| {
        let value = parts(&[("value", value), ("points", 10.0), ("age", 1.0)]);
        let baseline = baseline.map(|value| Baseline {
            schema: 1,
            values: BTreeMap::from([("dns-leaker/memory-growth/gate".to_owned(), value)]),
        });
        judge(&plan, vec![Ok(vec![]), Ok(value)], baseline.as_ref())
    };
    let young = verdict(10e6, Some(10e6)).objectives[1].clone();
    assert_eq!(young.outcome, Outcome::Inconclusive);
    assert!(young.reason.contains("Only 16.666 %"), "{}", young.reason);
    assert_eq!(young.coverage, Some(10.0 / 60.0));
    assert!(verdict(10e6, None).to_baseline().values.is_empty());
    // Too much already is too much.
    assert_eq!(verdict(12e6, Some(10e6)).objectives[1].outcome, Outcome::Fail);
}
