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

#[test]
fn numbers_that_contradict_each_other_prove_nothing() {
    let good = EVENTS.replace("bad:", "good:");
    let cases = [
        // Bad events are 13 of 10, or some of none; good ones are 13 of 10.
        (EVENTS, 6500.0, 5000.0, "bad events of"),
        (EVENTS, 50.0, 0.0, "bad events of"),
        (&good, -1500.0, 5000.0, "good events of"),
        (EVENTS, 0.0, -5.0, "fewer than none"),
    ];
    for (text, bad, total, wanted) in cases {
        let answer = parts(&[("bad", bad), ("total", total), ("points", 60.0), ("age", 1.0)]);
        let verdict = judge(&plan_of(text), vec![Ok(answer)], None);
        assert_eq!(verdict.outcome, Outcome::Inconclusive, "{wanted}");
        let reason = &verdict.objectives[0].reason;
        assert!(reason.contains(wanted), "{reason}");
    }
    // A hair is forgiven: targets are scraped one after another.
    assert_eq!(events(-2.0, 5000.0, 60.0, 1.0).outcome, Outcome::Pass);
}

#[test]
fn a_raw_ratio_in_percent_is_no_ratio() {
    let raw = EVENTS.split("      ratioMetric:").next().unwrap().to_owned()
        + "      ratioMetric: {rawType: success, raw: {metricSource: {type: Prometheus, spec: {query: percent}}}}\n  objectives: [{target: 0.99}]\n";
    let plan = plan_of(&raw);
    assert!(
        plan.queries()[0].promql.contains("avg(percent) > bool 1.02"),
        "{}",
        plan.queries()[0].promql
    );
    let verdict = |odd: f64| {
        let answer = [("bad", 0.0), ("total", 60.0), ("points", 60.0), ("age", 1.0), ("odd", odd)];
        judge(&plan, vec![Ok(parts(&answer))], None)
    };
    assert_eq!(verdict(0.0).outcome, Outcome::Pass);
    let odd = verdict(60.0);
    assert_eq!(odd.outcome, Outcome::Inconclusive);
    assert!(odd.objectives[0].reason.contains("In 60 of 60 samples"), "{:?}", odd.objectives[0]);
}

#[test]
fn good_events_without_a_source_are_not_surely_bad() {
    let text = EVENTS
        .replace("bad:", "good:")
        .replace("http_requests_total{code=~\"5..\"}", "app_answers_total");
    let plan = plan_of(&text);
    let verdict = |source: &[(&str, f64)]| {
        let all = [("bad", 5000.0), ("total", 5000.0), ("points", 60.0), ("age", 1.0)];
        judge(&plan, vec![Ok(parts(&[&all, source].concat()))], None)
    };
    for (source, wanted) in [
        (&[][..], "has no sample in the window"),
        (&[("good_points", 60.0)][..], "no current sample"),
    ] {
        let verdict = verdict(source);
        assert_eq!(verdict.outcome, Outcome::Inconclusive);
        assert!(verdict.objectives[0].reason.contains(wanted), "{:?}", verdict.objectives[0]);
    }
    assert_eq!(verdict(&[("good_points", 60.0), ("good_now", 1.0)]).outcome, Outcome::Fail);
    // Of the same metric: where everything fails, nothing good exists.
    let same = EVENTS.replace("bad:", "good:");
    let answer = parts(&[("bad", 5000.0), ("total", 5000.0), ("points", 60.0), ("age", 1.0)]);
    assert_eq!(judge(&plan_of(&same), vec![Ok(answer)], None).outcome, Outcome::Fail);
}

#[test]
fn scrapes_minutes_apart_are_no_stale_samples() {
    let answer = |spacing: f64| {
        let all =
            [("bad", 0.0), ("total", 5000.0), ("points", 60.0), ("age", 9.0), ("spacing", spacing)];
        judge(&plan_of(EVENTS), vec![Ok(parts(&all))], None).outcome
    };
    assert_eq!((answer(1.0), answer(4.0)), (Outcome::Inconclusive, Outcome::Pass));
}

#[test]
fn states_are_looked_at_again_where_samples_are_closer_than_the_looks() {
    let threshold = EVENTS.split("      ratioMetric:").next().unwrap().to_owned()
        + "      thresholdMetric: {metricSource: {type: Prometheus, spec: {query: probe_success}}}\n  objectives: [{target: 0.99, op: gte, value: 1}]\n";
    let catalogue = Catalogue::load(&[("slo.yaml", &threshold)]).unwrap();
    let plan = plan(&catalogue, Period::days(30), Clock::Real).unwrap();
    assert!(plan.queries()[0].promql.contains("[30d:30s]"), "{}", plan.queries()[0].promql);
    let answer = |spacing: f64| {
        let all = [
            ("bad", 0.0),
            ("total", 86_400.0),
            ("points", 86_400.0),
            ("age", 9.0),
            ("spacing", spacing),
        ];
        vec![Ok(parts(&all))]
    };
    assert_eq!(plan.closer(&answer(60.0)), None);
    let (closer, again) = plan.closer(&answer(15.2)).unwrap();
    assert_eq!(again, [0]);
    assert!(closer.queries()[0].promql.contains("[30d:15s]"));
    // Half a million samples are too many: it says so, and does not pass.
    assert_eq!(plan.closer(&answer(5.0)), None);
    let verdict = judge(&plan, answer(5.0), None);
    assert_eq!(verdict.outcome, Outcome::Inconclusive);
    assert!(
        verdict.objectives[0].reason.contains("only one in 6 was looked at"),
        "{:?}",
        verdict.objectives[0]
    );
}

#[test]
fn a_baseline_of_zero_decides_nothing_about_more_than_zero() {
    let plan = plan_of(MEMORY);
    let verdict = |value: f64, baseline: f64| {
        let value = parts(&[("value", value), ("points", 60.0), ("age", 1.0)]);
        let values = BTreeMap::from([("dns-leaker/memory-growth/gate".to_owned(), baseline)]);
        judge(&plan, vec![Ok(vec![]), Ok(value)], Some(&Baseline { schema: 1, values })).objectives
            [1]
        .clone()
    };
    assert_eq!(verdict(0.0, 0.0).outcome, Outcome::Pass);
    let unclear = verdict(5.0, 0.0);
    assert_eq!(unclear.outcome, Outcome::Inconclusive);
    assert!(unclear.reason.contains("write a difference such as <=+5"), "{}", unclear.reason);
    assert_eq!(verdict(-95.0, -100.0).outcome, Outcome::Pass);
    assert!(
        verdict(-95.0, -100.0).reason.contains("+5.0 % of the baseline"),
        "{}",
        verdict(-95.0, -100.0).reason
    );
}
