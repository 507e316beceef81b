//! One finding per test, each made by breaking a sound objective.

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

pub(super) fn findings(from: &str, to: &str) -> Vec<String> {
    let text = CLEAN.replace(from, to);
    assert!(from == to || text != CLEAN, "{from} is not in the document");
    let catalogue = Catalogue::load(&[("slo.yaml", &text)]).unwrap();
    lint(&catalogue).iter().map(ToString::to_string).collect()
}

fn only(from: &str, to: &str, expected: &str) {
    let found = findings(from, to);
    assert!(found.iter().any(|text| text.contains(expected)), "expected {expected:?} in {found:?}");
}

#[test]
fn a_sound_objective_has_no_findings() {
    assert_eq!(findings("30d", "30d").len(), 0);
}

#[test]
fn an_alert_that_cannot_fire_is_found() {
    only("0.999", "0.93", "the page alert over 5m and 1h can never fire");
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
    only("30d", "1h", "too short for burn-rate alerts; write at least 12h");
    for window in ["4h", "6h", "11h"] {
        only("30d", window, "write at least 12h");
    }
    assert_eq!(findings("30d", "12h"), [""; 0]);
}

#[test]
fn an_operator_on_a_ratio_is_found() {
    only("{target: 0.999}", "{target: 0.999, op: gt, value: 1}", "mean nothing on a ratio");
    only("{target: 0.999}", "{target: 0.999, op: gt}", "op means nothing on a ratio; remove op");
    only("{target: 0.999}", "{target: 0.999, value: 1}", "remove value");
}

#[test]
fn a_ratio_of_different_units_is_found() {
    let increase = "'sum(increase(bad_total[{{.window}}]))'";
    only("'bad_total{le=~\"1(\\\\.0)?\"}'", increase, "the ratio is of different units");
    let irate = "'sum(irate(bad_total[{{.window}}]))'";
    only("'bad_total{le=~\"1(\\\\.0)?\"}'", irate, "nobody can say what the other one counts");
    let rate = "'sum(rate(bad_total[{{.window}}]))'";
    assert_eq!(findings("'bad_total{le=~\"1(\\\\.0)?\"}'", rate).len(), 0);
}

#[test]
fn a_service_that_no_file_declares_is_found_if_others_are_declared() {
    only("service: shop", "service: shopp", "which no file declares; write shop, or declare it");
    let alone = CLEAN.split("---\n").nth(1).unwrap();
    let catalogue = Catalogue::load(&[("slo.yaml", alone)]).unwrap();
    assert_eq!(lint(&catalogue), []);
}

#[test]
fn an_annotation_that_nobody_reads_and_a_query_of_the_gate_that_is_none_are_found() {
    let annotated = |text: &str| format!("name: answers, annotations: {{{text}}}, labels");
    only(
        "name: answers, labels",
        &annotated("tales.dev/runbook: x"),
        "nobody reads this annotation; write tales.dev/runbook-url",
    );
    only(
        "name: answers, labels",
        &annotated("tales.dev/gate-query: 'x[5m]', tales.dev/gate-criterion: <=+10%"),
        "a range, not a value",
    );
    only(
        "name: answers, labels",
        &annotated("tales.dev/least-bad-events: many"),
        "is not a whole number",
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
    only("'bad_total{le=~\"1(\\\\.0)?\"}'", "all_total", "both queries of the ratio are the same");
}

#[test]
fn a_query_without_a_window_is_found() {
    only("query: all_total", "query: 'rate(all_total[5m])'", "the query has a fixed range");
    only("counter: true", "counter: false", "is read as a gauge");
}

#[test]
fn an_integer_bucket_bound_is_found() {
    only("'bad_total{le=~\"1(\\\\.0)?\"}'", "'bad_total{le=\"1\"}'", "Prometheus 3");
}

#[test]
fn the_bucket_bound_that_is_found_is_named() {
    only(
        "'bad_total{le=~\"1(\\\\.0)?\"}'",
        "\"bad_total{le='5'}\"",
        "le='5' matches nothing in Prometheus 3, which writes 5.0; write le=~\"5(\\\\.0)?\"",
    );
}

const CALENDAR: &str = "duration: 1M, calendar: {startTime: '2026-02-03 00:00:00', timeZone: ZONE}";

#[test]
fn a_zone_or_a_date_that_does_not_exist_is_found() {
    let with = |from: &str, to: &str| {
        let text = CALENDAR.replace(from, to).replace("ZONE", "UTC");
        findings("duration: 30d, isRolling: true", &text)
    };
    for zone in ["GMT", "CET", "Europe/Vienna", "Etc/GMT+5"] {
        assert_eq!(with("ZONE", zone), [""; 0], "{zone}");
    }
    let found = with("ZONE", "Europe/Wien");
    assert!(
        found[0].starts_with("error: ")
            && found[0].contains("calendar.timeZone: \"Europe/Wien\" is not a known time zone"),
        "{found:?}"
    );
    let found = with("02-03", "02-30");
    assert!(
        found[0].contains("calendar.startTime: \"2026-02-30 00:00:00\" is not a date"),
        "{found:?}"
    );
}

#[test]
fn whatever_compile_refuses_is_found() {
    let raw = CLEAN.replace(
        CLEAN.split("      ratioMetric:\n").nth(1).unwrap(),
        "        counter: true
        rawType: failure
        raw: {metricSource: {type: Prometheus, spec: {query: 'rate(x[5m])'}}}
  objectives: [{target: 0.999}]
",
    );
    let twin = CLEAN.split("---\n").nth(1).unwrap();
    // Both are ShopAnswersToAll.
    let twins = format!(
        "{}---\n{}",
        CLEAN
            .replace("metadata: {name: answers, labels", "metadata: {name: answers-to-all, labels"),
        twin.replace("metadata: {name: answers, labels", "metadata: {name: answers-toall, labels")
            .replace("answers-toall", "answers-to--all")
    );
    for (text, wanted) in [(raw, "the query has a fixed range"), (twins, "is also the alert of")] {
        let catalogue = Catalogue::load(&[("slo.yaml", &text)]).unwrap();
        let refused = compile(&catalogue, Clock::Real).unwrap_err();
        let found = lint(&catalogue);
        assert!(refused.iter().all(|problem| found.contains(problem)), "{found:?}");
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].to_string().contains(wanted), "{found:?}");
    }
}

#[test]
fn a_label_that_collides_is_found() {
    only("team: ops", "severity: ops", "collides with a label of the generated rules");
    // The PrometheusRule would overwrite it.
    only("team: ops", "namespace: ops", "collides with a label of");
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

#[test]
fn the_shipped_objective_has_no_findings() {
    let text = include_str!("../../../../manifests/slo/dns-leaker.yaml");
    let catalogue = Catalogue::load(&[("dns-leaker.yaml", text)]).unwrap();
    assert_eq!(lint(&catalogue), []);
}

#[test]
fn a_weight_that_is_not_used_is_found() {
    only("{target: 0.999}", "{target: 0.999, compositeWeight: 2}", "the worst decides");
}
