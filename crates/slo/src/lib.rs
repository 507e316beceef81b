//! Service level objectives: OpenSLO in; Prometheus rules, alerts and gate verdicts out.
//!
//! Everything here is pure: no network, no clock, no files. Callers pass text and samples in and
//! get text and verdicts back, which is why every number of this crate can be tested against a real
//! Prometheus without mocking one. Start at [`Catalogue::load`], then [`compile()`] or [`gate`].
//!
//! From the ground up: [`Period`], [`Clock`], [`Decimal`], [`promql`], [`calendar`] and [`yaml`];
//! [`openslo`] reads files with them, [`compile`](mod@compile) makes rules of what was read,
//! [`gate`], [`lint()`] and [`queries`] stand on top.

mod budget;
pub mod calendar;
mod clock;
pub mod compile;
mod criterion;
mod decimal;
pub mod gate;
mod lint;
mod names;
mod nearest;
pub mod openslo;
mod period;
mod plain;
mod problem;
pub mod promql;
pub mod queries;
pub mod wilson;
pub mod yaml;

pub use budget::{Budget, budgets};
pub use clock::{Clock, NotAClock};
pub use compile::{compile, promtool_tests};
pub use criterion::{Criterion, NotACriterion};
pub use decimal::Decimal;
pub use lint::{lint, lint_traffic};
pub use nearest::nearest;
pub use openslo::Catalogue;
pub use period::{NotAPeriod, Period};
pub use plain::plain;
pub use problem::{Problem, Severity};

/// The example of the README is compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
