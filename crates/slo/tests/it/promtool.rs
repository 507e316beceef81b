//! Runs promtool on text, in a folder of its own.

use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use slo::{Catalogue, Clock, compile};

/// A folder that is removed when the test ends.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("slo-test-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.0.join(name), text).unwrap();
    }

    /// Runs promtool and asserts that it is content.
    pub(crate) fn promtool(&self, arguments: &[&str]) {
        let (passed, output) = self.run(arguments);
        assert!(passed, "promtool {arguments:?}:\n{output}");
    }

    /// Whether promtool is content, and what it said. Without promtool nothing is proven, so that
    /// is a failure, too.
    pub(crate) fn run(&self, arguments: &[&str]) -> (bool, String) {
        let output = Command::new("promtool").args(arguments).current_dir(&self.0).output().expect(
            "promtool does not start; apt-get install prometheus, or let ./tale test do it",
        );
        let text = String::from_utf8_lossy(&output.stdout).into_owned()
            + &String::from_utf8_lossy(&output.stderr);
        (output.status.success(), text)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Nothing depends on it; the folder is in the system's temporary folder anyway.
        let _ = std::fs::remove_dir_all(&self.0);
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
