//! Statistics about objectives: what the evidence supports, and no more. Statistics, not machine
//! learning.

mod correlate;
mod leak;
mod questions;
mod report;
mod suggest;
mod trend;
mod wilson;

pub use correlate::{
    Breach, CORRELATION_NOT_CAUSE, CorrelateSettings, Suspect, Suspicion, correlate,
};
pub use leak::{LeakReport, LeakSettings, LeakVerdict, leak};
pub use questions::{EventQueries, error_ratio, events_of_slice, labels_of};
pub use suggest::{
    Ask, Counted, Events, History, Refusal, Slice, Suggestion, openslo_stream, suggest,
};
pub use trend::{Trend, trend};
pub use wilson::{bounds as wilson_bounds, events_to_prove};
