//! What people and programs see of a run: while it lasts (`live`, `metrics`, served by `admin`),
//! and at its end (`result`, `table`, `fail_if`).

mod admin;
mod fail_if;
mod live;
mod metrics;
mod result;
mod table;

pub use result::{Latency, Report, SCHEMA};

pub(crate) use admin::serve as serve_metrics;
pub(crate) use fail_if::failed;
pub(crate) use live::show as show_progress;
pub(crate) use result::Facts;
