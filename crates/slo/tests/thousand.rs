//! How long a thousand SLOs take, from YAML to rules: `cargo run --release -p slo --example thousand`.
#![allow(clippy::print_stdout, reason = "an example talks to its user")]

use std::time::Instant;

use slo::{Catalogue, Clock, Problem, compile};

const SERVICE: &str = "apiVersion: openslo/v1
kind: Service
metadata: {name: shop}
spec: {}
";

fn slo(number: usize) -> String {
    format!(
        "---
apiVersion: openslo/v1
kind: SLO
metadata: {{name: slo-{number}}}
spec:
  service: shop
  timeWindow: [{{duration: 30d, isRolling: true}}]
  budgetingMethod: Occurrences
  indicator:
    metadata: {{name: answers-{number}}}
    spec:
      ratioMetric:
        counter: true
        bad: {{metricSource: {{type: Prometheus, spec: {{query: 'requests_total{{route=\"/{number}\",code=~\"5..\"}}'}}}}}}
        total: {{metricSource: {{type: Prometheus, spec: {{query: 'requests_total{{route=\"/{number}\"}}'}}}}}}
  objectives: [{{target: 0.999}}]
"
    )
}

fn main() -> Result<(), Vec<Problem>> {
    let text: String = std::iter::once(SERVICE.to_owned())
        .chain((0..1000).map(slo))
        .collect();
    let start = Instant::now();
    let catalogue = Catalogue::load(&[("thousand.yaml", text.as_str())])?;
    let loaded = start.elapsed();
    let rules = compile(&catalogue, Clock::Real)?.to_rules();
    println!(
        "{} SLOs: read in {} ms, compiled and printed in {} ms, {} KiB of rules",
        catalogue.slos.len(),
        loaded.as_millis(),
        (start.elapsed() - loaded).as_millis(),
        rules.len() / 1024
    );
    Ok(())
}
