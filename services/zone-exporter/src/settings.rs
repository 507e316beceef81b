//! What the exporter is told when it starts, each setting with a remedy.

use std::time::Duration;

use instrument::{Env, SettingError, StartError};

use crate::target::Target;

/// What it is told.
pub struct Settings {
    /// Whom to ask for what.
    pub targets: Vec<Target>,
    /// Between two rounds.
    pub every: Duration,
    /// How long an answer may take.
    pub patience: Duration,
}

impl Settings {
    /// Reads them.
    ///
    /// # Errors
    /// One cannot be used.
    pub fn read(env: &Env) -> Result<Self, StartError> {
        let zones = env.text("ZONES")?.unwrap_or_default();
        let servers = env.text("SERVERS")?.unwrap_or_default();
        let targets = Target::all(&zones, &servers).map_err(|why| SettingError {
            name: "ZONES or SERVERS".to_owned(),
            found: format!("{zones} {servers}"),
            why,
            remedy: "set ZONES to names and SERVERS to host or host:port, with commas \
                     (on the command line --zone and --server)"
                .to_owned(),
        })?;
        let seconds = "set it to a number of seconds, at least 1";
        let every = Duration::from_secs(env.parse("PROBE_EVERY", 10, seconds)?);
        let patience = Duration::from_secs(env.parse("PROBE_TIMEOUT", 2, seconds)?);
        if every.is_zero() || patience.is_zero() {
            return Err(StartError::Other(format!("PROBE_EVERY or PROBE_TIMEOUT: 0; {seconds}")));
        }
        Ok(Self { targets, every, patience })
    }
}
