//! An OpenSLO file with one SLO of the shop, for tests that judge, check or propose objectives.

/// The share of bad events in a rolling window such as `7d`. `bad` and `total` are queries for
/// counters, `objectives` is a YAML list.
pub(crate) fn ratio(name: &str, window: &str, bad: &str, total: &str, objectives: &str) -> String {
    format!(
        "apiVersion: openslo/v1
kind: Service
metadata: {{name: shop}}
spec: {{}}
---
apiVersion: openslo/v1
kind: SLO
metadata: {{name: {name}}}
spec:
  service: shop
  timeWindow: [{{duration: {window}, isRolling: true}}]
  budgetingMethod: Occurrences
  indicator:
    metadata: {{name: answers}}
    spec:
      ratioMetric:
        counter: true
        bad: {{metricSource: {{type: Prometheus, spec: {{query: '{bad}'}}}}}}
        total: {{metricSource: {{type: Prometheus, spec: {{query: '{total}'}}}}}}
  objectives: {objectives}
"
    )
}
