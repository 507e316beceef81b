//! What the reader accepts and how it refuses.

use proptest::prelude::*;

use super::model::*;
use super::*;
use crate::period::Period;

const SERVICE: &str =
    "apiVersion: openslo/v1\nkind: Service\nmetadata: {name: shop}\nspec: {description: A shop.}\n";

fn slo(spec: &str) -> String {
    format!(
        "apiVersion: openslo/v1\nkind: SLO\nmetadata: {{name: availability}}\nspec:\n  service: shop\n{spec}"
    )
}

const RATIO: &str = "  indicator:
    metadata: {name: good-answers}
    spec:
      ratioMetric:
        counter: true
        good: {metricSource: {type: Prometheus, spec: {query: 'http_requests_total{code!~\"5..\"}'}}}
        total: {metricSource: {type: Prometheus, spec: {query: http_requests_total}}}
";
const REST: &str = "  timeWindow: [{duration: 30d, isRolling: true}]
  budgetingMethod: Occurrences
  objectives: [{target: 0.999}]
";

fn load(texts: &[&str]) -> Result<Catalogue, Vec<Problem>> {
    let files: Vec<_> =
        texts.iter().enumerate().map(|(n, text)| (format!("{n}.yaml"), *text)).collect();
    Catalogue::load(&files)
}

fn refusal(spec: &str) -> String {
    let problems = load(&[SERVICE, &slo(spec)]).unwrap_err();
    problems.iter().map(|problem| format!("{problem}\n")).collect()
}

#[test]
fn a_ratio_slo_is_read() {
    let catalogue = load(&[SERVICE, &slo(&format!("{RATIO}{REST}"))]).unwrap();
    let slo = &catalogue.slos[0];
    assert_eq!(slo.window.duration, Period::days(30));
    assert_eq!(slo.objectives[0].id, "objective-1");
    assert_eq!(slo.objectives[0].target.to_string(), "0.999");
    assert!(matches!(slo.objectives[0].indicator.metric, Metric::Good { .. }));
}

#[test]
fn all_seven_kinds_are_resolved_across_files_streams_and_lists() {
    let list = "- apiVersion: openslo/v1
  kind: DataSource
  metadata: {name: prom}
  spec: {type: Prometheus, connectionDetails: {url: http://127.0.0.1}}
- apiVersion: openslo/v1
  kind: SLI
  metadata: {name: answers}
  spec:
    ratioMetric:
      bad: {metricSource: {metricSourceRef: prom, spec: {query: 'sum(rate(bad[{{.window}}]))'}}}
      total: {metricSource: {metricSourceRef: prom, spec: {query: 'sum(rate(all[{{.window}}]))'}}}
";
    let stream = format!(
        "{SERVICE}---
apiVersion: openslo/v1
kind: AlertCondition
metadata: {{name: burn}}
spec: {{severity: page, condition: {{kind: burnrate, op: gt, threshold: 2, lookbackWindow: 1h, alertAfter: 5m}}}}
---
apiVersion: openslo/v1
kind: AlertNotificationTarget
metadata: {{name: on-call}}
spec: {{target: pager}}
---
apiVersion: openslo/v1
kind: AlertPolicy
metadata: {{name: fast}}
spec:
  alertWhenNoData: true
  conditions: [{{conditionRef: burn}}]
  notificationTargets: [{{targetRef: on-call}}]
"
    );
    let text = slo(&format!(
        "  indicatorRef: answers\n  alertPolicies: [{{alertPolicyRef: fast}}]\n{REST}"
    ));
    let catalogue = load(&[&text, list, &stream]).unwrap();
    let policy = &catalogue.slos[0].alert_policies[0];
    assert_eq!(policy.severity, "page");
    assert_eq!(policy.targets, ["pager"]);
    assert_eq!(policy.lookback, Period::hours(1));
    assert!(policy.when_no_data);
}

#[test]
fn an_unknown_field_is_refused_with_file_path_and_remedy() {
    let text = refusal(&format!("{RATIO}{}", REST.replace("target:", "tarrget:")));
    assert!(
        text.contains("1.yaml: SLO/availability: spec.objectives[0].tarrget: unknown field; write target instead"),
        "{text}"
    );
}

#[test]
fn every_rule_of_the_specification_is_enforced() {
    let cases = [
        (RATIO.to_owned() + &REST.replace("0.999", "1"), "not in [0, 1)"),
        (
            RATIO.to_owned() + &REST.replace("target: 0.999", "target: 0.9, targetPercent: 90"),
            "exactly one of target and targetPercent",
        ),
        (RATIO.to_owned() + &REST.replace(", isRolling: true", ""), "the window has no start"),
        (RATIO.to_owned() + &REST.replace("30d", "30 days"), "is not a duration"),
        (
            RATIO.to_owned() + &REST.replace("Occurrences", "Timeslices"),
            "timeSliceWindow: is missing",
        ),
        (
            RATIO.to_owned() + &REST.replace("target: 0.999", "target: 0.999, timeSliceWindow: 1m"),
            "belongs to time slices",
        ),
        (RATIO.to_owned() + &REST.replace("Occurrences", "occurrences"), "is not a method"),
        (RATIO.replace("counter", "count") + REST, "write counter instead"),
        (RATIO.replace("good:", "raw:") + REST, "the parts do not make a ratio"),
        (RATIO.replace("Prometheus", "Graphite") + REST, "only Prometheus is queried"),
        (format!("  indicatorRef: nothing\n{REST}"), "which no file declares"),
        (REST.to_owned(), "exactly one indicator"),
        (
            RATIO.to_owned() + &REST.replace("[{target: 0.999}]", "[]"),
            "write at least one objective",
        ),
        (
            RATIO.to_owned()
                + &REST.replace(
                    "[{target: 0.999}]",
                    "[{target: 0.9, displayName: A}, {target: 0.8, displayName: a}]",
                ),
            "a second objective",
        ),
    ];
    for (spec, expected) in cases {
        let text = refusal(&spec);
        assert!(text.contains(expected), "expected {expected:?} in {text}");
    }
}

#[test]
fn version_two_is_recognised_and_refused() {
    let problems = load(&[&SERVICE.replace("openslo/v1", "openslo.com/v2alpha")]).unwrap_err();
    assert!(problems[0].to_string().contains("version 2 is a draft"));
}

#[test]
fn a_name_may_be_used_once_per_kind() {
    let problems = load(&[SERVICE, SERVICE]).unwrap_err();
    assert!(problems[0].to_string().contains("the name is taken in 0.yaml"));
}

#[test]
fn a_calendar_window_keeps_its_start() {
    let window =
        "[{duration: 1M, calendar: {startTime: '2026-01-01 00:00:00', timeZone: Europe/Vienna}}]";
    let text =
        slo(&format!("{RATIO}{}", REST.replace("[{duration: 30d, isRolling: true}]", window)));
    let catalogue = load(&[SERVICE, &text]).unwrap();
    assert_eq!(catalogue.slos[0].window.calendar.as_ref().unwrap().time_zone, "Europe/Vienna");
}

#[test]
fn one_fault_is_one_message() {
    let full = RATIO.to_owned() + REST;
    for (from, to, wanted) in [
        ("[{target: 0.999}]", "{target: 0.999}", "spec.objectives: is a mapping; write a list"),
        ("target: 0.999", "targetPercent: '99.9'", "remove the quotes"),
        ("isRolling: true", "isRolling: 'true'", "isRolling: is a string; write true or false"),
        ("target: 0.999", "target: 0.999, timeSliceWindow: 60", "timeSliceWindow: is a number"),
        ("duration: 30d", "durations: 30d", "unknown field; write duration instead"),
        ("    metadata: {name: good-answers}\n", "", "spec.indicator.metadata: is missing"),
        ("counter: true", "counter: 'true'", "write true or false"),
        (
            "{metricSource: {type: Prometheus, spec: {query: http_requests_total}}}",
            "http_requests_total",
            "ratioMetric.total: is a string",
        ),
        (
            "type: Prometheus, spec: {query: http",
            "metricSourceType: Prometheus, spec: {query: http",
            "write type instead",
        ),
        ("service: shop\n", "servce: shop\n", "unknown field; write service instead"),
        ("query: http_requests_total}", "query: ''}", "query: is empty"),
        ("query: http_requests_total}", "query: 'http_requests_total['}", "unbalanced"),
        ("budgetingMethod: Occurrences", "budgetingMethod: Occurences", "is not a method"),
    ] {
        let text = slo(&full).replace(from, to);
        assert_ne!(text, slo(&full), "{from}");
        let problems = load(&[SERVICE, &text]).unwrap_err();
        assert_eq!(problems.len(), 1, "{from}: {problems:#?}");
        assert!(problems[0].to_string().contains(wanted), "{from}: {}", problems[0]);
    }
}

#[test]
fn a_document_alone_a_service_without_spec_and_one_name_in_two_services_are_valid() {
    let document = slo(&format!("{RATIO}{REST}"));
    assert_eq!(load(&[&document]).unwrap().slos.len(), 1);
    let bare = SERVICE.replace("spec: {description: A shop.}\n", "");
    assert!(load(&[&bare, &document]).is_ok());
    let other = document.replace("service: shop", "service: orders");
    let both = load(&[&document, &other]).unwrap();
    assert_eq!(both.slos.len(), 2);
    let rules = crate::compile(&both, crate::Clock::Real).unwrap().to_rules();
    assert!(
        rules.contains("alert: ShopAvailability\n")
            && rules.contains("alert: OrdersAvailability\n")
    );
    assert!(load(&[&document, &document]).is_err(), "twice in one service");
}

#[test]
fn literal_ranges_are_rewritten_only_when_asked_and_each_is_named() {
    let text = slo(&format!("{RATIO}{REST}"))
        .replace(
            "'http_requests_total{code!~\"5..\"}'",
            "'sum(increase(http_requests_total{code!~\"5..\"}[1h]))'",
        )
        .replace("query: http_requests_total}", "query: 'sum(rate(http_requests_total[5m]))'}");
    let mut catalogue = load(&[&text]).unwrap();
    let refused = crate::compile(&catalogue, crate::Clock::Real).unwrap_err();
    assert!(refused[0].to_string().contains("good: the query has a fixed range"), "{refused:?}");
    let done = catalogue.rewrite_ranges();
    assert_eq!(
        done,
        [
            "0.yaml: SLO/availability: good: [1h] became [{{.window}}]",
            "0.yaml: SLO/availability: total: [5m] became [{{.window}}]"
        ]
    );
    let rules = crate::compile(&catalogue, crate::Clock::Real).unwrap().to_rules();
    assert!(rules.contains("sum(rate(http_requests_total[6h]))"));
    assert_eq!(catalogue.rewrite_ranges(), [""; 0], "nothing is left");
}

#[test]
fn a_threshold_needs_both_op_and_value_and_says_which_is_missing() {
    let threshold = "  indicator:\n    metadata: {name: m}\n    spec: {thresholdMetric: {metricSource: {type: Prometheus, spec: {query: x}}}}\n";
    for (objective, wanted) in [
        ("{target: 0.9, op: lte}", "value: is missing"),
        ("{target: 0.9, value: 1}", "op: is missing"),
        ("{target: 0.9}", "needs op and value"),
        ("{target: 0.9, op: lte, value: '0.5'}", "remove the quotes"),
    ] {
        let text = slo(&format!("{threshold}{}", REST.replace("{target: 0.999}", objective)));
        let problems = load(&[&text]).unwrap_err();
        assert_eq!(problems.len(), 1, "{problems:#?}");
        assert!(problems[0].to_string().contains(wanted), "{}", problems[0]);
    }
}

proptest! {
    #[test]
    fn arbitrary_text_never_panics(text in ".*") {
        let _ = load(&[&text]);
    }

    #[test]
    fn a_damaged_document_never_panics(at in 0usize..600, junk in "[ -~\n]{0,4}") {
        let mut text = slo(&format!("{RATIO}{REST}"));
        let at = at.min(text.len());
        text.insert_str(at, &junk);
        let _ = load(&[SERVICE, &text]);
    }
}
