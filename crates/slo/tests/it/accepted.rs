//! Whatever is valid here is valid there: promtool takes every file that is compiled from a valid
//! document, however odd its texts, queries and numbers are.

use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng, rngs::StdRng};
use slo::{Catalogue, Clock, compile, lint};

use crate::promtool::Folder;

const DOCUMENTS: usize = 300;
/// Texts of users: templates, quotes, line breaks, what YAML takes for something else.
const TEXTS: [&str; 14] = [
    "Availability",
    "p99 {{latency}}",
    "{{ .Values.team }",
    "{",
    "}}{{",
    "100 %",
    "a: b # c",
    "it's \"quoted\"",
    "line\nbreak",
    "\u{1b}[2J",
    "Verfügbarkeit ✓",
    "yes",
    "`{{ $value }}`",
    "{{ printf \"%s\" }}",
];
/// Of counters, of gauges, and what is no query at all.
const QUERIES: [&str; 22] = [
    "x_total",
    "x_total{code=~\"5..\"}",
    "sum by (job) (x_total) / on (job) y",
    "sum(rate(x_total[{{.window}}]))",
    "sum(increase(x_total[{{ .window }}]))",
    "count_over_time(x[{{.window}}])",
    "histogram_quantile(0.99, sum by (le) (rate(x_bucket[5m])))",
    "x / y > 0",
    "x or vector(0)",
    "max_over_time((x > bool 1)[10m:1m])",
    "avg(x) by (pod)",
    "-x",
    "x offset 5m",
    "absent(up{job=\"shop\"})",
    "{__name__=\"x\",a='b'}",
    "x # comment",
    "x[5m]",
    "rate(x[$__rate_interval])",
    "0.3",
    "scalar(x)",
    "sum(x",
    "holt_winters(x_total[{{.window}}], 0.5, 0.5)",
];

fn yaml(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn document(rng: &mut StdRng) -> String {
    let mut pick = |texts: &[&str]| yaml(texts.choose(rng).unwrap());
    let source =
        |query: String| format!("{{metricSource: {{type: Prometheus, spec: {{query: {query}}}}}}}");
    let (first, second) = (source(pick(&QUERIES)), source(pick(&QUERIES)));
    let [display, label, runbook, severity, target] = std::array::from_fn(|_| pick(&TEXTS));
    let least = pick(&["1", "3", "20"]);
    let window = pick(&["1d", "2d", "4d", "7d", "13d", "21d", "28d", "30d", "1Q"]);
    let counter: bool = rng.random();
    let (spec, objective) = match rng.random_range(0..4) {
        0 => (format!("ratioMetric: {{counter: {counter}, bad: {first}, total: {second}}}"), ""),
        1 => (
            format!("ratioMetric: {{counter: {counter}, good: {first}, total: {second}}}"),
            ", op: gt",
        ),
        2 => (format!("ratioMetric: {{raw: {first}, rawType: success}}"), ""),
        _ => (format!("thresholdMetric: {first}"), ", op: lte, value: 0.5"),
    };
    let (method, slices) = match rng.random_range(0..4) {
        0 => ("Timeslices", ", timeSliceTarget: 0.95, timeSliceWindow: 1m"),
        1 => ("RatioTimeslices", ", timeSliceWindow: 5m"),
        _ => ("Occurrences", ""),
    };
    let target_ratio = ["0.9", "0.99", "0.999", "0"].choose(rng).unwrap();
    format!(
        "apiVersion: openslo/v1
kind: SLO
metadata:
  name: answers
  displayName: {display}
  labels: {{team: {label}}}
  annotations: {{tales.dev/runbook-url: {runbook}, tales.dev/least-bad-events: {least}}}
spec:
  service: shop
  timeWindow: [{{duration: {window}, isRolling: true}}]
  budgetingMethod: {method}
  indicator: {{metadata: {{name: answers}}, spec: {{{spec}}}}}
  objectives: [{{target: {target_ratio}{objective}{slices}}}]
  alertPolicies:
    - kind: AlertPolicy
      metadata: {{name: policy}}
      spec:
        alertWhenNoData: true
        conditions:
          - kind: AlertCondition
            metadata: {{name: c}}
            spec: {{severity: {severity}, condition: {{kind: burnrate, op: gt, threshold: 2, lookbackWindow: 12h, alertAfter: 15m}}}}
        notificationTargets:
          - kind: AlertNotificationTarget
            metadata: {{name: t}}
            spec: {{target: {target}}}
"
    )
}

/// What the fuzzer keeps, and the fixture, as they are.
fn corpus() -> Vec<String> {
    let mut texts = vec![include_str!("../fixtures/shop.yaml").to_owned()];
    let kept = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fuzz/kept/openslo");
    for file in std::fs::read_dir(kept).unwrap() {
        texts.extend(std::fs::read_to_string(file.unwrap().path()).ok());
    }
    texts
}

#[test]
fn promtool_takes_every_rule_file_of_every_valid_document() {
    let seed = 20_261_128;
    println!("seed {seed}");
    let mut rng = StdRng::seed_from_u64(seed);
    let folder = Folder::new();
    let made = (0..DOCUMENTS).map(|_| document(&mut rng)).collect::<Vec<_>>();
    let (mut files, mut refused) = (vec!["check".to_owned(), "rules".to_owned()], 0);
    for (number, text) in corpus().iter().chain(&made).enumerate() {
        let Ok(catalogue) = Catalogue::load(&[("slo.yaml", text)]) else {
            refused += 1;
            continue;
        };
        for clock in Clock::ALL {
            match compile(&catalogue, clock) {
                Ok(rules) => {
                    let name = format!("{number}.{clock}.yml");
                    folder.write(&name, &rules.to_rules());
                    files.push(name);
                }
                Err(problems) => {
                    let found = lint(&catalogue);
                    assert!(problems.iter().all(|problem| found.contains(problem)), "{problems:?}");
                    refused += 1;
                }
            }
        }
    }
    println!("{} files, {refused} refused", files.len() - 2);
    assert!(files.len() > DOCUMENTS / 4 && refused > DOCUMENTS / 10);
    let arguments: Vec<&str> = files.iter().map(String::as_str).collect();
    folder.promtool(&arguments);
}

/// The test of the test: without the escapes promtool would have said so.
#[test]
fn a_template_of_a_user_that_is_not_escaped_is_refused_by_promtool() {
    let mut rng = StdRng::seed_from_u64(1);
    let text = loop {
        let text = document(&mut rng);
        if text.contains("displayName: \"p99 {{latency}}\"")
            && Catalogue::load(&[("slo.yaml", &text)])
                .is_ok_and(|catalogue| compile(&catalogue, Clock::Real).is_ok())
        {
            break text;
        }
    };
    let rules =
        compile(&Catalogue::load(&[("slo.yaml", &text)]).unwrap(), Clock::Real).unwrap().to_rules();
    assert!(rules.contains("{{\"{\"}}{{\"{\"}}latency}}"), "{rules}");
    let folder = Folder::new();
    folder.write("rules.yml", &rules.replace("{{\"{\"}}", "{"));
    assert_ne!(folder.run(&["check", "rules", "rules.yml"]).code, Some(0));
}
