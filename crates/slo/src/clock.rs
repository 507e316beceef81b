//! Production time and stage time: the one definition of how much faster a stage runs.
//!
//! Everything that waits, measures or schedules asks this type, so that rules, probes and alerts
//! agree: on the stage clock an hour takes a minute.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::period::Period;

/// How fast time passes. The same objectives are compiled for both clocks, and alert alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Clock {
    /// An hour takes a minute: windows and slices are divided by 60, rules are evaluated every
    /// second. For a room that watches.
    #[default]
    Stage,
    /// As in production: windows as written, rules are evaluated every 30 seconds.
    Real,
}

/// How many seconds of production pass in one second of the stage clock.
const SPEED: u32 = 60;

impl Clock {
    /// Both clocks, for command lines and tests.
    pub const ALL: [Self; 2] = [Self::Stage, Self::Real];

    /// `stage` or `real`, as in command lines, file names and reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stage => "stage",
            Self::Real => "real",
        }
    }

    /// A production duration on this clock.
    pub fn scale(self, real: Duration) -> Duration {
        match self {
            Self::Stage => real / SPEED,
            Self::Real => real,
        }
    }

    /// A production duration on this clock; on the stage in whole seconds, at least one: what
    /// Prometheus and Alertmanager are configured with.
    pub fn scale_seconds(self, real: Duration) -> Duration {
        match self {
            Self::Stage => Duration::from_secs((real.as_secs() / u64::from(SPEED)).max(1)),
            Self::Real => real,
        }
    }

    /// How long a nominal period takes on this clock; on the stage at least one second. Slices use
    /// it as it is.
    pub fn length(self, nominal: Period) -> Period {
        match self {
            Self::Stage => {
                Period::from_millis(nominal.as_millis() / u64::from(SPEED)).max(Period::seconds(1))
            }
            Self::Real => nominal,
        }
    }

    /// The range to write behind a selector: at least two scrapes of one second on the stage.
    pub fn range(self, nominal: Period) -> Period {
        match self {
            Self::Stage => self.length(nominal).max(Period::seconds(2)),
            Self::Real => nominal,
        }
    }

    /// How often rules are evaluated.
    pub fn interval(self) -> Period {
        match self {
            Self::Stage => Period::seconds(1),
            Self::Real => Period::seconds(30),
        }
    }
}

impl fmt::Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Clock {
    type Err = NotAClock;

    fn from_str(text: &str) -> Result<Self, NotAClock> {
        let found = Self::ALL.into_iter().find(|clock| clock.as_str() == text);
        found.ok_or_else(|| NotAClock(text.to_owned()))
    }
}

/// The text names no clock.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a clock; write stage or real")]
pub struct NotAClock(String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_is_a_minute_and_what_is_configured_never_less_than_a_second() {
        let seconds = Duration::from_secs;
        assert_eq!(Clock::Stage.scale(seconds(3600)), seconds(60));
        assert_eq!(Clock::Stage.scale(seconds(30)), Duration::from_millis(500));
        for (production, stage) in [(30, 1), (90, 1), (150, 2), (3600, 60)] {
            assert_eq!(Clock::Stage.scale_seconds(seconds(production)), seconds(stage));
            assert_eq!(Clock::Real.scale_seconds(seconds(production)), seconds(production));
        }
        assert_eq!(Clock::Stage.length(Period::seconds(5)), Period::seconds(1));
        assert_eq!(Clock::Stage.range(Period::minutes(1)), Period::seconds(2));
    }

    #[test]
    fn a_clock_has_one_name_in_text_and_in_json() {
        for clock in Clock::ALL {
            assert_eq!(clock.to_string().parse(), Ok(clock));
            assert_eq!(serde_json::to_string(&clock).unwrap(), format!("\"{clock}\""));
            assert_eq!(serde_json::from_str::<Clock>(&format!("\"{clock}\"")).unwrap(), clock);
        }
        assert_eq!(Clock::default(), Clock::Stage);
        let refused = "fast".parse::<Clock>().unwrap_err();
        assert_eq!(refused.to_string(), "\"fast\" is not a clock; write stage or real");
    }
}
