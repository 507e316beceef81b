//! The window that `--last`, `--from` and `--to` ask for.

use anyhow::{Result, anyhow, bail};
use jiff::Timestamp;
use slo::{Clock, Period};

use crate::cli::Gate;

/// A window of wall-clock time.
#[derive(Debug, PartialEq)]
pub(crate) struct Window {
    /// Its end.
    pub(crate) end: Timestamp,
    /// Its length.
    pub(crate) length: Period,
    /// It was given as times of day, so the verdict names its end.
    pub(crate) names_end: bool,
}

impl Window {
    /// Reads the arguments: `--last` is production time, `--from` and `--to` are times of day.
    pub(crate) fn read(args: &Gate, clock: Clock, now: Timestamp) -> Result<Self> {
        let end = args.to.unwrap_or(now);
        if end > now {
            bail!("--to {end} is still to come; leave it out for now");
        }
        let length = match args.from {
            Some(from) if from >= end => {
                bail!("--from {from} is not before {end}, the end; write an earlier one")
            }
            Some(from) => {
                Period::from_millis((end.as_millisecond() - from.as_millisecond()).unsigned_abs())
            }
            None => {
                let last = Period::parse(&args.last)
                    .map_err(|why| anyhow!("--last {}: {why}; write e.g. 5m", args.last))?;
                clock.length(last)
            }
        };
        Ok(Self { end, length, names_end: args.to.is_some() || args.from.is_some() })
    }

    /// The end in seconds since 1970.
    pub(crate) fn end_seconds(&self) -> f64 {
        self.end.as_millisecond() as f64 / 1e3
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::{Cli, Command};

    fn period(args: &[&str]) -> Result<Window> {
        let line = ["tale", "gate", "slo.yaml"].iter().chain(args);
        let Command::Gate(gate) = Cli::try_parse_from(line)?.command else {
            panic!("not the gate");
        };
        Window::read(&gate, Clock::Stage, "2022-05-19T10:00:00Z".parse().unwrap())
    }

    #[test]
    fn the_stage_clock_shortens_last_and_leaves_times_of_day_alone() {
        let last = period(&["--last", "5m"]).unwrap();
        assert_eq!((last.length, last.names_end), (Period::seconds(5), false));
        let exact = period(&["--from", "2022-05-19T11:30:00+02:00"]).unwrap();
        assert_eq!((exact.length, exact.names_end), (Period::minutes(30), true));
        let past = period(&["--last", "1h", "--to", "2022-05-18T00:00:00.5Z"]).unwrap();
        assert_eq!(past.length, Period::minutes(1));
        assert_eq!(past.end_seconds(), 1_652_832_000.5);
    }

    #[test]
    fn a_window_that_is_empty_or_to_come_is_refused() {
        for (args, wanted) in [
            (&["--to", "2022-05-19T10:00:01Z"][..], "still to come"),
            (&["--from", "2022-05-19T10:00:00Z"], "not before"),
            (&["--from", "2022-05-19T09:00:00Z", "--to", "2022-05-18T09:00:00Z"], "not before"),
            (&["--from", "yesterday"], "--from"),
            (&["--from", "2022-05-19T09:00:00"], "--from"),
            (&["--from", "2022-05-19T09:00:00Z", "--last", "5m"], "--last"),
            (&["--from", "2022-05-19T09:00:00Z", "--calendar"], "--calendar"),
            (&["--last", "soon"], "write e.g. 5m"),
        ] {
            let error = period(args).unwrap_err().to_string();
            assert!(error.contains(wanted), "{args:?}: {error}");
        }
    }
}
