//! A load generator that keeps its schedule, and says so when it cannot.
//!
//! One thread, the scheduler, releases requests at the time they are due. Workers, each with a
//! runtime and connections of its own, send them. Nothing is sent per request but the request:
//! counts stay with the worker and are merged five times a second.
//!
//! The folders follow the way of an arrival: `plan` (when is it due, and what is sent), `send`
//! (released, queued, sent), `record` (how it ended, and when), `report` (what people see). The
//! README has a table of what to learn where. Clients that hold connections instead of using them
//! are a world of their own, in `attack`.

mod attack;
mod duration;
mod fuzz;
mod images;
mod options;
mod plan;
mod random;
mod record;
mod report;
mod run;
mod send;

pub use duration::{BadDuration, parse_duration};
pub use options::{
    BadCondition, BadStatuses, Condition, Environment, Mode, Options, Spread, Statuses,
};
pub use plan::{Arrivals, PlanError, ProfileError};
pub use record::{Outcome, Summary};
pub use report::{Latency, Report, SCHEMA};
pub use run::{Ending, RunError, execute};

use std::{collections::BTreeSet, ffi::OsString, fmt::Display, io::Write, process::ExitCode};

use clap::Parser;
use serde::Serialize;

/// The names of all metrics that a run may serve, for whoever checks what rules and stories name.
/// Histograms are there with their parts.
pub fn metric_names() -> BTreeSet<String> {
    let texts = [report::metrics(&record::Shared::new(1)), attack::metrics()];
    let samples = texts.iter().flat_map(|text| text.lines()).filter(|line| !line.starts_with('#'));
    samples.filter_map(|line| Some(line.split(['{', ' ']).next()?.to_owned())).collect()
}

/// What ended the program, as its exit code.
const FAILED: u8 = 1;
const COULD_NOT: u8 = 2;
const INTERRUPTED: u8 = 130;

/// The whole program: arguments in (the first is the program's name), report on standard output,
/// exit code out.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    // What takes other options than profiles of requests has its name first.
    let first = arguments.get(1).and_then(|word| word.to_str()).unwrap_or_default();
    if attack::PROFILES.contains(&first) {
        return match attack::Command::try_parse_from(arguments) {
            Ok(command) => hold(&command),
            Err(error) => not_parsed(&error),
        };
    }
    if first == "fuzz" {
        return match fuzz::Command::try_parse_from(arguments) {
            Ok(fuzz::Command { verb: fuzz::Verb::Fuzz(options) }) => fuzz(&options),
            Err(error) => not_parsed(&error),
        };
    }
    if first == "images" {
        return match images::Command::try_parse_from(arguments) {
            Ok(images::Command { verb: images::Verb::Images(images) }) => move_images(&images),
            Err(error) => not_parsed(&error),
        };
    }
    let options = match Options::try_parse_from(arguments) {
        Ok(options) => options,
        Err(error) => return not_parsed(&error),
    };
    match execute(&options, &Environment::read()) {
        Ok((report, ending)) => {
            print(&report, options.json);
            ExitCode::from(exit_code(&report, ending))
        }
        Err(error) => could_not(&error),
    }
}

/// Images, to a registry or from it.
fn move_images(images: &images::Images) -> ExitCode {
    match images::execute(images, &Environment::read()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => could_not(&error),
    }
}

/// Odd requests.
fn fuzz(options: &fuzz::Fuzz) -> ExitCode {
    let (report, ending) = match fuzz::execute(options, &Environment::read()) {
        Ok(result) => result,
        Err(error) => return could_not(&error),
    };
    print(&report, options.json);
    ExitCode::from(match ending {
        Ending::Interrupted => INTERRUPTED,
        _ if report.failures.is_empty() => 0,
        _ => FAILED,
    })
}

/// Clients that hold connections.
fn hold(command: &attack::Command) -> ExitCode {
    let (report, ending) = match attack::execute(&command.profile, &Environment::read()) {
        Ok(result) => result,
        Err(error) => return could_not(&error),
    };
    print(&report, command.profile.hold().json);
    ExitCode::from(match ending {
        Ending::Interrupted => INTERRUPTED,
        _ if !report.found_somebody() => {
            let (url, why) = (&report.url, report.first_message());
            let _ = writeln!(std::io::stderr(), "load: not one connection to {url}: {why}");
            COULD_NOT
        }
        _ if report.broken.is_empty() => 0,
        _ => FAILED,
    })
}

/// Help and version go to standard output and are no error. A closed pipe is nobody's problem.
fn not_parsed(error: &clap::Error) -> ExitCode {
    let _ = error.print();
    if error.use_stderr() { ExitCode::from(COULD_NOT) } else { ExitCode::SUCCESS }
}

fn could_not(error: &RunError) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "load: {error}");
    ExitCode::from(COULD_NOT)
}

fn print(report: &(impl Serialize + Display), json: bool) {
    let text = if json {
        serde_json::to_string_pretty(report).expect("a report has only text keys") + "\n"
    } else {
        report.to_string()
    };
    let _ = std::io::stdout().write_all(text.as_bytes());
}

fn exit_code(report: &Report, ending: Ending) -> u8 {
    if ending == Ending::Interrupted {
        return INTERRUPTED;
    }
    if report.sent > 0 && report.connections_opened == 0 {
        let _ = writeln!(
            std::io::stderr(),
            "load: not one connection to {}{}; is it running?",
            report.url,
            if ending == Ending::Deserted {
                ", so the run ended early (--patient goes on)"
            } else {
                ""
            }
        );
        return COULD_NOT;
    }
    if report.failed.is_empty() { 0 } else { FAILED }
}
