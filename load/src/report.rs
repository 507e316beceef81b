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
pub(crate) use fail_if::{failed, seconds};
pub(crate) use live::{Line, show as show_progress};
pub(crate) use metrics::{Text, text as metrics};
pub(crate) use result::Facts;
