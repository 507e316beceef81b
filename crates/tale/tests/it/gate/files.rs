//! The files that these tests judge.

use tempfile::TempDir;

use crate::openslo;

/// A folder with files in it.
pub(crate) struct Files(pub(crate) TempDir);

impl Files {
    pub(crate) fn of(files: &[(&str, String)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        Self(folder)
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }
}

/// Answers of `job` as an OpenSLO file, with as many equal objectives of 99.9 %.
pub(crate) fn answers(job: &str, objectives: usize) -> String {
    let list: String = (1..=objectives)
        .map(|number| format!("\n    - {{displayName: part {number}, target: 0.999}}"))
        .collect();
    let total = format!("http_requests_total{{job=\"{job}\"}}");
    let bad = format!("http_requests_total{{job=\"{job}\",code=\"500\"}}");
    openslo::ratio("answers", "30d", &bad, &total, &list)
}

/// As [`answers`], and the memory may grow by a tenth.
pub(crate) fn answers_and_memory(job: &str) -> String {
    let annotations = "metadata:
  name: answers
  annotations:
    tales.dev/gate-query: 'avg_over_time(process_resident_memory_bytes{job=\"JOB\"}[{{.window}}])'
    tales.dev/gate-criterion: <=+10%";
    let text = answers(job, 1);
    let with = text.replace(
        "metadata: {name: answers}\nspec:\n  service",
        &format!("{}\nspec:\n  service", annotations.replace("JOB", job)),
    );
    assert_ne!(text, with);
    with
}

/// Keptn's objectives: memory against the runs before, errors with a warning.
pub(crate) const KEPTN_SLO: &str = "spec_version: '1.0'
comparison:
  compare_with: several_results
  include_result_with_score: pass
  number_of_comparison_results: 2
  aggregate_function: avg
objectives:
  - sli: memory
    pass: [{criteria: ['<=+10%', '<200000000']}]
  - sli: error_ratio
    pass: [{criteria: ['<=0.01']}]
    warning: [{criteria: ['<=0.2']}]
  - sli: requests
total_score: {pass: '90%', warning: '60%'}
";

pub(crate) const KEPTN_SLI: &str = "spec_version: '1.0'
indicators:
  memory: avg_over_time(process_resident_memory_bytes{job='$SERVICE'}[$DURATION_SECONDS])
  error_ratio: >-
    sum(rate(http_requests_total{job='$SERVICE',code='500'}[$DURATION_SECONDS]))
    / sum(rate(http_requests_total{job='$SERVICE'}[$DURATION_SECONDS]))
  requests: sum(increase(http_requests_total{job='$SERVICE'}[$DURATION_SECONDS]))
";
