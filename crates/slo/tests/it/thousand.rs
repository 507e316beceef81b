//! A thousand SLOs, from YAML to rules: all of them, and the same text each time. How long it takes
//! is printed and not asserted, machines differ: `cargo test --release -p slo --test it thousand --
//! --nocapture`; a second is the promise.

use std::time::Instant;

use slo::{Catalogue, Clock, compile};

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

fn compiled(text: &str) -> String {
    let catalogue = Catalogue::load(&[("thousand.yaml", text)]).unwrap();
    compile(&catalogue, Clock::Real).unwrap().to_rules()
}

#[test]
fn a_thousand_slos_become_the_same_rules_each_time() {
    let text: String = std::iter::once(SERVICE.to_owned()).chain((0..1000).map(slo)).collect();
    let start = Instant::now();
    let rules = compiled(&text);
    println!(
        "1000 SLOs: {} KiB of rules in {} ms",
        rules.len() / 1024,
        start.elapsed().as_millis()
    );
    assert_eq!(rules, compiled(&text));
    let single = compiled(&format!("{SERVICE}{}", slo(0)));
    let count = |rules: &str, what: &str| rules.matches(what).count();
    for what in ["  - name:", "record:", "alert:"] {
        assert!(count(&single, what) > 0, "{what}");
        assert_eq!(count(&rules, what), 1000 * count(&single, what), "{what}");
    }
    // Numbers of up to three digits make some lines longer, and nothing else may.
    let (least, most) = (995 * single.len(), 1100 * single.len());
    assert!((least..most).contains(&rules.len()), "{} bytes", rules.len());
}
