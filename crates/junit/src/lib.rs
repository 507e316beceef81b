//! JUnit XML: test results in the one form that every CI system reads.
//!
//! There is no standard; this is the part that Jenkins, GitLab and GitHub's actions agree on. What
//! a report holds is here, how it is laid out in `write.rs`.

mod escape;
mod write;

pub use escape::xml;

/// A whole report.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Report {
    /// What was tested, if the suites do not say it all.
    pub name: Option<String>,
    /// In this order.
    pub suites: Vec<Suite>,
}

/// Test cases that belong together.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Suite {
    /// Name of the suite.
    pub name: String,
    /// How long it took, if that is known.
    pub seconds: Option<f64>,
    /// When it started, RFC 3339.
    pub timestamp: Option<String>,
    /// Name of the machine that ran it.
    pub hostname: Option<String>,
    /// Names and values, for people.
    pub properties: Vec<(String, String)>,
    /// In this order.
    pub cases: Vec<Case>,
    /// What was printed; empty if nothing was.
    pub output: String,
}

/// One test case.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// What CI systems group by.
    pub class: String,
    /// Name of the case.
    pub name: String,
    /// How long it took, if that is known.
    pub seconds: Option<f64>,
    /// What became of it.
    pub outcome: Outcome,
}

/// The results that JUnit knows.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// It passed.
    Passed,
    /// It passed, and printed this.
    PassedWith(String),
    /// It was not run, or could not be decided; the reason.
    Skipped(String),
    /// It failed.
    Failed(Details),
    /// It could not be run.
    Error(Details),
}

/// Why a case failed or could not be run.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Details {
    /// Kind of the failure, if there are several.
    pub kind: Option<String>,
    /// In one line.
    pub message: String,
    /// In as many lines as it takes; empty if the message says it all.
    pub text: String,
}

/// The example of the README is compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
