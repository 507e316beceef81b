//! `tale slo`: objectives checked, and compiled into rules.

use crate::cli::{RuleFormat, Slo};
use crate::world::{load_slos, slo_clock};
use anyhow::{Result, anyhow};
use slo::Severity;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What the verb prints, and its exit code: 1 if lint found an error, 0 otherwise.
///
/// # Errors
/// Everything that is wrong with the files, one line each.
pub fn run(root: &Path, verb: &Slo) -> Result<(String, u8)> {
    let here = std::env::current_dir()?;
    let absolute =
        |files: &[PathBuf]| -> Vec<PathBuf> { files.iter().map(|file| here.join(file)).collect() };
    match verb {
        Slo::Lint { files } => {
            let problems = slo::lint(&load_slos(root, &absolute(files))?);
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
        Slo::Compile {
            files,
            clock,
            format,
            namespace,
        } => {
            let catalogue = load_slos(root, &absolute(files))?;
            let rules =
                slo::compile(&catalogue, slo_clock((*clock).into())).map_err(|problems| {
                    let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
                    anyhow!("{}", lines.join("\n"))
                })?;
            let text = match format {
                RuleFormat::Rules => rules.to_rules(),
                RuleFormat::Prometheusrule => {
                    rules.to_prometheus_rule("slos", namespace, &BTreeMap::new())
                }
            };
            Ok((text, 0))
        }
    }
}
