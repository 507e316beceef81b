//! `--pin`: the values of a verdict become the baseline of later ones.

use std::path::Path;

use anyhow::{Context, Result, bail};
use slo::gate::numbers::short;
use slo::gate::{Outcome, Verdict};
use slo::plain;

use super::whole_file::write_whole;
use crate::terminal::note;

/// Writes the values that the verdict is sure of, and says which.
///
/// # Errors
/// The gate fails or could not judge, and nobody said that it does not matter; the verdict has no
/// such value; the file cannot be written. The file stays as it is: what later gates are compared
/// with is pinned on purpose.
pub(crate) fn pin(file: &Path, verdict: &Verdict, anyway: bool) -> Result<()> {
    let shown = file.display();
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
        bail!("--pin {shown}: nothing is pinned. {}", plain(&why));
    }
    let why = match verdict.outcome {
        Outcome::Fail => Some("the gate fails"),
        _ if verdict.is_undecided_for_another_reason() => Some("the gate could not judge"),
        _ => None,
    };
    if let Some(why) = why.filter(|_| !anyway) {
        bail!(
            "--pin {shown}: nothing is pinned, because {why}: what is compared with it later would be measured by a bad day; \
             pin when all is well, or add --pin-anyway"
        );
    }
    write_whole(file, &baseline.to_json()).with_context(|| format!("cannot write {shown}"))?;
    for (id, value) in &baseline.values {
        note(&format!("pinned {} = {} in {shown}", plain(id), short(*value)));
    }
    Ok(())
}
