//! What only a Prometheus can say about an objective: too few events for its target, and queries
//! that are not PromQL.

use jiff::Timestamp;
use testkit::history::History;
use testkit::program::Ended;
use testkit::prometheus::Prometheus;

use crate::{openslo, tale};

/// An objective with a query for all events.
fn objective(all: &str) -> String {
    let bad = r#"http_requests_total{code="500"}"#;
    openslo::ratio("availability", "7d", bad, all, "[{target: 0.999}]")
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

async fn lint(all: &str, prometheus: &Prometheus) -> Ended {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("slo.yaml");
    std::fs::write(&file, objective(all)).unwrap();
    let ask = ["--prometheus", prometheus.url()];
    tale(&[&["slo", "lint", file.to_str().unwrap()][..], &ask].concat()).await
}

#[tokio::test]
async fn a_target_that_the_traffic_cannot_prove_is_a_warning() {
    // A week of them is 1008: 99.9 % takes 2703.
    let ended = lint("http_requests_total", &traffic(0.1)).await;
    assert!(ended.stdout.contains("cannot prove 0.999"), "{ended}");
    assert_eq!(ended.code, Some(0), "{ended}");
    let ended = lint("http_requests_total", &traffic(10.0)).await;
    assert_eq!((ended.code, ended.stdout.trim()), (Some(0), "nothing to say"), "{ended}");
}

#[tokio::test]
async fn a_query_that_prometheus_refuses_is_an_error() {
    // It is PromQL, of a later version than the one that is asked.
    let later = "sum(mad_over_time(http_requests_total[{{.window}}]))";
    let ended = lint(later, &traffic(10.0)).await;
    assert_eq!(ended.code, Some(1), "{ended}");
    assert!(
        ended.stdout.contains("slo.yaml")
            && ended.stdout.contains("total: Prometheus refuses the query"),
        "{ended}"
    );
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("slo.yaml");
    std::fs::write(&file, objective("sum(http_requests_total")).unwrap();
    // What is not closed is seen without a Prometheus.
    let ended = tale(&["slo", "lint", file.to_str().unwrap()]).await;
    assert_eq!(ended.code, Some(1), "{ended}");
    assert!(ended.stdout.contains("unbalanced"), "{ended}");
}
