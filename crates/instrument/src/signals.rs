//! The golden signals of a Rocket application: traffic, errors, latency and saturation.
//!
//! This file and its folder need `rocket` and `prometheus` and nothing else of this crate: to have
//! them without the crate, copy these six files. Read them in this order:
//!
//! | file | one idea |
//! | --- | --- |
//! | `metrics.rs` | names, labels, buckets |
//! | `in_flight.rs` | why counting down belongs into `Drop` |
//! | `fairing.rs` | when each signal is recorded |
//! | `body.rs` | telling "200" from "200, to nobody" |
//! | `scrape.rs` | the route that Prometheus reads |

pub(crate) mod body;
mod fairing;
mod in_flight;
mod metrics;
mod scrape;

pub use fairing::GoldenSignals;
pub use in_flight::request_number;
pub use metrics::{
    Abort, BUCKETS, REQUESTS_ABORTED_TOTAL, REQUESTS_DURATION_SECONDS, REQUESTS_IN_FLIGHT,
    REQUESTS_TOTAL, STREAMS_OPEN, UNKNOWN_METHOD, UNMATCHED,
};
pub(crate) use scrape::text;
