//! The gate: may this go out? Objectives and evidence in, a [`Verdict`] out.
//!
//! Three steps, none of which touches a network: [`plan`] says what to ask Prometheus, the caller
//! asks, [`judge`] weighs the answers. No data, stale data, NaN, too little traffic and too little
//! coverage never pass.
//!
//! The files, from the ground up: `value_query` and `check` (what is asked), `verdict`, `baseline`
//! and `earlier` (what is said, pinned and remembered), `answer` and `value` (what comes back);
//! then `relative`, `plan` and `judge`, and on top of all `render`. Objectives of another format
//! make their checks with [`Check::measured`] and judge what [`weigh`] finds: see the crate
//! `keptn`.

mod answer;
mod baseline;
mod check;
mod earlier;
mod expressions;
mod judge;
pub mod numbers;
mod plan;
mod relative;
mod render;
#[cfg(test)]
mod tests;
mod value;
mod value_query;
mod verdict;
mod windows;

pub use answer::{Answer, QueryError, Sample};
pub use baseline::{Baseline, NotABaseline};
pub use check::{Check, Plan, Query, Subject};
pub use earlier::{Cell, EarlierResult, MEDIAN_OF, NotAVerdict, median_of_passing};
pub use judge::{judge, weigh};
pub(crate) use plan::sources_apart;
pub use plan::{plan, plan_windows};
pub(crate) use relative::{GATE_QUERY, plan as plan_annotations};
pub use render::{HeatMap, Style, heat_map};
pub use value_query::ValueQuery;
pub use verdict::{Bounds, Judged, Judgement, Needed, Outcome, Verdict, Worst};
pub use windows::Windows;
