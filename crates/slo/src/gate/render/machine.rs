//! Forms for programs: JSON and GitLab's metrics report.

use std::collections::BTreeMap;

use crate::gate::verdict::{Judgement, Outcome, Verdict};

impl Verdict {
    /// The whole verdict; `schema` changes when the meaning of a field does.
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("numbers and strings are JSON");
        text.push('\n');
        text
    }

    /// GitLab's metrics report (OpenMetrics text): values of a merge request beside those of its
    /// target branch.
    ///
    /// GitLab compares values as strings, hence the fixed rounding, the stable order and no
    /// timestamps.
    pub fn to_gitlab_metrics(&self) -> String {
        let series = self.series();
        let families: [Family; 5] = [
            ("slo_good_ratio", |judgement| judgement.observed.filter(|_| judgement.ratio)),
            ("slo_value", |judgement| judgement.observed.filter(|_| !judgement.ratio)),
            ("slo_worst_value", |judgement| judgement.worst.as_ref().map(|worst| worst.value)),
            ("slo_coverage_ratio", |judgement| judgement.coverage),
            ("slo_pass", |judgement| {
                let passed = f64::from(u8::from(judgement.outcome == Outcome::Pass));
                (judgement.outcome != Outcome::Info).then_some(passed)
            }),
        ];
        let mut text = String::new();
        // The samples of a family stand together: OpenMetrics wants it.
        for (name, value) in families {
            for (judgement, labels) in self.objectives.iter().zip(&series) {
                if let Some(value) = value(judgement).filter(|value| value.is_finite()) {
                    text.push_str(&format!("{name}{labels} {}\n", rounded(value)));
                }
            }
        }
        if let Some(score) = self.score {
            text.push_str(&format!("gate_score {}\n", rounded(score)));
        }
        text.push_str("# EOF\n");
        text
    }

    /// The labels of each objective. Names that differ only in what GitLab cannot read are
    /// numbered: no series may appear twice.
    fn series(&self) -> Vec<String> {
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        let labels = self.objectives.iter().map(|judgement| {
            let labels = |objective: &str| {
                format!(
                    "{{service=\"{}\",slo=\"{}\",objective=\"{objective}\"}}",
                    plain(&judgement.service),
                    plain(&judgement.slo)
                )
            };
            let objective = plain(&judgement.objective);
            let mut label = labels(&objective);
            let mut number = 1;
            while seen.contains_key(&label) {
                number += 1;
                label = labels(&format!("{objective}_{number}"));
            }
            seen.insert(label.clone(), number);
            label
        });
        labels.collect()
    }
}

/// A metric's name, and its value for an objective.
type Family = (&'static str, fn(&Judgement) -> Option<f64>);

/// GitLab's parser cuts at `#` and splits like a shell: only harmless characters may stand inside
/// the quotes.
fn plain(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_ascii_alphanumeric() || "-_./".contains(c) { c } else { '_' })
        .collect()
}

/// Six significant digits, never in exponent form.
fn rounded(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let digits = 5 - value.abs().log10().floor() as i32;
    let text = format!("{value:.precision$}", precision = digits.clamp(0, 12) as usize);
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}
