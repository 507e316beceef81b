//! `--pin`: the values of a verdict become the baseline of later ones.

use std::path::Path;

use anyhow::{Context, Result, bail};
use slo::gate::Verdict;

use super::whole_file::write_whole;

/// Writes the values that the verdict is sure of.
///
/// # Errors
/// The verdict has no such value, or the file cannot be written. The file stays as it is: an empty
/// baseline in place of a good one would leave later gates nothing to compare with.
pub(crate) fn pin(file: &Path, verdict: &Verdict) -> Result<()> {
    let baseline = verdict.to_baseline();
    if baseline.values.is_empty() {
        let values = verdict.objectives.iter().filter(|judgement| !judgement.ratio);
        let reasons = values.map(|judgement| format!("{}: {}", judgement.id, judgement.reason));
        let reasons: Vec<_> = reasons.collect();
        let why = if reasons.is_empty() {
            "no objective has a value to compare; annotate one with tales.dev/gate-query".to_owned()
        } else {
            reasons.join(" ")
        };
        bail!("--pin {}: nothing is pinned. {why}", file.display());
    }
    write_whole(file, &baseline.to_json())
        .with_context(|| format!("cannot write {}", file.display()))
}
