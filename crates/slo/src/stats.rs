//! Statistics about objectives: what the evidence supports, and no more. Statistics, not machine
//! learning.

mod correlate;
mod leak;
mod report;
mod suggest;
mod trend;

pub use correlate::{
    Breach, CORRELATION_NOT_CAUSE, CorrelateSettings, Suspect, Suspicion, correlate,
};
pub use leak::{LeakReport, LeakSettings, LeakVerdict, leak};
pub use suggest::{
    Ask, Counted, Events, History, Refusal, Slice, Suggestion, openslo_stream, suggest,
};
pub use trend::{Trend, trend};
