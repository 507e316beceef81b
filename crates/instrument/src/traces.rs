//! Traces: a span around every request, joined to the caller's, and logs that carry its ids.
//!
//! | file | one idea |
//! | --- | --- |
//! | `spans.rs` | a span around every handler |
//! | `ids.rs` | ids for log lines and calls, even when nobody collects spans |
//! | `otlp.rs` | spans to a collector |
//! | `breaker.rs` | what happens when the collector is dead |
//! | `logs.rs` | JSON lines with trace ids |
//! | `telemetry.rs` | all of it set up, once per process |

mod breaker;
mod ids;
pub mod logs;
pub mod otlp;
mod spans;
mod telemetry;

#[cfg(feature = "client")]
pub(crate) use ids::inject;
pub(crate) use spans::attach_spans;
pub use spans::{traced, traced_catchers};
pub(crate) use telemetry::Telemetry;
