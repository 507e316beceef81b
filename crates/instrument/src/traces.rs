//! Traces: a span around every request, joined to the caller's, and logs that carry its ids.
//!
//! | file | one idea |
//! | --- | --- |
//! | `handlers.rs` | a span around every handler |
//! | `spans.rs` | what is in a span, and when it ends |
//! | `ids.rs` | ids for log lines and calls, even when nobody collects spans |
//! | `propagation.rs` | how a trace goes from one service to the next |
//! | `otel.rs` | OpenTelemetry's variables, and what becomes of each |
//! | `otlp.rs` | spans to a collector |
//! | `breaker.rs` | what happens when the collector is dead |
//! | `logs.rs` | JSON lines with trace ids |
//! | `telemetry.rs` | all of it set up, once per process |

mod breaker;
mod handlers;
mod ids;
pub mod logs;
pub mod otel;
pub mod otlp;
mod propagation;
mod spans;
mod telemetry;

pub use handlers::{traced, traced_catchers};
#[cfg(feature = "client")]
pub(crate) use propagation::inject;
pub(crate) use spans::attach_spans;
pub(crate) use telemetry::Telemetry;
