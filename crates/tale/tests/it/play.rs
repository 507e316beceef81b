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

/// The promises of a report as `(outcome, text)`.
fn outcomes(report: &Value) -> Vec<(&str, &str)> {
    let promises = report["promises"].as_array().unwrap().iter();
    promises.map(|promise| (text(&promise["outcome"]), text(&promise["text"]))).collect()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}
