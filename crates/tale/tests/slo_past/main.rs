//! `tale slo leak`, `suggest` and `correlate` against a real Prometheus that remembers what each
//! test tells it.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "what only tests use is test code")]

mod correlate;
mod leak;
mod lint;
mod schedules;
mod suggest;

use std::process::Command;

use serde_json::Value;
use testkit::prometheus::Prometheus;

/// 2025-01-01 00:00 UTC, where most histories begin.
pub(crate) const START: f64 = 1_735_689_600.0;

/// What the program said, and its exit code.
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) error: String,
}

impl Said {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|why| panic!("{why}: {self}"))
    }
}

impl std::fmt::Display for Said {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "exit code {}\n{}{}", self.code, self.out, self.error)
    }
}

/// `tale slo VERB ..`, asked about the time until `until`.
pub(crate) fn slo(verb: &str, prometheus: &Prometheus, until: f64, args: &[&str]) -> Said {
    let until = jiff_text(until);
    let ask = ["--prometheus", prometheus.url(), "--until", &until];
    tale(&[&["slo", verb], args, &ask].concat())
}

pub(crate) fn tale(args: &[&str]) -> Said {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let output =
        Command::new(env!("CARGO_BIN_EXE_tale")).args(args).current_dir(root).output().unwrap();
    Said {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        error: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A moment as the command line takes it.
pub(crate) fn jiff_text(seconds: f64) -> String {
    jiff::Timestamp::from_millisecond((seconds * 1000.0).round() as i64).unwrap().to_string()
}
