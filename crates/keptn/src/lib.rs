//! Keptn v1 quality gates: `slo.yaml` and `sli.yaml` in, a verdict of the gate out.
//!
//! Keptn is archived, its files are not: teams still keep them, and no maintained tool reads their
//! relative criteria. They are scored as Keptn's lighthouse service did, with one exception unless
//! [`Leniency::Compat`] is asked for: where Keptn let a relative criterion pass because there was
//! nothing to compare with, this gate says that it cannot judge.
//!
//! This crate stands on the gate of the crate `slo`: [`plan`] makes checks for it, the caller asks
//! Prometheus, and [`Evaluation::judge`] scores what the gate has weighed. As pure as `slo`: no
//! network, no clock, no files.

mod comparison;
mod evaluation;
mod kind;
mod model;
mod plan;
mod read;
mod score;
#[cfg(test)]
mod tests;

pub use evaluation::Evaluation;
pub use kind::{Kind, kind};
pub use model::{Aggregate, Comparison, Include, Leniency, Objective, Sli, Slo};
pub use plan::{Gate, lint, plan};

/// The example of the README is compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
