//! `tale slo compile`: objectives as rules.

use std::collections::BTreeMap;

use anyhow::Result;
use slo::Catalogue;

use crate::cli::{ClockArg, RuleFormat};
use crate::yaml::listed;

/// The rules, as a file or as an object.
pub(super) fn compile(
    catalogue: &Catalogue,
    clock: ClockArg,
    format: RuleFormat,
    namespace: &str,
) -> Result<(String, u8)> {
    let rules = slo::compile(catalogue, clock.into()).map_err(listed)?;
    let text = match format {
        RuleFormat::Rules => rules.to_rules(),
        RuleFormat::Prometheusrule => rules.to_prometheus_rule("slos", namespace, &BTreeMap::new()),
    };
    Ok((text, 0))
}
