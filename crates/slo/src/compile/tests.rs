//! What is compiled, as text. Whether Prometheus agrees is tested in `tests/it/engine`.

use super::*;
use crate::openslo::model::Metric;

const CATALOGUE: &str = "
apiVersion: openslo/v1
kind: Service
metadata: {name: dns-leaker}
spec: {}
---
apiVersion: openslo/v1
kind: SLO
metadata: {name: memory-growth, labels: {team: [ops, dev]}}
spec:
  service: dns-leaker
  timeWindow: [{duration: 30d, isRolling: true}]
  budgetingMethod: Timeslices
  indicator:
    metadata: {name: growth}
    spec:
      thresholdMetric:
        metricSource:
          type: Prometheus
          spec:
            query: process_resident_memory_bytes{job=\"dns-leaker\"} / min_over_time(pod:process_resident_memory_warm:bytes[1d])
  objectives: [{target: 0.99, op: lte, value: 1.1, timeSliceTarget: 1, timeSliceWindow: 1m}]
---
apiVersion: openslo/v1
kind: SLO
metadata: {name: answers}
spec:
  service: dns-leaker
  timeWindow: [{duration: 28d, isRolling: true}]
  budgetingMethod: Occurrences
  indicator:
    metadata: {name: answers}
    spec:
      ratioMetric:
        counter: true
        bad: {metricSource: {type: Prometheus, spec: {query: 'http_requests_total{code=~\"5..\"}'}}}
        total: {metricSource: {type: Prometheus, spec: {query: http_requests_total}}}
  objectives: [{displayName: SLO, target: 0.999}, {displayName: SLA, targetPercent: 99.5}]
";

fn rules(clock: Clock) -> String {
    let catalogue = Catalogue::load(&[("slo.yaml", CATALOGUE)]).unwrap();
    compile(&catalogue, clock).unwrap().to_rules()
}

#[test]
fn the_stage_divides_windows_by_sixty_and_keeps_their_names() {
    let text = rules(Clock::Stage);
    assert!(text.contains("record: slo:sli_error:ratio_rate5m\n        expr: '(sum(rate(http_requests_total{code=~\"5..\"}[5s]))"));
    assert!(text.contains("record: slo:sli_error:ratio_rate1h\n        expr: '(sum(rate(http_requests_total{code=~\"5..\"}[1m]))"));
    assert!(text.contains("[12h]"), "30 days are 12 hours");
    assert!(text.contains("interval: '1s'"));
}

#[test]
fn a_literal_range_in_a_query_is_the_same_on_both_clocks() {
    for clock in [Clock::Real, Clock::Stage] {
        assert!(rules(clock).contains("min_over_time(pod:process_resident_memory_warm:bytes[1d])"));
    }
}

#[test]
fn budgets_are_printed_without_float_noise() {
    let text = rules(Clock::Real);
    assert!(text.contains("> 13.44 * 0.001 and "));
    assert!(text.contains("> 13.44 * 0.005 and "));
    assert!(text.contains("'vector(0.995)'"));
    assert!(!text.contains("00000000"));
}

#[test]
fn the_alert_of_a_threshold_names_the_worst_series() {
    let text = rules(Clock::Stage);
    assert!(text.contains("alert: DnsLeakerMemoryGrowth\n"));
    assert!(text.contains("or .Labels.pod .Labels.instance"));
    assert!(text.contains("team: 'ops,dev'"));
}

#[test]
fn an_alert_policy_tells_a_breach_and_no_data_apart() {
    let policy = |wanted: &str| {
        let text = include_str!("../../tests/fixtures/shop.yaml");
        let text = text.replace("alertWhenNoData: true", wanted);
        let catalogue = Catalogue::load(&[("shop.yaml", text)]).unwrap();
        compile(&catalogue, Clock::Real).unwrap().to_rules()
    };
    for (wanted, breach, no_data) in [
        ("alertWhenNoData: true", true, true),
        ("alertWhenNoData: false", true, false),
        ("{alertWhenNoData: true, alertWhenBreaching: false}", false, true),
    ] {
        let rules = policy(wanted.trim_matches(['{', '}']).replace(", ", "\n        ").as_str());
        let has = |name: &str| rules.contains(&format!("alert: {name}\n"));
        assert_eq!(has("ShopAvailabilitySlowBurn"), breach, "{wanted}");
        assert_eq!(has("ShopAvailabilitySlowBurnNoData"), no_data, "{wanted}");
    }
}

#[test]
fn a_calendar_window_is_refused_with_a_hint() {
    let calendar = "calendar: {startTime: '2026-01-01 00:00:00', timeZone: UTC}";
    let text = CATALOGUE.replacen("isRolling: true", calendar, 1);
    let catalogue = Catalogue::load(&[("slo.yaml", &text)]).unwrap();
    let problems = compile(&catalogue, Clock::Real).unwrap_err();
    assert!(problems[0].to_string().contains("judge this objective with the gate only"));
}

#[test]
fn a_fixed_range_in_a_ratio_is_refused() {
    let text =
        CATALOGUE.replace("query: http_requests_total", "query: 'rate(http_requests_total[5m])'");
    let catalogue = Catalogue::load(&[("slo.yaml", &text)]).unwrap();
    let problems = compile(&catalogue, Clock::Real).unwrap_err();
    assert!(problems[0].to_string().contains("write [{{.window}}] instead"), "{problems:?}");
}

#[test]
fn the_operator_object_holds_the_same_groups_with_alerts_in_its_namespace() {
    let catalogue = Catalogue::load(&[("slo.yaml", CATALOGUE)]).unwrap();
    let labels = BTreeMap::from([("release".to_owned(), "no".to_owned())]);
    let file = compile(&catalogue, Clock::Real).unwrap();
    let object: serde_json::Value =
        serde_saphyr::from_str(&file.to_prometheus_rule("slo", "default", &labels)).unwrap();
    let mut plain: serde_json::Value = serde_saphyr::from_str(&file.to_rules()).unwrap();
    let mut alerts = 0;
    for group in plain["groups"].as_array_mut().unwrap() {
        for rule in group["rules"].as_array_mut().unwrap() {
            if rule["alert"].is_string() {
                rule["labels"]["namespace"] = "default".into();
                alerts += 1;
            }
        }
    }
    assert!(alerts > 0);
    assert_eq!(object["spec"]["groups"], plain["groups"]);
    assert_eq!(object["metadata"]["labels"]["release"], "no");
    assert_eq!(plain["groups"].as_array().unwrap().len(), 3);
}

proptest::proptest! {
    #[test]
    fn a_query_of_any_text_never_panics(query in ".*", counter: bool) {
        let mut catalogue = Catalogue::load(&[("slo.yaml", CATALOGUE)]).unwrap();
        for slo in &mut catalogue.slos {
            for objective in &mut slo.objectives {
                let query = crate::promql::Query { text: query.clone(), counter };
                objective.indicator.metric = match slo.method {
                    crate::openslo::model::BudgetingMethod::Timeslices => Metric::Threshold(query),
                    _ => Metric::Good { good: query.clone(), total: query },
                };
            }
        }
        let _ = crate::lint(&catalogue);
        let _ = crate::gate::plan(&catalogue, Period::minutes(5), Clock::Stage);
        if let Ok(rules) = compile(&catalogue, Clock::Stage) {
            let parsed: serde_json::Value = serde_saphyr::from_str(&rules.to_rules()).unwrap();
            proptest::prop_assert!(parsed["groups"].is_array());
        }
    }
}
