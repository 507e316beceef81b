//! Why a service does not start.

use crate::env::SettingError;

/// Why a service did not start. Each message is one line that says what to change.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A setting that cannot be used.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// A metric that cannot be registered, such as a name used twice: a mistake in the code.
    #[error("a metric cannot be registered: {0}")]
    Metric(#[from] prometheus::Error),
    /// Rocket refuses its configuration (`ROCKET_*`, `Rocket.toml`).
    #[error("Rocket's configuration: {0}; see the ROCKET_* variables and Rocket.toml")]
    Rocket(String),
    /// Anything else that keeps a service from starting.
    #[error("{0}")]
    Other(String),
}
