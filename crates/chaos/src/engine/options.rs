//! How the engine behaves.

use std::time::Duration;

use crate::fields::duration::GoDuration;

/// How the engine behaves.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Ends experiments that have no duration, nor a Workflow whose deadline ends them. Default:
    /// one hour.
    pub default_maximum: GoDuration,
    /// Operations on targets at the same time. Default: 64.
    pub concurrency: usize,
    /// An operation that takes longer has failed. Default: 10 s.
    pub operation_timeout: Duration,
    /// Seed of random choices and names.
    pub seed: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            default_maximum: GoDuration::from_nanos(3_600_000_000_000),
            concurrency: 64,
            operation_timeout: Duration::from_secs(10),
            seed: rand::random(),
        }
    }
}
