//! When alerts are quiet, and when silence would be wrong.

use slo::{Catalogue, Clock};

use crate::promtool::{firing, raw_test};

/// One SLO `shop/answers` with this indicator and more.
fn slo(indicator: &str, method: &str, objective: &str, annotations: &str) -> Catalogue {
    let text = format!(
        "apiVersion: openslo/v1
kind: SLO
metadata: {{name: answers, annotations: {{{annotations}}}}}
spec:
  service: shop
  timeWindow: [{{duration: 30d, isRolling: true}}]
  budgetingMethod: {method}
  indicator: {{metadata: {{name: answers}}, spec: {{{indicator}}}}}
  objectives: [{objective}]
"
    );
    Catalogue::load(&[("slo.yaml", text)]).unwrap()
}

fn query(text: &str) -> String {
    format!("{{metricSource: {{type: Prometheus, spec: {{query: '{text}'}}}}}}")
}

fn threshold(text: &str) -> Catalogue {
    let indicator = format!("thresholdMetric: {}", query(text));
    slo(&indicator, "Occurrences", "{op: lte, value: 0.5, target: 0.99}", "")
}

fn ratio(part: &str, text: &str, total: &str, annotations: &str) -> Catalogue {
    let indicator =
        format!("ratioMetric: {{counter: true, {part}: {}, total: {}}}", query(text), query(total));
    slo(&indicator, "Occurrences", "{target: 0.999}", annotations)
}

const NO_DATA: &str = "ShopAnswersNoData";
const CONTRADICTION: &str = "ShopAnswersContradiction";

fn fires(catalogue: &Catalogue, alert: &str, input: &[(&str, &str)], expected: &[(&str, f64)]) {
    let input: Vec<_> =
        input.iter().map(|(series, values)| (*series, (*values).to_owned())).collect();
    let checks: Vec<_> =
        expected.iter().map(|(at, value)| ((*at).to_owned(), firing(alert, ""), *value)).collect();
    raw_test(Clock::Real, catalogue, "1m", &input, &checks);
}

#[test]
fn an_idle_night_is_no_missing_data_however_the_query_says_it() {
    // A hundred calls a minute for an hour, then nobody; the targets are there all the time.
    let input = [("t", "0+100x60 6000x180"), ("e", "0+1x60 60x180"), ("busy", "1x240")];
    for text in [
        "sum(rate(e[5m])) / sum(rate(t[5m]))",
        "sum(rate(e[5m])) / (sum(rate(t[5m])) > 0)",
        "rate(e[5m]) / rate(t[5m]) and rate(t[5m]) > 0",
    ] {
        fires(&threshold(text), NO_DATA, &input, &[("50m", 0.0), ("3h", 0.0)]);
        let raw = format!("ratioMetric: {{raw: {}, rawType: failure}}", query(text));
        for (method, objective) in [
            ("Occurrences", "{target: 0.9}"),
            ("RatioTimeslices", "{target: 0.9, timeSliceWindow: 1m}"),
        ] {
            let raw = slo(&raw, method, objective, "");
            fires(&raw, NO_DATA, &input, &[("50m", 0.0), ("3h", 0.0)]);
        }
    }
}

#[test]
fn what_never_yields_anything_is_no_idle_night() {
    let input = [("t{job=\"a\"}", "0+100x240"), ("e{job=\"b\"}", "0+1x240")];
    // Labels that do not match, and a metric that does not exist.
    for text in ["rate(e[5m]) / rate(t[5m])", "sum(rate(nothing[5m])) / sum(rate(t[5m]))"] {
        fires(&threshold(text), NO_DATA, &input, &[("20m", 0.0), ("2h", 1.0)]);
    }
}

#[test]
fn numbers_that_contradict_each_other_are_loud() {
    let more = [("part", "0+130x120"), ("t", "0+100x120")];
    let fewer = [("part", "0+99x120"), ("t", "0+100x120")];
    for part in ["good", "bad"] {
        let catalogue = ratio(part, "part", "t", "");
        fires(&catalogue, CONTRADICTION, &more, &[("1h", 1.0)]);
        fires(&catalogue, CONTRADICTION, &fewer, &[("1h", 0.0)]);
        // Some of it, and no events at all.
        fires(&catalogue, CONTRADICTION, &more[..1], &[("1h", 1.0)]);
    }
    let raw = format!("ratioMetric: {{raw: {}, rawType: success}}", query("percent"));
    let raw = slo(&raw, "Occurrences", "{target: 0.9}", "");
    fires(&raw, CONTRADICTION, &[("percent", "99x120")], &[("1h", 1.0)]);
    fires(&raw, CONTRADICTION, &[("percent", "0.99x120")], &[("1h", 0.0)]);
}

#[test]
fn two_bad_events_page_nobody_and_three_do_unless_told_otherwise() {
    // One call a minute; in the last minutes each fails.
    for (bad, annotations, pages) in [
        ("0x57 0 1 2", "", 0.0),
        ("0x56 0 1 2 3", "", 1.0),
        ("0x57 0 1 2", "tales.dev/least-bad-events: \"1\"", 1.0),
        ("0x56 0 1 2 3", "tales.dev/least-bad-events: \"5\"", 0.0),
    ] {
        let catalogue = ratio("bad", "e", "t", annotations);
        let checks = [("60m".to_owned(), firing("ShopAnswers", ",severity=\"page\""), pages)];
        let input = [("e", bad.to_owned()), ("t", "0+1x60".to_owned())];
        raw_test(Clock::Real, &catalogue, "1m", &input, &checks);
    }
}

#[test]
fn a_slice_of_a_threshold_may_be_partly_bad_if_its_target_says_so() {
    // Three of four pods are good: 75 % of the samples of each slice.
    let input: Vec<(String, String)> = (0..4)
        .map(|pod| (format!("x{{pod=\"{pod}\"}}"), format!("{}x120", if pod == 0 { 9 } else { 0 })))
        .collect();
    let input: Vec<(&str, String)> =
        input.iter().map(|(series, values)| (series.as_str(), values.clone())).collect();
    let indicator = format!("thresholdMetric: {}", query("x"));
    for (share, bad) in [("0.7", 0.0), ("0.8", 1.0), ("1", 1.0)] {
        let objective = format!(
            "{{op: lte, value: 5, target: 0.99, timeSliceTarget: {share}, timeSliceWindow: 1m}}"
        );
        let catalogue = slo(&indicator, "Timeslices", &objective, "");
        let slices = "slo:slice_error:ratio{objective=\"objective-1\",service=\"shop\",slo=\"answers\"} * 1 + 0 or vector(7)";
        let checks = [("1h".to_owned(), format!("max({slices})"), bad)];
        // `or vector(7)` would win if there were no slices.
        let checks = checks.map(|(at, expr, value)| (at, expr.replace(" or vector(7)", ""), value));
        raw_test(Clock::Real, &catalogue, "1m", &input, &checks);
    }
}
