//! `tale play`: kept, broken, undecided, refused, interrupted and killed.

mod dev;
mod devops;
mod dns_leak;
mod experiments;
mod fake_stage;
mod killed;
mod ops;
mod refused;
mod sre;
mod two_hundred_pods;
mod undecided;

use serde_json::Value;
use testkit::project::Project;

use crate::TALE;

/// A story of ten seconds or so: pods are seen, DNS goes dark, DNS is back.
const SHORT: &str = r#"
  - act: calm
    promises:
      - {metric: 'count(up{job="dns-leaker"} == 1) == 4', within: 60s}
  - act: dark
    chaos: chaos-experiments/dns-leak/dns-error.yaml
    promises:
      - {metric: 'count(rate(dns_lookups_total{result="servfail"}[5s]) > 0) == 4', within: 60s}
  - act: light
    calm: chaos-experiments/dns-leak/dns-error.yaml
    promises:
      - {metric: 'sum(rate(dns_lookups_total{result!="ok"}[2s])) == 0', within: 60s}
"#;

/// The stories as shipped, and the tale `short`.
async fn project_with_short() -> Project {
    with_short(crate::project().await)
}

pub(crate) fn with_short(project: Project) -> Project {
    write_tale(&project, "short", SHORT);
    project
}

/// Writes a tale about the dns-leaker pods.
fn write_tale(project: &Project, name: &str, acts: &str) {
    let head = format!(
        "name: {name}\ntitle: A test\nteller: Ops\nmanifests: [manifests/base/dns-leaker]\nacts:{acts}"
    );
    project.write(&format!("tales/{name}/tale.yaml"), &head);
}

/// Plays a tale as it is shipped, with the machine to itself: every promise is kept, every chart
/// drawn, and nothing left.
async fn is_kept(tale: &str) {
    let project = Project::half(TALE).await;
    project.run(&["play", tale]).await.expect_code(0);
    let report = project.report(tale);
    let outcomes = outcomes(&report);
    assert!(outcomes.iter().all(|(outcome, _)| *outcome == "kept"), "{outcomes:?}");
    let charts = report["charts"].as_array().unwrap();
    let empty = |chart: &&Value| chart["series"].as_array().unwrap().is_empty();
    assert!(!charts.iter().any(|chart| empty(&chart)), "an empty chart");
    println!("the whole play: {:.0} s", report["seconds"].as_f64().unwrap());
    project.is_left_alone().await;
}

/// Plays a tale that has to break, at this promise and at no other.
async fn is_broken(project: &Project, tale: &str, args: &[&str], promise: &str) {
    project.run(&[&["play", tale], args].concat()).await.expect_code(1);
    let report = project.report(tale);
    let broken: Vec<_> =
        outcomes(&report).into_iter().filter(|(outcome, _)| *outcome == "broken").collect();
    assert_eq!(broken, [("broken", promise)]);
}

/// The promises of a report as `(outcome, text)`.
fn outcomes(report: &Value) -> Vec<(&str, &str)> {
    let promises = report["promises"].as_array().unwrap().iter();
    promises.map(|promise| (text(&promise["outcome"]), text(&promise["text"]))).collect()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}
