//! Runs promtool on text, in a folder of its own.

use slo::{Catalogue, Clock, compile};
use tempfile::TempDir;
use testkit::program::Ended;
use testkit::promtool;

/// A folder that is removed when the test ends.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.0.path().join(name), text).unwrap();
    }

    /// Runs promtool, which must succeed.
    pub(crate) fn promtool(&self, arguments: &[&str]) {
        self.run(arguments).expect_code(0);
    }

    /// Runs promtool.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        promtool::run(self.0.path(), arguments)
    }
}

/// The SLO of the tale that everybody plays first, from the file that ships.
pub(crate) fn dns_leaker() -> Catalogue {
    let text = include_str!("../../../../manifests/slo/dns-leaker.yaml");
    Catalogue::load(&[("manifests/slo/dns-leaker.yaml", text)]).unwrap()
}

/// One SLO per way of measuring.
pub(crate) fn shop() -> Catalogue {
    Catalogue::load(&[("shop.yaml", include_str!("../fixtures/shop.yaml"))]).unwrap()
}

/// The catalogue with one SLO left.
pub(crate) fn only(catalogue: &Catalogue, slo: &str) -> Catalogue {
    let mut catalogue = catalogue.clone();
    catalogue.slos.retain(|other| other.metadata.name == slo);
    assert_eq!(catalogue.slos.len(), 1, "{slo}");
    catalogue
}

/// How many alerts of this name and with these labels are firing.
pub(crate) fn firing(alert: &str, labels: &str) -> String {
    format!("count(ALERTS{{alertname=\"{alert}\",alertstate=\"firing\"{labels}}}) or vector(0)")
}

/// One promtool test on raw metrics: input lines, and `expr` -> value at a time.
pub(crate) fn raw_test(
    clock: Clock,
    catalogue: &Catalogue,
    interval: &str,
    input: &[(&str, String)],
    checks: &[(String, String, f64)],
) {
    let folder = Folder::new();
    folder.write("rules.yaml", &compile(catalogue, clock).unwrap().to_rules());
    let series: String = input
        .iter()
        .map(|(series, values)| format!("      - {{series: '{series}', values: '{values}'}}\n"))
        .collect();
    let checks: String = checks
        .iter()
        .map(|(at, expr, value)| {
            format!("      - {{expr: '{expr}', eval_time: {at}, exp_samples: [{{labels: '{{}}', value: {value}}}]}}\n")
        })
        .collect();
    folder.write(
        "test.yaml",
        &format!(
            "rule_files: [rules.yaml]\nevaluation_interval: {interval}\ntests:\n  - interval: {interval}\n    \
             input_series:\n{series}    promql_expr_test:\n{checks}"
        ),
    );
    folder.promtool(&["test", "rules", "test.yaml"]);
}

const RSS: &str = r#"process_resident_memory_bytes{job="dns-leaker",pod="leaker-1"}"#;
const RSS_2: &str = r#"process_resident_memory_bytes{job="dns-leaker",pod="leaker-2"}"#;
const WARM: &str = r#"pod:process_resident_memory_warm:bytes{job="dns-leaker",pod="leaker-1"}"#;
const WARM_2: &str = r#"pod:process_resident_memory_warm:bytes{job="dns-leaker",pod="leaker-2"}"#;

/// Two minutes calm, two minutes of a breach in one pod, then repaired; a sample each second.
pub(crate) fn leak(breach: &str) -> Vec<(&'static str, String)> {
    vec![
        (RSS, "10000000x400".to_owned()),
        (RSS_2, format!("10000000x119 {breach}x119 10000000x160")),
        (WARM, "10000000x400".to_owned()),
        (WARM_2, "10000000x400".to_owned()),
    ]
}
