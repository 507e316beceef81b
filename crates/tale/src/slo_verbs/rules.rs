//! `tale slo compile`: objectives as rules.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow};

use super::load;
use crate::cli::{ClockArg, RuleFormat};

/// The rules, as a file or as an object.
pub(super) fn compile(
    root: &Path,
    files: &[PathBuf],
    clock: ClockArg,
    format: RuleFormat,
    namespace: &str,
) -> Result<(String, u8)> {
    let catalogue = load(root, files)?;
    let rules = slo::compile(&catalogue, clock.into()).map_err(|problems| {
        let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
        anyhow!("{}", lines.join("\n"))
    })?;
    let text = match format {
        RuleFormat::Rules => rules.to_rules(),
        RuleFormat::Prometheusrule => rules.to_prometheus_rule("slos", namespace, &BTreeMap::new()),
    };
    Ok((text, 0))
}
