//! The ratio over the period: weighted by traffic, and never NaN.

use slo::{Catalogue, Clock, Period};

use crate::promtool::{only, raw_test, shop};

/// The availability SLO over one day: a day of samples is enough to tell weighted from unweighted.
fn daily() -> Catalogue {
    let mut catalogue = only(&shop(), "availability");
    catalogue.slos[0].window.duration = Period::days(1);
    catalogue.slos[0].alert_policies.clear();
    catalogue.slos[0].objectives.truncate(1);
    catalogue
}

const ALL: &str = r#"http_requests_total{job="shop",code="200"}"#;
const BAD: &str = r#"http_requests_total{job="shop",code="500"}"#;

#[test]
fn an_outage_in_a_quiet_night_counts_as_little_as_it_hurt() {
    // 16 hours at 6000 requests a minute, 8 hours at 60; in the night everything fails for an hour.
    let input = [
        (ALL, "0+6000x960 5760060+60x299 5778000x59 5778060+60x119".to_owned()),
        (BAD, "0x1260 60+60x59 3600x120".to_owned()),
    ];
    let exact = 3600.0 / (5_760_000.0 + 480.0 * 60.0);
    let weighted = "sum(slo:sli_error:ratio_rate1d)";
    let unweighted = "sum(avg_over_time(slo:sli_error:ratio_rate5m[1d]))";
    let checks = [
        (format!("abs({weighted} / {exact} - 1) < bool 0.001"), 1.0),
        (format!("{unweighted} / {exact} > bool 10"), 1.0),
    ]
    .map(|(expr, value)| ("24h".to_owned(), expr, value));
    raw_test(Clock::Real, &daily(), "1m", &input, &checks);
}

#[test]
fn an_hour_without_traffic_has_no_sample_and_poisons_nothing() {
    let input = [
        (ALL, "0+100x60 6000x60 6100+100x60".to_owned()),
        (BAD, "0+1x60 60x60 61+1x60".to_owned()),
    ];
    let at = |time: &str, expr: &str, value| (time.to_owned(), expr.to_owned(), value);
    let checks = [
        at("1h55m", "count(slo:sli_error:ratio_rate5m) or vector(0)", 0.0),
        // `x == x` drops NaN.
        at("3h", "count(slo:sli_error:ratio_rate1d == slo:sli_error:ratio_rate1d)", 1.0),
        at("3h", "sum(abs(slo:sli_error:ratio_rate1d - 1 / 101)) < bool 0.0001", 1.0),
    ];
    raw_test(Clock::Real, &daily(), "1m", &input, &checks);
}

#[test]
fn a_gauge_that_is_nan_for_a_moment_poisons_nothing() {
    let gauges = |method: &str| {
        let text = format!(
            "
apiVersion: openslo/v1
kind: Service
metadata: {{name: shop}}
spec: {{}}
---
apiVersion: openslo/v1
kind: SLO
metadata: {{name: availability}}
spec:
  service: shop
  timeWindow: [{{duration: 1d, isRolling: true}}]
  budgetingMethod: {method}
  indicator:
    metadata: {{name: answers}}
    spec:
      ratioMetric:
        bad: {{metricSource: {{type: Prometheus, spec: {{query: 'job:errors:rate5m'}}}}}}
        total: {{metricSource: {{type: Prometheus, spec: {{query: 'job:requests:rate5m'}}}}}}
  objectives: [{{target: 0.99, timeSliceTarget: 0.95, timeSliceWindow: 1m}}]
"
        );
        let text = if method == "Occurrences" {
            text.replace(", timeSliceTarget: 0.95, timeSliceWindow: 1m", "")
        } else {
            text
        };
        Catalogue::load(&[("slo.yaml", text)]).unwrap()
    };
    for (bad, total) in [
        ("1x60 NaN 1x119", "100x180"),
        ("1x60 Inf 1x119", "100x180"),
        ("1x180", "100x60 NaN 100x119"),
        ("1x60 NaN 1x119", "100x60 NaN 100x119"),
    ] {
        let input =
            [("job:errors:rate5m", bad.to_owned()), ("job:requests:rate5m", total.to_owned())];
        // Half an hour before and after the ratio is 1 in 100, and so it is over the day; no slice
        // is bad.
        for (method, ratio) in [("Occurrences", "0.01"), ("Timeslices", "0")] {
            let check = format!("sum(abs(slo:sli_error:ratio_rate1d - {ratio}) < bool 0.000001)");
            let checks = [("3h".to_owned(), check, 1.0)];
            raw_test(Clock::Real, &gauges(method), "1m", &input, &checks);
        }
    }
}

#[test]
fn an_error_series_that_does_not_exist_yet_means_no_errors() {
    let input = [(ALL, "0+100x60".to_owned())];
    let checks = [("1h".to_owned(), "sum(slo:sli_error:ratio_rate5m)".to_owned(), 0.0)];
    raw_test(Clock::Real, &daily(), "1m", &input, &checks);
}

#[test]
fn the_budget_of_a_fresh_prometheus_is_spent_event_by_event() {
    // Half an hour with 10 % errors: a hundred times the ratio that the objective allows for the
    // day. Half an hour is 2 % of the day, so twice the budget is gone and not a hundred times.
    let input = [(ALL, "0+45x60".to_owned()), (BAD, "0+5x60".to_owned())];
    let remaining = "sum(slo:period_error_budget_remaining:ratio)";
    let exhausted = "count(ALERTS{alertname=\"ShopAvailabilityBudgetExhausted\",alertstate=\"firing\"}) or vector(0)";
    let checks = [
        ("30m", format!("({remaining} > bool -1.2) * ({remaining} < bool -1)"), 1.0),
        ("10m", exhausted.to_owned(), 0.0),
        ("30m", exhausted.to_owned(), 1.0),
    ]
    .map(|(at, expr, value)| (at.to_owned(), expr, value));
    raw_test(Clock::Real, &daily(), "30s", &input, &checks);
}
