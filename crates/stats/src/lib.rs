//! Statistics about what Prometheus remembers: which series leak, which target a history supports,
//! what happened together with a breach.
//!
//! Everything here is pure: no network, no clock, no files; seeds are arguments. Callers pass
//! samples in and get numbers with their uncertainty back. It is statistics, not machine learning:
//! nothing is trained, and every method has a name in a textbook. Start at [`leak()`],
//! [`suggest()`] or [`correlate()`]; what to ask Prometheus for is in [`slo::queries`], what events
//! can prove about a ratio in [`slo::wilson`].

mod correlate;
mod leak;
mod student;
mod suggest;
mod trend;

pub use correlate::{
    Breach, CORRELATION_NOT_CAUSE, CorrelateSettings, Suspect, Suspicion, correlate,
};
pub use leak::{LeakReport, LeakSettings, LeakVerdict, leak};
pub use suggest::{
    Counted, Events, History, Refusal, Slice, SuggestRequest, Suggestion, openslo_stream, suggest,
};
pub use trend::{Trend, trend};

/// The example of the README is compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
