//! `tale slo lint` and `compile`: objectives checked, and compiled into rules.

use super::load;
use crate::cli::{ClockArg, RuleFormat};
use crate::world::slo_clock;
use anyhow::{Result, anyhow};
use slo::Severity;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What is wrong with the files, and what probably is. Exit code 1 for the former.
pub(super) fn lint(root: &Path, files: &[PathBuf]) -> Result<(String, u8)> {
    let problems = slo::lint(&load(root, files)?);
    let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
    let refused = problems
        .iter()
        .any(|problem| problem.severity == Severity::Error);
    let text = if lines.is_empty() {
        "nothing to say".to_owned()
    } else {
        lines.join("\n")
    };
    Ok((text, u8::from(refused)))
}

/// The rules, as a file or as an object.
pub(super) fn compile(
    root: &Path,
    files: &[PathBuf],
    clock: ClockArg,
    format: RuleFormat,
    namespace: &str,
) -> Result<(String, u8)> {
    let catalogue = load(root, files)?;
    let rules = slo::compile(&catalogue, slo_clock(clock.into())).map_err(|problems| {
        let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
        anyhow!("{}", lines.join("\n"))
    })?;
    let text = match format {
        RuleFormat::Rules => rules.to_rules(),
        RuleFormat::Prometheusrule => rules.to_prometheus_rule("slos", namespace, &BTreeMap::new()),
    };
    Ok((text, 0))
}
