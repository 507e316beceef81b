//! Stands in for `traces` in a build without it: Rocket logs as it always does, and no span is
//! made.

use std::time::Duration;

use prometheus::Registry;
use rocket::{Build, Catcher, Rocket};

use crate::env::Env;
use crate::failures::Failures;
use crate::start_error::StartError;

/// Nothing to set up.
pub(crate) struct Telemetry;

impl Telemetry {
    /// See `traces/telemetry.rs`.
    pub(crate) fn start(
        _: &'static str,
        _: &Env,
        _: &Registry,
        _: Failures,
    ) -> Result<Self, StartError> {
        Ok(Self)
    }

    /// See `traces/telemetry.rs`.
    pub(crate) fn flush(self, _: Duration) {}
}

/// No span is made, so that none has to be kept.
pub(crate) fn attach_spans(rocket: Rocket<Build>) -> Rocket<Build> {
    rocket
}

/// No span is made around a catcher.
pub(crate) fn traced_catchers(catchers: Vec<Catcher>) -> Vec<Catcher> {
    catchers
}

/// No trace is carried on.
#[cfg(feature = "client")]
pub(crate) fn inject(_: &tracing::Span, _: &mut dyn FnMut(&str, String)) {}
