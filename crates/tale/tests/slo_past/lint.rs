//! What only a Prometheus can say about an objective: too few events for its target, and queries
//! that are no PromQL.

use jiff::Timestamp;
use testkit::history::History;
use testkit::prometheus::Prometheus;

use crate::{Said, tale};

/// An objective with a query for all events.
fn objective(all: &str) -> String {
    format!(
        r#"
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
  timeWindow: [{{duration: 7d, isRolling: true}}]
  budgetingMethod: Occurrences
  indicator:
    metadata: {{name: answers}}
    spec:
      ratioMetric:
        counter: true
        bad: {{metricSource: {{type: Prometheus, spec: {{query: 'http_requests_total{{code="500"}}'}}}}}}
        total: {{metricSource: {{type: Prometheus, spec: {{query: '{all}'}}}}}}
  objectives: [{{target: 0.999}}]
"#
    )
}

/// The last two hours, with so many requests a minute.
fn traffic(a_minute: f64) -> Prometheus {
    let now = Timestamp::now().as_second() as f64;
    let minutes = (0..=120).map(|minute| {
        let count = f64::from(minute) * a_minute;
        (now - 7200.0 + f64::from(minute) * 60.0, count)
    });
    let mut history = History::new();
    history.series(r#"http_requests_total{code="200"}"#, minutes);
    Prometheus::with(&history)
}

fn lint(all: &str, prometheus: &Prometheus) -> Said {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("slo.yaml");
    std::fs::write(&file, objective(all)).unwrap();
    let ask = ["--prometheus", prometheus.url()];
    tale(&[&["slo", "lint", file.to_str().unwrap()][..], &ask].concat())
}

#[test]
fn a_target_that_the_traffic_cannot_prove_is_a_warning() {
    // A week of them is 1008: 99.9 % takes 2703.
    let said = lint("http_requests_total", &traffic(0.1));
    assert!(said.out.contains("cannot prove 0.999"), "{said}");
    assert_eq!(said.code, 0, "{said}");
    let said = lint("http_requests_total", &traffic(10.0));
    assert_eq!((said.code, said.out.trim()), (0, "nothing to say"), "{said}");
}

#[test]
fn a_query_that_prometheus_refuses_is_an_error() {
    let said = lint("http_requests_total{code=200}", &traffic(10.0));
    assert_eq!(said.code, 1, "{said}");
    assert!(
        said.out.contains("slo.yaml") && said.out.contains("refuses the query for all events"),
        "{said}"
    );
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("slo.yaml");
    std::fs::write(&file, objective("sum(http_requests_total")).unwrap();
    // What is not closed is seen without a Prometheus.
    let said = tale(&["slo", "lint", file.to_str().unwrap()]);
    assert_eq!(said.code, 1, "{said}");
    assert!(said.out.contains("unbalanced"), "{said}");
}
