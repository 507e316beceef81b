//! A load generator that keeps its schedule, and says so when it cannot.
//!
//! One thread, the scheduler, releases requests at the time they are due. Workers, each with a
//! runtime and connections of its own, send them. Nothing is sent per request but the request:
//! counts stay with the worker and are merged five times a second. Read on in `arrivals.rs` (when),
//! `scheduler.rs` (release), `worker.rs` and `lane.rs` (sending), `tally.rs` (counting).

mod admin;
mod alarm;
mod arrivals;
mod connection;
mod duration;
mod fail_if;
mod lane;
mod limits;
mod live;
mod metrics;
mod options;
mod outcome;
mod phase;
mod plan;
mod profile;
mod random;
mod recorder;
mod report;
mod request;
mod run;
mod scheduler;
mod table;
mod tally;
mod trace;
mod url;
mod worker;

pub use duration::{BadDuration, parse_duration};
pub use fail_if::{BadCondition, Condition};
pub use options::{Environment, Mode, Options, Spread};
pub use outcome::Outcome;
pub use plan::PlanError;
pub use profile::{Arrivals, ProfileError};
pub use recorder::Summary;
pub use report::{Latency, Report, SCHEMA};
pub use run::{Ending, RunError, execute};

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use clap::Parser;

/// What ended the program, as its exit code.
const FAILED: u8 = 1;
const COULD_NOT: u8 = 2;
const INTERRUPTED: u8 = 130;

/// The whole program: arguments in (the first is the program's name), report on standard output,
/// exit code out.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let options = match Options::try_parse_from(arguments) {
        Ok(options) => options,
        Err(error) => {
            // Help and version go to standard output and are no error. A closed pipe is nobody's
            // problem.
            let _ = error.print();
            return if error.use_stderr() { ExitCode::from(COULD_NOT) } else { ExitCode::SUCCESS };
        }
    };
    match execute(&options, &Environment::read()) {
        Ok((report, ending)) => {
            let text = if options.json {
                serde_json::to_string_pretty(&report).expect("a report has only text keys") + "\n"
            } else {
                report.to_string()
            };
            let _ = std::io::stdout().write_all(text.as_bytes());
            ExitCode::from(exit_code(&report, ending))
        }
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "load: {error}");
            ExitCode::from(COULD_NOT)
        }
    }
}

fn exit_code(report: &Report, ending: Ending) -> u8 {
    if ending == Ending::Interrupted {
        return INTERRUPTED;
    }
    if report.sent > 0 && report.connections_opened == 0 {
        let _ = writeln!(
            std::io::stderr(),
            "load: not one connection to {}; is it running?",
            report.url
        );
        return COULD_NOT;
    }
    if report.failed.is_empty() { 0 } else { FAILED }
}
