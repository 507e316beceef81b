//! Rules and queries on raw metrics, judged by Prometheus's own engine.

mod detection;
mod fooled;
mod gate;
mod period;
mod quiet;
mod rules;
