//! Forms for programs: JSON and GitLab's metrics report.

use crate::gate::verdict::{Outcome, Verdict};

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
        let mut text = String::new();
        for judgement in &self.objectives {
            let labels = format!(
                "{{service=\"{}\",slo=\"{}\",objective=\"{}\"}}",
                plain(&judgement.service),
                plain(&judgement.slo),
                plain(&judgement.objective)
            );
            let mut line = |name: &str, value: Option<f64>| {
                if let Some(value) = value.filter(|value| value.is_finite()) {
                    text.push_str(&format!("{name}{labels} {}\n", rounded(value)));
                }
            };
            let observed = if judgement.ratio { "slo_good_ratio" } else { "slo_value" };
            line(observed, judgement.observed);
            line("slo_worst_value", judgement.worst.as_ref().map(|worst| worst.value));
            line("slo_coverage_ratio", judgement.coverage);
            let wanted = judgement.outcome != Outcome::Info;
            let passed = f64::from(u8::from(judgement.outcome == Outcome::Pass));
            line("slo_pass", wanted.then_some(passed));
        }
        if let Some(score) = self.score {
            text.push_str(&format!("gate_score {}\n", rounded(score)));
        }
        text.push_str("# EOF\n");
        text
    }
}

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
